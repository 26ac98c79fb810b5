//! Keeps the scores until the host's memory takes them.

use crate::fifo::Fifo;
use crate::shape::Shape;
use cromulent_design::Design;
use cromulent_kit::{Describe, Interpreter, Net, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of a result.
pub(crate) const RESULT_BITS: usize = 64;

/// Words that may still come once `room` has fallen: one tile more was swapped in, and the words of
/// the tiles before it are on their way. A tile takes as many cycles as there are rows, at least; with
/// several images in a tile, a cycle brings a word at most.
fn in_flight(design: &Design) -> usize {
    let (rows, columns) = (design.rows, design.columns);
    let way = rows + columns + design.latency() + 1;
    let words = match design.batch {
        1 => columns * (way.div_ceil(rows) + 2),
        batch => columns * batch + way + 2,
    };
    words as usize
}

/// A queue of result words. A word pushed in cycle c is offered in c + 2 at the earliest.
#[derive(LogicBlock)]
pub struct Scores {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: empties the queue.
    pub reset: Net<In>,
    /// Takes `word` in.
    pub push: Net<In>,
    /// A raw word of a column.
    pub word: Net<In>,
    /// The word is the last of its layer: the last live column's in the last column tile.
    pub last: Net<In>,
    /// `data` is the oldest result.
    pub valid: Net<Out>,
    /// With `valid`, takes the oldest result out.
    pub ready: Net<In>,
    /// The oldest result, two's complement in 64 bits.
    pub data: Net<Out>,
    /// It is the last of its layer.
    pub data_last: Net<Out>,
    /// A further tile may be swapped in: its words will find room.
    pub room: Net<Out>,
    /// No word is held, not even one that is not offered yet.
    pub empty: Net<Out>,
    fifo: Fifo,
    _limit: usize,
}

impl Scores {
    /// The result queue of a design.
    pub fn new(shape: &Shape) -> Scores {
        let depth = Scores::depth(&shape.design);
        Scores {
            clock: Net::flag(),
            reset: Net::flag(),
            push: Net::flag(),
            word: Net::new(shape.word_bits(), true),
            last: Net::flag(),
            valid: Net::flag(),
            ready: Net::flag(),
            data: Net::bits(RESULT_BITS),
            data_last: Net::flag(),
            room: Net::flag(),
            empty: Net::flag(),
            // One lane: `last` alone would be too little for a block RAM.
            fifo: Fifo::new(depth, &[shape.word_bits() + 1]),
            _limit: Scores::limit(&shape.design),
        }
    }

    /// Words it holds at most.
    pub fn depth(design: &Design) -> usize {
        let columns = design.columns as usize;
        (8 * columns)
            .max(in_flight(design) + columns)
            .next_power_of_two()
    }

    /// `room` is high while at most so many words are held.
    pub fn limit(design: &Design) -> usize {
        Scores::depth(design) - in_flight(design)
    }
}

impl Describe for Scores {
    fn module(&self) -> String {
        "scores".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Result queue; has room for a further tile while it holds {} words or fewer.",
            self._limit
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let fifo = &self.fifo;
        i.connect(&fifo.clock, &self.clock);
        i.connect(&fifo.reset, &self.reset);
        i.connect(&fifo.push, &self.push);
        i.connect(&fifo.ready, &self.ready);
        let word = i.read(&self.word).as_unsigned();
        let entry = i.read(&self.last).concat(word);
        i.drive(&fifo.input[0], entry);
        i.connect(&self.valid, &fifo.valid);
        let oldest = i.read(&fifo.output[0]);
        let bits = word.width();
        let data = oldest.slice(0, bits).as_signed().resize(RESULT_BITS);
        i.drive(&self.data, data.as_unsigned());
        i.drive(&self.data_last, oldest.slice(bits, 1));
        let held = i.read(&fifo.held);
        let limit = i.constant(held.width(), self._limit as u64);
        i.drive(&self.room, limit.at_least(held));
        i.drive(&self.empty, !held.any());
    }
}
logic!(Scores);

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::Affine;
    use cromulent_number::Format;

    fn cycle(scores: &mut Scores, word: Option<i64>, ready: bool) -> Option<i64> {
        scores.push.set(i64::from(word.is_some()));
        scores.word.set(word.unwrap_or(0));
        scores.ready.set(i64::from(ready));
        scores.clock.set(0);
        assert!(simulate(scores, 20));
        let shown = scores
            .valid
            .value()
            .is_true()
            .then(|| scores.data.value().number());
        scores.clock.set(1);
        assert!(simulate(scores, 20));
        shown.filter(|_| ready)
    }

    #[test]
    fn words_keep_their_sign_and_order() {
        let design = Design::new(2, 2, Format::L4, Affine::Recentred);
        let mut scores = Scores::new(&Shape::of(&design));
        let mut taken = vec![];
        for word in [Some(-5), Some(1 << 31), Some(-(1 << 32)), None, None, None] {
            taken.extend(cycle(&mut scores, word, true));
        }
        assert_eq!(taken, [-5, 1 << 31, -(1 << 32)]);
        assert!(scores.empty.value().is_true());
    }

    #[test]
    fn room_falls_before_the_queue_is_full() {
        let design = Design::new(2, 2, Format::L4, Affine::Recentred);
        let mut scores = Scores::new(&Shape::of(&design));
        let limit = Scores::limit(&design);
        for held in 0..=limit + 1 {
            scores.clock.set(0);
            assert!(simulate(&mut scores, 20));
            assert_eq!(scores.room.value().is_true(), held <= limit, "{held}");
            cycle(&mut scores, Some(held as i64), false);
        }
        assert!(limit >= 2 && Scores::depth(&design) > limit);
    }
}
