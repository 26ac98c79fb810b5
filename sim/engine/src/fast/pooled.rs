//! A layer that adds all positions into one word: the operands are added up first, and multiplied once.

use cromulent_kernels::{Sums, Tile};

use crate::fast::Path;
use crate::fast::convolution::Convolution;
use crate::fast::operands::Plan;
use crate::geometry::LayerGeometry;

/// A pooled layer: a linear one over sums of operands, which are words as long as few enough are added.
#[derive(Debug)]
pub(super) struct Pooled {
    /// The layer as it is before pooling, for its operands.
    positions: Convolution<i16>,
    /// One position for each batch of positions.
    batches: Convolution<i16>,
    count: usize,
    /// Positions of a batch.
    batch: usize,
}

impl Pooled {
    pub fn new(geometry: &LayerGeometry, plan: &Plan, inputs: &[usize], path: Path) -> Pooled {
        let count = geometry.positions();
        let largest = plan.largest.iter().max().copied().unwrap_or(0).max(1);
        let batch = (i16::MAX as usize / largest as usize).clamp(1, count);
        let number = count.div_ceil(batch);
        let line = LayerGeometry {
            height: 1,
            width: number,
            stride: 1,
            ..*geometry
        };
        let larger = plan.largest.iter().map(|&n| n * batch as u32);
        let summed = plan.with_largest(larger.collect());
        Pooled {
            positions: Convolution::new(geometry, plan, inputs, path),
            batches: Convolution::new(&line, &summed, inputs, path),
            count,
            batch,
        }
    }

    /// The largest magnitude of any sum of all positions.
    pub fn bound(&self) -> u64 {
        let batches = self.count.div_ceil(self.batch) as u64;
        self.batches.panels.bound().saturating_mul(batches)
    }

    /// The sums, by output channel.
    pub fn sums(&self, inputs: &[&[u8]], buffer: &mut Vec<i16>, threads: usize) -> Vec<i64> {
        self.positions.expand(inputs, buffer, threads);
        let (pixel, grid) = (self.positions.pixel(), self.positions.grid());
        let mut summed = vec![0i16; self.count.div_ceil(self.batch) * pixel + 1];
        for position in 0..self.count {
            let operands = &buffer[grid.start(position)..][..pixel];
            let sums = &mut summed[position / self.batch * pixel..][..pixel];
            for (sum, operand) in sums.iter_mut().zip(operands) {
                *sum += operand;
            }
        }
        let mut sums = vec![0; self.batches.panels.columns()];
        let batches = self.count.div_ceil(self.batch);
        self.batches
            .tiles(&summed, 0..batches, |tile| add(tile, &mut sums));
        sums
    }
}

/// Adds all positions of a tile.
fn add(tile: &Tile, sums: &mut [i64]) {
    for row in 0..tile.rows {
        for column in 0..tile.columns {
            let at = row * tile.stride + column;
            sums[tile.column + column] += match tile.sums {
                Sums::Narrow(sums) => i64::from(sums[at]),
                Sums::Wide(sums) => sums[at],
            };
        }
    }
}
