//! Codes: what their bits mean and how their values are ordered.

use crate::Format;

/// One stored activation, in the low `code_bits` of its format.
///
/// - `L*`, `U*` and `O4`: the top bit is the sign (1 negative), the low bits the magnitude index k; no code means
///   zero.
/// - `R*`: 0 is zero, code n is magnitude index n − 1.
/// - `I8`, `I4`, `I3`: the value, 0..=127, 15, 7.
///
/// Codes deliberately do not implement `Ord`: the order of `L*` bits is not the order of values. Use
/// [`order`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Code(pub u8);

/// What a code stands for, exactly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// Zero: code 0 of `R*`.
    Zero,
    /// ±2^(quarters/4): every other code of a log format.
    Power {
        /// Whether the value is below zero.
        negative: bool,
        /// The exponent of two, in quarters.
        quarters: i32,
    },
    /// An integer: every code of a uniform format.
    Integer(u8),
    /// A level: every code of `U*` and `O4`, as [`integer`] gives it.
    Level(i16),
}

/// The integers that the magnitudes of O4 stand for, in units of (1.29^7½ − 1)/127 ≈ 1/22.08: none has more than two
/// signed digits, and none is off by more than 2.7 %.
const O4_INTEGERS: [i16; 8] = [3, 10, 20, 32, 48, 68, 96, 127];

/// The integer a code of a level format stands for: k of Table 1 for `U*`, −128 ..= 127, whose value is (k + ½)/c
/// with the scale c of the format; for `O4` ±3 … ±127, in units of (1.29^7½ − 1)/127. `None` for other formats.
pub fn integer(format: Format, code: Code) -> Option<i16> {
    if !format.is_level() {
        return None;
    }
    let (negative, index) = sign_and_index(format, code);
    Some(match format {
        Format::O4 => {
            let magnitude = O4_INTEGERS[(index & 7) as usize];
            if negative { -magnitude } else { magnitude }
        }
        _ => {
            let magnitude = i16::from(low_byte(index));
            if negative { -1 - magnitude } else { magnitude }
        }
    })
}

/// Splits the code of a signed format into (negative, magnitude index).
pub(crate) fn sign_and_index(format: Format, code: Code) -> (bool, u32) {
    let half = 1 << (format.code_bits() - 1);
    let bits = u32::from(code.0);
    (bits & half != 0, bits & (half - 1))
}

/// The code of a signed format with this sign and magnitude index.
pub(crate) fn signed_code(format: Format, negative: bool, index: u32) -> Code {
    let sign = u32::from(negative) << (format.code_bits() - 1);
    Code(low_byte(sign | index))
}

/// The low eight bits: no format has codes wider than a byte.
pub(crate) fn low_byte(bits: u32) -> u8 {
    bits.to_le_bytes()[0]
}

/// The value of a code. Bits above `code_bits` are ignored for signed formats and must be 0 for `R*` and `I*`.
pub fn decode(format: Format, code: Code) -> Value {
    let power = |negative, index| Value::Power {
        negative,
        quarters: format.exponent_quarters(index),
    };
    if format.is_integer() {
        Value::Integer(code.0)
    } else if let Some(level) = integer(format, code) {
        Value::Level(level)
    } else if format.is_signed_log() {
        let (negative, index) = sign_and_index(format, code);
        power(negative, index)
    } else {
        u32::from(code.0)
            .checked_sub(1)
            .map_or(Value::Zero, |index| power(false, index))
    }
}

/// The place of a code among the values of its format, ascending, `0..codes()`.
///
/// Signed formats: negative big … negative small, positive small … positive big. `R*` and `I*`: the code itself.
pub fn order(format: Format, code: Code) -> u32 {
    if !format.is_signed() {
        return u32::from(code.0);
    }
    let half = format.magnitudes();
    let (negative, index) = sign_and_index(format, code);
    if negative {
        half - 1 - index
    } else {
        half + index
    }
}

/// The code at a place in value order: the inverse of [`order`]. A place beyond the last code gives the
/// last code.
pub fn from_order(format: Format, place: u32) -> Code {
    let place = place.min(format.codes() - 1);
    if !format.is_signed() {
        return Code(low_byte(place));
    }
    let half = format.magnitudes();
    match place.checked_sub(half) {
        Some(index) => signed_code(format, false, index),
        None => signed_code(format, true, half - 1 - place),
    }
}

/// The code of `format` that stands for a code of a narrower format where codes of `format` are stored; `None` if they
/// do not fit, see [`Format::subset`].
pub fn embed(format: Format, narrow: Format, code: Code) -> Option<Code> {
    let step = format.subset(narrow)?.step;
    Some(if narrow.is_signed() {
        let (negative, index) = sign_and_index(narrow, code);
        signed_code(format, negative, index * step)
    } else {
        let index = u32::from(code.0).checked_sub(1);
        Code(index.map_or(0, |index| low_byte(index * step + 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(format: Format) -> impl Iterator<Item = Code> {
        (0..format.codes()).map(|bits| Code(low_byte(bits)))
    }

    fn real(value: Value) -> f64 {
        match value {
            Value::Zero => 0.0,
            Value::Integer(value) => f64::from(value),
            Value::Level(value) => f64::from(value),
            Value::Power { negative, quarters } => {
                let size = (f64::from(quarters) / 4.0).exp2();
                if negative { -size } else { size }
            }
        }
    }

    #[test]
    fn order_is_the_order_of_values() {
        for format in Format::ALL {
            let values =
                (0..format.codes()).map(|place| real(decode(format, from_order(format, place))));
            assert!(values.is_sorted_by(|a, b| a < b), "{format}");
        }
    }

    #[test]
    fn order_and_from_order_are_inverse() {
        for format in Format::ALL {
            for code in codes(format) {
                assert!(order(format, code) < format.codes());
                assert_eq!(from_order(format, order(format, code)), code, "{format}");
            }
            assert_eq!(
                from_order(format, u32::MAX),
                from_order(format, format.codes() - 1)
            );
        }
    }

    #[test]
    fn four_bit_codes_are_the_sixteen_values_of_section_1_5_1() {
        let positive = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
        let values: Vec<f64> = codes(Format::L4)
            .map(|code| real(decode(Format::L4, code)))
            .collect();
        assert_eq!(values[..8], positive);
        assert_eq!(values[8..], positive.map(|value| -value));
    }

    #[test]
    fn rectified_and_uniform_codes_start_at_zero() {
        for format in [Format::R2, Format::R3, Format::R4, Format::R5] {
            assert_eq!(decode(format, Code(0)), Value::Zero);
            let quarters = format.exponent_quarters(0);
            assert_eq!(
                decode(format, Code(1)),
                Value::Power {
                    negative: false,
                    quarters
                }
            );
        }
        for format in [Format::I8, Format::I4, Format::I3] {
            for code in codes(format) {
                assert_eq!(decode(format, code), Value::Integer(code.0));
            }
        }
    }

    #[test]
    fn levels_are_those_of_table_1() {
        for (format, half) in [(Format::U4, 8), (Format::U5, 16), (Format::U8, 128)] {
            let found: Vec<i16> = (0..format.codes())
                .filter_map(|place| integer(format, from_order(format, place)))
                .collect();
            assert_eq!(found, (-half..half).collect::<Vec<i16>>(), "{format}");
        }
        // O4: α^(k + ½) − 1 in units of a 127th of the largest.
        let alpha = 1.29f64;
        let value = |k: u8| alpha.powf(f64::from(k) + 0.5) - 1.0;
        for k in 0..8 {
            let (plus, minus) = (
                integer(Format::O4, Code(k)),
                integer(Format::O4, Code(8 + k)),
            );
            let exact = value(k) / value(7) * 127.0;
            let found = f64::from(plus.unwrap());
            assert!((found / exact - 1.0).abs() < 0.0275, "{found} {exact}");
            assert_eq!(minus, plus.map(|plus| -plus));
        }
        assert_eq!(integer(Format::L4, Code(3)), None);
    }

    #[test]
    fn every_level_has_as_many_digits_as_its_format_has_beats() {
        for format in Format::ALL.into_iter().filter(|format| format.is_level()) {
            let digits = |code| crate::naf(integer(format, code).unwrap().into()).count();
            let most = codes(format).map(digits).max();
            assert_eq!(most, Some(format.beats() as usize), "{format}");
        }
    }

    #[test]
    fn bit_patterns() {
        assert_eq!(signed_code(Format::L2, true, 1), Code(0b11));
        assert_eq!(signed_code(Format::L5, true, 15), Code(0b1_1111));
        assert_eq!(signed_code(Format::L3, false, 2), Code(0b010));
        let places = [0b00, 0b01, 0b10, 0b11].map(|bits| order(Format::L2, Code(bits)));
        assert_eq!(places, [2, 3, 1, 0]);
    }
}
