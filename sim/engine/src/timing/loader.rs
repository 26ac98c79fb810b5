//! The queue of weights and the loader behind it.
//!
//! A line that is taken in cycle w counts from w + 1 on. A load that begins in cycle L reads a row a cycle
//! until L + R − 1; the next load may begin from L + R on, and its lines are free three cycles later. Tables of E
//! entries have the rows read E times, one time after another: the next load may begin from L + E·R on.

use std::collections::VecDeque;

use super::shape::Shape;

/// Cycles from the end of a load until its lines are free.
const FREED: u64 = 3;

pub(super) struct Loader {
    rows: u64,
    /// How often the lines of a tile are read.
    loads: u64,
    depth: u64,
    /// Lines held, those being read included.
    lines: u64,
    /// Lines of the tile that is not whole yet.
    part: u64,
    /// Whole tiles that wait to be loaded.
    tiles: u64,
    /// A tile stands in the shadow registers, or is on its way.
    pub waiting: bool,
    /// The cycle in which the last reading of a tile begins that is loaded: it waits from the next one on.
    arrives: Option<u64>,
    /// The cycle from which on the next load may begin.
    next_load: u64,
    /// The cycles from which on the lines of a load are free, in order.
    freed: VecDeque<u64>,
}

impl Loader {
    pub fn new(shape: &Shape) -> Loader {
        Loader {
            rows: shape.rows,
            loads: shape.loads,
            depth: shape.weight_depth,
            lines: 0,
            part: 0,
            tiles: 0,
            waiting: false,
            arrives: None,
            next_load: 0,
            freed: VecDeque::new(),
        }
    }

    /// What time alone brings about, at the beginning of a cycle.
    pub fn tick(&mut self, now: u64) {
        if self.arrives.take_if(|last| now > *last).is_some() {
            self.waiting = true;
        }
        while self.freed.front().is_some_and(|&freed| now >= freed) {
            self.freed.pop_front();
            self.lines -= self.rows;
        }
    }

    /// Whether a line may be written.
    pub fn room(&self) -> bool {
        self.lines < self.depth
    }

    /// Whether a load begins in cycle `now`.
    pub fn begins(&self, now: u64, swap: bool) -> bool {
        self.tiles > 0 && now >= self.next_load && (!self.waiting || swap)
    }

    /// Whether a load could begin in cycle `now` but for want of a whole tile.
    pub fn starved(&self, now: u64) -> bool {
        self.tiles == 0 && now >= self.next_load
    }

    /// The edge that ends cycle `now`.
    pub fn update(&mut self, now: u64, begin: bool, swap: bool, line: bool) {
        self.waiting &= !swap;
        if begin {
            self.tiles -= 1;
            self.arrives = Some(now + (self.loads - 1) * self.rows);
            self.next_load = now + self.loads * self.rows;
            self.freed.push_back(self.next_load + FREED);
        }
        if line {
            self.lines += 1;
            self.part += 1;
            if self.part == self.rows {
                self.part = 0;
                self.tiles += 1;
            }
        }
    }

    /// The next cycle after `now` in which something happens by itself.
    pub fn wake(&self, now: u64) -> Option<u64> {
        let load = (self.next_load > now).then_some(self.next_load);
        let freed = self.freed.front().copied();
        let arrives = self.arrives.map(|last| last + 1);
        load.into_iter().chain(arrives).chain(freed).min()
    }
}
