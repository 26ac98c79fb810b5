//! A channel's quantizer from its statistics.

use cromulent_design::Design;
use cromulent_number::{Format, Quantizer, level_scale};

use super::form::Coding;
use crate::layer::{Storage, stream_mean_bits};

/// What a quantizer sees: a value x arrives as unit·x − constant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Arrival {
    /// What 1 is in the accumulator (or the stream).
    pub unit: f64,
    /// What the sum still lacks: C_j, to be added.
    pub constant: i64,
    /// Where it arrives.
    pub coded: Coded,
}

/// What is coded, which says how large a mean may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Coded {
    /// The accumulator, whose mean is as wide as itself.
    Accumulator,
    /// The residual stream, whose mean has one bit more than its words. A mean beyond that is cut off: every
    /// word is then far on one side of it.
    Stream,
}

/// The quantizer that codes values of this mean and standard deviation (numerics §3).
///
/// # Errors
/// A constant out of range: what it is.
pub(super) fn quantizer(
    design: &Design,
    storage: Storage,
    coding: Coding,
    (mean, sigma): (f64, f64),
    arrival: Arrival,
) -> Result<Quantizer, String> {
    let centre = arrival.unit * (mean - coding.shift * sigma);
    let mean = whole(centre)?.saturating_sub(arrival.constant);
    let mean = match arrival.coded {
        Coded::Stream => {
            let limit = 1i64 << (stream_mean_bits(design) - 1);
            mean.clamp(-limit, limit - 1)
        }
        Coded::Accumulator => within(design, mean)?,
    };
    let spread = arrival.unit * sigma * coding.scale;
    let format = storage.format(design);
    let (exponent, thetas) = if format.is_level() {
        uniform(design, spread / f64::from(level_scale(format)))?
    } else if design.format.is_scaled() {
        uniform(design, spread)?
    } else if storage == Storage::Integers {
        rounding(design, spread)?
    } else {
        logarithmic(design, format, spread)?
    };
    Ok(Quantizer {
        mean,
        exponent,
        thetas,
        fraction_bits: design.threshold_fraction_bits,
        negate: coding.negate,
    })
}

/// A mean that an accumulator has room for.
fn within(design: &Design, mean: i64) -> Result<i64, String> {
    let limit = 1i64 << (design.accumulator_bits - 1);
    if (-limit..limit).contains(&mean) {
        return Ok(mean);
    }
    Err(format!(
        "a mean of {mean}, which needs accumulator_bits = {}",
        65 - mean.max(!mean).leading_zeros()
    ))
}

/// The quantizer of a column whose words leave as integers: nothing is subtracted.
pub(super) fn raw(design: &Design) -> Quantizer {
    let theta = match design.format {
        format if format.is_scaled() => 0,
        _ => 1 << design.threshold_fraction_bits,
    };
    Quantizer {
        mean: 0,
        exponent: 0,
        thetas: used(design, [theta; 4]),
        fraction_bits: design.threshold_fraction_bits,
        negate: false,
    }
}

/// The nearest integer, ties to even.
fn whole(value: f64) -> Result<i64, String> {
    let rounded = value.round_ties_even();
    // Far beyond any accumulator, and exact in both types.
    if rounded.abs() < (1i64 << 60) as f64 {
        Ok(rounded as i64)
    } else {
        Err(format!("a mean of {value:.3e}, beyond every accumulator"))
    }
}

/// Zero in the places a format has no cut for: words hold none.
fn used(design: &Design, mut thetas: [u32; 4]) -> [u32; 4] {
    thetas[design.format.root() as usize..].fill(0);
    thetas
}

/// Exponent and cuts for a standard deviation of `spread` accumulator units: root·log2(spread/c) = E + φ
/// gives exponent E + 1 + lowest_step and the cuts 2^((φ+i)/root), rounded up; in the steps of the design's format.
fn logarithmic(design: &Design, format: Format, spread: f64) -> Result<(i32, [u32; 4]), String> {
    let root = f64::from(format.root());
    let c = f64::from(format.scale_thousandths()) / 1000.0;
    let steps = root * (spread / c).log2();
    let subset = design.format.subset(format);
    let subset = subset.unwrap_or_else(|| design.format.whole());
    let step = subset.step.cast_signed();
    let exponent = (steps.floor() as i32 + 1 + format.lowest_step()) * step;
    if !(-128..=127).contains(&exponent) {
        return Err(format!(
            "a quantizer exponent of {exponent}, not -128 to 127"
        ));
    }
    let fraction = steps - steps.floor();
    let one = f64::from(1 << design.threshold_fraction_bits);
    let cut = |i: i32| (((fraction + f64::from(i / step)) / root).exp2() * one).ceil() as u32;
    Ok((exponent, used(design, [0, 1, 2, 3].map(cut))))
}

/// The shift that divides by `step` accumulator units, a power of two.
fn rounding(design: &Design, step: f64) -> Result<(i32, [u32; 4]), String> {
    let shift = step.log2().round() as i32;
    let largest = design.largest_integer_shift();
    if u32::try_from(shift).is_ok_and(|shift| shift <= largest) {
        return Ok((shift, [1, 0, 0, 0]));
    }
    Err(format!("a step of 2^{shift} units, not 2^0 to 2^{largest}"))
}

/// Shift and multiplier that divide by `step` accumulator units.
fn uniform(design: &Design, step: f64) -> Result<(i32, [u32; 4]), String> {
    let bits = design.threshold_fraction_bits as i32 + 1;
    let largest = (1u64 << bits) - 1;
    // The multiplier fills its bits.
    let shift = bits - 1 + step.log2().floor() as i32;
    if !(0..=127).contains(&shift) {
        return Err(format!("a quantizer shift of {shift}, not 0 to 127"));
    }
    let multiplier = (f64::from(shift).exp2() / step).round() as u64;
    Ok((shift, [multiplier.min(largest) as u32, 0, 0, 0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::form::value;
    use cromulent_design::Affine;
    use cromulent_number::{Code, embed};

    /// The formula of the paper, in real numbers.
    fn ideal(format: Format, x: f64) -> f64 {
        let c = f64::from(format.scale_thousandths()) / 1000.0;
        if format.is_level() {
            return level(format, c, x);
        }
        let root = f64::from(format.root());
        let steps = (root * (c * x.abs()).log2()).floor() as i32 - format.lowest_step();
        let top = format.magnitudes() as i32 - 1;
        if format.is_rectified() && (x <= 0.0 || steps < -1) {
            return 0.0;
        }
        let index = steps.clamp(0, top).unsigned_abs();
        (f64::from(format.exponent_quarters(index)) / 4.0).exp2() * x.signum()
    }

    /// The same for the formats that are no logarithm; O4 by the integers that stand for its values.
    fn level(format: Format, c: f64, x: f64) -> f64 {
        let top = f64::from(format.magnitudes() - 1);
        let index = match format {
            Format::O4 => x.abs().ln_1p() / 1.29f64.ln(),
            _ => c * x.abs(),
        };
        let index = index.floor().min(top) as u8;
        let sign = if x < 0.0 {
            format.magnitudes() as u8
        } else {
            0
        };
        value(format, Code(sign | index))
    }

    #[test]
    fn codes_are_those_of_the_real_formula() {
        for format in Format::ALL {
            let affine = if format.is_signed() {
                Affine::Snapped
            } else {
                Affine::Rectified
            };
            let design = Design::new(2, 2, format, affine);
            follows_the_formula(&design, Storage::Codes);
            for narrow in format.narrower() {
                follows_the_formula(&design, Storage::Narrow(narrow));
            }
        }
    }

    fn follows_the_formula(design: &Design, storage: Storage) {
        let format = storage.format(design);
        // What the bits of the design's code say, in the format that is stored.
        let stored = |code: Code| {
            let mut codes = (0..format.codes()).map(|code| Code(code as u8));
            codes
                .find(|&own| embed(design.format, format, own) == Some(code))
                .unwrap()
        };
        let coding = Coding {
            shift: 0.3,
            negate: !format.is_signed(),
            scale: 0.11,
        };
        let arrival = Arrival {
            unit: 37.0,
            constant: 12345,
            coded: Coded::Accumulator,
        };
        let statistics = (-4.2, 61.7);
        let quantizer = quantizer(design, storage, coding, statistics, arrival).unwrap();
        for y in (-40_000..40_000).step_by(7) {
            let sum = f64::from(y) + 12345.0;
            let code = Code(storage.encode(design, y.into(), &quantizer) as u8);
            let code = stored(code);
            // The integer mean is what the hardware subtracts.
            let d = f64::from(y) - quantizer.mean as f64;
            let n = d / (37.0 * 61.7) / 0.11 * if coding.negate { -1.0 } else { 1.0 };
            let exact = (sum / 37.0 + 4.2) / 61.7 + 0.3;
            assert!((n.abs() * 0.11 - exact.abs()).abs() < 1e-3);
            if format.is_integer() {
                // Half a step, and what 17 bits of multiplier leave of it.
                let within = n.clamp(0.0, format.magnitudes().into());
                assert!((value(format, code) - within).abs() < 0.502);
                continue;
            }
            let expected = match format {
                _ if d == 0.0 && format.is_signed() => value(format, Code(0)),
                _ => ideal(format, n),
            };
            // A multiplier of 17 bits, and cuts of O4 to a 256th.
            let near = |x: f64| format.is_level() && value(format, code) == ideal(format, x);
            if near(n - 0.004) || near(n + 0.004) {
                continue;
            }
            assert_eq!(value(format, code), expected, "{format} {y} {n}");
        }
    }

    #[test]
    fn a_mean_beyond_the_accumulator_is_named() {
        let design = Design::new(2, 2, Format::L4, Affine::Exact);
        let arrival = Arrival {
            unit: 1e6,
            constant: 0,
            coded: Coded::Accumulator,
        };
        let coding = Coding {
            shift: 0.0,
            negate: false,
            scale: 1.0,
        };
        let error = quantizer(&design, Storage::Codes, coding, (1e4, 1.0), arrival).unwrap_err();
        assert_eq!(
            error,
            "a mean of 10000000000, which needs accumulator_bits = 35"
        );
    }
}
