//! Proofs, gates and area of the emitted Verilog, with Yosys and Verilator.
//!
//! 1. [`forms`] lists the designs that differ in what a processing element or a row edge does;
//! 2. [`proof`] puts an emitted module beside a golden one, written with `*` and compares of values, and
//!    asks Yosys' SAT solver for an input on which they differ;
//! 3. [`area`] synthesises the processing element alone, for FPGAs and for standard cells;
//! 4. [`small`] is an accelerator that is built in a few seconds, with layers to run on it;
//! 5. [`blocks`] draws which block feeds which;
//! 6. [`tools`] finds the programs: a missing one skips a test loudly, and fails it in CI.

pub mod area;
pub mod blocks;
pub mod forms;
pub mod proof;
pub mod small;
pub mod tools;

use cromulent::cli::Executor;
use cromulent::executors::Memory;
use cromulent::output::Files;
use cromulent::verification::Conditions;

pub use tools::required;

/// Reference, cycle model and one executor of the circuit, behind the usual memory; with this Verilog in place of what
/// the design gives, if there is any.
pub fn against(hardware: Executor, rtl: Option<Files>) -> Conditions {
    Conditions {
        memory: Memory::default(),
        executors: Some(vec![Executor::Reference, Executor::Model, hardware]),
        rtl,
    }
}
