//! The formulae in real numbers, written a second time: from Table 1 of the paper and, for the rectified
//! formats, from their definition, with none of the crate's constants.
//!
//! Standard deviations are fractions, so that a value exactly at a cut is decided exactly. Floating point
//! decides the rest, which is at least 10⁻⁹ of a step away from any cut.

#![allow(dead_code, reason = "each test file uses its part")]

use cromulent_number::{Code, Format, Quantizer, Value, decode};

/// The log formats: all but the uniform baseline.
pub const LOG_FORMATS: [Format; 8] = [
    Format::L2,
    Format::L3,
    Format::L4,
    Format::L5,
    Format::R2,
    Format::R3,
    Format::R4,
    Format::R5,
];

/// A format as Table 1 writes it: v = base^(offset + clamp_[low, high] ⌊log_base(c·x)⌋).
struct Formula {
    thousandths: u128,
    root: i64,
    low: i64,
    high: i64,
    offset: f64,
}

fn formula(format: Format) -> Formula {
    let (thousandths, root, low, high, offset) = match format {
        Format::L2 => (1034, 1, -1, 0, 0.5),
        Format::L3 => (1316, 1, -1, 2, 0.0),
        Format::L4 => (1360, 1, -3, 4, 0.0),
        Format::L5 => (1177, 2, -6, 9, 0.0),
        Format::R2 => (1360, 1, -1, 1, 0.0),
        Format::R3 => (1360, 1, -3, 3, 0.0),
        Format::R4 => (1177, 2, -6, 8, 0.0),
        Format::R5 => (1090, 4, -16, 14, 0.0),
        _ => unreachable!("no log format"),
    };
    Formula {
        thousandths,
        root,
        low,
        high,
        offset,
    }
}

/// A positive fraction.
#[derive(Clone, Copy, Debug)]
pub struct Ratio(pub u128, pub u128);

impl Ratio {
    pub fn real(self) -> f64 {
        self.0 as f64 / self.1 as f64
    }

    fn log(self, root: i64) -> f64 {
        root as f64 * self.real().log2()
    }

    /// Whether this is at least 2^(steps/root). Exact where a fraction can be equal to that power or to
    /// its square root; elsewhere (odd fourth roots) there is no tie to decide.
    fn reaches(self, root: i64, steps: i64) -> bool {
        let Ratio(num, den) = self;
        if steps % root == 0 {
            at_least(num, den, steps / root)
        } else if 2 * steps % root == 0 {
            at_least(num * num, den * den, 2 * steps / root)
        } else {
            self.log(root) >= steps as f64
        }
    }

    /// ⌊log_base⌋ of this, base = 2^(1/root).
    fn floor_log(self, root: i64) -> i64 {
        let (log, near) = (self.log(root), self.log(root).round());
        if (log - near).abs() > 1e-9 {
            return log.floor() as i64;
        }
        near as i64 - i64::from(!self.reaches(root, near as i64))
    }
}

/// num ≥ den·2^exponent.
fn at_least(num: u128, den: u128, exponent: i64) -> bool {
    let shift = exponent.unsigned_abs() as u32;
    assert!(
        shift < num.leading_zeros().max(den.leading_zeros()),
        "the fraction outgrows 128 bits"
    );
    if exponent < 0 {
        num << shift >= den
    } else {
        num >= den << shift
    }
}

/// ⌊log_base(c·z/σ)⌋.
pub fn real_steps(format: Format, z: u64, sigma: Ratio) -> i64 {
    let f = formula(format);
    Ratio(u128::from(z) * f.thousandths * sigma.1, 1000 * sigma.0).floor_log(f.root)
}

/// How far c·z/σ lies above the cut below it, in steps of the base.
pub fn above_cut(format: Format, z: u64, sigma: Ratio) -> f64 {
    let f = formula(format);
    let log = Ratio(u128::from(z) * f.thousandths * sigma.1, 1000 * sigma.0).log(f.root);
    log - real_steps(format, z, sigma) as f64
}

/// The value the format gives to d/σ.
pub fn real_value(format: Format, d: i64, sigma: Ratio) -> f64 {
    let steps = |d: i64| real_steps(format, d.unsigned_abs(), sigma);
    value_of_steps(format, d, if d == 0 { i64::MIN } else { steps(d) })
}

/// The value the format gives, with the logarithm in steps already taken.
pub fn value_of_steps(format: Format, d: i64, steps: i64) -> f64 {
    let f = formula(format);
    let size = ((f.offset + steps.clamp(f.low, f.high) as f64) / f.root as f64).exp2();
    match (format.is_rectified(), d < 0) {
        (true, _) if d <= 0 || steps < f.low - 1 => 0.0,
        (false, true) => -size,
        _ => size,
    }
}

/// The value of a code as a real number.
pub fn real(format: Format, code: Code) -> f64 {
    match decode(format, code) {
        Value::Zero => 0.0,
        Value::Power { negative, quarters } => {
            let size = (f64::from(quarters) / 4.0).exp2();
            if negative { -size } else { size }
        }
        Value::Integer(value) => f64::from(value),
        Value::Level(value) => f64::from(value),
    }
}

/// The integer constants of a channel with this mean and standard deviation.
pub fn constants(format: Format, mean: i64, sigma: Ratio, fraction_bits: u32) -> Quantizer {
    let f = formula(format);
    // g = σ/c, and log_base g = floor + φ.
    let floor = Ratio(1000 * sigma.0, f.thousandths * sigma.1).floor_log(f.root);
    let mut thetas = [0; 4];
    for (i, theta) in (0..f.root).zip(&mut thetas) {
        *theta = cut(&f, sigma, i - floor, fraction_bits);
    }
    let exponent = i32::try_from(floor + 1 + f.low).expect("a small exponent");
    Quantizer {
        mean,
        exponent,
        thetas,
        fraction_bits,
        negate: false,
    }
}

/// The smallest θ with θ/2^W ≥ g·base^steps.
fn cut(f: &Formula, sigma: Ratio, steps: i64, fraction_bits: u32) -> u32 {
    let one = 1u128 << fraction_bits;
    let g = Ratio(1000 * sigma.0, f.thousandths * sigma.1);
    let near = one as f64 * g.real() * (steps as f64 / f.root as f64).exp2();
    let enough = |theta: &u128| Ratio(theta * g.1, one * g.0).reaches(f.root, steps);
    let theta = (near as u128 - 2..)
        .find(enough)
        .expect("reached within a few");
    assert!(
        (one..=2 * one).contains(&theta),
        "θ = {theta} is not in an octave"
    );
    u32::try_from(theta).expect("W at most 30")
}

/// splitmix64: a small, fixed source of seeded numbers.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer in low..=high.
    pub fn integer(&mut self, low: i64, high: i64) -> i64 {
        let span = (high - low).unsigned_abs() + 1;
        low + (self.next() % span) as i64
    }

    /// A real number in (0, 1).
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A standard Gaussian (Box and Muller).
    pub fn gaussian(&mut self) -> f64 {
        let (radius, turn) = (self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
    }
}
