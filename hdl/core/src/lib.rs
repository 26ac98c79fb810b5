//! The accelerator's blocks in rust_hdl, one per file, described once through
//! [`cromulent_kit`]. From the outside in:
//!
//! 1. [`Core`] holds everything one layer needs; [`verilog`] prints it;
//! 2. [`Sequencer`] issues positions, [`Loader`] fetches the next tile's weights meanwhile;
//! 3. [`RowFeeder`] and [`RowEdge`] turn a position into the operand of one row;
//! 4. [`Array`] of [`Pe`]s multiplies by shifting, [`SignCounter`] counts what they leave out;
//! 5. [`Column`]: [`ColumnFoot`] corrects, [`Accumulator`] adds up, [`Quantizer`] codes.

mod accumulator;
mod array;
mod column;
mod core;
mod correction;
mod counters;
mod decoder;
mod digit_recoder;
mod fifo;
mod loader;
mod pe;
mod position;
mod product;
mod quantizer;
mod row_edge;
mod row_feeder;
mod scores;
mod sequencer;
mod shape;

pub use self::core::Core;
pub use accumulator::Accumulator;
pub use array::{Array, ArrayRow};
pub use column::Column;
pub use correction::{ColumnFoot, SignCounter};
pub use counters::Counters;
pub use decoder::Decoder;
pub use digit_recoder::DigitRecoder;
pub use fifo::Fifo;
pub use loader::Loader;
pub use pe::Pe;
pub use quantizer::Quantizer;
pub use row_edge::RowEdge;
pub use row_feeder::RowFeeder;
pub use scores::Scores;
pub use sequencer::Sequencer;
pub use shape::{OperandShape, PeShape, Shape};

use cromulent_design::Design;
use cromulent_kit::emit::{self, EmitError, Module};
use rust_hdl_core::prelude::Block;

/// The Verilog of a design's core, one module a file, the top last.
///
/// # Errors
/// A mistake in the description of a block; none is known for valid designs.
pub fn verilog(design: &Design) -> Result<Vec<Module>, EmitError> {
    let mut core = Core::new(design);
    core.connect_all();
    emit::verilog(&core)
}
