//! Arguments of `estimate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ChoiceArgs, MemoryArgs};

/// What a mapping is to have least of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum MapFor {
    /// Cycles; of mappings within 1 % of the fewest the one that moves the fewest bytes.
    Cycles,
    /// Energy; wants --technology.
    Energy,
    /// Energy times cycles, layer by layer; wants --technology.
    Edp,
}

/// Arguments of `estimate`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent estimate --design constraints/designs/mid-32x32.toml --network resnet18 --technology horowitz-45nm
  cromulent estimate --design constraints/designs/small-8x8.toml --network resnet20 --target ecp5
  cromulent estimate --design constraints/designs/small-8x8.toml --network docs/examples/fashion-resnet8.toml \\
      --technology jouppi-7nm --clock 200 --plot roofline.svg
  cromulent estimate --design constraints/designs/imagenet-32x32.toml --network resnet18 --map cycles --buffer-kib 64")]
pub struct EstimateArgs {
    /// Design file.
    #[arg(long, value_name = "FILE")]
    pub design: PathBuf,
    /// Network file, or the name of a known network. Weights are not looked at.
    #[arg(long, value_name = "FILE")]
    pub network: PathBuf,
    /// What is left to choose.
    #[command(flatten)]
    pub choices: ChoiceArgs,
    /// The memory.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// What operations cost: horowitz-45nm, jouppi-7nm, jouppi-7nm-hbm2, or a technology table (TOML). Without it no energy
    /// is estimated.
    #[arg(long, value_name = "NAME")]
    pub technology: Option<PathBuf>,
    /// What the design takes is predicted for: ecp5, or the file of an area model (docs/area.md). Without it,
    /// and without --liberty, no area is estimated.
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// The same for standard cells: a Liberty file, plain or gzip, of a library that a model was calibrated for.
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    pub liberty: Option<PathBuf>,
    /// Clock for gigabytes a second and seconds, megahertz.
    #[arg(long, value_name = "MHZ", default_value = "100", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub clock: u64,
    /// Search for a mapping: how each layer is cut into tiles, in which order they run, and which maps stay on chip, for the
    /// least of this. Without it only the mapping that the compiler writes is counted.
    #[arg(long, value_name = "FOR", value_enum)]
    pub map: Option<MapFor>,
    /// Give code banks, queue of weights, accumulators and residual stream so many KiB each, in place of the depths of the
    /// design.
    #[arg(long, value_name = "KIB", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub buffer_kib: Option<u32>,
    /// Draw the roofline, a mark for each layer: an SVG file, which must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
