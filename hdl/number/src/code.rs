//! Codes: what their bits mean and how their values are ordered.

use crate::Format;

/// One stored activation, in the low `code_bits` of its format.
///
/// - `L*`: the top bit is the sign (1 negative), the low bits the magnitude index k; no code means zero.
/// - `R*`: 0 is zero, code n is magnitude index n − 1.
/// - `I8`: the value, 0..=127.
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
    /// An integer: every code of `I8`.
    Integer(u8),
}

/// Splits the code of a signed log format into (negative, magnitude index).
pub(crate) fn sign_and_index(format: Format, code: Code) -> (bool, u32) {
    let half = 1 << (format.code_bits() - 1);
    let bits = u32::from(code.0);
    (bits & half != 0, bits & (half - 1))
}

/// The code of a signed log format with this sign and magnitude index.
pub(crate) fn signed_code(format: Format, negative: bool, index: u32) -> Code {
    let sign = u32::from(negative) << (format.code_bits() - 1);
    Code(low_byte(sign | index))
}

/// The low eight bits: no format has codes wider than a byte.
pub(crate) fn low_byte(bits: u32) -> u8 {
    bits.to_le_bytes()[0]
}

/// The value of a code. Bits above `code_bits` are ignored for `L*` and must be 0 for `R*`.
pub fn decode(format: Format, code: Code) -> Value {
    let power = |negative, index| Value::Power {
        negative,
        quarters: format.exponent_quarters(index),
    };
    if format == Format::I8 {
        Value::Integer(code.0)
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
/// `L*`: negative big … negative small, positive small … positive big. `R*` and `I8`: the code itself.
pub fn order(format: Format, code: Code) -> u32 {
    if !format.is_signed_log() {
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
    if !format.is_signed_log() {
        return Code(low_byte(place));
    }
    let half = format.magnitudes();
    match place.checked_sub(half) {
        Some(index) => signed_code(format, false, index),
        None => signed_code(format, true, half - 1 - place),
    }
}
