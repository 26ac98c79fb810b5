//! Arguments of `compare`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use cromulent_number::Format;

use crate::synthesis::Vendor;

/// Arguments of `compare`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("technology").args(["target", "liberty"]).required(true).multiple(true),
    after_help = "Examples:
  cromulent compare --formats R3,L4,L5,int8 --rows 8 --columns 8 --target ecp5
  cromulent compare --network docs/examples/fashion-resnet8.toml --formats R3,int8 --rows 16 --columns 16 \\
      --liberty sky130hd_tt.lib.gz

Set CROMULENT_YOSYS to the program if it is not on the PATH; what was synthesised once is kept in CROMULENT_CACHE, by
default ~/.cache/cromulent."
)]
pub struct CompareArgs {
    /// Network file: with weights that someone trained and labelled images of its own, rows have its accuracy.
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Formats of stored activations, separated by commas; int8 is I8.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = asked, default_value = "R3,L4,L5,int8")]
    pub formats: Vec<Asked>,
    /// Rows of the array.
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=128))]
    pub rows: u32,
    /// Columns of the array, as many as rows or fewer.
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=128))]
    pub columns: u32,
    /// FPGA to synthesise for: ice40, ecp5 or xilinx7.
    #[arg(long, value_name = "NAME")]
    pub target: Option<Vendor>,
    /// Library of standard cells to synthesise for: a Liberty file, plain or gzip.
    #[arg(long, value_name = "FILE")]
    pub liberty: Option<PathBuf>,
    /// Which processing elements: the smallest array of each format, or a row for every kind and affine form.
    #[arg(long, value_name = "WHICH", value_enum, default_value = "best")]
    pub pe: Which,
    /// Place and route each array on its own, for its clock: --target ecp5, with nextpnr-ecp5.
    #[arg(long, requires = "target")]
    pub route: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which processing elements of a format are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Which {
    /// The one whose array is the smallest.
    Best,
    /// All.
    All,
}

/// A format, as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The name on the command line.
    pub name: String,
    /// The format.
    pub format: Format,
}

/// A format by its name; uniform ones also as others call them, int8.
fn asked(text: &str) -> Result<Asked, String> {
    let own = text.replacen("int", "I", 1);
    let format = own.parse().map_err(|_| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        format!(
            "unknown format `{text}`: expected int8 or one of {}",
            names.join(", ")
        )
    })?;
    Ok(Asked {
        name: text.to_owned(),
        format,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_keep_the_name_they_were_asked_by() {
        let int8 = asked("int8").unwrap();
        assert_eq!((int8.name.as_str(), int8.format), ("int8", Format::I8));
        assert_eq!(asked("I8").unwrap().format, Format::I8);
        assert_eq!(asked("L4").unwrap().format, Format::L4);
        assert!(asked("int9").unwrap_err().contains("unknown format `int9`"));
    }
}
