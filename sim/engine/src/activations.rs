//! The input of one layer, and how it lies in the code banks.

use std::error::Error;
use std::fmt;

use cromulent_design::Design;

use crate::geometry::{LayerGeometry, Packing};
use crate::layer::{Layer, LayerMode, Operands};

/// A map of codes or integers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activations {
    /// Channels.
    pub channels: usize,
    /// Height, pixels.
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
    pub fn from_pixels(channels: usize, height: usize, width: usize, pixels: &[u8]) -> Activations {
        let values = pixels.iter().map(|&p| i16::from(p) - 128).collect();
        Activations {
            channels,
            height,
            width,
            values,
        }
    }

    /// Checks that these are an input of the layer: its shape, and every value one its operands have.
    ///
    /// # Errors
    /// A shape or a value that is not the layer's.
    pub fn check(&self, design: &Design, layer: &Layer) -> Result<(), InputError> {
        let g = &layer.geometry;
        let given = (self.channels, self.height, self.width);
        if given != (g.channels, g.height, g.width)
            || self.values.len() != g.channels * g.height * g.width
        {
            return Err(InputError::new(format!(
                "layer {} takes {} × {} × {} values (channels, height, width), not {} × {} × {} ({} values)",
                layer.name,
                g.channels,
                g.height,
                g.width,
                given.0,
                given.1,
                given.2,
                self.values.len(),
            )));
        }
        let range = operand_range(design, layer.mode);
        match self.values.iter().find(|value| !range.contains(value)) {
            Some(value) => Err(InputError::new(format!(
                "layer {} takes values {} to {}, not {value}",
                layer.name,
                range.start(),
                range.end()
            ))),
            None => Ok(()),
        }
    }

    /// The words of the code banks, by \[row\]\[address\]: two's complement, `code_word_bits` wide.
    ///
    /// Banks of rows that no channel falls on hold zeros. See [`crate::geometry`] for the order.
    pub fn banks(&self, design: &Design, geometry: &LayerGeometry) -> Vec<Vec<u64>> {
        let rows = design.rows as usize;
        let mask = (1u64 << design.code_word_bits()) - 1;
        let bank = |row| {
            let pixels = self.values.chunks(self.channels.max(1));
            let words = pixels.flat_map(|pixel| channels_of_row(rows, row, pixel));
            words
                .map(|value| i64::from(value).cast_unsigned() & mask)
                .take(geometry.bank_words(rows))
                .collect()
        };
        (0..rows).map(bank).collect()
    }
}

/// The values of one pixel that lie in the bank of a row, one per group.
fn channels_of_row(rows: usize, row: usize, pixel: &[i16]) -> impl Iterator<Item = i16> + use<'_> {
    let channels = pixel.len();
    let Packing { groups, copies } = Packing::new(rows, channels);
    (0..groups).map(move |group| {
        let channel = if channels >= rows {
            group * rows + row
        } else if row < channels * copies {
            row % channels
        } else {
            channels
        };
        pixel.get(channel).copied().unwrap_or(0)
    })
}

/// The values an operand of this mode may have.
pub fn operand_range(design: &Design, mode: LayerMode) -> std::ops::RangeInclusive<i16> {
    match mode.operands {
        Operands::Codes => 0..=(design.format.codes() - 1) as i16,
        Operands::Integers => -128..=127,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::Affine;
    use cromulent_number::Format;

    fn banks(rows: u32, channels: usize) -> Vec<Vec<u64>> {
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
            values: (0..2 * channels as i16).collect(),
        };
        let design = Design::new(rows, 1, Format::R5, Affine::Rectified);
        activations.banks(&design, &geometry)
    }

    #[test]
    fn wide_maps_are_dealt_out_in_groups() {
        assert_eq!(banks(2, 3), [vec![0, 2, 3, 5], vec![1, 0, 4, 0]]);
    }

    #[test]
    fn narrow_maps_are_stored_side_by_side() {
        let pixel = [vec![0, 2], vec![1, 3]];
        let expected = [&pixel[0], &pixel[1], &pixel[0], &pixel[1], &vec![0, 0]];
        assert_eq!(banks(5, 2).iter().collect::<Vec<_>>(), expected);
    }
}
