//! From an accumulated total to a word of the residual stream.

use crate::counting::delay;
use crate::shape::Shape;
use crate::stream_pool::{STREAM_POOL_DELAY, StreamPool};
use crate::stream_windows::window_bits;
use cromulent_design::OffsetWord;
use cromulent_kit::{Describe, Interpreter, Memory, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of an alignment.
const ALIGN_BITS: usize = OffsetWord::ALIGN_BITS as usize;
/// Low bits of an alignment, by which the second stage of the shift moves on.
const FINE_BITS: usize = 3;

/// One column's part of the residual stream, six stages: subtract the mean; shift to the stream's unit,
/// by eights and by ones; add the stored word, rounding half up; saturate; raise to the channel's floor
/// where the layer clamps. The word is then written back and goes on to be coded. A layer that stores
/// none is shifted by nothing, and its differences take the same way.
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
    /// The layer pools the words it stores, with `max_pool`.
    pub pool: Optional<Net<In>>,
    /// How a word lies among the windows, in step with its write address.
    pub windows: Optional<Net<In>>,
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
    /// Where the word is stored, six cycles after the total.
    pub write_address: Net<In>,
    /// The least word of the channel, five cycles after the total.
    pub floor: Net<In>,
    /// A value leaves, six cycles after the total.
    pub value_valid: Net<Out>,
    /// The word of the stream, or the difference if the layer stores none.
    pub value: Net<Out>,
    /// The word saturated, five cycles after the total.
    pub saturated: Net<Out>,
    marks: Vec<Register>,
    difference: Register,
    left: Register,
    places: Register,
    fine: Register,
    by_eights: Register,
    shifted: Register,
    below: Vec<Register>,
    beyond: Vec<Register>,
    stored: Register,
    sum: Register,
    kept: Register,
    cut_off: Register,
    held: Register,
    memory: Memory,
    stream_pool: Optional<StreamPool>,
    late_address: Vec<Register>,
}

/// Widths that follow from that of a word of the stream.
#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    /// A word of the stream.
    word: usize,
    /// An aligned difference: what needs more saturates whatever it is added to.
    aligned: usize,
    /// The farthest shift to the left that matters: farther ones saturate alike.
    most_left: usize,
}

impl Bits {
    fn of(word: usize) -> Bits {
        Bits {
            word,
            aligned: word + 2,
            most_left: word + 1,
        }
    }
}

impl Residual {
    /// The residual stage of one column.
    pub fn new(shape: &Shape) -> Residual {
        let (total, word) = (shape.accumulator_bits, shape.word_bits());
        let depth = shape.design.stream_depth as usize;
        let address = shape.stream_address_bits();
        let bits = Bits::of(shape.design.stream_bits as usize);
        let shifted = shifted_bits(word, bits);
        let pools = shape.design.max_pool;
        let late = if pools { STREAM_POOL_DELAY } else { 0 };
        Residual {
            clock: Net::flag(),
            reset: Net::flag(),
            add: Net::flag(),
            stream: Net::flag(),
            clamp: Net::flag(),
            pool: Optional::when(pools, Net::flag),
            windows: Optional::when(pools, || Net::bits(window_bits(shape))),
            valid: Net::flag(),
            total: Net::new(total, true),
            mean: Net::new(total, true),
            align: Net::bits(ALIGN_BITS),
            read_address: Net::bits(address),
            write_address: Net::bits(address),
            floor: Net::new(bits.word, true),
            value_valid: Net::flag(),
            value: Net::new(word, true),
            saturated: Net::flag(),
            marks: (0..6).map(|_| Register::control(1)).collect(),
            difference: Register::data(word, true),
            left: Register::data(1, false),
            places: Register::data(ALIGN_BITS - 1, false),
            fine: Register::data(FINE_BITS, false),
            by_eights: Register::data(shifted, true),
            shifted: Register::data(shifted, true),
            below: Register::data_array(3, 1, false),
            beyond: Register::data_array(3, 1, false),
            stored: Register::data(bits.word, true),
            sum: Register::data(shifted - 1, true),
            kept: Register::data(word, true),
            cut_off: Register::control(1),
            held: Register::data(word, true),
            memory: Memory::new(depth, bits.word),
            stream_pool: Optional::when(pools, || StreamPool::new(shape)),
            late_address: Register::data_array(late, address, false),
        }
    }

    fn bits(&self) -> Bits {
        Bits::of(self.floor.width())
    }

    /// Stage 1: the difference, and how far it is shifted.
    fn subtract<I: Interpreter>(&self, i: &mut I) {
        let bits = self.value.width();
        let (total, mean) = (
            i.read(&self.total).resize(bits),
            i.read(&self.mean).resize(bits),
        );
        self.difference.load(i, &self.clock, total - mean);
        i.comment("A shift to the left by n is one to the right by so much less than the farthest");
        let (align, stream) = (i.read(&self.align), i.read(&self.stream));
        let left = align.top() & stream;
        let (most, none) = (
            i.constant(ALIGN_BITS, self.bits().most_left as u64),
            i.constant(ALIGN_BITS, 0),
        );
        let fewer = i.name("fewer", align + most);
        let farthest = left & fewer.top();
        self.left.load(i, &self.clock, left);
        let [fewer, align, none] =
            [fewer, align, none].map(|places| places.slice(0, ALIGN_BITS - 1));
        let places = (farthest | !stream).mux(none, left.mux(fewer, align));
        self.places.load(i, &self.clock, places);
    }

    /// Stages 2 and 3: the difference with a bit below it, shifted.
    fn align<I: Interpreter>(&self, i: &mut I) {
        let difference = self.difference.read(i);
        let Bits {
            aligned, most_left, ..
        } = self.bits();
        let (left, places) = (self.left.read(i), self.places.read(i));
        let width = self.shifted.q.width();
        let (zero, zeros) = (i.constant(1, 0), i.constant(most_left + 1, 0));
        let low = difference.resize(aligned).as_unsigned();
        let raised = low.concat(zeros).as_signed().resize(width);
        let plain = difference
            .as_unsigned()
            .concat(zero)
            .as_signed()
            .resize(width);
        let eights = places.slice(FINE_BITS, places.width() - FINE_BITS);
        let whole = eights.concat(i.constant(FINE_BITS, 0));
        let by_eights = left.mux(raised, plain).shift_right(whole);
        self.by_eights.load(i, &self.clock, by_eights);
        self.fine.load(i, &self.clock, places.slice(0, FINE_BITS));
        let (by_eights, fine) = (self.by_eights.read(i), self.fine.read(i));
        self.shifted
            .load(i, &self.clock, by_eights.shift_right(fine));

        i.comment("To the left only what fits there keeps its number");
        let lost = match difference.width() > aligned {
            true => left & !fits(i, difference, aligned),
            false => i.constant(1, 0),
        };
        delay(i, &self.clock, &self.beyond, lost);
        delay(i, &self.clock, &self.below, difference.top());
    }

    /// Stage 4: the stored word added.
    fn add<I: Interpreter>(&self, i: &mut I) {
        i.connect(&self.memory.clock, &self.clock);
        i.connect(&self.memory.read_address, &self.read_address);
        let adds = i.read(&self.add) & i.read(&self.stream);
        let stored = i.read(&self.memory.read_data) & adds.repeat(self.bits().word);
        self.stored.load(i, &self.clock, stored.as_signed());
        i.comment("One adder: the lowest bits add up to the carry that rounds up");
        let (shifted, one) = (self.shifted.read(i), i.constant(1, 1));
        let bits = self.sum.q.width();
        let aligned = shifted.slice(1, bits).concat(one);
        let stored = self.stored.read(i).resize(bits).as_unsigned();
        let stored = stored.concat(shifted.bit(0));
        let sum = i.name("sum_up", aligned + stored);
        i.unused(sum.bit(0));
        self.sum
            .load(i, &self.clock, sum.slice(1, bits).as_signed());
    }

    /// Stage 5: saturated.
    fn saturate<I: Interpreter>(&self, i: &mut I) {
        let (sum, stream) = (self.sum.read(i), i.read(&self.stream));
        let word = self.kept.q.width();
        let beyond = self.beyond[2].read(i) | !fits(i, sum, self.bits().word);
        let cut_off = i.name("cut", stream & beyond);
        i.comment("What saturates has the sign of the difference: a stored word alone never does");
        let below = self.below[2].read(i);
        let limit = below
            .concat((!below).repeat(self.bits().word - 1))
            .as_signed();
        let kept = cut_off.mux(limit.resize(word), sum.resize(word));
        self.kept.load(i, &self.clock, kept);
        let counts = cut_off & self.marks[3].read(i);
        self.cut_off
            .update_from(i, &self.clock, &self.reset, counts);
        i.connect(&self.saturated, &self.cut_off.q);
    }

    /// Stage 6: the floor, and from there the way back into the memory.
    fn store<I: Interpreter>(&self, i: &mut I) {
        let (kept, floor) = (self.kept.read(i), i.read(&self.floor));
        let stream = i.read(&self.stream);
        let lower = kept.resize(self.bits().word).less_than(floor);
        let raise = i.read(&self.clamp) & stream & lower;
        let word = raise.mux(floor.resize(kept.width()), kept);
        self.held.load(i, &self.clock, word);
        let (valid, held) = (self.marks[5].read(i), self.held.read(i));
        let stored = held.resize(self.bits().word).as_unsigned();
        self.write(i, valid & stream, stored);
        i.connect(&self.value, &self.held.q);
        i.connect(&self.value_valid, &self.marks[5].q);
    }

    /// The word into the memory, or the largest of its window two cycles later.
    fn write<I: Interpreter>(&self, i: &mut I, valid: I::Word, word: I::Word) {
        let memory = &self.memory;
        let ports = (self.stream_pool.get(), self.pool.get(), self.windows.get());
        let (Some(pool), Some(on), Some(windows)) = ports else {
            i.drive(&memory.write_enable, valid);
            i.connect(&memory.write_address, &self.write_address);
            return i.drive(&memory.write_data, word);
        };
        let on = i.read(on);
        i.connect(&pool.clock, &self.clock);
        i.connect(&pool.reset, &self.reset);
        i.drive(&pool.valid, valid & on);
        i.drive(&pool.word, word.as_signed());
        i.connect(&pool.marks, windows);
        let address = i.read(&self.write_address);
        let late = delay(i, &self.clock, &self.late_address, address);
        let pooled = i.read(&pool.valid_out);
        i.drive(&memory.write_enable, on.mux(pooled, valid));
        i.drive(&memory.write_address, on.mux(late, address));
        let largest = i.read(&pool.largest).as_unsigned();
        i.drive(&memory.write_data, on.mux(largest, word));
    }
}

/// Bits of a difference, or of its low bits at the farthest left, with one bit below.
fn shifted_bits(word: usize, bits: Bits) -> usize {
    (word + 1).max(bits.aligned + bits.most_left + 1)
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
        self.saturate(i);
        self.store(i);
    }
}
logic!(Residual);

#[cfg(test)]
mod tests;
