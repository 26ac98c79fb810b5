//! The fixed memory that testbench and timing model share.
//!
//! It takes an address in every cycle and serves bursts in that order. The first beat of a burst that was asked
//! for in cycle c is there in c + `latency` at the earliest; any beat no sooner than `interval` cycles after the
//! beat before it was taken.

use std::collections::VecDeque;

use super::Memory;

/// Beats of one client, asked for at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Burst {
    pub beats: u64,
    /// For the data stream; else for the program's.
    pub data: bool,
}

pub(super) struct FixedMemory {
    latency: u64,
    interval: u64,
    /// Bursts to be served, each with the earliest cycle of its first beat.
    queue: VecDeque<(Burst, u64)>,
    /// The earliest cycle of the next beat, as far as the beat before it decides.
    next_beat: u64,
}

impl FixedMemory {
    pub fn new(memory: Memory) -> FixedMemory {
        FixedMemory {
            latency: u64::from(memory.latency).max(1),
            interval: u64::from(memory.interval).max(1),
            queue: VecDeque::new(),
            next_beat: 0,
        }
    }

    /// The address of a burst is taken in cycle `now`.
    pub fn ask(&mut self, now: u64, burst: Burst) {
        self.queue.push_back((burst, now + self.latency));
    }

    /// The burst that a beat is offered of in cycle `now`.
    pub fn offers(&self, now: u64) -> Option<Burst> {
        let &(burst, from) = self.queue.front()?;
        (now >= from.max(self.next_beat)).then_some(burst)
    }

    /// The beat offered is taken in cycle `now`.
    pub fn take(&mut self, now: u64) {
        self.next_beat = now + self.interval;
        if let Some((burst, _)) = self.queue.front_mut() {
            burst.beats -= 1;
            if burst.beats == 0 {
                self.queue.pop_front();
            }
        }
    }

    /// The cycle in which the next beat is offered, as far as it is known.
    pub fn wake(&self) -> Option<u64> {
        let &(_, from) = self.queue.front()?;
        Some(from.max(self.next_beat))
    }
}
