//! The accelerator's configuration: one TOML file, what derives from it, and the bit layout of every word
//! that crosses between software and hardware.
//!
//! 1. [`Design::load`] reads a design file and refuses, all at once and with their places, unknown keys,
//!    wrong values and values that do not work together. [`FIELDS`] describes every key.
//! 2. The methods of [`Design`] give every width that follows from it ([`Design::sum_bits`], …). Nobody
//!    computes a width elsewhere: circuit, cycle model and compiler ask here.
//! 3. [`RowWord`], [`WeightWord`], [`OffsetWord`] and [`ThetaWord`] are the words of the parameter
//!    memories, [`LoadKind`] the memories they are written to.
//! 4. [`LayerRegisters`] is what the sequencer is told about a layer.
//!
//! Integers only. `docs/design-files.md` is the same description for the reader of a design file.

mod design;
mod fields;
mod layout;
mod load_port;
mod parse;
mod problem;
mod registers;
mod rules;
mod suggest;
mod widths;

pub use design::{Affine, Design, PeKind};
pub use fields::{FIELDS, Field, Kind};
pub use layout::{DoesNotFit, OffsetWord, RowWord, ThetaWord, WeightWord, WordField};
pub use load_port::LoadKind;
pub use problem::{Problem, Problems};
pub use registers::{LayerRegisters, REGISTERS, register_bits};
pub use widths::{COORDINATE_MARGIN, bits_for, clog2};

/// Clock cycles from the issue of a position at row 0 to its word leaving column 0, less the rows and
/// columns it travels: a word of column j leaves rows + j + `LATENCY` cycles after its last beat was issued.
pub const LATENCY: u32 = 10;
