//! What one input adds to the outputs: a factor of one set of constants.

use cromulent_design::{Affine, Design, RowWord};
use cromulent_number::{Code, Format, Threshold, from_order, integer, naf, operand, order};

use crate::layer::Operands;

/// A factor of one set of constants. Every output channel adds factor·constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Term {
    pub set: ConstantSet,
    pub factor: i32,
}

/// The constants that are multiplied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConstantSet {
    /// A·2^(i/root).
    A(usize),
    /// B.
    B,
}

/// What an input of a value adds, `None` if nothing; the value is `None` in the padding.
pub(crate) fn term(
    design: &Design,
    operands: Operands,
    edge: Threshold,
    value: Option<i16>,
) -> Option<Term> {
    if operands.are_integers() {
        return multiple_of_a(value.unwrap_or_else(|| pad(edge).into()).into());
    }
    let format = design.format;
    let code = value.map(|value| Code(value as u8));
    match design.affine {
        Affine::Exact => match code {
            Some(code) if edge.is_active(order(format, code)) => power(format, code),
            _ => Some(Term {
                set: ConstantSet::B,
                factor: -(1 << format.bias_shift()),
            }),
        },
        Affine::Snapped | Affine::Recentred => {
            let place = code.map_or(edge.position, |code| edge.clamp(order(format, code)));
            let code = from_order(format, place);
            match integer(format, code) {
                Some(level) => multiple_of_a(level.into()),
                None => power(format, code),
            }
        }
        Affine::Rectified if format.is_integer() => {
            multiple_of_a(code.map_or(0, |code| code.0).into())
        }
        Affine::Rectified => power(format, code.unwrap_or(Code(0))),
    }
}

/// The integer that stands for the padding.
pub(crate) fn pad(edge: Threshold) -> i8 {
    let word = RowWord {
        threshold: edge.position,
        ..RowWord::default()
    };
    word.pad()
}

fn multiple_of_a(factor: i32) -> Option<Term> {
    Some(Term {
        set: ConstantSet::A(0),
        factor,
    })
}

/// A log code: ± a power of two, times the constant of its root. `None` for zero.
fn power(format: Format, code: Code) -> Option<Term> {
    let operand = operand(format, code);
    let magnitude = 1 << operand.shift;
    operand.active.then_some(Term {
        set: ConstantSet::A(operand.root as usize),
        factor: if operand.negative {
            -magnitude
        } else {
            magnitude
        },
    })
}

/// The sum of the digits of a pixel up to any beat, at most: 2^7 + 2^5 + 2^3 + 2^1.
const DIGIT_PREFIX: i32 = 170;
/// The largest digit of an integer.
const LARGEST_DIGIT: i32 = 128;
/// The smallest digit of an integer 0 to 127, and the smallest sum of its digits up to any beat; the largest is the
/// integer.
const UNCODED_LOW: (i32, i32) = (-32, -42);

/// Terms whose smallest and largest contributions bound those of every input there can be.
///
/// `in_one_beat`: of what a row adds in any one beat; otherwise, of what it has added after any beat.
pub(crate) fn extreme_terms(
    design: &Design,
    operands: Operands,
    edge: Threshold,
    in_one_beat: bool,
) -> Vec<Term> {
    let digits = !design.takes_whole_integers();
    let factors = match operands {
        Operands::Integers if digits && in_one_beat => [-LARGEST_DIGIT, LARGEST_DIGIT],
        Operands::Integers if digits => [-DIGIT_PREFIX, DIGIT_PREFIX],
        Operands::Integers => [-128, 127],
        Operands::Uncoded if digits && in_one_beat => [UNCODED_LOW.0, LARGEST_DIGIT],
        Operands::Uncoded if digits => [UNCODED_LOW.1, 127],
        Operands::Uncoded => [0, 127],
        Operands::Codes if design.format.is_integer() => {
            [0, design.format.magnitudes().cast_signed()]
        }
        Operands::Codes if design.format.is_level() => level_extremes(design.format, in_one_beat),
        Operands::Codes => {
            let codes = (0..design.format.codes()).map(|code| Some(code as i16));
            let values = codes.chain([None]);
            return values
                .filter_map(|value| term(design, operands, edge, value))
                .collect();
        }
    };
    factors.into_iter().filter_map(multiple_of_a).collect()
}

/// The smallest and the largest digit of all integers of a level format, or sum of the digits up to any beat.
fn level_extremes(format: Format, in_one_beat: bool) -> [i32; 2] {
    let mut ends = [0, 0];
    for place in 0..format.codes() {
        let level = integer(format, from_order(format, place)).unwrap_or(0);
        let mut sum = 0;
        for digit in naf(level.into()) {
            let power = if digit.negative { -1 } else { 1 } << digit.exponent;
            sum += power;
            let seen = if in_one_beat { power } else { sum };
            ends = [ends[0].min(seen), ends[1].max(seen)];
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_number::naf;

    #[test]
    fn digits_of_uncoded_integers_have_the_bounds_taken() {
        let signed = |digit: cromulent_number::Digit| {
            let power = 1i32 << digit.exponent;
            if digit.negative { -power } else { power }
        };
        let digits = (0..=127).flat_map(|value| naf(value).map(signed));
        let sums = (0..=127).flat_map(|value| {
            naf(value).scan(0, move |sum, digit| {
                *sum += signed(digit);
                Some(*sum)
            })
        });
        let ends = |values: Vec<i32>| (values.iter().min().copied(), values.iter().max().copied());
        let (low, high) = (Some(UNCODED_LOW.0), Some(LARGEST_DIGIT));
        assert_eq!(ends(digits.collect()), (low, high));
        assert_eq!(ends(sums.collect()), (Some(UNCODED_LOW.1), Some(127)));
    }
}
