//! What stands below one array column, and the weights above it.

use crate::accumulator::Accumulator;
use crate::correction::ColumnFoot;
use crate::position::FLAG_BITS;
use crate::quantizer::Quantizer;
use crate::shape::Shape;
use cromulent_design::{LoadKind, PeKind};
use cromulent_kit::{Describe, Interpreter, Memory, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of the widest word and of the longest address among some memories of the load port.
pub(crate) fn port_bits(shape: &Shape, serves: impl Fn(LoadKind) -> bool) -> (usize, usize) {
    let design = &shape.design;
    let kinds: Vec<LoadKind> = LoadKind::all(design).filter(|kind| serves(*kind)).collect();
    let data = kinds
        .iter()
        .map(|kind| kind.word_bits(design) as usize)
        .max();
    let address = kinds
        .iter()
        .map(|kind| cromulent_kit::address_bits(kind.depth(design) as usize))
        .max();
    (data.unwrap_or(1), address.unwrap_or(1))
}

/// One column less its processing elements: weight bank, foot, accumulators, quantizer and its
/// constants. What comes from the left arrives a cycle later in every column.
#[derive(LogicBlock)]
pub struct Column {
    /// Clock.
    pub clock: Net<In>,
    /// Write strobe of each memory: weights, offsets, thetas.
    pub write: Vec<Net<In>>,
    /// Address written.
    pub write_address: Net<In>,
    /// Word written.
    pub write_data: Net<In>,
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
    /// Flags in step with the sum.
    pub flags_in: Net<In>,
    /// The same for the column to the right.
    pub flags_out: Net<Out>,
    /// Words leave as differences, not as codes.
    pub raw: Net<In>,
    /// A word leaves.
    pub word_valid: Net<Out>,
    /// The word.
    pub word: Net<Out>,
    passing: Register,
    weights: Memory,
    foot: ColumnFoot,
    accumulator: Accumulator,
    quantizer: Quantizer,
    offsets: Memory,
    thetas: Vec<Memory>,
    channel_late: Vec<Register>,
    _shape: Shape,
}

impl Column {
    /// One column of a design.
    pub fn new(shape: &Shape) -> Column {
        let design = &shape.design;
        let memory = |kind: LoadKind| {
            Memory::new(kind.depth(design) as usize, kind.word_bits(design) as usize)
        };
        let counted = shape.count_bits();
        let bits = counted.unwrap_or(1);
        let address = cromulent_kit::address_bits(design.weight_depth as usize);
        let below = |kind| !matches!(kind, LoadKind::Codes | LoadKind::RowWords);
        let (data_bits, write_bits) = port_bits(shape, below);
        // Thetas are compared three cycles after the total, a multiplier is needed after two.
        let late = if shape.pe.kind == PeKind::Multiply {
            2
        } else {
            3
        };
        Column {
            clock: Net::flag(),
            write: Net::array(2 + shape.root, 1, false),
            write_address: Net::bits(write_bits),
            write_data: Net::bits(data_bits),
            weight_address_in: Net::bits(address),
            weight_address_out: Net::bits(address),
            weight: Net::bits(shape.weight_word_bits()),
            sum: Net::bits(shape.sum_bits),
            count_in: Optional::when(counted.is_some(), || Net::bits(bits)),
            count_out: Optional::when(counted.is_some(), || Net::bits(bits)),
            flags_in: Net::bits(FLAG_BITS),
            flags_out: Net::bits(FLAG_BITS),
            raw: Net::flag(),
            word_valid: Net::flag(),
            word: Net::new(shape.word_bits(), true),
            passing: Register::data(address, false),
            weights: memory(LoadKind::Weights),
            foot: ColumnFoot::new(shape),
            accumulator: Accumulator::new(shape),
            quantizer: Quantizer::new(shape),
            offsets: memory(LoadKind::Offsets),
            thetas: (0..shape.root as u32)
                .map(|n| memory(LoadKind::Thetas(n)))
                .collect(),
            channel_late: Register::data_array(late, shape.channel_bits(), false),
            _shape: shape.clone(),
        }
    }

    fn fill<I: Interpreter>(&self, i: &mut I, memory: &Memory, strobe: &Net<In>) {
        write_memory(
            i,
            memory,
            &self.clock,
            strobe,
            &self.write_address,
            &self.write_data,
        );
    }

    fn weights<I: Interpreter>(&self, i: &mut I) {
        self.fill(i, &self.weights, &self.write[0]);
        let address = i.read(&self.weight_address_in);
        i.drive(&self.weights.read_address, address);
        self.passing.load(i, &self.clock, address);
        i.connect(&self.weight_address_out, &self.passing.q);
        i.connect(&self.weight, &self.weights.read_data);
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
        i.connect(&self.accumulator.flags_in, &self.flags_in);
        i.connect(&self.flags_out, &self.accumulator.flags_out);
        i.connect(&self.accumulator.sum, &self.foot.corrected);
    }

    fn quantize<I: Interpreter>(&self, i: &mut I) {
        let (quantizer, accumulator) = (&self.quantizer, &self.accumulator);
        self.fill(i, &self.offsets, &self.write[1]);
        i.connect(&self.offsets.read_address, &accumulator.channel);
        let word = i.read(&self.offsets.read_data);
        let mean = self._shape.accumulator_bits;
        i.connect(&quantizer.clock, &self.clock);
        i.connect(&quantizer.raw, &self.raw);
        i.connect(&quantizer.valid, &accumulator.total_valid);
        i.connect(&quantizer.total, &accumulator.total);
        i.drive(&quantizer.mean, word.slice(0, mean).as_signed());
        i.drive(&quantizer.exponent, word.slice(mean, 8));
        match quantizer.negate.get() {
            Some(negate) => i.drive(negate, word.top()),
            None => i.unused(word.top()),
        }
        let mut channel = i.read(&accumulator.channel);
        for register in &self.channel_late {
            register.load(i, &self.clock, channel);
            channel = register.read(i);
        }
        for (n, memory) in self.thetas.iter().enumerate() {
            self.fill(i, memory, &self.write[2 + n]);
            i.drive(&memory.read_address, channel);
            i.connect(&quantizer.theta[n], &memory.read_data);
        }
        i.connect(&self.word_valid, &quantizer.word_valid);
        i.connect(&self.word, &quantizer.word);
    }
}

/// Wires the write port of a memory to the load port.
pub(crate) fn write_memory<I: Interpreter>(
    i: &mut I,
    memory: &Memory,
    clock: &Net<In>,
    strobe: &Net<In>,
    address: &Net<In>,
    data: &Net<In>,
) {
    i.connect(&memory.clock, clock);
    i.connect(&memory.write_enable, strobe);
    let address = i.read(address).slice(0, memory.write_address.width());
    i.drive(&memory.write_address, address);
    let data = i.read(data).slice(0, memory.write_data.width());
    i.drive(&memory.write_data, data);
}

impl Describe for Column {
    fn module(&self) -> String {
        "column".to_string()
    }
    fn about(&self) -> String {
        "Weight bank, foot, accumulators and quantizer of one array column.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.weights(i);
        self.accumulate(i);
        self.quantize(i);
    }
}
logic!(Column);
