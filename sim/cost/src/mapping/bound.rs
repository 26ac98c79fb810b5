//! What no mapping is better than: of a layer, and of those of its mappings that share some choices.

use std::ops::AddAssign;

use super::case::{Case, Depths, Shape, Weights};
use super::cost::{Beats, Cost};
use super::tiling::{Tiling, pieces};

/// The least that a layer takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bound {
    /// Σ tiles · max(positions, rows), all positions in one tile; or the beats, if they take longer.
    pub cycles: u64,
    /// Every tensor that moves, once.
    pub beats: u64,
    /// Picojoules of both; 0 without a technology.
    pub energy: u64,
}

impl AddAssign for Bound {
    fn add_assign(&mut self, other: Bound) {
        self.cycles += other.cycles;
        self.beats += other.beats;
        self.energy += other.energy;
    }
}

impl Case<'_> {
    /// The bound of the layer, whatever room there is.
    pub(super) fn bound(&self) -> Bound {
        let endless = Case {
            room: Depths::ENDLESS,
            ..*self
        };
        let least = self.least();
        let beats = least.beats.total();
        let interval = self.machine.interval;
        Bound {
            cycles: endless
                .tile_cycles(self.work.lines)
                .max(interval * (beats - self.work.scores)),
            beats,
            energy: self.energy(&least),
        }
    }

    /// Every tensor that moves once, every tile to the array once; cycles are left at 0.
    pub(super) fn least(&self) -> Cost {
        let (work, moved) = (self.work, self.moved);
        let [tile, constants] = self.tile_beats();
        let tiles = work.column_tiles * work.row_tiles();
        let fetched = moved.planes * work.input.words * work.input.once(work.lines);
        let stored = match moved.output {
            true => self.output_lines(work.positions(), work.column_tiles),
            false => 0,
        };
        let words = work.positions() * work.column_tiles;
        let stream = |moves: bool, words: u64| match moves {
            true => self.word_beats(self.machine.design.stream_bits, words),
            false => 0,
        };
        let kept = self.result_words(work.positions(), work.column_tiles);
        Cost {
            cycles: 0,
            beats: Beats {
                weights: tiles * tile + work.column_tiles * constants,
                inputs: work.input_packing.beats(fetched),
                outputs: work.output_packing.beats(stored) + work.scores,
                sums: 0,
                stream: stream(moved.base, words) + stream(moved.result, kept),
            },
            tiles: [tiles; 2],
            lines: [fetched, stored],
        }
    }

    /// Cycles of all tiles in bands of so many lines, in as few passes as there is room for.
    pub(super) fn tile_cycles(&self, band: u64) -> u64 {
        let work = self.work;
        let pass = self.pass(band, self.passes(band));
        let bands = pieces(work.lines, band).map(|piece| {
            let positions = piece.size * work.line;
            let passes = positions.div_ceil(pass);
            let (full, last) = (passes - 1, positions - (passes - 1) * pass);
            piece.count * (full * self.pass_cycles(pass) + self.pass_cycles(last))
        });
        work.column_tiles * bands.sum::<u64>()
    }

    /// Cycles of all row tiles over so many positions.
    fn pass_cycles(&self, positions: u64) -> u64 {
        let [other, last] = self.work.row_cycles(self.machine.design, positions);
        (self.work.row_tiles() - 1) * other + last
    }

    /// The least that tilings with this one's sizes and this shape cost: beats from how often each tensor comes,
    /// cycles as if the array never waited but for the first piece and the last. `tiles` are the cycles of all tiles, `least` what
    /// [`Case::least`] says.
    pub(super) fn at_least(&self, tiling: Tiling, shape: &Shape, tiles: u64, least: &Cost) -> Cost {
        let (work, interval) = (self.work, self.machine.interval);
        let trips = shape.trips;
        let rows = least.tiles[0];
        let full = (tiling.band * work.line).div_ceil(shape.pass.max(1));
        let loads = (trips.bands - 1) * full + 1;
        let fetches = match shape.weights {
            Weights::ForBands => 1,
            Weights::ForPasses => trips.bands,
            Weights::Streamed => loads,
        };
        let sweeps = if shape.input_stays { 1 } else { trips.columns };
        let words = work.positions() * work.column_tiles;
        let sums = match shape.spilled {
            true => {
                2 * (trips.planes - 1)
                    * self.word_beats(self.machine.design.accumulator_bits, words)
            }
            false => 0,
        };
        let [tile, _] = self.tile_beats();
        let beats = Beats {
            weights: least.beats.weights + (fetches - 1) * rows * tile,
            inputs: least.beats.inputs * sweeps,
            sums,
            ..least.beats
        };
        let around = interval * self.around(tiling);
        let cycles = (tiles + around).max(interval * (beats.total() - work.scores));
        Cost {
            cycles: work.overhead(self.machine.design) + cycles,
            beats,
            tiles: [rows * fetches, rows * loads],
            lines: [least.lines[0] * sweeps, least.lines[1]],
        }
    }

    /// Beats of the input of the first piece and of the codes of the last one: nothing is computed meanwhile.
    fn around(&self, tiling: Tiling) -> u64 {
        let work = self.work;
        let last = |count: u64, size: u64| count - (count.div_ceil(size) - 1) * size;
        let of = if work.by_plane {
            tiling.column_tiles
        } else {
            tiling.planes
        };
        let lines = self.fetched(of) * work.input.words * work.input.once(tiling.band);
        let stored = match self.moved.output {
            true => self.output_lines(
                last(work.lines, tiling.band) * work.line,
                last(work.column_tiles, tiling.column_tiles),
            ),
            false => 0,
        };
        work.input_packing.beats(lines) + work.output_packing.beats(stored)
    }
}
