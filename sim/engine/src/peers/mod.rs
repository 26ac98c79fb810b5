//! How other simulators count cycles, to compare with.
//!
//! [`read_topology`] reads the layer shapes that SCALE-Sim takes, [`scale_sim`] counts cycles its way, [`compare`]
//! runs the same layers through [`mod@crate::timing`] and says term by term what makes the difference.

mod compare;
mod topology;

#[cfg(test)]
mod tests;

pub use compare::{Comparison, Terms, commands, compare};
pub use topology::{LayerShape, read_topology};

use crate::geometry::LayerGeometry;

/// What SCALE-Sim 3.0.0 counts for a layer, weight-stationary, without a memory model (`InterfaceBandwidth: CALC`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ScaleSim {
    /// Fillings of the array with weights: ⌈K/rows⌉·⌈output channels/columns⌉, K = taps × input channels.
    pub folds: u64,
    /// Cycles of every fold that are not an output position: `rows` to load weights, `rows` − 1 and `columns` − 1
    /// for the skew of operands and sums.
    pub overhead: u64,
    /// "Compute cycles" of its report: folds × (output positions + overhead) − 1. It counts from 0.
    pub cycles: u64,
}

/// SCALE-Sim's weight-stationary count for a layer on an array.
pub fn scale_sim(rows: u32, columns: u32, geometry: &LayerGeometry) -> ScaleSim {
    let (rows, columns) = (u64::from(rows), u64::from(columns));
    let across = (geometry.inner() as u64).div_ceil(rows);
    let folds = across * (geometry.out_channels as u64).div_ceil(columns);
    let overhead = 2 * rows + columns - 2;
    ScaleSim {
        folds,
        overhead,
        cycles: folds * (geometry.positions() as u64 + overhead) - 1,
    }
}
