//! Weights, packed for the kernels.

use crate::operand::Operand;
use crate::path::Path;

/// The weights of a layer: panels of one or two vectors of columns, in the order in which they are read.
///
/// A panel holds, for each group of [`Operand::GROUP`] operands of a run, the weights of a column side by
/// side, column by column. Runs that do not fill their last group and columns that do not fill their last
/// vector are filled up with 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Panels<T: Operand> {
    path: Path,
    columns: usize,
    /// Groups of all runs together.
    groups: usize,
    lengths: Vec<usize>,
    panels: Vec<Panel>,
    weights: Vec<T::Weight>,
    bound: u64,
    largest_product: u64,
}

/// Columns side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Panel {
    /// The first column.
    pub first: usize,
    /// Vectors of columns, 1 or 2.
    pub vectors: usize,
    /// Where its weights begin.
    pub start: usize,
}

impl<T: Operand> Panels<T> {
    /// Packs `weights`, by \[operand\]\[column\] with the operands of all runs one after the other, for
    /// patches whose runs have these lengths.
    ///
    /// `largest` says of each operand how large its magnitude may be. From it and the weights follows what
    /// sums need; an operand that is larger makes sums wrong.
    ///
    /// # Panics
    /// If `weights` or `largest` are not as long as the runs are, or there is no column.
    pub fn pack(
        path: Path,
        columns: usize,
        lengths: &[usize],
        weights: &[T::Weight],
        largest: &[u32],
    ) -> Panels<T> {
        let inner: usize = lengths.iter().sum();
        assert!(columns > 0 && weights.len() == inner * columns && largest.len() == inner);
        let groups = lengths.iter().map(|n| n.div_ceil(T::GROUP)).sum();
        let panels = panels(columns, path.lanes(), groups * T::GROUP);
        let (bound, largest_product) = bounds::<T>(columns, weights, largest);
        let size = panels.iter().map(|p| p.vectors).sum::<usize>() * path.lanes();
        let mut packed = Panels {
            path,
            columns,
            groups,
            lengths: lengths.to_vec(),
            panels,
            weights: vec![T::Weight::default(); size * groups * T::GROUP],
            bound,
            largest_product,
        };
        packed.fill(weights);
        packed
    }

    fn fill(&mut self, weights: &[T::Weight]) {
        let lanes = self.path.lanes();
        let mut operand = 0;
        let mut group = 0;
        for &length in &self.lengths {
            for at in 0..length {
                let row = &weights[operand * self.columns..][..self.columns];
                let (group, within) = (group + at / T::GROUP, at % T::GROUP);
                for panel in &self.panels {
                    let width = panel.vectors * lanes;
                    let start = panel.start + group * width * T::GROUP + within;
                    let columns = &row[panel.first..self.columns.min(panel.first + width)];
                    let places = self.weights[start..].iter_mut().step_by(T::GROUP);
                    for (place, &weight) in places.zip(columns) {
                        *place = weight;
                    }
                }
                operand += 1;
            }
            group += length.div_ceil(T::GROUP);
        }
    }

    /// The path they are packed for.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Columns: outputs of a position.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The largest magnitude of any sum, and of any sum of some of its products.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// The largest magnitude of a product.
    pub(crate) fn largest_product(&self) -> u64 {
        self.largest_product
    }

    pub(crate) fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    pub(crate) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// The weights of a panel from a group on.
    pub(crate) fn weights(&self, panel: &Panel, group: usize) -> &[T::Weight] {
        let width = panel.vectors * self.path.lanes() * T::GROUP;
        &self.weights[panel.start + group * width..panel.start + self.groups * width]
    }
}

/// Cuts columns into panels of two vectors; one where that is enough for what is left.
fn panels(columns: usize, lanes: usize, inner: usize) -> Vec<Panel> {
    let mut panels = vec![];
    let (mut first, mut start) = (0, 0);
    while first < columns {
        let vectors = if columns - first > lanes { 2 } else { 1 };
        panels.push(Panel {
            first,
            vectors,
            start,
        });
        first += vectors * lanes;
        start += vectors * lanes * inner;
    }
    panels
}

/// The largest sum and the largest product, as magnitudes.
fn bounds<T: Operand>(columns: usize, weights: &[T::Weight], largest: &[u32]) -> (u64, u64) {
    let mut sums = vec![0u64; columns];
    let mut product = 0;
    for (row, &operand) in weights.chunks(columns).zip(largest) {
        for (sum, &weight) in sums.iter_mut().zip(row) {
            let weight: i32 = weight.into();
            let size = u64::from(weight.unsigned_abs()) * u64::from(operand);
            *sum = sum.saturating_add(size);
            product = product.max(size);
        }
    }
    (sums.into_iter().max().unwrap_or(0), product)
}
