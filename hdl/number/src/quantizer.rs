//! Normalise and quantise an accumulator: the output edge of a column.

use crate::code::{low_byte, signed_code};
use crate::{Code, Format};

/// The constants of one channel's log quantizer.
///
/// Let σ be the standard deviation in units of the accumulator, c the scale constant of the format
/// (Table 1) and base = 2^(1/root). Then log_base(σ/c) = E + φ, E an integer and φ in \[0, 1), gives
/// `exponent` and `thetas`. Cuts are rounded up, which makes the code exact for every magnitude of at
/// most W + 1 bits; a wider one may fall one code short if it is above a cut by less than 2^−W of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Quantizer {
    /// Subtracted from the accumulator: the channel's mean with all constant terms folded in.
    pub mean: i64,
    /// E + 1 + lowest_step, in steps of the base.
    pub exponent: i32,
    /// The cuts within an octave, `root` of them, in units of 2^−`fraction_bits`, each in
    /// 2^W..=2^(W+1): ⌈2^W·2^((φ+i)/root)⌉ with φ the fraction of log_base g. 2^(W+1) is never reached.
    pub thetas: [u32; 4],
    /// W, the fraction bits of the cuts: at most 30.
    pub fraction_bits: u32,
    /// Whether the difference is negated first (a < 0). `R*` and `I8` only: an `L*` code keeps its
    /// sign, and a < 0 is a matter of its threshold and constants.
    pub negate: bool,
}

/// The constants of one channel's uniform quantizer, the baseline's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct UniformQuantizer {
    /// Subtracted from the accumulator.
    pub mean: i64,
    /// Scale of the difference, over 2^`shift`.
    pub multiplier: u32,
    /// Shift to the right after the multiplication, rounding half up.
    pub shift: u32,
    /// Whether the difference is negated first.
    pub negate: bool,
}

/// Accumulator minus mean, negated on request. 128 bits hold it for every i64.
fn difference(accumulator: i64, mean: i64, negate: bool) -> i128 {
    let difference = i128::from(accumulator) - i128::from(mean);
    if negate { -difference } else { difference }
}

/// The code of an accumulator: sign(x)·base^clamp(⌊log_base(c·|x|)⌋) of Table 1 with
/// x = (accumulator − mean)/σ, or its rectified relative.
///
/// No multiplication: the leading one of the magnitude, `root` compares, an addition and a clamp. `L*`:
/// zero takes the smallest index and the positive sign. `R*`: code 0 if x ≤ 0 or the logarithm lies more
/// than one step below the smallest value. `I8` reads `exponent` as the shift and `thetas[0]` as the
/// multiplier of a [`UniformQuantizer`], which is where the parameter memories keep them.
pub fn encode(format: Format, accumulator: i64, quantizer: &Quantizer) -> Code {
    if format == Format::I8 {
        return UniformQuantizer::from(quantizer).encode(accumulator);
    }
    let top = i64::from(format.magnitudes()) - 1;
    let negate = quantizer.negate && format.is_rectified();
    let d = difference(accumulator, quantizer.mean, negate);
    let steps = quantizer.steps(format, d.unsigned_abs());
    // In range after the clamp, so the low bits are all of it.
    let index = |steps: i64| steps.clamp(0, top).unsigned_abs() as u32;
    if format.is_signed_log() {
        return signed_code(format, d < 0, steps.map_or(0, index));
    }
    match steps {
        Some(steps) if d > 0 && steps >= -1 => Code(low_byte(index(steps) + 1)),
        _ => Code(0),
    }
}

impl Quantizer {
    /// ⌊log_base(c·magnitude/σ)⌋ − lowest_step, or `None` for zero.
    fn steps(&self, format: Format, magnitude: u128) -> Option<i64> {
        let leading = magnitude.checked_ilog2()?;
        let root = format.root();
        let octaves = i64::from(leading << root.trailing_zeros());
        let cuts = self.thetas.iter().take(root as usize);
        let passed = cuts
            .filter(|&&theta| self.reaches(magnitude, leading, theta))
            .count();
        Some(octaves - i64::from(self.exponent) + passed as i64)
    }

    /// Whether the mantissa magnitude / 2^leading is at least theta / 2^W.
    fn reaches(&self, magnitude: u128, leading: u32, theta: u32) -> bool {
        // A magnitude has 65 bits at most, so neither side outgrows 128.
        (magnitude << self.fraction_bits.min(62)) >= (u128::from(theta) << leading)
    }
}

impl UniformQuantizer {
    /// 0 for a difference ≤ 0, else min(127, (difference·multiplier + 2^shift/2) >> shift).
    pub fn encode(&self, accumulator: i64) -> Code {
        let d = difference(accumulator, self.mean, self.negate);
        if d <= 0 {
            return Code(0);
        }
        // A product has 97 bits at most; beyond 126 every shift gives 0 alike.
        let shift = self.shift.min(126);
        let scaled = (d * i128::from(self.multiplier) + ((1i128 << shift) >> 1)) >> shift;
        Code(low_byte(scaled.min(127).unsigned_abs() as u32))
    }
}

impl From<&Quantizer> for UniformQuantizer {
    /// The uniform reading of the same parameter words.
    fn from(words: &Quantizer) -> Self {
        UniformQuantizer {
            mean: words.mean,
            multiplier: words.thetas[0],
            shift: words.exponent.max(0).unsigned_abs(),
            negate: words.negate,
        }
    }
}
