//! From an accumulated total to a word of the residual stream.

use crate::shape::Shape;
use cromulent_design::{Design, OffsetWord};
use cromulent_kit::{Describe, Interpreter, Memory, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of a word of the stream.
pub(crate) const STREAM_BITS: usize = Design::STREAM_BITS as usize;
/// Bits of an aligned difference: what needs more saturates whatever it is added to.
const ALIGNED_BITS: usize = STREAM_BITS + 2;
/// Bits of an alignment.
const ALIGN_BITS: usize = OffsetWord::ALIGN_BITS as usize;
/// The farthest shift to the left that matters: farther ones saturate alike.
const MOST_LEFT: usize = ALIGNED_BITS - 1;

/// One column's part of the residual stream, three stages: subtract the mean; align to the stream's
/// unit by a shift that rounds half up; add the stored word and saturate. In the fourth the sum, raised
/// to the channel's floor where the layer clamps, is written back and goes on to be coded.
#[derive(LogicBlock)]
pub struct Residual {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: no word is under way.
    pub reset: Net<In>,
    /// The layer adds to stored words.
    pub add: Net<In>,
    /// The layer stores words.
    pub stream: Net<In>,
    /// The layer raises words to their floor.
    pub clamp: Net<In>,
    /// A total is there.
    pub valid: Net<In>,
    /// The total.
    pub total: Net<In>,
    /// Mean of the channel, in step with the total.
    pub mean: Net<In>,
    /// Alignment of the channel, in step with the total: places to the right, to the left if negative.
    pub align: Net<In>,
    /// Where the stored word lies, a cycle after the total.
    pub read_address: Net<In>,
    /// Where the word is stored, three cycles after the total.
    pub write_address: Net<In>,
    /// The least word of the channel, three cycles after the total.
    pub floor: Net<In>,
    /// A value leaves, three cycles after the total.
    pub value_valid: Net<Out>,
    /// The word of the stream, or the difference if the layer stores none.
    pub value: Net<Out>,
    /// The word saturated; in step with it.
    pub saturated: Net<Out>,
    marks: Vec<Register>,
    difference: Vec<Register>,
    left: Register,
    places: Register,
    aligned: Register,
    half: Register,
    beyond: Register,
    sum: Register,
    cut_off: Register,
    memory: Memory,
}

impl Residual {
    /// The residual stage of one column.
    pub fn new(shape: &Shape) -> Residual {
        let (total, word) = (shape.accumulator_bits, shape.word_bits());
        let depth = shape.design.stream_depth as usize;
        let address = shape.stream_address_bits();
        Residual {
            clock: Net::flag(),
            reset: Net::flag(),
            add: Net::flag(),
            stream: Net::flag(),
            clamp: Net::flag(),
            valid: Net::flag(),
            total: Net::new(total, true),
            mean: Net::new(total, true),
            align: Net::bits(ALIGN_BITS),
            read_address: Net::bits(address),
            write_address: Net::bits(address),
            floor: Net::new(STREAM_BITS, true),
            value_valid: Net::flag(),
            value: Net::new(word, true),
            saturated: Net::flag(),
            marks: (0..3).map(|_| Register::control(1)).collect(),
            difference: Register::data_array(3, word, true),
            left: Register::data(1, false),
            places: Register::data(ALIGN_BITS - 1, false),
            aligned: Register::data(ALIGNED_BITS, true),
            half: Register::data(1, false),
            beyond: Register::data(1, false),
            sum: Register::data(STREAM_BITS, true),
            cut_off: Register::control(1),
            memory: Memory::new(depth, STREAM_BITS),
        }
    }

    /// Stage 1: the difference, and how far it is shifted.
    fn subtract<I: Interpreter>(&self, i: &mut I) {
        let bits = self.value.width();
        let (total, mean) = (
            i.read(&self.total).resize(bits),
            i.read(&self.mean).resize(bits),
        );
        let mut difference = total - mean;
        for register in &self.difference {
            register.load(i, &self.clock, difference);
            difference = register.read(i);
        }
        i.comment("A shift to the left by n is one to the right by so much less than the farthest");
        let align = i.read(&self.align);
        let left = align.top();
        let (most, none) = (
            i.constant(ALIGN_BITS, MOST_LEFT as u64),
            i.constant(ALIGN_BITS, 0),
        );
        let fewer = i.name("fewer", align + most);
        let farthest = left & fewer.top();
        self.left.load(i, &self.clock, left);
        let [fewer, align, none] =
            [fewer, align, none].map(|places| places.slice(0, ALIGN_BITS - 1));
        let places = farthest.mux(none, left.mux(fewer, align));
        self.places.load(i, &self.clock, places);
    }

    /// Stage 2: the shifted difference rounded down, and the bit below it.
    fn align<I: Interpreter>(&self, i: &mut I) {
        let difference = self.difference[0].read(i);
        let (left, places) = (self.left.read(i), self.places.read(i));
        let width = (difference.width() + 1).max(ALIGNED_BITS + MOST_LEFT + 1);
        let (zero, zeros) = (i.constant(1, 0), i.constant(MOST_LEFT + 1, 0));
        let low = difference.resize(ALIGNED_BITS).as_unsigned();
        let raised = low.concat(zeros).as_signed().resize(width);
        let plain = difference
            .as_unsigned()
            .concat(zero)
            .as_signed()
            .resize(width);
        let shifted = left.mux(raised, plain).shift_right(places);
        let shifted = i.name("shifted", shifted);
        let fits = fits(i, shifted, ALIGNED_BITS + 1);
        let raised_fits = match difference.width() > ALIGNED_BITS {
            true => self::fits(i, difference, ALIGNED_BITS),
            false => i.constant(1, 1),
        };
        self.aligned
            .load(i, &self.clock, shifted.slice(1, ALIGNED_BITS).as_signed());
        self.half.load(i, &self.clock, shifted.bit(0));
        let beyond = !fits | (left & !raised_fits);
        self.beyond.load(i, &self.clock, beyond);
    }

    /// Stage 3: the stored word added, saturated.
    fn add<I: Interpreter>(&self, i: &mut I) {
        i.connect(&self.memory.clock, &self.clock);
        i.connect(&self.memory.read_address, &self.read_address);
        let bits = ALIGNED_BITS + 1;
        let add = i.read(&self.add).repeat(STREAM_BITS);
        let stored = (i.read(&self.memory.read_data) & add).as_signed();
        i.comment("One adder: the lowest bits add up to the carry that rounds up");
        let one = i.constant(1, 1);
        let aligned = self.aligned.read(i).resize(bits).as_unsigned().concat(one);
        let stored = stored.resize(bits).as_unsigned();
        let stored = stored.concat(self.half.read(i));
        let sum = i.name("sum_up", aligned + stored);
        i.unused(sum.bit(0));
        let sum = sum.slice(1, bits).as_signed();
        let fits = fits(i, sum, STREAM_BITS);
        let cut_off = self.beyond.read(i) | !fits;
        let cut_off = i.name("cut", cut_off);
        i.comment("What saturates has the sign of the difference: a stored word alone never does");
        let below = self.difference[1].read(i).top();
        let limit = below.concat((!below).repeat(STREAM_BITS - 1)).as_signed();
        let word = cut_off.mux(limit, sum.resize(STREAM_BITS));
        self.sum.load(i, &self.clock, word);
        let counts = cut_off & i.read(&self.stream) & self.marks[1].read(i);
        self.cut_off
            .update_from(i, &self.clock, &self.reset, counts);
        i.connect(&self.saturated, &self.cut_off.q);
    }

    /// Stage 4, up to its register in the quantizer: the floor, and the way back into the memory.
    fn store<I: Interpreter>(&self, i: &mut I) {
        let (sum, floor) = (self.sum.read(i), i.read(&self.floor));
        let raise = i.read(&self.clamp) & sum.less_than(floor);
        let word = i.name("stream_word", raise.mux(floor, sum));
        let (valid, stream) = (self.marks[2].read(i), i.read(&self.stream));
        i.drive(&self.memory.write_enable, valid & stream);
        i.connect(&self.memory.write_address, &self.write_address);
        i.drive(&self.memory.write_data, word.as_unsigned());
        let value = stream.mux(word.resize(self.value.width()), self.difference[2].read(i));
        i.drive(&self.value, value);
        i.connect(&self.value_valid, &self.marks[2].q);
    }
}

/// True when a signed word keeps its number in `bits` bits.
fn fits<I: Interpreter>(i: &mut I, word: I::Word, bits: usize) -> I::Word {
    let high = word.slice(bits - 1, word.width() - bits + 1);
    let fits = high.all() | !high.any();
    i.name("fits", fits)
}

impl Describe for Residual {
    fn module(&self) -> String {
        "residual".to_string()
    }
    fn about(&self) -> String {
        "Residual stream of one column: align the difference, add the stored word, saturate, store."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut valid = i.read(&self.valid);
        for register in &self.marks {
            register.update_from(i, &self.clock, &self.reset, valid);
            valid = register.read(i);
        }
        self.subtract(i);
        self.align(i);
        self.add(i);
        self.store(i);
    }
}
logic!(Residual);

#[cfg(test)]
mod tests;
