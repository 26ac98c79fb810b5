//! The encoder, integers without a multiplication, against the formulae of Table 1 in real numbers.

mod real;

use cromulent_number::{Format, Quantizer, encode};
use proptest::prelude::*;
use real::{
    LOG_FORMATS, Random, Ratio, above_cut, constants, real, real_steps, real_value, value_of_steps,
};

/// Every integer here is encoded.
const RANGE: std::ops::Range<i64> = -40_000..40_000;

/// Compares every accumulator of the range with the formula.
fn compare_range(format: Format, quantizer: &Quantizer, sigma: Ratio) {
    for accumulator in RANGE {
        let found = real(format, encode(format, accumulator, quantizer));
        let d = accumulator - quantizer.mean;
        let expected = real_value(format, if quantizer.negate { -d } else { d }, sigma);
        assert!(
            (found - expected).abs() < 1e-9,
            "{format} of {accumulator} with σ = {sigma:?}, {quantizer:?}: {found}, formula {expected}"
        );
    }
}

#[test]
fn every_integer_with_random_constants_is_exact_with_sixteen_fraction_bits() {
    let mut random = Random(1);
    for format in LOG_FORMATS {
        for trial in 0..36 {
            // |Y − mean| < 2^16, so W = 16 is at least its width − 1. Small and large σ alike.
            let mean = random.integer(-20_000, 20_000);
            let sigma = Ratio(
                random
                    .integer(1, 1 << (6 + trial % 12))
                    .unsigned_abs()
                    .into(),
                16,
            );
            let mut quantizer = constants(format, mean, sigma, 16);
            quantizer.negate = format.is_rectified() && trial % 2 == 1;
            compare_range(format, &quantizer, sigma);
        }
    }
}

#[test]
fn cuts_on_powers_of_the_base_are_exact() {
    // σ/c is a power of two: every power of two lies exactly on a cut, and base 2 needs no compare.
    for format in LOG_FORMATS {
        for octave in [0, 3, 9] {
            let sigma = Ratio(u128::from(format.scale_thousandths()) << octave, 1000);
            let quantizer = constants(format, 0, sigma, 16);
            assert_eq!(quantizer.thetas[0], 1 << 16, "the first cut always passes");
            compare_range(format, &quantizer, sigma);
        }
    }
}

#[test]
fn few_fraction_bits_cost_a_neighbouring_code_at_a_cut_only() {
    let (mut random, mut differing) = (Random(2), 0);
    for format in LOG_FORMATS {
        for _ in 0..4 {
            let sigma = Ratio(random.integer(16, 1 << 16).unsigned_abs().into(), 16);
            let quantizer = constants(format, random.integer(-9_000, 9_000), sigma, 8);
            differing += RANGE
                .filter(|&y| !same_or_neighbour(format, y, &quantizer, sigma))
                .count();
        }
    }
    println!(
        "{differing} of {} codes differ with 8 fraction bits",
        8 * 4 * RANGE.count()
    );
    assert!(
        differing > 0,
        "8 fraction bits are too few for 16-bit differences"
    );
}

/// Whether the code is the formula's. If it is not, it must be the next smaller magnitude, at a cut.
fn same_or_neighbour(
    format: Format,
    accumulator: i64,
    quantizer: &Quantizer,
    sigma: Ratio,
) -> bool {
    let d = accumulator - quantizer.mean;
    let found = real(format, encode(format, accumulator, quantizer));
    if (found - real_value(format, d, sigma)).abs() < 1e-9 {
        return true;
    }
    let neighbour = value_of_steps(format, d, real_steps(format, d.unsigned_abs(), sigma) - 1);
    assert!(
        (found - neighbour).abs() < 1e-9,
        "{format} of {accumulator}: {found} is no neighbour"
    );
    let excess = above_cut(format, d.unsigned_abs(), sigma);
    let resolution = (-f64::from(quantizer.fraction_bits)).exp2();
    let allowed = f64::from(format.root()) * resolution.ln_1p() / std::f64::consts::LN_2;
    assert!(
        excess < allowed,
        "{format} of {accumulator}: {excess} steps above the cut"
    );
    false
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn wide_accumulators_differ_at_cuts_only(
        format in prop::sample::select(&LOG_FORMATS[..]),
        width in 2u32..48,
        bits in any::<u64>(),
        negative in any::<bool>(),
        mean in -1_000_000i64..1_000_000,
        sigma in 1u128..1 << 24,
    ) {
        let d = i64::try_from(bits >> (64 - width)).expect("width below 64");
        let d = if negative { -d } else { d };
        let sigma = Ratio(sigma, 16);
        let exact = constants(format, mean, sigma, 16);
        let same = same_or_neighbour(format, mean + d, &exact, sigma);
        prop_assert!(same || width > 17);
    }

    #[test]
    fn fraction_bits_of_the_width_make_it_exact(
        format in prop::sample::select(&LOG_FORMATS[..]),
        fraction_bits in 4u32..=24,
        bits in any::<u64>(),
        mean in -1_000_000i64..1_000_000,
        sigma in 1u128..1 << 16,
    ) {
        // W + 1 bits at most: W = width(Z) − 1.
        let d = i64::try_from(bits >> (63 - fraction_bits)).expect("25 bits at most");
        let sigma = Ratio(sigma, 16);
        let quantizer = constants(format, mean, sigma, fraction_bits);
        prop_assert!(same_or_neighbour(format, mean + d, &quantizer, sigma));
    }
}
