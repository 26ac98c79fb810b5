//! The foot of a column: from a total to the word that leaves, in the widths of the pipeline.

use cromulent_design::Design;
use cromulent_number::{Format, Subset, encode_in};

use super::wrap;
use crate::constants::{Channel, read_channel};
use crate::layer::Layer;

/// A column's constants for a column tile, and what the layer wants of them.
pub(super) struct Foot<'a> {
    design: &'a Design,
    layer: &'a Layer,
    channel: Channel,
}

/// What leaves a column for a total.
pub(super) struct Finished {
    /// The word that leaves.
    pub word: i64,
    /// The word of the residual stream, if the layer writes it.
    pub kept: Option<i16>,
    /// Whether it saturated.
    pub saturated: bool,
}

impl<'a> Foot<'a> {
    pub fn new(design: &'a Design, layer: &'a Layer, column_tile: u32, column: usize) -> Foot<'a> {
        let channel = column_tile as usize * design.columns as usize + column;
        Foot {
            design,
            layer,
            channel: read_channel(design, layer, channel),
        }
    }

    /// What becomes of a total. `number` counts the words of this column in this layer.
    pub fn word(&self, stream: &[i16], number: usize, total: i64) -> Finished {
        let registers = &self.layer.registers;
        let difference = wrap(total - self.channel.offset, self.design.total_bits());
        let (kept, saturated) = match registers.stream {
            true => {
                let (word, saturated) = self.residual(stream, number, difference);
                (Some(word), saturated)
            }
            false => (None, false),
        };
        let value = kept.map_or(difference, i64::from);
        let mean = self.channel.quantizer.mean;
        let word = if registers.raw {
            wrap(value - mean, self.design.total_bits())
        } else {
            self.code(value)
        };
        Finished {
            word,
            kept,
            saturated,
        }
    }

    /// The code of a value, by the registers of the layer.
    fn code(&self, value: i64) -> i64 {
        let registers = &self.layer.registers;
        let format = match registers.integers {
            true => Format::I8,
            false => self.design.format,
        };
        let subset = Subset {
            largest: registers.largest,
            step: 1 << registers.spacing,
        };
        encode_in(format, subset, value, &self.channel.quantizer)
            .0
            .into()
    }

    /// Align, add, saturate, clamp.
    fn residual(&self, stream: &[i16], number: usize, difference: i64) -> (i16, bool) {
        let registers = &self.layer.registers;
        let base = if registers.add {
            let at = registers.stream_read as usize + number;
            stream.get(at).copied().unwrap_or(0)
        } else {
            0
        };
        // Two bits more: adding any word of the stream to a saturated one saturates.
        let bits = self.design.stream_bits;
        let sum = saturate(aligned(difference, self.channel.align), bits + 2) + i64::from(base);
        let kept = saturate(sum.into(), bits);
        let floor = if registers.clamp {
            self.channel.floor.into()
        } else {
            kept
        };
        (kept.max(floor) as i16, kept != sum)
    }
}

/// The arithmetic shift to the right of a difference, plus the last bit it shifts out.
fn aligned(difference: i64, align: i32) -> i128 {
    if align <= 0 {
        return i128::from(difference) << align.unsigned_abs().min(32);
    }
    let half = difference >> (align - 1).min(63) & 1;
    i128::from((difference >> align.min(63)) + half)
}

/// The nearest value of this many bits, two's complement.
fn saturate(value: i128, bits: u32) -> i64 {
    let limit = 1i128 << (bits - 1);
    value.clamp(-limit, limit - 1) as i64
}
