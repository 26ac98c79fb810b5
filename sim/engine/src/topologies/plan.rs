//! A topology laid out for a design.

use cromulent_design::{Command, Design, Fetch, LayerRegisters};
use cromulent_network::Problems;

use super::{Topology, TopologyLayer};
use crate::layer::{LayerInput, Places, registers};
use crate::layout::{Layout, Map, Place};
use crate::memory::{Allocation, Uses, Values, allocate};
use crate::timing::Timing;

/// The program of a topology for a design, without weights.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The layers, in the order they run.
    pub layers: Vec<PlannedLayer>,
    /// The commands.
    pub steps: Vec<Command>,
    /// What of the design is too small, by field. Times are right all the same: no time depends on an address.
    pub problems: Problems,
}

/// A layer as the machine runs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedLayer {
    /// Its name.
    pub name: String,
    /// Multiply-accumulates as the network counts them.
    pub macs: u64,
    /// What the machine is told.
    pub registers: LayerRegisters,
    /// The length of its inner dimension.
    pub inner: u64,
}

impl PlannedLayer {
    /// The share of the rows that have work, over all row tiles, in millionths.
    pub fn busy_rows_millionths(&self, design: &Design) -> u64 {
        let slots = u64::from(self.registers.row_tiles) * u64::from(design.rows);
        (self.inner * 1_000_000).checked_div(slots).unwrap_or(0)
    }
}

/// How well an array was used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Usage {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Cycles.
    pub cycles: u64,
}

impl Usage {
    /// Multiply-accumulates per processing element and cycle, in millionths.
    pub fn millionths(&self, design: &Design) -> u64 {
        let elements = u64::from(design.rows) * u64::from(design.columns);
        (self.macs * 1_000_000)
            .checked_div(elements * self.cycles)
            .unwrap_or(0)
    }
}

impl Plan {
    /// Cycles and multiply-accumulates of the whole program.
    pub fn usage(&self, timing: &Timing) -> Usage {
        Usage {
            macs: self.layers.iter().map(|layer| layer.macs).sum(),
            cycles: timing.cycles,
        }
    }

    /// The same for all that comes after the image layer's last word, to the end of the program.
    pub fn usage_behind_image(&self, timing: &Timing) -> Usage {
        let is_image = |layer: &&PlannedLayer| layer.registers.digits;
        let images = self.layers.iter().take_while(is_image).count();
        Usage {
            macs: self
                .layers
                .iter()
                .skip(images)
                .map(|layer| layer.macs)
                .sum(),
            cycles: timing.cycles_behind(images),
        }
    }
}

impl Topology {
    /// The program for a design, and what of the design is too small for it.
    pub fn plan(&self, design: &Design) -> Plan {
        let uses: Vec<_> = self.layers.iter().map(uses).collect();
        let values = Values {
            image: Some(self.image),
            tensors: self.tensors.clone(),
            streams: self.streams.clone(),
        };
        let (rows, columns) = (design.rows as usize, design.columns as usize);
        let allocation = allocate(rows, columns, &values, &uses);
        let places: Vec<_> = self
            .layers
            .iter()
            .map(|layer| self.places(layer, &allocation))
            .collect();
        let placed = self.layers.iter().zip(&places);
        let layers: Vec<_> = placed
            .map(|(layer, places)| plan(design, layer, places))
            .collect();
        let mut steps = vec![Command::Fetch(self.fetch(design, &allocation))];
        steps.extend(layers.iter().map(|layer| Command::Layer(layer.registers)));
        steps.push(Command::End);
        let problems = problems(design, &layers, &allocation);
        Plan {
            layers,
            steps,
            problems,
        }
    }

    /// Where the values of a layer lie.
    fn places(&self, layer: &TopologyLayer, allocation: &Allocation) -> Places {
        let map = |&tensor: &usize| Map {
            channels: self.tensors[tensor].channels,
            place: allocation.tensors[tensor],
        };
        let input = match &layer.input {
            LayerInput::Image => vec![Map {
                channels: self.image.channels,
                place: Place {
                    address: allocation.input_address,
                    rotation: 0,
                },
            }],
            LayerInput::Codes(tensors) => tensors.iter().map(map).collect(),
        };
        let step = layer.output.residual();
        let codes = layer
            .output
            .codes()
            .map(|tensor| allocation.tensors[tensor]);
        let base = step.and_then(|step| step.base);
        Places {
            input,
            codes: codes.unwrap_or_default(),
            read: base.map_or(0, |stream| allocation.streams[stream]),
            write: step.map_or(0, |step| allocation.streams[step.result]),
        }
    }

    fn fetch(&self, design: &Design, allocation: &Allocation) -> Fetch {
        let planes = Layout::image_planes(design.rows as usize, self.image.channels);
        let lines = planes * self.image.height * self.image.width;
        Fetch::new(design, allocation.input_address as u32, lines as u32, 0)
    }
}

fn uses(layer: &TopologyLayer) -> Uses {
    Uses::of(&layer.input, &layer.output)
}

fn plan(design: &Design, layer: &TopologyLayer, places: &Places) -> PlannedLayer {
    PlannedLayer {
        name: layer.name.clone(),
        macs: layer.macs(),
        registers: registers(design, &layer.geometry, layer.mode, &layer.output, places),
        inner: layer.geometry.inner() as u64,
    }
}

/// What of the design is too small.
fn problems(design: &Design, layers: &[PlannedLayer], allocation: &Allocation) -> Problems {
    let mut problems = Problems::default();
    let memories = [
        ("code_depth", allocation.code_words, design.code_depth),
        ("stream_depth", allocation.stream_words, design.stream_depth),
    ];
    for (field, needed, there) in memories {
        if needed > there as usize {
            let what = format!("{field} = {there} does not hold the {needed} words of the network");
            problems.add(
                place(design, field),
                what,
                format!("write {needed} or more"),
            );
        }
    }
    let side = layers
        .iter()
        .map(|l| l.registers.height.max(l.registers.width))
        .max();
    let side = side.unwrap_or(0);
    if side > design.map_side {
        let what = format!(
            "map_side = {} is less than a map of {side} pixels",
            design.map_side
        );
        problems.add(
            place(design, "map_side"),
            what,
            format!("write {side} or more"),
        );
    }
    if problems.0.is_empty() {
        for layer in layers {
            let faults = layer.registers.validate(design).err().unwrap_or_default();
            for fault in faults {
                problems.add(
                    format!("layer {}", layer.name),
                    fault,
                    "take a larger design",
                );
            }
        }
    }
    problems
}

fn place(design: &Design, field: &str) -> String {
    format!("design {}, {field}", design.name)
}
