//! The ring of constants: a set per column tile, from its line until its last word has left.

use std::collections::VecDeque;

use super::shape::Shape;

/// Cycles from the one in which the last word of a column tile leaves the last column to the first one in
/// which its set is free.
const RELEASE: u64 = 1;

pub(super) struct Constants {
    depth: u64,
    used: u64,
    /// The cycles from which on a set is free again, in order.
    releases: VecDeque<u64>,
}

impl Constants {
    pub fn new(shape: &Shape) -> Constants {
        Constants {
            depth: shape.channel_depth,
            used: 0,
            releases: VecDeque::new(),
        }
    }

    /// What time alone brings about, at the beginning of a cycle.
    pub fn tick(&mut self, now: u64) {
        while self.releases.front().is_some_and(|&free| now >= free) {
            self.releases.pop_front();
            self.used = self.used.saturating_sub(1);
        }
    }

    /// Whether a set may be written.
    pub fn room(&self) -> bool {
        self.used < self.depth
    }

    /// A set is written at the end of this cycle.
    pub fn write(&mut self) {
        self.used += 1;
    }

    /// The last word that needs the oldest set leaves the last column in this cycle.
    pub fn release(&mut self, last_word: u64) {
        self.releases.push_back(last_word + RELEASE);
    }

    /// The next cycle in which something happens by itself.
    pub fn wake(&self) -> Option<u64> {
        self.releases.front().copied()
    }
}
