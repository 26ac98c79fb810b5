//! What a processing element is told to do: the code, decoded for the shifter.

use crate::code::sign_and_index;
use crate::{Code, Digit, Format};

/// One beat of work for every processing element of a row.
///
/// The contribution to the sum is ±(A\[root\] << shift) if active. If inactive it is −(B << s) in the
/// exact form (the same shifter and sign serve: B is selected, negative, shift = s), and 0 where there
/// is no B.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Operand {
    /// Whether A is added; otherwise B, or nothing.
    pub active: bool,
    /// Whether the shifted constant is subtracted.
    pub negative: bool,
    /// Which constant: A\[root\] = a·w·2^(root / format.root()).
    pub root: u32,
    /// Shift to the left, `0..=max_shift` (up to 7 for digits of pixels).
    pub shift: u32,
}

impl Operand {
    /// Adds nothing, in the forms without B.
    pub const INACTIVE: Operand = Operand {
        active: false,
        negative: false,
        root: 0,
        shift: 0,
    };

    /// An inactive or padded input of the exact form: −(B << s), which cancels the B inside C_j.
    pub fn inactive_exact(format: Format) -> Operand {
        Operand {
            active: false,
            negative: true,
            root: 0,
            shift: format.bias_shift(),
        }
    }

    /// What this adds to the sum, given the constants A\[root\] and, in the exact form, B (else 0).
    /// A constant that is not there counts as 0; the result wraps beyond 64 bits.
    pub fn contribution(self, constants: &[i64], bias: i64) -> i64 {
        let place = usize::try_from(self.root).unwrap_or(usize::MAX);
        let constant = if self.active {
            constants.get(place).copied().unwrap_or(0)
        } else {
            bias
        };
        let shifted = constant.checked_shl(self.shift).unwrap_or(0);
        if self.negative {
            shifted.wrapping_neg()
        } else {
            shifted
        }
    }
}

/// The operand of a code: its magnitude index split into constant and shift.
///
/// Code 0 of `R*` is [`Operand::INACTIVE`]. So is every code of `I8`: that format is for processing
/// elements that multiply, which take the integer itself.
pub fn operand(format: Format, code: Code) -> Operand {
    let (negative, index) = if format.is_signed_log() {
        sign_and_index(format, code)
    } else {
        match u32::from(code.0).checked_sub(1) {
            Some(index) if format.is_rectified() => (false, index),
            _ => return Operand::INACTIVE,
        }
    };
    let root = format.root();
    Operand {
        active: true,
        negative,
        root: index % root,
        shift: index / root,
    }
}

impl From<Digit> for Operand {
    /// A signed digit selects the first constant: ±(A\[0\] << exponent).
    fn from(digit: Digit) -> Operand {
        Operand {
            active: true,
            negative: digit.negative,
            root: 0,
            shift: digit.exponent,
        }
    }
}
