//! Every width that follows from a design.

use std::ops::RangeInclusive;

use crate::design::{Affine, Design, PeKind};
use crate::layout::{NormWord, OffsetWord, RowWord, ThetaWord, WeightWord};
use cromulent_number::Format;

/// How far, in pixels, a tap or the last stride may reach outside a map: `map_side` + 16 still fits a
/// coordinate.
pub const COORDINATE_MARGIN: u32 = 16;

/// The largest shift a digit of an 8-bit integer asks of a processing element.
const DIGIT_SHIFT: u32 = 7;

/// ⌈log2 count⌉: address bits of `count` things; 0 for none or one.
pub fn clog2(count: u32) -> u32 {
    match count {
        0 | 1 => 0,
        _ => u32::BITS - (count - 1).leading_zeros(),
    }
}

/// Bits that hold every value of 0..=`largest`, at least one.
pub fn bits_for(largest: u32) -> u32 {
    (u32::BITS - largest.leading_zeros()).max(1)
}

/// Address bits of a memory of `depth` words, at least one.
fn address_bits(depth: u32) -> u32 {
    clog2(depth).max(1)
}

impl Design {
    /// Whether several images are computed together.
    pub fn has_batch(&self) -> bool {
        self.batch > 1
    }

    /// Whether a processing element keeps a constant B: the exact affine form.
    pub fn has_bias(&self) -> bool {
        self.affine == Affine::Exact
    }

    /// Whether a processing element is sent a sign: signed codes, or digits.
    pub fn has_sign(&self) -> bool {
        self.format.is_signed() || self.image_digits
    }

    /// Whether a processing element is sent whether its operand is active: the exact form, rectified
    /// codes (0 adds nothing), or digits.
    pub fn has_active(&self) -> bool {
        self.has_bias() || self.format.is_rectified() || self.image_digits
    }

    /// Whether a processing element takes 8-bit integers whole, in one beat: the multipliers of int8.
    pub fn takes_whole_integers(&self) -> bool {
        matches!(self.pe, PeKind::Multiply | PeKind::Dsp) && self.format == Format::I8
    }

    /// Whether the array takes 8-bit integers: whole, or as signed digits.
    pub fn takes_integers(&self) -> bool {
        self.image_digits || self.takes_whole_integers()
    }

    /// Constants A a processing element keeps: one per step of an octave, 1, 2 or 4.
    pub fn constants(&self) -> u32 {
        self.format.root()
    }

    /// Bits that select one of [`Design::constants`]: 0, 1 or 2.
    pub fn root_bits(&self) -> u32 {
        clog2(self.constants())
    }

    /// The largest shift a processing element makes; 0 if it has Booth rows.
    pub fn largest_shift(&self) -> u32 {
        let bias = if self.has_bias() {
            self.format.bias_shift()
        } else {
            0
        };
        let digit = if self.image_digits { DIGIT_SHIFT } else { 0 };
        self.format.max_shift().max(bias).max(digit)
    }

    /// Bits of the shift a processing element is sent, at least 1.
    pub fn shift_bits(&self) -> u32 {
        bits_for(self.largest_shift())
    }

    /// Bits that choose an entry of a table of products: the code if it is rectified and all that comes, else what an
    /// element that shifts is sent. 0 if elements have no table.
    pub fn table_bits(&self) -> u32 {
        if self.pe != PeKind::Table {
            return 0;
        }
        if self.has_coded_tables() {
            return self.format.code_bits();
        }
        let flags = u32::from(self.has_sign()) + u32::from(self.has_active());
        self.shift_bits() + self.root_bits() + flags
    }

    /// Whether a table of products has an entry for each code, and no more: of rectified codes that come alone.
    pub fn has_coded_tables(&self) -> bool {
        self.pe == PeKind::Table && self.format.is_rectified() && !self.image_digits
    }

    /// How often the rows of a tile are loaded one after another: once, or once for every entry of a table of products.
    pub fn loads(&self) -> u32 {
        1 << self.table_bits()
    }

    /// Bits of a word of a code bank: a code, or the pixel that may stand there instead.
    pub fn code_word_bits(&self) -> u32 {
        self.format.code_bits().max(self.digit_word_bits())
    }

    /// 8, the bits of a pixel, if the array takes digits; else 0.
    fn digit_word_bits(&self) -> u32 {
        if self.image_digits { 8 } else { 0 }
    }

    /// Bits of a rectified integer that is left uncoded: 0 to 127, in the banks as in two's complement.
    pub const INTEGER_BITS: u32 = 7;

    /// Bits of what is pooled as it leaves: a code, or an integer left uncoded.
    pub fn pooled_bits(&self) -> u32 {
        let integer = if self.image_digits {
            Self::INTEGER_BITS
        } else {
            0
        };
        self.format.code_bits().max(integer)
    }

    /// The largest shift to the right with which the quantizer makes an integer of a difference. The largest
    /// difference is less than 64 with it.
    pub fn largest_integer_shift(&self) -> u32 {
        self.difference_bits() - Self::INTEGER_BITS
    }

    /// Bits of the difference the quantizer codes. A word of the stream less its mean may be longer than an output
    /// word.
    pub fn difference_bits(&self) -> u32 {
        self.total_bits().max(self.streamed(self.stream_bits + 2))
    }

    /// Address bits of a code bank.
    pub fn address_bits(&self) -> u32 {
        address_bits(self.code_depth)
    }

    /// Smallest and largest word of the residual stream.
    pub fn stream_range(&self) -> RangeInclusive<i64> {
        let beyond = 1 << (self.stream_bits - 1);
        -beyond..=beyond - 1
    }

    /// Whether there is a residual stream.
    pub fn has_stream(&self) -> bool {
        self.stream_depth > 0
    }

    /// The bits of a field that only the residual stream asks for.
    pub(crate) fn streamed(&self, bits: u32) -> u32 {
        if self.has_stream() { bits } else { 0 }
    }

    /// Clock cycles from the issue of a position at row 0 to its word leaving column 0, less the rows and columns it
    /// travels: a word of column j leaves `rows` + j + this many cycles after its last beat was issued.
    pub fn latency(&self) -> u32 {
        match self.has_stream() {
            true => crate::LATENCY,
            false => crate::LATENCY - crate::STREAM_LATENCY,
        }
    }

    /// Address bits of a column's residual stream.
    pub fn stream_address_bits(&self) -> u32 {
        address_bits(self.stream_depth)
    }

    /// Lanes of 32 bits in a beat of the bus.
    pub fn bus_lanes(&self) -> u32 {
        self.bus_bits / 32
    }

    /// Beats of the bus that a line of this many bits takes.
    pub fn beats(&self, bits: u32) -> u32 {
        bits.div_ceil(self.bus_bits.max(1))
    }

    /// Beats of a command, and of the header of a program.
    pub fn command_beats(&self) -> u32 {
        self.beats(32 * crate::COMMAND_LANES as u32)
    }

    /// Bits of a constant line: for each column an offset word, a norm word and its theta words.
    pub fn constant_line_bits(&self) -> u32 {
        let thetas = self.theta_banks() * ThetaWord::bits(self);
        self.columns * (OffsetWord::bits(self) + NormWord::bits(self) + thetas)
    }

    /// Bits of a tile line: a row word, then the weight word of each column.
    pub fn tile_line_bits(&self) -> u32 {
        RowWord::bits(self) + self.columns * WeightWord::bits(self)
    }

    /// Bits of a code line: a word for each row's bank.
    pub fn code_line_bits(&self) -> u32 {
        self.rows * self.code_word_bits()
    }

    /// Bits of a code line in the scratch region: a code for each row's bank, without what fills up its word.
    pub fn map_line_bits(&self) -> u32 {
        self.rows * self.format.code_bits()
    }

    /// Whole code lines in a beat of the scratch region, at least 1.
    pub fn map_lines_per_beat(&self) -> u32 {
        (self.bus_bits / self.map_line_bits().max(1)).max(1)
    }

    /// Beats a code line of the scratch region takes: 1, unless a beat is too narrow for it.
    pub fn map_line_beats(&self) -> u32 {
        self.beats(self.map_line_bits()).max(1)
    }

    /// Beats that so many code lines take that lie one after another in the scratch region.
    pub fn map_beats(&self, lines: u64) -> u64 {
        let whole = lines.div_ceil(u64::from(self.map_lines_per_beat()));
        whole.saturating_mul(u64::from(self.map_line_beats()))
    }

    /// Beats of maps that the queue before the write channel holds: a burst that waits, and what is on its way
    /// once there is no room for more.
    pub fn map_fifo_beats(&self) -> u32 {
        (crate::BURST_BEATS + 8 + 2 * self.map_line_beats()).next_power_of_two()
    }

    /// Address bits of the queue of weights.
    pub fn weight_address_bits(&self) -> u32 {
        address_bits(self.weight_depth)
    }

    /// Address bits of a column's quantizer constants.
    pub fn channel_address_bits(&self) -> u32 {
        address_bits(self.channel_depth)
    }

    /// Address bits of a column's accumulators.
    pub fn tile_address_bits(&self) -> u32 {
        address_bits(self.tile_depth)
    }

    /// Bits of a signed pixel coordinate, which may lie up to [`COORDINATE_MARGIN`] outside the map.
    pub fn coordinate_bits(&self) -> u32 {
        clog2(self.map_side.saturating_add(COORDINATE_MARGIN)) + 1
    }

    /// Bits of the threshold field of a row word: T has code_bits + 1, a pixel's pad value 8.
    pub fn threshold_bits(&self) -> u32 {
        (self.format.code_bits() + 1).max(self.digit_word_bits())
    }

    /// Bits of a cut of the quantizer less its leading one, or of the multiplier of uniform and level formats: W + 1.
    pub fn theta_bits(&self) -> u32 {
        self.threshold_fraction_bits + 1
    }

    /// Memories of cuts a column has: one per step of an octave.
    pub fn theta_banks(&self) -> u32 {
        self.format.root()
    }

    /// Bits of the signed product a processing element adds, for constants of −(2^(n−1)−1) ..= 2^(n−1)−1.
    pub fn product_bits(&self) -> u32 {
        let digit = if self.image_digits { DIGIT_SHIFT } else { 0 };
        // A number of n bits is less than 2^n.
        let code = match self.pe {
            PeKind::Shift | PeKind::LogLog | PeKind::Table => self.format.max_shift(),
            PeKind::Rows | PeKind::Multiply | PeKind::Dsp => self.format.code_bits(),
        };
        let weight = self.weight_bits + code.max(digit);
        let bias = self.bias_bits + self.format.bias_shift();
        if self.has_bias() {
            weight.max(bias)
        } else {
            weight
        }
    }

    /// Bits of the signed sum of one column over its rows: `partial_sum_bits` if given, else
    /// [`Design::product_bits`] + ⌈log2 rows⌉, which no weights overflow.
    pub fn sum_bits(&self) -> u32 {
        self.partial_sum_bits
            .unwrap_or_else(|| self.product_bits() + clog2(self.rows))
    }

    /// Bits of the signed difference of accumulator and mean, and of an output word.
    pub fn total_bits(&self) -> u32 {
        self.accumulator_bits + 1
    }

    /// Bits of the signed product when a quantizer of a uniform or a level format scales an output word, with a bit
    /// to spare; 0 for log codes.
    pub fn scaled_bits(&self) -> u32 {
        match self.format.is_scaled() {
            true => self.difference_bits() + self.threshold_fraction_bits + 2,
            false => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_round_up() {
        let logs = [0, 1, 2, 3, 4, 5, 8, 9, 1 << 31, u32::MAX].map(clog2);
        assert_eq!(logs, [0, 0, 1, 2, 2, 3, 3, 4, 31, 32]);
        assert_eq!(
            [0, 1, 2, 3, 4, 255, 256, u32::MAX].map(bits_for),
            [1, 1, 2, 2, 3, 8, 9, 32]
        );
    }

    /// Per format: bits of shift, root select, product (8-bit constants), column sum over 32 rows.
    const TABLE: [(Format, Affine, [u32; 4]); 14] = [
        (Format::L2, Affine::Exact, [1, 0, 9, 14]),
        (Format::L3, Affine::Exact, [2, 0, 11, 16]),
        (Format::L4, Affine::Exact, [3, 0, 15, 20]),
        (Format::L5, Affine::Exact, [3, 1, 15, 20]),
        (Format::L2, Affine::Recentred, [1, 0, 9, 14]),
        (Format::L3, Affine::Snapped, [2, 0, 11, 16]),
        (Format::L4, Affine::Recentred, [3, 0, 15, 20]),
        (Format::R2, Affine::Rectified, [2, 0, 10, 15]),
        (Format::R3, Affine::Rectified, [3, 0, 14, 19]),
        (Format::R4, Affine::Rectified, [3, 1, 15, 20]),
        (Format::R5, Affine::Rectified, [3, 2, 15, 20]),
        (Format::I8, Affine::Rectified, [1, 0, 16, 21]),
        (Format::I4, Affine::Rectified, [1, 0, 12, 17]),
        (Format::I3, Affine::Rectified, [1, 0, 11, 16]),
    ];

    #[test]
    fn widths_of_every_format() {
        for (format, affine, expected) in TABLE {
            let design = Design::new(32, 32, format, affine);
            let widths = [
                design.shift_bits(),
                design.root_bits(),
                design.product_bits(),
                design.sum_bits(),
            ];
            assert_eq!(widths, expected, "{format} {affine}");
        }
    }

    #[test]
    fn digits_widen_what_they_pass() {
        let plain = Design::new(8, 8, Format::R2, Affine::Rectified);
        let digits = Design {
            image_digits: true,
            ..plain.clone()
        };
        assert!(!plain.has_sign() && digits.has_sign());
        assert_eq!((plain.shift_bits(), digits.shift_bits()), (2, 3));
        assert_eq!((plain.product_bits(), digits.product_bits()), (10, 15));
        assert_eq!((plain.code_word_bits(), digits.code_word_bits()), (2, 8));
        assert_eq!((plain.threshold_bits(), digits.threshold_bits()), (3, 8));
    }

    #[test]
    fn a_beat_of_the_scratch_region_holds_whole_lines() {
        let of = |rows, format, bus_bits| {
            let affine = if format == Format::R3 {
                Affine::Rectified
            } else {
                Affine::Exact
            };
            let design = Design {
                bus_bits,
                ..Design::new(rows, 1, format, affine)
            };
            let numbers = (design.map_lines_per_beat(), design.map_line_beats());
            (numbers, [0, 1, 5].map(|lines| design.map_beats(lines)))
        };
        assert_eq!(of(8, Format::L4, 128), ((4, 1), [0, 1, 2]));
        assert_eq!(of(8, Format::R3, 128), ((5, 1), [0, 1, 1]));
        assert_eq!(of(32, Format::L4, 128), ((1, 1), [0, 1, 5]));
        assert_eq!(of(32, Format::L5, 128), ((1, 2), [0, 2, 10]));
    }

    #[test]
    fn a_wide_bias_decides_the_product() {
        let design = Design {
            weight_bits: 4,
            bias_bits: 12,
            ..Design::new(1, 1, Format::L4, Affine::Exact)
        };
        assert_eq!(design.product_bits(), 15);
        let narrow = Design {
            format: Format::L3,
            ..design
        };
        assert_eq!(narrow.product_bits(), 13);
    }

    #[test]
    fn memories_of_one_word_still_have_an_address() {
        let design = Design {
            code_depth: 1,
            channel_depth: 2,
            map_side: 32,
            ..Design::new(1, 1, Format::L4, Affine::Exact)
        };
        assert_eq!(
            (design.address_bits(), design.channel_address_bits()),
            (1, 1)
        );
        assert_eq!(
            (design.weight_address_bits(), design.tile_address_bits()),
            (9, 10)
        );
        assert_eq!(design.coordinate_bits(), 7);
    }
}
