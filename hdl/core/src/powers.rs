//! Products of powers of two: exponents are added, and a single one is shifted.
//!
//! An element keeps sign and exponent of its constant: exponent field 0 is the constant 0, n is 2^(n−1).

use crate::shape::PeShape;
use cromulent_kit::{Interpreter, Word, address_bits};

/// Bits of the exponent field of a constant of `weight_bits`: 0, and 2^0 to 2^(weight_bits − 2).
pub(crate) fn exponent_bits(shape: &PeShape) -> usize {
    address_bits(shape.weight_bits)
}

/// Exponent field and, above it, sign of a constant in two's complement that is 0 or ± a power of two.
///
/// The lowest bit that is set is the exponent, whatever the sign.
pub(crate) fn encoded<I: Interpreter>(i: &mut I, shape: &PeShape, constant: I::Word) -> I::Word {
    let mut field: Option<I::Word> = None;
    for bit in (0..exponent_bits(shape)).rev() {
        let mut any = i.constant(1, 0);
        for place in 0..shape.weight_bits - 1 {
            if (place + 1) >> bit & 1 == 1 {
                let lowest = match place {
                    0 => constant.bit(0),
                    _ => constant.bit(place) & !constant.slice(0, place).any(),
                };
                any = any | lowest;
            }
        }
        field = Some(field.map_or(any, |above| above.concat(any)));
    }
    let field = field.unwrap_or(i.constant(1, 0));
    constant.top().concat(field)
}

/// The sum from above and the product, [`PeShape::offset`] too large.
///
/// A negative product comes in as its ones' complement, and its one as the carry into the addition.
pub(crate) fn added<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
    above: I::Word,
) -> I::Word {
    let exponent = weight.slice(0, weight.width() - 1);
    let shift = shape.operand.shift_of(operand);
    let bits = shift.width().max(exponent.width()) + 1;
    let place = i.name("place", shift.resize(bits) + exponent.resize(bits));
    let mut there = exponent.any();
    if let Some(active) = shape.operand.active_of(operand) {
        there = there & active;
    }
    let there = i.name("there", there);
    let width = shape.product_bits - 1;
    // An exponent field is one above the exponent.
    let doubled = there.resize(width + 1).shift_left(place);
    i.unused(doubled.bit(0));
    let power = i.name("power", doubled.slice(1, width));
    let mut negative = weight.top();
    if let Some(operand) = shape.operand.negative_of(operand) {
        negative = negative ^ operand;
    }
    let negative = i.name("minus", negative & there);
    let product = (!negative).concat(power ^ negative.repeat(width));
    let one = i.constant(1, 1);
    let carried = above.concat(one) + product.concat(negative).resize(shape.sum_bits + 1);
    i.unused(carried.bit(0));
    carried.slice(1, shape.sum_bits)
}
