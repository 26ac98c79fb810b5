//! Where the operands of each output position lie.

use std::ops::Range;

use crate::operand::Operand;

/// A row of operands of a patch that lie one after the other: a row of the kernel, in a map with its border.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    /// Where it begins, in operands from the first one of the position.
    pub offset: usize,
    /// Its length. Behind it lie [`Operand::GROUP`] − 1 more operands at most that are read, and count 0.
    pub length: usize,
}

/// Output positions, row by row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Grid {
    /// Positions in a row, at least 1.
    pub width: usize,
    /// Operands from a position to the next in its row.
    pub step: usize,
    /// Operands from a row to the next.
    pub row_step: usize,
}

impl Grid {
    /// The first operand of a position.
    pub fn start(&self, position: usize) -> usize {
        // Saturating: what is out of range must stay out of range.
        let row = (position / self.width).saturating_mul(self.row_step);
        row.saturating_add((position % self.width).saturating_mul(self.step))
    }

    /// The largest start of a range of positions, which is not empty.
    fn last_start(&self, positions: &Range<usize>) -> usize {
        let last = positions.end - 1;
        let end_of_row = (last / self.width * self.width).checked_sub(1);
        let before = end_of_row.filter(|at| positions.contains(at));
        self.start(last).max(before.map_or(0, |at| self.start(at)))
    }
}

/// The operands of a convolution: for each position the same runs, from where its grid says.
#[derive(Clone, Copy, Debug)]
pub struct Patches<'a, T> {
    /// The operands.
    pub values: &'a [T],
    /// Where each position begins.
    pub grid: Grid,
    /// What it reads.
    pub runs: &'a [Run],
}

impl<T: Operand> Patches<'_, T> {
    /// Panics unless every operand that these positions read is there.
    pub(crate) fn check(&self, positions: &Range<usize>) {
        let whole = |length: usize| length.div_ceil(T::GROUP).saturating_mul(T::GROUP);
        let end = |run: &Run| run.offset.saturating_add(whole(run.length));
        let reach = self.runs.iter().map(end).max().unwrap_or(0);
        let end = self.grid.last_start(positions).saturating_add(reach);
        assert!(
            end <= self.values.len(),
            "positions {positions:?} read {end} operands of {}",
            self.values.len()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_start_is_the_largest() {
        for (width, step, row_step) in [(1, 5, 3), (3, 4, 20), (4, 7, 1), (5, 0, 0), (2, 9, 4)] {
            let grid = Grid {
                width,
                step,
                row_step,
            };
            for first in 0..12 {
                for end in first + 1..14 {
                    let largest = (first..end).map(|at| grid.start(at)).max();
                    let found = grid.last_start(&(first..end));
                    assert_eq!(Some(found), largest, "{grid:?} {first}..{end}");
                }
            }
        }
    }
}
