//! A whole network, image by image.
//!
//! The reference is handed the values of each layer by number, and so knows nothing of the memories on chip;
//! the cycle model is one machine that runs the layers in order, as the program does.

use cromulent_design::Design;

use crate::activations::{Activations, InputError};
use crate::cycle_model::{Counters, Machine};
use crate::image::Image;
use crate::layer::{Layer, LayerOutput};
use crate::memory::Pending;
use crate::reference::Reference;
use crate::values::{Values, in_map_order};
use crate::word::OutputWord;

/// Which of the engine's executors runs the layers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Executor {
    /// Plain convolutions.
    Reference,
    /// The machine's order, with its memories and cycles.
    CycleModel,
}

/// What a network did with one image, or with a batch of them.
#[derive(Clone, PartialEq, Debug)]
pub struct NetworkRun {
    /// One per layer of the image, in order.
    pub layers: Vec<LayerRun>,
    /// The network's outputs, in units of [`NetworkRun::score_unit`]; of a batch image after image.
    pub scores: Vec<i64>,
    /// The same in the order in which the machine writes them.
    pub results: Vec<i64>,
    /// Images that were computed together.
    pub images: usize,
    /// What a score of 1 is worth.
    pub score_unit: f64,
}

/// What one layer did.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerRun {
    /// The layer's name.
    pub name: String,
    /// Its words.
    pub words: Vec<OutputWord>,
    /// What it took; only the cycle model knows.
    pub counters: Option<Counters>,
    /// Words of the residual stream that saturated.
    pub saturations: u64,
}

impl NetworkRun {
    /// The scores of an image, by its place in the batch.
    pub fn scores_of(&self, image: usize) -> &[i64] {
        let each = self.scores.len() / self.images.max(1);
        let own = self.scores.get(image * each..(image + 1) * each);
        own.unwrap_or_default()
    }

    /// The class with the largest score of the first image, the first of them if there are several.
    pub fn class(&self) -> usize {
        class_of(self.scores_of(0))
    }
}

/// The results of a program that takes so many images at a time, image after image. The machine writes those of each
/// column tile image by image, so that only with more classes than columns they are in another order.
pub fn by_image(design: &Design, results: &[i64]) -> Vec<Vec<i64>> {
    let batch = design.batch.max(1) as usize;
    let tile = batch * design.columns.max(1) as usize;
    let mut images = vec![vec![]; batch];
    for tile in results.chunks(tile) {
        let live = tile.len().div_ceil(batch);
        for (image, words) in images.iter_mut().zip(tile.chunks(live)) {
            image.extend_from_slice(words);
        }
    }
    images
}

/// The place of the largest score, the first of them if there are several.
pub(crate) fn class_of(scores: &[i64]) -> usize {
    let best = scores.iter().max();
    let place = scores.iter().position(|score| Some(score) == best);
    place.unwrap_or(0)
}

/// A program ready for many images: constants are unpacked once.
pub struct Runner<'a> {
    image: &'a Image,
    references: Vec<Reference<'a>>,
}

impl<'a> Runner<'a> {
    /// Prepares an image that passed [`Image::check`], as every image does that was compiled or read.
    pub fn new(image: &'a Image) -> Runner<'a> {
        let reference = |layer| Reference::new(&image.design, layer);
        Runner {
            image,
            references: image.layers.iter().map(reference).collect(),
        }
    }

    /// Runs the network on one image: pixels 0..=255, row by row, channel fastest; or on a whole batch, see
    /// [`Image::fill_batch`].
    ///
    /// # Errors
    /// Pixels that are not the network's image.
    pub fn run(&self, pixels: &[u8], executor: Executor) -> Result<NetworkRun, InputError> {
        let input = self.image.activations(pixels)?;
        let layers = match executor {
            Executor::Reference => self.reference(input)?,
            Executor::CycleModel => self.model(&input)?,
        };
        let (last, words) = (self.image.layers.last(), layers.last());
        let scores = last.zip(words).map_or(vec![], |(layer, run)| {
            in_map_order(&self.image.design, layer, &run.words)
        });
        let results = words.map_or(vec![], |run| {
            run.words.iter().map(|word| word.value).collect()
        });
        let score_unit = match last.map(|layer| &layer.output) {
            Some(LayerOutput::Scores { unit }) => *unit,
            _ => 1.0,
        };
        Ok(NetworkRun {
            layers,
            scores,
            results,
            images: self.image.batch(),
            score_unit,
        })
    }

    /// The input of one layer for an image, so that the layer can be run alone.
    ///
    /// # Errors
    /// Pixels that are not the network's image, or a layer that is not there.
    pub fn layer_input(&self, pixels: &[u8], place: usize) -> Result<Activations, InputError> {
        let Some(wanted) = self.image.layers.get(place) else {
            return Err(InputError::new(format!("there is no layer {place}")));
        };
        let mut values = Values::new(self.image, self.image.activations(pixels)?);
        for (layer, reference) in self.image.layers[..place].iter().zip(&self.references) {
            values.step(layer, reference)?;
        }
        values.input(&wanted.input, &wanted.name)
    }

    fn reference(&self, input: Activations) -> Result<Vec<LayerRun>, InputError> {
        let mut values = Values::new(self.image, input);
        let layers = self.image.layers.iter().zip(&self.references);
        let run = |(layer, reference): (&Layer, &Reference)| {
            let outcome = values.step(layer, reference)?;
            Ok(LayerRun {
                name: layer.name.clone(),
                words: outcome.words,
                counters: None,
                saturations: outcome.saturations,
            })
        };
        layers.map(run).collect()
    }

    /// All layers on one machine.
    fn model(&self, input: &Activations) -> Result<Vec<LayerRun>, InputError> {
        let mut machine = Machine::new(&self.image.design);
        if let Some(first) = self.image.image_readers().next() {
            machine.fetch(first, input)?;
        }
        let mut moves = Pending::new(&self.image.moves);
        let run = |(number, layer): (usize, &Layer)| {
            for lines in moves.before(number) {
                machine.move_lines(&lines);
            }
            let run = machine.run(layer);
            LayerRun {
                name: layer.name.clone(),
                words: run.words,
                counters: Some(run.counters),
                saturations: run.counters.saturations,
            }
        };
        Ok(self.image.layers.iter().enumerate().map(run).collect())
    }
}

/// Runs a network on one image; see [`Runner`] for many.
///
/// # Errors
/// Pixels that are not the network's image.
pub fn run_network(
    image: &Image,
    pixels: &[u8],
    executor: Executor,
) -> Result<NetworkRun, InputError> {
    Runner::new(image).run(pixels, executor)
}

/// The input of one layer for an image; see [`Runner::layer_input`].
///
/// # Errors
/// Pixels that are not the network's image, or a layer that is not there.
pub fn layer_input(image: &Image, pixels: &[u8], place: usize) -> Result<Activations, InputError> {
    Runner::new(image).layer_input(pixels, place)
}
