//! What runs a program in hardware: the rust_hdl description and the emitted Verilog. The reference and the
//! cycle model are the engine's.
//!
//! A [`Job`] becomes a script, [`Step`] by step; either simulator performs it and writes [`Record`]s, from
//! which the [`HardwareRun`] is gathered.

mod bus;
mod hardware;
mod harness;
mod job;
pub mod rust_hdl;
mod script;
pub mod verilator;

pub use hardware::{Counters, HardwareLayer, HardwareRun, Status};
pub use harness::{harness_files, ports_header};
pub use job::{Job, MemoryMap, Region, counter_registers, read, register, start, write};
pub use script::{Memory, Observed, ObservedLayer, ObservedWord, Record, Step};
