//! Arguments of `report`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `report`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent report results --out report.html
  cromulent estimate --design constraints/designs/imagenet-32x32.toml --network resnet18 \\
      --technology horowitz-45nm --json > estimate.json
  cromulent report estimate.json --out report.html")]
pub struct ReportArgs {
    /// What is shown: a folder of `explore`, a file with what `estimate`, `simulate` or `compare` printed with --json, or a
    /// folder of such files.
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,
    /// File to write, which must not exist yet: one page of HTML that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
