//! Programs of others: found, checked for their version, run with a time limit.

mod cache;
mod find;
mod run;
mod scratch;
pub mod verilator;
pub mod yosys;

pub use cache::{cache_failed, cache_root};
pub use find::{Found, Tool, Version};
pub use run::{Run, run};
pub use scratch::Scratch;
