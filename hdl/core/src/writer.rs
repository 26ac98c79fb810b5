//! Writes results to memory: an AXI4 write master.

use crate::decoder::LANE_BITS;
use crate::reader::beat_shift;
use crate::scores::RESULT_BITS;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Lanes of a result.
const RESULT_LANES: usize = RESULT_BITS / LANE_BITS;

/// Puts results into beats, lowest first, from the result address on, and writes each beat by itself:
/// address and data together, then it waits for the response.
///
/// A beat is written when it is full, or when a cycle passes in which it holds results and none more is
/// offered; what comes later goes to the rest of the same beat. Strobes are set for new results only.
/// With a bus of 32 bits each result takes two writes.
#[derive(LogicBlock)]
pub struct Writer {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// Begin at `result_address`. Only while `settled`.
    pub start: Net<In>,
    /// Begin no further write, and take no results.
    pub stop: Net<In>,
    /// With `start`: byte address of the first result. Less than a beat does not count.
    pub result_address: Net<In>,
    /// A result is offered.
    pub valid: Net<In>,
    /// It is accepted.
    pub ready: Net<Out>,
    /// The result.
    pub data: Net<In>,
    /// Every result that was accepted is written.
    pub idle: Net<Out>,
    /// No write is under way.
    pub settled: Net<Out>,
    /// For one cycle: in the cycle before a write was answered with an error.
    pub error: Net<Out>,
    /// Beats written since the start.
    pub result_beats: Net<Out>,
    /// AXI write address channel.
    pub awvalid: Net<Out>,
    /// AXI write address channel.
    pub awready: Net<In>,
    /// Byte address of the beat.
    pub awaddr: Net<Out>,
    /// AXI write data channel.
    pub wvalid: Net<Out>,
    /// AXI write data channel.
    pub wready: Net<In>,
    /// The beat, lowest lane first.
    pub wdata: Vec<Net<Out>>,
    /// One bit a byte.
    pub wstrb: Net<Out>,
    /// AXI write response channel.
    pub bvalid: Net<In>,
    /// AXI write response channel.
    pub bready: Net<Out>,
    /// 0, or an error.
    pub bresp: Net<In>,
    sending: Register,
    address_waits: Register,
    data_waits: Register,
    beat: Register,
    lanes: Vec<Register>,
    filled: Vec<Register>,
    slot: Optional<Register>,
    second: Optional<Register>,
    failed: Register,
    count: Register,
    _shift: usize,
}

impl Writer {
    /// The writer of a design.
    pub fn new(shape: &Shape) -> Writer {
        let design = &shape.design;
        let lanes = design.bus_lanes() as usize;
        let (address, shift) = (design.memory_address_bits as usize, beat_shift(shape));
        // Results in a beat; a narrow bus has one in two beats.
        let slots = (lanes / RESULT_LANES).max(1);
        Writer {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            stop: Net::flag(),
            result_address: Net::bits(address),
            valid: Net::flag(),
            ready: Net::flag(),
            data: Net::bits(RESULT_BITS),
            idle: Net::flag(),
            settled: Net::flag(),
            error: Net::flag(),
            result_beats: Net::bits(LANE_BITS),
            awvalid: Net::flag(),
            awready: Net::flag(),
            awaddr: Net::bits(address),
            wvalid: Net::flag(),
            wready: Net::flag(),
            wdata: Net::array(lanes, LANE_BITS, false),
            wstrb: Net::bits(lanes * LANE_BITS / 8),
            bvalid: Net::flag(),
            bready: Net::flag(),
            bresp: Net::bits(2),
            sending: Register::data(1, false),
            address_waits: Register::data(1, false),
            data_waits: Register::data(1, false),
            beat: Register::data(address - shift, false),
            lanes: (0..slots * RESULT_LANES)
                .map(|_| Register::enabled(LANE_BITS, false))
                .collect(),
            filled: Register::data_array(slots, 1, false),
            slot: Optional::when(slots > 1, || Register::data(address_bits(slots), false)),
            second: Optional::when(lanes < RESULT_LANES, || Register::data(1, false)),
            failed: Register::data(1, false),
            count: Register::data(LANE_BITS, false),
            _shift: shift,
        }
    }

    fn restart<I: Interpreter>(&self, i: &mut I) -> I::Word {
        i.read(&self.start) | i.read(&self.reset)
    }

    /// Some result waits to be written.
    fn holds<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let none = i.constant(1, 0);
        let filled = self.filled.iter();
        filled.fold(none, |any, flag| any | flag.read(i))
    }

    /// Takes results in; says whether the beat is full with the one taken in this cycle.
    fn collect<I: Interpreter>(&self, i: &mut I, written: I::Word) -> I::Word {
        let (sending, stop) = (self.sending.read(i), i.read(&self.stop));
        let ready = i.name("collecting", !sending & !stop);
        i.drive(&self.ready, ready);
        let take = ready & i.read(&self.valid);
        let take = i.name("take", take);
        let restart = self.restart(i);
        let data = i.read(&self.data);
        let last = self.filled.len() - 1;
        let mut full = take;
        for (slot, filled) in self.filled.iter().enumerate() {
            let mut here = take;
            if let Some(register) = self.slot.get() {
                let now = register.read(i);
                let number = i.constant(now.width(), slot as u64);
                here = take & now.equals(number);
            }
            if slot == last {
                full = here;
            }
            let now = filled.read(i);
            filled.load_or_zero(i, &self.clock, restart | written, here | now);
            for half in 0..RESULT_LANES {
                // Bytes without a strobe are known as well.
                let zero = i.constant(LANE_BITS, 0);
                let word = restart.mux(zero, data.slice(half * LANE_BITS, LANE_BITS));
                let lane = &self.lanes[slot * RESULT_LANES + half];
                lane.load_if(i, &self.clock, restart | here, word);
            }
        }
        if let Some(register) = self.slot.get() {
            let now = register.read(i);
            let next = now + take.resize(now.width());
            register.load_or_zero(i, &self.clock, restart, next);
        }
        i.name("full", full)
    }

    /// Address, data and response of one beat; says when it is answered.
    fn send<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let sending = self.sending.read(i);
        let answered = sending & i.read(&self.bvalid);
        i.drive(&self.bready, sending);
        let bad = i.read(&self.bresp).any();
        let restart = self.restart(i);
        self.failed
            .load_or_zero(i, &self.clock, restart, answered & bad);
        i.connect(&self.error, &self.failed.q);
        let data_taken = self.data_waits.read(i) & i.read(&self.wready);
        let next = self.count.read(i) + data_taken.resize(LANE_BITS);
        self.count.load_or_zero(i, &self.clock, restart, next);
        i.connect(&self.result_beats, &self.count.q);
        i.connect(&self.awvalid, &self.address_waits.q);
        i.connect(&self.wvalid, &self.data_waits.q);
        let low = i.constant(self._shift, 0);
        let bytes = self.beat.read(i).concat(low);
        i.drive(&self.awaddr, bytes);
        self.payload(i);
        i.name("answered", answered)
    }

    fn payload<I: Interpreter>(&self, i: &mut I) {
        if let Some(second) = self.second.get() {
            let (low, high) = (self.lanes[0].read(i), self.lanes[1].read(i));
            let lane = second.read(i).mux(high, low);
            i.drive(&self.wdata[0], lane);
            let all = i.constant(self.wstrb.width(), 0xf);
            i.drive(&self.wstrb, all);
            return;
        }
        for (port, lane) in self.wdata.iter().zip(&self.lanes) {
            i.connect(port, &lane.q);
        }
        let bytes = RESULT_BITS / 8;
        let mut strobes = self.filled[0].read(i).repeat(bytes);
        for filled in &self.filled[1..] {
            strobes = filled.read(i).repeat(bytes).concat(strobes);
        }
        i.drive(&self.wstrb, strobes);
    }

    /// The next beat's address, once this one is answered and full.
    fn advance<I: Interpreter>(&self, i: &mut I, answered: I::Word) {
        let beat = self.beat.read(i);
        let step = match self.slot.get() {
            // The slot has come round: the beat was full.
            Some(slot) => answered & !slot.read(i).any(),
            None => answered,
        };
        let bytes = i.read(&self.result_address);
        i.unused(bytes.slice(0, self._shift));
        let first = bytes.slice(self._shift, beat.width());
        let start = i.read(&self.start);
        let next = beat + step.resize(beat.width());
        self.beat.load(i, &self.clock, start.mux(first, next));
    }
}

impl Describe for Writer {
    fn module(&self) -> String {
        "writer".to_string()
    }
    fn about(&self) -> String {
        "Writes results by AXI4, one beat at a time.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let restart = self.restart(i);
        let answered = self.send(i);
        // With a narrow bus the second half of a result follows the first.
        let again = match self.second.get() {
            Some(second) => {
                let now = second.read(i);
                second.load_or_zero(i, &self.clock, restart, now ^ answered);
                i.name("again", answered & !now)
            }
            None => i.constant(1, 0),
        };
        let written = answered & !again;
        let full = self.collect(i, written);
        let holds = self.holds(i);
        let (valid, stop) = (i.read(&self.valid), i.read(&self.stop));
        let sending = self.sending.read(i);
        let flush = holds & !valid & !sending & !stop;
        let begin = i.name("begin_write", full | flush | again);
        let going = begin | (sending & !answered);
        self.sending.load_or_zero(i, &self.clock, restart, going);
        for (register, ready) in [
            (&self.address_waits, &self.awready),
            (&self.data_waits, &self.wready),
        ] {
            let waits = register.read(i) & !i.read(ready);
            register.load_or_zero(i, &self.clock, restart, begin | waits);
        }
        self.advance(i, answered);
        i.drive(&self.idle, !sending & !holds);
        i.drive(&self.settled, !sending);
    }
}
logic!(Writer);

#[cfg(test)]
mod tests;
