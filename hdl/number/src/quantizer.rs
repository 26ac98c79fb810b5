//! Normalise and quantise an accumulator: the output edge of a column.

use crate::code::{low_byte, signed_code};
use crate::{Code, Format, Subset};

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
    /// 2^W..=2^(W+1): ⌈2^W·2^((φ+i)/root)⌉. 2^(W+1) is never reached.
    pub thetas: [u32; 4],
    /// W, the fraction bits of the cuts: at most 30.
    pub fraction_bits: u32,
    /// Whether the difference is negated first (a < 0). `R*` and `I*` only: an `L*` code keeps its
    /// sign, and a < 0 is a matter of its threshold and constants.
    pub negate: bool,
}

/// The constants of one channel's uniform quantizer: the baseline's, and that of level formats.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct UniformQuantizer {
    /// Subtracted from the accumulator.
    pub mean: i64,
    /// Scale of the difference, over 2^`shift`.
    pub multiplier: u32,
    /// Shift to the right after the multiplication, rounding half up, or down for level formats.
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
/// than one step below the smallest value. `I*` read `exponent` as the shift and `thetas[0]` as the
/// multiplier of a [`UniformQuantizer`], which is where the parameter memories keep them.
pub fn encode(format: Format, accumulator: i64, quantizer: &Quantizer) -> Code {
    encode_in(format, format.whole(), accumulator, quantizer)
}

/// The code of an accumulator in a narrower format, as an array stores it that has codes of `format`: of those it is
/// one of a [`Subset`].
///
/// The quantizer is that of the narrower format in the steps of the wider base: its exponent times the step, and each
/// cut as often as a step has steps; [`Quantizer::widened`].
pub fn encode_in(format: Format, subset: Subset, accumulator: i64, quantizer: &Quantizer) -> Code {
    if format.is_integer() {
        return UniformQuantizer::from(quantizer).encode(format, accumulator);
    }
    if format.is_level() {
        return UniformQuantizer::from(quantizer).level(format, accumulator);
    }
    let top = i64::from(subset.largest);
    let negate = quantizer.negate && format.is_rectified();
    let d = difference(accumulator, quantizer.mean, negate);
    let steps = quantizer.steps(format, d.unsigned_abs());
    // In range after the clamp, so the low bits are all of it.
    let index = |steps: i64| steps.clamp(0, top).unsigned_abs() as u32;
    if format.is_signed_log() {
        return signed_code(format, d < 0, steps.map_or(0, index));
    }
    match steps {
        Some(steps) if d > 0 && steps >= -i64::from(subset.step) => {
            Code(low_byte(index(steps) + 1))
        }
        _ => Code(0),
    }
}

impl Quantizer {
    /// The quantizer of a narrower format in the steps of a wider base, for [`encode_in`].
    #[must_use]
    pub fn widened(&self, subset: Subset) -> Quantizer {
        let step = (subset.step as usize).max(1);
        Quantizer {
            exponent: self.exponent.saturating_mul(subset.step.cast_signed()),
            thetas: std::array::from_fn(|i| self.thetas[i / step]),
            ..*self
        }
    }

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
    /// 0 for a difference ≤ 0, else min(m, (difference·multiplier + 2^shift/2) >> shift), where m is the largest
    /// code of the uniform format.
    pub fn encode(&self, format: Format, accumulator: i64) -> Code {
        let d = difference(accumulator, self.mean, self.negate);
        if d <= 0 {
            return Code(0);
        }
        // A product has 97 bits at most; beyond 126 every shift gives 0 alike.
        let shift = self.shift.min(126);
        let scaled = (d * i128::from(self.multiplier) + ((1i128 << shift) >> 1)) >> shift;
        let largest = i128::from(format.magnitudes());
        Code(low_byte(scaled.min(largest).unsigned_abs() as u32))
    }
}

/// Fraction bits of the scaled magnitude that O4 is coded from.
const O4_FRACTION_BITS: u32 = 8;

/// The scaled magnitudes at which the indices of O4 begin: 1.29^k − 1, to the nearest 256th.
const O4_STARTS: [u32; 8] = [0, 74, 170, 294, 453, 659, 924, 1266];

/// The smallest scaled magnitude that has this magnitude index, in a level format: what ⌊|difference|·multiplier /
/// 2^shift⌋ must reach.
pub fn level_start(format: Format, index: u32) -> u32 {
    match format {
        Format::O4 => O4_STARTS[(index & 7) as usize],
        _ => index,
    }
}

/// What a standard deviation is as a scaled magnitude, in a level format: the levels in it, or 256 for `O4`.
pub fn level_scale(format: Format) -> u32 {
    match format {
        Format::O4 => 1 << O4_FRACTION_BITS,
        _ => format.scale_thousandths() / 1000,
    }
}

impl UniformQuantizer {
    /// The code of a level format: the sign of the difference, and the last magnitude index whose start
    /// ⌊|difference|·multiplier / 2^shift⌋ reaches. `negate` is not looked at: these codes keep their sign.
    ///
    /// On a cut a negative difference has the code of the larger magnitude, as in `L*`, where the floor of Table 1
    /// has that of the smaller.
    pub fn level(&self, format: Format, accumulator: i64) -> Code {
        let d = difference(accumulator, self.mean, false);
        let scaled = (d.unsigned_abs() * u128::from(self.multiplier)) >> self.shift.min(126);
        let index = match format {
            Format::O4 => (1..format.magnitudes())
                .filter(|&index| scaled >= level_start(format, index).into())
                .count() as u32,
            _ => scaled.min(u128::from(format.magnitudes() - 1)) as u32,
        };
        signed_code(format, d < 0, index)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{embed, order};

    /// σ/c = 1: cuts on the powers of two.
    fn unit(format: Format) -> Quantizer {
        let thetas = [1 << 16, 77_936, 92_682, 110_218];
        let thetas = if format.root() == 2 {
            [1 << 16, 92_682, 0, 0]
        } else {
            thetas
        };
        Quantizer {
            mean: 0,
            exponent: 1 + format.lowest_step(),
            thetas,
            fraction_bits: 16,
            negate: false,
        }
    }

    #[test]
    fn zero_is_the_smallest_positive_code_or_code_0() {
        for format in Format::ALL {
            let mean = 1234;
            assert_eq!(
                encode(
                    format,
                    mean,
                    &Quantizer {
                        mean,
                        ..unit(format)
                    }
                ),
                Code(0),
                "{format}"
            );
        }
    }

    #[test]
    fn powers_of_two_are_their_exponents() {
        let place = |y| encode(Format::L4, y, &unit(Format::L4));
        // 2^0 … 2^4 are indices 3 … 7, and above is clamped.
        assert_eq!(
            [1, 2, 3, 4, 8, 16, 1 << 40].map(place),
            [3, 4, 4, 5, 6, 7, 7].map(Code)
        );
        assert_eq!([-1, -16].map(place), [8 + 3, 8 + 7].map(Code));
    }

    #[test]
    fn one_step_below_the_smallest_rounds_up_to_it_and_two_steps_are_zero() {
        for format in [Format::R2, Format::R3, Format::R4, Format::R5] {
            // Raising the exponent lowers the logarithm: magnitude 1 lies `below` steps under the clamp.
            let at = |below| {
                let unit = unit(format);
                let exponent = unit.exponent - format.lowest_step() + below;
                encode(format, 1, &Quantizer { exponent, ..unit })
            };
            assert_eq!([0, 1, 2].map(at), [1, 1, 0].map(Code), "{format}");
        }
    }

    #[test]
    fn negation_mirrors_rectified_formats_and_leaves_signed_ones() {
        for format in Format::ALL {
            for y in -40..=40 {
                let plain = encode(format, y, &unit(format));
                let negated = encode(
                    format,
                    y,
                    &Quantizer {
                        negate: true,
                        ..unit(format)
                    },
                );
                let mirrored = if format.is_signed() { y } else { -y };
                assert_eq!(
                    negated,
                    encode(format, mirrored, &unit(format)),
                    "{format} {y} {plain:?}"
                );
            }
        }
    }

    #[test]
    fn a_cut_of_two_is_never_reached() {
        let never = Quantizer {
            thetas: [2 << 16; 4],
            ..unit(Format::L4)
        };
        for y in 1..100_000 {
            let below = Quantizer {
                exponent: never.exponent - 1,
                ..never
            };
            let always = Quantizer {
                thetas: [1 << 16; 4],
                ..never
            };
            assert_eq!(
                encode(Format::L4, y, &below),
                encode(Format::L4, y, &always)
            );
        }
    }

    #[test]
    fn the_baseline_rounds_half_up_and_saturates() {
        let half = UniformQuantizer {
            mean: 10,
            multiplier: 1,
            shift: 1,
            negate: false,
        };
        let expected = [0, 0, 0, 1, 1, 2, 2, 3].map(Code);
        assert_eq!(
            [-90, 9, 10, 11, 12, 13, 14, 15].map(|y| half.encode(Format::I8, y)),
            expected
        );
        assert_eq!(
            [262, 263, 264, i64::MAX].map(|y| half.encode(Format::I8, y)),
            [126, 127, 127, 127].map(Code)
        );
        let negated = UniformQuantizer {
            negate: true,
            ..half
        };
        assert_eq!(
            [9, 8, 7, 11].map(|y| negated.encode(Format::I8, y)),
            [1, 1, 2, 0].map(Code)
        );
        // No shift, no rounding.
        let whole = UniformQuantizer {
            mean: 0,
            multiplier: 3,
            shift: 0,
            negate: false,
        };
        assert_eq!(
            [1, 42, 43].map(|y| whole.encode(Format::I8, y)),
            [3, 126, 127].map(Code)
        );
    }

    #[test]
    fn levels_are_the_formulae_of_table_1_but_on_a_cut() {
        // σ of 1000 units, the multiplier exact.
        for format in Format::ALL.into_iter().filter(|format| format.is_level()) {
            let (sigma, shift) = (1000.0, 30);
            let multiplier = f64::from(level_scale(format)) * f64::from(1 << shift) / sigma;
            let quantizer = UniformQuantizer {
                mean: 5,
                multiplier: multiplier.round() as u32,
                shift,
                negate: true,
            };
            for d in -20_000..20_000i64 {
                let x = d as f64 / sigma;
                let c = f64::from(format.scale_thousandths()) / 1000.0;
                let half = f64::from(format.magnitudes());
                let k = match format {
                    Format::O4 => (x.abs().ln_1p() / 1.29f64.ln()).floor().clamp(0.0, 7.0),
                    _ => (c * x).floor().clamp(-half, half - 1.0),
                };
                let expected = match format {
                    Format::O4 => signed_code(format, d < 0, k as u32),
                    _ if k < 0.0 => signed_code(format, true, (-1.0 - k) as u32),
                    _ => signed_code(format, false, k as u32),
                };
                let found = quantizer.level(format, d + 5);
                // A cut of O4 is rounded by at most half a 256th of σ.
                let near = |cut: f64| (x.abs() - cut).abs() < 0.003;
                let on_cut = match format {
                    Format::O4 => (1..8).any(|k| near(1.29f64.powi(k) - 1.0)),
                    _ => (c * x).fract() == 0.0,
                };
                assert!(
                    found == expected || on_cut,
                    "{format} {d}: {found:?} {expected:?}"
                );
            }
        }
    }

    #[test]
    fn the_baseline_matches_its_definition() {
        for (multiplier, shift) in [(1, 0), (77, 12), (65_535, 20), (u32::MAX, 36)] {
            let quantizer = UniformQuantizer {
                mean: -3,
                multiplier,
                shift,
                negate: false,
            };
            for y in -2_000..40_000i64 {
                let scaled = (y + 3) as f64 * f64::from(multiplier) / f64::from(shift).exp2();
                let expected = (scaled + 0.5).floor().clamp(0.0, 127.0);
                assert_eq!(
                    f64::from(quantizer.encode(Format::I8, y).0),
                    expected,
                    "{y} {quantizer:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_constants_give_a_code_without_panic(
            format in prop::sample::select(&Format::ALL[..]),
            accumulator in any::<i64>(),
            mean in any::<i64>(),
            exponent in any::<i32>(),
            thetas in any::<[u32; 4]>(),
            fraction_bits in any::<u32>(),
            negate in any::<bool>(),
        ) {
            let quantizer = Quantizer { mean, exponent, thetas, fraction_bits, negate };
            for accumulator in [accumulator, i64::MIN, i64::MAX] {
                prop_assert!(order(format, encode(format, accumulator, &quantizer)) < format.codes());
            }
        }

        /// Through the wider format's quantizer comes the narrower format's code.
        #[test]
        fn narrower_codes_are_those_of_their_own_quantizer(
            format in prop::sample::select(&Format::ALL[..]),
            accumulator in -1i64 << 40..1 << 40,
            shift in 0u32..40,
            exponent in -5i32..40,
            mut cuts in any::<[u16; 4]>(),
            negate in any::<bool>(),
        ) {
            cuts.sort_unstable();
            let thetas = cuts.map(|cut| (1 << 16) + u32::from(cut));
            let quantizer = Quantizer { exponent, thetas, negate, fraction_bits: 16, mean: 5 };
            let accumulator = accumulator >> shift;
            for narrow in format.narrower() {
                let subset = format.subset(narrow).unwrap();
                let own = encode(narrow, accumulator, &quantizer);
                let found = encode_in(format, subset, accumulator, &quantizer.widened(subset));
                prop_assert_eq!(embed(format, narrow, own), Some(found), "{} in {}", narrow, format);
            }
        }

        #[test]
        fn codes_rise_with_the_accumulator(
            format in prop::sample::select(&Format::ALL[..]),
            a in -1i64 << 40..1 << 40,
            b in -1i64 << 40..1 << 40,
            exponent in -20i32..120,
        ) {
            let quantizer = Quantizer { exponent, ..unit(format) };
            let place = |y| order(format, encode(format, y, &quantizer));
            prop_assert!(place(a.min(b)) <= place(a.max(b)));
        }
    }
}
