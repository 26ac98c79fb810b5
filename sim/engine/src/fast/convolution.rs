//! A convolution over operands of one kind.

use cromulent_kernels::{Grid, Operand, Panels, Patches, Run, Table, Tile, expand, tiles};
use rayon::prelude::*;
use std::ops::Range;

use crate::fast::Path;
use crate::fast::operands::{Plan, TapPlan};
use crate::fast::workspace::at_least;
use crate::geometry::LayerGeometry;

/// A layer's weights, and how its operands lie: a map with its border for each different tap.
#[derive(Debug)]
pub(super) struct Convolution<T: Operand> {
    geometry: LayerGeometry,
    maps: Vec<OperandMap<T>>,
    /// Operands of a pixel.
    pixel: usize,
    /// Operands of a row of a map, border included.
    row: usize,
    /// Operands of a map.
    map: usize,
    grid: Grid,
    runs: Vec<Run>,
    pub panels: Panels<T>,
}

/// What the pixels of one map become.
#[derive(Debug)]
struct OperandMap<T> {
    /// For each input: a tensor, or the image.
    tables: Vec<Table<T>>,
    /// A pixel of the border.
    border: Vec<T>,
}

impl<T: Operand> Convolution<T> {
    /// Prepares a plan; `inputs` are the channels of each input.
    pub fn new(geometry: &LayerGeometry, plan: &Plan, inputs: &[usize], path: Path) -> Self {
        let pixel = geometry.channels * plan.parts;
        let row = (geometry.width + 2 * geometry.padding) * pixel;
        let map = (geometry.height + 2 * geometry.padding) * row;
        let runs = runs(geometry, plan, pixel, row, map);
        let lengths: Vec<usize> = runs.iter().map(|run| run.length).collect();
        let inner = geometry.inner();
        let largest: Vec<u32> = (0..inner)
            .flat_map(|_| plan.largest.iter().copied())
            .collect();
        let weights: Vec<T::Weight> = plan.weights.iter().map(|&w| weight::<T>(w)).collect();
        Convolution {
            geometry: *geometry,
            maps: plan
                .taps
                .iter()
                .map(|tap| OperandMap::new(tap, plan, inputs))
                .collect(),
            pixel,
            row,
            map,
            grid: Grid {
                width: geometry.out_width(),
                step: geometry.stride * pixel,
                row_step: geometry.stride * row,
            },
            panels: Panels::pack(path, geometry.out_channels, &lengths, &weights, &largest),
            runs,
        }
    }

    /// Writes the operands of an input into a buffer, on so many threads.
    pub fn expand(&self, inputs: &[&[u8]], buffer: &mut Vec<T>, threads: usize) {
        // Behind the last run of the last map a group of operands may be read.
        at_least(buffer, self.maps.len() * self.map + T::GROUP);
        for (map, buffer) in self.maps.iter().zip(buffer.chunks_mut(self.map)) {
            let rows = buffer.chunks_mut(self.row).enumerate();
            let fill = |(y, row): (usize, &mut [T])| self.expand_row(map, inputs, y, row);
            if threads == 1 {
                rows.for_each(fill);
            } else {
                buffer.par_chunks_mut(self.row).enumerate().for_each(fill);
            }
        }
    }

    /// A row of a map, border included.
    fn expand_row(&self, map: &OperandMap<T>, inputs: &[&[u8]], y: usize, row: &mut [T]) {
        let (padding, width) = (self.geometry.padding, self.geometry.width);
        let Some(y) = y.checked_sub(padding).filter(|&y| y < self.geometry.height) else {
            return fill(row, &map.border);
        };
        let (left, rest) = row.split_at_mut(padding * self.pixel);
        let (middle, right) = rest.split_at_mut(width * self.pixel);
        fill(left, &map.border);
        fill(right, &map.border);
        let mut first = 0;
        for (table, codes) in map.tables.iter().zip(inputs) {
            let codes = &codes[y * width * table.channels()..][..width * table.channels()];
            expand(table, codes, self.pixel, &mut middle[first..]);
            first += table.channels() * table.parts();
        }
    }

    /// Multiplies some positions, tile by tile.
    pub fn tiles(&self, operands: &[T], positions: Range<usize>, each: impl FnMut(&Tile)) {
        let patches = Patches {
            values: operands,
            grid: self.grid,
            runs: &self.runs,
        };
        tiles(&patches, &self.panels, positions, each);
    }

    /// Positions whose operands stay in the second cache while all panels pass by.
    pub fn strip(&self) -> usize {
        const BYTES: usize = 1 << 18;
        let fresh = self.grid.step.max(1) * self.geometry.stride * size_of::<T>();
        (BYTES / fresh).max(48)
    }

    /// The positions the grid runs over.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Operands of a pixel.
    pub fn pixel(&self) -> usize {
        self.pixel
    }
}

impl<T: Operand> OperandMap<T> {
    fn new(tap: &TapPlan, plan: &Plan, inputs: &[usize]) -> OperandMap<T> {
        let operand = |operand: i32| value::<T>(operand + plan.shift);
        let mut first = 0;
        let table = |&channels: &usize| {
            let place = |channel: usize, code: usize, part: usize| {
                let at = ((first + channel) * plan.values + code) * plan.parts + part;
                operand(tap.operands[at])
            };
            let table = Table::new(channels, plan.values, plan.parts, place);
            first += channels;
            table
        };
        OperandMap {
            tables: inputs.iter().map(table).collect(),
            border: tap
                .padding
                .iter()
                .map(|&padding| operand(padding))
                .collect(),
        }
    }
}

/// The runs of a patch, in the order of the inner dimension: the rows of the kernel, or single taps where
/// these differ.
fn runs(geometry: &LayerGeometry, plan: &Plan, pixel: usize, row: usize, map: usize) -> Vec<Run> {
    if plan.taps.len() == 1 {
        let run = |ky| Run {
            offset: ky * row,
            length: geometry.kernel_width * pixel,
        };
        return (0..geometry.kernel_height).map(run).collect();
    }
    let run = |tap: usize| {
        let (ky, kx) = (tap / geometry.kernel_width, tap % geometry.kernel_width);
        Run {
            offset: plan.tap_of[tap] * map + ky * row + kx * pixel,
            length: pixel,
        }
    };
    (0..geometry.taps()).map(run).collect()
}

/// A plan's integer as an operand, which it fits.
fn value<T: Operand>(operand: i32) -> T {
    T::from_value(operand).expect("operands fit their kind")
}

/// A constant as a weight, which it fits.
fn weight<T: Operand>(weight: i16) -> T::Weight {
    let weight = T::Weight::try_from(i32::from(weight));
    weight.ok().expect("constants fit their kind")
}

/// Pixels of the border.
fn fill<T: Copy>(place: &mut [T], pixel: &[T]) {
    for place in place.chunks_exact_mut(pixel.len()) {
        place.copy_from_slice(pixel);
    }
}
