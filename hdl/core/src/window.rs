//! The taps of a max-pool's window, one a beat.

use crate::sequencer::register_width;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Walks a square window row by row, beside the count of beats, which says where in a row it is. In other
/// layers it stays at its first tap.
#[derive(LogicBlock)]
pub struct Window {
    /// Clock.
    pub clock: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// The layer is a max-pool.
    pub max_pool: Net<In>,
    /// A beat is issued.
    pub step: Net<In>,
    /// The count of beats.
    pub beat: Net<In>,
    /// It is the last of an operand, or of a row of the window.
    pub last_beat: Net<In>,
    /// The last value of the count: the side of the window, less one.
    pub greatest: Net<In>,
    /// Addresses between the rows of the map.
    pub width: Net<In>,
    /// It is the last beat of the position.
    pub last: Net<Out>,
    /// It is the first.
    pub first: Net<Out>,
    /// Rows from the window's corner to the tap.
    pub y: Net<Out>,
    /// Columns from the corner to the tap.
    pub x: Net<Out>,
    /// Addresses from the corner to the tap.
    pub offset: Net<Out>,
    row: Register,
    line: Register,
    at: Register,
}

impl Window {
    /// The window of a design.
    pub fn new(shape: &Shape) -> Window {
        let (beat, address) = (register_width(shape, "beats"), shape.address_bits());
        Window {
            clock: Net::flag(),
            start: Net::flag(),
            max_pool: Net::flag(),
            step: Net::flag(),
            beat: Net::bits(beat),
            last_beat: Net::flag(),
            greatest: Net::bits(beat),
            width: Net::bits(register_width(shape, "width")),
            last: Net::flag(),
            first: Net::flag(),
            y: Net::bits(beat),
            x: Net::bits(beat),
            offset: Net::bits(address),
            row: Register::data(beat, false),
            line: Register::data(address, false),
            at: Register::data(address, false),
        }
    }
}

impl Describe for Window {
    fn module(&self) -> String {
        "window".to_string()
    }
    fn about(&self) -> String {
        "The taps of a max-pool's window, row by row, one a beat.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (max_pool, beat) = (i.read(&self.max_pool), i.read(&self.beat));
        let (row, line, at) = (self.row.read(i), self.line.read(i), self.at.read(i));
        let last_row = !max_pool | row.equals(i.read(&self.greatest));
        let last_row = i.name("last_row", last_row);
        let last_beat = i.read(&self.last_beat);
        i.drive(&self.last, last_beat & last_row);
        i.drive(&self.first, !beat.any() & !row.any());
        i.drive(&self.y, row);
        i.drive(&self.x, beat & max_pool.repeat(beat.width()));
        i.connect(&self.offset, &self.at.q);

        i.comment("Where the next beat's tap is");
        let step = i.read(&self.step) & max_pool;
        let ends = i.name("row_ends", step & last_beat);
        let begin = i.read(&self.start) | (ends & last_row);
        let begin = i.name("begin", begin);
        let (one, width) = (
            i.constant(row.width(), 1),
            i.read(&self.width).resize(line.width()),
        );
        let next_line = i.name("next_line", line + width);
        let next_at = at + step.resize(at.width());
        for (register, next) in [
            (&self.row, ends.mux(row + one, row)),
            (&self.line, ends.mux(next_line, line)),
            (&self.at, ends.mux(next_line, next_at)),
        ] {
            register.load_or_zero(i, &self.clock, begin, next);
        }
    }
}
logic!(Window);
