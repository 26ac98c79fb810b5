//! How a network could be mapped to an array with given memories: tile sizes, loop order, what stays on chip.
//!
//! 1. [`work`] makes loops of each layer: over bands of output lines, planes of the input, column tiles.
//! 2. [`tiling`] cuts them into pieces and orders these; [`case`] says whether a tiling fits, [`cost`] what it costs, [`bound`]
//!    what none is better than.
//! 3. [`search`] finds the best tiling of a layer by branch and bound.
//! 4. [`values`] and `residency` choose which maps and which values of the residual stream stay on chip between layers.
//! 5. [`enlarge`] says which memory keeps a layer from its bound.
//!
//! The machine that is generated runs one of these mappings, [`today`]. The others are of a machine that could fetch
//! maps in bands while it computes, and keep weights: each says what of that it needs ([`LayerMapping::wants`]).

pub mod bound;
pub mod case;
pub mod cost;
pub mod enlarge;
mod residency;
pub mod search;
#[cfg(test)]
mod tests;
pub mod tiling;
pub mod today;
pub mod values;
pub mod work;

use std::error::Error;
use std::fmt;

use cromulent_design::Design;
use cromulent_engine::Outline;

use crate::activity::Activity;
use crate::energy::Prices;
pub use bound::Bound;
pub use case::{Case, Depths, Moved, Shape, Weights};
pub use cost::{Beats, Cost};
pub use enlarge::{Enlargement, Verdict};
use residency::Residency;
pub use search::{Found, NEAR, Objective};
pub use tiling::{Loop, ORDERS, Tiling};
pub use today::{Today, Want};
pub use values::Value;
pub use work::Work;

/// The fields of the memories, in the order of [`Depths::list`].
pub const MEMORIES: [&str; 4] = ["code_depth", "weight_depth", "tile_depth", "stream_depth"];

/// Bits of all words of one depth of each memory, over all rows or columns, in the same order.
pub fn memory_bits(design: &Design) -> [u64; 4] {
    let columns = u64::from(design.columns);
    [
        design.code_line_bits().into(),
        design.tile_line_bits().into(),
        columns * u64::from(design.accumulator_bits),
        columns * u64::from(design.stream_bits),
    ]
}

/// A design whose code banks, queue of weights, accumulators and residual stream have so many KiB each.
#[must_use]
pub fn with_buffers(design: &Design, kib: u32) -> Design {
    let depth = |bits: u64| (u64::from(kib) * 8192 / bits.max(1)).min(u32::MAX.into()) as u32;
    let [code_depth, weight_depth, tile_depth, stream_depth] = memory_bits(design).map(depth);
    Design {
        code_depth,
        weight_depth,
        tile_depth,
        stream_depth: if design.has_stream() { stream_depth } else { 0 },
        ..design.clone()
    }
}

/// What layers are mapped to.
#[derive(Clone, Copy, Debug)]
pub struct Machine<'a> {
    /// The design.
    pub design: &'a Design,
    /// Cycles from one beat of the memory bus to the next, at least 1.
    pub interval: u64,
    /// What operations cost; [`Objective::Cycles`] does without.
    pub prices: Option<&'a Prices>,
    /// What is minimised: of a network the sum over its layers.
    pub objective: Objective,
}

/// No mapping fits: the memories do not hold the smallest pieces of a layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooSmall {
    /// The layer.
    pub layer: String,
    /// Depths that would be enough for it.
    pub least: Depths,
}

impl fmt::Display for TooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = MEMORIES.iter().zip(self.least.list());
        let least: Vec<String> = least
            .map(|(name, depth)| format!("{name} = {depth}"))
            .collect();
        write!(
            f,
            "layer {} has no mapping that fits; {} would be enough",
            self.layer,
            least.join(", ")
        )
    }
}

impl Error for TooSmall {}

/// A layer, mapped.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerMapping {
    /// Its name.
    pub name: String,
    /// What moves between chip and memory.
    pub moved: Moved,
    /// What the memories have room for beside the values that stay.
    pub room: Depths,
    /// The best tiling.
    pub found: Found,
    /// What no mapping that moves this is better than.
    pub bound: Bound,
    /// Whether that is within [`NEAR`] hundredths of the bound.
    pub is_near: bool,
    /// What the machine would have to learn for it; nothing if it runs as it is.
    pub wants: Vec<Want>,
}

/// A network, mapped.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapping {
    /// The layers, in the order they run.
    pub layers: Vec<LayerMapping>,
    /// What layers hand on, each with whether it stays on chip.
    pub values: Vec<(Value, bool)>,
    /// The bound of the whole network, all values on chip.
    pub floor: Bound,
}

impl Mapping {
    /// Maps a network; `base` is what [`crate::activity()`] counts of it.
    ///
    /// # Errors
    /// A layer that does not fit in whatever pieces.
    pub fn search(
        machine: &Machine,
        outline: &Outline,
        base: &[Activity],
    ) -> Result<Mapping, TooSmall> {
        let work = Work::of(machine.design, outline, base);
        let (values, uses) = values::values(machine.design, outline);
        let residency = Residency {
            machine,
            work: &work,
            values: &values,
            uses: &uses,
        };
        let (stays, decided) = residency.search()?;
        let mut floor = Bound::default();
        let mut layers = vec![];
        for ((decided, work), uses) in decided.into_iter().zip(&work).zip(&uses) {
            let least = Moved {
                planes: uses.image.into(),
                ..Moved::default()
            };
            floor += Case::new(machine, work, least, Depths::ENDLESS).bound;
            let case = Case::new(machine, work, decided.moved, decided.room);
            layers.push(LayerMapping {
                name: work.name.clone(),
                moved: decided.moved,
                room: decided.room,
                found: decided.found,
                bound: case.bound,
                is_near: case.is_near(&decided.found.cost, decided.found.energy),
                wants: today::wants(&case, &decided.found),
            });
        }
        Ok(Mapping {
            layers,
            values: values.into_iter().zip(stays).collect(),
            floor,
        })
    }

    /// Of each layer whether it is near its bound, and what keeps it from there. Takes longer than the search: every
    /// memory is tried in several sizes. Machine, outline and activity are those it was searched for.
    pub fn verdicts(
        &self,
        machine: &Machine,
        outline: &Outline,
        base: &[Activity],
    ) -> Vec<Verdict> {
        let work = Work::of(machine.design, outline, base);
        let layers = self.layers.iter().zip(&work);
        let verdicts = layers.map(|(layer, work)| {
            let case = Case::new(machine, work, layer.moved, layer.room);
            case.verdict(&layer.found)
        });
        verdicts.collect()
    }

    /// Cycles, beats and picojoules of all layers.
    pub fn total(&self) -> Bound {
        let mut total = Bound::default();
        for layer in &self.layers {
            total += Bound {
                cycles: layer.found.cost.cycles,
                beats: layer.found.cost.beats.total(),
                energy: layer.found.energy,
            };
        }
        total
    }

    /// The bounds of all layers, for what they move.
    pub fn bound(&self) -> Bound {
        let mut total = Bound::default();
        self.layers.iter().for_each(|layer| total += layer.bound);
        total
    }
}
