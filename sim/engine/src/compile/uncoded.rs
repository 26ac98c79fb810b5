//! Normalisations left uncoded: which values, and the step of their integers (numerics §6).

use cromulent_design::{Design, PeKind};
use cromulent_network::{Network, Problems};

use super::First;
use super::form::integer_step;
use super::norms::{Stored, norm, two_readers};
use super::plan::{Plan, PlannedTensor};
use crate::layer::Storage;

const FIX: &str = "leave the first normalisation coded";

/// Leaves the first normalisation uncoded if that is wanted and the design can: the values that the first
/// batch-norm in the network's order reads.
pub(super) fn apply(
    network: &Network,
    design: &Design,
    first: First,
    plan: &mut Plan,
    problems: &mut Problems,
) {
    let node = (0..network.nodes.len()).find(|&node| norm(network, node).is_some());
    let Some(node) = node.filter(|_| first == First::Uncoded) else {
        return;
    };
    let place = format!("node `{}`", network.nodes[node].name);
    if design.pe == PeKind::Multiply {
        let what =
            "it cannot be left uncoded: the codes of pe = \"multiply\" are integers as it is";
        return problems.add(place, what, FIX);
    }
    if !design.image_digits {
        let what = "it cannot be left uncoded: the array takes no integers, image_digits = false";
        return problems.add(place, what, "write image_digits = true in the design");
    }
    for tensor in &mut plan.tensors {
        if tensor.readers.iter().any(|reader| reader.norm == node) {
            tensor.storage = Storage::Integers;
        }
    }
    check(network, plan, problems);
}

/// Refuses integers that hold more than one affine, and those that are read together with codes.
fn check(network: &Network, plan: &Plan, problems: &mut Problems) {
    let name = |node: usize| &network.nodes[node].name;
    for tensor in plan
        .tensors
        .iter()
        .filter(|t| t.storage == Storage::Integers)
    {
        if let Some(readers) = two_readers(network, tensor) {
            let what = format!(
                "{readers} normalise its values in two ways, and what is left uncoded is rectified for one"
            );
            problems.add(format!("node `{}`", name(tensor.node)), what, FIX);
        }
    }
    for layer in &plan.layers {
        let Some((node, tensors)) = &layer.input else {
            continue;
        };
        let uncoded = |&&tensor: &&usize| plan.tensors[tensor].storage == Storage::Integers;
        let count = tensors.iter().filter(uncoded).count();
        if count != 0 && count != tensors.len() {
            problems.add(
                format!("layer {}", name(layer.node)),
                format!("`{}` joins values left uncoded with codes", name(*node)),
                FIX,
            );
        }
    }
}

/// The step of each integer left uncoded, by tensor and channel, in standard deviations; empty for codes.
///
/// What comes from the residual stream, whose unit all its channels share, is shifted by the least that leaves it
/// room; what comes from an accumulator has the scale of its column to itself, so any step will do.
pub(super) fn steps(network: &Network, plan: &Plan, stream_exponents: &[i32]) -> Vec<Vec<f64>> {
    let steps = |tensor: &PlannedTensor| {
        if tensor.storage != Storage::Integers {
            return vec![];
        }
        let stream = plan.streams.iter().position(|&node| node == tensor.node);
        let stored = tensor.stored(network).into_iter();
        let step = |stored: Stored| {
            let wanted = integer_step(stored.affine.a, stored.affine.b);
            let Some(stream) = stream else {
                return wanted;
            };
            let unit = f64::from(stream_exponents[stream]).exp2() * stored.sigma;
            (unit * wanted).log2().ceil().max(0.0).exp2() / unit
        };
        stored.map(step).collect()
    };
    plan.tensors.iter().map(steps).collect()
}
