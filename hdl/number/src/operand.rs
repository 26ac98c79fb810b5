//! What a processing element is told to do: the code, decoded for the shifter.

use crate::code::sign_and_index;
use crate::{Code, Digit, Format};

/// One beat of work for every processing element of a row.
///
/// The contribution to the sum is ±(A\[root\] << shift) if active. If inactive it is −(B << s) in the
/// exact form (the same shifter and sign serve: B is selected, negative, shift = s), and 0 where there
/// is no B.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Operand {
    /// Whether A is added; otherwise B, or nothing.
    pub active: bool,
    /// Whether the shifted constant is subtracted.
    pub negative: bool,
    /// Which constant: A\[root\] = a·w·2^(root / format.root()).
    pub root: u32,
    /// Shift to the left, `0..=max_shift` (up to 7 for digits of pixels).
    pub shift: u32,
}

impl Operand {
    /// Adds nothing, in the forms without B.
    pub const INACTIVE: Operand = Operand {
        active: false,
        negative: false,
        root: 0,
        shift: 0,
    };

    /// An inactive or padded input of the exact form: −(B << s), which cancels the B inside C_j.
    pub fn inactive_exact(format: Format) -> Operand {
        Operand {
            active: false,
            negative: true,
            root: 0,
            shift: format.bias_shift(),
        }
    }

    /// What this adds to the sum, given the constants A\[root\] and, in the exact form, B (else 0).
    /// A constant that is not there counts as 0; the result wraps beyond 64 bits.
    pub fn contribution(self, constants: &[i64], bias: i64) -> i64 {
        let place = usize::try_from(self.root).unwrap_or(usize::MAX);
        let constant = if self.active {
            constants.get(place).copied().unwrap_or(0)
        } else {
            bias
        };
        let shifted = constant.checked_shl(self.shift).unwrap_or(0);
        if self.negative {
            shifted.wrapping_neg()
        } else {
            shifted
        }
    }
}

/// The operand of a code: its magnitude index split into constant and shift.
///
/// Code 0 of `R*` is [`Operand::INACTIVE`]. So is every code of a uniform format: those are for processing
/// elements that multiply, which take the integer itself. And every code of a level format: the digits of its
/// [`integer`](crate::integer) are sent one a beat.
pub fn operand(format: Format, code: Code) -> Operand {
    let (negative, index) = if format.is_signed_log() {
        sign_and_index(format, code)
    } else {
        match u32::from(code.0).checked_sub(1) {
            Some(index) if format.is_rectified() => (false, index),
            _ => return Operand::INACTIVE,
        }
    };
    let root = format.root();
    Operand {
        active: true,
        negative,
        root: index % root,
        shift: index / root,
    }
}

impl From<Digit> for Operand {
    /// A signed digit selects the first constant: ±(A\[0\] << exponent).
    fn from(digit: Digit) -> Operand {
        Operand {
            active: true,
            negative: digit.negative,
            root: 0,
            shift: digit.exponent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Threshold, Value, decode, digits, from_order, order};

    const SIGNED: [Format; 4] = [Format::L2, Format::L3, Format::L4, Format::L5];
    const RECTIFIED: [Format; 4] = [Format::R2, Format::R3, Format::R4, Format::R5];

    fn codes(format: Format) -> impl Iterator<Item = Code> {
        (0..format.codes()).map(move |place| from_order(format, place))
    }

    #[test]
    fn constant_and_shift_make_the_value_of_every_code() {
        for format in SIGNED.into_iter().chain(RECTIFIED) {
            for code in codes(format) {
                let operand = operand(format, code);
                let Value::Power { negative, quarters } = decode(format, code) else {
                    assert_eq!((operand, code), (Operand::INACTIVE, Code(0)));
                    continue;
                };
                // A[root] carries root/format.root() octaves, the shift the rest, over the smallest value.
                let above = operand.shift * 4 + operand.root * 4 / format.root();
                assert_eq!(
                    format.exponent_quarters(0) + above as i32,
                    quarters,
                    "{format} {code:?}"
                );
                assert_eq!((operand.active, operand.negative), (true, negative));
                assert!(operand.root < format.root() && operand.shift <= format.max_shift());
            }
        }
    }

    #[test]
    fn the_largest_shift_occurs() {
        for format in SIGNED.into_iter().chain(RECTIFIED) {
            let largest = codes(format).map(|code| operand(format, code).shift).max();
            assert_eq!(largest, Some(format.max_shift()), "{format}");
        }
    }

    #[test]
    fn one_addition_is_the_exact_affine_for_every_code_threshold_and_direction() {
        let (constants, bias) = ([-93, 57], -101);
        for format in SIGNED {
            let folded = bias << format.bias_shift();
            for position in 0..=format.codes() {
                for code in codes(format) {
                    for descending in [false, true] {
                        let active = Threshold {
                            position,
                            descending,
                        }
                        .is_active(order(format, code));
                        let code = operand(format, code);
                        let sent = if active {
                            code
                        } else {
                            Operand::inactive_exact(format)
                        };
                        let with_b = code.contribution(&constants, bias) + folded;
                        let sum = sent.contribution(&constants, bias) + folded;
                        assert_eq!(
                            sum,
                            if active { with_b } else { 0 },
                            "{format} {position} {code:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn formats_of_integers_have_no_operand() {
        for format in Format::ALL.into_iter().filter(|format| format.is_scaled()) {
            for code in codes(format) {
                assert_eq!(operand(format, code), Operand::INACTIVE);
            }
        }
    }

    #[test]
    fn digits_multiply_by_the_integer() {
        for value in -128..=170 {
            let beats = digits(value, 4).unwrap();
            let operands = beats
                .into_iter()
                .map(|digit| digit.map_or(Operand::INACTIVE, Operand::from));
            let sum: i64 = operands
                .map(|operand| operand.contribution(&[-77], 0))
                .sum();
            assert_eq!(sum, -77 * i64::from(value));
        }
    }

    #[test]
    fn contributions_outside_the_contract_do_not_panic() {
        let odd = Operand {
            active: true,
            negative: true,
            root: 9,
            shift: 99,
        };
        assert_eq!(odd.contribution(&[1], 1), 0);
        let odd = Operand {
            active: false,
            negative: true,
            root: u32::MAX,
            shift: 63,
        };
        assert_eq!(odd.contribution(&[], 1), i64::MIN);
    }
}
