//! The affines that batch-norms leave, once their values are stored with the statistics of one of them.

use cromulent_design::{Affine as Form, Design};
use cromulent_network::{Affine, BatchNorm, Network, Op, Problems};

use super::form::ChannelForm;
use super::plan::{Plan, PlannedLayer, PlannedTensor, Reader};
use crate::layer::{Storage, Task};

/// The batch-norm a node is.
pub(super) fn norm(network: &Network, node: usize) -> Option<&BatchNorm> {
    match &network.nodes[node].op {
        Op::BatchNorm(norm) => Some(norm),
        _ => None,
    }
}

/// How a channel of a tensor is stored: (x − mean)/sigma, and the affine of the first batch-norm that
/// reads it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Stored {
    pub mean: f64,
    pub sigma: f64,
    pub affine: Affine,
}

impl PlannedTensor {
    /// How each channel is stored.
    pub fn stored(&self, network: &Network) -> Vec<Stored> {
        let channels = self.shape.channels;
        let first = self.readers.first();
        let norm = first.and_then(|reader| Some((norm(network, reader.norm)?, reader.offset)));
        norm.map_or(vec![], |(norm, offset)| {
            (offset..offset + channels)
                .map(|c| Stored::of(norm, c))
                .collect()
        })
    }
}

impl Stored {
    fn of(norm: &BatchNorm, c: usize) -> Stored {
        Stored {
            mean: norm.mean[c],
            sigma: norm.sigma(c),
            affine: Affine {
                a: norm.scale[c],
                b: norm.shift[c],
            },
        }
    }
}

/// The affine of every channel of a batch-norm, on the values as they are stored. `tensors` are those it
/// reads, in order.
pub(super) fn affines(
    network: &Network,
    plan: &Plan,
    node: usize,
    tensors: &[usize],
) -> Vec<Affine> {
    let Some(norm) = norm(network, node) else {
        return vec![];
    };
    let stored = tensors
        .iter()
        .flat_map(|&t| plan.tensors[t].stored(network));
    let fold = |(c, stored): (usize, Stored)| {
        let own = Stored::of(norm, c);
        // The same statistics: nothing to fold, and nothing to round.
        if (own.mean, own.sigma) == (stored.mean, stored.sigma) {
            own.affine
        } else {
            norm.affine_over(c, stored.mean, stored.sigma)
        }
    };
    stored.enumerate().map(fold).collect()
}

/// Refuses batch-norms that the design's affine form cannot express.
pub(super) fn check(network: &Network, design: &Design, plan: &Plan, problems: &mut Problems) {
    for layer in &plan.layers {
        if let Some((Some(node), tensors)) = &layer.input {
            let affines = affines(network, plan, *node, tensors);
            let first = tensors.first().map(|&tensor| plan.tensors[tensor].storage);
            match first {
                Some(Storage::Integers) => check_uncoded(network, *node, &affines, problems),
                _ => check_constants(network, design, *node, &affines, problems),
            }
        }
    }
    if design.affine == Form::Rectified {
        plan.layers
            .iter()
            .for_each(|layer| check_linear(network, plan, layer, problems));
    }
    if matches!(design.affine, Form::Recentred | Form::Rectified) {
        let coded =
            |tensor: &&PlannedTensor| tensor.storage != Storage::Integers && tensor.is_coded();
        for tensor in plan.tensors.iter().filter(coded) {
            check_single(network, design, tensor, problems);
        }
    }
}

/// What enters a sum as it is has two signs, unless a ReLU on the stream leaves one and its codes hold all of that.
fn check_linear(network: &Network, plan: &Plan, layer: &PlannedLayer, problems: &mut Problems) {
    let Some((None, tensors)) = &layer.input else {
        return;
    };
    let held = |&tensor: &usize| is_held_whole(network, plan, &plan.tensors[tensor]);
    if layer.task == Task::Identity && !tensors.iter().all(held) {
        problems.add(
            format!("layer {}", layer.name),
            "a sum reads its pooled values as they are, and rectified codes hold nothing below their ReLU",
            "write affine = \"exact\", \"snapped\" or \"recentred\" with an L format; or let the pool alone read one learnt \
             layer, with windows that overlap by a pixel at most; or rectify the values before the pool and let their \
             first batch-norm give 0 at 0, or above",
        );
    }
}

/// What a rectified code may leave of a value, in standard deviations.
const LOST: f64 = 1e-3;

/// Whether rectified codes hold all that a ReLU on the stream has left: they do where the affine rises, from 0 at 0 or
/// below. An identity put before a ReLU that was there already is such an affine.
fn is_held_whole(network: &Network, plan: &Plan, tensor: &PlannedTensor) -> bool {
    let from_nothing = |stored: &Stored| {
        let Affine { a, b } = stored.affine;
        a > 0.0 && stored.mean / stored.sigma - b / a <= LOST
    };
    plan.rectifies(tensor.value) && tensor.stored(network).iter().all(from_nothing)
}

fn check_constants(
    network: &Network,
    design: &Design,
    node: usize,
    affines: &[Affine],
    problems: &mut Problems,
) {
    let constant =
        |affine: &Affine| ChannelForm::new(design, design.format, affine.a, affine.b).is_err();
    let by = format!("affine = \"{}\" cannot express", design.affine);
    let fix = "write affine = \"exact\" with an L format, or prune these channels";
    refuse_constants(network, node, affines, constant, (&by, fix), problems);
}

/// What is left uncoded is over the scale of its affine.
fn check_uncoded(network: &Network, node: usize, affines: &[Affine], problems: &mut Problems) {
    let constant = |affine: &Affine| affine.a == 0.0 && affine.b > 0.0;
    let by = "no integer left uncoded can express";
    let fix = "leave the first normalisation coded, or prune these channels";
    refuse_constants(network, node, affines, constant, (by, fix), problems);
}

fn refuse_constants(
    network: &Network,
    node: usize,
    affines: &[Affine],
    constant: impl Fn(&Affine) -> bool,
    (by, fix): (&str, &str),
    problems: &mut Problems,
) {
    let channels = (0..affines.len()).filter(|&c| constant(&affines[c]));
    let channels: Vec<usize> = channels.collect();
    let place = format!("node `{}`", network.nodes[node].name);
    // Several layers may read one batch-norm.
    let known = problems.0.iter().any(|problem| problem.place == place);
    if !channels.is_empty() && !known {
        let have = have(&channels);
        let what = format!("{have} scale 0 and a shift above 0, a constant that {by}");
        problems.add(place, what, fix);
    }
}

/// Codes that hold the affine serve one affine: numerics §2 (re-centred) and §9 (rectified).
fn check_single(
    network: &Network,
    design: &Design,
    tensor: &PlannedTensor,
    problems: &mut Problems,
) {
    if let Some(readers) = two_readers(network, tensor) {
        problems.add(
            format!("node `{}`", network.nodes[tensor.node].name),
            format!(
                "{readers} normalise its values in two ways, and codes of affine = \"{}\" hold one",
                design.affine
            ),
            "write affine = \"exact\" or \"snapped\" with an L format",
        );
    }
}

/// The names of two batch-norms that read a tensor and differ in statistics or affine, if there are such.
fn two_readers(network: &Network, tensor: &PlannedTensor) -> Option<String> {
    let read = |reader: &Reader| read(network, reader, tensor.shape.channels);
    let first = tensor.readers.first()?;
    let other = tensor
        .readers
        .iter()
        .find(|&other| read(other) != read(first))?;
    let name = |reader: &Reader| &network.nodes[reader.norm].name;
    Some(format!("`{}` and `{}`", name(first), name(other)))
}

/// What a batch-norm makes of the channels of a tensor.
pub(super) fn read(network: &Network, reader: &Reader, channels: usize) -> Option<Vec<Stored>> {
    let norm = norm(network, reader.norm)?;
    let channels = reader.offset..reader.offset + channels;
    Some(channels.map(|c| Stored::of(norm, c)).collect())
}

/// "channel 3 has" or "channels 3, 7, 9 have".
pub(super) fn have(channels: &[usize]) -> String {
    let list = list(channels);
    match channels {
        [_] => format!("channel {list} has"),
        _ => format!("channels {list} have"),
    }
}

/// The first few of a list of channels.
fn list(channels: &[usize]) -> String {
    const SHOWN: usize = 8;
    let shown = channels.iter().take(SHOWN).map(ToString::to_string);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if channels.len() > SHOWN {
        text += &format!(" and {} more", channels.len() - SHOWN);
    }
    text
}
