use cromulent_number::Format;
use proptest::prelude::*;

use super::*;
use crate::{Affine, PeKind};

/// Every format with every affine form it takes.
fn forms() -> Vec<(Format, Affine)> {
    let all = Format::ALL
        .into_iter()
        .flat_map(|f| Affine::ALL.map(|a| (f, a)));
    all.filter(|(f, a)| f.is_signed() != (*a == Affine::Rectified))
        .filter(|(f, a)| !(f.is_level() && *a == Affine::Exact))
        .collect()
}

prop_compose! {
    /// Any valid design.
    fn designs()(
        form in prop::sample::select(forms()),
        rows in 1u32..=128, narrower in 0u32..=127,
        constants in (4u32..=12, 4u32..=12),
        accumulator_bits in 30u32..=48, fraction in 4u32..=24, digits: bool,
        depths in (0u32..=20, 8u32..=20, 1u32..=12, 0u32..=16),
        map_side in 1u32..=4096,
    ) -> Design {
        let base = Design::new(rows, rows - narrower % rows, form.0, form.1);
        let digitless = base.pe == PeKind::Multiply;
        let (scaled, level) = (base.format.is_scaled(), base.format.is_level());
        Design {
            weight_bits: if digitless { 8 } else { constants.0 },
            bias_bits: if base.has_bias() { constants.1 } else { 0 },
            accumulator_bits,
            // What a quantizer multiplies has 64 bits at most.
            threshold_fraction_bits: if scaled { fraction.min(13) } else { fraction },
            image_digits: level || (!digitless && digits),
            code_depth: 1 << depths.0,
            weight_depth: 1 << depths.1,
            channel_depth: 1 << depths.2,
            tile_depth: 1 << depths.3,
            map_side,
            ..base
        }
    }
}

/// All words of a design by name, as lists of fields.
fn words(design: &Design) -> Vec<Vec<WordField>> {
    vec![
        RowWord::fields(design).to_vec(),
        WeightWord::fields(design).to_vec(),
        OffsetWord::fields(design).to_vec(),
        NormWord::fields(design).to_vec(),
        ThetaWord::fields(design).to_vec(),
    ]
}

fn largest(field: &WordField) -> i64 {
    match (field.bits, field.signed) {
        (0, _) => 0,
        (bits, signed) => (1i64 << (bits - u32::from(signed))) - 1,
    }
}

fn smallest(field: &WordField) -> i64 {
    if field.signed && field.bits > 0 {
        -(1i64 << (field.bits - 1))
    } else {
        0
    }
}

proptest! {
    #[test]
    fn fields_do_not_overlap_and_fit_64_bits(design in designs()) {
        prop_assert_eq!(design.validate(), Ok(()));
        for fields in words(&design) {
            let mut taken = 0u128;
            for field in &fields {
                let bits = ((1u128 << field.bits) - 1) << field.low;
                prop_assert_eq!(taken & bits, 0, "{} overlaps", field.name);
                taken |= bits;
            }
            prop_assert!(taken.leading_zeros() >= 64);
            prop_assert_eq!(taken.count_ones() + taken.leading_zeros(), 128, "no gaps");
        }
    }

    #[test]
    fn a_field_comes_back_and_leaves_the_others_alone(design in designs(), seed: u64) {
        for fields in words(&design) {
            for field in &fields {
                let span = largest(field).abs_diff(smallest(field));
                let random = smallest(field).wrapping_add_unsigned(if span == u64::MAX { seed } else { seed % (span + 1) });
                for value in [smallest(field), -1, 0, 1, largest(field), random] {
                    let placed = field.place(value);
                    if value < smallest(field) || value > largest(field) {
                        prop_assert!(placed.is_err());
                        continue;
                    }
                    let word = placed.unwrap();
                    prop_assert_eq!(field.extract(word), value);
                    let others = fields.iter().filter(|other| other.name != field.name);
                    prop_assert!(others.into_iter().all(|other| other.extract(word) == 0));
                }
                for value in [smallest(field) - 1, largest(field) + 1] {
                    prop_assert!(field.place(value).is_err());
                }
            }
        }
    }

    #[test]
    fn words_of_random_bits_round_trip(design in designs(), bits: u64) {
        let low = |n: u32| if n >= 64 { bits } else { bits & ((1 << n) - 1) };
        let row = low(RowWord::bits(&design));
        prop_assert_eq!(RowWord::unpack(row, &design).pack(&design), Ok(row));
        let weight = low(WeightWord::bits(&design));
        prop_assert_eq!(WeightWord::unpack(weight, &design).pack(&design), Ok(weight));
        let offset = low(OffsetWord::bits(&design));
        prop_assert_eq!(OffsetWord::unpack(offset, &design).pack(&design), Ok(offset));
        let norm = low(NormWord::bits(&design));
        prop_assert_eq!(NormWord::unpack(norm, &design).pack(&design), Ok(norm));
        let theta = low(ThetaWord::bits(&design));
        prop_assert_eq!(ThetaWord::unpack(theta, &design).pack(&design), Ok(theta));
    }
}

#[test]
fn every_threshold_and_every_pad_comes_back() {
    for (format, affine) in forms() {
        let design = Design {
            image_digits: format != Format::I8,
            ..Design::new(4, 4, format, affine)
        };
        for position in 0..=1u32 << format.code_bits() {
            let word = RowWord {
                threshold: position,
                descending: true,
                dy: -1,
                ..RowWord::default()
            };
            assert_eq!(RowWord::unpack(word.pack(&design).unwrap(), &design), word);
        }
        for pad in i8::MIN..=i8::MAX {
            let word = RowWord {
                threshold: RowWord::pad_threshold(pad),
                ..RowWord::default()
            };
            assert_eq!(
                RowWord::unpack(word.pack(&design).unwrap(), &design).pad(),
                pad
            );
        }
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    let design = Design {
        image_digits: true,
        ..Design::new(8, 8, Format::L4, Affine::Exact)
    };
    let word = RowWord {
        base: 3,
        dy: -1,
        dx: 2,
        threshold: 5,
        descending: true,
    };
    // base 13 bits, dy and dx 7 each, threshold 8, descending.
    let expected = 3 | 0b111_1111 << 13 | 2 << 20 | 5 << 27 | 1 << 35;
    assert_eq!(word.pack(&design), Ok(expected));
    let word = WeightWord {
        a: [-2, 0, 0, 0],
        b: 1,
    };
    assert_eq!(word.pack(&design), Ok(0xfe | 1 << 8));
    let word = OffsetWord {
        mean: -1,
        align: -3,
    };
    assert_eq!(word.pack(&design), Ok(0xffff_ffff | 0x3d << 32));
    let word = NormWord {
        mean: -1,
        exponent: -3,
        negate: true,
        floor: -2,
        ..NormWord::default()
    };
    let expected = 0x1_ffff | 0xfd << 17 | 1 << 25 | 0xfffe << 26;
    assert_eq!(word.pack(&design), Ok(expected));
    let word = ThetaWord::from_theta(3 << 15, &design);
    assert_eq!((word.value, word.theta(&design)), (1 << 15, 3 << 15));
}

#[test]
fn a_value_without_a_field_is_refused() {
    let design = Design::new(2, 2, Format::R4, Affine::Rectified);
    let bias = WeightWord {
        a: [1, 2, 0, 0],
        b: 1,
    };
    assert_eq!(
        bias.pack(&design).unwrap_err().to_string(),
        "b = 1 does not fit 0 bits, signed"
    );
    let third = WeightWord {
        a: [1, 2, 3, 0],
        b: 0,
    };
    assert_eq!(third.pack(&design).unwrap_err().field, "a2");
    let wide = OffsetWord {
        mean: 1 << 31,
        ..OffsetWord::default()
    };
    assert_eq!(
        wide.pack(&design).unwrap_err().to_string(),
        "mean = 2147483648 does not fit 32 bits, signed"
    );
}

#[test]
fn a_design_with_words_wider_than_64_bits_is_refused() {
    // Ranges keep every word within 64 bits, so only a design made in code gets there, and nothing panics.
    let design = Design {
        accumulator_bits: 60,
        ..Design::new(8, 8, Format::L4, Affine::Exact)
    };
    let message = design.validate().unwrap_err().to_string();
    assert!(
        message.contains("accumulator_bits = 60 is out of range"),
        "{message}"
    );
    let breaches = design.rule_breaches();
    let offset = breaches
        .iter()
        .find(|breach| breach.what.contains("offset word"))
        .unwrap();
    assert_eq!(
        offset.what,
        "an offset word would have 66 bits, more than 64"
    );
    assert!(
        OffsetWord {
            align: 1,
            ..OffsetWord::default()
        }
        .pack(&design)
        .is_err()
    );
    assert_eq!(OffsetWord::unpack(u64::MAX, &design).mean, -1);
}
