//! The AXI writer: packs results into beats and writes them one at a time.
//!
//! A beat goes out when it is full, or when a cycle passes in which it holds results and none is offered; what
//! comes later fills it up. Its handshakes are in the next cycle, the answer comes `latency` cycles after them, and
//! until then no result is taken. On a bus narrower than a result, a second beat follows the first's answer.

use super::Memory;
use super::shape::Shape;

/// Bits of a result.
const RESULT_BITS: u64 = 64;

pub(super) struct Writer {
    latency: u64,
    /// Results in a beat, at least 1.
    results: u64,
    /// A result takes two beats.
    halves: bool,
    /// Where in the beat the next result goes.
    slot: u64,
    /// The beat holds results that are not written.
    holds: bool,
    /// The cycle in which the answer to the beat that was sent is there.
    answer: Option<u64>,
    /// It is the second half that is sent.
    second: bool,
    /// Beats that were sent.
    pub beats: u64,
}

impl Writer {
    pub fn new(shape: &Shape, memory: Memory) -> Writer {
        Writer {
            latency: u64::from(memory.latency).max(1),
            results: (shape.bus_bits / RESULT_BITS).max(1),
            halves: shape.bus_bits < RESULT_BITS,
            slot: 0,
            holds: false,
            answer: None,
            second: false,
            beats: 0,
        }
    }

    /// A result is taken if there is one.
    pub fn ready(&self) -> bool {
        self.answer.is_none()
    }

    /// Every result that was taken is in memory.
    pub fn idle(&self) -> bool {
        self.answer.is_none() && !self.holds
    }

    /// The edge that ends cycle `now`, in which a result may be offered, and is taken if this block is ready:
    /// whether anything changes.
    pub fn update(&mut self, now: u64, offered: bool) -> bool {
        match self.answer {
            Some(answer) if now < answer => false,
            Some(_) if self.halves && !self.second => {
                self.second = true;
                self.send(now);
                true
            }
            Some(_) => {
                self.second = false;
                self.holds = false;
                self.answer = None;
                true
            }
            None if offered => {
                self.holds = true;
                self.slot += 1;
                if self.slot == self.results {
                    self.slot = 0;
                    self.send(now);
                }
                true
            }
            None if self.holds => {
                self.send(now);
                true
            }
            None => false,
        }
    }

    fn send(&mut self, now: u64) {
        self.answer = Some(now + 1 + self.latency);
        self.beats += 1;
    }

    /// The next cycle in which something happens by itself.
    pub fn wake(&self) -> Option<u64> {
        self.answer
    }
}
