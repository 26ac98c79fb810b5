//! Where codes lie over the values of a channel: the mean and the deviation with the least squared error.
//!
//! A normalisation that was put in is undone by its affine, so any mean and deviation will do in real numbers. Codes
//! are finest about the mean of L formats, about 0 of R formats, and have a range; the deviation says where their
//! cuts lie within an octave too.

use cromulent_number::Format;

use super::histogram::Histogram;

/// The formats that are to be served, alike: the error of each counts in decibels.
const SERVED: [Format; 5] = [Format::L3, Format::L4, Format::L5, Format::R3, Format::R4];

/// Means tried, in eighths of the root mean square of what the ReLU leaves.
const MEANS: std::ops::RangeInclusive<i32> = 0..=16;

/// Deviations tried, in quarters of an octave about the same.
const DEVIATIONS: std::ops::RangeInclusive<i32> = -10..=6;

/// The mean and the standard deviation with which codes of a channel's values are nearest to what a ReLU leaves of
/// them; `None` if it leaves nothing.
///
/// Every candidate is tried; of those that are alike the first is taken. With `clamped` the ReLU comes before the code: what is below 0 is coded as 0 is, and adds nothing.
pub(super) fn placement(values: &Histogram, clamped: bool) -> Option<(f64, f64)> {
    let scale = values.positive_power()?.sqrt();
    let deviations = DEVIATIONS.map(|n| scale * (f64::from(n) / 4.0).exp2());
    let placed = deviations.flat_map(|sigma| {
        let rectified: f64 = errors(
            &SERVED,
            false,
            |format, at| rectified(format, values, at),
            (0.0, sigma),
        );
        MEANS.map(move |n| {
            let mean = scale * f64::from(n) / 8.0;
            let signed = errors(
                &SERVED,
                true,
                |format, at| signed(format, values, at, clamped),
                (mean, sigma),
            );
            (rectified + signed, (mean, sigma))
        })
    });
    let least = placed.min_by(|x, y| x.0.total_cmp(&y.0));
    least.map(|(_, placed)| placed)
}

/// The errors of the formats of a kind, in logarithms.
fn errors(
    formats: &[Format],
    of_signed: bool,
    error: impl Fn(Format, (f64, f64)) -> f64,
    at: (f64, f64),
) -> f64 {
    let of_kind = formats
        .iter()
        .filter(|format| format.is_signed() == of_signed);
    of_kind
        .map(|&format| error(format, at).max(f64::MIN_POSITIVE).ln())
        .sum()
}

/// The squared error of an L format in its exact form, summed over all values.
fn signed(format: Format, values: &Histogram, (mean, sigma): (f64, f64), clamped: bool) -> f64 {
    let kept = |x: f64| mean + sigma * coded(format, (x - mean) / sigma);
    let silent = kept(0.0);
    let error = |(x, count): (f64, f64)| {
        if clamped && x <= 0.0 {
            return 0.0;
        }
        let kept = kept(x);
        let kept = if clamped && kept == silent {
            0.0
        } else {
            kept.max(0.0)
        };
        count * (kept - x.max(0.0)).powi(2)
    };
    values.iter().map(error).sum()
}

/// The squared error of an R format, summed over all values.
fn rectified(format: Format, values: &Histogram, (_, sigma): (f64, f64)) -> f64 {
    let error = |(x, count): (f64, f64)| {
        let kept = if x > 0.0 {
            sigma * coded(format, x / sigma)
        } else {
            0.0
        };
        count * (kept - x.max(0.0)).powi(2)
    };
    values.iter().map(error).sum()
}

/// What the code of a normalised value stands for: Table 1 of the paper, and the rectified formats.
fn coded(format: Format, n: f64) -> f64 {
    let c = f64::from(format.scale_thousandths()) / 1000.0;
    let step = (f64::from(format.root()) * (c * n.abs()).log2()).floor();
    let place = step - f64::from(format.lowest_step());
    if format.is_rectified() && (n <= 0.0 || place < -1.0) {
        return 0.0;
    }
    // A rectified format has a code for nothing beside its magnitudes.
    let magnitudes = format.magnitudes();
    let index = place.clamp(0.0, f64::from(magnitudes - 1)) as u32;
    (f64::from(format.exponent_quarters(index)) / 4.0)
        .exp2()
        .copysign(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl Iterator<Item = f32>) -> Histogram {
        let mut histogram = Histogram::default();
        values.for_each(|x| histogram.add(x));
        histogram
    }

    /// Sums of many small steps: a normal distribution near enough.
    fn normal(mean: f32, sigma: f32) -> Histogram {
        let spread = (-40..=40).flat_map(move |n| {
            let x = n as f32 / 10.0;
            let count = (1000.0 * (-x * x / 2.0).exp()) as usize;
            std::iter::repeat_n(mean + sigma * x, count)
        });
        histogram(spread)
    }

    #[test]
    fn codes_are_those_of_the_formats() {
        assert_eq!(coded(Format::L4, 0.4), 0.5);
        assert_eq!(coded(Format::L4, -100.0), -16.0);
        assert_eq!(coded(Format::L3, 1e-9), 0.5);
        assert_eq!(coded(Format::R3, -1.0), 0.0);
        assert_eq!(coded(Format::R3, 0.04), 0.0);
        assert_eq!(coded(Format::R3, 0.05), 0.125);
        assert_eq!(coded(Format::R4, 1.3), 2f64.sqrt());
    }

    #[test]
    fn no_other_candidate_loses_less() {
        let values = normal(0.3, 2.0);
        let (mean, sigma) = placement(&values, false).unwrap();
        let scale = values.positive_power().unwrap().sqrt();
        let of = |at: (f64, f64)| {
            errors(&SERVED, true, |f, at| signed(f, &values, at, false), at)
                + errors(&SERVED, false, |f, at| rectified(f, &values, at), at)
        };
        let least = of((mean, sigma));
        for sigma in DEVIATIONS.map(|n| scale * (f64::from(n) / 4.0).exp2()) {
            for mean in MEANS.map(|n| scale * f64::from(n) / 8.0) {
                assert!(of((mean, sigma)) >= least, "{mean} {sigma}");
            }
        }
        // Codes are finest about the mean: inside what the ReLU leaves.
        assert!(mean > 0.3 && sigma > 0.1 && sigma < 4.0, "{mean} {sigma}");
    }

    #[test]
    fn placements_follow_the_scale_of_the_values() {
        for clamped in [false, true] {
            let small = placement(&normal(0.5, 1.0), clamped).unwrap();
            let large = placement(&normal(8.0, 16.0), clamped).unwrap();
            assert!((small.0 * 16.0 - large.0).abs() < 1e-9 * large.0);
            assert!((small.1 * 16.0 - large.1).abs() < 1e-9 * large.1);
        }
    }

    #[test]
    fn a_channel_that_is_never_above_0_has_no_place() {
        assert_eq!(
            placement(&histogram([-1.0, 0.0, -3.5].into_iter()), false),
            None
        );
    }
}
