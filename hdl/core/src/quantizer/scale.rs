//! The quantizer of the int8 baseline.

use super::*;

impl Quantizer {
    /// Stages 3 to 8 of int8: multiply by the halves of the multiplier, add them, add half, shift by
    /// eights and by ones, saturate. A raw word is multiplied by one and shifted by nothing.
    pub(super) fn scale<I: Interpreter>(&self, i: &mut I) -> Option<(I::Word, I::Word)> {
        let [low, high] = self.partial.as_slice() else {
            return None;
        };
        let [product, rounded, by_eights, scaled] = self.scaled.as_slice() else {
            return None;
        };
        let (clock, bits) = (&self.clock, low.q.width());
        let (raw, coded) = (i.read(&self.raw), !i.read(&self.raw));
        let (magnitude, theta) = (self.magnitude.read(i), i.read(&self.theta[0]));
        let one = i.constant(theta.width(), 1);
        let factor = i.name("factor", raw.mux(one, theta));
        let half = factor.width() / 2;
        let lower = magnitude.multiply(factor.slice(0, half)).resize(bits);
        let upper = factor.slice(half, factor.width() - half);
        let upper = magnitude.multiply(upper).resize(bits);
        low.load(i, clock, lower);
        high.load(i, clock, upper);
        let half = i.constant(6, half as u64);
        let sum = low.read(i) + high.read(i).shift_left(half);
        product.load(i, clock, sum);

        let shifts = [3, 4, 5].map(|n: usize| self.exponents[n].read(i));
        for shift in &shifts {
            i.unused(shift.slice(6, EXPONENT_BITS - 6));
        }
        let gate = |shift: I::Word, low, width| shift.slice(low, width) & coded.repeat(width);
        let [first, second, third] = shifts;
        i.unused(second.slice(0, 3));
        i.unused(third.slice(3, 3));
        let (one, two) = (i.constant(bits, 1), i.constant(1, 1));
        let half = one.shift_left(gate(first, 0, 6)).shift_right(two);
        let sum = product.read(i) + half;
        let sum = i.name("rounded_up", sum);
        rounded.load(i, clock, sum);
        let none = i.constant(3, 0);
        let shift = gate(second, 3, 3).concat(none);
        let shifted = rounded.read(i).shift_right(shift);
        by_eights.load(i, clock, shifted);
        let shift = gate(third, 0, 3);
        let shifted = by_eights.read(i).shift_right(shift);
        scaled.load(i, clock, shifted);

        let value = scaled.read(i);
        let most = i.constant(value.width(), 127);
        let full = most.less_than(value);
        let (code, top, none) = (value.slice(0, 8), i.constant(8, 127), i.constant(8, 0));
        let negative = self.sign[5].read(i);
        let code = negative.mux(none, full.mux(top, code));
        Some((code, value.resize(self.word.width()).as_signed()))
    }
}
