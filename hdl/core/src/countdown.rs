//! A count that falls to its end.

use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// A count that falls, and whether it is at its end, in a register of its own: nobody who asks waits
/// for a comparison of the whole count.
#[derive(LogicBlock)]
pub struct Countdown {
    /// Clock.
    pub clock: Net<In>,
    /// Take a new count; goes before `step`.
    pub start: Net<In>,
    /// The count taken.
    pub from: Net<In>,
    /// Fall by one.
    pub step: Net<In>,
    /// The count is at its end.
    pub ended: Net<Out>,
    left: Register,
    ends: Register,
    _end: u64,
}

impl Countdown {
    /// A count of `bits` bits whose end is 0 or 1.
    pub fn to(end: u64, bits: usize) -> Countdown {
        Countdown {
            clock: Net::flag(),
            start: Net::flag(),
            from: Net::bits(bits),
            step: Net::flag(),
            ended: Net::flag(),
            left: Register::enabled(bits, false),
            ends: Register::enabled(1, false),
            _end: end,
        }
    }

    /// Connects the inputs.
    pub(crate) fn count<I: Interpreter>(
        &self,
        i: &mut I,
        clock: &Net<In>,
        (start, from): (I::Word, I::Word),
        step: I::Word,
    ) {
        i.connect(&self.clock, clock);
        i.drive(&self.start, start);
        i.drive(&self.from, from);
        i.drive(&self.step, step);
    }
}

impl Describe for Countdown {
    fn module(&self) -> String {
        "countdown".to_string()
    }
    fn about(&self) -> String {
        format!(
            "A count that falls to {}; a register says whether it is there.",
            self._end
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (start, from, step) = (i.read(&self.start), i.read(&self.from), i.read(&self.step));
        let left = self.left.read(i);
        let bits = left.width();
        let [one, end, before] = [1, self._end, self._end + 1].map(|n| i.constant(bits, n));
        i.comment("The step comes late, and waits for no borrow");
        let moves = i.name("moves", start | step);
        let next = start.mux(from, left - one);
        self.left.load_if(i, &self.clock, moves, next);
        let ends = start.mux(from.equals(end), left.equals(before));
        self.ends.load_if(i, &self.clock, moves, ends);
        i.connect(&self.ended, &self.ends.q);
    }
}
logic!(Countdown);
