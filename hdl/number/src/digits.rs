//! Integers as signed digits: the same shift-and-add elements serve pixels, one digit a beat.

/// One signed digit: ±2^exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Digit {
    /// Whether the power is subtracted.
    pub negative: bool,
    /// The exponent of two, 0..=31.
    pub exponent: u32,
}

/// The digits of an integer in non-adjacent form; see [`naf`].
#[derive(Clone, Debug)]
pub struct Naf {
    /// What is left to recode, already divided by 2^exponent.
    rest: i64,
    exponent: u32,
}

impl Iterator for Naf {
    type Item = Digit;

    fn next(&mut self) -> Option<Digit> {
        if self.rest == 0 {
            return None;
        }
        let zeros = self.rest.trailing_zeros();
        self.rest >>= zeros;
        self.exponent += zeros;
        // Of an odd number, the digit ±1 that leaves a multiple of 4: so the next digit is zero.
        let negative = self.rest & 3 == 3;
        self.rest += if negative { 1 } else { -1 };
        Some(Digit {
            negative,
            exponent: self.exponent,
        })
    }
}

/// The non-zero digits of the non-adjacent form of `value`, lowest exponent first.
///
/// No two digits are neighbours, and no signed-digit form has fewer. −128..=127 and 0..=170 need at most
/// 4 digits with exponents 0..=7; from 171 on the exponent 8 appears, and 171, 173, 179, 181, 203, 205,
/// 211 and 213 are the values up to 255 that need 5.
pub fn naf(value: i32) -> Naf {
    Naf {
        rest: i64::from(value),
        exponent: 0,
    }
}

/// The digits of `value` over a fixed number of beats: digits first, lowest exponent first, then beats
/// with nothing to add (`None`). `None` as a whole if the digits do not fit in the beats.
pub fn digits(value: i32, beats: usize) -> Option<Vec<Option<Digit>>> {
    let mut schedule: Vec<_> = naf(value).map(Some).collect();
    if schedule.len() > beats {
        return None;
    }
    schedule.resize(beats, None);
    Some(schedule)
}
