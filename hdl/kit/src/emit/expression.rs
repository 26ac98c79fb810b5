//! Words that are pieces of Verilog.

use super::body::Arena;
use crate::value::{Shape, Value};
use crate::word::Word;
use std::ops::{Add, BitAnd, BitOr, BitXor, Neg, Not, Sub};

/// A piece of Verilog of known width and sign. Every piece is self-determined in width: operands
/// of operators have equal widths, and what is wider or narrower is spelt out, so no rule of
/// Verilog's context widths ever applies.
#[derive(Copy, Clone)]
pub struct Expression<'a> {
    pub(super) arena: &'a Arena,
    pub(super) id: usize,
    width: usize,
    signed: bool,
}

impl<'a> Expression<'a> {
    /// # Panics
    /// When `width` is not in 1..=64: simulation could not follow.
    #[track_caller]
    pub(super) fn new(arena: &'a Arena, id: usize, width: usize, signed: bool) -> Self {
        assert!(
            (1..=64).contains(&width),
            "a word has 1 to 64 bits, not {width}"
        );
        Expression {
            arena,
            id,
            width,
            signed,
        }
    }

    /// Its Verilog.
    pub(super) fn text(self) -> String {
        self.arena.text(self.id)
    }

    /// Its Verilog where only the bits count: without the cast, if it is one.
    fn bits(self) -> String {
        self.arena.bits(self.id)
    }

    /// Width and sign, for messages.
    pub(super) fn shape(self) -> Shape {
        Shape(self.width as u8, self.signed)
    }

    fn constant(self) -> Option<Value> {
        self.arena.constant(self.id)
    }

    fn make(self, width: usize, signed: bool, text: String) -> Self {
        self.arena.expression(width, signed, text)
    }

    fn literal(self, value: Value) -> Self {
        self.arena.literal(value)
    }

    #[track_caller]
    fn binary(self, operator: &str, other: Self) -> Self {
        self.same(other, operator);
        let text = format!("({} {operator} {})", self.text(), other.text());
        self.make(self.width, self.signed, text)
    }

    #[track_caller]
    fn relation(self, operator: &str, other: Self) -> Self {
        self.same(other, operator);
        let text = format!("({} {operator} {})", self.text(), other.text());
        self.make(1, false, text)
    }

    fn shift(self, operator: &str, by: Self) -> Self {
        // Tools refuse constants of more than 32 bits here; 64 shifts everything out as well.
        let by = match by.constant() {
            Some(value) if value.pattern() > 64 => self.literal(Value::unsigned(7, 64)),
            _ => by,
        };
        let text = format!("({} {operator} {})", self.text(), by.text());
        self.make(self.width, self.signed, text)
    }

    fn prefix(self, operator: &str, width: usize, signed: bool) -> Self {
        self.make(width, signed, format!("({operator}{})", self.text()))
    }

    #[track_caller]
    fn same(self, other: Self, operator: &str) {
        assert!(
            self.width == other.width && self.signed == other.signed,
            "`{operator}` between {} and {}",
            self.shape(),
            other.shape()
        );
    }

    fn extend(self, width: usize) -> Self {
        let more = width - self.width;
        if !self.signed {
            return self.make(width, false, format!("{{{more}'d0, {}}}", self.bits()));
        }
        let text = format!("{{{{{more}{{{}}}}}, {}}}", self.top().text(), self.bits());
        self.make(width, false, text).as_signed()
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $symbol:literal) => {
        impl $trait for Expression<'_> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                self.binary($symbol, other)
            }
        }
    };
}
operator!(Add, add, "+");
operator!(Sub, sub, "-");
operator!(BitAnd, bitand, "&");
operator!(BitOr, bitor, "|");
operator!(BitXor, bitxor, "^");

impl Not for Expression<'_> {
    type Output = Self;
    fn not(self) -> Self {
        self.prefix("~", self.width, self.signed)
    }
}

impl Neg for Expression<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.prefix("-", self.width, self.signed)
    }
}

impl Word for Expression<'_> {
    fn width(self) -> usize {
        self.width
    }
    fn is_signed(self) -> bool {
        self.signed
    }
    fn resize(self, width: usize) -> Self {
        if let Some(value) = self.constant() {
            return self.literal(value.resize(width));
        }
        match width.cmp(&self.width) {
            std::cmp::Ordering::Equal => self,
            std::cmp::Ordering::Greater => self.extend(width),
            std::cmp::Ordering::Less => {
                let low = self.slice(0, width);
                if self.signed { low.as_signed() } else { low }
            }
        }
    }
    fn as_signed(self) -> Self {
        match self.constant() {
            Some(value) => self.literal(value.as_signed()),
            None if self.signed => self,
            None => self.arena.cast(self),
        }
    }
    fn as_unsigned(self) -> Self {
        match self.constant() {
            Some(value) => self.literal(value.as_unsigned()),
            None if !self.signed => self,
            None => self.arena.cast(self),
        }
    }
    #[track_caller]
    fn slice(self, low: usize, width: usize) -> Self {
        assert!(
            width > 0 && low + width <= self.width,
            "bits {low}..{} of {}",
            low + width,
            self.shape()
        );
        if let Some(value) = self.constant() {
            return self.literal(value.slice(low, width));
        }
        if width == self.width {
            return self.as_unsigned();
        }
        self.arena.slice(self, low, width)
    }
    fn concat(self, low: Self) -> Self {
        if let (Some(high), Some(low)) = (self.constant(), low.constant()) {
            return self.literal(high.concat(low));
        }
        let text = format!("{{{}, {}}}", self.bits(), low.bits());
        self.make(self.width + low.width, false, text)
    }
    #[track_caller]
    fn repeat(self, times: usize) -> Self {
        assert!(times > 0, "a word is repeated at least once");
        if times == 1 {
            return self.as_unsigned();
        }
        let text = format!("{{{times}{{{}}}}}", self.bits());
        self.make(self.width * times, false, text)
    }
    #[track_caller]
    fn mux(self, then: Self, otherwise: Self) -> Self {
        assert!(
            self.width == 1,
            "a condition has one bit, not {}",
            self.width
        );
        then.same(otherwise, "?:");
        if let Some(value) = self.constant() {
            return if value.is_true() { then } else { otherwise };
        }
        let text = format!("({} ? {} : {})", self.text(), then.text(), otherwise.text());
        self.make(then.width, then.signed, text)
    }
    #[track_caller]
    fn equals(self, other: Self) -> Self {
        self.relation("==", other)
    }
    #[track_caller]
    fn less_than(self, other: Self) -> Self {
        self.relation("<", other)
    }
    #[track_caller]
    fn at_least(self, other: Self) -> Self {
        self.relation(">=", other)
    }
    fn any(self) -> Self {
        self.prefix("|", 1, false)
    }
    fn all(self) -> Self {
        self.prefix("&", 1, false)
    }
    fn shift_left(self, by: Self) -> Self {
        self.shift("<<", by)
    }
    fn shift_right(self, by: Self) -> Self {
        self.shift(if self.signed { ">>>" } else { ">>" }, by)
    }
    #[track_caller]
    fn multiply(self, other: Self) -> Self {
        assert!(
            self.signed == other.signed,
            "multiply: {} by {}",
            self.shape(),
            other.shape()
        );
        // Both operands at the product's width: Verilog then has nothing left to decide.
        let width = self.width + other.width;
        self.resize(width).binary("*", other.resize(width))
    }
}
