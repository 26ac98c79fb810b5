//! Random blocks of combinational logic.

use cromulent_kit::{Describe, Interpreter, Net, Word, logic};
use rust_hdl_core::prelude::*;

/// SplitMix64.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 random bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A width: mostly small, sometimes up to 64.
    pub fn width(&mut self) -> usize {
        let most = [1, 5, 13, 64][self.below(4)];
        1 + self.below(most)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }
}

const STEPS: usize = 30;

/// A block whose outputs are random expressions of its inputs.
#[derive(LogicBlock)]
pub struct Tree {
    pub inputs: Vec<Net<In>>,
    pub outputs: Vec<Net<Out>>,
    _seed: u64,
}

impl Tree {
    /// The block of this seed.
    pub fn new(seed: u64) -> Tree {
        let random = &mut Random(seed);
        let inputs = (0..3).map(|_| Net::new(random.width(), random.coin()));
        let inputs = inputs.collect();
        let outputs = (0..4).map(|_| Net::new(random.width(), random.coin()));
        Tree {
            inputs,
            outputs: outputs.collect(),
            _seed: seed,
        }
    }
}

impl Describe for Tree {
    fn module(&self) -> String {
        format!("tree_{}", self._seed)
    }
    fn about(&self) -> String {
        "Random expressions".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut random = Random(!self._seed);
        let mut words: Vec<I::Word> = self.inputs.iter().map(|net| i.read(net)).collect();
        for _ in 0..STEPS {
            let grown = grow(i, &mut random, &words);
            words.push(grown);
        }
        for output in &self.outputs {
            let word = pick(&mut random, &words);
            i.drive(output, fit(word, output.width(), output.is_signed()));
        }
    }
}
logic!(Tree);

/// One of the words, more often a recent one.
fn pick<W: Word>(random: &mut Random, words: &[W]) -> W {
    let recent = words.len().saturating_sub(6);
    let start = if random.coin() { recent } else { 0 };
    words[start + random.below(words.len() - start)]
}

/// The word in another shape.
fn fit<W: Word>(word: W, width: usize, signed: bool) -> W {
    let word = word.resize(width);
    if signed {
        word.as_signed()
    } else {
        word.as_unsigned()
    }
}

/// A new word of some of the words so far: every method of `Word` has its turn.
fn grow<I: Interpreter>(i: &mut I, random: &mut Random, words: &[I::Word]) -> I::Word {
    let a = pick(random, words);
    let other = pick(random, words);
    match random.below(5) {
        0 => arithmetic(random, a, fit(other, a.width(), a.is_signed())),
        1 => relation(random, a, fit(other, a.width(), a.is_signed())),
        2 => reshape(random, a, other),
        3 => mixed(random, a, other),
        _ => special(i, random, a),
    }
}

fn arithmetic<W: Word>(random: &mut Random, a: W, b: W) -> W {
    match random.below(8) {
        0 => a + b,
        1 => a - b,
        2 => a & b,
        3 => a | b,
        4 => a ^ b,
        5 => !a,
        6 => -a,
        _ => random_condition(random, a).mux(a, b),
    }
}

fn random_condition<W: Word>(random: &mut Random, a: W) -> W {
    if random.coin() { a.any() } else { a.top() }
}

fn relation<W: Word>(random: &mut Random, a: W, b: W) -> W {
    match random.below(5) {
        0 => a.equals(b),
        1 => a.less_than(b),
        2 => a.at_least(b),
        3 => a.any(),
        _ => a.all(),
    }
}

fn reshape<W: Word>(random: &mut Random, a: W, other: W) -> W {
    match random.below(7) {
        0 => a.resize(random.width()),
        1 => a.as_signed(),
        2 => a.as_unsigned(),
        3 => {
            let low = random.below(a.width());
            a.slice(low, 1 + random.below(a.width() - low))
        }
        4 => a.bit(random.below(a.width())),
        5 => a.repeat(1 + random.below((64 / a.width()).min(5))),
        _ => {
            let a = a.resize(a.width().min(40));
            a.concat(other.resize(other.width().min(24)))
        }
    }
}

fn mixed<W: Word>(random: &mut Random, a: W, other: W) -> W {
    match random.below(4) {
        0 => a.shift_left(other.resize(random.below(7) + 1)),
        1 => a.shift_right(other.resize(random.below(7) + 1)),
        2 => a.shift_right(other),
        _ => {
            let a = a.resize(a.width().min(32));
            let b = other.resize(other.width().min(32));
            a.multiply(fit(b, b.width(), a.is_signed()))
        }
    }
}

fn special<I: Interpreter>(i: &mut I, random: &mut Random, a: I::Word) -> I::Word {
    match random.below(4) {
        // The same name again and again, and one that the emitter makes up itself.
        0 => i.name("named", a),
        1 => i.name("t1", a),
        2 => i.literal(random.width(), random.coin(), random.next() as i64),
        _ => {
            i.comment("What follows is as random as what went before");
            i.unused(a);
            a
        }
    }
}
