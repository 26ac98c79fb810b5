//! The quantizer as comparisons: a code is the number of cuts that a magnitude reaches.

use cromulent_number::{Format, Quantizer, Subset, level_start};

/// The cuts of one channel: rising, the smallest magnitudes of each index but the first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cuts(pub Vec<u64>);

impl Cuts {
    /// How many cuts a log or level format has.
    pub fn count(format: Format) -> usize {
        let magnitudes = format.magnitudes() as usize;
        if format.is_rectified() {
            magnitudes
        } else {
            magnitudes - 1
        }
    }

    /// The cuts of a log or level quantizer, for all codes of its format or a subset of them. Those beyond the subset are
    /// `u64::MAX`.
    ///
    /// Signed formats: index n of a magnitude m is the number of cuts ≤ m. `R*`: so is the code, 0 included.
    pub fn of(format: Format, subset: Subset, quantizer: &Quantizer) -> Cuts {
        if format.is_level() {
            let indices = 1..format.magnitudes();
            return Cuts(
                indices
                    .map(|index| level_cut(format, index, quantizer))
                    .collect(),
            );
        }
        let root = format.root() as usize;
        let mut thetas = quantizer.thetas[..root.min(4)].to_vec();
        thetas.sort_unstable();
        // Code 1 of R* begins one step below the smallest value, code 2 one above it.
        let steps = (1..i64::from(format.magnitudes())).collect::<Vec<_>>();
        let below = format.is_rectified().then_some(-i64::from(subset.step));
        let steps = below.into_iter().chain(steps);
        let cut = |step: i64| {
            if step > i64::from(subset.largest) {
                return u64::MAX;
            }
            let step = step + i64::from(quantizer.exponent);
            first_at(step, &thetas, quantizer.fraction_bits)
        };
        Cuts(steps.map(cut).collect())
    }
}

/// The smallest magnitude ≥ 1 whose logarithm, in steps of the base, is at least `step`: octaves times the
/// root of the format, and the thetas reached. `u64::MAX` if there is none that a sum could have.
fn first_at(step: i64, thetas: &[u32], fraction_bits: u32) -> u64 {
    let root = thetas.len() as i64;
    // The octave before the one that begins there or later; the thetas in it may be enough.
    let octave = (step + root - 1).div_euclid(root) - 1;
    if octave < 0 {
        return 1;
    }
    if octave > 61 {
        return u64::MAX;
    }
    let wanted = (step - root * octave) as usize;
    let theta = u128::from(thetas[wanted - 1]);
    let fraction = fraction_bits.min(62);
    let reached = ((theta << octave) + (1 << fraction) - 1) >> fraction;
    let (first, next) = (1u128 << octave, 2u128 << octave);
    // At most 2^62.
    reached.clamp(first, next) as u64
}

/// The smallest magnitude that has an index in a level format: the first whose product with the multiplier, shifted,
/// reaches the start of the index. `u64::MAX` if there is none that a sum could have.
fn level_cut(format: Format, index: u32, quantizer: &Quantizer) -> u64 {
    let (multiplier, shift) = (quantizer.thetas[0], quantizer.exponent.max(0));
    if multiplier == 0 || shift > 100 {
        return u64::MAX;
    }
    let start = u128::from(level_start(format, index)) << shift;
    u64::try_from(start.div_ceil(multiplier.into())).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use cromulent_number::{Code, encode_in};
    use proptest::prelude::*;

    use super::*;

    fn by_cuts(format: Format, subset: Subset, quantizer: &Quantizer, value: i64) -> Code {
        let cuts = Cuts::of(format, subset, quantizer).0;
        assert_eq!(cuts.len(), Cuts::count(format));
        let d = value - quantizer.mean;
        let reached = |magnitude: u64| cuts.iter().filter(|&&cut| magnitude >= cut).count() as u8;
        if format.is_signed() {
            let sign = u8::from(d < 0) << (format.code_bits() - 1);
            return Code(sign | reached(d.unsigned_abs()));
        }
        let d = if quantizer.negate { -d } else { d };
        Code(if d > 0 { reached(d.unsigned_abs()) } else { 0 })
    }

    /// All formats that are coded by cuts.
    const CUT: [Format; 12] = [
        Format::L2,
        Format::L3,
        Format::L4,
        Format::L5,
        Format::R2,
        Format::R3,
        Format::R4,
        Format::R5,
        Format::U4,
        Format::U5,
        Format::U8,
        Format::O4,
    ];

    proptest! {
        #[test]
        fn counting_cuts_is_encoding(
            format in prop::sample::select(&CUT[..]),
            mean in -1i64 << 40..1 << 40,
            exponent in -20i32..=127,
            thetas in any::<[u32; 4]>(),
            fraction_bits in 0u32..=30,
            negate in any::<bool>(),
            far in -1i64 << 48..1 << 48,
            near in -70_000i64..70_000,
        ) {
            let one = 1u32 << fraction_bits;
            let thetas = thetas.map(|theta| one + theta % (one + 1));
            let quantizer = Quantizer { mean, exponent, thetas, fraction_bits, negate };
            let mut values = vec![far, mean, mean + 1, mean - 1, mean + near];
            let whole = format.whole();
            for cut in Cuts::of(format, whole, &quantizer).0.into_iter().filter(|&cut| cut < 1 << 50) {
                let cut = cut as i64;
                values.extend([mean + cut, mean + cut - 1, mean - cut, mean - cut + 1]);
            }
            let narrower = format.narrower().filter_map(|narrow| format.subset(narrow));
            for subset in narrower.chain([whole]) {
                for &value in &values {
                    prop_assert_eq!(
                        by_cuts(format, subset, &quantizer, value),
                        encode_in(format, subset, value, &quantizer),
                        "{} {:?} {:?}", value, subset, quantizer
                    );
                }
            }
        }
    }
}
