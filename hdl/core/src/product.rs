//! Products without an adder: shifted constants, and the Booth rows of the int8 baseline.
//!
//! Both return the product in two's complement with its top bit inverted, so that the element adds
//! it without sign extension: every product is 2^(bits−1) too large, which the head of the column
//! takes off once for all rows.

use crate::shape::PeShape;
use cromulent_kit::{Interpreter, Word};

/// The signed power of two `operand` times the constant it selects. A negative operand yields the
/// ones' complement, one too small: the correction column counts those.
pub(crate) fn shifted<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
) -> I::Word {
    let fields = &shape.operand;
    let negative = fields.negative_of(operand);
    let fill = negative.unwrap_or_else(|| i.constant(1, 0));
    let chosen = select(i, shape, weight, operand);
    let constant = match negative {
        Some(sign) => chosen ^ sign.repeat(chosen.width()),
        None => chosen,
    };
    let mut term = i.name("constant", constant);
    for stage in 0..fields.shift {
        let distance = 1 << stage;
        // No shift reaches beyond the product: what would stick out is only more sign.
        let width = shape.product_bits.min(term.width() + distance);
        let raised = term
            .slice(0, width - distance)
            .concat(fill.repeat(distance));
        let kept = term.as_signed().resize(width).as_unsigned();
        let shifted = fields.shift_of(operand).bit(stage).mux(raised, kept);
        term = i.name(&format!("shifted_by_{}", 2 * distance - 1), shifted);
    }
    invert_top(term, shape.product_bits)
}

/// The constant an operand selects: one of the roots of A; B or nothing when inactive.
fn select<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
) -> I::Word {
    let bits = shape.weight_bits;
    let constant = |number: usize| weight.slice(number * bits, bits);
    let a = match shape.operand.root_of(operand) {
        None => constant(0),
        Some(root) => {
            let pairs: Vec<I::Word> = (0..shape.roots / 2)
                .map(|pair| root.bit(0).mux(constant(2 * pair + 1), constant(2 * pair)))
                .collect();
            if pairs.len() == 2 {
                root.bit(1).mux(pairs[1], pairs[0])
            } else {
                pairs[0]
            }
        }
    };
    match (shape.operand.active_of(operand), shape.bias_bits) {
        (Some(active), Some(bias)) => {
            let b = weight.slice(bits * shape.roots, bias);
            let width = bits.max(bias);
            let wide = |word: I::Word| word.as_signed().resize(width).as_unsigned();
            let (a, b) = (i.name("a", a), i.name("b", b));
            active.mux(wide(a), wide(b))
        }
        (Some(active), None) => a & active.repeat(bits),
        (None, _) => a,
    }
}

fn invert_top<W: Word>(term: W, bits: usize) -> W {
    let term = term.slice(0, bits);
    (!term.top()).concat(term.slice(0, bits - 1))
}

/// The product of two int8 by radix-4 Booth rows: four digits −2…2 of the operand, each row added
/// to what the rows below left above their two finished bits.
pub(crate) fn multiplied<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
) -> I::Word {
    let zero = i.constant(1, 0);
    let digits = operand.concat(zero);
    let mut finished: Option<I::Word> = None;
    let mut above: Option<I::Word> = None;
    for row in 0..4 {
        let (partial, negative) = booth_row(weight, digits.slice(2 * row, 3));
        let carry = negative.resize(10).as_signed();
        let partial = partial.as_signed().resize(10);
        let sum = match above {
            None => partial + carry,
            Some(rest) => rest + partial + carry,
        };
        let sum = i.name(&format!("row_{row}"), sum);
        above = Some(sum.slice(2, 8).as_signed().resize(10));
        let low = if row == 3 {
            sum.as_unsigned()
        } else {
            sum.slice(0, 2)
        };
        finished = Some(finished.map_or(low, |below| low.concat(below)));
    }
    let product = finished.map(|word| i.name("product", word)).unwrap_or(zero);
    invert_top(product, shape.product_bits)
}

/// One Booth digit times the weight, ones' complement when negative, and that sign.
fn booth_row<W: Word>(weight: W, digit: W) -> (W, W) {
    let negative = digit.bit(2) & !(digit.bit(1) & digit.bit(0));
    let one = digit.bit(1) ^ digit.bit(0);
    let two = (digit.bit(2) & !digit.bit(1) & !digit.bit(0))
        | (!digit.bit(2) & digit.bit(1) & digit.bit(0));
    let once = weight.as_signed().resize(9).as_unsigned() & one.repeat(9);
    let twice = weight.concat(weight.bit(0) ^ weight.bit(0)) & two.repeat(9);
    ((once | twice) ^ negative.repeat(9), negative)
}
