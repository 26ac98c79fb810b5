//! What is left to choose of how a network is compiled.

use clap::{Args, ValueEnum};
use cromulent_engine::layer::PIXEL_BEATS;
use cromulent_engine::{Choices, WeightValues, compile};
use cromulent_number::{Format, UnknownFormat};

/// Where the maps between layers are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, ValueEnum)]
pub enum Maps {
    /// On chip; what does not fit goes to memory and comes back.
    Chip,
    /// In memory: every map is stored, and fetched for each layer that reads it.
    Memory,
}

/// What a user chooses of how a network is compiled.
#[derive(Args, Clone, Debug, Default)]
pub struct ChoiceArgs {
    /// How the first normalisation is stored: coded like all others, or uncoded, as integers that the next layer takes
    /// in four beats; coded if absent.
    #[arg(long, value_name = "HOW", value_enum)]
    pub first: Option<First>,
    /// Signed digits of a pixel, a beat each in the layer that reads the image: 4 are exact, fewer round pixels; 4 if
    /// absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub image_digits: Option<u8>,
    /// Stores what a batch-norm normalises in a format that the design's holds, such as blocks.0.bn2=L3; once for each
    /// batch-norm that is not to be as the network file says.
    #[arg(long, value_name = "NODE=FORMAT", value_parser = wish)]
    pub format: Vec<(String, Format)>,
    /// Where the maps between layers are kept; on chip if absent.
    #[arg(long, value_name = "WHERE", value_enum)]
    pub maps: Option<Maps>,
    /// Values that weights take: whole (all integers of their width, nothing cut off), fitted (the scale with the least
    /// error, which may cut some off), ternary, or powers: log3, log4 (a sign and an exponent of 3 or 4 bits),
    /// log3-sqrt2, log4-sqrt2 (powers of √2); whole if absent.
    #[arg(long, value_name = "VALUES")]
    pub weights: Option<WeightValues>,
}

/// A batch-norm and a format.
pub(super) fn wish(text: &str) -> Result<(String, Format), String> {
    let Some((node, format)) = text.split_once('=') else {
        return Err("write NODE=FORMAT, such as blocks.0.bn2=L3".to_owned());
    };
    let format: Format = format.parse().map_err(|e: UnknownFormat| e.to_string())?;
    Ok((node.to_owned(), format))
}

/// How the first normalisation is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, ValueEnum)]
pub enum First {
    /// As codes of the design's format.
    Coded,
    /// Rectified, as integers 0 to 127.
    Uncoded,
}

impl From<&ChoiceArgs> for Choices {
    fn from(args: &ChoiceArgs) -> Choices {
        Choices {
            formats: args.format.clone(),
            first: match args.first {
                None | Some(First::Coded) => compile::First::Coded,
                Some(First::Uncoded) => compile::First::Uncoded,
            },
            image_digits: args.image_digits.map_or(PIXEL_BEATS, usize::from),
            maps: match args.maps {
                None | Some(Maps::Chip) => cromulent_engine::Maps::Chip,
                Some(Maps::Memory) => cromulent_engine::Maps::Memory,
            },
            weights: args.weights.unwrap_or_default(),
            pool_in_rows: false,
        }
    }
}
