//! The mapping that the machine runs, and what others ask of it beside that.

use super::Machine;
use super::case::{Case, Depths, Moved, Weights};
use super::cost::Cost;
use super::search::Found;
use super::tiling::{Loop, Tiling};
use super::work::Work;

/// What the machine would have to learn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Want {
    /// To move maps in bands or blocks while the array computes. Today whole maps move between layers.
    Bands,
    /// To go through the tiles of a layer in another order.
    Order,
    /// To use the tiles in the queue of weights more than once.
    Weights,
    /// To keep values of the residual stream in memory.
    Stream,
    /// To keep partial sums in memory.
    Sums,
}

impl Want {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Want::Bands => "bands",
            Want::Order => "order",
            Want::Weights => "weights",
            Want::Stream => "stream",
            Want::Sums => "sums",
        }
    }

    /// What it is.
    pub fn meaning(self) -> &'static str {
        match self {
            Want::Bands => "maps move in parts while the array computes",
            Want::Order => "another order of tiles",
            Want::Weights => "tiles of the queue of weights are used more than once",
            Want::Stream => "values of the residual stream go to memory",
            Want::Sums => "partial sums go to memory",
        }
    }
}

/// What a mapping wants beside what the machine does: column tiles outermost, then passes, then row tiles, weights as
/// they pass, maps moved whole before and after a layer.
pub fn wants(case: &Case, found: &Found) -> Vec<Want> {
    let (moved, shape) = (case.moved, &found.shape);
    let trips = shape.trips;
    let cut = trips.bands > 1 || trips.planes > 1;
    let parts =
        (moved.planes > 0 && cut) || (moved.output && (trips.bands > 1 || trips.columns > 1));
    let nested = trips.within(Loop::Bands, Loop::Columns)
        && trips.within(Loop::Planes, Loop::Columns)
        && trips.within(Loop::Planes, Loop::Bands)
        && !(cut && found.tiling.column_tiles > 1);
    let all = [
        (Want::Bands, parts),
        (Want::Order, !nested),
        (Want::Weights, shape.weights != Weights::Streamed),
        (Want::Stream, moved.base || moved.result),
        (Want::Sums, shape.spilled),
    ];
    let wanted = all.into_iter().filter(|(_, wanted)| *wanted);
    wanted.map(|(want, _)| want).collect()
}

/// A layer as the machine runs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Today {
    /// Its loops.
    pub tiling: Tiling,
    /// What the model says it costs, all maps on chip.
    pub cost: Cost,
}

impl Today {
    /// What the model makes of the mapping that the compiler writes: column tiles one after another, in each as few
    /// passes as the accumulators allow, all maps on chip, weights as they pass. `None` if the queue of weights does
    /// not hold two tiles.
    pub fn of(machine: &Machine, work: &Work) -> Option<Today> {
        let design = machine.design;
        let room = Depths {
            weights: 2 * u64::from(design.rows),
            sums: design.tile_depth.into(),
            ..Depths::ENDLESS
        };
        let case = Case::new(machine, work, Moved::default(), room);
        let tiling = Tiling {
            column_tiles: 1,
            ..Tiling::whole(work)
        };
        let shape = case.shape(tiling)?;
        Some(Today {
            tiling,
            cost: case.cost(tiling, &shape),
        })
    }
}
