//! What a network costs on a design: area, energy and bandwidth.
//!
//! 1. [`mod@activity`] counts what each layer does, from the commands of its program: whole numbers.
//! 2. [`technology`] says what an operation costs, and who published that.
//! 3. [`energy`] multiplies the two. [`elements`] is how an element that shifts is priced, which no table has.
//! 4. [`area`] predicts what a design takes of an FPGA or a cell library.
//! 5. [`storage`] counts the bytes that activations take.
//! 6. [`mapping`] searches for tile sizes, loop orders and what to keep on chip.
//!
//! Counts are integers, of the engine; what a count costs is a float, with the source it comes from. Nothing here
//! runs another program: synthesis and gate-level simulation are the command's.

pub mod activity;
pub mod area;
pub mod elements;
pub mod energy;
pub mod mapping;
pub mod range;
pub mod storage;
pub mod technology;

pub use activity::{Activity, activity};
pub use energy::{Energy, Parts, Prices};
pub use range::Range;
pub use storage::Stored;
pub use technology::Technology;
