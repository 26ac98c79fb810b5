//! One layer of a program image: its shape, its registers, its parameter words and what becomes of its
//! output.

use cromulent_design::{Design, LayerRegisters, PeKind};
use cromulent_number::{Quantizer, encode};

use crate::geometry::LayerGeometry;

/// Beats of an 8-bit integer in signed digits: no value of −128..=127 needs more.
pub const PIXEL_BEATS: usize = 4;

/// What the rows of the array are fed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operands {
    /// Codes of the design's format.
    Codes,
    /// Integers −128..=127: pixels, less 128.
    Integers,
}

/// How a layer is run, beside its geometry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LayerMode {
    /// What the rows are fed.
    pub operands: Operands,
    /// Whether all positions add into one word: global pooling, 1×1 kernels without padding only.
    pub pool: bool,
    /// Whether words leave as integers (accumulator less mean) in place of codes.
    pub raw: bool,
}

impl LayerMode {
    /// Beats an operand takes on this design.
    pub fn beats(self, design: &Design) -> usize {
        if self.operands == Operands::Integers && design.pe == PeKind::Shift {
            PIXEL_BEATS
        } else {
            1
        }
    }
}

/// One layer, ready for any executor. Words are laid out as [`cromulent_design::layout`] says.
///
/// [`cromulent_design::layout`]: cromulent_design::RowWord
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// The name of the learnt layer in its network.
    pub name: String,
    /// The shape.
    pub geometry: LayerGeometry,
    /// Codes or integers in, codes or integers out.
    pub mode: LayerMode,
    /// What the sequencer is told; follows from design, geometry and mode, see [`registers`].
    pub registers: LayerRegisters,
    /// Row words by row tile·rows + row.
    pub row_words: Vec<u64>,
    /// Weight words by \[column\]\[(column tile·row tiles + row tile)·rows + row\].
    pub weight_words: Vec<Vec<u64>>,
    /// Offset words by \[column\]\[column tile\].
    pub offset_words: Vec<Vec<u64>>,
    /// Theta words by \[cut\]\[column\]\[column tile\].
    pub theta_words: Vec<Vec<Vec<u64>>>,
    /// Multiply-accumulates as the network counts them.
    pub macs: u64,
    /// Where the input comes from.
    pub input: LayerInput,
    /// What becomes of the words.
    pub output: LayerOutput,
}

/// Where a layer's input comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LayerInput {
    /// The image: pixels less 128.
    Image,
    /// A code tensor of the program, by number.
    Codes(usize),
}

/// What becomes of a layer's words.
#[derive(Clone, PartialEq, Debug)]
pub enum LayerOutput {
    /// They are the codes of this tensor.
    Codes(usize),
    /// They are added into the residual stream.
    Residual(ResidualStep),
    /// They are the network's outputs.
    Scores {
        /// What 1 is worth, the same for every output.
        unit: f64,
    },
}

/// Align, add, write back, quantise: what follows a layer that feeds the residual stream.
///
/// `result = saturate16(base + align(word))`, then each quantizer codes `result` for the layers that
/// normalise it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResidualStep {
    /// How far each output channel's words are shifted to the right, rounding half up, to reach the unit
    /// of the stream; to the left if negative.
    pub shifts: Vec<i8>,
    /// The stream value added to, by number; `None` where the words begin one.
    pub base: Option<usize>,
    /// The stream value written, by number.
    pub result: usize,
    /// The normalisations of `result`.
    pub normalise: Vec<Normalisation>,
}

/// One N of a stream value: the quantizer of each channel and the code tensor they write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Normalisation {
    /// The code tensor, by number.
    pub tensor: usize,
    /// One per channel.
    pub quantizers: Vec<Quantizer>,
}

/// Smallest and largest word of the residual stream.
pub const STREAM_RANGE: std::ops::RangeInclusive<i64> = i16::MIN as i64..=i16::MAX as i64;

impl ResidualStep {
    /// An output word of a channel in the unit of the stream.
    pub fn align(&self, channel: usize, word: i64) -> i64 {
        let shift = self.shifts.get(channel).copied().unwrap_or(0);
        match u32::from(shift.unsigned_abs()).min(62) {
            0 => word,
            left if shift < 0 => {
                // Saturates long before it could overflow: the stream has 16 bits.
                i64::try_from(i128::from(word) << left).unwrap_or(if word < 0 {
                    i64::MIN
                } else {
                    i64::MAX
                })
            }
            right => word.saturating_add(1 << (right - 1)) >> right,
        }
    }
}

impl Normalisation {
    /// The code of a stream word of a channel.
    pub fn code(&self, design: &Design, channel: usize, word: i64) -> u8 {
        let quantizer = self.quantizers.get(channel).copied().unwrap_or_default();
        encode(design.format, word, &quantizer).0
    }
}

/// The registers of a layer with this shape and mode. They follow from nothing else: the schedule, and so
/// every cycle count, is a function of them.
///
/// Values too large for a register saturate at `u32::MAX`, which [`LayerRegisters::validate`] refuses.
pub fn registers(design: &Design, geometry: &LayerGeometry, mode: LayerMode) -> LayerRegisters {
    let rows = design.rows as usize;
    let positions = geometry.positions();
    let passes = if mode.pool {
        1
    } else {
        positions.div_ceil((design.tile_depth as usize).max(1))
    };
    // Evenly filled: a short last pass would not hide the load of the tile after it.
    let pass_positions = positions.div_ceil(passes);
    let last_positions = positions - (passes - 1) * pass_positions;
    let step = geometry.stride * geometry.packing(rows).groups;
    LayerRegisters {
        height: word(geometry.height),
        width: word(geometry.width),
        stride: word(geometry.stride),
        x_step: address(design, step.cast_signed()),
        y_step: address(design, (step * geometry.width).cast_signed()),
        output_width: word(geometry.out_width()),
        pass_positions: word(pass_positions),
        last_positions: word(last_positions),
        passes: word(passes),
        row_tiles: word(geometry.row_tiles(rows)),
        column_tiles: word(geometry.column_tiles(design.columns as usize)),
        beats: word(mode.beats(design)),
        digits: mode.operands == Operands::Integers,
        pool: mode.pool,
        raw: mode.raw,
    }
}

fn word(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A code-bank address or distance, modulo 2^`address_bits`.
pub(crate) fn address(design: &Design, value: isize) -> u32 {
    let mask = (1u64 << design.address_bits()) - 1;
    ((value as i64).cast_unsigned() & mask) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(shifts: Vec<i8>) -> ResidualStep {
        ResidualStep {
            shifts,
            base: None,
            result: 0,
            normalise: vec![],
        }
    }

    #[test]
    fn alignment_rounds_half_up() {
        let step = step(vec![2, 0, -3]);
        let aligned: Vec<_> = [-7, -6, -5, -2, -1, 1, 2, 6]
            .map(|w| step.align(0, w))
            .into();
        assert_eq!(aligned, [-2, -1, -1, 0, 0, 0, 1, 2]);
        assert_eq!(step.align(1, -5), -5);
        assert_eq!(step.align(2, -5), -40);
        assert_eq!(step.align(2, i64::MIN), i64::MIN);
        assert_eq!(step.align(9, 4), 4);
    }
}
