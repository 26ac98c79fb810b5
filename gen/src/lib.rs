//! The `cromulent` command: an accelerator for log-coded activations, generated, simulated and proved.
//!
//! 1. [`cli`] parses the arguments; `main` is that and one `match`.
//! 2. [`commands`] holds a module per command. Each returns an [`Outcome`], text and JSON, or an [`Error`],
//!    which knows its exit code.
//! 3. [`tools`] finds and runs the programs of others, Verilator and Yosys.
//! 4. [`output`] writes an output folder whole or not at all; [`progress`] tells a person at a terminal
//!    what takes so long.

pub mod cli;
pub mod commands;
mod error;
pub mod executors;
pub mod memory_map;
mod outcome;
pub mod output;
pub mod progress;
pub mod register_map;
pub mod tools;
pub mod verification;
pub mod workload;

pub use error::{Error, Problem};
pub use outcome::Outcome;
