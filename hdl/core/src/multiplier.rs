//! Products of a number and a constant by adders: radix-4 Booth rows, and a row for each bit.
//!
//! Every row leaves its lowest bits as they are and is added to what the rows below left above
//! theirs. The top bit of a row is inverted instead of extended, which makes the row too large by the
//! same for every operand and constant: the head of the column takes it off, see
//! [`PeShape::offset`]. A negative Booth row is a ones' complement, one too small; whether it is
//! depends on the operand alone, so that the correction column adds it up once for all columns.
//!
//! How they are put together was chosen by area, see docs/pe-area.md.

use crate::product::{Term, gate};
use crate::shape::PeShape;
use cromulent_design::PeKind;
use cromulent_kit::{Interpreter, Word};

/// Where the three bits of a Booth digit stand in the number: the digit is mid + low − 2·high. A bit
/// that is not there is 0.
#[derive(Clone, Copy)]
struct Digit {
    high: Option<usize>,
    mid: Option<usize>,
    low: Option<usize>,
}

/// The radix-4 digits of a number, lowest first: their sum, weighted by powers of 4, is the number.
fn digits(shape: &PeShape) -> Vec<Digit> {
    let bits = shape.operand.number;
    let count = match shape.number_is_signed {
        true => bits.div_ceil(2),
        false => bits / 2 + 1,
    };
    let there = |bit: usize| (bit < bits).then_some(bit);
    let digit = |n: usize| Digit {
        high: there(2 * n + 1),
        mid: there(2 * n),
        low: (2 * n).checked_sub(1).and_then(there),
    };
    (0..count).map(digit).collect()
}

impl Digit {
    /// Bits of its row: constants doubled have one more.
    fn row_bits(self, shape: &PeShape) -> usize {
        shape.weight_bits + usize::from(self.mid.is_some())
    }
}

/// The distance from a row to the next.
const RADIX_BITS: usize = 2;

/// What Booth rows, or the rows of bits, add besides the product: half of each row's range.
pub(crate) fn offset(shape: &PeShape) -> i64 {
    match shape.kind {
        PeKind::Multiply => {
            let rows = digits(shape).into_iter().enumerate();
            rows.map(|(n, digit)| 1 << (digit.row_bits(shape) - 1 + RADIX_BITS * n))
                .sum()
        }
        _ => ((1 << shape.operand.number) - 1) << (shape.weight_bits - 1),
    }
}

/// The most that Booth rows leave out: 4^n for each digit that can be negative.
pub(crate) fn most_missing(shape: &PeShape) -> usize {
    let rows = digits(shape).into_iter().enumerate();
    rows.filter(|(_, digit)| digit.high.is_some())
        .map(|(n, _)| 1 << (RADIX_BITS * n))
        .sum()
}

/// What Booth rows leave out of every product with an operand: 4^n for each digit n that is negative.
pub(crate) fn missing<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    operand: I::Word,
) -> Option<I::Word> {
    let number = shape.operand.number_of(operand);
    let mut sum: Option<I::Word> = None;
    for digit in digits(shape) {
        let Some(high) = digit.high else { break };
        let bit = |place: Option<usize>| place.map(|place| number.bit(place));
        // 111 is nothing, and not negative.
        let negative = match (bit(digit.mid), bit(digit.low)) {
            (Some(mid), Some(low)) => number.bit(high) & !(mid & low),
            _ => number.bit(high),
        };
        let gap = i.constant(RADIX_BITS - 1, 0);
        sum = Some(match sum {
            None => negative,
            Some(below) => negative.concat(gap).concat(below),
        });
    }
    sum
}

/// The product of an operand's number and the weight by radix-4 Booth rows, [`PeShape::offset`] too
/// large and by [`missing`] too small.
pub(crate) fn booth<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
) -> I::Word {
    let number = shape.operand.number_of(operand);
    let rows: Vec<I::Word> = digits(shape)
        .into_iter()
        .map(|digit| booth_row(i, weight, number, digit))
        .collect();
    add_rows(i, &rows, RADIX_BITS)
}

/// One Booth digit times the weight: its ones' complement where the digit is negative.
fn booth_row<I: Interpreter>(i: &mut I, weight: I::Word, number: I::Word, digit: Digit) -> I::Word {
    let width = weight.width() + 1;
    let bit = |place: Option<usize>| place.map(|place| number.bit(place));
    let (low, Some(mid)) = (bit(digit.low), bit(digit.mid)) else {
        // The bit above the number's last digit: once or nothing.
        return bit(digit.low).map_or(i.constant(weight.width(), 0), |low| gate(weight, low));
    };
    let one = low.map_or(mid, |low| mid ^ low);
    let (weight, fill, two) = match (bit(digit.high), low) {
        (Some(high), _) => {
            let unlike = !one & (high ^ mid);
            (weight ^ high.repeat(weight.width()), high, unlike)
        }
        (None, Some(low)) => (weight, i.constant(1, 0), mid & low),
        (None, None) => (weight, i.constant(1, 0), i.constant(1, 0)),
    };
    let once = gate(weight.as_signed().resize(width).as_unsigned(), one);
    let twice = gate(weight.concat(fill), two);
    once | twice
}

/// The product of an operand's number, each bit of it a row, and the weight. Where the number may be
/// shifted and negative, as that of a digit, the product is then a ones' complement, one too small.
pub(crate) fn rows<I: Interpreter>(
    i: &mut I,
    shape: &PeShape,
    weight: I::Word,
    operand: I::Word,
) -> I::Word {
    let number = shape.operand.number_of(operand);
    let rows: Vec<I::Word> = (0..number.width())
        .map(|bit| gate(weight, number.bit(bit)))
        .collect();
    if shape.has_offset_rows() {
        return add_rows(i, &rows, 1);
    }
    let product = add_signed_rows(i, &rows);
    let product = i.name("product", product);
    let fill = i.constant(1, 0);
    let mut term = Term {
        sign: product.top(),
        body: product.slice(0, product.width() - 1),
        fill,
    };
    if let Some(negative) = shape.operand.negative_of(operand) {
        term = term.complement(negative);
    }
    let shift = shape.operand.shift_of(operand);
    for bit in 0..shift.width() {
        let distance = 1 << (shape.shift_unit + bit);
        term = term.stage(shift.bit(bit), distance, shape.product_bits - 1);
        term.body = i.name(format_args!("shifted_by_{distance}"), term.body);
    }
    (!term.sign).concat(term.body)
}

/// The sum of rows, each `step` places above the one before, their top bits inverted.
fn add_rows<I: Interpreter>(i: &mut I, rows: &[I::Word], step: usize) -> I::Word {
    let mut finished: Option<I::Word> = None;
    let mut above: Option<(I::Word, u64)> = None;
    for (n, row) in rows.iter().enumerate() {
        let row = (!row.top()).concat(row.slice(0, row.width() - 1));
        let row_largest = (1 << row.width()) - 1;
        let (sum, largest) = match above {
            None => (row, row_largest),
            Some((rest, most)) => {
                let largest = (most >> step) + row_largest;
                let bits = (u64::BITS - largest.leading_zeros()) as usize;
                let rest = rest.slice(step, rest.width() - step);
                (rest.resize(bits) + row.resize(bits), largest)
            }
        };
        let sum = i.name(format_args!("row_{n}"), sum);
        above = Some((sum, largest));
        let low = match n + 1 < rows.len() {
            true => sum.slice(0, step),
            false => sum,
        };
        finished = Some(finished.map_or(low, |below| low.concat(below)));
    }
    finished.unwrap_or(i.constant(1, 0))
}

/// The sum of rows in two's complement, each a place above the one before.
fn add_signed_rows<I: Interpreter>(i: &mut I, rows: &[I::Word]) -> I::Word {
    let mut finished: Option<I::Word> = None;
    let mut above: Option<I::Word> = None;
    for (n, row) in rows.iter().enumerate() {
        let bits = row.width() + 1;
        let sum = match above {
            None => *row,
            Some(rest) => {
                let rest = rest.slice(1, rest.width() - 1).as_signed().resize(bits);
                (rest + row.as_signed().resize(bits)).as_unsigned()
            }
        };
        let sum = i.name(format_args!("row_{n}"), sum);
        above = Some(sum);
        let low = match n + 1 < rows.len() {
            true => sum.slice(0, 1),
            false => sum,
        };
        finished = Some(finished.map_or(low, |below| low.concat(below)));
    }
    finished.unwrap_or(i.constant(1, 0))
}
