//! The row edge: what a row is sent, beat by beat.

use cromulent_design::{Affine, Design, RowWord};
use cromulent_number::{
    Code, Format, Operand, Threshold, digits, from_order, integer, operand, order,
};

use crate::layer::Operands;

/// One beat of a row.
#[derive(Clone, Copy)]
pub(super) enum Sent {
    /// A power of two: a log code, or the digit of an integer.
    Shift(Operand),
    /// A number that elements multiply.
    Multiply(i64),
}

/// The row edge: from a stored word to what the row is sent.
pub(super) struct RowEdge<'a> {
    pub design: &'a Design,
    pub word: &'a RowWord,
    /// The word of the code bank; `None` outside the map.
    pub stored: Option<u64>,
}

impl RowEdge<'_> {
    /// Appends each beat to the row's place in it.
    pub fn send(&self, operands: Operands, beats: &mut [Vec<Sent>]) {
        match operands {
            Operands::Integers | Operands::Uncoded if self.design.takes_whole_integers() => {
                beats[0].push(Sent::Multiply(self.integer()))
            }
            Operands::Integers | Operands::Uncoded => self.recode(self.integer() as i32, beats),
            Operands::Codes if self.design.format.is_integer() => {
                let code = self.stored.map_or(0, u64::cast_signed);
                beats[0].push(Sent::Multiply(code));
            }
            Operands::Codes if self.design.format.is_level() => self.recode(self.level(), beats),
            Operands::Codes => beats[0].push(Sent::Shift(self.code())),
        }
    }

    /// The digits of an integer, one a beat.
    fn recode(&self, integer: i32, beats: &mut [Vec<Sent>]) {
        let recoded = digits(integer, beats.len()).unwrap_or_default();
        for (beat, digit) in beats.iter_mut().zip(recoded) {
            beat.push(Sent::Shift(digit.map_or(self.nothing(), Operand::from)));
        }
    }

    /// The integer of a code of a level format, clamped; off the map that of the threshold's code.
    fn level(&self) -> i32 {
        let format = self.design.format;
        integer(format, self.clamped()).unwrap_or(0).into()
    }

    /// The stored code, clamped at the threshold; off the map the threshold's code.
    fn clamped(&self) -> Code {
        let format = self.design.format;
        let cut = self.cut();
        let place = self
            .stored_code()
            .map_or(cut.position, |code| cut.clamp(order(format, code)));
        from_order(format, place)
    }

    fn stored_code(&self) -> Option<Code> {
        let mask = code_mask(self.design.format);
        self.stored.map(|word| Code(word as u8 & mask))
    }

    fn cut(&self) -> Threshold {
        Threshold {
            position: self.word.threshold,
            descending: self.word.descending,
        }
    }

    /// The stored integer, or the padding.
    fn integer(&self) -> i64 {
        let integer = self.stored.map_or(self.word.pad(), |word| word as u8 as i8);
        integer.into()
    }

    /// A beat that adds nothing: B is 0 in a layer that streams integers.
    fn nothing(&self) -> Operand {
        if self.design.has_bias() {
            Operand::inactive_exact(self.design.format)
        } else {
            Operand::INACTIVE
        }
    }

    fn code(&self) -> Operand {
        let format = self.design.format;
        let (code, cut) = (self.stored_code(), self.cut());
        match self.design.affine {
            Affine::Exact => code
                .filter(|&code| cut.is_active(order(format, code)))
                .map_or(Operand::inactive_exact(format), |code| {
                    operand(format, code)
                }),
            Affine::Snapped | Affine::Recentred => operand(format, self.clamped()),
            Affine::Rectified => operand(format, code.unwrap_or(Code(0))),
        }
    }
}

fn code_mask(format: Format) -> u8 {
    (format.codes() - 1) as u8
}
