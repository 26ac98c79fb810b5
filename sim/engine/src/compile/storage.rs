//! How the values of each normalisation are stored: as codes of the design, of a narrower format, or uncoded
//! (numerics §6), and the step of integers.

use cromulent_design::Design;
use cromulent_network::{Network, Problems};
use cromulent_number::Format;

use super::norms::{Stored, norm};
use super::plan::{Plan, PlannedOutput, PlannedTensor};
use super::step::integer_step;
use super::{Choices, First, forms};
use crate::layer::Storage;

/// What would be right where integers cannot be.
pub(super) const FIX: &str = "leave this normalisation coded";

/// Stores the values that each batch-norm reads as its network, or the choice of whoever compiles, wants.
///
/// # Errors
/// Problems name the batch-norm whose wish the design cannot do, and values that cannot be stored in the ways wanted.
pub(super) fn apply(
    network: &Network,
    design: &Design,
    choices: &Choices,
    plan: &mut Plan,
    problems: &mut Problems,
) {
    let mut wishes = wishes(network, design, choices, problems);
    forms::follow(network, plan, &mut wishes);
    forms::apply(network, design, &wishes, plan, problems);
    check(network, plan, problems);
}

/// How the values of each batch-norm are to be stored, by node; `None` of one that does not mind.
fn wishes(
    network: &Network,
    design: &Design,
    choices: &Choices,
    problems: &mut Problems,
) -> Vec<Option<Storage>> {
    let norms = (0..network.nodes.len()).filter(|&node| norm(network, node).is_some());
    let norms: Vec<usize> = norms.collect();
    let name = |node: usize| network.nodes[node].name.as_str();
    for (wanted, _) in &choices.formats {
        if !norms.iter().any(|&node| name(node) == wanted) {
            let what = "a format is wanted for it, and there is no such batch-norm";
            problems.add(
                format!("node `{wanted}`"),
                what,
                "name a batch-norm of the network",
            );
        }
    }
    let mut wishes = vec![None; network.nodes.len()];
    for &node in &norms {
        let is_first = Some(&node) == norms.first();
        let chosen = choices
            .formats
            .iter()
            .rfind(|(wanted, _)| wanted == name(node));
        let wish = match chosen {
            _ if is_first && choices.first == First::Uncoded => Some(Format::I8),
            Some(&(_, format)) => Some(format),
            None => norm(network, node).and_then(|norm| norm.format),
        };
        match wish.map(|format| storage(design, format)) {
            None => {}
            Some(Ok(storage)) => wishes[node] = Some(storage),
            Some(Err((what, fix))) => problems.add(format!("node `{}`", name(node)), what, fix),
        }
    }
    wishes
}

/// How a design stores a format; or what is wrong, and what would be right.
fn storage(design: &Design, format: Format) -> Result<Storage, (String, String)> {
    let own = design.format;
    if format == Format::I8 && own == Format::I8 {
        let what = "it cannot be left uncoded: the codes of format = \"I8\" are integers as it is";
        return Err((what.to_owned(), FIX.to_owned()));
    }
    if format == own {
        return Ok(Storage::Codes);
    }
    if format == Format::I8 {
        if design.image_digits {
            return Ok(Storage::Integers);
        }
        let what = "it cannot be left uncoded: the array takes no integers, image_digits = false";
        return Err((
            what.to_owned(),
            "write image_digits = true in the design".to_owned(),
        ));
    }
    if own.subset(format).is_some() {
        return Ok(Storage::Narrow(format));
    }
    let held: Vec<&str> = own.narrower().map(Format::name).collect();
    let held = match held[..] {
        [] => "which holds no other".to_owned(),
        _ => format!("which holds {}", held.join(", ")),
    };
    Err((
        format!("{format} cannot be stored by a design of format = \"{own}\", {held}"),
        "leave its format out, or choose a design whose format holds it".to_owned(),
    ))
}

/// Refuses integers that are pooled in the rows, which compare codes.
fn check(network: &Network, plan: &Plan, problems: &mut Problems) {
    let uncoded = |tensor: &&PlannedTensor| tensor.storage == Storage::Integers;
    let pooled = |tensor: &&PlannedTensor| !tensor.is_coded();
    for tensor in plan.tensors.iter().filter(uncoded).filter(pooled) {
        let what = "it pools values left uncoded in a pass of its own, and that takes codes";
        let name = &network.nodes[tensor.node].name;
        problems.add(format!("node `{name}`"), what, FIX);
    }
}

/// The step of each integer left uncoded, by tensor and channel, in standard deviations; empty for codes.
///
/// What comes from the residual stream, whose unit all its channels share, is shifted by the least that leaves it
/// room; what comes from an accumulator has the scale of its column to itself, so any step will do.
pub(super) fn steps(network: &Network, plan: &Plan, stream_exponents: &[i32]) -> Vec<Vec<f64>> {
    let steps = |(number, tensor): (usize, &PlannedTensor)| {
        if tensor.storage != Storage::Integers {
            return vec![];
        }
        let mut layers = plan.layers.iter();
        let stream = layers.find_map(|layer| match layer.output {
            PlannedOutput::Residual { result, codes, .. } if codes == Some(number) => Some(result),
            _ => None,
        });
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
    plan.tensors.iter().enumerate().map(steps).collect()
}
