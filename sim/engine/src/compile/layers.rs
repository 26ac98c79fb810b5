//! The layers of a program, word by word.

mod channels;

use cromulent_design::{Design, OffsetWord, PeKind};
use cromulent_network::{Affine, Network, Op, Problem, Problems};
use cromulent_number::Quantizer;
use rayon::prelude::*;

use super::WeightValues;
use super::columns::{Columns, Scaling, columns};
use super::form::{ChannelForm, Reading, pixel};
use super::norms::{Stored, affines, norm};
use super::places::frame;
use super::plan::{Plan, PlannedLayer, PlannedOutput, PlannedTensor};
use super::quantizer::{Arrival, Coded, quantizer, raw};
use super::storage;
use super::weights::{Weights, geometry};
use crate::bounds::Bounds;
use crate::constants::{Channel, Constants, Frame};
use crate::image::Image;
use crate::layer::{
    Layer, LayerInput, LayerMode, LayerOutput, Operands, ResidualStep, Storage, Task, layout,
};
use crate::memory::Allocation;

/// The image of a planned network.
///
/// # Errors
/// Constants and sums that do not fit the design's widths.
pub(super) fn image(
    network: &Network,
    design: &Design,
    plan: &Plan,
    allocation: &Allocation,
    weights: WeightValues,
) -> Result<Image, Problems> {
    let mut problems = Problems::default();
    let stream_exponents = stream_exponents(network, design, plan);
    let compiler = Compiler {
        network,
        design,
        plan,
        image: frame(network, design, plan, allocation),
        steps: storage::steps(network, plan, &stream_exponents),
        lowest: lowest(network, plan),
        stream_exponents,
        weights,
    };
    let compiled: Vec<_> = plan
        .layers
        .par_iter()
        .map(|planned| compiler.layer(planned))
        .collect();
    let mut layers = Vec::new();
    for layer in compiled {
        match layer {
            Ok(layer) => layers.push(layer),
            Err(found) => problems.0.extend(found.0),
        }
    }
    problems.or(Image {
        layers,
        ..compiler.image
    })
}

/// Where a layer's input comes from.
pub(super) fn input(planned: &PlannedLayer) -> LayerInput {
    match &planned.input {
        None => LayerInput::Image,
        Some((_, tensors)) => LayerInput::Codes(tensors.clone()),
    }
}

/// What becomes of a layer's words; 1 is worth `unit` in scores.
pub(super) fn output(planned: &PlannedLayer, unit: f64) -> LayerOutput {
    match planned.output {
        PlannedOutput::Codes(tensor) => LayerOutput::Codes(tensor),
        PlannedOutput::Scores => LayerOutput::Scores { unit },
        PlannedOutput::Residual {
            base,
            result,
            clamp,
            codes,
            pooled,
        } => LayerOutput::Residual(ResidualStep {
            base,
            result,
            clamp,
            codes,
            pooled,
        }),
    }
}

/// How a planned layer is run.
pub(super) fn mode(plan: &Plan, planned: &PlannedLayer) -> LayerMode {
    let storage = |tensor: usize| plan.tensors[tensor].storage;
    let codes = output(planned, 1.0).codes();
    LayerMode {
        task: planned.task,
        operands: match &planned.input {
            None => Operands::Integers,
            Some((_, tensors)) => tensors
                .first()
                .map_or(Operands::Codes, |&tensor| storage(tensor).operands()),
        },
        pool: planned.pooled,
        raw: codes.is_none(),
        storage: codes.map_or(Storage::Codes, storage),
        pooling: planned.pooling,
    }
}

/// How far above its mean a stream value is given room, in standard deviations.
const STREAM_REACH: f64 = 8.0;

/// The unit of each stream value as a power of two: 1 is 2^exponent in the stream. Values that are added
/// up share it; it leaves every normalised channel room for μ ± 8σ.
pub(super) fn stream_exponents(network: &Network, design: &Design, plan: &Plan) -> Vec<i32> {
    let peak = |group: usize| {
        let members = (0..plan.streams.len()).filter(|&value| plan.groups[value] == group);
        let nodes: Vec<usize> = members.map(|value| plan.streams[value]).collect();
        // A pooled value has the tensor of what it pools.
        let of = |t: &&PlannedTensor| nodes.contains(&t.value) || nodes.contains(&t.node);
        let tensors = plan.tensors.iter().filter(of);
        let channels = tensors.flat_map(|tensor| {
            let channels = tensor.shape.channels;
            let norms = tensor.readers.iter();
            norms.filter_map(move |reader| {
                let channels = reader.offset..reader.offset + channels;
                Some((norm(network, reader.norm)?, channels))
            })
        });
        channels
            .flat_map(|(norm, channels)| {
                channels.map(|c| norm.mean[c].abs() + STREAM_REACH * norm.sigma(c))
            })
            .fold(0.0, f64::max)
    };
    let exponent = |&group: &usize| {
        let room = *design.stream_range().end() as f64 / peak(group);
        if room.is_finite() {
            room.log2().floor() as i32
        } else {
            0
        }
    };
    plan.groups.iter().map(exponent).collect()
}

/// The constants of elements that keep exponents: as many powers as there are, and 0.
fn powers(design: &Design) -> WeightValues {
    let bits = if design.weight_bits > 8 { 4 } else { 3 };
    WeightValues::Logarithmic { bits, root: 1 }
}

struct Compiler<'a> {
    network: &'a Network,
    design: &'a Design,
    plan: &'a Plan,
    /// The image without its layers.
    image: Image,
    stream_exponents: Vec<i32>,
    /// By tensor and channel: the step of an integer left uncoded, in standard deviations; empty for codes.
    steps: Vec<Vec<f64>>,
    weights: WeightValues,
    /// By tensor and channel: what 0 is stored as, where a ReLU leaves nothing less; empty where none does.
    lowest: Vec<Vec<f64>>,
}

/// By tensor and channel: what 0 is stored as, in standard deviations from the mean, if its values come from a ReLU on
/// the residual stream.
fn lowest(network: &Network, plan: &Plan) -> Vec<Vec<f64>> {
    let of_tensor = |planned: &PlannedTensor| {
        let stored = match plan.rectifies(planned.value) {
            true => planned.stored(network),
            false => vec![],
        };
        stored
            .iter()
            .map(|stored| -stored.mean / stored.sigma)
            .collect()
    };
    plan.tensors.iter().map(of_tensor).collect()
}

impl Compiler<'_> {
    fn layer(&self, planned: &PlannedLayer) -> Result<Layer, Problems> {
        if planned.task == Task::MaxPool {
            return self.max_pool(planned);
        }
        let weights = Weights::of(self.network, planned);
        let mode = mode(self.plan, planned);
        let scaling = match planned.output {
            PlannedOutput::Codes(tensor) if mode.storage == Storage::Integers => {
                let stored = self.plan.tensors[tensor].stored(self.network);
                let steps = stored.iter().zip(&self.steps[tensor]);
                Scaling::PowersOver(steps.map(|(stored, step)| stored.sigma * step).collect())
            }
            PlannedOutput::Codes(_) => Scaling::Free,
            PlannedOutput::Residual { .. } => Scaling::PowersOfTwo,
            PlannedOutput::Scores => Scaling::Common,
        };
        let (readings, bias) = self.readings(planned);
        let values = match planned.task {
            // Ones and averages have to be powers too.
            _ if self.design.pe == PeKind::LogLog => powers(self.design),
            Task::Learnt => self.weights,
            _ => WeightValues::Whole,
        };
        let mut columns = columns(self.design, &weights, mode, &readings, &scaling, values);
        let geometry = weights.geometry;
        let positions = if mode.pool { geometry.positions() } else { 1 };
        columns.add_bias(&bias, positions);
        let faults = |faults: Vec<String>| self.widths(&planned.name, faults);
        columns.constants.channels = self.channels(planned, &columns).map_err(faults)?;
        let unit = columns.units.first().copied().unwrap_or(1.0);
        let (input, output) = (
            input(planned),
            output(planned, 1.0 / (unit * positions as f64)),
        );
        let places = self.image.places(&input, &output);
        let frame = Frame {
            name: &planned.name,
            geometry,
            mode,
            places: &places,
            input: &input,
            output: &output,
        };
        self.prove(&frame, &columns)?;
        let constants = &columns.constants;
        constants
            .assemble(self.design, &frame)
            .map_err(|fault| self.widths(&planned.name, vec![fault.to_string()]))
    }

    /// A max-pool: the direction of each channel.
    fn max_pool(&self, planned: &PlannedLayer) -> Result<Layer, Problems> {
        let geometry = geometry(self.network, planned);
        let mode = mode(self.plan, planned);
        let (input, output) = (input(planned), output(planned, 1.0));
        let mut constants = Constants::idle(self.design, &geometry, mode);
        if let Some(tensor) = output.codes() {
            let descending = self.descending(tensor);
            for (k, edge) in constants.edges.iter_mut().enumerate() {
                edge.descending = descending[k % geometry.channels];
            }
        }
        let frame = Frame {
            name: &planned.name,
            geometry,
            mode,
            places: &self.image.places(&input, &output),
            input: &input,
            output: &output,
        };
        constants
            .assemble(self.design, &frame)
            .map_err(|fault| self.widths(&planned.name, vec![fault.to_string()]))
    }

    /// By channel of a pooled tensor: whether the largest of what is pooled has the smallest code.
    fn descending(&self, tensor: usize) -> Vec<bool> {
        let planned = &self.plan.tensors[tensor];
        let activated = planned.pooled.and_then(|pooled| pooled.activated);
        let activated = activated.and_then(|at| Some((norm(self.network, at.norm)?, at.offset)));
        let stored = planned.stored(self.network).into_iter().enumerate();
        let channel = |(c, stored): (usize, Stored)| {
            let negated = self
                .form(stored.affine, tensor, c)
                .is_some_and(|form| form.coding.negate);
            let falls = activated.is_some_and(|(norm, offset)| norm.scale[offset + c] < 0.0);
            negated != falls
        };
        stored.map(channel).collect()
    }

    /// Problems with constants that are too wide.
    fn widths(&self, layer: &str, faults: Vec<String>) -> Problems {
        let problem = |fault| {
            Problem::new(
                format!("layer {layer}"),
                fault,
                "give the design more accumulator_bits, or rescale the layer",
            )
        };
        Problems(faults.into_iter().map(problem).collect())
    }

    /// Refuses sums that could overflow.
    fn prove(&self, frame: &Frame, columns: &Columns) -> Result<(), Problems> {
        let (design, geometry, mode) = (self.design, &frame.geometry, frame.mode);
        let layout = layout(design, geometry, frame.places);
        let bounds = Bounds::of(design, geometry, mode, &layout, &columns.constants);
        let needs = [
            (
                "partial_sum_bits",
                "column sums",
                bounds.partial_sum_bits,
                self.design.sum_bits(),
            ),
            (
                "accumulator_bits",
                "accumulators",
                bounds.accumulator_bits,
                self.design.accumulator_bits,
            ),
        ];
        let mut problems = Problems::default();
        for (field, what, needed, given) in needs {
            if needed > given {
                problems.add(
                    format!("layer {}", frame.name),
                    format!("its {what} need {needed} bits, and {field} = {given}"),
                    format!("write {field} = {needed} or more"),
                );
            }
        }
        problems.or(())
    }
}

impl Columns {
    /// Adds the biases of a layer, once per position they are averaged over.
    fn add_bias(&mut self, bias: &[f64], positions: usize) {
        for ((rest, unit), &bias) in self.rests.iter_mut().zip(&self.units).zip(bias) {
            let exact = bias * unit * positions as f64;
            *rest = rest.saturating_add(exact.round_ties_even() as i64);
        }
    }
}

/// From each column's unit, a power of two, to the stream's.
fn aligns(columns: &Columns, exponent: i32) -> Result<Vec<i32>, Vec<String>> {
    let limit = 1 << (OffsetWord::ALIGN_BITS - 1);
    let align = |(channel, unit): (usize, &f64)| {
        let align = unit.log2().round() as i32 - exponent;
        if (-limit..limit).contains(&align) {
            Ok(align)
        } else {
            Err(vec![format!(
                "channel {channel} differs from the residual stream by a factor of 2^{align}"
            )])
        }
    };
    columns.units.iter().enumerate().map(align).collect()
}
