//! Images that are computed together.

use crate::sequencer::register_width;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Says which image a window is of, beside the sequencer, which knows its place in a row: counts the rows of the output,
/// and keeps the address of the image's first window, for the present position and for the first one of the pass.
///
/// In the last row tile of a layer of scores it holds back the last position of an image until as many cycles have
/// gone by as there are columns, less one: columns then give their words one after another.
#[derive(LogicBlock)]
pub struct Images {
    /// Clock.
    pub clock: Net<In>,
    /// Begin with the first image.
    pub restart: Net<In>,
    /// A position ends.
    pub step: Net<In>,
    /// The next one is the first of the same pass.
    pub again: Net<In>,
    /// The next one is the first of the next pass.
    pub pass_done: Net<In>,
    /// The position is the last of its row of the output.
    pub row_done: Net<In>,
    /// Rows of the output of an image.
    pub output_height: Net<In>,
    /// Addresses from an image to the next.
    pub image_step: Net<In>,
    /// The layer's words are scores.
    pub scores: Net<In>,
    /// The row tile is the last.
    pub last_tile: Net<In>,
    /// Beats are issued.
    pub active: Net<In>,
    /// It is the first beat of its position.
    pub first_beat: Net<In>,
    /// The position is in the first row of the output.
    pub first_row: Net<Out>,
    /// It is the last of its image.
    pub last: Net<Out>,
    /// Address of the first window of the next image.
    pub next: Net<Out>,
    /// No beat is issued in this cycle: words of the image before are still leaving.
    pub hold: Net<Out>,
    row: [Register; 2],
    base: [Register; 2],
    greatest: Register,
    waited: Register,
    _columns: usize,
}

impl Images {
    /// The images of a design.
    pub fn new(shape: &Shape) -> Images {
        let (height, address) = (register_width(shape, "output_height"), shape.address_bits());
        let both = |bits| [0, 1].map(|_| Register::data(bits, false));
        Images {
            clock: Net::flag(),
            restart: Net::flag(),
            step: Net::flag(),
            again: Net::flag(),
            pass_done: Net::flag(),
            row_done: Net::flag(),
            output_height: Net::bits(height),
            image_step: Net::bits(address),
            scores: Net::flag(),
            last_tile: Net::flag(),
            active: Net::flag(),
            first_beat: Net::flag(),
            first_row: Net::flag(),
            last: Net::flag(),
            next: Net::bits(address),
            hold: Net::flag(),
            row: both(height),
            base: both(address),
            greatest: Register::data(height, false),
            waited: Register::data(address_bits(shape.columns), false),
            _columns: shape.columns,
        }
    }

    /// A register of the present position and one of the pass's first.
    fn walk<I: Interpreter>(&self, i: &mut I, registers: &[Register; 2], next: I::Word) {
        let [now, first] = [0, 1].map(|n: usize| registers[n].read(i));
        let (step, again) = (i.read(&self.step), i.read(&self.again));
        let (pass_done, restart) = (i.read(&self.pass_done), i.read(&self.restart));
        let moved = again.mux(first, step.mux(next, now));
        let kept = pass_done.mux(next, first);
        for (register, next) in registers.iter().zip([moved, kept]) {
            register.load_or_zero(i, &self.clock, restart, next);
        }
    }

    /// Counts the cycles of an image, up to one less than there are columns.
    fn pace<I: Interpreter>(&self, i: &mut I, last: I::Word) {
        let waited = self.waited.read(i);
        let enough = i.constant(waited.width(), self._columns as u64 - 1);
        let over = i.name("over", waited.equals(enough));
        let paced = i.read(&self.scores) & i.read(&self.last_tile);
        let hold = paced & last & i.read(&self.first_beat) & !over;
        i.drive(&self.hold, hold);
        let counts = i.read(&self.active) & !over;
        let begin = i.read(&self.restart) | (i.read(&self.step) & last);
        let begin = i.name("begin", begin);
        let next = waited + counts.resize(waited.width());
        self.waited.load_or_zero(i, &self.clock, begin, next);
    }
}

impl Describe for Images {
    fn module(&self) -> String {
        "images".to_string()
    }
    fn about(&self) -> String {
        "Which of the images that are computed together a window is of.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let height = i.read(&self.output_height);
        let one = i.constant(height.width(), 1);
        self.greatest.load(i, &self.clock, height - one);
        let (row, base) = (self.row[0].read(i), self.base[0].read(i));
        let row_done = i.read(&self.row_done);
        let last_row = row.equals(self.greatest.read(i));
        let last = i.name("last_position", row_done & last_row);
        let after = base + i.read(&self.image_step);
        let after = i.name("next_image", after);
        let zero = i.constant(row.width(), 0);
        let next_row = row_done.mux(last_row.mux(zero, row + one), row);
        let next_row = i.name("next_row", next_row);
        self.walk(i, &self.row, next_row);
        self.walk(i, &self.base, last.mux(after, base));
        self.pace(i, last);
        i.drive(&self.first_row, !row.any());
        i.drive(&self.last, last);
        i.drive(&self.next, after);
    }
}
logic!(Images);
