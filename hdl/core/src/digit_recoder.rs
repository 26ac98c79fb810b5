//! Integers as signed powers of two, one digit a beat.

use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of what is left of an integer: −128…127 recoded to non-adjacent form leaves −128…128.
const REST_BITS: usize = 9;

/// Sends the lowest digit of an 8-bit integer's non-adjacent form, keeps the rest for the next beat.
#[derive(LogicBlock)]
pub struct DigitRecoder {
    /// Clock.
    pub clock: Net<In>,
    /// First beat: take a new integer.
    pub fresh: Net<In>,
    /// The integer, two's complement.
    pub integer: Net<In>,
    /// There is a digit; without one the operand adds nothing.
    pub active: Net<Out>,
    /// The digit is −1.
    pub negative: Net<Out>,
    /// Its exponent.
    pub exponent: Net<Out>,
    rest: Register,
}

impl DigitRecoder {
    /// A recoder of 8-bit integers.
    #[allow(clippy::new_without_default)]
    pub fn new() -> DigitRecoder {
        DigitRecoder {
            clock: Net::flag(),
            fresh: Net::flag(),
            integer: Net::bits(8),
            active: Net::flag(),
            negative: Net::flag(),
            exponent: Net::bits(3),
            rest: Register::data(REST_BITS, false),
        }
    }
}

impl Describe for DigitRecoder {
    fn module(&self) -> String {
        "digit_recoder".to_string()
    }
    fn about(&self) -> String {
        "Recodes an integer to non-adjacent form, lowest digit first, one digit a beat.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let fresh = i.read(&self.fresh);
        let integer = i
            .read(&self.integer)
            .as_signed()
            .resize(REST_BITS)
            .as_unsigned();
        let rest = self.rest.read(i);
        let value = fresh.mux(integer, rest);
        let value = i.name("value", value);
        i.comment(
            "The lowest set bit, and the bit above it: 01 is the digit 1, 11 is -1 with a carry",
        );
        let lowest = value & -value;
        let lowest = i.name("lowest", lowest);
        let above = lowest.slice(0, 8);
        let negative = (value.slice(1, 8) & above).any();
        let negative = i.name("minus", negative);
        let step = negative.mux(lowest, -lowest);
        self.rest.load(i, &self.clock, value + step);
        i.drive(&self.negative, negative);
        i.drive(&self.active, value.any());
        let bit = |weights: [usize; 4]| {
            weights
                .map(|n| lowest.bit(n))
                .into_iter()
                .reduce(|a, b| a | b)
        };
        let exponent = [bit([4, 5, 6, 7]), bit([2, 3, 6, 7]), bit([1, 3, 5, 7])];
        if let [Some(high), Some(middle), Some(low)] = exponent {
            i.drive(&self.exponent, high.concat(middle).concat(low));
        }
    }
}
logic!(DigitRecoder);
