//! The mover: lines from the code banks to memory, or back, while no layer runs.
//!
//! A move that is taken in cycle c begins in c + 1. To store, a line is read in every cycle from c + 2 on in which
//! there is room, one every `line_beats` cycles if a line takes several; it reaches the map writer four cycles
//! later. To fetch, a beat is taken while none waits, or with the last line of the one before; its lines are
//! written one a cycle from the cycle after on, and the move ends with the last one.

use cromulent_design::{Direction, Move};

use super::shape::Shape;

/// Cycles from the one in which a line is read to the one in which the map writer has it.
const READ: u64 = 4;

/// What is left of a fetch.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fetching {
    lines: u64,
    beats: u64,
    /// Beats of the line that are there, of a line that takes several.
    parts: u64,
    /// Lines that wait to be written.
    waiting: u64,
}

/// What is left of a store.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Storing {
    lines: u64,
    /// Cycles until a further line may be read.
    pause: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Fetch(Fetching),
    Store(Storing),
}

/// A line that leaves for the map writer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The cycle in which it is there.
    pub from: u64,
    /// The last one of its store.
    pub last: bool,
}

pub(super) struct Mover {
    line_beats: u64,
    beat_lines: u64,
    work: Option<Work>,
    /// The first cycle in which it works.
    begins: u64,
}

impl Mover {
    pub fn new(shape: &Shape) -> Mover {
        Mover {
            line_beats: shape.map_line_beats,
            beat_lines: shape.map_beat_lines,
            work: None,
            begins: 0,
        }
    }

    /// The edge that ends cycle `now`, in which a move is taken.
    pub fn begin(&mut self, now: u64, given: &Move) {
        let lines = u64::from(given.lines);
        self.begins = now + 2;
        self.work = Some(match given.direction {
            Direction::Store => Work::Store(Storing { lines, pause: 0 }),
            Direction::Fetch => Work::Fetch(Fetching {
                lines,
                beats: u64::from(given.beats),
                parts: 0,
                waiting: 0,
            }),
        });
    }

    /// A beat from memory is taken in cycle `now`, if one is there.
    pub fn ready(&self, now: u64) -> bool {
        let Some(Work::Fetch(fetch)) = &self.work else {
            return false;
        };
        now >= self.begins && fetch.waiting <= 1 && fetch.beats > 0
    }

    /// The line that is read in cycle `now`.
    pub fn reads(&self, now: u64, room: bool) -> Option<Line> {
        let Some(Work::Store(store)) = &self.work else {
            return None;
        };
        let reads = now >= self.begins && store.lines > 0 && store.pause == 0 && room;
        reads.then_some(Line {
            from: now + READ,
            last: store.lines == 1,
        })
    }

    /// Whether the move ends in cycle `now`; `stored`: all that was stored is in memory.
    pub fn ends(&self, now: u64, stored: bool) -> bool {
        now >= self.begins
            && match &self.work {
                None => false,
                Some(Work::Store(_)) => stored,
                Some(Work::Fetch(fetch)) => fetch.waiting > 0 && fetch.lines == 1,
            }
    }

    /// The edge that ends cycle `now`: whether anything changes.
    pub fn update(&mut self, now: u64, taken: bool, read: bool, ends: bool) -> bool {
        if now < self.begins {
            return self.work.is_some();
        }
        let before = self.work;
        match &mut self.work {
            None => {}
            Some(Work::Store(store)) => {
                store.pause = match read {
                    true => self.line_beats - 1,
                    false => store.pause.saturating_sub(1),
                };
                store.lines -= u64::from(read);
            }
            Some(Work::Fetch(fetch)) => fetch.update(taken, self.line_beats, self.beat_lines),
        }
        if ends {
            self.work = None;
        }
        self.work != before
    }
}

impl Fetching {
    fn update(&mut self, taken: bool, line_beats: u64, beat_lines: u64) {
        if self.waiting > 0 {
            self.waiting -= 1;
            self.lines -= 1;
        }
        if taken {
            self.beats -= 1;
            self.parts += 1;
        }
        if self.parts == line_beats {
            self.parts = 0;
            self.waiting = beat_lines;
        }
    }
}
