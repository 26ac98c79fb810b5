//! What stands below one array column, and the weights above it.

mod stream;

use crate::accumulator::Accumulator;
use crate::correction::ColumnFoot;
use crate::position::FLAG_BITS;
use crate::quantizer::Quantizer;
use crate::residual::Residual;
use crate::sequencer::register_width;
use crate::shape::Shape;
use crate::stream_windows::window_bits;
use cromulent_design::{NormWord, OffsetWord, ThetaWord, WordField};
use cromulent_kit::{Describe, Interpreter, Memory, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Cycles from the address of a channel's offsets to that of its thetas, besides those that the residual stream takes.
const THETA_DELAY: usize = 5;
/// The same for the multiplier of int8.
const MULTIPLIER_DELAY: usize = 2;

/// One column less its processing elements: weight bank, foot, accumulators, residual stream if there is one,
/// quantizer and their constants. What comes from the left arrives a cycle later in every column.
#[derive(LogicBlock)]
pub struct Column {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing is under way, constants are taken from the first set on.
    pub reset: Net<In>,
    /// Write a set of constants.
    pub write_constants: Net<In>,
    /// Where the set goes.
    pub constant_address: Net<In>,
    /// Its offset word.
    pub offset: Net<In>,
    /// Its norm word.
    pub norm: Net<In>,
    /// Its theta words.
    pub theta: Vec<Net<In>>,
    /// Write a weight word.
    pub write_weight: Net<In>,
    /// Where it goes.
    pub write_address: Net<In>,
    /// The weight word written.
    pub new_weight: Net<In>,
    /// Address of the weight bank.
    pub weight_address_in: Net<In>,
    /// The same for the column to the right.
    pub weight_address_out: Net<Out>,
    /// Weight word for the processing elements.
    pub weight: Net<Out>,
    /// Sum from the array.
    pub sum: Net<In>,
    /// Count of negative operands.
    pub count_in: Optional<Net<In>>,
    /// The same for the column to the right.
    pub count_out: Optional<Net<Out>>,
    /// Flags, a cycle before the sum.
    pub flags_in: Net<In>,
    /// The same for the column to the right.
    pub flags_out: Net<Out>,
    /// Where the stream's word is read, in step with its total.
    pub stream_read_in: Optional<Net<In>>,
    /// The same for the column to the right.
    pub stream_read_out: Optional<Net<Out>>,
    /// Where it is written, five cycles later.
    pub stream_write_in: Optional<Net<In>>,
    /// The same for the column to the right.
    pub stream_write_out: Optional<Net<Out>>,
    /// Saturated words of the columns to the left, of the same position.
    pub saturated_in: Optional<Net<In>>,
    /// The same with this column.
    pub saturated_out: Optional<Net<Out>>,
    /// The layer adds to the residual stream.
    pub add: Optional<Net<In>>,
    /// The layer stores words of the residual stream.
    pub stream: Optional<Net<In>>,
    /// The layer raises words of the residual stream to their floor.
    pub clamp: Optional<Net<In>>,
    /// The layer pools the words it stores.
    pub pool_stream: Optional<Net<In>>,
    /// How the stream's word lies among the windows, in step with where it is written.
    pub windows_in: Optional<Net<In>>,
    /// The same for the column to the right.
    pub windows_out: Optional<Net<Out>>,
    /// Words leave as differences, not as codes.
    pub raw: Net<In>,
    /// Words leave as rectified integers, not as codes.
    pub integers: Optional<Net<In>>,
    /// Largest magnitude index of the layer's codes.
    pub largest: Optional<Net<In>>,
    /// How far apart their magnitude indices are, as a power of two.
    pub spacing: Optional<Net<In>>,
    /// A word leaves.
    pub word_valid: Net<Out>,
    /// The word.
    pub word: Net<Out>,
    weight_passing: Register,
    read_passing: Optional<Register>,
    write_passing: Optional<Register>,
    windows_passing: Optional<Register>,
    saturated: Optional<Register>,
    weights: Memory,
    foot: ColumnFoot,
    accumulator: Accumulator,
    residual: Optional<Residual>,
    quantizer: Quantizer,
    offsets: Memory,
    norms: Memory,
    thetas: Vec<Memory>,
    norm_word: Optional<Register>,
    norm_late: Optional<Register>,
    channel_late: Vec<Register>,
    _shape: Shape,
}

impl Column {
    /// One column of a design.
    pub fn new(shape: &Shape) -> Column {
        let design = &shape.design;
        let [offset, norm, theta] = constant_bits(shape);
        let sets = |bits| Memory::new(design.channel_depth as usize, bits);
        let counted = shape.count_bits();
        let bits = counted.unwrap_or(1);
        let (address, stream) = (shape.weight_address_bits(), shape.stream_address_bits());
        let weight = shape.weight_word_bits();
        let late = match design.format.is_scaled() {
            true => MULTIPLIER_DELAY,
            false => THETA_DELAY,
        } + shape.stream_delay();
        let streams = design.has_stream();
        let flag = || Optional::when(streams, Net::flag);
        let place = || Optional::when(streams, || Net::bits(stream));
        let [read_passing, write_passing] =
            [0, 1].map(|_| Optional::when(streams, || Register::data(stream, false)));
        let (pools, windows) = (streams && design.max_pool, window_bits(shape));
        let saturations = shape.saturation_bits();
        let floor = NormWord::fields(design)[3].low as usize;
        Column {
            clock: Net::flag(),
            reset: Net::flag(),
            write_constants: Net::flag(),
            constant_address: Net::bits(shape.channel_bits()),
            offset: Net::bits(offset),
            norm: Net::bits(norm),
            theta: Net::array(shape.root, theta, false),
            write_weight: Net::flag(),
            write_address: Net::bits(address),
            new_weight: Net::bits(weight),
            weight_address_in: Net::bits(address),
            weight_address_out: Net::bits(address),
            weight: Net::bits(weight),
            sum: Net::bits(shape.sum_bits),
            count_in: Optional::when(counted.is_some(), || Net::bits(bits)),
            count_out: Optional::when(counted.is_some(), || Net::bits(bits)),
            flags_in: Net::bits(FLAG_BITS),
            flags_out: Net::bits(FLAG_BITS),
            stream_read_in: place(),
            stream_read_out: Optional::when(streams, || Net::bits(stream)),
            stream_write_in: place(),
            stream_write_out: Optional::when(streams, || Net::bits(stream)),
            saturated_in: Optional::when(streams, || Net::bits(saturations)),
            saturated_out: Optional::when(streams, || Net::bits(saturations)),
            add: flag(),
            stream: flag(),
            clamp: flag(),
            pool_stream: Optional::when(pools, Net::flag),
            windows_in: Optional::when(pools, || Net::bits(windows)),
            windows_out: Optional::when(pools, || Net::bits(windows)),
            raw: Net::flag(),
            integers: Optional::when(design.image_digits, Net::flag),
            largest: Optional::when(shape.has_narrower(), || {
                Net::bits(register_width(shape, "largest"))
            }),
            spacing: Optional::when(shape.has_spacing(), || {
                Net::bits(register_width(shape, "spacing"))
            }),
            word_valid: Net::flag(),
            word: Net::new(shape.word_bits(), true),
            weight_passing: Register::data(address, false),
            read_passing,
            write_passing,
            windows_passing: Optional::when(pools, || Register::data(windows, false)),
            saturated: Optional::when(streams, || Register::control(saturations)),
            weights: Memory::new(design.weight_depth as usize, weight),
            foot: ColumnFoot::new(shape),
            accumulator: Accumulator::new(shape),
            residual: Optional::when(streams, || Residual::new(shape)),
            quantizer: Quantizer::new(shape),
            offsets: sets(offset),
            norms: sets(norm),
            thetas: (0..shape.root).map(|_| sets(theta)).collect(),
            norm_word: Optional::when(streams, || Register::data(norm, false)),
            norm_late: Optional::when(streams, || Register::data(floor, false)),
            channel_late: Register::data_array(late, shape.channel_bits(), false),
            _shape: shape.clone(),
        }
    }

    fn weights<I: Interpreter>(&self, i: &mut I) {
        let memory = &self.weights;
        i.connect(&memory.clock, &self.clock);
        i.connect(&memory.write_enable, &self.write_weight);
        i.connect(&memory.write_address, &self.write_address);
        i.connect(&memory.write_data, &self.new_weight);
        i.connect(&memory.read_address, &self.weight_address_in);
        i.connect(&self.weight, &memory.read_data);
        self.pass(
            i,
            &self.weight_passing,
            &self.weight_address_in,
            &self.weight_address_out,
        );
    }

    /// Hands a word on to the column to the right, a cycle later.
    fn pass<I: Interpreter>(
        &self,
        i: &mut I,
        register: &Register,
        from: &Net<In>,
        to: &Net<Out>,
    ) -> I::Word {
        let word = i.read(from);
        register.load(i, &self.clock, word);
        i.connect(to, &register.q);
        register.read(i)
    }

    fn accumulate<I: Interpreter>(&self, i: &mut I) {
        i.connect(&self.foot.clock, &self.clock);
        i.connect(&self.foot.sum, &self.sum);
        let outer = (self.count_in.get(), self.count_out.get());
        let inner = (self.foot.count_in.get(), self.foot.count_out.get());
        if let ((Some(count_in), Some(count_out)), (Some(foot_in), Some(foot_out))) = (outer, inner)
        {
            i.connect(foot_in, count_in);
            i.connect(count_out, foot_out);
        }
        i.connect(&self.accumulator.clock, &self.clock);
        i.connect(&self.accumulator.reset, &self.reset);
        i.connect(&self.accumulator.flags_in, &self.flags_in);
        i.connect(&self.flags_out, &self.accumulator.flags_out);
        i.connect(&self.accumulator.sum, &self.foot.corrected);
    }

    /// Fills a memory of constants, and reads the set of this number.
    fn constants<I: Interpreter>(
        &self,
        i: &mut I,
        memory: &Memory,
        written: &Net<In>,
        set: I::Word,
    ) -> I::Word {
        i.connect(&memory.clock, &self.clock);
        i.connect(&memory.write_enable, &self.write_constants);
        i.connect(&memory.write_address, &self.constant_address);
        i.connect(&memory.write_data, written);
        i.drive(&memory.read_address, set);
        i.read(&memory.read_data)
    }

    /// Value to word: the value is the total, or what the residual stream makes of it.
    fn quantize<I: Interpreter>(&self, i: &mut I) {
        let quantizer = &self.quantizer;
        i.connect(&quantizer.clock, &self.clock);
        i.connect(&quantizer.reset, &self.reset);
        i.connect(&quantizer.raw, &self.raw);
        for (port, own) in [
            (&quantizer.integers, &self.integers),
            (&quantizer.largest, &self.largest),
            (&quantizer.spacing, &self.spacing),
        ] {
            if let (Some(port), Some(own)) = (port.get(), own.get()) {
                i.connect(port, own);
            }
        }
        let mut sets = vec![i.read(&self.accumulator.channel)];
        for (n, register) in self.channel_late.iter().enumerate() {
            register.load(i, &self.clock, sets[n]);
            sets.push(register.read(i));
        }
        let offset = self.constants(i, &self.offsets, &self.offset, sets[0]);
        let norm = match self.residual.get() {
            Some(residual) => self.stream_value(i, residual, offset, &sets),
            None => self.plain_value(i, offset, &sets),
        };
        let [_, exponent, negate, ..] = NormWord::fields(&self._shape.design);
        i.drive(&quantizer.exponent, field(norm, exponent));
        let negate = field(norm, negate);
        match quantizer.negate.get() {
            Some(port) => i.drive(port, negate),
            None => i.unused(negate),
        }
        let late = sets[self.channel_late.len()];
        for (n, memory) in self.thetas.iter().enumerate() {
            let theta = self.constants(i, memory, &self.theta[n], late);
            i.drive(&quantizer.theta[n], theta);
        }
        i.connect(&self.word_valid, &quantizer.word_valid);
        i.connect(&self.word, &quantizer.word);
    }

    /// Without a residual stream the quantizer takes the total less its mean; the norm word beside it.
    fn plain_value<I: Interpreter>(&self, i: &mut I, offset: I::Word, sets: &[I::Word]) -> I::Word {
        let (quantizer, accumulator) = (&self.quantizer, &self.accumulator);
        i.connect(&quantizer.valid, &accumulator.total_valid);
        i.connect(&quantizer.value, &accumulator.total);
        i.drive(&quantizer.mean, offset.as_signed());
        self.constants(i, &self.norms, &self.norm, sets[0])
    }
}

/// Bits of an offset, a norm and a theta word, as far as a column needs them: the direction of a max-pool, which the
/// norm word ends with, is not its business.
pub(crate) fn constant_bits(shape: &Shape) -> [usize; 3] {
    let design = &shape.design;
    [
        OffsetWord::bits(design),
        NormWord::fields(design)[4].low,
        ThetaWord::bits(design),
    ]
    .map(|bits| bits as usize)
}

/// A field of a word.
fn field<W: Word>(word: W, field: WordField) -> W {
    word.slice(field.low as usize, field.bits as usize)
}

impl Describe for Column {
    fn module(&self) -> String {
        "column".to_string()
    }
    fn about(&self) -> String {
        "Weight bank, foot, accumulators, residual stream and quantizer of one array column."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.weights(i);
        self.accumulate(i);
        self.quantize(i);
    }
}
logic!(Column);
