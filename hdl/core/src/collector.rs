//! Takes the words of score layers out of the columns.

use crate::counting::entry;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Hands the words of a layer of scores to the result queue, one a cycle, a cycle after they leave.
/// Two columns never give a word at once: in such a layer a column gives one word a tile at most, and
/// `ready` keeps tiles as many cycles apart as there are columns. Where a tile has several images, the sequencer keeps
/// those as far apart.
#[derive(LogicBlock)]
pub struct Collector {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing is under way.
    pub reset: Net<In>,
    /// The layer's words are scores.
    pub scores: Net<In>,
    /// The result queue has room for a further tile's words.
    pub room: Net<In>,
    /// A tile is swapped in.
    pub swap: Net<In>,
    /// A tile may be swapped in: whatever the layer, its words will find their way.
    pub ready: Net<Out>,
    /// Columns that count in this column tile.
    pub live: Net<In>,
    /// It is the layer's last.
    pub last_tile: Net<In>,
    /// The last column's next word is the last of its column tile, and so is that of any column.
    pub last_position: Optional<Net<In>>,
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
    apart: Register,
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
            room: Net::flag(),
            swap: Net::flag(),
            ready: Net::flag(),
            live: Net::bits(crate::sequencer::register_width(shape, "last_columns")),
            last_tile: Net::flag(),
            last_position: Optional::when(shape.design.has_batch(), Net::flag),
            word_valid: Net::array(columns, 1, false),
            word: Net::array(columns, word, true),
            score_valid: Net::flag(),
            score: Net::new(word, true),
            last: Net::flag(),
            apart: Register::control(address_bits(columns)),
            taken: Register::control(1),
            held: Register::data(word, true),
            ends: Register::data(1, false),
        }
    }
}

impl Collector {
    /// The word that is given, by the number of its column: where none is, that of any.
    fn word_given<I: Interpreter>(&self, i: &mut I) -> Option<I::Word> {
        let words: Vec<_> = self.word.iter().map(|word| Some(i.read(word))).collect();
        let valid: Vec<I::Word> = self.word_valid.iter().map(|valid| i.read(valid)).collect();
        let mut number = vec![];
        for bit in 0..address_bits(words.len()) {
            let columns = valid.iter().enumerate().filter(|(j, _)| j >> bit & 1 == 1);
            let columns: Vec<I::Word> = columns.map(|(_, &valid)| valid).collect();
            if !columns.is_empty() {
                number.push(i.name(format_args!("column_{bit}"), any_of(&columns)));
            }
        }
        entry(&words, &number, None)
    }

    /// Counts the cycles in which no further tile of scores may be swapped in.
    fn space<I: Interpreter>(&self, i: &mut I, scores: I::Word) {
        let (apart, swap) = (self.apart.read(i), i.read(&self.swap));
        let (one, whole) = (
            i.constant(apart.width(), 1),
            i.constant(apart.width(), self.word.len() as u64 - 1),
        );
        let waits = apart.any();
        let next = swap.mux(whole, waits.mux(apart - one, apart));
        self.apart.update_from(i, &self.clock, &self.reset, next);
        let ready = !scores | (i.read(&self.room) & !waits);
        i.drive(&self.ready, ready);
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
        self.space(i, scores);
        let (mut taken, mut ends) = (vec![], vec![]);
        for (j, valid) in self.word_valid.iter().enumerate() {
            let (column, next) = (
                i.constant(live.width(), j as u64),
                i.constant(live.width(), j as u64 + 1),
            );
            let here = scores & i.read(valid) & column.less_than(live);
            let here = i.name(format_args!("takes_{j}"), here);
            taken.push(here);
            ends.push(here & next.equals(live));
        }
        self.taken
            .update_from(i, &self.clock, &self.reset, any_of(&taken));
        if let Some(word) = self.word_given(i) {
            self.held.load(i, &self.clock, word);
        }
        let mut ends = any_of(&ends) & last_tile;
        if let Some(last) = self.last_position.get() {
            i.comment(
                "A word of the last column is due less than an image behind those of the others",
            );
            ends = ends & i.read(last);
        }
        self.ends.load(i, &self.clock, ends);
        i.connect(&self.score_valid, &self.taken.q);
        i.connect(&self.score, &self.held.q);
        i.connect(&self.last, &self.ends.q);
    }
}
logic!(Collector);
