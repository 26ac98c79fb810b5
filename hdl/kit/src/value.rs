//! A two-valued word whose width and sign are values, not types.

use crate::word::Word;
use std::fmt;
use std::ops::{Add, BitAnd, BitOr, BitXor, Neg, Not, Sub};

/// A word of 1 to 64 bits. The number is always in range: sign-extended when signed, zero-extended
/// otherwise, so that equal words compare equal.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Value {
    width: u8,
    signed: bool,
    bits: i64,
}

impl Value {
    /// A word of `width` bits holding `number` modulo 2^width.
    ///
    /// # Panics
    /// When `width` is not in 1..=64.
    #[inline(always)]
    pub fn new(width: usize, signed: bool, number: i64) -> Value {
        assert!(
            (1..=64).contains(&width),
            "a word has 1 to 64 bits, not {width}"
        );
        let spare = 64 - width as u32;
        let bits = if signed {
            (number << spare) >> spare
        } else {
            (((number as u64) << spare) >> spare) as i64
        };
        Value {
            width: width as u8,
            signed,
            bits,
        }
    }

    /// A word of bits known to be in range.
    #[inline(always)]
    pub(crate) fn in_range(width: u8, signed: bool, bits: i64) -> Value {
        Value {
            width,
            signed,
            bits,
        }
    }

    /// True when a net of this width and sign takes the word as it is.
    #[inline(always)]
    pub(crate) fn has_shape(self, width: u8, signed: bool) -> bool {
        self.width == width && self.signed == signed
    }

    /// An unsigned word.
    pub fn unsigned(width: usize, number: u64) -> Value {
        Value::new(width, false, number as i64)
    }

    /// The number: negative only for signed words (and for unsigned words of 64 bits with the top bit set).
    #[inline(always)]
    pub fn number(self) -> i64 {
        self.bits
    }

    /// True when any bit is set.
    #[inline(always)]
    pub fn is_true(self) -> bool {
        self.bits != 0
    }

    /// The bit pattern, zero-extended.
    #[inline(always)]
    pub fn pattern(self) -> u64 {
        (self.bits as u64) & (u64::MAX >> (64 - u32::from(self.width)))
    }

    /// Width and sign, for messages.
    pub(crate) fn shape(self) -> impl fmt::Display {
        Shape(self.width, self.signed)
    }

    #[inline(always)]
    fn with(self, number: i64) -> Value {
        Value::new(self.width as usize, self.signed, number)
    }

    #[inline(always)]
    fn flag(condition: bool) -> Value {
        Value {
            width: 1,
            signed: false,
            bits: i64::from(condition),
        }
    }

    #[inline(always)]
    #[track_caller]
    fn matches(self, other: Value, operation: &str) {
        if self.width != other.width || self.signed != other.signed {
            mismatch(operation, &self, &other);
        }
    }
}

#[cold]
#[track_caller]
fn mismatch(operation: &str, left: &Value, right: &Value) -> ! {
    panic!(
        "{operation}: {} does not go with {}",
        left.shape(),
        right.shape()
    )
}

/// `8 signed bits`, in messages.
pub(crate) struct Shape(pub u8, pub bool);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.1 { "signed" } else { "unsigned" };
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {sign} bit{plural}", self.0)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $word:literal, |$a:ident, $b:ident| $value:expr) => {
        impl $trait for Value {
            type Output = Value;
            #[inline(always)]
            #[track_caller]
            fn $method(self, other: Value) -> Value {
                self.matches(other, $word);
                let ($a, $b) = (self.bits, other.bits);
                self.with($value)
            }
        }
    };
}
operator!(Add, add, "add", |a, b| a.wrapping_add(b));
operator!(Sub, sub, "subtract", |a, b| a.wrapping_sub(b));
operator!(BitAnd, bitand, "and", |a, b| a & b);
operator!(BitOr, bitor, "or", |a, b| a | b);
operator!(BitXor, bitxor, "exclusive or", |a, b| a ^ b);

impl Not for Value {
    type Output = Value;
    #[inline(always)]
    fn not(self) -> Value {
        self.with(!self.bits)
    }
}

impl Neg for Value {
    type Output = Value;
    #[inline(always)]
    fn neg(self) -> Value {
        self.with(self.bits.wrapping_neg())
    }
}

impl Word for Value {
    #[inline(always)]
    fn width(self) -> usize {
        self.width as usize
    }
    #[inline(always)]
    fn is_signed(self) -> bool {
        self.signed
    }
    #[inline(always)]
    fn resize(self, width: usize) -> Value {
        Value::new(width, self.signed, self.bits)
    }
    #[inline(always)]
    fn as_signed(self) -> Value {
        Value::new(self.width(), true, self.bits)
    }
    #[inline(always)]
    fn as_unsigned(self) -> Value {
        Value::new(self.width(), false, self.bits)
    }
    #[inline(always)]
    #[track_caller]
    fn slice(self, low: usize, width: usize) -> Value {
        assert!(
            width > 0 && low + width <= self.width(),
            "bits {low}..{} of {}",
            low + width,
            self.shape()
        );
        Value::new(width, false, (self.pattern() >> low) as i64)
    }
    #[inline(always)]
    #[track_caller]
    fn concat(self, low: Value) -> Value {
        let width = self.width() + low.width();
        assert!(width <= 64, "a word has 1 to 64 bits, not {width}");
        // No shift overflows: `self` has at least one bit, so `low` has at most 63.
        let bits = (self.pattern() << low.width()) | low.pattern();
        Value::new(width, false, bits as i64)
    }
    #[inline(always)]
    #[track_caller]
    fn repeat(self, times: usize) -> Value {
        assert!(times > 0, "a word is repeated at least once");
        if self.width == 1 {
            // A flag that gates a word: the common case, and a slow one step by step.
            return Value::new(times, false, -self.bits.abs());
        }
        (1..times).fold(self.as_unsigned(), |word, _| word.concat(self))
    }
    #[inline(always)]
    #[track_caller]
    fn mux(self, then: Value, otherwise: Value) -> Value {
        assert!(
            self.width == 1,
            "a condition has one bit, not {}",
            self.width
        );
        then.matches(otherwise, "choose");
        if self.bits != 0 { then } else { otherwise }
    }
    #[inline(always)]
    #[track_caller]
    fn equals(self, other: Value) -> Value {
        self.matches(other, "compare");
        Value::flag(self.bits == other.bits)
    }
    #[inline(always)]
    #[track_caller]
    fn less_than(self, other: Value) -> Value {
        self.matches(other, "compare");
        Value::flag(if self.signed {
            self.bits < other.bits
        } else {
            self.pattern() < other.pattern()
        })
    }
    #[inline(always)]
    fn any(self) -> Value {
        Value::flag(self.bits != 0)
    }
    #[inline(always)]
    fn all(self) -> Value {
        Value::flag((!self).bits == 0)
    }
    #[inline(always)]
    fn shift_left(self, by: Value) -> Value {
        self.with(
            self.bits
                .checked_shl(by.pattern().min(64) as u32)
                .unwrap_or(0),
        )
    }
    #[inline(always)]
    fn shift_right(self, by: Value) -> Value {
        let by = by.pattern().min(64) as u32;
        if self.signed {
            self.with(self.bits >> by.min(63))
        } else {
            self.with(self.pattern().checked_shr(by).unwrap_or(0) as i64)
        }
    }
    #[inline(always)]
    #[track_caller]
    fn multiply(self, other: Value) -> Value {
        assert!(
            self.signed == other.signed,
            "multiply: {} by {}",
            self.shape(),
            other.shape()
        );
        let width = self.width() + other.width();
        Value::new(width, self.signed, self.bits.wrapping_mul(other.bits))
    }
}

#[cfg(test)]
mod tests;
