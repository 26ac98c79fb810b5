//! The cycle model: the machine's own order, widths and places.
//!
//! Walks the tiles of a layer as the hardware does: code banks read by address, operands decided beat by
//! beat at the row edge, column sums wrapped to `partial_sum_bits`, accumulators to `accumulator_bits`, the
//! residual stream read and written in the column, codes pooled on the way out and written back to the banks. A [`Machine`] keeps its
//! memories from layer to layer, so that two values in one place would show. A program that compile accepted
//! never wraps; if the two ever differ from the [reference], the difference shows. No value decides when
//! something happens: the cycles of the same program are those of [`timing`].
//!
//! [reference]: crate::reference
//! [`timing`]: crate::timing

mod array;
mod foot;
mod machine;
mod max_pool;
mod order;
mod output_pool;
mod row_edge;

use cromulent_design::Design;

use crate::activations::{Activations, InputError};
use crate::layer::Layer;
use crate::word::OutputWord;

pub use machine::Machine;

/// What a layer did on the array.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CycleRun {
    /// The words, in the order of [`OutputWord`].
    pub words: Vec<OutputWord>,
    /// What it took.
    pub counters: Counters,
}

/// How busy the rows were, and how full the residual stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Beats issued.
    pub beats: u64,
    /// Operands sent into rows that were active, over all beats; at most rows·beats.
    pub active: u64,
    /// Operands sent into rows with a negative sign, over all beats.
    pub negative: u64,
    /// Words of the residual stream that saturated.
    pub saturations: u64,
}

/// Runs a layer that adds to nothing ([`Layer::alone`]).
///
/// # Errors
/// Activations that are no input of the layer.
pub fn run(
    design: &Design,
    layer: &Layer,
    activations: &Activations,
) -> Result<CycleRun, InputError> {
    let mut machine = Machine::new(design);
    machine.fetch(layer, activations)?;
    machine.preset(layer, None)?;
    Ok(machine.run(layer))
}

/// The low bits of a value as a signed number of that width.
fn wrap(value: i64, bits: u32) -> i64 {
    let above = 64 - bits.clamp(1, 64);
    value << above >> above
}
