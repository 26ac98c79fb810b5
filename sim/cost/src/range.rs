//! Numbers that are known to lie between two.

use std::ops::{Add, Mul};

/// From the least to the most it may be.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Range {
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
}

impl Range {
    /// Between two numbers.
    pub fn of(low: f64, high: f64) -> Range {
        Range { low, high }
    }

    /// What holds both.
    pub fn hull(self, other: Range) -> Range {
        Range::of(self.low.min(other.low), self.high.max(other.high))
    }

    /// The same, with the least reduced to this share of it.
    pub fn from(self, share: f64) -> Range {
        Range::of(self.low * share, self.high)
    }
}

impl Add for Range {
    type Output = Range;
    fn add(self, other: Range) -> Range {
        Range::of(self.low + other.low, self.high + other.high)
    }
}

/// Times a number that is not negative.
impl Mul<f64> for Range {
    type Output = Range;
    fn mul(self, factor: f64) -> Range {
        Range::of(self.low * factor, self.high * factor)
    }
}
