//! The accuracy of one design, for other commands.

use cromulent_design::{Affine, Design};
use cromulent_engine::WeightValues;
use cromulent_network::Network;

use super::combinations::Combination;
use super::{Program, in_floating_point, row};
use crate::Error;
use crate::cli::{First, Weights};
use crate::progress::Progress;
use cromulent_engine::compile_with;

/// Top-1 in per cent of a network's own labelled images in a design's format and form, in memories that hold it,
/// weights as `compile` makes them. `None` if the network has no labelled images.
///
/// # Errors
/// The network does not go with the format.
pub(in crate::commands) fn top1(
    network: &Network,
    design: &Design,
    progress: &Progress,
) -> Result<Option<f64>, Error> {
    let examples = network.examples(usize::MAX)?;
    if examples.is_empty() || examples.iter().any(|example| example.label.is_none()) {
        return Ok(None);
    }
    let combination = Combination {
        format: design.format,
        first: First::Coded,
        affine: match design.affine {
            Affine::Snapped => Affine::Recentred,
            other => other,
        },
        weights: Weights {
            bits: design.weight_bits,
            values: WeightValues::Whole,
        },
    };
    let deep = combination.design(None);
    deep.validate()?;
    let compiled = compile_with(network, &deep, &combination.choices())?;
    let program = Program::new(combination, compiled)?;
    let float = in_floating_point(network, &examples, progress)?;
    let row = row(&program, &examples, &float, progress)?;
    Ok(Some(row.tally.percent(row.tally.top1)))
}
