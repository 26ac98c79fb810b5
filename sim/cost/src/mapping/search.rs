//! The best tiling of a layer, by branch and bound.

use cromulent_engine::traffic::DramWords;

use super::case::{Case, Depths, Shape};
use super::cost::Cost;
use super::tiling::{Tiling, sizes};
use crate::activity::Activity;

/// What is minimised.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Objective {
    /// Cycles.
    Cycles,
    /// Energy by a technology, half way between the least and the most.
    Energy,
    /// The product of both.
    Product,
}

/// What decides between two tilings: whether they are far from the bound, the objective, then beats, cycles, the number
/// of pieces and their order. No two tilings of a layer have the same.
pub(super) type Rank = (bool, u128, u64, u64, [u64; 3], usize);

/// Hundredths that a well mapped layer is from its bound, at most.
pub const NEAR: u64 = 10;

/// Hundredths of a layer's least cycles that do not count: the model is no closer to the machine.
pub const MARGIN: u64 = 1;

/// A tiling with what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// How the layer is cut.
    pub tiling: Tiling,
    /// What follows from that.
    pub shape: Shape,
    /// What it costs.
    pub cost: Cost,
    /// What was minimised.
    pub value: u128,
    /// Picojoules; 0 without a technology.
    pub energy: u64,
}

impl Objective {
    /// The value of a cost.
    pub fn value(self, cycles: u64, energy: u64) -> u128 {
        match self {
            Objective::Cycles => cycles.into(),
            Objective::Energy => energy.into(),
            Objective::Product => u128::from(cycles) * u128::from(energy),
        }
    }
}

impl Case<'_> {
    /// Where a cost stands among those of other tilings.
    pub(super) fn rank(&self, tiling: Tiling, shape: &Shape, cost: &Cost) -> Rank {
        let energy = match self.machine.objective {
            Objective::Cycles => 0,
            _ => self.energy(cost),
        };
        let trips = shape.trips;
        let pieces = [trips.bands, trips.columns, trips.planes];
        let value = self.value(cost.cycles, energy);
        let far = !self.is_near(cost, energy);
        (
            far,
            value,
            cost.beats.total(),
            cost.cycles,
            pieces,
            tiling.order,
        )
    }

    /// Whether a cost is within [`NEAR`] of the bound: of cycles, also of beats.
    pub(super) fn is_near(&self, cost: &Cost, energy: u64) -> bool {
        let near = |found: u128, bound: u128| found * 100 <= bound * u128::from(100 + NEAR);
        let (objective, bound) = (self.machine.objective, &self.bound);
        let value = objective.value(cost.cycles, energy);
        let beats =
            objective != Objective::Cycles || near(cost.beats.total().into(), bound.beats.into());
        beats && near(value, objective.value(bound.cycles, bound.energy))
    }

    /// What is minimised. As cycles alone, those within [`MARGIN`] of the least there can be count the same, so that no
    /// tensor comes many times to save the last few of them.
    pub(super) fn value(&self, cycles: u64, energy: u64) -> u128 {
        match self.machine.objective {
            Objective::Cycles => cycles.max(self.enough).into(),
            objective => objective.value(cycles, energy),
        }
    }

    /// The best tiling; `None` if none fits.
    ///
    /// Sizes are those of even cuts. A branch is left when not even what its choices cost at least is better than the
    /// best tiling so far: so the result is that of trying all of them.
    pub fn search(&self) -> Option<Found> {
        let least = self.least();
        let mut best: Option<(Rank, Found)> = None;
        let [columns, planes] = [self.work.column_tiles, self.work.planes].map(sizes);
        for band in sizes(self.work.lines) {
            let tiles = self.tile_cycles(band);
            if self.is_hopeless(tiles, &least, best.as_ref()) {
                continue;
            }
            for &column_tiles in &columns {
                // Sums of all column tiles stay while blocks of planes come.
                let one_block = band * self.work.sums * column_tiles > self.room.sums;
                for &planes in planes.iter().take(if one_block { 1 } else { planes.len() }) {
                    let tiling = Tiling {
                        order: 0,
                        band,
                        planes,
                        column_tiles,
                    };
                    for &order in tiling.trips(self.work).orders() {
                        let tiling = Tiling { order, ..tiling };
                        self.try_one(tiling, tiles, &least, &mut best);
                    }
                }
            }
        }
        best.map(|(_, found)| found)
    }

    /// Depths that are enough for the layer in its smallest pieces: a line of positions and a column tile at a time.
    pub(super) fn smallest(&self) -> Depths {
        let tiling = Tiling {
            order: 0,
            band: 1,
            planes: self.work.planes,
            column_tiles: 1,
        };
        let weights = 2 * u64::from(self.machine.design.rows);
        let room = Depths {
            weights,
            sums: 1,
            ..Depths::ENDLESS
        };
        let shape = Case { room, ..*self }.shape(tiling);
        shape.map_or(room, |shape| shape.needs)
    }

    /// Whether no tiling of these cycles can be better than the best, whatever it moves.
    fn is_hopeless(&self, tiles: u64, least: &Cost, best: Option<&(Rank, Found)>) -> bool {
        let least = Cost {
            cycles: self.work.overhead(self.machine.design) + tiles,
            ..*least
        };
        let energy = match self.machine.objective {
            Objective::Cycles => 0,
            _ => self.energy(&least),
        };
        let value = self.value(least.cycles, energy);
        let far = !self.is_near(&least, energy);
        best.is_some_and(|((best_far, best, beats, cycles, ..), _)| {
            (far, value, least.beats.total(), least.cycles) > (*best_far, *best, *beats, *cycles)
        })
    }

    /// Takes a tiling if it is better than the best so far.
    fn try_one(&self, tiling: Tiling, tiles: u64, least: &Cost, best: &mut Option<(Rank, Found)>) {
        let Some(shape) = self.shape(tiling) else {
            return;
        };
        if let Some((rank, _)) = best
            && self.rank(tiling, &shape, &self.at_least(tiling, &shape, tiles, least)) >= *rank
        {
            return;
        }
        let cost = self.cost(tiling, &shape);
        let rank = self.rank(tiling, &shape, &cost);
        if best.as_ref().is_none_or(|(least, _)| rank < *least) {
            let found = Found {
                tiling,
                shape,
                cost,
                value: rank.1,
                energy: self.energy(&cost),
            };
            *best = Some((rank, found));
        }
    }

    /// Energy of a cost, picojoules, half way between the least and the most; 0 without a technology.
    pub fn energy(&self, cost: &Cost) -> u64 {
        let prices = self.machine.prices;
        prices.map_or(0, |prices| prices.energy(&self.activity(cost)).middle())
    }

    /// What the layer does in a mapping of this cost.
    pub fn activity(&self, cost: &Cost) -> Activity {
        let design = self.machine.design;
        let [rows, columns] = [design.rows, design.columns].map(u64::from);
        let mut activity = self.work.base;
        let sram = &mut activity.traffic.sram;
        let words = |tiles: u64| tiles * rows * (columns + 1);
        sram.weights.written = words(cost.tiles[0]);
        sram.weights.read = words(cost.tiles[1]);
        sram.inputs.written = cost.lines[0] * rows;
        sram.outputs.read = cost.lines[1] * rows;
        let of =
            |beats: u64, bits: u32| beats * u64::from(design.bus_bits) / u64::from(bits.max(1));
        let spilled = of(cost.beats.sums, design.accumulator_bits) / 2;
        sram.sums.read += spilled;
        sram.sums.written += spilled;
        let streamed = of(cost.beats.stream, design.stream_bits);
        // What comes is written before it is read, what goes is read after it was written.
        sram.residual.written += streamed / 2;
        sram.residual.read += streamed - streamed / 2;
        activity.traffic.dram = DramWords {
            weights: cost.beats.weights,
            inputs: cost.beats.inputs,
            outputs: cost.beats.outputs + cost.beats.sums,
            residual: cost.beats.stream,
        };
        activity
    }
}
