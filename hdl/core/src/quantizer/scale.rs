//! The quantizer of uniform and of level formats.

use super::*;
use cromulent_number::{Format, level_start};

/// Bits of the largest start of a magnitude index of O4.
const O4_BITS: usize = 11;

impl Quantizer {
    /// Stages 3 to 8 of uniform and of level formats: multiply by the halves of the multiplier, add them, add half (of
    /// integers only), shift by eights and by ones, saturate. A raw word is multiplied by one and shifted by nothing.
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
        let mut half = one.shift_left(gate(first, 0, 6)).shift_right(two);
        if self._shape.design.format.is_level() {
            half = match self.integer_mode(i) {
                Some(mode) => half & mode.repeat(bits),
                None => i.constant(bits, 0),
            };
        }
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
        let mut code = negative.mux(none, full.mux(top, code));
        let format = self._shape.design.format;
        if format != Format::I8 {
            let own = match format.is_level() {
                true => self.level(i, value, negative),
                false => self.uniform(i, value, negative),
            };
            let own = own.resize(8);
            code = match self.integer_mode(i) {
                Some(mode) => mode.mux(code, own),
                None => own,
            };
        }
        Some((code, value.resize(self.word.width()).as_signed()))
    }

    /// The code of a scaled magnitude in a uniform format of few bits: itself, or the largest; 0 if negative.
    fn uniform<I: Interpreter>(&self, i: &mut I, value: I::Word, negative: I::Word) -> I::Word {
        let bits = self._shape.design.format.code_bits() as usize;
        let full = value.slice(bits, value.width() - bits).any();
        let code = value.slice(0, bits) | full.repeat(bits);
        i.name("uniform_code", code & (!negative).repeat(bits))
    }

    /// The code of a scaled magnitude in a level format: the sign, and the last index whose start it reaches.
    fn level<I: Interpreter>(&self, i: &mut I, value: I::Word, negative: I::Word) -> I::Word {
        let format = self._shape.design.format;
        let bits = format.code_bits() as usize - 1;
        let index = if format == Format::O4 {
            let beyond = value.slice(O4_BITS, value.width() - O4_BITS).any();
            let low = value.slice(0, O4_BITS);
            let reached = [1, 2, 3, 4, 5, 6, 7].map(|index| {
                let start = i.constant(O4_BITS, level_start(format, index).into());
                let reaches = beyond | low.at_least(start);
                i.name(format_args!("reaches_{index}"), reaches)
            });
            let [a, b, c, d, e, f, g] = reached;
            let ones = (a & !b) | (c & !d) | (e & !f) | g;
            d.concat((b & !d) | f).concat(ones)
        } else {
            let full = value.slice(bits, value.width() - bits).any();
            value.slice(0, bits) | full.repeat(bits)
        };
        let index = i.name("level_index", index);
        negative.concat(index)
    }
}
