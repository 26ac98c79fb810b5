//! The windows of a max-pool along one side of a map, position by position.

use crate::counting::is_last;
use crate::sequencer::register_width;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Says of each position of a row, or of each row, whether it lies in a window, whether it ends one, and whether the
/// window it lies in has begun before. A position may end a window and begin the next, no more: windows are at most
/// one position larger than their distance.
#[derive(LogicBlock)]
pub struct WindowAxis {
    /// Clock.
    pub clock: Net<In>,
    /// The layer's registers are there, and its first position is to come.
    pub begin: Net<In>,
    /// The position is done with.
    pub step: Net<In>,
    /// Positions along the side.
    pub length: Net<In>,
    /// Positions of a window.
    pub window: Net<In>,
    /// From a window to the next.
    pub stride: Net<In>,
    /// The position that ends the first window.
    pub first: Net<In>,
    /// The last window ends beyond the map.
    pub cut: Net<In>,
    /// It is the last position.
    pub last: Net<Out>,
    /// It lies in a window.
    pub inside: Net<Out>,
    /// It ends a window.
    pub ends: Net<Out>,
    /// The window it lies in, or ends, has begun before.
    pub begun: Net<Out>,
    place: Register,
    left: Register,
    open: Register,
}

impl WindowAxis {
    /// The windows along a side whose length is a register of this name.
    pub fn new(shape: &Shape, length: &str) -> WindowAxis {
        let bits = |name| register_width(shape, name);
        WindowAxis {
            clock: Net::flag(),
            begin: Net::flag(),
            step: Net::flag(),
            length: Net::bits(bits(length)),
            window: Net::bits(bits("window")),
            stride: Net::bits(bits("window_stride")),
            first: Net::bits(bits("window_first")),
            cut: Net::flag(),
            last: Net::flag(),
            inside: Net::flag(),
            ends: Net::flag(),
            begun: Net::flag(),
            place: Register::data(bits(length), false),
            left: Register::data(bits("window"), false),
            open: Register::data(1, false),
        }
    }
}

impl Describe for WindowAxis {
    fn module(&self) -> String {
        "window_axis".to_string()
    }
    fn about(&self) -> String {
        "Where the windows of a max-pool begin and end along one side of a map.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (place, left, open) = (self.place.read(i), self.left.read(i), self.open.read(i));
        let (window, stride) = (i.read(&self.window), i.read(&self.stride));
        let length = i.read(&self.length);
        let last = is_last(i, place, length);
        let last = i.name("last_position", last);
        let ends = !left.any() | (last & i.read(&self.cut));
        let ends = i.name("window_ends", ends);
        let inside = i.name("in_window", left.less_than(window));
        i.drive(&self.last, last);
        i.drive(&self.inside, inside);
        i.drive(&self.ends, ends);
        i.connect(&self.begun, &self.open.q);

        i.comment("Of windows that overlap, the end of one is the beginning of the next");
        let overlap = i.name("overlap", stride.less_than(window));
        let step = i.read(&self.step);
        let begin = i.read(&self.begin) | (step & last);
        let begin = i.name("begins", begin);
        let one = i.constant(left.width(), 1);
        let next = ends.mux(stride, left) - one;
        let first = i.read(&self.first);
        self.left
            .load(i, &self.clock, begin.mux(first, step.mux(next, left)));
        let next = ends.mux(overlap, open | inside);
        self.open
            .load_or_zero(i, &self.clock, begin, step.mux(next, open));
        let next = place + step.resize(place.width());
        self.place.load_or_zero(i, &self.clock, begin, next);
    }
}
logic!(WindowAxis);
