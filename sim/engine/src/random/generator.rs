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
    fn ranges_include_both_ends() {
        let mut generator = Generator::new(1);
        let numbers: Vec<_> = (0..100).map(|_| generator.range(-1, 1)).collect();
        assert!([-1, 0, 1].iter().all(|n| numbers.contains(n)));
        assert_eq!(generator.range(5, 4), 5);
    }
}
