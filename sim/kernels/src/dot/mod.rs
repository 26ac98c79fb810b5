//! Dot products, tile by tile.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

use crate::operand::Operand;
use crate::panels::{Panel, Panels};
use crate::patches::{Patches, Run};
use crate::path::Instructions;

/// Positions of the largest tile.
const ROWS: usize = 12;
/// Columns of the widest panel.
const COLUMNS: usize = 32;

/// What one call of a kernel multiplies. The ranges were checked.
pub struct Job<'a, T: Operand> {
    pub(crate) values: &'a [T],
    /// The first operand of each position.
    pub(crate) starts: [usize; ROWS],
    pub(crate) runs: &'a [Run],
    pub(crate) weights: &'a [T::Weight],
}

/// The sums of some positions and columns.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// The first position.
    pub position: usize,
    /// Positions.
    pub rows: usize,
    /// The first column.
    pub column: usize,
    /// Columns that there are, at most `stride`.
    pub columns: usize,
    /// Sums from a position to the next: a multiple of 8.
    pub stride: usize,
    /// The sums, by \[position\]\[column\].
    pub sums: Sums<'a>,
}

/// Sums, as wide as they have to be.
#[derive(Clone, Copy, Debug)]
pub enum Sums<'a> {
    /// The bound of the panels fits 32 bits.
    Narrow(&'a [i32]),
    /// It does not.
    Wide(&'a [i64]),
}

/// Multiplies some positions of patches by panels, and hands out the sums, panel by panel.
///
/// Sums are narrow exactly if the bound of the panels is at most `i32::MAX`.
///
/// # Panics
/// If the runs are not those the panels were packed for, or read what is not there.
pub fn tiles<T: Operand>(
    patches: &Patches<T>,
    panels: &Panels<T>,
    positions: Range<usize>,
    mut each: impl FnMut(&Tile),
) {
    let lengths = patches.runs.iter().map(|run| run.length);
    assert!(lengths.eq(panels.lengths().iter().copied()), "other runs");
    if positions.is_empty() {
        return;
    }
    patches.check(&positions);
    let blocks = blocks(patches.runs, panels);
    let mut narrow = [0i32; ROWS * COLUMNS];
    let mut wide = [0i64; ROWS * COLUMNS];
    let rows = panels.path().rows();
    let parts = positions.len().div_ceil(rows);
    for panel in panels.panels() {
        let stride = panel.vectors * panels.path().lanes();
        for part in 0..parts {
            // Evenly: a last tile of one row would be as slow as a whole one.
            let at = |part: usize| positions.start + part * positions.len() / parts;
            let (position, rows) = (at(part), at(part + 1) - at(part));
            let narrow = &mut narrow[..rows * stride];
            let wide = &mut wide[..rows * stride];
            let sums = match &blocks {
                None => {
                    let weights = panels.weights(panel, 0);
                    multiply(
                        patches,
                        panels,
                        panel,
                        position,
                        patches.runs,
                        weights,
                        narrow,
                    );
                    Sums::Narrow(narrow)
                }
                Some(blocks) => {
                    wide.fill(0);
                    for (run, group) in blocks {
                        let weights = panels.weights(panel, *group);
                        let runs = std::slice::from_ref(run);
                        multiply(patches, panels, panel, position, runs, weights, narrow);
                        for (wide, &narrow) in wide.iter_mut().zip(&*narrow) {
                            *wide += i64::from(narrow);
                        }
                    }
                    Sums::Wide(wide)
                }
            };
            each(&Tile {
                position,
                rows,
                column: panel.first,
                columns: stride.min(panels.columns() - panel.first),
                stride,
                sums,
            });
        }
    }
}

/// The runs in pieces whose sums fit 32 bits, each with its first group; `None` if all together do.
fn blocks<T: Operand>(runs: &[Run], panels: &Panels<T>) -> Option<Vec<(Run, usize)>> {
    const LIMIT: u64 = i32::MAX as u64;
    if panels.bound() <= LIMIT {
        return None;
    }
    let products = (LIMIT / panels.largest_product().max(1)) as usize;
    let piece = (products / T::GROUP).max(1) * T::GROUP;
    let mut blocks = vec![];
    let mut group = 0;
    for run in runs {
        for first in (0..run.length).step_by(piece) {
            let piece = Run {
                offset: run.offset + first,
                length: piece.min(run.length - first),
            };
            blocks.push((piece, group));
            group += piece.length.div_ceil(T::GROUP);
        }
    }
    Some(blocks)
}

/// One tile of sums.
fn multiply<T: Operand>(
    patches: &Patches<T>,
    panels: &Panels<T>,
    panel: &Panel,
    position: usize,
    runs: &[Run],
    weights: &[T::Weight],
    out: &mut [i32],
) {
    let width = panel.vectors * panels.path().lanes();
    let rows = out.len() / width;
    let mut starts = [0; ROWS];
    for (row, start) in starts[..rows].iter_mut().enumerate() {
        *start = patches.grid.start(position + row);
    }
    let groups: usize = runs.iter().map(|run| run.length.div_ceil(T::GROUP)).sum();
    let job = Job {
        values: patches.values,
        starts,
        runs,
        weights: &weights[..groups * width * T::GROUP],
    };
    // Two products of bytes are added up in 16 bits, saturating, where there is no VNNI.
    let pairs_fit = T::GROUP == 2 || 2 * panels.largest_product() <= i16::MAX as u64;
    match panels.path().instructions() {
        #[cfg(target_arch = "x86_64")]
        Instructions::Vnni => x86::vnni(rows, panel.vectors, &job, out),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 if pairs_fit => x86::avx512(rows, panel.vectors, &job, out),
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 if pairs_fit => x86::avx2(rows, panel.vectors, &job, out),
        _ => portable::multiply(rows, width, &job, out),
    }
}
