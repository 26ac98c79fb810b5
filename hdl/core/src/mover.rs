//! Moves code lines between the code banks and the memory.

use crate::countdown::Countdown;
use crate::decoder::{LANE_BITS, lines_bits};
use crate::line::{cut, leave_unread};
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Cycles from the one in which `read` shows a line's address to the one in which the codes of the line are
/// in the registers behind the banks: position, bank, register.
const READ_DELAY: usize = 3;

/// Moves one range of code lines at a time, while no layer runs.
///
/// To store, it reads a line of all banks a cycle while there is room for it; the line leaves the rows three
/// cycles after `read`, in the cycle of `line_valid`. To fetch, it takes beats in, cuts them into lines and
/// writes one a cycle.
#[derive(LogicBlock)]
pub struct Mover {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing moves.
    pub reset: Net<In>,
    /// For one cycle: store lines.
    pub store: Net<In>,
    /// For one cycle: fetch lines.
    pub fetch: Net<In>,
    /// With either: code-bank address of the first line.
    pub address: Net<In>,
    /// With either: lines.
    pub lines: Net<In>,
    /// With either: beats they take.
    pub beats: Net<In>,
    /// There is room for further lines.
    pub room: Net<In>,
    /// A beat of stored lines is complete.
    pub pushed: Net<In>,
    /// All lines that were stored are in memory.
    pub stored: Net<In>,
    /// Read the line at `read_address`.
    pub read: Net<Out>,
    /// Code-bank address.
    pub read_address: Net<Out>,
    /// The line read is there.
    pub line_valid: Net<Out>,
    /// It is the last one.
    pub line_last: Net<Out>,
    /// A beat from memory is offered.
    pub data_valid: Net<In>,
    /// It is accepted.
    pub data_ready: Net<Out>,
    /// The beat, lowest lane first.
    pub data_data: Vec<Net<In>>,
    /// Lines are being fetched.
    pub fetching: Net<Out>,
    /// Write a line to the banks at the end of this cycle.
    pub write: Net<Out>,
    /// Where it goes.
    pub write_address: Net<Out>,
    /// Its word for each bank.
    pub write_code: Vec<Net<Out>>,
    /// For one cycle: all lines have moved.
    pub done: Net<Out>,
    /// For one cycle: the beats were not those of the lines.
    pub uneven: Net<Out>,
    storing: Register,
    unread: Register,
    pause: Optional<Register>,
    reading: Register,
    read_at: Register,
    valid: [Register; READ_DELAY],
    last: Register,
    last_late: [Register; READ_DELAY],
    fetches: Register,
    full: Register,
    buffer: Vec<Register>,
    part: Optional<Register>,
    slots: Optional<Countdown>,
    at: Register,
    lines_left: Countdown,
    beats_left: Countdown,
    _shape: Shape,
}

impl Mover {
    /// The mover of a design.
    pub fn new(shape: &Shape) -> Mover {
        let design = &shape.design;
        let lanes = design.bus_lanes() as usize;
        let beats = design.map_line_beats() as usize;
        let slots = design.map_lines_per_beat() as usize;
        let address = shape.address_bits();
        let flags = || std::array::from_fn(|_| Register::control(1));
        Mover {
            clock: Net::flag(),
            reset: Net::flag(),
            store: Net::flag(),
            fetch: Net::flag(),
            address: Net::bits(LANE_BITS),
            lines: Net::bits(LANE_BITS),
            beats: Net::bits(LANE_BITS),
            room: Net::flag(),
            pushed: Net::flag(),
            stored: Net::flag(),
            read: Net::flag(),
            read_address: Net::bits(address),
            line_valid: Net::flag(),
            line_last: Net::flag(),
            data_valid: Net::flag(),
            data_ready: Net::flag(),
            data_data: Net::array(lanes, LANE_BITS, false),
            fetching: Net::flag(),
            write: Net::flag(),
            write_address: Net::bits(address),
            write_code: Net::array(shape.rows, shape.code_word_bits(), false),
            done: Net::flag(),
            uneven: Net::flag(),
            storing: Register::control(1),
            unread: Register::control(1),
            pause: Optional::when(beats > 1, || Register::control(address_bits(beats))),
            reading: Register::control(1),
            read_at: Register::data(address, false),
            valid: flags(),
            last: Register::control(1),
            last_late: flags(),
            fetches: Register::control(1),
            full: Register::control(1),
            buffer: (0..beats * lanes)
                .map(|_| Register::enabled(LANE_BITS, false))
                .collect(),
            part: Optional::when(beats > 1, || Register::control(address_bits(beats))),
            slots: Optional::when(slots > 1, || Countdown::to(1, address_bits(slots + 1))),
            at: Register::data(address, false),
            lines_left: Countdown::to(1, lines_bits(shape)),
            beats_left: Countdown::to(0, LANE_BITS),
            _shape: shape.clone(),
        }
    }

    /// Reads lines; says when one is read in this cycle.
    fn read_lines<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let (clock, reset) = (&self.clock, &self.reset);
        let mut go = self.unread.read(i) & i.read(&self.room);
        if let Some(pause) = self.pause.get() {
            let now = pause.read(i);
            go = go & !now.any();
            let beats = u64::from(self._shape.design.map_line_beats());
            let [zero, one, whole] =
                [0, 1, beats - 1].map(|number| i.constant(now.width(), number));
            let next = go.mux(whole, now.any().mux(now - one, zero));
            pause.update_from(i, clock, reset, next);
        }
        let go = i.name("read_now", go);
        let last = go & i.read(&self.lines_left.ended);
        let last = i.name("read_last", last);
        let begin = i.read(&self.store);
        let unread = begin | (self.unread.read(i) & !last);
        self.unread.update_from(i, clock, reset, unread);
        self.reading.update_from(i, clock, reset, go);
        self.last.update_from(i, clock, reset, last);
        let at = self.at.read(i);
        self.read_at.load(i, clock, at);
        i.connect(&self.read, &self.reading.q);
        i.connect(&self.read_address, &self.read_at.q);
        for (chain, first, port) in [
            (&self.valid, &self.reading, &self.line_valid),
            (&self.last_late, &self.last, &self.line_last),
        ] {
            let mut flag = first.read(i);
            for register in chain {
                register.update_from(i, clock, reset, flag);
                flag = register.read(i);
            }
            i.drive(port, flag);
        }
        go
    }

    /// Takes beats in; says whether one is taken, and whether a line is complete with it.
    fn take_beats<I: Interpreter>(&self, i: &mut I, written: I::Word) -> (I::Word, I::Word) {
        let full = self.full.read(i);
        let open = !full | written;
        let left = !i.read(&self.beats_left.ended);
        let ready = self.fetches.read(i) & open & left;
        let ready = i.name("take_beat", ready);
        i.drive(&self.data_ready, ready);
        let taken = ready & i.read(&self.data_valid);
        let taken = i.name("taken", taken);
        let complete = match self.part.get() {
            None => taken,
            Some(part) => {
                let now = part.read(i);
                let beats = u64::from(self._shape.design.map_line_beats());
                let final_part = now.equals(i.constant(now.width(), beats - 1));
                let (zero, one) = (i.constant(now.width(), 0), i.constant(now.width(), 1));
                let next = taken.mux(final_part.mux(zero, now + one), now);
                part.update_from(i, &self.clock, &self.reset, next);
                taken & final_part
            }
        };
        (taken, i.name("complete", complete))
    }

    /// The beats of a line come in at the top; the lines of a beat leave at the bottom.
    fn shift<I: Interpreter>(&self, i: &mut I, taken: I::Word) {
        let lanes = self.data_data.len();
        let top = self.buffer.len() - lanes;
        let line = self._shape.design.map_line_bits() as usize;
        let nets: Vec<&Net<Out>> = self.buffer.iter().map(|register| &register.q).collect();
        if nets.len() == lanes && self.slots.get().is_none() {
            leave_unread(i, nets.iter().copied(), line);
        }
        for (n, register) in self.buffer.iter().enumerate() {
            let new = match n.checked_sub(top) {
                Some(lane) => i.read(&self.data_data[lane]),
                None => i.read(nets[n + lanes]),
            };
            if self.slots.get().is_none() {
                register.load_if(i, &self.clock, taken, new);
                continue;
            }
            let whole = LANE_BITS * nets.len();
            let low = LANE_BITS * n + line;
            let further = match whole.saturating_sub(low).min(LANE_BITS) {
                0 => i.constant(LANE_BITS, 0),
                width => cut(i, nets.iter().copied(), low, width).resize(LANE_BITS),
            };
            let enable = taken | self.full.read(i);
            register.load_if(i, &self.clock, enable, taken.mux(new, further));
        }
    }

    /// Writes the lines of the beats that came.
    fn write_lines<I: Interpreter>(&self, i: &mut I) -> (I::Word, I::Word) {
        let (clock, full) = (&self.clock, self.full.read(i));
        let last_slot = match self.slots.get() {
            Some(slots) => i.read(&slots.ended),
            None => i.constant(1, 1),
        };
        let written = i.name("beat_written", full & last_slot);
        let (taken, complete) = self.take_beats(i, written);
        if let Some(slots) = self.slots.get() {
            let count = u64::from(self._shape.design.map_lines_per_beat());
            let count = i.constant(slots.from.width(), count);
            slots.count(i, clock, (complete, count), full);
        }
        self.shift(i, taken);
        let last = full & i.read(&self.lines_left.ended);
        let last = i.name("write_last", last);
        let kept = complete | (full & !written);
        self.full.update_from(i, clock, &self.reset, kept & !last);
        i.drive(&self.write, full);
        i.connect(&self.write_address, &self.at.q);
        let bits = self._shape.design.format.code_bits() as usize;
        let nets: Vec<&Net<Out>> = self.buffer.iter().map(|register| &register.q).collect();
        for (row, port) in self.write_code.iter().enumerate() {
            let code = cut(i, nets.iter().copied(), row * bits, bits).resize(port.width());
            i.drive(port, code);
        }
        (taken, last)
    }

    /// What is left, and whether it was as much as was said.
    fn count<I: Interpreter>(&self, i: &mut I, line: I::Word, beat: I::Word) {
        let clock = &self.clock;
        let begin = i.read(&self.store) | i.read(&self.fetch);
        let begin = i.name("begin", begin);
        let lines = i.read(&self.lines);
        let bits = self.lines_left.from.width();
        self.lines_left
            .count(i, clock, (begin, lines.slice(0, bits)), line);
        if bits < LANE_BITS {
            i.unused(lines.slice(bits, LANE_BITS - bits));
        }
        let (at, from) = (self.at.read(i), i.read(&self.address));
        let bits = at.width();
        if bits < LANE_BITS {
            i.unused(from.slice(bits, LANE_BITS - bits));
        }
        let next = at + line.resize(bits);
        self.at.load(i, clock, begin.mux(from.slice(0, bits), next));
        let beats = i.read(&self.beats);
        self.beats_left.count(i, clock, (begin, beats), beat);
    }
}

impl Describe for Mover {
    fn module(&self) -> String {
        "mover".to_string()
    }
    fn about(&self) -> String {
        let design = &self._shape.design;
        format!(
            "Moves code lines of {} bits between the code banks and memory, {} in {} beat(s).",
            design.map_line_bits(),
            design.map_lines_per_beat(),
            design.map_line_beats()
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (clock, reset) = (&self.clock, &self.reset);
        let read = self.read_lines(i);
        let (taken, last) = self.write_lines(i);
        let pushed = i.read(&self.pushed);
        let line = read | self.full.read(i);
        let line = i.name("line_moves", line);
        self.count(i, line, taken | pushed);

        let even = i.read(&self.beats_left.ended);
        let (storing, fetching) = (self.storing.read(i), self.fetches.read(i));
        let stored = storing & i.read(&self.stored);
        let stored = i.name("all_stored", stored);
        i.comment("A line is wanted, and no beat is left for it");
        let starved = fetching & !self.full.read(i) & even;
        let starved = i.name("starved", starved);
        let ends = i.name("ends", stored | last);
        i.drive(&self.done, ends & even);
        i.drive(&self.uneven, (ends & !even) | starved);
        let over = i.name("over", ends | starved);
        let (store, fetch) = (i.read(&self.store), i.read(&self.fetch));
        self.storing
            .update_from(i, clock, reset, store | (storing & !over));
        self.fetches
            .update_from(i, clock, reset, fetch | (fetching & !over));
        i.connect(&self.fetching, &self.fetches.q);
    }
}
logic!(Mover);

#[cfg(test)]
mod tests;
