//! Whether every value of an image is written before it is read, once, and in the shape it is read in.

use super::check::{Fault, require};
use super::{Image, MapShape};
use crate::layer::{Layer, LayerInput, LayerOutput, Operands, ResidualStep, Storage};

/// Which values have been written so far.
pub(super) struct Flow<'a> {
    pub image: &'a Image,
    pub tensors: Vec<bool>,
    pub streams: Vec<bool>,
}

impl Flow<'_> {
    /// Checks a layer, and marks what it writes.
    pub fn layer(&mut self, layer: &Layer, last: bool) -> Fault {
        self.input(layer)?;
        let (shape, codes) = (output_shape(layer), layer.mode.code_map(&layer.geometry));
        let places = self.image.places(&layer.input, &layer.output);
        require(places == layer.places, || {
            "its values do not lie where the image says".to_owned()
        })?;
        require(layer.output.codes().is_some() != layer.mode.raw, || {
            "its words are codes where integers are wanted, or the reverse".to_owned()
        })?;
        let storage = self.image.storage(&layer.output);
        require(layer.mode.storage == storage, || {
            "stores its codes in another way than its tensor says".to_owned()
        })?;
        if let (true, LayerInput::Codes(read)) = (layer.mode.max_pool(), &layer.input) {
            let kept = |&tensor: &usize| self.image.tensors[tensor].storage == storage;
            require(read.iter().all(kept), || {
                "is a max-pool that changes the format of its codes".to_owned()
            })?;
        }
        if let Storage::Narrow(format) = storage {
            let own = self.image.design.format;
            require(format != own && own.subset(format).is_some(), || {
                format!("stores codes of {format}, which those of {own} do not hold")
            })?;
        }
        let scores = matches!(layer.output, LayerOutput::Scores { .. });
        require(scores == last, || {
            "the scores are to come from the last layer, and from no other".to_owned()
        })?;
        match &layer.output {
            LayerOutput::Codes(tensor) => self.write_tensor(*tensor, codes),
            LayerOutput::Residual(step) => self.residual(step, shape, codes),
            LayerOutput::Scores { unit } => require(unit.is_finite() && *unit > 0.0, || {
                format!("the unit of the scores is {unit}")
            }),
            LayerOutput::Nothing => Err("nothing becomes of its words".to_owned()),
        }
    }

    fn input(&self, layer: &Layer) -> Fault {
        let g = &layer.geometry;
        let (shapes, operands) = match &layer.input {
            LayerInput::Image => (vec![self.image.input], Operands::Integers),
            LayerInput::Codes(tensors) => (self.tensors(tensors)?, self.operands(tensors)?),
        };
        let channels = shapes
            .iter()
            .fold(0usize, |sum, shape| sum.saturating_add(shape.channels));
        require(channels == g.channels, || {
            format!("takes {} channels, its input has {channels}", g.channels)
        })?;
        let same = |shape: &MapShape| (shape.height, shape.width) == (g.height, g.width);
        require(shapes.iter().all(same), || {
            format!(
                "takes maps of {} × {} pixels, its input has others",
                g.height, g.width
            )
        })?;
        require(operands == layer.mode.operands, || {
            "takes integers from codes, or the reverse".to_owned()
        })
    }

    /// What a layer is fed that reads these tensors.
    fn operands(&self, tensors: &[usize]) -> Result<Operands, String> {
        let operands = |&tensor: &usize| self.image.tensors[tensor].storage.operands();
        let first = tensors.first().map_or(Operands::Codes, operands);
        require(
            tensors.iter().all(|tensor| operands(tensor) == first),
            || "reads codes and integers at once".to_owned(),
        )?;
        Ok(first)
    }

    /// The shapes of tensors that are to be written already.
    fn tensors(&self, tensors: &[usize]) -> Result<Vec<MapShape>, String> {
        let shape = |&tensor: &usize| match self.tensors.get(tensor) {
            Some(true) => Ok(self.image.tensors[tensor].shape),
            _ => Err(format!("reads code tensor {tensor} before it is written")),
        };
        tensors.iter().map(shape).collect()
    }

    fn write_tensor(&mut self, tensor: usize, shape: MapShape) -> Fault {
        let found = self.image.tensors.get(tensor).map(|tensor| tensor.shape);
        write(&mut self.tensors, found, tensor, shape)
            .map_err(|what| format!("code tensor {tensor} {what}"))
    }

    /// Checks and marks a stream value of one shape, and the codes of it of another.
    fn residual(&mut self, step: &ResidualStep, shape: MapShape, codes: MapShape) -> Fault {
        if let Some(base) = step.base {
            let written = self.streams.get(base) == Some(&true);
            require(written && self.image.streams[base].shape == shape, || {
                format!("adds to stream value {base}, which is not there or of another shape")
            })?;
        }
        let shape = if step.pooled { codes } else { shape };
        let found = self.image.streams.get(step.result).map(|value| value.shape);
        write(&mut self.streams, found, step.result, shape)
            .map_err(|what| format!("stream value {} {what}", step.result))?;
        match step.codes {
            Some(tensor) => self.write_tensor(tensor, codes),
            None => Ok(()),
        }
    }
}

/// Marks a value as written.
fn write(written: &mut [bool], found: Option<MapShape>, value: usize, shape: MapShape) -> Fault {
    let (Some(written), Some(found)) = (written.get_mut(value), found) else {
        return Err("is not declared".to_owned());
    };
    require(found == shape, || {
        format!("has {found} values, not {shape}")
    })?;
    require(!std::mem::replace(written, true), || {
        "is written twice".to_owned()
    })
}

/// The shape of what a layer computes, before its codes are pooled.
pub(crate) fn output_shape(layer: &Layer) -> MapShape {
    let g = &layer.geometry;
    let (height, width) = if layer.mode.pool {
        (1, 1)
    } else {
        (g.out_height(), g.out_width())
    };
    MapShape {
        channels: g.out_channels,
        height,
        width,
    }
}
