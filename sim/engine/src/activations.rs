//! The input of one layer, and how it lies in the code banks.

use std::error::Error;
use std::fmt;

use cromulent_design::Design;
use cromulent_number::{naf, nearest};

use crate::layer::{Layer, LayerMode, Operands, PIXEL_BEATS};
use crate::layout::Layout;

/// A map of codes or integers. Those of images that are computed together are one map, each below the one before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activations {
    /// Channels.
    pub channels: usize,
    /// Height, pixels, of all images.
    pub height: usize,
    /// Width, pixels.
    pub width: usize,
    /// Row by row, channel fastest: `values[(y·width + x)·channels + c]`. Codes as their bits, integers
    /// −128..=127.
    pub values: Vec<i16>,
}

/// The activations are no input of the layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputError {
    what: String,
}

impl InputError {
    pub(crate) fn new(what: String) -> InputError {
        InputError { what }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for InputError {}

impl Activations {
    /// Image pixels 0..=255, in the order of [`Activations::values`], as the integers a layer is fed.
    /// With fewer than [`PIXEL_BEATS`] digits, less 128 and rounded to those of so many signed digits.
    pub fn from_pixels(
        channels: usize,
        height: usize,
        width: usize,
        pixels: &[u8],
        digits: usize,
    ) -> Activations {
        let integers: Vec<i16> = (0..=255).map(|p| pixel(p, digits)).collect();
        let values = pixels.iter().map(|&p| integers[usize::from(p)]).collect();
        Activations {
            channels,
            height,
            width,
            values,
        }
    }

    /// The channels of maps of one size, one after the other; `None` if there is no map, or sizes differ.
    pub fn concat(maps: &[&Activations]) -> Option<Activations> {
        let (&first, rest) = maps.split_first()?;
        let (height, width) = (first.height, first.width);
        if rest.is_empty() {
            return Some(first.clone());
        }
        let same = |map: &&Activations| (map.height, map.width) == (height, width);
        if !rest.iter().all(same) {
            return None;
        }
        let pixel = |at: usize| {
            let channels = move |map: &&Activations| at * map.channels..(at + 1) * map.channels;
            let values = maps.iter();
            values.flat_map(move |map| map.values.get(channels(map)).unwrap_or_default())
        };
        Some(Activations {
            channels: maps.iter().map(|map| map.channels).sum(),
            height,
            width,
            values: (0..height * width).flat_map(pixel).copied().collect(),
        })
    }

    /// Checks that these are an input of the layer: its shape, and every value one its operands have.
    ///
    /// # Errors
    /// A shape or a value that is not the layer's.
    pub fn check(&self, design: &Design, layer: &Layer) -> Result<(), InputError> {
        let g = &layer.geometry;
        let height = g.height * design.batch as usize;
        let given = (self.channels, self.height, self.width);
        if given != (g.channels, height, g.width)
            || self.values.len() != g.channels * height * g.width
        {
            return Err(InputError::new(format!(
                "layer {} takes {} × {} × {} values (channels, height, width), not {} × {} × {} ({} values)",
                layer.name,
                g.channels,
                height,
                g.width,
                given.0,
                given.1,
                given.2,
                self.values.len(),
            )));
        }
        let range = operand_range(design, layer.mode);
        if let Some(value) = self.values.iter().find(|value| !range.contains(value)) {
            return Err(InputError::new(format!(
                "layer {} takes values {} to {}, not {value}",
                layer.name,
                range.start(),
                range.end()
            )));
        }
        let digits = layer.places.digits();
        let long = |&&value: &&i16| digits < PIXEL_BEATS && naf(value.into()).count() > digits;
        match self.values.iter().find(long) {
            Some(value) => Err(InputError::new(format!(
                "layer {} takes integers of {digits} signed digits, not {value}",
                layer.name,
            ))),
            None => Ok(()),
        }
    }

    /// The map of one image of so many.
    pub(crate) fn image(&self, image: usize, images: usize) -> Activations {
        let height = self.height / images.max(1);
        let values = height * self.width * self.channels;
        let own = self.values.get(image * values..(image + 1) * values);
        Activations {
            height,
            values: own.unwrap_or_default().to_vec(),
            ..*self
        }
    }

    /// The words of the code banks from the first plane of a layout to its last, by \[address − the first
    /// one\]\[bank\]: two's complement, `code_word_bits` wide. Where no channel lies there are zeros.
    pub fn lines(&self, design: &Design, layout: &Layout) -> Vec<Vec<u64>> {
        let rows = design.rows as usize;
        let mask = (1u64 << design.code_word_bits()) - 1;
        let range = layout.range();
        let mut lines = vec![vec![0; rows]; range.len()];
        for stored in layout.stored() {
            let (step, (y, x)) = (stored.step, stored.phase);
            let pixels = (y..self.height)
                .step_by(step)
                .flat_map(|y| (x..self.width).step_by(step).map(move |x| (y, x)));
            for (line, (y, x)) in lines[stored.address - range.start..].iter_mut().zip(pixels) {
                let at = (y * self.width + x) * self.channels + stored.channel;
                let value = self.values.get(at).copied().unwrap_or(0);
                line[stored.bank] = i64::from(value).cast_unsigned() & mask;
            }
        }
        lines
    }
}

/// A pixel as the integer a layer is fed: less 128, and the nearest of so many signed digits.
pub(crate) fn pixel(pixel: u8, digits: usize) -> i16 {
    nearest(i32::from(pixel) - 128, digits) as i16
}

/// The values an operand of this mode may have.
pub fn operand_range(design: &Design, mode: LayerMode) -> std::ops::RangeInclusive<i16> {
    match mode.operands {
        Operands::Codes => 0..=(design.format.codes() - 1) as i16,
        Operands::Integers => -128..=127,
        Operands::Uncoded => 0..=127,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::LayerGeometry;
    use crate::layout::{Banks, Deal, Map, Place};
    use cromulent_design::Affine;
    use cromulent_number::Format;

    fn lines(rows: u32, channels: usize, maps: Option<&[Map]>) -> Vec<Vec<u64>> {
        let geometry = LayerGeometry {
            height: 1,
            width: 2,
            channels,
            out_channels: 1,
            kernel_height: 1,
            kernel_width: 1,
            stride: 1,
            padding: 0,
        };
        let activations = Activations {
            channels,
            height: 1,
            width: 2,
            values: (1..=2 * channels as i16).collect(),
        };
        let design = Design::new(rows, 1, Format::R5, Affine::Rectified);
        let layout = match maps {
            Some(maps) => Layout::of_codes(Banks::of(&design), &geometry, maps),
            None => Layout::of_image(Banks::of(&design), &geometry, 5, Deal::Shared),
        };
        activations.lines(&design, &layout)
    }

    #[test]
    fn shared_images_lie_in_every_bank() {
        assert_eq!(
            lines(2, 3, None),
            [[1, 1], [4, 4], [2, 2], [5, 5], [3, 3], [6, 6]].map(Vec::from)
        );
    }

    #[test]
    fn code_maps_begin_at_their_bank_and_are_stored_once() {
        let map = |channels, address, rotation| Map {
            channels,
            place: Place { address, rotation },
        };
        let maps = [map(2, 10, 2), map(1, 12, 1)];
        assert_eq!(
            lines(3, 3, Some(&maps)),
            [[0, 0, 1], [0, 0, 4], [2, 3, 0], [5, 6, 0]].map(Vec::from)
        );
    }
}
