//! Brings the codes of a position together.

use crate::counting::delay;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, logic};
use rust_hdl_core::prelude::*;

/// Codes leave a column a cycle after the column to its left: each waits until that of the last column is there.
#[derive(LogicBlock)]
pub struct Deskew {
    /// Clock.
    pub clock: Net<In>,
    /// Code that leaves each column.
    pub word: Vec<Net<In>>,
    /// The codes of one position, when the last column's leaves.
    pub together: Vec<Net<Out>>,
    late: Vec<Register>,
}

impl Deskew {
    /// The waiting codes of a design.
    pub fn new(shape: &Shape) -> Deskew {
        let columns = shape.columns;
        // An integer left uncoded is as wide as a pixel.
        let code = shape.code_word_bits();
        Deskew {
            clock: Net::flag(),
            word: Net::array(columns, code, false),
            together: Net::array(columns, code, false),
            late: Register::data_array(columns * (columns - 1) / 2, code, false),
        }
    }
}

impl Describe for Deskew {
    fn module(&self) -> String {
        "deskew".to_string()
    }
    fn about(&self) -> String {
        format!(
            "The codes of one position of {} columns, side by side.",
            self.word.len()
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut rest = self.late.as_slice();
        for (j, (word, together)) in self.word.iter().zip(&self.together).enumerate() {
            let (own, others) = rest.split_at(self.word.len() - 1 - j);
            rest = others;
            let word = i.read(word);
            let word = delay(i, &self.clock, own, word);
            i.drive(together, word);
        }
    }
}
logic!(Deskew);
