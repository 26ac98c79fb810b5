//! So many numbers below a limit, by a seed.

use std::collections::BTreeSet;

/// `count` different numbers below `total`, or all of them if there are no more, in order. Every set of them is as likely
/// as any other (Floyd's algorithm), as far as the generator goes.
pub(super) fn sample(total: u64, count: u64, seed: u64) -> Vec<u64> {
    if count >= total {
        return (0..total).collect();
    }
    let mut random = SplitMix(seed);
    let mut chosen = BTreeSet::new();
    for last in total - count..total {
        let number = random.below(last + 1);
        if !chosen.insert(number) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a limit: the upper half of a product, whose bias is the limit's share of 2⁶⁴.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_different_below_the_limit_and_those_of_the_seed() {
        for (total, count) in [(10, 3), (1000, 999), (1 << 60, 500), (5, 9), (1, 1)] {
            let found = sample(total, count, 7);
            assert_eq!(found.len() as u64, count.min(total));
            assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(found.iter().all(|&number| number < total));
            assert_eq!(found, sample(total, count, 7));
        }
        assert_ne!(sample(1 << 40, 20, 1), sample(1 << 40, 20, 2));
        // The first number of seed 0, as others publish it.
        assert_eq!(SplitMix(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn every_number_is_as_likely_as_any_other() {
        let mut hits = [0; 10];
        for seed in 0..2000 {
            sample(10, 3, seed)
                .iter()
                .for_each(|&n| hits[n as usize] += 1);
        }
        // 600 are expected of each, with a standard deviation of 20.
        assert!(
            hits.iter().all(|hits| (500..700).contains(hits)),
            "{hits:?}"
        );
    }
}
