//! Synthesis: what a block takes of an FPGA or of a cell library, by Yosys.
//!
//! 1. [`Target`] is what is synthesised for, with its flow and what its cells count as;
//! 2. [`Source`] is what is synthesised: Verilog and a top module;
//! 3. [`Synthesiser::run`] has Yosys map it, or finds in the cache what an earlier run found;
//! 4. [`Netlist`] is what came out, cells by module; [`Resources`] what they amount to;
//! 5. [`measure`] puts blocks of a design together: an element alone, the array with edges and corrections, the
//!    whole accelerator. [`route`] places and routes an array, for its clock.

mod adders;
mod cache;
pub mod measure;
mod netlist;
mod resources;
pub mod route;
mod source;
mod synthesiser;
mod target;

pub use netlist::{Cells, Netlist};
pub use resources::Resources;
pub(crate) use resources::tenths;
pub use source::Source;
pub use synthesiser::Synthesiser;
pub use target::{Target, Vendor};
