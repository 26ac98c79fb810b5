//! What stored values stand for, for those who hold them against the network in floating point.

use cromulent_design::{Affine as Form, Design};
use cromulent_network::{Affine, Network, Op};
use cromulent_number::{Code, Format, embed};

use super::form::{ChannelForm, Rest, value};
use super::layers::stream_exponents;
use super::norms::affines;
use super::plan::{Plan, PlannedLayer};
use super::storage;
use crate::layer::{Storage, Task};

/// A value as the machine keeps it.
#[derive(Clone, PartialEq, Debug)]
pub struct Probe {
    /// The layer that reads the codes, or the node whose value is in the residual stream.
    pub name: String,
    /// The node of the network that computes the same.
    pub node: usize,
    /// Whether the node's values have to be rectified to be the same.
    pub rectified: bool,
    /// How it is kept.
    pub kept: Kept,
}

/// How a value is kept.
#[derive(Clone, PartialEq, Debug)]
pub enum Kept {
    /// As codes of these tensors, whose channels stand side by side.
    Codes {
        /// The tensors of the image.
        tensors: Vec<usize>,
        /// By channel: what each code adds behind its affine and ReLU, for a weight of 1, the constants unrounded.
        values: Vec<Vec<f32>>,
    },
    /// As words of the residual stream.
    Stream {
        /// The value's number in the image.
        stream: usize,
        /// What a word of 1 is worth.
        unit: f64,
    },
}

/// Everything that is kept between layers: what each learnt layer reads, and the residual stream.
pub(super) fn probes(network: &Network, design: &Design, plan: &Plan) -> Vec<Probe> {
    let exponents = stream_exponents(network, design, plan);
    let steps = storage::steps(network, plan, &exponents);
    let read = plan.layers.iter();
    let mut probes: Vec<Probe> = read
        .filter_map(|layer| codes(network, design, plan, layer, &steps))
        .collect();
    for (stream, (&node, exponent)) in plan.streams.iter().zip(exponents).enumerate() {
        if plan.streams[..stream].contains(&node) {
            continue;
        }
        let clamp = plan.layers.iter().any(|layer| layer.clamps(stream));
        probes.push(Probe {
            name: network.nodes[node].name.clone(),
            node,
            rectified: clamp,
            kept: Kept::Stream {
                stream,
                unit: f64::from(-exponent).exp2(),
            },
        });
    }
    // In the order of the network.
    probes.sort_by_key(|probe| probe.node);
    probes
}

/// What a layer reads; `None` of a max-pool, which reads codes as they are, and of what reads the image.
fn codes(
    network: &Network,
    design: &Design,
    plan: &Plan,
    layer: &PlannedLayer,
    steps: &[Vec<f64>],
) -> Option<Probe> {
    let (Some(norm), tensors) = layer.input.as_ref()? else {
        return None;
    };
    let mut node = match layer.task {
        Task::MaxPool => return None,
        Task::Identity => layer.node,
        Task::Learnt => *network.nodes[layer.node].inputs.first()?,
    };
    if network.nodes[node].op == Op::GlobalAveragePool {
        node = *network.nodes[node].inputs.first()?;
    }
    let channels = tensors.iter().flat_map(|&tensor| {
        let channels = 0..plan.tensors[tensor].shape.channels;
        channels.map(move |channel| (tensor, channel))
    });
    let affines = affines(network, plan, *norm, tensors);
    let values = affines.iter().zip(channels).map(|(affine, (tensor, c))| {
        let storage = plan.tensors[tensor].storage;
        table(design, storage, affine, steps[tensor].get(c).copied())
    });
    Some(Probe {
        name: layer.name.clone(),
        node,
        rectified: false,
        kept: Kept::Codes {
            tensors: tensors.clone(),
            values: values.collect(),
        },
    })
}

/// What each code of a channel adds.
fn table(design: &Design, storage: Storage, affine: &Affine, step: Option<f64>) -> Vec<f32> {
    let Affine { a, b } = *affine;
    let format = storage.format(design);
    let form = match step {
        Some(step) => Ok(ChannelForm::uncoded(a, b, step)),
        None => ChannelForm::new(design, format, a, b),
    };
    // A channel without a form is refused when it is compiled.
    let Ok(form) = form else {
        return vec![];
    };
    let stored = |code: Code| match storage {
        Storage::Narrow(narrow) => embed(design.format, narrow, code),
        Storage::Codes | Storage::Integers => Some(code),
    };
    let codes = match storage {
        Storage::Integers => Format::I8.codes(),
        Storage::Codes | Storage::Narrow(_) => design.format.codes(),
    };
    let mut table = vec![0.0; codes as usize];
    let alive = form.reading.a[0] != 0.0 || design.affine == Form::Exact;
    let codes = (0..format.codes()).map(|code| Code(code as u8));
    for code in codes.clone().filter(|_| alive) {
        let v = value(format, code) * form.coding.scale;
        let n = if form.coding.negate { -v } else { v } - form.coding.shift;
        let b = match form.reading.rest {
            Rest::Clamp(clamp) if design.affine == Form::Snapped => {
                let clamp = codes.clone().find(|&code| stored(code) == Some(clamp));
                clamp.map_or(b, |clamp| -a * value(format, clamp))
            }
            _ => b,
        };
        if let Some(place) = stored(code) {
            table[usize::from(place.0)] = (a * n + b).max(0.0) as f32;
        }
    }
    table
}
