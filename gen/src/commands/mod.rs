//! One module per command: from arguments to an outcome.

pub mod accuracy;
pub mod check;
pub mod compare;
pub mod compile;
pub mod estimate;
pub mod explore;
pub mod generate;
pub mod import;
pub mod memory;
pub mod report;
pub mod simulate;
pub mod trace;
pub mod verify;
