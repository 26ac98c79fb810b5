//! The step of values that are stored as integers.

use cromulent_number::Format;

/// How many standard deviations above its mean an activation reaches that is stored as an integer.
const INTEGER_REACH: f64 = 4.5;

/// The step of integers 0..=127, in standard deviations: 127 of them up to what the channel of the affine a·n + b is
/// expected to reach.
pub(super) fn integer_step(a: f64, b: f64) -> f64 {
    // With a = 0 this is not a number, or nothing at all.
    (b / a.abs() + INTEGER_REACH).max(1.0) / 127.0
}

/// Steps that are tried, from one with which codes reach [`FAR`] down to a quarter of it.
const TRIED: i32 = 48;

/// Standard deviations above the mean, and above 0, that codes reach with the largest step that is tried.
const FAR: f64 = 6.0;

/// Points of the distribution that errors are summed over.
const POINTS: i32 = 512;

/// The step of a uniform format's codes for the rectified affine a·n + b of normalised values n, a not 0, in standard
/// deviations. Of int8 that of [`integer_step`]; of fewer bits the one that leaves the least mean square error.
///
/// Few values of a network lie far out, but more than of a normal distribution: these are Laplace's. Networks lose
/// less with its steps, which are larger.
pub(super) fn uniform(format: Format, a: f64, b: f64) -> f64 {
    if format == Format::I8 {
        return integer_step(a, b);
    }
    let t = b / a.abs();
    let top = f64::from(format.magnitudes());
    let values = rectified(t);
    let largest = (t.max(0.0) + FAR) / top;
    let tried = (0..TRIED).map(|n| largest * (f64::from(-2 * n) / f64::from(TRIED)).exp2());
    let best = tried.min_by(|x, y| error(&values, top, *x).total_cmp(&error(&values, top, *y)));
    best.unwrap_or(largest)
}

/// Values of max(n + t, 0) above 0, each with its density but for a factor.
fn rectified(t: f64) -> Vec<(f64, f64)> {
    let end = t.max(0.0) + 2.0 * FAR;
    let point = |n: i32| {
        let x = (f64::from(n) + 0.5) / f64::from(POINTS) * end;
        // Where 0 is above the mean, the density there is 1.
        let distance = (x - t).abs() + t.min(0.0);
        (x, (-std::f64::consts::SQRT_2 * distance).exp())
    };
    (0..POINTS).map(point).collect()
}

/// The square error of values coded in steps of `step`, 0 to `top` of them.
fn error(values: &[(f64, f64)], top: f64, step: f64) -> f64 {
    let error = |&(x, density): &(f64, f64)| {
        let code = (x / step).round().min(top);
        let off = x - code * step;
        off * off * density
    };
    values.iter().map(error).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_the_best_of_a_fine_search() {
        for (format, t) in [
            (Format::I4, 0.0),
            (Format::I3, 0.0),
            (Format::I3, 1.5),
            (Format::I4, -2.5),
        ] {
            let values = rectified(t);
            let top = f64::from(format.magnitudes());
            let found = error(&values, top, uniform(format, -0.7, 0.7 * t));
            let fine = (1..4000).map(|n| error(&values, top, f64::from(n) / 4000.0));
            let best = fine.fold(f64::INFINITY, f64::min);
            assert!(found <= best * 1.01, "{format} {t}: {found} {best}");
        }
        // Steps as found to work on networks: a quarter and a half of a standard deviation.
        let step = |format| uniform(format, 1.0, 0.0);
        assert!(
            (0.24..0.3).contains(&step(Format::I4)),
            "{}",
            step(Format::I4)
        );
        assert!(
            (0.42..0.55).contains(&step(Format::I3)),
            "{}",
            step(Format::I3)
        );
    }

    #[test]
    fn far_from_the_mean_a_step_is_a_number() {
        for t in [-60.0, -8.0, 8.0, 60.0] {
            let step = uniform(Format::I3, 1.0, t);
            assert!(step > 0.0 && step.is_finite(), "{t}: {step}");
        }
        assert_eq!(uniform(Format::I8, 2.0, 3.0), integer_step(2.0, 3.0));
    }
}
