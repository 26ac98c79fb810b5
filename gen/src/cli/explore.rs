//! Arguments of `explore`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::threads;
use crate::exploration::Shard;

/// Arguments of `explore`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent explore constraints/explorations/fashion.toml --out results
  cromulent explore constraints/explorations/fashion.toml --out results --resume
  cromulent explore constraints/explorations/fashion.toml --out results --resume --shard 3/16

docs/exploring.md says what the file holds, and how schedulers such as Slurm run it.")]
pub struct ExploreArgs {
    /// What is explored: a base design, values of its fields, networks, formats (TOML).
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Folder of the results, which is made; each is on disk as soon as it is there.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Keep the results that are in the folder, and compute what is missing.
    #[arg(long)]
    pub resume: bool,
    /// Only a part of the points: the K-th of N. Whoever comes last, or --resume without --shard, puts the parts together.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Threads; as many as the CPU runs at a time if absent. No result depends on it.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
