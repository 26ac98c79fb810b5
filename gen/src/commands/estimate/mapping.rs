//! How a network could be mapped to the memories of a design: tile sizes, loop order, what stays on chip.

mod json;
mod text;

use cromulent_cost::mapping::{
    Depths, LayerMapping, Loop, MEMORIES, Machine, Mapping, ORDERS, Objective, Verdict, memory_bits,
};
use cromulent_cost::{Prices, Technology, activity};
use cromulent_design::Design;
use cromulent_engine::Outline;

use crate::Error;
use crate::cli::{EstimateArgs, MapFor};

/// What was found.
pub(super) struct Mapped {
    wanted: MapFor,
    mapping: Mapping,
    /// By layer.
    verdicts: Vec<Verdict>,
    /// Names of the layers that write each value, with what it is.
    values: Vec<(String, bool)>,
    /// Bytes of each memory.
    bytes: [u64; 4],
    /// Bytes of a beat.
    beat: u64,
    /// Whether the compiler's mapping fits the memories.
    compiles: bool,
}

impl MapFor {
    fn objective(self) -> Objective {
        match self {
            MapFor::Cycles => Objective::Cycles,
            MapFor::Energy => Objective::Energy,
            MapFor::Edp => Objective::Product,
        }
    }

    /// As it is given.
    fn key(self) -> &'static str {
        match self {
            MapFor::Cycles => "cycles",
            MapFor::Energy => "energy",
            MapFor::Edp => "edp",
        }
    }

    /// What is least.
    fn name(self) -> &'static str {
        match self {
            MapFor::Cycles => "cycles",
            MapFor::Energy => "energy",
            MapFor::Edp => "energy times cycles",
        }
    }
}

impl Mapped {
    /// Searches for a mapping, if one is asked for.
    ///
    /// # Errors
    /// Energy is asked for without a technology; memories that do not hold the smallest pieces of a layer.
    pub(super) fn of(
        args: &EstimateArgs,
        design: &Design,
        outline: &Outline,
        technology: Option<&Technology>,
    ) -> Result<Option<Mapped>, Error> {
        let Some(wanted) = args.map else {
            return Ok(None);
        };
        if technology.is_none() && wanted != MapFor::Cycles {
            let what = "energy is to be least, and no technology says what it is";
            return Err(Error::bad_input(
                "--map",
                what,
                "give --technology too, or --map cycles",
            ));
        }
        let prices = technology.map(|technology| Prices::of(design, technology));
        let machine = Machine {
            design,
            interval: args.memory.interval,
            prices: prices.as_ref(),
            objective: wanted.objective(),
        };
        let batch = u64::from(design.batch);
        let macs: Vec<u64> = outline
            .layers
            .iter()
            .map(|layer| batch * layer.macs)
            .collect();
        let base = activity(design, &outline.steps, &macs);
        let mapping = Mapping::search(&machine, outline, &base).map_err(|small| {
            let fix = "write deeper memories, or give a larger --buffer-kib";
            Error::bad_input("--map", small.to_string(), fix)
        })?;
        let written = mapping.values.iter();
        let written =
            written.map(|(value, _)| (outline.layers[value.written].name.clone(), value.stream));
        let bits = memory_bits(design);
        let depths = Depths::of(design).list();
        Ok(Some(Mapped {
            wanted,
            verdicts: mapping.verdicts(&machine, outline, &base),
            values: written.collect(),
            mapping,
            bytes: [0, 1, 2, 3].map(|memory| (bits[memory] * depths[memory]).div_ceil(8)),
            beat: u64::from(design.bus_bits) / 8,
            compiles: outline.problems.0.is_empty(),
        }))
    }

    /// Whether the machine runs this mapping as it is: all layers, and what stays is everything, as the compiler has it.
    fn runs(&self) -> bool {
        let stays = self.mapping.values.iter().all(|&(_, stays)| stays);
        let layers = &self.mapping.layers;
        self.compiles && stays && layers.iter().all(|layer| layer.wants.is_empty())
    }

    /// Layers near their bounds.
    fn near(&self) -> usize {
        self.mapping
            .layers
            .iter()
            .filter(|layer| layer.is_near)
            .count()
    }
}

/// The loops of a layer that have more than one piece, outermost first: what they go over, pieces, size of a piece.
fn loops(layer: &LayerMapping) -> Vec<(&'static str, u64, u64)> {
    let (tiling, trips) = (&layer.found.tiling, layer.found.shape.trips);
    let order = ORDERS[tiling.order].into_iter();
    let loops = order.map(|which| match which {
        Loop::Bands => ("lines", trips.bands, tiling.band),
        Loop::Planes => ("planes", trips.planes, tiling.planes),
        Loop::Columns => ("tiles", trips.columns, tiling.column_tiles),
    });
    loops.filter(|&(_, pieces, _)| pieces > 1).collect()
}

/// The name of a memory's field.
fn memory(number: usize) -> &'static str {
    MEMORIES[number]
}
