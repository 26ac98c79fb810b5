//! Products without an adder: shifted constants.
//!
//! A product is in two's complement with its top bit inverted, so that the element adds it without
//! sign extension: every product is 2^(bits−1) too large, which the head of the column takes off
//! once for all rows.
//!
//! How they are put together was chosen by area, see docs/pe-area.md.

use crate::shape::PeShape;
use cromulent_kit::{Interpreter, Word};

/// A number in the shifter: its sign, and the bits below it, which every stage makes more.
pub(crate) struct Term<W> {
    pub(crate) sign: W,
    pub(crate) body: W,
    /// What a shift brings in from below.
    pub(crate) fill: W,
}

impl<W: Word> Term<W> {
    /// The ones' complement if `negative`.
    pub(crate) fn complement(self, negative: W) -> Term<W> {
        Term {
            sign: self.sign ^ negative,
            body: self.body ^ negative.repeat(self.body.width()),
            fill: self.fill ^ negative,
        }
    }

    /// One more stage: shifted by `distance` if `by`; the body keeps to `limit` bits, beyond which
    /// there is only more sign.
    pub(crate) fn stage(self, by: W, distance: usize, limit: usize) -> Term<W> {
        let raised = self.body;
        self.stage_from(raised, by, distance, limit)
    }

    /// [`Term::stage`] with other bits to shift.
    fn stage_from(self, raised: W, by: W, distance: usize, limit: usize) -> Term<W> {
        let width = limit.min(self.body.width() + distance);
        let raised = raised
            .slice(0, width - distance)
            .concat(self.fill.repeat(distance));
        let kept = match width - self.body.width() {
            0 => self.body,
            more => self.sign.repeat(more).concat(self.body),
        };
        Term {
            body: by.mux(raised, kept),
            ..self
        }
    }
}

/// The signed power of two `operand` times the constant it selects. A negative operand yields the
/// ones' complement, one too small: the correction column counts those.
///
/// An inactive operand adds nothing, or minus B << s in the exact form, where it must come with
/// the shift s and negative, as the row edge sends it.
pub(crate) fn shifted<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
) -> I::Word {
    let fields = &shape.operand;
    let shift = fields.shift_of(operand);
    let (negative, active) = (fields.negative_of(operand), fields.active_of(operand));
    // A gated constant leaves no room for the sign in a four-input table; the second stage has some.
    let late =
        negative.filter(|_| active.is_some() && shape.bias_bits.is_none() && fields.shift > 1);
    let early = negative.filter(|_| late.is_none());
    let a = constant(i, shape, weight, operand, early);
    let fill = early.unwrap_or_else(|| i.constant(1, 0));
    let mut term = first_stage(i, shape, weight, (a, fill), shift.bit(0), active);
    let limit = shape.product_bits - 1;
    for number in 1..fields.shift {
        let (by, distance) = (shift.bit(number), 1 << number);
        // R2 never shifts by three: its last stage may take the constant itself.
        term = match active {
            Some(active) if shape.product_bits == shape.weight_bits + distance => {
                let a = a.slice(0, limit - distance);
                term.stage_from(gate(a, active), by, distance, limit)
            }
            _ => term.stage(by, distance, limit),
        };
        if let (1, Some(negative)) = (number, late) {
            term = term.complement(negative);
        }
        term.body = i.name(format_args!("shifted_by_{}", 2 * distance - 1), term.body);
    }
    (!term.sign).concat(term.body)
}

/// The constant A that the operand's root selects, sign-extended to B's width if that is wider,
/// complemented if negative.
fn constant<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
    negative: Option<I::Word>,
) -> I::Word {
    let bits = shape.weight_bits;
    let number = |n: usize| weight.slice(n * bits, bits);
    let a = match shape.operand.root_of(operand) {
        None => number(0),
        Some(root) => {
            let pair = |n: usize| root.bit(0).mux(number(2 * n + 1), number(2 * n));
            match shape.roots {
                4 => root.bit(1).mux(pair(1), pair(0)),
                _ => pair(0),
            }
        }
    };
    let a = widened(a, shape);
    let a = match negative {
        Some(negative) => a ^ negative.repeat(a.width()),
        None => a,
    };
    i.name("constant", a)
}

/// A constant as wide as the wider of A and B.
fn widened<W: Word>(constant: W, shape: &PeShape) -> W {
    let width = shape.weight_bits.max(shape.bias_bits.unwrap_or(0));
    constant.as_signed().resize(width).as_unsigned()
}

/// The shift by one if `by`, and the choice between A, B and nothing, both in one level of and-or.
fn first_stage<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    (a, fill): (I::Word, I::Word),
    by: I::Word,
    active: Option<I::Word>,
) -> Term<I::Word> {
    // A B as wide as the product leaves its top bit no room beside the sign, which it equals.
    let width = a.width().min(shape.product_bits - 1);
    let (sign, raised) = (a.top(), a.slice(0, width - 1).concat(fill));
    let a = a.slice(0, width);
    let (sign, body) = match (active, shape.bias_bits) {
        (None, _) => (sign, by.mux(raised, a)),
        (Some(active), None) => (sign & active, either(raised, a, by, active)),
        (Some(active), Some(bias)) => {
            let b = weight.slice(weight.width() - bias, bias);
            let b = i.name("minus_b", !widened(b, shape));
            // Inactive operands come with one shift only: its lowest bit needs no choice.
            let shifted_b = match shape.bias_shift % 2 {
                0 => b.slice(0, width),
                _ => b.slice(0, width - 1).concat(i.constant(1, 1)),
            };
            let body = either(raised, a, by, active) | gate(shifted_b, !active);
            (active.mux(sign, b.top()), body)
        }
    };
    Term {
        sign: i.name("sign", sign),
        body: i.name("shifted_by_1", body),
        fill,
    }
}

/// `by ? raised : kept` if `active`, else nothing.
fn either<W: Word>(raised: W, kept: W, by: W, active: W) -> W {
    gate(raised, active & by) | gate(kept, active & !by)
}

/// `word` if `open`, else zeros.
pub(crate) fn gate<W: Word>(word: W, open: W) -> W {
    word & open.repeat(word.width())
}
