//! Run-time-width signals for [rust_hdl](https://docs.rs/rust-hdl-core), and a Verilog emitter that
//! prints each distinct module once.
//!
//! rust_hdl fixes every width at compile time, so a configuration read at run time cannot choose
//! one. Here a [`Net`] has a width that is a value, and a block is described once over a
//! [`Word`]:
//!
//! 1. a block is a rust_hdl `LogicBlock` made of [`Net`]s, [`Register`]s, [`Memory`]s and other blocks;
//! 2. it implements [`Describe`]; Rust's own `if` and `for` choose the structure, [`Word`] does the logic;
//! 3. [`logic!`] turns the description into rust_hdl's `Logic`: simulation, connection check, Verilog;
//! 4. rust_hdl's `simulate` runs it, [`emit::verilog`] prints it.
//!
//! ```
//! use cromulent_kit::{Describe, Interpreter, Net, Register, Word, emit, logic};
//! use rust_hdl_core::prelude::*;
//!
//! /// Adds what comes in to what it holds.
//! #[derive(LogicBlock)]
//! struct Accumulator { clock: Net<In>, term: Net<In>, sum: Net<Out>, held: Register }
//!
//! impl Describe for Accumulator {
//!     fn module(&self) -> String { "accumulator".into() }
//!     fn about(&self) -> String { "Adds what comes in to what it holds".into() }
//!     fn describe<I: Interpreter>(&self, i: &mut I) {
//!         let held = self.held.read(i);
//!         let term = i.read(&self.term).resize(self.sum.width());
//!         self.held.load(i, &self.clock, held + term);
//!         i.drive(&self.sum, held);
//!     }
//! }
//! logic!(Accumulator);
//!
//! let width = 12; // known only now
//! let mut block = Accumulator {
//!     clock: Net::flag(), term: Net::new(8, true), sum: Net::new(width, true), held: Register::data(width, true),
//! };
//! block.connect_all();
//! let modules = emit::verilog(&block).unwrap();
//! assert!(modules[0].text.contains("held <= held + $signed({{4{term[7]}}, term});"));
//! ```
//!
//! # What of rust_hdl is used, and what is not
//!
//! Used: `#[derive(LogicBlock)]`, `Block`, `Logic`, `Probe`, `Atom`, `simulate`, `Simulation`,
//! `check_all`, and the recording of waveforms. A block of the kit is a rust_hdl block in full.
//!
//! Not used: `Signal`, and kernels written with `#[hdl_gen]`. Such a kernel is translated when Rust
//! compiles, from text in which widths are types; at run time nothing can be asked of it, so
//! [`emit::verilog`] refuses a block that has one ([`emit::EmitError::Foreign`]). rust_hdl's own
//! Verilog generator is not used either: it prints a module for each instance.
//!
//! Different: an input shows a driven value at once, where rust_hdl shows it in the next update.
//! [`Net::value`] says why registers do not race all the same.
//!
//! Mistakes in a description are not bad input but bugs: a word of the wrong width or sign panics
//! when the block is connected, in release builds too; a net driven twice, not at all, or from the
//! wrong side is an [`emit::EmitError`]. Words have 1 to 64 bits; there is one kind of clock edge.

mod bundle;
pub mod describe;
pub mod emit;
mod lookup;
mod memory;
mod net;
mod optional;
mod register;
mod value;
mod word;

pub use bundle::Bundle;
pub use describe::{Connect, Describe, Interpreter, Simulate};
pub use lookup::Lookup;
pub use memory::{COLLISIONS, Memory, address_bits};
pub use net::Net;
pub use optional::Optional;
pub use register::Register;
pub use value::Value;
pub use word::Word;
