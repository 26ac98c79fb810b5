//! The accelerator's core: one convolution from on-chip buffers.

use crate::array::Array;
use crate::column::{Column, port_bits};
use crate::correction::SignCounter;
use crate::counters::Counters;
use crate::loader::Loader;
use crate::position::FLAG_BITS;
use crate::row_edge::{RowEdge, threshold_word_bits};
use crate::row_feeder::{RowFeeder, tap_bits};
use crate::sequencer::Sequencer;
use crate::shape::Shape;
use cromulent_design::{Design, LoadKind, register_bits};
use cromulent_kit::{Bundle, Describe, Interpreter, Memory, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Registers between the last row and the first column: memory, edge and element.
const FLAG_DELAY: usize = 3;
/// Registers between the loader and the first weight bank: the stages of feeder and edge.
const WEIGHT_DELAY: usize = 2;

/// The core. A host fills the memories through the load port, sets the layer registers, pulses
/// `start`, and takes the words of each column as they come; it keeps the registers while `busy`.
#[derive(LogicBlock)]
pub struct Core {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset, active high.
    pub reset: Net<In>,
    /// Begin a layer; ignored while busy.
    pub start: Net<In>,
    /// From the cycle after `start` until the last word leaves.
    pub busy: Net<Out>,
    /// Write a word to a memory.
    pub load_enable: Net<In>,
    /// Which memory: the number of its [`LoadKind`].
    pub load_kind: Net<In>,
    /// Row or column.
    pub load_bank: Net<In>,
    /// Address in the bank.
    pub load_address: Net<In>,
    /// Word.
    pub load_data: Net<In>,
    /// The layer registers, in the order of [`REGISTERS`](cromulent_design::REGISTERS).
    pub layer: Bundle<In>,
    /// A word of this column leaves.
    pub word_valid: Vec<Net<Out>>,
    /// The word: a code, or accumulator less mean.
    pub word: Vec<Net<Out>>,
    /// Cycles of the last layer, from `start` to the last word.
    pub cycles: Net<Out>,
    /// Beats issued.
    pub beats: Net<Out>,
    /// Cycles in which a tile waited for its weights.
    pub load_stalls: Net<Out>,
    counters: Counters,
    loader: Loader,
    sequencer: Sequencer,
    row_words: Memory,
    threshold_word: Optional<Register>,
    code_bank: Vec<Memory>,
    feeder: Vec<RowFeeder>,
    row_edge: Vec<RowEdge>,
    sign_counter: Vec<SignCounter>,
    flag_delay: Vec<Register>,
    weight_delay: Vec<Register>,
    array: Array,
    column: Vec<Column>,
    _shape: Shape,
}

impl Core {
    /// The core of a valid design.
    pub fn new(design: &Design) -> Core {
        let shape = Shape::of(design);
        let memory = |kind: LoadKind| {
            Memory::new(kind.depth(design) as usize, kind.word_bits(design) as usize)
        };
        let (data, address) = port_bits(&shape, |_| true);
        let bank = cromulent_kit::address_bits(shape.rows.max(shape.columns));
        let weight_address = cromulent_kit::address_bits(design.weight_depth as usize);
        let threshold = threshold_word_bits(&shape);
        let counted = shape.count_bits();
        Core {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            busy: Net::flag(),
            load_enable: Net::flag(),
            load_kind: Net::bits(3),
            load_bank: Net::bits(bank),
            load_address: Net::bits(address),
            load_data: Net::bits(data),
            layer: Bundle::new(register_bits(design).map(|(name, bits)| (name, bits as usize))),
            word_valid: Net::array(shape.columns, 1, false),
            word: Net::array(shape.columns, shape.word_bits(), true),
            cycles: Net::bits(32),
            beats: Net::bits(32),
            load_stalls: Net::bits(32),
            counters: Counters::new(&shape),
            loader: Loader::new(&shape),
            sequencer: Sequencer::new(&shape),
            row_words: memory(LoadKind::RowWords),
            threshold_word: Optional::when(threshold.is_some(), || {
                Register::data(threshold.unwrap_or(1), false)
            }),
            code_bank: (0..shape.rows).map(|_| memory(LoadKind::Codes)).collect(),
            feeder: (0..shape.rows).map(|_| RowFeeder::new(&shape)).collect(),
            row_edge: (0..shape.rows).map(|_| RowEdge::new(&shape)).collect(),
            sign_counter: counted.map_or(vec![], |bits| {
                (0..shape.rows).map(|_| SignCounter::new(bits)).collect()
            }),
            flag_delay: Register::data_array(FLAG_DELAY, FLAG_BITS, false),
            weight_delay: Register::data_array(WEIGHT_DELAY, weight_address, false),
            array: Array::new(&shape),
            column: (0..shape.columns).map(|_| Column::new(&shape)).collect(),
            _shape: shape,
        }
    }

    /// The layer register of this name.
    fn register(&self, name: &str) -> &Net<In> {
        self.layer.get(name)
    }

    /// The write strobe of a bank.
    fn strobe<I: Interpreter>(&self, i: &mut I, kind: LoadKind, bank: usize) -> I::Word {
        let (wanted, chosen) = (
            i.constant(3, u64::from(kind.number())),
            i.read(&self.load_kind),
        );
        let number = i.constant(self.load_bank.width(), bank as u64);
        let here = i.read(&self.load_bank).equals(number);
        i.read(&self.load_enable) & chosen.equals(wanted) & here
    }

    /// Fills a memory that has no block of its own around it.
    fn fill<I: Interpreter>(&self, i: &mut I, memory: &Memory, kind: LoadKind, bank: usize) {
        let strobe = self.strobe(i, kind, bank);
        i.connect(&memory.clock, &self.clock);
        i.drive(&memory.write_enable, strobe);
        let address = i
            .read(&self.load_address)
            .slice(0, memory.write_address.width());
        i.drive(&memory.write_address, address);
        let data = i.read(&self.load_data).slice(0, memory.write_data.width());
        i.drive(&memory.write_data, data);
    }

    fn control<I: Interpreter>(&self, i: &mut I) {
        let (loader, sequencer, counters) = (&self.loader, &self.sequencer, &self.counters);
        let start = i.read(&self.start) & !i.read(&counters.busy);
        let start = i.name("begin_layer", start);
        for (clock, reset, begin) in [
            (&loader.clock, &loader.reset, &loader.start),
            (&sequencer.clock, &sequencer.reset, &sequencer.start),
            (&counters.clock, &counters.reset, &counters.start),
        ] {
            i.connect(clock, &self.clock);
            i.connect(reset, &self.reset);
            i.drive(begin, start);
        }
        for (port, name) in [
            (&loader.row_tiles, "row_tiles"),
            (&loader.passes, "passes"),
            (&loader.column_tiles, "column_tiles"),
        ] {
            i.connect(port, self.register(name));
        }
        for (name, port) in sequencer.layer_ports() {
            i.connect(port, self.register(name));
        }
        i.connect(&loader.swap, &sequencer.swap);
        i.connect(&sequencer.waiting, &loader.waiting);
        i.connect(&counters.issuing, &sequencer.issuing);
        i.connect(&counters.finished, &sequencer.finished);
        i.connect(&counters.load_stall, &sequencer.load_stall);
        i.connect(&self.busy, &counters.busy);
        i.connect(&self.cycles, &counters.cycles);
        i.connect(&self.beats, &counters.beats);
        i.connect(&self.load_stalls, &counters.load_stalls);
    }

    /// Row words: the tap goes to the feeders, the threshold a cycle later to the edges.
    fn row_words<I: Interpreter>(&self, i: &mut I) -> I::Word {
        self.fill(i, &self.row_words, LoadKind::RowWords, 0);
        i.connect(&self.row_words.read_address, &self.loader.row_address);
        let word = i.read(&self.row_words.read_data);
        let tap = tap_bits(&self._shape);
        let rest = word.slice(tap, word.width() - tap);
        match self.threshold_word.get() {
            Some(register) => register.load(i, &self.clock, rest),
            None => i.unused(rest),
        }
        word.slice(0, tap)
    }

    fn rows<I: Interpreter>(&self, i: &mut I) {
        let tap = self.row_words(i);
        for (r, feeder) in self.feeder.iter().enumerate() {
            i.connect(&feeder.clock, &self.clock);
            i.connect(&feeder.height, self.register("height"));
            i.connect(&feeder.width, self.register("width"));
            i.drive(&feeder.tap_word, tap);
            match r.checked_sub(1).map(|above| &self.feeder[above]) {
                None => {
                    i.connect(&feeder.position_in, &self.sequencer.position);
                    i.connect(&feeder.flags_in, &self.sequencer.flags);
                    i.connect(&feeder.load_in, &self.loader.load);
                    i.connect(&feeder.swap_in, &self.sequencer.swap);
                }
                Some(above) => {
                    i.connect(&feeder.position_in, &above.position_out);
                    i.connect(&feeder.flags_in, &above.flags_out);
                    i.connect(&feeder.load_in, &above.load_out);
                    i.connect(&feeder.swap_in, &above.swap_out);
                }
            }
            self.fill(i, &self.code_bank[r], LoadKind::Codes, r);
            i.connect(&self.code_bank[r].read_address, &feeder.address);
            self.edge(i, r);
        }
    }

    fn edge<I: Interpreter>(&self, i: &mut I, r: usize) {
        let (edge, feeder) = (&self.row_edge[r], &self.feeder[r]);
        i.connect(&edge.clock, &self.clock);
        i.connect(&edge.code, &self.code_bank[r].read_data);
        i.connect(&edge.inside, &feeder.inside);
        match edge.fresh.get() {
            Some(port) => i.connect(port, &feeder.fresh),
            None => {
                let fresh = i.read(&feeder.fresh);
                i.unused(fresh);
            }
        }
        if let Some(port) = edge.digits.get() {
            i.connect(port, self.register("digits"));
        }
        if let (Some(port), Some(register)) = (edge.threshold_word.get(), self.threshold_word.get())
        {
            i.connect(port, &register.q);
        }
        i.connect(&edge.load, &feeder.load_out);
        i.connect(&edge.swap, &feeder.swap_out);
        i.connect(&self.array.operand[r], &edge.operand);
        i.connect(&self.array.load[r], &edge.load_out);
        i.connect(&self.array.swap[r], &edge.swap_out);
        if let Some(counter) = self.sign_counter.get(r) {
            i.connect(&counter.clock, &self.clock);
            let operand = i.read(&edge.operand);
            if let Some(negative) = self._shape.pe.operand.negative_of(operand) {
                i.drive(&counter.negative, negative);
            }
            let none = i.constant(counter.count_in.width(), 0);
            match r.checked_sub(1).map(|above| &self.sign_counter[above]) {
                None => i.drive(&counter.count_in, none),
                Some(above) => i.connect(&counter.count_in, &above.count_out),
            }
        }
    }

    fn delayed<I: Interpreter>(&self, i: &mut I, chain: &[Register], first: &Net<Out>) -> I::Word {
        let mut word = i.read(first);
        for register in chain {
            register.load(i, &self.clock, word);
            word = register.read(i);
        }
        word
    }

    fn columns<I: Interpreter>(&self, i: &mut I) {
        i.connect(&self.array.clock, &self.clock);
        let flags = match self.feeder.last() {
            Some(last) => self.delayed(i, &self.flag_delay, &last.flags_out),
            None => return,
        };
        let weight_address = self.delayed(i, &self.weight_delay, &self.loader.weight_address);
        for (j, column) in self.column.iter().enumerate() {
            match j.checked_sub(1).map(|left| &self.column[left]) {
                None => {
                    i.drive(&column.flags_in, flags);
                    i.drive(&column.weight_address_in, weight_address);
                    if let (Some(port), Some(counter)) =
                        (column.count_in.get(), self.sign_counter.last())
                    {
                        i.connect(port, &counter.count_out);
                    }
                }
                Some(left) => {
                    i.connect(&column.flags_in, &left.flags_out);
                    i.connect(&column.weight_address_in, &left.weight_address_out);
                    if let (Some(port), Some(count)) = (column.count_in.get(), left.count_out.get())
                    {
                        i.connect(port, count);
                    }
                }
            }
            self.column(i, j);
        }
    }

    fn column<I: Interpreter>(&self, i: &mut I, j: usize) {
        let column = &self.column[j];
        i.connect(&column.clock, &self.clock);
        let thetas = (0..self._shape.root as u32).map(LoadKind::Thetas);
        for (n, kind) in [LoadKind::Weights, LoadKind::Offsets]
            .into_iter()
            .chain(thetas)
            .enumerate()
        {
            let strobe = self.strobe(i, kind, j);
            i.drive(&column.write[n], strobe);
        }
        let address = i
            .read(&self.load_address)
            .slice(0, column.write_address.width());
        i.drive(&column.write_address, address);
        let data = i.read(&self.load_data).slice(0, column.write_data.width());
        i.drive(&column.write_data, data);
        i.connect(&column.raw, self.register("raw"));
        i.connect(&self.array.weight[j], &column.weight);
        i.connect(&column.sum, &self.array.sum[j]);
        i.connect(&self.word_valid[j], &column.word_valid);
        i.connect(&self.word[j], &column.word);
    }
}

impl Describe for Core {
    fn module(&self) -> String {
        "cromulent_core".to_string()
    }
    fn about(&self) -> String {
        let design = &self._shape.design;
        format!(
            "Cromulent core {}: {} x {} array, pe {}, format {}, affine {}.\nGenerated; do not edit.",
            design.name, design.rows, design.columns, design.pe, design.format, design.affine
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.control(i);
        self.rows(i);
        self.columns(i);
        if self.row_edge.iter().all(|edge| !edge.digits.is_present()) {
            let digits = i.read(self.register("digits"));
            i.unused(digits);
        }
    }
}
logic!(Core);
