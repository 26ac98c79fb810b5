//! The accuracy of one design, for other commands.

use cromulent_design::{Affine, Design};
use cromulent_engine::fast::FastRunner;
use cromulent_engine::{Choices, WeightValues, compile_with};
use cromulent_network::{Network, images::Example};

use super::combinations::Combination;
use super::tally::{Answer, Tally};
use super::{Program, in_floating_point, label, row};
use crate::Error;
use crate::cli::{First, Weights};
use crate::progress::Progress;
use crate::workload::read_back;

/// A network's own labelled images, and what it makes of them in floating point.
pub(in crate::commands) struct Judge<'a> {
    network: &'a Network,
    examples: Vec<Example>,
    float: Vec<Answer>,
}

impl<'a> Judge<'a> {
    /// `None` if the network has no labelled images.
    ///
    /// # Errors
    /// The images cannot be read.
    pub fn of(network: &'a Network, progress: &Progress) -> Result<Option<Judge<'a>>, Error> {
        let examples = network.examples(usize::MAX)?;
        if examples.is_empty() || examples.iter().any(|example| example.label.is_none()) {
            return Ok(None);
        }
        let float = in_floating_point(network, &examples, progress)?;
        Ok(Some(Judge {
            network,
            examples,
            float,
        }))
    }

    /// Top-1 in per cent in a design's format and form, in memories that hold the network, weights as `compile` makes
    /// them.
    ///
    /// # Errors
    /// The network does not go with the format.
    pub fn top1(&self, design: &Design, progress: &Progress) -> Result<f64, Error> {
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
            stream: Some(design.stream_bits),
        };
        let deep = combination.design(None);
        deep.validate()?;
        let compiled = compile_with(self.network, &deep, &combination.choices())?;
        let program = Program::new(combination, compiled)?;
        let row = row(&program, &self.examples, &self.float, progress)?;
        Ok(row.tally.percent(row.tally.top1))
    }
}

/// Top-1 in per cent of a network on labelled images, on a design, weights as `compile` makes them.
///
/// # Errors
/// The network does not go with the design, or the images not with the network.
pub(in crate::commands) fn top1(
    network: &Network,
    design: &Design,
    examples: &[Example],
) -> Result<f64, Error> {
    let compiled = compile_with(network, design, &Choices::default())?;
    let (image, _) = read_back(&compiled.image)?;
    let images: Vec<&[u8]> = examples.iter().map(|e| e.image.pixels.as_slice()).collect();
    let runs = FastRunner::new(&image).run_all(&images, || ())?;
    let answers = runs.iter().zip(examples);
    let answers = answers.map(|(run, example)| Answer::of(&run.scores, label(example)));
    let answers: Vec<Answer> = answers.collect();
    let tally = Tally::of(&answers, &answers);
    Ok(tally.percent(tally.top1))
}
