//! Gradients of eight bits: ±2^(k/2), k = −127 … 0 (section 2.5 of the paper).

/// A gradient as the paper stores it: a sign and an exponent in halves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Gradient {
    /// Whether it is below zero.
    pub negative: bool,
    /// −k: the magnitude is 2^(−halves/2), 0..=127.
    pub halves: u8,
}

/// 2^(2^-2) and 2^(3·2^-2) with 30 fraction bits, rounded up: cuts half-way between exponents.
const CUTS: [u64; 2] = [1_276_901_417, 1_805_811_302];

/// Fraction bits of the cuts.
const FRACTION: u32 = 30;

impl Gradient {
    /// The largest −k there is.
    pub const LARGEST: u8 = 127;

    /// The nearest gradient, on a logarithmic scale, to `value`·2^−`fraction_bits`. What is above 1 is 1; what is below
    /// the smallest, 0 too, is the smallest: the format has no zero. Zero is positive.
    pub fn encode(value: i32, fraction_bits: u32) -> Gradient {
        let magnitude = u64::from(value.unsigned_abs());
        let Some(leading) = magnitude.checked_ilog2() else {
            return Gradient {
                negative: false,
                halves: Gradient::LARGEST,
            };
        };
        // At most 2^31·2^30 on either side.
        let passed = CUTS
            .iter()
            .filter(|cut| magnitude << FRACTION >= *cut << leading)
            .count() as i64;
        let k = 2 * (i64::from(leading) - i64::from(fraction_bits)) + passed;
        Gradient {
            negative: value < 0,
            halves: (-k).clamp(0, Gradient::LARGEST.into()) as u8,
        }
    }

    /// Eight bits: the sign above −k.
    pub fn to_bits(self) -> u8 {
        u8::from(self.negative) << 7 | self.halves.min(Gradient::LARGEST)
    }

    /// The gradient of eight bits. Every pattern is one.
    pub fn from_bits(bits: u8) -> Gradient {
        Gradient {
            negative: bits >> 7 == 1,
            halves: bits & Gradient::LARGEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(gradient: Gradient) -> f64 {
        let magnitude = (-f64::from(gradient.halves) / 2.0).exp2();
        if gradient.negative {
            -magnitude
        } else {
            magnitude
        }
    }

    #[test]
    fn every_pattern_is_a_gradient() {
        for bits in 0..=255 {
            assert_eq!(Gradient::from_bits(bits).to_bits(), bits);
        }
        assert_eq!(Gradient::encode(1 << 20, 20).to_bits(), 0);
        assert_eq!(Gradient::encode(-3 << 20, 20).to_bits(), 0x80);
        assert_eq!(Gradient::encode(0, 20).to_bits(), 127);
        assert_eq!(Gradient::encode(1, 70).to_bits(), 127);
        assert_eq!(Gradient::encode(i32::MIN, 31).to_bits(), 0x80);
    }

    #[test]
    fn the_nearest_exponent_is_taken() {
        for value in (1..1 << 22).step_by(37) {
            for sign in [1, -1] {
                let found = Gradient::encode(sign * value, 22);
                let k = (2.0 * (f64::from(value) / f64::from(1 << 22)).log2()).round();
                let expected = (-k).clamp(0.0, 127.0) as u8;
                assert_eq!(
                    (found.halves, found.negative),
                    (expected, sign < 0),
                    "{value}"
                );
            }
        }
    }

    /// Correlation with a normal gradient, the share of its standard deviation that is kept, and its mean.
    #[test]
    fn statistics_of_a_normal_gradient() {
        // The midpoint rule over ±6 standard deviations of 2^-8, so that nothing is clamped.
        let (mut weights, mut xx, mut qq, mut xq, mut q1) = (0.0, 0.0, 0.0, 0.0, 0.0);
        const SIGMA: f64 = (1 << 18) as f64;
        for step in -60_000..60_000 {
            let n = (f64::from(step) + 0.5) / 10_000.0;
            let weight = (-n * n / 2.0).exp();
            let x = (n * SIGMA).round();
            let q = real(Gradient::encode(x as i32, 26)) * f64::from(1 << 26);
            weights += weight;
            xx += weight * x * x;
            qq += weight * q * q;
            xq += weight * x * q;
            q1 += weight * q;
        }
        let correlation = xq / (xx * qq).sqrt();
        let deviation = (qq / xx).sqrt();
        println!("correlation {correlation:.4}, deviation {deviation:.4}");
        assert!((correlation - 0.9950).abs() < 0.0005, "{correlation}");
        assert!((deviation - 1.0100).abs() < 0.0005, "{deviation}");
        assert!((q1 / weights / SIGMA).abs() < 1e-9);
    }
}
