//! The map writer: packs lines into beats, and writes them in bursts.
//!
//! A beat goes to the queue in the cycle after its last line came, further beats of one line in the cycles after.
//! There is room while the queue held at most 16 beats in the cycle before. A burst, up to the next multiple of 16
//! beats, is cut when the queue held all of it in the cycle before, or when nothing more comes; then address and
//! data are handed over from the next cycle on, a beat a cycle, and a further burst is cut two cycles after the
//! last of them at the earliest. The answer comes `latency` cycles after the last beat. The store is over two
//! cycles after the last answer.

use std::collections::VecDeque;

use cromulent_design::{BURST_BEATS, Move};

use super::Memory;
use super::mover::Line;
use super::shape::Shape;

/// Cycles a beat takes through the queue.
const FALL_THROUGH: u64 = 2;

/// The registers whose values follow from the cycle before alone.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct State {
    roomy: bool,
    /// Lines in the beat that is packed.
    packed: u64,
    ended: bool,
    flush: bool,
    /// The next beat, counted from the region's address.
    at: u64,
    rested: bool,
    whole: bool,
    some: bool,
    asking: bool,
    /// Beats of the burst that are still to be sent.
    sending: u64,
    open: u64,
    finished: bool,
}

/// A beat on its way to the queue.
#[derive(Clone, Copy)]
struct Beat {
    /// The cycle in which it gets there.
    from: u64,
    last: bool,
}

pub(super) struct MapWriter {
    latency: u64,
    line_beats: u64,
    beat_lines: u64,
    beat_bytes: u64,
    state: State,
    begins: Option<(u64, u64)>,
    lines: VecDeque<Line>,
    coming: VecDeque<Beat>,
    /// Beats in the queue, by the cycle from which on each may leave.
    queue: VecDeque<u64>,
    /// The cycles in which answers come.
    answers: VecDeque<u64>,
    /// Nothing is on its way and the registers have come to rest: until something comes, cycles change nothing.
    rests: bool,
    /// Beats that were written.
    pub beats: u64,
}

impl MapWriter {
    pub fn new(shape: &Shape, memory: Memory) -> MapWriter {
        MapWriter {
            latency: u64::from(memory.latency).max(1),
            line_beats: shape.map_line_beats,
            beat_lines: shape.map_beat_lines,
            beat_bytes: (shape.bus_bits / 8).max(1),
            state: State::default(),
            begins: None,
            lines: VecDeque::new(),
            coming: VecDeque::new(),
            queue: VecDeque::new(),
            answers: VecDeque::new(),
            rests: false,
            beats: 0,
        }
    }

    /// The edge that ends cycle `now`, in which a store is taken.
    pub fn begin(&mut self, now: u64, store: &Move) {
        self.begins = Some((now + 1, u64::from(store.offset) / self.beat_bytes));
    }

    /// There is room for a further line.
    pub fn room(&self) -> bool {
        self.state.roomy
    }

    /// All lines are in memory.
    pub fn stored(&self) -> bool {
        self.state.finished
    }

    /// A line is on its way.
    pub fn expect(&mut self, line: Line) {
        self.lines.push_back(line);
    }

    /// The edge that ends cycle `now`: whether anything changes.
    pub fn update(&mut self, now: u64) -> bool {
        if self.is_quiet() {
            return false;
        }
        let changed = self.step(now);
        let empty = self.coming.is_empty() && self.queue.is_empty() && self.answers.is_empty();
        self.rests = !changed && empty;
        changed
    }

    /// Whether it rests and nothing comes.
    fn is_quiet(&self) -> bool {
        self.rests && self.begins.is_none() && self.lines.is_empty()
    }

    fn step(&mut self, now: u64) -> bool {
        let old = self.state;
        let held = self.queue.len() as u64;
        let begins = self.begins.filter(|&(cycle, _)| cycle == now);
        let arrives = self.coming.front().filter(|beat| beat.from == now).copied();
        let leaves = old.sending > 0 && self.queue.front().is_some_and(|&from| now >= from);
        let answered = self.answers.front().is_some_and(|&due| now >= due);
        let active = old.asking || old.sending > 0;
        let burst = u64::from(BURST_BEATS);
        let to_the_end = burst - old.at % burst;
        let cut = old.rested && (old.whole || (old.flush && old.some));
        let beats = if old.whole { to_the_end } else { held };

        let new = &mut self.state;
        new.roomy = held <= burst;
        new.ended |= arrives.is_some_and(|beat| beat.last);
        new.flush = old.ended;
        new.rested = !active && !cut;
        new.whole = held >= to_the_end;
        new.some = held > 0;
        new.asking = cut;
        new.sending = if cut {
            beats
        } else {
            old.sending - u64::from(leaves)
        };
        new.open += u64::from(cut);
        new.open -= u64::from(answered);
        new.finished = old.ended && held == 0 && old.open == 0;
        if cut {
            new.at += beats;
        }
        if let Some((_, at)) = begins {
            self.begins = None;
            let afresh = State {
                at,
                rested: new.rested,
                whole: new.whole,
                some: new.some,
                ..State::default()
            };
            self.state = afresh;
        }
        self.hand_over(now, arrives.is_some(), leaves, answered);
        if leaves && old.sending == 1 {
            self.answers.push_back(now + self.latency);
        }
        let packs = self.pack(now);
        packs || arrives.is_some() || leaves || answered || begins.is_some() || self.state != old
    }

    fn hand_over(&mut self, now: u64, arrives: bool, leaves: bool, answered: bool) {
        if arrives {
            self.coming.pop_front();
            self.queue.push_back(now + FALL_THROUGH);
        }
        if leaves {
            self.queue.pop_front();
            self.beats += 1;
        }
        if answered {
            self.answers.pop_front();
        }
    }

    /// The line that comes in cycle `now` goes to its beat.
    fn pack(&mut self, now: u64) -> bool {
        let Some(line) = self.lines.front().filter(|line| line.from == now).copied() else {
            return false;
        };
        self.lines.pop_front();
        self.state.packed += 1;
        if self.state.packed == self.beat_lines || line.last {
            self.state.packed = 0;
            for part in 0..self.line_beats {
                self.coming.push_back(Beat {
                    from: now + 1 + part,
                    last: line.last && part + 1 == self.line_beats,
                });
            }
        }
        true
    }

    /// The next cycle after `now` in which something happens by itself.
    pub fn wake(&self, now: u64) -> Option<u64> {
        if self.is_quiet() {
            return None;
        }
        let times = [
            self.begins.map(|(cycle, _)| cycle),
            self.lines.front().map(|line| line.from),
            self.coming.front().map(|beat| beat.from),
            self.queue.front().copied(),
            self.answers.front().copied(),
        ];
        times.into_iter().flatten().filter(|&t| t > now).min()
    }
}
