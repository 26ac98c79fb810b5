//! The +1 that processing elements leave out.

use crate::shape::{PeShape, Shape};
use cromulent_design::PeKind;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// One element of the correction column: adds up what the products of the rows above and its own are
/// short of, in step with column 0: one for each negative operand; with Booth rows 4^n if digit n is
/// negative. The count is the same for every column.
#[derive(LogicBlock)]
pub struct SignCounter {
    /// Clock.
    pub clock: Net<In>,
    /// The row's operand is negative; with Booth rows, which of its digits are: digit n in bit 2n.
    pub negative: Net<In>,
    /// Count of the rows above.
    pub count_in: Net<In>,
    /// Count with this row, a cycle later.
    pub count_out: Net<Out>,
    count: Register,
}

impl SignCounter {
    /// A counter of `bits` bits for elements of a shape.
    pub fn new(shape: &PeShape, bits: usize) -> SignCounter {
        let own = address_bits(shape.most_missing() + 1);
        SignCounter {
            clock: Net::flag(),
            negative: Net::bits(own),
            count_in: Net::bits(bits),
            count_out: Net::bits(bits),
            count: Register::data(bits, false),
        }
    }
}

impl Describe for SignCounter {
    fn module(&self) -> String {
        "sign_counter".to_string()
    }
    fn about(&self) -> String {
        match self.negative.width() {
            1 => "One element of the correction column: counts rows that sent a negative operand.",
            _ => "One element of the correction column: adds up what the Booth rows leave out.",
        }
        .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let above = i.read(&self.count_in);
        let own = i.read(&self.negative).resize(above.width());
        self.count.load(i, &self.clock, above + own);
        i.connect(&self.count_out, &self.count.q);
    }
}
logic!(SignCounter);

/// Foot of one array column: adds the count of negative operands to the sum, and passes the count
/// on to the next column.
#[derive(LogicBlock)]
pub struct ColumnFoot {
    /// Clock.
    pub clock: Net<In>,
    /// Sum from the array, modulo 2^sum_bits.
    pub sum: Net<In>,
    /// Count of negative operands, in step with the sum.
    pub count_in: Optional<Net<In>>,
    /// The same for the column to the right, a cycle later.
    pub count_out: Optional<Net<Out>>,
    /// The true sum, a cycle later.
    pub corrected: Net<Out>,
    count: Optional<Register>,
    result: Register,
    _booth: bool,
}

impl ColumnFoot {
    /// The foot of one column.
    pub fn new(shape: &Shape) -> ColumnFoot {
        let count = shape.count_bits();
        let bits = count.unwrap_or(1);
        ColumnFoot {
            clock: Net::flag(),
            sum: Net::bits(shape.sum_bits),
            count_in: Optional::when(count.is_some(), || Net::bits(bits)),
            count_out: Optional::when(count.is_some(), || Net::bits(bits)),
            corrected: Net::new(shape.sum_bits, true),
            count: Optional::when(count.is_some(), || Register::data(bits, false)),
            result: Register::data(shape.sum_bits, true),
            _booth: shape.pe.kind == PeKind::Multiply,
        }
    }
}

impl Describe for ColumnFoot {
    fn module(&self) -> String {
        "column_foot".to_string()
    }
    fn about(&self) -> String {
        match self.count.is_present() {
            true if self._booth => "Foot of a column: a negative Booth row came in as its ones' complement;\nadds what all of them left out.".to_string(),
            true => "Foot of a column: a negative product came in as its ones' complement, one too small;\nadds one for each.".to_string(),
            false => "Foot of a column: no operand is negative, nothing to correct.".to_string(),
        }
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut sum = i.read(&self.sum);
        if let (Some(count_in), Some(count_out), Some(count)) =
            (self.count_in.get(), self.count_out.get(), self.count.get())
        {
            let word = i.read(count_in);
            count.load(i, &self.clock, word);
            i.connect(count_out, &count.q);
            sum = sum + word.resize(sum.width());
        }
        self.result.load(i, &self.clock, sum.as_signed());
        i.connect(&self.corrected, &self.result.q);
    }
}
logic!(ColumnFoot);
