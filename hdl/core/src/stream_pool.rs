//! Max-pooling of words on their way into the residual stream.

use crate::shape::Shape;
use crate::stream_windows::{Marks, window_bits};
use cromulent_kit::{Describe, Interpreter, Memory, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Cycles from a word to the largest of its window.
pub(crate) const STREAM_POOL_DELAY: usize = 2;

/// Keeps the largest word of each window of one column's words, as they come row by row: in a register along the row,
/// and for each window of a row of windows in a memory from row to row. Padding has no word and never wins.
#[derive(LogicBlock)]
pub struct StreamPool {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing leaves.
    pub reset: Net<In>,
    /// A word of a layer that pools is there.
    pub valid: Net<In>,
    /// The word.
    pub word: Net<In>,
    /// How it lies among the windows.
    pub marks: Net<In>,
    /// The largest word of a window leaves, two cycles after the word that ends it.
    pub valid_out: Net<Out>,
    /// The word.
    pub largest: Net<Out>,
    best: Register,
    row_best: Register,
    leaves: Register,
    row_begun: Register,
    row_ends: Register,
    row_place: Register,
    line: Memory,
    kept: Register,
    leaving: Register,
}

impl StreamPool {
    /// The pool of one column of a design with `max_pool` and a residual stream.
    pub fn new(shape: &Shape) -> StreamPool {
        let bits = shape.design.stream_bits as usize;
        let depth = shape.design.map_side as usize;
        let line = Memory::new(depth, bits);
        StreamPool {
            clock: Net::flag(),
            reset: Net::flag(),
            valid: Net::flag(),
            word: Net::new(bits, true),
            marks: Net::bits(window_bits(shape)),
            valid_out: Net::flag(),
            largest: Net::new(bits, true),
            best: Register::enabled(bits, true),
            row_best: Register::data(bits, true),
            leaves: Register::control(1),
            row_begun: Register::data(1, false),
            row_ends: Register::data(1, false),
            row_place: Register::data(line.write_address.width(), false),
            line,
            kept: Register::data(bits, true),
            leaving: Register::control(1),
        }
    }
}

/// The larger of an earlier word, if there is one, and a new one.
fn larger<W: Word>(begun: W, old: W, new: W) -> W {
    (begun & !old.less_than(new)).mux(old, new)
}

impl Describe for StreamPool {
    fn module(&self) -> String {
        "stream_pool".to_string()
    }
    fn about(&self) -> String {
        "Max-pooling of one column's words of the residual stream, row by row.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (clock, reset) = (&self.clock, &self.reset);
        let (valid, word) = (i.read(&self.valid), i.read(&self.word));
        let marks = Marks::unpack(i.read(&self.marks));
        i.comment("Along the row; of windows that overlap, the end of one begins the next");
        let best = larger(marks.begun, self.best.read(i), word);
        let best = i.name("best_of_row", best);
        self.best
            .load_if(i, clock, valid, marks.ends.mux(word, best));
        self.row_best.load(i, clock, best);
        let leaves = valid & marks.ends & marks.inside;
        self.leaves.update_from(i, clock, reset, leaves);
        self.row_begun.load(i, clock, marks.row_begun);
        self.row_ends.load(i, clock, marks.row_ends);
        self.row_place.load(i, clock, marks.place);

        i.comment("From row to row");
        let (leaves, ends) = (self.leaves.read(i), self.row_ends.read(i));
        let (row, begun) = (self.row_best.read(i), self.row_begun.read(i));
        i.connect(&self.line.clock, clock);
        i.drive(&self.line.read_address, marks.place);
        let before = i.read(&self.line.read_data).as_signed();
        let best = larger(begun, before, row);
        let best = i.name("best_of_window", best);
        i.connect(&self.line.write_enable, &self.leaves.q);
        i.connect(&self.line.write_address, &self.row_place.q);
        i.drive(&self.line.write_data, ends.mux(row, best).as_unsigned());
        self.kept.load(i, clock, best);
        self.leaving.update_from(i, clock, reset, leaves & ends);
        i.connect(&self.valid_out, &self.leaving.q);
        i.connect(&self.largest, &self.kept.q);
    }
}
logic!(StreamPool);

#[cfg(test)]
mod tests;
