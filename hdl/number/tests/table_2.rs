//! Table 2 of the paper: correlation and standard deviation of the codes, by a million seeded samples
//! through the integer encoder, and for Student's t by quadrature too.
//!
//! `cargo test -p cromulent-number --test table_2 -- --nocapture --test-threads 1` prints the table.

mod real;

use std::f64::consts::FRAC_PI_2;

use cromulent_number::{Format, encode};
use real::{Random, Ratio, constants, real};

const SAMPLES: u32 = 1_000_000;
const SEED: u64 = 2017;

/// Units of the accumulator per standard deviation of the distribution.
const SIGMA: u32 = 1 << 20;

/// Correlation of X and its code's value, and standard deviation of the latter.
#[derive(Clone, Copy, Debug)]
struct Row {
    correlation: f64,
    sd: f64,
}

impl Row {
    fn is_near(self, correlation: f64, sd: f64, tolerance: f64) -> bool {
        (self.correlation - correlation).abs() <= tolerance && (self.sd - sd).abs() <= tolerance
    }
}

/// Measures a distribution, given as N(X) with weights, through the encoder.
fn measure(format: Format, samples: impl Iterator<Item = (f64, f64)>) -> Row {
    let quantizer = constants(format, 0, Ratio(SIGMA.into(), 1), 24);
    let [mut n, mut x1, mut x2, mut v1, mut v2, mut xv] = [0.0; 6];
    for (x, weight) in samples {
        let v = real(
            format,
            encode(format, (x * f64::from(SIGMA)).round() as i64, &quantizer),
        );
        (n, x1, x2) = (n + weight, x1 + weight * x, x2 + weight * x * x);
        (v1, v2, xv) = (v1 + weight * v, v2 + weight * v * v, xv + weight * x * v);
    }
    let (x_variance, v_variance) = (x2 / n - (x1 / n).powi(2), v2 / n - (v1 / n).powi(2));
    let covariance = xv / n - x1 / n * (v1 / n);
    Row {
        correlation: covariance / (x_variance * v_variance).sqrt(),
        sd: v_variance.sqrt(),
    }
}

/// A million seeded samples of a distribution.
fn sampled(format: Format, name: &str, draw: fn(&mut Random) -> f64) -> Row {
    let mut random = Random(SEED);
    let row = measure(format, (0..SAMPLES).map(|_| (draw(&mut random), 1.0)));
    println!(
        "{format} {name:<22} {:.4} {:.4}   seed {SEED}",
        row.correlation, row.sd
    );
    row
}

/// Student's t with three degrees of freedom over its standard deviation √3: N(X).
fn student(random: &mut Random) -> f64 {
    let [x, a, b, c] = [(); 4].map(|()| random.gaussian());
    // t = x / √(χ²/3), and the division by √3 cancels the 3.
    x / (a * a + b * b + c * c).sqrt()
}

/// The same by the midpoint rule: with x = tan α the density is proportional to cos² α.
fn student_by_quadrature(format: Format) -> Row {
    const POINTS: u32 = 400_000;
    let angle = |i| ((f64::from(i) + 0.5) / f64::from(POINTS) - 0.5) * 2.0 * FRAC_PI_2;
    let row = measure(
        format,
        (0..POINTS).map(|i| (angle(i).tan(), angle(i).cos().powi(2))),
    );
    println!(
        "{format} Student's t, integral  {:.4} {:.4}",
        row.correlation, row.sd
    );
    row
}

#[test]
fn gaussian_agrees_with_the_paper() {
    let paper = [
        (Format::L2, 0.918),
        (Format::L3, 0.965),
        (Format::L4, 0.981),
    ];
    for (format, correlation) in paper {
        let row = sampled(format, "Gaussian", Random::gaussian);
        assert!(row.is_near(correlation, 1.000, 0.002), "{format}: {row:?}");
    }
    // Not in Table 2, but c of L5 is chosen the same way.
    let row = sampled(Format::L5, "Gaussian", Random::gaussian);
    assert!(row.is_near(0.995, 1.000, 0.002), "{row:?}");
}

#[test]
fn heavy_tails_agree_with_the_paper_for_l2_and_l4() {
    for (format, correlation, sd) in [(Format::L2, 0.769, 0.888), (Format::L4, 0.970, 0.978)] {
        let row = sampled(format, "Student's t", student);
        assert!(row.is_near(correlation, sd, 0.003), "{format}: {row:?}");
        let row = student_by_quadrature(format);
        assert!(row.is_near(correlation, sd, 0.003), "{format}: {row:?}");
    }
}

#[test]
fn heavy_tails_of_l3_are_what_the_formula_gives_not_what_the_paper_prints() {
    // The paper prints 0.857 and 1.11 in this cell. Neither follows from its own formula of L3, whose
    // Gaussian row agrees: a documented discrepancy, not something to tune to.
    let row = sampled(Format::L3, "Student's t", student);
    assert!(row.is_near(0.905, 0.924, 0.003), "{row:?}");
    let exact = student_by_quadrature(Format::L3);
    assert!(exact.is_near(0.9052, 0.9244, 0.0005), "{exact:?}");
}
