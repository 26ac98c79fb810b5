//! A small generator of random numbers: the same numbers for a seed on every machine and version.

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Generator {
        Generator { state: seed }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `low..=high`; `low` if the range is empty.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(0).unsigned_abs();
        // The bias of the remainder is far below anything a test could notice.
        low.saturating_add_unsigned(self.bits() % span.saturating_add(1))
    }

    /// True `wins` times in `of`.
    pub fn chance(&mut self, wins: u64, of: u64) -> bool {
        self.bits() % of.max(1) < wins
    }

    /// A number of mean 0 and variance 1, near enough to normal: the sum of four even ones (Irwin and Hall). No
    /// library function comes into it, so it is the same everywhere.
    pub fn normal(&mut self) -> f32 {
        let bits = self.bits();
        let sum: i32 = (0..4)
            .map(|part| ((bits >> (16 * part)) & 0xffff) as i32)
            .sum();
        // Four even numbers of width 2^16 have the variance 4·2^32/12.
        (sum - 2 * 0xffff) as f32 * (3f32.sqrt() / 65_536.0)
    }

    /// A number evenly spread over `low..high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// One of the choices, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let last = choices.len() as i64 - 1;
        &choices[self.range(0, last) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        let mut generator = Generator::new(1_234_567);
        let numbers = [(); 3].map(|()| generator.bits());
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(numbers, published);
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut generator = Generator::new(7);
        let numbers: Vec<f64> = (0..100_000).map(|_| generator.normal().into()).collect();
        let mean = numbers.iter().sum::<f64>() / 1e5;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02,
            "{mean} {variance}"
        );
        assert!((0..1000).all(|_| (-1.0..2.0).contains(&generator.uniform(-1.0, 2.0))));
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut generator = Generator::new(1);
        let numbers: Vec<_> = (0..100).map(|_| generator.range(-1, 1)).collect();
        assert!([-1, 0, 1].iter().all(|n| numbers.contains(n)));
        assert_eq!(generator.range(5, 4), 5);
    }
}
