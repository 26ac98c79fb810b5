//! The `cromulent` command: an accelerator for log-coded activations, generated, simulated and proved.
//!
//! 1. [`cli`] parses the arguments; `main` is that and one `match`.
//! 2. [`commands`] holds a module per command. Each returns an [`Outcome`], text and JSON, or an [`Error`],
//!    which knows its exit code.
//! 3. [`verification`] has every executor run a program and compares; [`executors`] are those in hardware:
//!    a script of what a host does, a bench for either simulator that performs it.
//! 4. [`memory_map`] says where a compiled network lies, [`register_map`] how a design is driven.
//! 5. [`tools`] finds and runs the programs of others, Verilator and Yosys; [`synthesis`] says by Yosys what blocks take
//!    of an FPGA or of a cell library, which [`liberty`] reads.
//! 6. [`networks`] are read from files or made from a name and a seed; [`workload`] puts them together with a
//!    design and images.
//! 7. [`exploration`] measures many designs, keeps what it measured, and says which are best.
//! 8. [`output`] writes an output folder whole or not at all; [`progress`] tells a person at a terminal
//!    what takes so long. [`plot`] draws.

pub mod cli;
pub mod commands;
mod error;
pub mod executors;
pub mod exploration;
pub mod liberty;
pub mod memory_map;
pub mod networks;
mod outcome;
pub mod output;
pub mod plot;
pub mod progress;
pub mod register_map;
pub mod synthesis;
pub mod tools;
pub mod verification;
pub mod waveform;
pub mod workload;

pub use error::{Error, Problem};
pub use outcome::Outcome;
