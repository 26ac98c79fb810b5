//! Which words of the residual stream a max-pool takes together.

use crate::sequencer::register_width;
use crate::shape::Shape;
use crate::window_axis::WindowAxis;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Flags of a word's place among the windows, below the number of the window along its row.
pub(crate) const MARKS: usize = 5;

/// Bits of a word's place among the windows: [`Marks`].
pub(crate) fn window_bits(shape: &Shape) -> usize {
    MARKS + address_bits(shape.design.map_side as usize)
}

/// A word's place among the windows, as columns hand it on.
pub(crate) struct Marks<W> {
    /// The window along the row has begun before.
    pub begun: W,
    /// The word ends it.
    pub ends: W,
    /// The row of windows has begun before.
    pub row_begun: W,
    /// The word's row ends it.
    pub row_ends: W,
    /// The row lies in a row of windows.
    pub inside: W,
    /// The number of the window along the row.
    pub place: W,
}

impl<W: Word> Marks<W> {
    /// The flags, lowest first, and the number above them.
    fn pack(self) -> W {
        let flags = [self.ends, self.row_begun, self.row_ends, self.inside];
        let flags = flags
            .into_iter()
            .fold(self.begun, |below, flag| flag.concat(below));
        self.place.concat(flags)
    }

    /// The way back.
    pub fn unpack(word: W) -> Marks<W> {
        Marks {
            begun: word.bit(0),
            ends: word.bit(1),
            row_begun: word.bit(2),
            row_ends: word.bit(3),
            inside: word.bit(4),
            place: word.slice(MARKS, word.width() - MARKS),
        }
    }
}

/// Follows the words of column 0 over their map, row by row, and says of each how it lies among the windows.
#[derive(LogicBlock)]
pub struct StreamWindows {
    /// Clock.
    pub clock: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// The layer pools the words it stores.
    pub on: Net<In>,
    /// Width of its output map.
    pub output_width: Net<In>,
    /// Height of its output map.
    pub output_height: Net<In>,
    /// Side of a window.
    pub window: Net<In>,
    /// From a window to the next.
    pub stride: Net<In>,
    /// Where the first one ends.
    pub first: Net<In>,
    /// The last window of a row ends beyond the map.
    pub cut_right: Net<In>,
    /// The last row of windows does.
    pub cut_below: Net<In>,
    /// A word is about to be stored, or pooled.
    pub step: Net<In>,
    /// The next one goes to the next place: this one is stored as it is, or ends a window.
    pub moves: Net<Out>,
    /// How it lies among the windows.
    pub marks: Net<Out>,
    across: WindowAxis,
    down: WindowAxis,
    begin: Register,
    place: Register,
}

impl StreamWindows {
    /// The windows of a design with `max_pool` and a residual stream.
    pub fn new(shape: &Shape) -> StreamWindows {
        let bits = |name| register_width(shape, name);
        StreamWindows {
            clock: Net::flag(),
            start: Net::flag(),
            on: Net::flag(),
            output_width: Net::bits(bits("output_width")),
            output_height: Net::bits(bits("output_height")),
            window: Net::bits(bits("window")),
            stride: Net::bits(bits("window_stride")),
            first: Net::bits(bits("window_first")),
            cut_right: Net::flag(),
            cut_below: Net::flag(),
            step: Net::flag(),
            moves: Net::flag(),
            marks: Net::bits(window_bits(shape)),
            across: WindowAxis::new(shape, "output_width"),
            down: WindowAxis::new(shape, "output_height"),
            begin: Register::data(1, false),
            place: Register::data(window_bits(shape) - MARKS, false),
        }
    }
}

impl Describe for StreamWindows {
    fn module(&self) -> String {
        "stream_windows".to_string()
    }
    fn about(&self) -> String {
        "How the words of the residual stream lie among the windows of a max-pool.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (start, step) = (i.read(&self.start), i.read(&self.step));
        self.begin.load(i, &self.clock, start);
        for (axis, length, cut) in [
            (&self.across, &self.output_width, &self.cut_right),
            (&self.down, &self.output_height, &self.cut_below),
        ] {
            i.connect(&axis.clock, &self.clock);
            i.connect(&axis.begin, &self.begin.q);
            i.connect(&axis.length, length);
            i.connect(&axis.cut, cut);
            i.connect(&axis.window, &self.window);
            i.connect(&axis.stride, &self.stride);
            i.connect(&axis.first, &self.first);
        }
        let along = i.read(&self.across.inside);
        i.unused(along);
        i.drive(&self.across.step, step);
        let row_done = step & i.read(&self.across.last);
        i.drive(&self.down.step, row_done);
        let (ends, row_ends) = (i.read(&self.across.ends), i.read(&self.down.ends));
        let inside = i.read(&self.down.inside);
        let place = self.place.read(i);
        let restart = i.read(&self.begin.q) | row_done;
        let next = place + (step & ends).resize(place.width());
        self.place.load_or_zero(i, &self.clock, restart, next);
        let on = i.read(&self.on);
        i.drive(&self.moves, step & (!on | (ends & row_ends & inside)));
        let marks = Marks {
            begun: i.read(&self.across.begun),
            ends,
            row_begun: i.read(&self.down.begun),
            row_ends,
            inside,
            place,
        };
        i.drive(&self.marks, marks.pack());
    }
}
logic!(StreamWindows);
