//! The program image: the one thing every executor reads.
//!
//! An image holds a network compiled for a design: the layers in the order they run, each with its
//! parameter words, and what happens to their words. [`Image::to_bytes`] and [`Image::from_bytes`] are the
//! file, [`Image::check`] the promise that an executor can run it: it is made on compiling and again on
//! reading, so nobody else needs to doubt an image.

mod bytes;
mod check;
mod container;
mod flow;
#[cfg(test)]
mod tests;

pub(crate) use flow::output_shape;

use std::error::Error;
use std::fmt;

use cromulent_design::Design;

use crate::activations::{Activations, InputError};
use crate::image_input::ImageInput;
use crate::layer::{Layer, LayerInput, LayerOutput, Places, Storage};
use crate::layout::{Map, Place};
use crate::memory::MapMove;

/// The version of the container. Other versions are refused.
pub const VERSION: u32 = 5;

/// A network compiled for a design.
#[derive(Clone, PartialEq, Debug)]
pub struct Image {
    /// The design it was compiled for.
    pub design: Design,
    /// The name of the network.
    pub network: String,
    /// The image the network takes.
    pub input: MapShape,
    /// The code-bank address the image is fetched to.
    pub input_address: usize,
    /// How it is stored there, and streamed to the layers that read it.
    pub image_input: ImageInput,
    /// The code tensors, by number. Each is written by one layer, before any reads it.
    pub tensors: Vec<Tensor>,
    /// The values of the residual stream, by number, likewise.
    pub streams: Vec<StreamValue>,
    /// Code lines that move to memory and back between layers, in the order of the program.
    pub moves: Vec<MapMove>,
    /// The layers, in the order they run. The last one gives the scores.
    pub layers: Vec<Layer>,
}

/// A code map that layers pass on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tensor {
    /// Its shape.
    pub shape: MapShape,
    /// Where it lies in the code banks.
    pub place: Place,
    /// How its values are stored.
    pub storage: Storage,
}

/// A value of the residual stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StreamValue {
    /// Its shape.
    pub shape: MapShape,
    /// Its first word in the stream of every column.
    pub base: usize,
}

/// The shape of a feature map.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MapShape {
    /// Channels.
    pub channels: usize,
    /// Height, pixels.
    pub height: usize,
    /// Width, pixels.
    pub width: usize,
}

impl MapShape {
    /// Number of values.
    pub fn values(&self) -> usize {
        self.channels
            .saturating_mul(self.height)
            .saturating_mul(self.width)
    }
}

impl MapShape {
    /// The map of so many images, each below the one before.
    #[must_use]
    pub(crate) fn of_batch(self, images: usize) -> MapShape {
        MapShape {
            height: self.height.saturating_mul(images),
            ..self
        }
    }
}

impl fmt::Display for MapShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} × {}", self.channels, self.height, self.width)
    }
}

/// Why bytes are no image, or an image not the one wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImageError {
    /// The bytes do not start with the magic number.
    NotAnImage,
    /// The container has another version.
    Version {
        /// The version found.
        found: u32,
    },
    /// The bytes end before the length in the header.
    Truncated {
        /// Bytes there are.
        found: usize,
        /// Bytes there should be.
        expected: u64,
    },
    /// The bytes were changed after they were written.
    Checksum,
    /// The contents cannot be read.
    Malformed {
        /// Byte offset in the file.
        at: usize,
        /// What is wrong there.
        what: String,
    },
    /// The contents make no program that can run.
    Invalid {
        /// The part of the image, such as a layer.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The image was compiled for another design.
    OtherDesign {
        /// The design it was compiled for.
        compiled_for: String,
        /// The design wanted.
        wanted: String,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageError::NotAnImage => {
                write!(f, "not a program image: it does not start with CROM")
            }
            ImageError::Version { found } => write!(
                f,
                "the program image has version {found}, and only version {VERSION} can be read; compile it again"
            ),
            ImageError::Truncated { found, expected } => write!(
                f,
                "the program image is truncated: {found} bytes of {expected}"
            ),
            ImageError::Checksum => write!(
                f,
                "the program image is damaged: its checksum does not match"
            ),
            ImageError::Malformed { at, what } => {
                write!(f, "the program image is damaged at byte {at}: {what}")
            }
            ImageError::Invalid { place, what } => {
                write!(f, "the program image cannot run: {place}: {what}")
            }
            ImageError::OtherDesign {
                compiled_for,
                wanted,
            } => write!(
                f,
                "the program image was compiled for design {compiled_for}, not for {wanted}; compile it again"
            ),
        }
    }
}

impl Error for ImageError {}

impl Image {
    /// Checks that the image was compiled for this design (its name aside).
    ///
    /// # Errors
    /// [`ImageError::OtherDesign`].
    pub fn require_design(&self, design: &Design) -> Result<(), ImageError> {
        let name = |design: &Design| format!("{} ({:016x})", design.name, design.fingerprint());
        if self.design.fingerprint() == design.fingerprint() {
            return Ok(());
        }
        Err(ImageError::OtherDesign {
            compiled_for: name(&self.design),
            wanted: name(design),
        })
    }

    /// Images that are computed together.
    pub fn batch(&self) -> usize {
        self.design.batch as usize
    }

    /// The pixels of a batch of some images, one after another: what is left of it repeats the last of them.
    pub fn fill_batch(&self, images: &[&[u8]]) -> Vec<u8> {
        let rest = images.last().into_iter().cycle();
        let all = images.iter().chain(rest).take(self.batch());
        all.flat_map(|pixels| pixels.iter().copied()).collect()
    }

    /// The pixels of an image, 0..=255, row by row, channel fastest, as the network's input; of a batch of images one
    /// after another.
    ///
    /// # Errors
    /// Pixels that are not the network's images.
    pub fn activations(&self, pixels: &[u8]) -> Result<Activations, InputError> {
        let MapShape {
            channels,
            height,
            width,
        } = self.input;
        let batch = self.batch();
        if pixels.len() == batch.saturating_mul(self.input.values()) {
            let digits = self.image_input.digits;
            let height = batch * height;
            return Ok(Activations::from_pixels(
                channels, height, width, pixels, digits,
            ));
        }
        let together = match batch {
            1 => String::new(),
            batch => format!(", {batch} at a time"),
        };
        Err(InputError::new(format!(
            "network {} takes images of {} pixels (channels × height × width){together}, not {} values",
            self.network,
            self.input,
            pixels.len()
        )))
    }

    /// Where the values of a layer with these ends lie. What is not declared lies at 0.
    pub fn places(&self, input: &LayerInput, output: &LayerOutput) -> Places {
        let tensor = |&tensor: &usize| self.tensors.get(tensor);
        let map = |tensor: &Tensor| Map {
            channels: tensor.shape.channels,
            place: tensor.place,
        };
        let image = Map {
            channels: self.input.channels,
            place: Place {
                address: self.input_address,
                rotation: 0,
            },
        };
        let base = |stream: usize| self.streams.get(stream).map_or(0, |value| value.base);
        let step = output.residual();
        Places {
            input: match input {
                LayerInput::Image => vec![image],
                LayerInput::Codes(tensors) => tensors.iter().filter_map(tensor).map(map).collect(),
            },
            image: (*input == LayerInput::Image).then_some(self.image_input),
            codes: output
                .codes()
                .and_then(|codes| self.tensors.get(codes))
                .map_or(Place::default(), |tensor| tensor.place),
            read: step.and_then(|step| step.base).map_or(0, base),
            write: step.map_or(0, |step| base(step.result)),
        }
    }

    /// How a layer stores the codes it writes.
    pub fn storage(&self, output: &LayerOutput) -> Storage {
        let tensor = output.codes().and_then(|codes| self.tensors.get(codes));
        tensor.map_or(Storage::Codes, |tensor| tensor.storage)
    }

    /// The layers that read the image. It is laid out, and fetched, as the first of them wants it.
    pub fn image_readers(&self) -> impl Iterator<Item = &Layer> {
        let layers = self.layers.iter();
        layers.filter(|layer| layer.input == LayerInput::Image)
    }

    /// The place of a layer in [`Image::layers`], by its name.
    pub fn layer(&self, name: &str) -> Option<usize> {
        self.layers.iter().position(|layer| layer.name == name)
    }
}
