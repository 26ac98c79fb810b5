//! Takes the words of score layers out of the columns.

use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Hands the words of a layer of scores to the result queue, one a cycle, a cycle after they leave.
/// Two columns never give a word at once there: tiles take at least as many cycles as there are
/// columns, and give one word each.
#[derive(LogicBlock)]
pub struct Collector {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing is under way.
    pub reset: Net<In>,
    /// The layer's words are scores.
    pub scores: Net<In>,
    /// Columns that count in this column tile.
    pub live: Net<In>,
    /// It is the layer's last.
    pub last_tile: Net<In>,
    /// A word of this column leaves.
    pub word_valid: Vec<Net<In>>,
    /// The word.
    pub word: Vec<Net<In>>,
    /// A score is there.
    pub score_valid: Net<Out>,
    /// The score.
    pub score: Net<Out>,
    /// It is the last of its layer.
    pub last: Net<Out>,
    taken: Register,
    held: Register,
    ends: Register,
}

impl Collector {
    /// The collector of a design.
    pub fn new(shape: &Shape) -> Collector {
        let (columns, word) = (shape.columns, shape.word_bits());
        Collector {
            clock: Net::flag(),
            reset: Net::flag(),
            scores: Net::flag(),
            live: Net::bits(crate::sequencer::register_width(shape, "last_columns")),
            last_tile: Net::flag(),
            word_valid: Net::array(columns, 1, false),
            word: Net::array(columns, word, true),
            score_valid: Net::flag(),
            score: Net::new(word, true),
            last: Net::flag(),
            taken: Register::control(1),
            held: Register::data(word, true),
            ends: Register::data(1, false),
        }
    }
}

/// The words joined by `or`, in as few levels as can be.
fn any_of<W: Word>(words: &[W]) -> W {
    let middle = words.len() / 2;
    match words {
        [word] => *word,
        _ => any_of(&words[..middle]) | any_of(&words[middle..]),
    }
}

impl Describe for Collector {
    fn module(&self) -> String {
        "collector".to_string()
    }
    fn about(&self) -> String {
        "Scores on their way to the result queue: at most one column gives a word in a cycle."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (scores, live, last_tile) = (
            i.read(&self.scores),
            i.read(&self.live),
            i.read(&self.last_tile),
        );
        let (mut taken, mut words, mut ends) = (vec![], vec![], vec![]);
        for (j, (valid, word)) in self.word_valid.iter().zip(&self.word).enumerate() {
            let (column, next) = (
                i.constant(live.width(), j as u64),
                i.constant(live.width(), j as u64 + 1),
            );
            let here = scores & i.read(valid) & column.less_than(live);
            let here = i.name(format_args!("takes_{j}"), here);
            let word = i.read(word).as_unsigned() & here.repeat(self.score.width());
            taken.push(here);
            words.push(i.name(format_args!("taken_{j}"), word));
            ends.push(here & next.equals(live));
        }
        self.taken
            .update_from(i, &self.clock, &self.reset, any_of(&taken));
        self.held.load(i, &self.clock, any_of(&words).as_signed());
        self.ends.load(i, &self.clock, any_of(&ends) & last_tile);
        i.connect(&self.score_valid, &self.taken.q);
        i.connect(&self.score, &self.held.q);
        i.connect(&self.last, &self.ends.q);
    }
}
logic!(Collector);
