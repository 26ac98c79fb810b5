//! Busy, and the counters a host reads after a layer.

use crate::shape::Shape;
use cromulent_design::LATENCY;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Bits of a counter.
const COUNTER_BITS: usize = 32;

/// Keeps `busy` up until the last word has left, and counts cycles, beats and stalls of the layer.
#[derive(LogicBlock)]
pub struct Counters {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// A beat is issued.
    pub issuing: Net<In>,
    /// The last beat is issued.
    pub finished: Net<In>,
    /// A tile waits for its weights.
    pub load_stall: Net<In>,
    /// From the cycle after `start` until the last word leaves.
    pub busy: Net<Out>,
    /// Cycles from `start` to the last word.
    pub cycles: Net<Out>,
    /// Beats issued.
    pub beats: Net<Out>,
    /// Cycles waited for weights.
    pub load_stalls: Net<Out>,
    running: Register,
    drain: Register,
    cycle_count: Register,
    beat_count: Register,
    stall_count: Register,
    _drain: usize,
}

impl Counters {
    /// The counters of a design.
    pub fn new(shape: &Shape) -> Counters {
        let drain = shape.rows + shape.columns - 1 + LATENCY as usize;
        Counters {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            issuing: Net::flag(),
            finished: Net::flag(),
            load_stall: Net::flag(),
            busy: Net::flag(),
            cycles: Net::bits(COUNTER_BITS),
            beats: Net::bits(COUNTER_BITS),
            load_stalls: Net::bits(COUNTER_BITS),
            running: Register::control(1),
            drain: Register::control(address_bits(drain + 1)),
            cycle_count: Register::control(COUNTER_BITS),
            beat_count: Register::control(COUNTER_BITS),
            stall_count: Register::control(COUNTER_BITS),
            _drain: drain,
        }
    }

    /// Counts `event` from `first` at the start of a layer.
    fn count<I: Interpreter>(&self, i: &mut I, register: &Register, event: I::Word, first: u64) {
        let (start, now) = (i.read(&self.start), register.read(i));
        let first = i.constant(COUNTER_BITS, first);
        let next = start.mux(first, now + event.resize(COUNTER_BITS));
        register.update_from(i, &self.clock, &self.reset, next);
    }
}

impl Describe for Counters {
    fn module(&self) -> String {
        "counters".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Busy and counters; the last word leaves {} cycles after the last beat was issued.",
            self._drain
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (start, finished) = (i.read(&self.start), i.read(&self.finished));
        let (running, drain) = (self.running.read(i), self.drain.read(i));
        let one = i.constant(drain.width(), 1);
        let whole = i.constant(drain.width(), self._drain as u64);
        let left = drain.any().mux(drain - one, drain);
        self.drain
            .update_from(i, &self.clock, &self.reset, finished.mux(whole, left));
        let drained = drain.equals(one);
        self.running
            .update_from(i, &self.clock, &self.reset, start | (running & !drained));
        i.connect(&self.busy, &self.running.q);
        let (beat, stall) = (i.read(&self.issuing), i.read(&self.load_stall));
        self.count(i, &self.cycle_count, running, 1);
        self.count(i, &self.beat_count, beat, 0);
        self.count(i, &self.stall_count, stall, 0);
        i.connect(&self.cycles, &self.cycle_count.q);
        i.connect(&self.beats, &self.beat_count.q);
        i.connect(&self.load_stalls, &self.stall_count.q);
    }
}
logic!(Counters);
