//! The values of a network as the reference passes them on: by number, wherever the machine keeps them.

use cromulent_design::Design;

use crate::activations::{Activations, InputError};
use crate::image::Image;
use crate::layer::{Layer, LayerInput};
use crate::reference::{Outcome, Reference};
use crate::word::OutputWord;

/// What has been computed so far.
pub(crate) struct Values<'a> {
    design: &'a Design,
    pixels: Activations,
    tensors: Vec<Option<Activations>>,
    streams: Vec<Vec<i16>>,
}

impl<'a> Values<'a> {
    /// The values of a network before its first layer.
    pub fn new(image: &'a Image, pixels: Activations) -> Values<'a> {
        Values {
            design: &image.design,
            pixels,
            tensors: vec![None; image.tensors.len()],
            streams: vec![vec![]; image.streams.len()],
        }
    }

    /// The input of a layer.
    ///
    /// # Errors
    /// A layer that runs before its input is there.
    pub fn input(&self, layer: &LayerInput, name: &str) -> Result<Activations, InputError> {
        let LayerInput::Codes(tensors) = layer else {
            return Ok(self.pixels.clone());
        };
        let tensor = |&tensor: &usize| self.tensors.get(tensor)?.as_ref();
        let maps: Option<Vec<&Activations>> = tensors.iter().map(tensor).collect();
        maps.and_then(|maps| Activations::concat(&maps))
            .ok_or_else(|| InputError::new(format!("layer {name} runs before its input")))
    }

    /// A value of the stream, by \[position·channels + channel\].
    pub fn stream(&self, number: Option<usize>) -> Option<&[i16]> {
        self.streams.get(number?).map(Vec::as_slice)
    }

    /// Runs a layer and keeps what it writes.
    ///
    /// # Errors
    /// A layer that runs before its input or its base is there.
    pub fn step(&mut self, layer: &Layer, reference: &Reference) -> Result<Outcome, InputError> {
        let step = layer.output.residual();
        let base = self.stream(step.and_then(|step| step.base));
        let input = self.input(&layer.input, &layer.name)?;
        let mut outcome = reference.run(&input, base)?;
        if let Some(step) = step
            && let Some(value) = self.streams.get_mut(step.result)
        {
            *value = std::mem::take(&mut outcome.stream);
        }
        if let Some(tensor) = layer.output.codes()
            && let Some(kept) = self.tensors.get_mut(tensor)
        {
            let codes = in_map_order(self.design, layer, &outcome.words);
            *kept = Some(map(self.design, layer, &codes));
        }
        Ok(outcome)
    }
}

/// Words by \[position·channels + channel\].
pub(crate) fn in_map_order(design: &Design, layer: &Layer, words: &[OutputWord]) -> Vec<i64> {
    let channels = layer.geometry.out_channels;
    let lanes = layer.lanes(design);
    let mut values = vec![0; words.len()];
    for word in words {
        let channel = word.column_tile as usize * lanes + word.column as usize;
        let place = word.position as usize * channels + channel;
        if let Some(value) = values.get_mut(place) {
            *value = word.value;
        }
    }
    values
}

/// A layer's output codes as the next layers' input.
fn map(design: &Design, layer: &Layer, codes: &[i64]) -> Activations {
    let shape = layer.mode.code_map(&layer.geometry);
    let shape = shape.of_batch(design.batch as usize);
    Activations {
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
        values: codes.iter().map(|&code| code as i16).collect(),
    }
}
