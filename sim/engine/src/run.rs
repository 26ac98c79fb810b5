//! A whole network, image by image.
//!
//! The array runs the layers; what follows it (align, add, quantise) is the same arithmetic whichever
//! executor ran them, and is done here.

use cromulent_design::Design;

use crate::activations::{Activations, InputError};
use crate::cycle_model::{self, Counters};
use crate::image::{Image, MapShape};
use crate::layer::{Layer, LayerInput, LayerOutput, ResidualStep, STREAM_RANGE};
use crate::reference::Reference;
use crate::word::OutputWord;

/// Which of the engine's executors runs the layers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Executor {
    /// Plain convolutions.
    Reference,
    /// The array's order, with cycles.
    CycleModel,
}

/// What a network did with one image.
#[derive(Clone, PartialEq, Debug)]
pub struct NetworkRun {
    /// One per layer of the image, in order.
    pub layers: Vec<LayerRun>,
    /// The network's outputs, in units of [`NetworkRun::score_unit`].
    pub scores: Vec<i64>,
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
    /// The class with the largest score, the first of them if there are several.
    pub fn class(&self) -> usize {
        let best = self.scores.iter().max();
        let place = self.scores.iter().position(|score| Some(score) == best);
        place.unwrap_or(0)
    }
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

    /// Runs the network on one image: pixels 0..=255, row by row, channel fastest.
    ///
    /// # Errors
    /// Pixels that are not the network's image.
    pub fn run(&self, pixels: &[u8], executor: Executor) -> Result<NetworkRun, InputError> {
        let mut state = State::new(self.image, pixels)?;
        let mut layers = Vec::new();
        for place in 0..self.image.layers.len() {
            let layer = &self.image.layers[place];
            let (words, counters) = self.words(place, &state.input(layer)?, executor)?;
            let saturations = state.accept(&self.image.design, layer, &words);
            layers.push(LayerRun {
                name: layer.name.clone(),
                words,
                counters,
                saturations,
            });
        }
        Ok(NetworkRun {
            layers,
            scores: state.scores,
            score_unit: state.score_unit,
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
        let mut state = State::new(self.image, pixels)?;
        for (before, layer) in self.image.layers[..place].iter().enumerate() {
            let (words, _) = self.words(before, &state.input(layer)?, Executor::Reference)?;
            state.accept(&self.image.design, layer, &words);
        }
        state.input(wanted)
    }

    fn words(
        &self,
        place: usize,
        input: &Activations,
        executor: Executor,
    ) -> Result<(Vec<OutputWord>, Option<Counters>), InputError> {
        let (design, layer) = (&self.image.design, &self.image.layers[place]);
        match executor {
            Executor::Reference => {
                input.check(design, layer)?;
                Ok((self.references[place].words(input), None))
            }
            Executor::CycleModel => {
                let run = cycle_model::run(design, layer, input)?;
                Ok((run.words, Some(run.counters)))
            }
        }
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

/// What has been computed so far.
struct State<'a> {
    pixels: Activations,
    tensors: Vec<Option<Activations>>,
    streams: Vec<Vec<i16>>,
    stream_shapes: &'a [MapShape],
    scores: Vec<i64>,
    score_unit: f64,
}

impl<'a> State<'a> {
    fn new(image: &'a Image, pixels: &[u8]) -> Result<State<'a>, InputError> {
        let MapShape {
            channels,
            height,
            width,
        } = image.input;
        if pixels.len() != image.input.values() {
            return Err(InputError::new(format!(
                "network {} takes images of {} pixels (channels × height × width), not {} values",
                image.network,
                image.input,
                pixels.len()
            )));
        }
        Ok(State {
            pixels: Activations::from_pixels(channels, height, width, pixels),
            tensors: vec![None; image.tensors.len()],
            streams: vec![vec![]; image.streams.len()],
            stream_shapes: &image.streams,
            scores: vec![],
            score_unit: 1.0,
        })
    }

    fn input(&self, layer: &Layer) -> Result<Activations, InputError> {
        let activations = match layer.input {
            LayerInput::Image => Some(&self.pixels),
            LayerInput::Codes(tensor) => self.tensors.get(tensor).and_then(Option::as_ref),
        };
        activations
            .cloned()
            .ok_or_else(|| InputError::new(format!("layer {} runs before its input", layer.name)))
    }

    /// Does with a layer's words what the program says; gives the saturated words of the stream.
    fn accept(&mut self, design: &Design, layer: &Layer, words: &[OutputWord]) -> u64 {
        let values = in_map_order(design, layer, words);
        match &layer.output {
            LayerOutput::Codes(tensor) => {
                let codes = values.iter().map(|&value| value as i16).collect();
                self.tensors[*tensor] = Some(map(layer, codes));
                0
            }
            LayerOutput::Residual(step) => self.add(design, layer, step, &values),
            LayerOutput::Scores { unit } => {
                self.scores = values;
                self.score_unit = *unit;
                0
            }
        }
    }

    fn add(&mut self, design: &Design, layer: &Layer, step: &ResidualStep, words: &[i64]) -> u64 {
        let channels = self.stream_shapes[step.result].channels;
        let base = step.base.map(|base| &self.streams[base]);
        let mut saturations = 0;
        let mut stream = Vec::with_capacity(words.len());
        for (place, &word) in words.iter().enumerate() {
            let old = base.and_then(|base| base.get(place)).copied().unwrap_or(0);
            let sum = step
                .align(place % channels, word)
                .saturating_add(old.into());
            let kept = sum.clamp(*STREAM_RANGE.start(), *STREAM_RANGE.end());
            saturations += u64::from(kept != sum);
            stream.push(kept as i16);
        }
        for normalisation in &step.normalise {
            let code = |(place, &word): (usize, &i16)| {
                normalisation
                    .code(design, place % channels, word.into())
                    .into()
            };
            let codes = stream.iter().enumerate().map(code).collect();
            self.tensors[normalisation.tensor] = Some(map(layer, codes));
        }
        self.streams[step.result] = stream;
        saturations
    }
}

/// A layer's output codes as the next layers' input.
fn map(layer: &Layer, values: Vec<i16>) -> Activations {
    let shape = crate::image::output_shape(layer);
    Activations {
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
        values,
    }
}

/// Words by \[position·channels + channel\].
fn in_map_order(design: &Design, layer: &Layer, words: &[OutputWord]) -> Vec<i64> {
    let channels = layer.geometry.out_channels;
    let mut values = vec![0; words.len()];
    for word in words {
        let channel = word.column_tile as usize * design.columns as usize + word.column as usize;
        let place = word.position as usize * channels + channel;
        if let Some(value) = values.get_mut(place) {
            *value = word.value;
        }
    }
    values
}
