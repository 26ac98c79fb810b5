//! What a block's description computes with.

use std::ops::{Add, BitAnd, BitOr, BitXor, Neg, Not, Sub};

/// A word of known width and sign: a [`Value`](crate::Value) while simulating, a piece of Verilog
/// while emitting. A description written over `Word` therefore cannot say two different things.
///
/// Operators take two words of the same width and sign and keep both (sums wrap); anything else
/// needs an explicit [`resize`](Word::resize). A mismatch panics, in release builds too: it is a
/// mistake in the description, found the first time the block is built.
pub trait Word:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Neg<Output = Self>
{
    /// Bits, 1 to 64.
    fn width(self) -> usize;
    /// Two's complement when true.
    fn is_signed(self) -> bool;
    /// Truncates, or extends with zeros (unsigned) or the sign (signed).
    fn resize(self, width: usize) -> Self;
    /// The same bits read as two's complement.
    fn as_signed(self) -> Self;
    /// The same bits read as unsigned.
    fn as_unsigned(self) -> Self;
    /// `width` bits from bit `low` up, unsigned.
    fn slice(self, low: usize, width: usize) -> Self;
    /// Bit `index`, unsigned.
    fn bit(self, index: usize) -> Self {
        self.slice(index, 1)
    }
    /// The most significant bit.
    fn top(self) -> Self {
        self.bit(self.width() - 1)
    }
    /// `{self, low}`, unsigned.
    fn concat(self, low: Self) -> Self;
    /// `self` repeated, unsigned.
    ///
    /// # Panics
    /// When `times` is zero.
    fn repeat(self, times: usize) -> Self;
    /// `self ? then : otherwise`; `self` has one bit.
    fn mux(self, then: Self, otherwise: Self) -> Self;
    /// One bit: equal.
    fn equals(self, other: Self) -> Self;
    /// One bit: strictly less, by the words' sign.
    fn less_than(self, other: Self) -> Self;
    /// One bit: greater or equal, by the words' sign.
    fn at_least(self, other: Self) -> Self {
        !self.less_than(other)
    }
    /// One bit: some bit is set.
    fn any(self) -> Self;
    /// One bit: every bit is set.
    fn all(self) -> Self;
    /// Shift left by the bits of `by` read as unsigned, zeros in; `by` may exceed the width.
    fn shift_left(self, by: Self) -> Self;
    /// Shift right by the bits of `by` read as unsigned, arithmetic when `self` is signed.
    fn shift_right(self, by: Self) -> Self;
    /// The full product, as wide as both operands together; both of one sign.
    fn multiply(self, other: Self) -> Self;
}
