//! Integers as signed digits: the same shift-and-add elements serve pixels, one digit a beat.

/// One signed digit: ±2^exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Digit {
    /// Whether the power is subtracted.
    pub negative: bool,
    /// The exponent of two, 0..=31.
    pub exponent: u32,
}

/// The digits of an integer in non-adjacent form; see [`naf`].
#[derive(Clone, Debug)]
pub struct Naf {
    /// What is left to recode, already divided by 2^exponent.
    rest: i64,
    exponent: u32,
}

impl Iterator for Naf {
    type Item = Digit;

    fn next(&mut self) -> Option<Digit> {
        if self.rest == 0 {
            return None;
        }
        let zeros = self.rest.trailing_zeros();
        self.rest >>= zeros;
        self.exponent += zeros;
        // Of an odd number, the digit ±1 that leaves a multiple of 4: so the next digit is zero.
        let negative = self.rest & 3 == 3;
        self.rest += if negative { 1 } else { -1 };
        Some(Digit {
            negative,
            exponent: self.exponent,
        })
    }
}

/// The non-zero digits of the non-adjacent form of `value`, lowest exponent first.
///
/// No two digits are neighbours, and no signed-digit form has fewer. −128..=127 and 0..=170 need at most
/// 4 digits with exponents 0..=7; from 171 on the exponent 8 appears, and 171, 173, 179, 181, 203, 205,
/// 211 and 213 are the values up to 255 that need 5.
pub fn naf(value: i32) -> Naf {
    Naf {
        rest: i64::from(value),
        exponent: 0,
    }
}

/// The digits of `value` over a fixed number of beats: digits first, lowest exponent first, then beats
/// with nothing to add (`None`). `None` as a whole if the digits do not fit in the beats.
pub fn digits(value: i32, beats: usize) -> Option<Vec<Option<Digit>>> {
    let mut schedule: Vec<_> = naf(value).map(Some).collect();
    if schedule.len() > beats {
        return None;
    }
    schedule.resize(beats, None);
    Some(schedule)
}

/// The integer of −128..=127 nearest to `value` whose non-adjacent form has at most this many digits; of two the
/// one nearer to 0.
pub fn nearest(value: i32, digits: usize) -> i32 {
    let short = (-128..=127).filter(|&v| naf(v).count() <= digits);
    let by_distance = |&v: &i32| (v.abs_diff(value), v.unsigned_abs());
    short.min_by_key(by_distance).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(digits: impl Iterator<Item = Digit>) -> i64 {
        digits
            .map(|d| {
                if d.negative {
                    -(1i64 << d.exponent)
                } else {
                    1 << d.exponent
                }
            })
            .sum()
    }

    /// Values whose non-adjacent form has this many digits.
    fn with_digits(range: std::ops::RangeInclusive<i32>, count: usize) -> Vec<i32> {
        range.filter(|&value| naf(value).count() == count).collect()
    }

    #[test]
    fn digits_sum_to_the_value_and_are_no_neighbours() {
        for value in (-70_000..=70_000).chain([i32::MIN, i32::MIN + 1, i32::MAX - 1, i32::MAX]) {
            assert_eq!(sum(naf(value)), i64::from(value));
            let exponents: Vec<u32> = naf(value).map(|digit| digit.exponent).collect();
            assert!(
                exponents.windows(2).all(|pair| pair[0] + 1 < pair[1]),
                "{value}: {exponents:?}"
            );
        }
    }

    #[test]
    fn pixels_and_rectified_integers_take_four_beats_and_three_exponent_bits() {
        for value in (-128..=127).chain(0..=170) {
            assert!(digits(value, 4).is_some(), "{value}");
            assert!(naf(value).all(|digit| digit.exponent <= 7), "{value}");
        }
    }

    #[test]
    fn above_170_exponent_8_appears_and_eight_values_need_five_digits() {
        assert!((171..=255).all(|value| naf(value).any(|digit| digit.exponent == 8)));
        assert_eq!(
            with_digits(0..=255, 5),
            [171, 173, 179, 181, 203, 205, 211, 213]
        );
        assert_eq!(with_digits(0..=255, 6), []);
        assert_eq!(digits(171, 4), None);
    }

    #[test]
    fn uniform_formats_of_table_1_take_two_three_and_four_beats() {
        for (bits, beats) in [(4, 2), (5, 3), (8, 4)] {
            let half = 1 << (bits - 1);
            let largest = (-half..half)
                .flat_map(naf)
                .map(|digit| digit.exponent)
                .max();
            assert_eq!(largest, Some(bits - 1), "U{bits}");
            assert_eq!(
                (-half..half).map(|value| naf(value).count()).max(),
                Some(beats),
                "U{bits}"
            );
        }
        // O4 as a table of integers.
        assert!(
            [3, 10, 20, 32, 48, 68, 96, 127]
                .into_iter()
                .all(|value| digits(value, 2).is_some())
        );
    }

    #[test]
    fn no_form_has_fewer_digits() {
        // Breadth first over sums of signed powers up to 2^9.
        let mut fewest = std::collections::BTreeMap::from([(0, 0)]);
        for count in 1..=5 {
            let reached: Vec<i32> = fewest.keys().copied().collect();
            for power in (0..=9).map(|exponent| 1 << exponent) {
                for sum in reached
                    .iter()
                    .flat_map(|value| [value - power, value + power])
                {
                    fewest.entry(sum).or_insert(count);
                }
            }
        }
        for value in -256..=256 {
            assert_eq!(fewest.get(&value), Some(&naf(value).count()), "{value}");
        }
    }

    #[test]
    fn schedules_put_digits_first_lowest_first() {
        let plus = |exponent| {
            Some(Digit {
                negative: false,
                exponent,
            })
        };
        let minus = |exponent| {
            Some(Digit {
                negative: true,
                exponent,
            })
        };
        assert_eq!(digits(7, 4), Some(vec![minus(0), plus(3), None, None]));
        assert_eq!(digits(-128, 4), Some(vec![minus(7), None, None, None]));
        assert_eq!(
            digits(170, 4),
            Some(vec![plus(1), plus(3), plus(5), plus(7)])
        );
        assert_eq!(digits(0, 2), Some(vec![None, None]));
        assert_eq!(digits(0, 0), Some(vec![]));
    }

    #[test]
    fn the_nearest_short_integer_is_within_its_error() {
        for (digits, largest) in [(0, 128), (1, 63), (2, 8), (3, 2), (4, 0)] {
            let error = |value: i32| nearest(value, digits).abs_diff(value);
            assert_eq!((-128..=127).map(error).max(), Some(largest), "{digits}");
            assert!((-128..=127).all(|value| naf(nearest(value, digits)).count() <= digits));
        }
        assert_eq!(nearest(96, 1), 64);
        assert_eq!(nearest(-96, 1), -64);
        assert_eq!(nearest(300, 4), 127);
    }
}
