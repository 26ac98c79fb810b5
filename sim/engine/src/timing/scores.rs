//! The queue of results, as far as it can hold up a layer or the end of the program.
//!
//! The words of a column tile come one a cycle, from column 0 on, a register behind the columns; one that comes in
//! cycle c counts as held from c + 1 on and is offered from c + 2 on. A tile may be swapped in while at most
//! `limit` words are held, and no sooner than a cycle for each column after the tile before. A tile of several images
//! gives as many such words of each, which are kept apart when they are issued.

use std::collections::VecDeque;

use super::shape::Shape;

/// Cycles from the one in which a word leaves its column to the one in which it is put into the queue.
const PUSH: u64 = 1;

/// Cycles a word takes through the queue.
const FALL_THROUGH: u64 = 2;

/// Words that come one a cycle.
#[derive(Clone, Copy)]
struct Words {
    /// The cycle in which the next one comes.
    from: u64,
    left: u64,
}

pub(super) struct Scores {
    columns: u64,
    limit: u64,
    /// The cycle from which on the words of a further tile do not meet those of the one before.
    apart: u64,
    /// Column tiles whose words come, or are still to come.
    coming: VecDeque<Words>,
    /// Words held, by the cycle from which on each may be offered.
    held: VecDeque<u64>,
}

impl Scores {
    pub fn new(shape: &Shape) -> Scores {
        Scores {
            columns: shape.columns,
            limit: depth(shape) - in_flight(shape),
            apart: 0,
            coming: VecDeque::new(),
            held: VecDeque::new(),
        }
    }

    /// The words of `columns` columns will come, the first one leaving column 0 in cycle `first`.
    pub fn expect(&mut self, first: u64, columns: u64) {
        self.coming.push_back(Words {
            from: first + PUSH,
            left: columns,
        });
    }

    /// A further tile may be swapped in in cycle `now`.
    pub fn room(&self, now: u64) -> bool {
        now >= self.apart && self.held.len() as u64 <= self.limit
    }

    /// A tile is swapped in in cycle `now`, of whatever layer.
    pub fn swap(&mut self, now: u64) {
        self.apart = now + self.columns;
    }

    /// No word is held or still to come.
    pub fn empty(&self) -> bool {
        self.held.is_empty() && self.coming.is_empty()
    }

    /// Whether a word is offered in cycle `now`.
    pub fn offers(&self, now: u64) -> bool {
        self.held.front().is_some_and(|&from| now >= from)
    }

    /// The edge that ends cycle `now`, in which the word offered is taken: whether anything changes.
    pub fn update(&mut self, now: u64, taken: bool) -> bool {
        if taken {
            self.held.pop_front();
        }
        let comes = self.coming.front().is_some_and(|words| now >= words.from);
        if comes {
            self.push(now);
        }
        taken || comes
    }

    fn push(&mut self, now: u64) {
        let Some(words) = self.coming.front_mut() else {
            return;
        };
        words.left = words.left.saturating_sub(1);
        words.from = now + 1;
        if words.left == 0 {
            self.coming.pop_front();
        }
        self.held.push_back(now + FALL_THROUGH);
    }

    /// The next cycle in which something happens by itself.
    pub fn wake(&self, now: u64) -> Option<u64> {
        let offered = self.held.front().copied();
        let comes = self.coming.front().map(|words| words.from);
        let times = [offered, comes, Some(self.apart)].into_iter().flatten();
        times.filter(|&time| time > now).min()
    }
}

/// Words that may still come once there is no room: those of the tiles before, and one tile more.
fn in_flight(shape: &Shape) -> u64 {
    let travel = shape.rows + shape.columns + shape.latency + 1;
    match shape.batch {
        1 => shape.columns * (travel.div_ceil(shape.rows) + 2),
        batch => shape.columns * batch + travel + 2,
    }
}

/// Words the queue holds.
fn depth(shape: &Shape) -> u64 {
    (8 * shape.columns)
        .max(in_flight(shape) + shape.columns)
        .next_power_of_two()
}
