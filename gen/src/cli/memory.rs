//! Arguments of `memory`.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use cromulent_network::memory::Widths;
use cromulent_number::Format;

use super::images;

/// Arguments of `memory`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent memory densenet121 --batch 64 --formats fp32,fp16,L4
  cromulent memory docs/examples/fashion-resnet8.toml --layers --plot memory.svg")]
pub struct MemoryCommand {
    /// Network file, or the name of a known network.
    #[arg(value_name = "NETWORK")]
    pub network: PathBuf,
    /// Images in a batch of training.
    #[arg(long, value_name = "N", value_parser = images, default_value = "1")]
    pub batch: NonZeroUsize,
    /// What normalised activations are stored as, separated by commas: fp32, fp16, or a format of the paper or of a
    /// design.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = kept, default_value = "fp32,fp16,L2,L3,L4,L5,U4,U5,U8,O4")]
    pub formats: Vec<Kept>,
    /// Print every value that is kept.
    #[arg(long)]
    pub layers: bool,
    /// Draw the bytes alive, node by node, a line for each format: an SVG file, which must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What activations are kept as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kept {
    name: &'static str,
    /// Bits of each kind of value.
    pub widths: Widths,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// All that can be asked for.
fn all() -> impl Iterator<Item = Kept> {
    let floats = [("fp32", 32), ("fp16", 16)].into_iter();
    let floats = floats.map(|(name, bits)| Kept {
        name,
        widths: Widths::float(bits),
    });
    let codes = Format::ALL.into_iter().map(|format| Kept {
        name: format.name(),
        widths: Widths::codes(format.code_bits().into()),
    });
    floats.chain(codes)
}

fn kept(text: &str) -> Result<Kept, String> {
    all().find(|kept| kept.name == text).ok_or_else(|| {
        let names: Vec<&str> = all().map(|kept| kept.name).collect();
        format!(
            "unknown format `{text}`: expected one of {}",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_known_by_name_once() {
        let names: std::collections::BTreeSet<_> = all().map(|kept| kept.name).collect();
        assert_eq!(names.len(), all().count());
        assert_eq!(kept("U5").unwrap().widths, Widths::codes(5));
        assert!(kept("fp64").unwrap_err().contains("fp32, fp16, L2"));
    }
}
