//! Arguments of `accuracy`.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use cromulent_design::Affine;
use cromulent_engine::WeightValues;
use cromulent_number::Format;

use super::{First, images, threads};

/// Arguments of `accuracy`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent accuracy docs/examples/fashion-resnet8.toml --formats L2,L3,L4,L5,R2,R3,R4,R5,I8,I4,I3
  cromulent accuracy docs/examples/fashion-densenet22.toml --formats L4,L5 --first coded,uncoded \\
      --affine exact,snapped --weights 8,6,5,4 --layers")]
pub struct AccuracyArgs {
    /// Network file, with weights that someone trained.
    #[arg(value_name = "NETWORK")]
    pub network: PathBuf,
    /// Labelled images: CIFAR-10's binary layout or IDX, plain or gzip; the network's own examples if absent.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// The labels of images in IDX.
    #[arg(long, value_name = "FILE", requires = "data")]
    pub labels: Option<PathBuf>,
    /// How many images, from the first on; all of them if absent.
    #[arg(long, value_name = "N", value_parser = images)]
    pub images: Option<NonZeroUsize>,
    /// Formats of stored activations, separated by commas; fp32 is the network as it was trained.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = wanted, default_value = "L2,L3,L4,L5,R2,R3,R4,R5")]
    pub formats: Vec<Wanted>,
    /// How the first normalisation is stored: coded, uncoded (as integers), or both, each with rows of its own.
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        default_value = "coded"
    )]
    pub first: Vec<First>,
    /// Forms of the affine and ReLU before a layer, of L, U and O formats; R and I formats have one of their own. U and O
    /// formats have no exact form: recentred is taken in its place.
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        default_value = "exact"
    )]
    pub affine: Vec<Form>,
    /// Weights, separated by commas: bits, 4 to 12, the scale of each column the one with the least error; whole, 8 bits as
    /// `compile` makes them by default, nothing cut off; or few values
    /// in constants of 12 bits: ternary, log3, log4, log3-sqrt2, log4-sqrt2.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = weights, default_value = "8")]
    pub weights: Vec<Weights>,
    /// Bits of a word of the residual stream, separated by commas, 8 to 16, each with rows of its own; those of the
    /// design if absent.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(8..=16))]
    pub stream: Vec<u32>,
    /// Stores what some batch-norms normalise in a narrower format, or uncoded (I8), in every row: NODE=FORMAT as in
    /// `compile`, or in place of NODE the beginning of names and *, first:N or last:N. May be given several times.
    #[arg(long, value_name = "SELECTION=FORMAT", value_parser = super::choices::wish)]
    pub format: Vec<(String, Format)>,
    /// Gives each batch-norm the narrowest format with which so many per cent of images stay right: a row is then the
    /// cheapest found for its format.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub auto: Option<f64>,
    /// Labelled images that decide in --auto, the first 500; those of the table if absent.
    #[arg(long, value_name = "FILE", requires = "auto")]
    pub calibrate: Option<PathBuf>,
    /// The labels of these in IDX.
    #[arg(long, value_name = "FILE", requires = "calibrate")]
    pub calibrate_labels: Option<PathBuf>,
    /// Draw top-1 by format, a line for each other combination: an SVG file, which must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Design file to take all widths and depths from, but for format, affine and bits of weights; if absent, a design
    /// that is deep enough for any network.
    #[arg(long, value_name = "FILE")]
    pub design: Option<PathBuf>,
    /// Print the signal-to-noise ratio of every value that is kept between layers, against floating point.
    #[arg(long)]
    pub layers: bool,
    /// Threads to compute on; as many as the CPU runs at a time if absent. No value depends on it.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a row of the table stores activations as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wanted {
    /// Single precision, nothing stored in codes.
    Fp32,
    /// Codes.
    Codes(Format),
}

/// A format, or fp32.
fn wanted(text: &str) -> Result<Wanted, String> {
    if text == "fp32" {
        return Ok(Wanted::Fp32);
    }
    let format = Format::from_str(text);
    format
        .map(Wanted::Codes)
        .map_err(|unknown| format!("{unknown}, or fp32"))
}

/// What weights are stored as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Weights {
    /// Bits of a constant.
    pub bits: u32,
    /// The values it takes.
    pub values: WeightValues,
}

/// Bits, or the name of a few values.
fn weights(text: &str) -> Result<Weights, String> {
    let few = |values: &WeightValues| values.is_restricted();
    if text == WeightValues::Whole.name() {
        let values = WeightValues::Whole;
        return Ok(Weights { bits: 8, values });
    }
    if let Ok(values) = text.parse().map(|values: WeightValues| values)
        && few(&values)
    {
        return Ok(Weights {
            bits: WIDEST,
            values,
        });
    }
    let bits = text.parse().ok().filter(|bits| (4..=WIDEST).contains(bits));
    let values = WeightValues::Fitted;
    bits.map(|bits| Weights { bits, values }).ok_or_else(|| {
        let names: Vec<&str> = WeightValues::ALL
            .iter()
            .filter(|v| few(v))
            .map(|v| v.name())
            .collect();
        format!(
            "write bits, 4 to {WIDEST}, whole, or one of {}",
            names.join(", ")
        )
    })
}

/// Bits of the widest weights.
const WIDEST: u32 = 12;

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.values {
            WeightValues::Fitted => self.bits.fmt(f),
            whole_or_few => whole_or_few.fmt(f),
        }
    }
}

/// A share of images.
fn percent(text: &str) -> Result<f64, String> {
    let percent = text
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "write per cent of the images, 0 to 100".to_owned())
}

/// The forms that L formats can be read in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, ValueEnum)]
pub enum Form {
    /// Two constants a weight: any affine.
    Exact,
    /// One constant a weight, the normalisation shifted until the threshold is a code.
    Recentred,
    /// One constant a weight, the threshold moved to a code.
    Snapped,
}

impl From<Form> for Affine {
    fn from(form: Form) -> Affine {
        match form {
            Form::Exact => Affine::Exact,
            Form::Recentred => Affine::Recentred,
            Form::Snapped => Affine::Snapped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_weights_are_read_by_name() {
        assert_eq!(wanted("fp32"), Ok(Wanted::Fp32));
        assert_eq!(wanted("R4"), Ok(Wanted::Codes(Format::R4)));
        assert_eq!(wanted("O4"), Ok(Wanted::Codes(Format::O4)));
        for name in ["4", "8", "12", "whole", "ternary", "log4-sqrt2"] {
            assert_eq!(weights(name).unwrap().to_string(), name);
        }
        for name in ["3", "13", "fitted", "binary", ""] {
            assert!(
                weights(name)
                    .unwrap_err()
                    .contains("4 to 12, whole, or one of ternary")
            );
        }
        assert!(wanted("L6").unwrap_err().contains("unknown format `L6`"));
    }
}
