//! The words of the parameter memories, bit by bit.
//!
//! Fields are laid one after another from bit 0 on. A field that a design does not have is zero bits wide
//! and holds only 0. Signed fields are two's complement.

use std::fmt;

use crate::design::Design;

/// One field of a word.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WordField {
    /// The name, as in the struct of the word; the constants A are `a0`, `a1`, ….
    pub name: &'static str,
    /// The lowest bit.
    pub low: u32,
    /// The width in bits; 0 if the design has no such field.
    pub bits: u32,
    /// Whether it is two's complement.
    pub signed: bool,
}

/// A value that its field cannot hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DoesNotFit {
    /// The field.
    pub field: &'static str,
    /// The value it was to hold.
    pub value: i64,
    /// The field's width in bits.
    pub bits: u32,
    /// Whether it is two's complement.
    pub signed: bool,
}

impl fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.signed { "signed" } else { "unsigned" };
        let DoesNotFit {
            field, value, bits, ..
        } = self;
        write!(f, "{field} = {value} does not fit {bits} bits, {sign}")
    }
}

impl std::error::Error for DoesNotFit {}

impl WordField {
    /// The value in its place in the word.
    fn place(self, value: i64) -> Result<u64, DoesNotFit> {
        let error = DoesNotFit {
            field: self.name,
            value,
            bits: self.bits,
            signed: self.signed,
        };
        if !self.holds(value) {
            return Err(error);
        }
        if self.bits == 0 {
            return Ok(0);
        }
        let kept = value.cast_unsigned() & self.mask();
        kept.checked_shl(self.low)
            .filter(|_| self.low + self.bits <= u64::BITS)
            .ok_or(error)
    }

    /// The value this field has in a word.
    pub fn extract(self, word: u64) -> i64 {
        let bits = word.checked_shr(self.low).unwrap_or(0) & self.mask();
        let top = 1u64.checked_shl(self.bits.wrapping_sub(1)).unwrap_or(0);
        if self.signed && bits & top != 0 {
            (bits | !self.mask()).cast_signed()
        } else {
            bits.cast_signed()
        }
    }

    /// Ones in the low `bits` bits.
    fn mask(self) -> u64 {
        1u64.checked_shl(self.bits)
            .map_or(u64::MAX, |power| power - 1)
    }

    /// Whether the value is in range.
    fn holds(self, value: i64) -> bool {
        let value = i128::from(value);
        let (low, high) = match (self.bits, self.signed) {
            (0, _) => (0, 0),
            (bits, true) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
            (bits, false) => (0, (1i128 << bits) - 1),
        };
        (low..=high).contains(&value)
    }
}

/// Name, bits and sign of a field.
type Spec = (&'static str, u32, bool);

/// Lays fields one after another from bit 0.
fn lay<const N: usize>(specs: [Spec; N]) -> [WordField; N] {
    let mut low = 0;
    specs.map(|(name, bits, signed)| {
        let field = WordField {
            name,
            low,
            bits,
            signed,
        };
        low += bits;
        field
    })
}

/// Bits of all fields together.
fn total<const N: usize>(fields: [WordField; N]) -> u32 {
    fields.iter().map(|field| field.bits).sum()
}

fn pack<const N: usize>(fields: [WordField; N], values: [i64; N]) -> Result<u64, DoesNotFit> {
    fields
        .iter()
        .zip(values)
        .try_fold(0, |word, (field, value)| Ok(word | field.place(value)?))
}

fn unpack<const N: usize>(fields: [WordField; N], word: u64) -> [i64; N] {
    fields.map(|field| field.extract(word))
}

/// What one row of one tile reads and how it decides: the first word of a tile line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RowWord {
    /// Added to the position's offset to address the code bank, modulo 2^`address_bits`.
    pub base: u32,
    /// The tap's row relative to the position, pixels.
    pub dy: i32,
    /// The tap's column relative to the position, pixels.
    pub dx: i32,
    /// Exact: the threshold T, 0..=2^code_bits. Snapped and re-centred: the value order of t̂. A layer
    /// that streams integers: its pad value, see [`RowWord::pad`].
    pub threshold: u32,
    /// Whether the affine descends (a < 0).
    pub descending: bool,
}

impl RowWord {
    /// The fields: base, dy, dx, threshold, descending.
    pub fn fields(design: &Design) -> [WordField; 5] {
        let coordinate = design.coordinate_bits();
        lay([
            ("base", design.address_bits(), false),
            ("dy", coordinate, true),
            ("dx", coordinate, true),
            ("threshold", design.threshold_bits(), false),
            ("descending", 1, false),
        ])
    }

    /// Width of the word in bits.
    pub fn bits(design: &Design) -> u32 {
        total(Self::fields(design))
    }

    /// The word.
    ///
    /// # Errors
    /// The first field whose value is out of range.
    pub fn pack(&self, design: &Design) -> Result<u64, DoesNotFit> {
        let values = [
            i64::from(self.base),
            i64::from(self.dy),
            i64::from(self.dx),
            i64::from(self.threshold),
            i64::from(self.descending),
        ];
        pack(Self::fields(design), values)
    }

    /// The fields of a word.
    pub fn unpack(word: u64, design: &Design) -> RowWord {
        let [base, dy, dx, threshold, descending] = unpack(Self::fields(design), word);
        RowWord {
            base: base as u32,
            dy: dy as i32,
            dx: dx as i32,
            threshold: threshold as u32,
            descending: descending != 0,
        }
    }

    /// The threshold field of a row whose padding is this integer: its 8 bits.
    pub fn pad_threshold(pad: i8) -> u32 {
        u32::from(pad.cast_unsigned())
    }

    /// The padding of a row that streams integers.
    pub fn pad(&self) -> i8 {
        self.threshold as u8 as i8
    }
}

/// The constants of one processing element: a tile line has one for each column.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct WeightWord {
    /// A·2^(i/constants) for each of [`Design::constants`]; the rest 0.
    pub a: [i32; 4],
    /// B, exact form only; else 0.
    pub b: i32,
}

impl WeightWord {
    /// The fields: a0 to a3, b.
    pub fn fields(design: &Design) -> [WordField; 5] {
        let a = |i: u32| {
            if i < design.constants() {
                design.weight_bits
            } else {
                0
            }
        };
        let b = if design.has_bias() {
            design.bias_bits
        } else {
            0
        };
        lay([
            ("a0", a(0), true),
            ("a1", a(1), true),
            ("a2", a(2), true),
            ("a3", a(3), true),
            ("b", b, true),
        ])
    }

    /// Width of the word in bits.
    pub fn bits(design: &Design) -> u32 {
        total(Self::fields(design))
    }

    /// The word.
    ///
    /// # Errors
    /// The first field whose value is out of range.
    pub fn pack(&self, design: &Design) -> Result<u64, DoesNotFit> {
        let [a0, a1, a2, a3] = self.a.map(i64::from);
        pack(Self::fields(design), [a0, a1, a2, a3, i64::from(self.b)])
    }

    /// The fields of a word.
    pub fn unpack(word: u64, design: &Design) -> WeightWord {
        let [a0, a1, a2, a3, b] = unpack(Self::fields(design), word).map(|value| value as i32);
        WeightWord {
            a: [a0, a1, a2, a3],
            b,
        }
    }
}

/// What takes an output channel's accumulator to the residual stream, or to the quantizer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct OffsetWord {
    /// Subtracted from the accumulator.
    pub mean: i64,
    /// How far the difference is shifted to the right to reach the unit of the residual stream, rounding
    /// half up; to the left if negative.
    pub align: i32,
}

impl OffsetWord {
    /// The fields: mean, align.
    pub fn fields(design: &Design) -> [WordField; 2] {
        lay([
            ("mean", design.accumulator_bits, true),
            ("align", design.streamed(Self::ALIGN_BITS), true),
        ])
    }

    /// Bits of the shift.
    pub const ALIGN_BITS: u32 = 6;

    /// Width of the word in bits.
    pub fn bits(design: &Design) -> u32 {
        total(Self::fields(design))
    }

    /// The word.
    ///
    /// # Errors
    /// The first field whose value is out of range.
    pub fn pack(&self, design: &Design) -> Result<u64, DoesNotFit> {
        pack(Self::fields(design), [self.mean, i64::from(self.align)])
    }

    /// The fields of a word.
    pub fn unpack(word: u64, design: &Design) -> OffsetWord {
        let [mean, align] = unpack(Self::fields(design), word);
        OffsetWord {
            mean,
            align: align as i32,
        }
    }
}

/// How an output channel is coded: N(x) less its cuts, and the floor of the residual stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NormWord {
    /// Subtracted from a word of the residual stream; 0 in a layer that does not feed it.
    pub mean: i32,
    /// The quantizer's exponent in steps of the base; uniform and level formats: the shift after the multiplication.
    pub exponent: i32,
    /// Whether the difference is negated (a < 0, rectified codes).
    pub negate: bool,
    /// The least word of the residual stream, where the layer clamps it.
    pub floor: i32,
    /// Whether the smallest code of a window is kept, where the layer pools its codes as they leave.
    pub descending: bool,
}

impl NormWord {
    /// Bits of the exponent.
    pub const EXPONENT_BITS: u32 = 8;

    /// Bits of the mean: one more than a word of the stream.
    pub fn mean_bits(design: &Design) -> u32 {
        design.stream_bits + 1
    }

    /// The fields: mean, exponent, negate, floor, descending.
    pub fn fields(design: &Design) -> [WordField; 5] {
        lay([
            ("mean", design.streamed(Self::mean_bits(design)), true),
            ("exponent", Self::EXPONENT_BITS, true),
            ("negate", 1, false),
            ("floor", design.streamed(design.stream_bits), true),
            ("descending", u32::from(design.max_pool), false),
        ])
    }

    /// Width of the word in bits.
    pub fn bits(design: &Design) -> u32 {
        total(Self::fields(design))
    }

    /// The word.
    ///
    /// # Errors
    /// The first field whose value is out of range.
    pub fn pack(&self, design: &Design) -> Result<u64, DoesNotFit> {
        let values = [
            i64::from(self.mean),
            i64::from(self.exponent),
            i64::from(self.negate),
            i64::from(self.floor),
            i64::from(self.descending),
        ];
        pack(Self::fields(design), values)
    }

    /// The fields of a word.
    pub fn unpack(word: u64, design: &Design) -> NormWord {
        let [mean, exponent, negate, floor, descending] = unpack(Self::fields(design), word);
        NormWord {
            mean: mean as i32,
            exponent: exponent as i32,
            negate: negate != 0,
            floor: floor as i32,
            descending: descending != 0,
        }
    }
}

/// One cut of an output channel's quantizer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ThetaWord {
    /// The cut less its leading one, θ − 2^W, 0..=2^W. Uniform and level formats: the multiplier, 0..2^(W+1).
    pub value: u32,
}

impl ThetaWord {
    /// The one field, `value`.
    pub fn fields(design: &Design) -> [WordField; 1] {
        lay([("value", design.theta_bits(), false)])
    }

    /// Width of the word in bits.
    pub fn bits(design: &Design) -> u32 {
        total(Self::fields(design))
    }

    /// The word of a cut θ in 2^W..=2^(W+1), units of 2^−W. Not for uniform and level formats, whose multiplier is `value`.
    pub fn from_theta(theta: u32, design: &Design) -> ThetaWord {
        ThetaWord {
            value: theta.saturating_sub(1 << design.threshold_fraction_bits.min(31)),
        }
    }

    /// The cut θ, units of 2^−W.
    pub fn theta(&self, design: &Design) -> u32 {
        self.value
            .saturating_add(1 << design.threshold_fraction_bits.min(31))
    }

    /// The word.
    ///
    /// # Errors
    /// A value out of range.
    pub fn pack(&self, design: &Design) -> Result<u64, DoesNotFit> {
        pack(Self::fields(design), [i64::from(self.value)])
    }

    /// The fields of a word.
    pub fn unpack(word: u64, design: &Design) -> ThetaWord {
        let [value] = unpack(Self::fields(design), word);
        ThetaWord {
            value: value as u32,
        }
    }
}

#[cfg(test)]
mod tests;
