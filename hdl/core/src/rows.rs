//! All that stands to the left of the array's rows.

use crate::correction::SignCounter;
use crate::counting::delay;
use crate::pool_pointer::PoolPointer;
use crate::pool_row::PoolRow;
use crate::position::{FLAG_BITS, position_bits};
use crate::row_edge::{RowEdge, threshold_word_bits};
use crate::row_feeder::{RowFeeder, map_side_bits, tap_bits};
use crate::shape::Shape;
use cromulent_design::RowWord;
use cromulent_kit::{Describe, Interpreter, Memory, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Registers between the last row and the first column: memory, the code's own, edge and element, less
/// one, for the accumulator reads a cycle ahead of the sum.
const FLAG_DELAY: usize = 3;
/// Cycles from a row's tap word to its threshold word: memory and the code's register.
const THRESHOLD_DELAY: usize = 2;

/// The rows, from the top down: row r does in each cycle what row 0 did r cycles before. Each has its
/// bank of codes; the row words have one bank for all.
#[derive(LogicBlock)]
pub struct Rows {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: no beat and no tile is under way.
    pub reset: Net<In>,
    /// Height of the map.
    pub height: Net<In>,
    /// Width of the map.
    pub width: Net<In>,
    /// The layer streams integers.
    pub digits: Optional<Net<In>>,
    /// Position of this cycle's beat.
    pub position: Net<In>,
    /// Flags of this cycle's beat.
    pub flags: Net<In>,
    /// A tile's load begins.
    pub load: Net<In>,
    /// The waiting tile is swapped in.
    pub swap: Net<In>,
    /// Write a row word.
    pub write_row_word: Net<In>,
    /// Where it goes.
    pub write_address: Net<In>,
    /// The row word written.
    pub row_word: Net<In>,
    /// Where the row word lies that is loaded next.
    pub read_address: Net<In>,
    /// Write a code to this row's bank.
    pub write_code: Vec<Net<In>>,
    /// Where it goes.
    pub code_address: Vec<Net<In>>,
    /// The code written.
    pub code: Vec<Net<In>>,
    /// This cycle's beat is the last of a max-pool's window.
    pub window_last: Optional<Net<In>>,
    /// A layer begins.
    pub start: Optional<Net<In>>,
    /// Where the codes of a max-pool go, at `start`.
    pub pool_address: Optional<Net<In>>,
    /// A window has ended in the last row.
    pub pool_done: Optional<Net<Out>>,
    /// A row writes the code of a window to its bank.
    pub pooled_valid: Vec<Net<Out>>,
    /// The code.
    pub pooled: Vec<Net<Out>>,
    /// Between layers: read a line of codes.
    pub read: Net<In>,
    /// Where it lies.
    pub line_address: Net<In>,
    /// The code of each row, three cycles after `read`.
    pub line: Vec<Net<Out>>,
    /// Operand of each row.
    pub operand: Vec<Net<Out>>,
    /// Load strobe of each row.
    pub load_out: Vec<Net<Out>>,
    /// Swap strobe of each row.
    pub swap_out: Vec<Net<Out>>,
    /// Count of negative operands, in step with the sum of column 0.
    pub count: Optional<Net<Out>>,
    /// Flags, a cycle before the sum of column 0.
    pub flags_out: Net<Out>,
    row_words: Memory,
    threshold_word: Optional<[Register; THRESHOLD_DELAY]>,
    code_bank: Vec<Memory>,
    code_read: Vec<Register>,
    feeder: Vec<RowFeeder>,
    row_edge: Vec<RowEdge>,
    pool_pointer: Optional<PoolPointer>,
    pool_row: Vec<PoolRow>,
    sign_counter: Vec<SignCounter>,
    flag_delay: Vec<Register>,
    _shape: Shape,
}

impl Rows {
    /// The rows of a design.
    pub fn new(shape: &Shape) -> Rows {
        let (rows, design) = (shape.rows, &shape.design);
        let (codes, code, word) = (
            design.code_depth as usize,
            shape.code_word_bits(),
            RowWord::bits(design) as usize,
        );
        let threshold = threshold_word_bits(shape);
        let counted = shape.count_bits();
        let edge: Vec<RowEdge> = (0..rows).map(|_| RowEdge::new(shape)).collect();
        Rows {
            clock: Net::flag(),
            reset: Net::flag(),
            height: Net::bits(map_side_bits(shape)),
            width: Net::bits(map_side_bits(shape)),
            digits: Optional::when(edge[0].digits.is_present(), Net::flag),
            position: Net::bits(position_bits(shape)),
            flags: Net::bits(FLAG_BITS),
            load: Net::flag(),
            swap: Net::flag(),
            write_row_word: Net::flag(),
            write_address: Net::bits(shape.weight_address_bits()),
            row_word: Net::bits(word),
            read_address: Net::bits(shape.weight_address_bits()),
            write_code: Net::array(rows, 1, false),
            code_address: Net::array(rows, shape.address_bits(), false),
            code: Net::array(rows, code, false),
            window_last: Optional::when(design.max_pool, Net::flag),
            start: Optional::when(design.max_pool, Net::flag),
            pool_address: Optional::when(design.max_pool, || Net::bits(shape.address_bits())),
            pool_done: Optional::when(design.max_pool, Net::flag),
            pooled_valid: Net::array(shape.pool_rows(), 1, false),
            pooled: Net::array(shape.pool_rows(), design.format.code_bits() as usize, false),
            read: Net::flag(),
            line_address: Net::bits(shape.address_bits()),
            line: Net::array(rows, shape.design.format.code_bits() as usize, false),
            operand: Net::array(rows, shape.pe.operand.bits(), false),
            load_out: Net::array(rows, 1, false),
            swap_out: Net::array(rows, 1, false),
            count: Optional::when(counted.is_some(), || Net::bits(counted.unwrap_or(1))),
            flags_out: Net::bits(FLAG_BITS),
            row_words: Memory::new(design.weight_depth as usize, word),
            threshold_word: Optional::when(threshold.is_some(), || {
                std::array::from_fn(|_| Register::data(threshold.unwrap_or(1), false))
            }),
            code_bank: (0..rows).map(|_| Memory::new(codes, code)).collect(),
            code_read: Register::data_array(rows, code, false),
            feeder: (0..rows).map(|_| RowFeeder::new(shape)).collect(),
            row_edge: edge,
            pool_pointer: Optional::when(design.max_pool, || PoolPointer::new(shape)),
            pool_row: (0..shape.pool_rows())
                .map(|_| PoolRow::new(shape))
                .collect(),
            sign_counter: counted.map_or(vec![], |bits| {
                (0..rows)
                    .map(|_| SignCounter::new(&shape.pe, bits))
                    .collect()
            }),
            flag_delay: (0..FLAG_DELAY)
                .map(|_| Register::control(FLAG_BITS))
                .collect(),
            _shape: shape.clone(),
        }
    }

    /// Row words: the tap goes to the feeders, the threshold two cycles later to the edges.
    fn row_words<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let memory = &self.row_words;
        i.connect(&memory.clock, &self.clock);
        i.connect(&memory.write_enable, &self.write_row_word);
        i.connect(&memory.write_address, &self.write_address);
        i.connect(&memory.write_data, &self.row_word);
        i.connect(&memory.read_address, &self.read_address);
        let word = i.read(&memory.read_data);
        let tap = tap_bits(&self._shape);
        let rest = word.slice(tap, word.width() - tap);
        match self.threshold_word.get() {
            Some(registers) => {
                delay(i, &self.clock, registers, rest);
            }
            None => i.unused(rest),
        }
        word.slice(0, tap)
    }

    fn feeder<I: Interpreter>(&self, i: &mut I, r: usize, tap: I::Word) {
        let (feeder, bank) = (&self.feeder[r], &self.code_bank[r]);
        i.connect(&feeder.clock, &self.clock);
        i.connect(&feeder.reset, &self.reset);
        i.connect(&feeder.height, &self.height);
        i.connect(&feeder.width, &self.width);
        i.drive(&feeder.tap_word, tap);
        i.connect(&feeder.read, &self.read);
        i.connect(&feeder.read_address, &self.line_address);
        match r.checked_sub(1).map(|above| &self.feeder[above]) {
            None => {
                i.connect(&feeder.position_in, &self.position);
                i.connect(&feeder.flags_in, &self.flags);
                i.connect(&feeder.load_in, &self.load);
                i.connect(&feeder.swap_in, &self.swap);
            }
            Some(above) => {
                i.connect(&feeder.position_in, &above.position_out);
                i.connect(&feeder.flags_in, &above.flags_out);
                i.connect(&feeder.load_in, &above.load_out);
                i.connect(&feeder.swap_in, &above.swap_out);
            }
        }
        i.connect(&bank.clock, &self.clock);
        i.connect(&bank.read_address, &feeder.address);
        let mut write = (
            i.read(&self.write_code[r]),
            i.read(&self.code_address[r]),
            i.read(&self.code[r]),
        );
        if let (Some(pool), Some(address)) = (self.pool_row.get(r), self.pool_address_of(r)) {
            let (pools, address) = (i.read(&pool.write), i.read(address));
            let code = i.read(&pool.pooled).resize(write.2.width());
            write = (
                write.0 | pools,
                pools.mux(address, write.1),
                pools.mux(code, write.2),
            );
        }
        i.drive(&bank.write_enable, write.0);
        i.drive(&bank.write_address, write.1);
        i.drive(&bank.write_data, write.2);
    }

    /// Where the pool of a row writes.
    fn pool_address_of(&self, r: usize) -> Option<&Net<Out>> {
        match r.checked_sub(1) {
            None => Some(&self.pool_pointer.get()?.address),
            Some(above) => Some(&self.pool_row.get(above)?.address_out),
        }
    }

    /// The pool of a row reads what the edge reads.
    fn pool<I: Interpreter>(&self, i: &mut I, r: usize) {
        let (Some(pool), Some(pointer)) = (self.pool_row.get(r), self.pool_pointer.get()) else {
            return;
        };
        i.connect(&pool.clock, &self.clock);
        i.connect(&pool.reset, &self.reset);
        let code = self.code_read[r].read(i).slice(0, pool.code.width());
        i.drive(&pool.code, code);
        i.connect(&pool.inside, &self.feeder[r].inside);
        i.connect(&pool.fresh, &self.feeder[r].fresh);
        if let Some(descending) = self.row_edge[r].descending.get() {
            i.connect(&pool.descending, descending);
        }
        if let Some(address) = self.pool_address_of(r) {
            i.connect(&pool.address_in, address);
        }
        match (r.checked_sub(1), self.window_last.get()) {
            (Some(above), _) => i.connect(&pool.last_in, &self.pool_row[above].last_out),
            (None, Some(last)) => {
                i.connect(&pool.last_in, last);
                i.connect(&pointer.step, &pool.done);
            }
            _ => {}
        }
        i.connect(&self.pooled_valid[r], &pool.write);
        i.connect(&self.pooled[r], &pool.pooled);
        if let (Some(port), true) = (self.pool_done.get(), r + 1 == self.pool_row.len()) {
            i.connect(port, &pool.done);
            let (last, address) = (i.read(&pool.last_out), i.read(&pool.address_out));
            i.unused(last);
            i.unused(address);
        } else if r > 0 {
            let done = i.read(&pool.done);
            i.unused(done);
        }
    }

    /// Where the codes of a max-pool go.
    fn pool_pointer<I: Interpreter>(&self, i: &mut I) {
        let Some(pointer) = self.pool_pointer.get() else {
            return;
        };
        i.connect(&pointer.clock, &self.clock);
        if let (Some(start), Some(address)) = (self.start.get(), self.pool_address.get()) {
            i.connect(&pointer.start, start);
            i.connect(&pointer.first, address);
        }
    }

    fn edge<I: Interpreter>(&self, i: &mut I, r: usize) {
        let (edge, feeder) = (&self.row_edge[r], &self.feeder[r]);
        i.connect(&edge.clock, &self.clock);
        let code = i.read(&self.code_bank[r].read_data);
        self.code_read[r].load(i, &self.clock, code);
        i.connect(&edge.code, &self.code_read[r].q);
        let line = &self.line[r];
        let code = self.code_read[r].read(i).slice(0, line.width());
        i.drive(line, code);
        i.connect(&edge.inside, &feeder.inside);
        match edge.fresh.get() {
            Some(port) => i.connect(port, &feeder.fresh),
            None => {
                let fresh = i.read(&feeder.fresh);
                i.unused(fresh);
            }
        }
        if let (Some(port), Some(digits)) = (edge.digits.get(), self.digits.get()) {
            i.connect(port, digits);
        }
        if let (Some(port), Some([.., register])) =
            (edge.threshold_word.get(), self.threshold_word.get())
        {
            i.connect(port, &register.q);
        }
        i.connect(&edge.load, &feeder.edge_load);
        i.connect(&edge.swap, &feeder.edge_swap);
        i.connect(&self.operand[r], &edge.operand);
        i.connect(&self.load_out[r], &edge.load_out);
        i.connect(&self.swap_out[r], &edge.swap_out);
    }

    /// The correction column.
    fn count<I: Interpreter>(&self, i: &mut I, r: usize) {
        let Some(counter) = self.sign_counter.get(r) else {
            return;
        };
        i.connect(&counter.clock, &self.clock);
        let operand = i.read(&self.row_edge[r].operand);
        if let Some(missing) = self._shape.pe.missing(i, operand) {
            i.drive(&counter.negative, missing);
        }
        let none = i.constant(counter.count_in.width(), 0);
        match r.checked_sub(1).map(|above| &self.sign_counter[above]) {
            None => i.drive(&counter.count_in, none),
            Some(above) => i.connect(&counter.count_in, &above.count_out),
        }
    }

    /// What leaves below the last row.
    fn leave<I: Interpreter>(&self, i: &mut I) {
        if let (Some(port), Some(last)) = (self.count.get(), self.sign_counter.last()) {
            i.connect(port, &last.count_out);
        }
        let Some(last) = self.feeder.last() else {
            return;
        };
        let mut flags = i.read(&last.flags_out);
        for register in &self.flag_delay {
            register.update_from(i, &self.clock, &self.reset, flags);
            flags = register.read(i);
        }
        i.drive(&self.flags_out, flags);
    }
}

impl Describe for Rows {
    fn module(&self) -> String {
        "rows".to_string()
    }
    fn about(&self) -> String {
        format!(
            "{} rows; row r does in each cycle what row 0 did r cycles before.",
            self.feeder.len()
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let tap = self.row_words(i);
        self.pool_pointer(i);
        for r in 0..self.feeder.len() {
            self.feeder(i, r, tap);
            self.edge(i, r);
            self.pool(i, r);
            self.count(i, r);
        }
        self.leave(i);
    }
}
logic!(Rows);
