//! What runs a layer in hardware: the rust_hdl description and the emitted Verilog. The reference and
//! the cycle model are the engine's.

mod hardware;
mod harness;
pub mod rust_hdl;
pub mod verilator;

pub use hardware::{HardwareRun, Job, Load};
pub use harness::{harness_files, ports_header};
