//! The layers of a program, word by word.

use cromulent_design::Design;
use cromulent_network::{BatchNorm, Network, Op, Problem, Problems};
use cromulent_number::Quantizer;

use super::columns::{Columns, Scaling, Weights, columns};
use super::form::{ChannelForm, Reading, pixel};
use super::limits::norm;
use super::plan::{Plan, PlannedLayer, PlannedOutput};
use super::quantizer::{Arrival, quantizer, raw};
use super::shape;
use crate::bounds::Bounds;
use crate::geometry::LayerGeometry;
use crate::image::Image;
use crate::layer::{
    Layer, LayerInput, LayerMode, LayerOutput, Normalisation, Operands, ResidualStep, STREAM_RANGE,
};

/// The image of a planned network that fits the design's memories.
///
/// # Errors
/// Constants and sums that do not fit the design's widths.
pub(super) fn image(network: &Network, design: &Design, plan: &Plan) -> Result<Image, Problems> {
    let compiler = Compiler {
        network,
        design,
        plan,
        stream_exponents: stream_exponents(network, plan),
    };
    let mut problems = Problems::default();
    let mut layers = Vec::new();
    for planned in &plan.layers {
        match compiler.layer(planned) {
            Ok(layer) => layers.push(layer),
            Err(found) => problems.0.extend(found.0),
        }
    }
    let shapes = |nodes: &[usize]| nodes.iter().map(|&node| shape(network, node)).collect();
    problems.or(Image {
        design: design.clone(),
        network: network.name.clone(),
        input: shape(network, 0),
        tensors: shapes(&plan.tensors),
        streams: shapes(&plan.streams),
        layers,
    })
}

/// How a planned layer is run.
pub(super) fn mode(planned: &PlannedLayer) -> LayerMode {
    LayerMode {
        operands: match planned.input {
            None => Operands::Integers,
            Some(_) => Operands::Codes,
        },
        pool: planned.pooled,
        raw: !matches!(planned.output, PlannedOutput::Codes(_)),
    }
}

/// The shape of a planned layer. A linear layer is a convolution whose kernel is the map, or 1×1 behind a
/// global pool.
pub(super) fn geometry(network: &Network, planned: &PlannedLayer) -> LayerGeometry {
    let node = &network.nodes[planned.node];
    let mut source = node.inputs[0];
    if planned.pooled {
        source = network.nodes[source].inputs[0];
    }
    let input = shape(network, source);
    let (kernel_height, kernel_width, stride, padding) = match &node.op {
        Op::Convolution(c) => (c.kernel_height(), c.kernel_width(), c.stride, c.padding),
        _ if planned.pooled => (1, 1, 1, 0),
        _ => (input.height, input.width, 1, 0),
    };
    LayerGeometry {
        height: input.height,
        width: input.width,
        channels: input.channels,
        out_channels: node.shape.channels,
        kernel_height,
        kernel_width,
        stride,
        padding,
    }
}

/// How far above its mean a stream value is given room, in standard deviations.
const STREAM_REACH: f64 = 8.0;

/// The unit of each stream value as a power of two: 1 is 2^exponent in the stream. Values that are added
/// up share it; it leaves every normalised channel room for μ ± 8σ.
fn stream_exponents(network: &Network, plan: &Plan) -> Vec<i32> {
    let peak = |group: usize| {
        let members = (0..plan.streams.len()).filter(|&value| plan.groups[value] == group);
        let norms = members.flat_map(|value| network.readers(plan.streams[value]));
        norms
            .filter_map(|node| norm(network, node))
            .flat_map(|norm| {
                (0..norm.channels()).map(|c| norm.mean[c].abs() + STREAM_REACH * norm.sigma(c))
            })
            .fold(0.0, f64::max)
    };
    let exponent = |&group: &usize| {
        let room = *STREAM_RANGE.end() as f64 / peak(group);
        if room.is_finite() {
            room.log2().floor() as i32
        } else {
            0
        }
    };
    plan.groups.iter().map(exponent).collect()
}

struct Compiler<'a> {
    network: &'a Network,
    design: &'a Design,
    plan: &'a Plan,
    stream_exponents: Vec<i32>,
}

impl Compiler<'_> {
    fn layer(&self, planned: &PlannedLayer) -> Result<Layer, Problems> {
        let node = &self.network.nodes[planned.node];
        let (weights, bias): (_, &[f32]) = match &node.op {
            Op::Convolution(c) => (&c.weight.values, &[]),
            Op::Linear(l) => (&l.weight.values, &l.bias),
            _ => (&vec![], &[]),
        };
        let geometry = geometry(self.network, planned);
        let mode = mode(planned);
        let weights = Weights {
            values: weights,
            geometry: &geometry,
        };
        let scaling = match planned.output {
            PlannedOutput::Codes(_) => Scaling::Free,
            PlannedOutput::Residual { .. } => Scaling::PowersOfTwo,
            PlannedOutput::Scores => Scaling::Common,
        };
        let readings = self.readings(planned);
        let mut columns = columns(self.design, &weights, mode, &readings, scaling);
        columns.add_bias(bias, if mode.pool { geometry.positions() } else { 1 });
        let faults = |faults: Vec<String>| self.widths(&node.name, faults);
        let output = self.output(planned, &columns, &geometry).map_err(faults)?;
        columns.constants.quantizers = self.quantizers(planned, &columns).map_err(faults)?;
        self.prove(&node.name, &geometry, mode, &columns)?;
        let input = planned.input.map_or(LayerInput::Image, LayerInput::Codes);
        let constants = &columns.constants;
        constants
            .assemble(self.design, &node.name, geometry, mode, input, output)
            .map_err(|fault| self.widths(&node.name, vec![fault.to_string()]))
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

    /// How each input channel is read.
    fn readings(&self, planned: &PlannedLayer) -> Vec<Reading> {
        match planned.input.and_then(|tensor| self.norm(tensor)) {
            Some(norm) => (0..norm.channels())
                .filter_map(|c| self.form(norm, c))
                .map(|form| form.reading)
                .collect(),
            None => {
                let input = &self.network.input;
                let pixels = input.mean.iter().zip(&input.std);
                pixels.map(|(&mean, &std)| pixel(mean, std)).collect()
            }
        }
    }

    fn norm(&self, tensor: usize) -> Option<&BatchNorm> {
        norm(self.network, self.plan.tensors[tensor])
    }

    /// `None` only for what [`super::limits::check_norms`] has refused.
    fn form(&self, norm: &BatchNorm, channel: usize) -> Option<ChannelForm> {
        ChannelForm::new(self.design, norm.scale[channel], norm.shift[channel]).ok()
    }

    fn quantizers(
        &self,
        planned: &PlannedLayer,
        columns: &Columns,
    ) -> Result<Vec<Quantizer>, Vec<String>> {
        match planned.output {
            PlannedOutput::Codes(tensor) => self.normalise(tensor, |c| Arrival {
                unit: columns.units[c],
                constant: columns.rests[c],
            }),
            _ => Ok(columns
                .rests
                .iter()
                .map(|&constant| raw(self.design, constant))
                .collect()),
        }
    }

    /// The quantizers of a tensor whose channels arrive like this.
    fn normalise(
        &self,
        tensor: usize,
        arrival: impl Fn(usize) -> Arrival,
    ) -> Result<Vec<Quantizer>, Vec<String>> {
        let Some(norm) = self.norm(tensor) else {
            return Ok(vec![]);
        };
        let mut faults = Vec::new();
        let mut quantizers = Vec::new();
        for c in 0..norm.channels() {
            let Some(form) = self.form(norm, c) else {
                continue;
            };
            match quantizer(
                self.design,
                form.coding,
                norm.mean[c],
                norm.sigma(c),
                arrival(c),
            ) {
                Ok(quantizer) => quantizers.push(quantizer),
                Err(what) => faults.push(format!("channel {c} has {what}")),
            }
        }
        if faults.is_empty() {
            Ok(quantizers)
        } else {
            Err(faults)
        }
    }

    fn output(
        &self,
        planned: &PlannedLayer,
        columns: &Columns,
        geometry: &LayerGeometry,
    ) -> Result<LayerOutput, Vec<String>> {
        match &planned.output {
            PlannedOutput::Codes(tensor) => Ok(LayerOutput::Codes(*tensor)),
            PlannedOutput::Scores => {
                let positions = if planned.pooled {
                    geometry.positions()
                } else {
                    1
                };
                let unit = columns.units.first().copied().unwrap_or(1.0);
                Ok(LayerOutput::Scores {
                    unit: 1.0 / (unit * positions as f64),
                })
            }
            PlannedOutput::Residual {
                base,
                result,
                tensors,
            } => {
                let exponent = self.stream_exponents[*result];
                Ok(LayerOutput::Residual(ResidualStep {
                    shifts: shifts(columns, exponent)?,
                    base: *base,
                    result: *result,
                    normalise: self.stream_norms(tensors, exponent)?,
                }))
            }
        }
    }

    /// The normalisations of a stream value in which 1 is 2^exponent.
    fn stream_norms(
        &self,
        tensors: &[usize],
        exponent: i32,
    ) -> Result<Vec<Normalisation>, Vec<String>> {
        let arrival = |_| Arrival {
            unit: f64::from(exponent).exp2(),
            constant: 0,
        };
        let normalise = |&tensor: &usize| {
            Ok(Normalisation {
                tensor,
                quantizers: self.normalise(tensor, arrival)?,
            })
        };
        tensors.iter().map(normalise).collect()
    }

    /// Refuses sums that could overflow.
    fn prove(
        &self,
        layer: &str,
        geometry: &LayerGeometry,
        mode: LayerMode,
        columns: &Columns,
    ) -> Result<(), Problems> {
        let bounds = Bounds::of(self.design, geometry, mode, &columns.constants);
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
                    format!("layer {layer}"),
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
    fn add_bias(&mut self, bias: &[f32], positions: usize) {
        for ((rest, unit), &bias) in self.rests.iter_mut().zip(&self.units).zip(bias) {
            let exact = f64::from(bias) * unit * positions as f64;
            *rest = rest.saturating_add(exact.round_ties_even() as i64);
        }
    }
}

/// From each column's unit, a power of two, to the stream's.
fn shifts(columns: &Columns, exponent: i32) -> Result<Vec<i8>, Vec<String>> {
    let shift = |(channel, unit): (usize, &f64)| {
        let shift = unit.log2().round() as i32 - exponent;
        i8::try_from(shift).map_err(|_| {
            vec![format!(
                "channel {channel} differs from the residual stream by a factor of 2^{shift}"
            )]
        })
    };
    columns.units.iter().enumerate().map(shift).collect()
}
