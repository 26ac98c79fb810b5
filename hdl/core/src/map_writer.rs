//! Writes feature maps to memory: code lines to beats, beats to bursts.

use crate::bursts::{BURST_BITS, INSIDE_BITS, multiples};
use crate::countdown::Countdown;
use crate::decoder::LANE_BITS;
use crate::fifo::Fifo;
use crate::line::gather;
use crate::reader::{LENGTH_BITS, beat_shift};
use crate::shape::Shape;
use cromulent_design::BURST_BEATS;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of the count of bursts that are not answered: a store of the deepest banks has fewer.
const OPEN_BITS: usize = 24;

/// Packs code lines into beats, and writes them in bursts of at most 16 beats, none across a multiple of 16.
///
/// A burst begins once all of its beats wait in the queue, so that its data never pause for the array's sake,
/// and no later than when the last line is in. Several bursts may wait for their answers.
#[derive(LogicBlock)]
pub struct MapWriter {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// A program begins. Only while `settled`.
    pub start: Net<In>,
    /// Begin no further burst.
    pub stop: Net<In>,
    /// With `start`: byte address of the scratch region. Less than a beat does not count.
    pub scratch_address: Net<In>,
    /// For one cycle: lines will come.
    pub begin: Net<In>,
    /// With `begin`: bytes from the region's address. Less than a beat does not count.
    pub offset: Net<In>,
    /// A line is there.
    pub line_valid: Net<In>,
    /// It is the last one.
    pub line_last: Net<In>,
    /// Its code for each row.
    pub line: Vec<Net<In>>,
    /// There is room for further lines, all that are on their way aside.
    pub room: Net<Out>,
    /// A beat goes to the queue.
    pub pushed: Net<Out>,
    /// All lines are written, and every burst is answered.
    pub stored: Net<Out>,
    /// No write is under way.
    pub settled: Net<Out>,
    /// The write channels are for maps.
    pub own: Net<Out>,
    /// For one cycle: in the cycle before a burst was answered with an error.
    pub error: Net<Out>,
    /// Beats written since the start.
    pub stored_beats: Net<Out>,
    /// AXI write address channel.
    pub awvalid: Net<Out>,
    /// AXI write address channel.
    pub awready: Net<In>,
    /// Byte address of the burst.
    pub awaddr: Net<Out>,
    /// Beats of the burst, less one.
    pub awlen: Net<Out>,
    /// AXI write data channel.
    pub wvalid: Net<Out>,
    /// AXI write data channel.
    pub wready: Net<In>,
    /// The beat, lowest lane first.
    pub wdata: Vec<Net<Out>>,
    /// It is the last of its burst.
    pub wlast: Net<Out>,
    /// AXI write response channel; it is always listened to.
    pub bvalid: Net<In>,
    /// 0, or an error.
    pub bresp: Net<In>,
    slots: Vec<Register>,
    filled: Vec<Register>,
    push: Optional<Register>,
    push_last: Register,
    parts: Vec<Register>,
    fifo: Fifo,
    roomy: Register,
    ended: Register,
    flush: Register,
    base: Register,
    at: Register,
    rested: Register,
    whole: Register,
    some: Register,
    asking: Register,
    ask_address: Register,
    ask_length: Register,
    sending: Register,
    beats_left: Countdown,
    open: Register,
    finished: Register,
    owns: Register,
    failed: Register,
    count: Register,
    _shape: Shape,
}

impl MapWriter {
    /// The map writer of a design.
    pub fn new(shape: &Shape) -> MapWriter {
        let design = &shape.design;
        let lanes = design.bus_lanes() as usize;
        let (address, shift) = (design.memory_address_bits as usize, beat_shift(shape));
        let code = design.format.code_bits() as usize;
        let slots = design.map_lines_per_beat() as usize;
        let beats = design.map_line_beats() as usize;
        MapWriter {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            stop: Net::flag(),
            scratch_address: Net::bits(address),
            begin: Net::flag(),
            offset: Net::bits(LANE_BITS),
            line_valid: Net::flag(),
            line_last: Net::flag(),
            line: Net::array(shape.rows, code, false),
            room: Net::flag(),
            pushed: Net::flag(),
            stored: Net::flag(),
            settled: Net::flag(),
            own: Net::flag(),
            error: Net::flag(),
            stored_beats: Net::bits(LANE_BITS),
            awvalid: Net::flag(),
            awready: Net::flag(),
            awaddr: Net::bits(address),
            awlen: Net::bits(LENGTH_BITS),
            wvalid: Net::flag(),
            wready: Net::flag(),
            wdata: Net::array(lanes, LANE_BITS, false),
            wlast: Net::flag(),
            bvalid: Net::flag(),
            bresp: Net::bits(2),
            slots: (0..slots * shape.rows)
                .map(|_| Register::enabled(code, false))
                .collect(),
            filled: Register::data_array(slots - 1, 1, false),
            push: Optional::when(beats == 1, || Register::data(1, false)),
            push_last: Register::data(1, false),
            parts: match beats {
                1 => vec![],
                _ => Register::data_array(beats, 1, false),
            },
            fifo: Fifo::new(design.map_fifo_beats() as usize, &vec![LANE_BITS; lanes]),
            roomy: Register::data(1, false),
            ended: Register::data(1, false),
            flush: Register::data(1, false),
            base: Register::enabled(address, false),
            at: Register::data(address - shift, false),
            rested: Register::control(1),
            whole: Register::data(1, false),
            some: Register::data(1, false),
            asking: Register::data(1, false),
            ask_address: Register::enabled(address - shift, false),
            ask_length: Register::enabled(LENGTH_BITS, false),
            sending: Register::data(1, false),
            beats_left: Countdown::to(1, BURST_BITS),
            open: Register::data(OPEN_BITS, false),
            finished: Register::data(1, false),
            owns: Register::data(1, false),
            failed: Register::data(1, false),
            count: Register::data(LANE_BITS, false),
            _shape: shape.clone(),
        }
    }

    fn restart<I: Interpreter>(&self, i: &mut I) -> I::Word {
        i.read(&self.start) | i.read(&self.reset)
    }

    /// Puts lines side by side in the slots of a beat; says when a beat is complete, and whether it is the last.
    fn pack<I: Interpreter>(&self, i: &mut I, afresh: I::Word) -> (I::Word, I::Word) {
        let (valid, last) = (i.read(&self.line_valid), i.read(&self.line_last));
        let mut below = i.constant(1, 1);
        let mut places = vec![];
        for (slot, filled) in self.filled.iter().enumerate() {
            let now = filled.read(i);
            places.push(i.name(format_args!("slot_{slot}"), below & !now));
            below = now;
        }
        places.push(below);
        let mut full = valid & (below | last);
        if self.push.is_present() {
            full = i.name("slots_full", full);
        }
        for (filled, place) in self.filled.iter().zip(&places) {
            let next = filled.read(i) | (valid & *place);
            filled.load_or_zero(i, &self.clock, afresh | full, next);
        }
        let first = places[0];
        for (slot, place) in places.into_iter().enumerate() {
            // What a beat has no line for is 0.
            let enable = valid & (place | first);
            for (row, port) in self.line.iter().enumerate() {
                let code = i.read(port);
                let kept = match slot {
                    0 => code,
                    _ => code & place.repeat(code.width()),
                };
                let register = &self.slots[slot * self.line.len() + row];
                register.load_if(i, &self.clock, enable, kept);
            }
        }
        match self.push.get() {
            Some(push) => {
                push.load_or_zero(i, &self.clock, afresh, full);
                self.push_last
                    .load_or_zero(i, &self.clock, afresh, valid & last);
                (push.read(i), self.push_last.read(i))
            }
            None => self.cut(i, afresh, valid, last),
        }
    }

    /// A line of several beats: one of them a cycle.
    fn cut<I: Interpreter>(
        &self,
        i: &mut I,
        afresh: I::Word,
        valid: I::Word,
        last: I::Word,
    ) -> (I::Word, I::Word) {
        let (mut flag, mut any) = (valid, i.constant(1, 0));
        for part in &self.parts {
            part.load_or_zero(i, &self.clock, afresh, flag);
            flag = part.read(i);
            any = any | flag;
        }
        let held = valid.mux(last, self.push_last.read(i));
        self.push_last.load_or_zero(i, &self.clock, afresh, held);
        (any, flag & self.push_last.read(i))
    }

    /// The beat that goes to the queue.
    fn beat<I: Interpreter>(&self, i: &mut I) -> Vec<I::Word> {
        let codes: Vec<I::Word> = self.slots.iter().map(|slot| slot.read(i)).collect();
        let lanes = self.wdata.len();
        if self.parts.is_empty() {
            return gather(i, &codes, lanes);
        }
        let line = gather(i, &codes, lanes * self.parts.len());
        let mut beat = vec![i.constant(LANE_BITS, 0); lanes];
        for (part, words) in self.parts.iter().zip(line.chunks(lanes)) {
            let here = part.read(i).repeat(LANE_BITS);
            for (lane, word) in beat.iter_mut().zip(words) {
                *lane = *lane | (*word & here);
            }
        }
        beat
    }

    /// The queue: beats go in as they are complete and leave by the write data channel. Gives back what it
    /// holds, and when a beat leaves.
    fn queue<I: Interpreter>(&self, i: &mut I, afresh: I::Word) -> (I::Word, I::Word) {
        let (push, last) = self.pack(i, afresh);
        let fifo = &self.fifo;
        i.connect(&fifo.clock, &self.clock);
        i.drive(&fifo.reset, afresh);
        i.drive(&fifo.push, push);
        i.drive(&self.pushed, push);
        for (port, lane) in fifo.input.iter().zip(self.beat(i)) {
            i.drive(port, lane);
        }
        for (port, lane) in self.wdata.iter().zip(&fifo.output) {
            i.connect(port, lane);
        }
        let sending = self.sending.read(i);
        let valid = sending & i.read(&fifo.valid);
        let valid = i.name("beat_valid", valid);
        i.drive(&self.wvalid, valid);
        let leaves = valid & i.read(&self.wready);
        let leaves = i.name("beat_leaves", leaves);
        let ready = sending & i.read(&self.wready);
        i.drive(&fifo.ready, ready);
        let held = i.read(&fifo.held);
        // As many again are on their way at most.
        let most = i.constant(held.width(), u64::from(BURST_BEATS));
        self.roomy
            .load_or_zero(i, &self.clock, afresh, most.at_least(held));
        i.connect(&self.room, &self.roomy.q);
        let ended = self.ended.read(i);
        self.ended
            .load_or_zero(i, &self.clock, afresh, ended | (push & last));
        self.flush.load_or_zero(i, &self.clock, afresh, ended);
        (held, leaves)
    }

    /// Cuts bursts; what is asked is a cycle old, and nothing has left since.
    fn bursts<I: Interpreter>(&self, i: &mut I, afresh: I::Word, held: I::Word) -> I::Word {
        let (clock, at) = (&self.clock, self.at.read(i));
        let active = self.asking.read(i) | self.sending.read(i);
        let active = i.name("active", active);
        let inside = at.slice(0, INSIDE_BITS);
        let whole = i.constant(BURST_BITS, u64::from(BURST_BEATS));
        let to_the_end = i.name("to_the_end", whole - inside.resize(BURST_BITS));
        let (whole, some) = (self.whole.read(i), self.some.read(i));
        let due = whole | (self.flush.read(i) & some);
        let cut = self.rested.read(i) & due & !i.read(&self.stop);
        let cut = i.name("cut_now", cut);
        let restart = self.restart(i);
        self.rested
            .update_from(i, clock, &self.reset, !active & !cut);
        let enough = held.at_least(to_the_end.resize(held.width()));
        self.whole.load_or_zero(i, clock, afresh, enough);
        self.some.load_or_zero(i, clock, afresh, held.any());
        let beats = whole.mux(to_the_end, held.resize(BURST_BITS));
        let beats = i.name("burst", beats);
        self.ask_address.load_if(i, clock, cut, at);
        let one = i.constant(BURST_BITS, 1);
        let length = (beats - one).resize(LENGTH_BITS);
        self.ask_length.load_if(i, clock, cut, length);
        let waits = self.asking.read(i) & !i.read(&self.awready);
        self.asking.load_or_zero(i, clock, restart, cut | waits);
        self.place(i, cut & whole);
        i.connect(&self.awvalid, &self.asking.q);
        let low = i.constant(beat_shift(&self._shape), 0);
        let bytes = self.ask_address.read(i).concat(low);
        i.drive(&self.awaddr, bytes);
        i.connect(&self.awlen, &self.ask_length.q);
        let leaves = self.sending.read(i) & i.read(&self.fifo.valid) & i.read(&self.wready);
        self.beats_left.count(i, clock, (cut, beats), leaves);
        i.connect(&self.wlast, &self.beats_left.ended);
        let last = leaves & i.read(&self.beats_left.ended);
        let sending = cut | (self.sending.read(i) & !last);
        self.sending.load_or_zero(i, clock, restart, sending);
        cut
    }

    /// Where the next burst lies: behind one that ends at a multiple, which all do but a map's last.
    fn place<I: Interpreter>(&self, i: &mut I, filled: I::Word) {
        let (start, begin) = (i.read(&self.start), i.read(&self.begin));
        let given = i.read(&self.scratch_address);
        self.base.load_if(i, &self.clock, start, given);
        let (base, offset) = (self.base.read(i), i.read(&self.offset));
        let width = base.width();
        if width < LANE_BITS {
            i.unused(offset.slice(width, LANE_BITS - width));
        }
        let bytes = i.name("first_bytes", base + offset.resize(width));
        let shift = beat_shift(&self._shape);
        i.unused(bytes.slice(0, shift));
        let at = self.at.read(i);
        let (_, behind) = multiples(i, at);
        let multiple = behind.concat(i.constant(INSIDE_BITS, 0));
        let next = filled.mux(multiple, at);
        let first = bytes.slice(shift, width - shift);
        // Known from the reset on, so that nobody asks an unknown place for room.
        let reset = i.read(&self.reset);
        let next = begin.mux(first, next);
        self.at.load_or_zero(i, &self.clock, reset, next);
    }

    /// Answers, and when everything is in memory.
    fn answers<I: Interpreter>(&self, i: &mut I, afresh: I::Word, held: I::Word, cut: I::Word) {
        let (clock, restart) = (&self.clock, self.restart(i));
        let owns = self.owns.read(i);
        let answered = owns & i.read(&self.bvalid);
        let answered = i.name("answered", answered);
        let bad = i.read(&self.bresp).any();
        self.failed.load_or_zero(i, clock, restart, answered & bad);
        i.connect(&self.error, &self.failed.q);
        let open = self.open.read(i);
        let next = open + (cut.resize(OPEN_BITS) - answered.resize(OPEN_BITS));
        self.open.load_or_zero(i, clock, restart, next);
        let finished = self.ended.read(i) & !held.any() & !open.any();
        self.finished.load_or_zero(i, clock, afresh, finished);
        i.connect(&self.stored, &self.finished.q);
        let active = self.asking.read(i) | self.sending.read(i);
        let settled = i.name("settled_now", !active & !open.any());
        i.drive(&self.settled, settled);
        let over = self.finished.read(i) | (i.read(&self.stop) & settled);
        let begin = i.read(&self.begin);
        self.owns
            .load_or_zero(i, clock, restart, begin | (owns & !over));
        i.connect(&self.own, &self.owns.q);
    }
}

impl Describe for MapWriter {
    fn module(&self) -> String {
        "map_writer".to_string()
    }
    fn about(&self) -> String {
        "Writes feature maps by AXI4: code lines to beats, beats to bursts.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let restart = self.restart(i);
        let afresh = restart | i.read(&self.begin);
        let afresh = i.name("afresh", afresh);
        let (held, leaves) = self.queue(i, afresh);
        let cut = self.bursts(i, afresh, held);
        self.answers(i, afresh, held, cut);
        let next = self.count.read(i) + leaves.resize(LANE_BITS);
        self.count.load_or_zero(i, &self.clock, restart, next);
        i.connect(&self.stored_beats, &self.count.q);
    }
}
logic!(MapWriter);

#[cfg(test)]
mod tests;
