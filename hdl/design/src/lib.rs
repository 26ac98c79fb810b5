//! The accelerator's configuration: one TOML file, what derives from it, and the bit layout of every word
//! that crosses between software and hardware.
//!
//! 1. [`Design::load`] reads a design file and refuses, all at once and with their places, unknown keys,
//!    wrong values and values that do not work together. [`FIELDS`] describes every key.
//! 2. The methods of [`Design`] give every width that follows from it ([`Design::sum_bits`], …). Nobody
//!    computes a width elsewhere: circuit, cycle model and compiler ask here.
//! 3. [`RowWord`], [`WeightWord`], [`OffsetWord`], [`NormWord`] and [`ThetaWord`] are the words of the
//!    parameter memories, [`Bits`] strings them together to lines of the program.
//! 4. [`Header`] and [`Command`] are the program, [`LayerRegisters`] what it says of a layer.
//! 5. [`CONTROL_REGISTERS`] and [`Fault`] are what a host sees.
//!
//! Integers only. `docs/design-files.md` is the same description for the reader of a design file.

mod bits;
mod command;
mod control;
mod design;
mod fields;
mod layout;
mod parse;
mod problem;
mod registers;
mod rules;
mod suggest;
mod widths;

pub use bits::Bits;
pub use command::{
    COMMAND_LANES, Command, Direction, Fetch, Header, Move, PROGRAM_MAGIC, PROGRAM_VERSION,
};
pub use control::{
    Access, CONTROL_ADDRESS_BITS, CONTROL_REGISTERS, CORE_COUNTERS, ControlRegister, FIRST_COUNTER,
    Fault,
};
pub use design::{Affine, Design, PeKind};
pub use fields::{FIELDS, Field, Kind};
pub use layout::{DoesNotFit, NormWord, OffsetWord, RowWord, ThetaWord, WeightWord, WordField};
pub use parse::line_and_column;
pub use problem::{Problem, Problems};
pub use registers::{
    LARGEST_WINDOW, LayerField, LayerRegisters, REGISTER_COUNT, REGISTERS, register_bits,
};
pub use widths::{COORDINATE_MARGIN, bits_for, clog2};

/// [`Design::latency`] of a design with a residual stream.
pub const LATENCY: u32 = 20;

/// The part of it that the residual stream takes.
pub const STREAM_LATENCY: u32 = 6;

/// Clock cycles from the issue of a window's last tap in a max-pool to the write of its code in row 0; row r
/// writes its own r cycles later.
pub const POOL_LATENCY: u32 = 4;

/// Clock cycles from a code's leaving the last column to that of its window's leaving the output pool, in a layer that
/// pools its codes as they leave.
pub const OUTPUT_POOL_LATENCY: u32 = 2;

/// Most beats of a burst on the memory bus; none crosses a multiple of them.
pub const BURST_BEATS: u32 = 16;

/// Beats of the program that are held or on their way, at most.
pub const FIFO_BEATS: u32 = 64;
