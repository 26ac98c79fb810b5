//! Rows of processing elements, and the array they make.

use crate::pe::Pe;
use crate::powers;
use crate::shape::{PeShape, Shape};
use crate::table_head::TableHead;
use cromulent_design::PeKind;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, logic};
use rust_hdl_core::prelude::*;

/// One row: the operand travels right, the partial sums pass through downwards.
#[derive(LogicBlock)]
pub struct ArrayRow {
    /// Clock.
    pub clock: Net<In>,
    /// Operand for column 0.
    pub operand: Net<In>,
    /// Load strobe for column 0.
    pub load: Net<In>,
    /// Swap strobe for column 0; with tables, which of the two is in use from the next cycle on.
    pub swap: Net<In>,
    /// Weight word of each column.
    pub weight: Vec<Net<In>>,
    /// Partial sum of each column, from above.
    pub sum_in: Vec<Net<In>>,
    /// Partial sum of each column, to below.
    pub sum_out: Vec<Net<Out>>,
    pe: Vec<Pe>,
}

impl ArrayRow {
    /// A row of `shape.columns` elements.
    pub fn new(shape: &Shape) -> ArrayRow {
        let columns = shape.columns;
        ArrayRow {
            clock: Net::flag(),
            operand: Net::bits(shape.pe.operand.bits()),
            load: Net::flag(),
            swap: Net::flag(),
            weight: Net::array(columns, shape.pe.weight_word_bits(), false),
            sum_in: Net::array(columns, shape.sum_bits, false),
            sum_out: Net::array(columns, shape.sum_bits, false),
            pe: (0..columns).map(|_| Pe::new(&shape.pe)).collect(),
        }
    }

    fn strobes<I: Interpreter>(&self, i: &mut I, column: usize) {
        let pe = &self.pe[column];
        let Some(swap_in) = pe.swap_in.get() else {
            return;
        };
        match column.checked_sub(1).map(|left| &self.pe[left]) {
            None => {
                i.connect(&pe.operand_in, &self.operand);
                i.connect(&pe.load_in, &self.load);
                i.connect(swap_in, &self.swap);
            }
            Some(left) => {
                i.connect(&pe.operand_in, &left.operand_out);
                i.connect(&pe.load_in, &left.load_out);
                if let Some(swap_out) = left.swap_out.get() {
                    i.connect(swap_in, swap_out);
                }
            }
        }
    }
}

impl Describe for ArrayRow {
    fn module(&self) -> String {
        "array_row".to_string()
    }
    fn about(&self) -> String {
        format!(
            "One row of {} processing elements; the operand reaches column j after j cycles.",
            self.pe.len()
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        for (column, pe) in self.pe.iter().enumerate() {
            i.connect(&pe.clock, &self.clock);
            self.strobes(i, column);
            i.connect(&pe.weight, &self.weight[column]);
            i.connect(&pe.sum_in, &self.sum_in[column]);
            i.connect(&self.sum_out[column], &pe.sum_out);
        }
    }
}
logic!(ArrayRow);

/// The weight-stationary array. Row r works r cycles after row 0; column j's sum of what entered
/// row 0 at cycle t leaves at cycle t + rows + j.
#[derive(LogicBlock)]
pub struct Array {
    /// Clock.
    pub clock: Net<In>,
    /// Operand of each row.
    pub operand: Vec<Net<In>>,
    /// Load strobe of each row.
    pub load: Vec<Net<In>>,
    /// Swap strobe of each row.
    pub swap: Vec<Net<In>>,
    /// Weight word of each column, the same for all rows; `load` says who takes it. With tables an element takes what
    /// is made of it, a cycle later.
    pub weight: Vec<Net<In>>,
    /// With tables: the operand for which column 0 makes entries.
    pub entry: Optional<Net<In>>,
    /// With tables: all rows use the same of the two.
    pub reset: Optional<Net<In>>,
    /// Sum of each column modulo 2^sum_bits, products' offsets taken off, signs not yet corrected.
    pub sum: Vec<Net<Out>>,
    head: Vec<TableHead>,
    half: Vec<Register>,
    row: Vec<ArrayRow>,
    _head: i64,
    _pe: PeShape,
}

impl Array {
    /// An array of `shape.rows` rows.
    pub fn new(shape: &Shape) -> Array {
        let rows = shape.rows;
        let table = shape.pe.kind == PeKind::Table;
        let if_table = |count| if table { count } else { 0 };
        Array {
            clock: Net::flag(),
            operand: Net::array(rows, shape.pe.operand.bits(), false),
            load: Net::array(rows, 1, false),
            swap: Net::array(rows, 1, false),
            weight: Net::array(shape.columns, shape.weight_word_bits(), false),
            entry: Optional::when(table, || Net::bits(shape.pe.operand.bits())),
            reset: Optional::when(table, Net::flag),
            sum: Net::array(shape.columns, shape.sum_bits, false),
            head: (0..if_table(shape.columns))
                .map(|_| TableHead::new(shape))
                .collect(),
            half: (0..if_table(rows)).map(|_| Register::control(1)).collect(),
            row: (0..rows).map(|_| ArrayRow::new(shape)).collect(),
            _head: -(rows as i64) * shape.pe.offset(),
            _pe: shape.pe.clone(),
        }
    }

    /// What the elements of column j are loaded with.
    fn loaded<I: Interpreter>(&self, i: &mut I, j: usize) -> I::Word {
        if let Some(head) = self.head.get(j) {
            i.connect(&head.clock, &self.clock);
            i.connect(&head.weight, &self.weight[j]);
            match (j.checked_sub(1), self.entry.get()) {
                (Some(left), _) => i.connect(&head.entry_in, &self.head[left].entry_out),
                (None, Some(entry)) => i.connect(&head.entry_in, entry),
                (None, None) => {}
            }
            return i.read(&head.word);
        }
        let stored = i.read(&self.weight[j]);
        match self._pe.kind {
            PeKind::LogLog => {
                let word = powers::encoded(i, &self._pe, stored);
                i.name(format_args!("power_{j}"), word)
            }
            _ => stored,
        }
    }

    /// The swap strobe of row r; of tables which one is in use, which it changes.
    fn swapped<I: Interpreter>(&self, i: &mut I, r: usize) {
        let row = &self.row[r];
        let (Some(half), Some(reset)) = (self.half.get(r), self.reset.get()) else {
            return i.connect(&row.swap, &self.swap[r]);
        };
        let next = half.read(i) ^ i.read(&self.swap[r]);
        let next = i.name(format_args!("half_of_row_{r}"), next);
        half.update_from(i, &self.clock, reset, next);
        i.drive(&row.swap, next);
    }
}

impl Describe for Array {
    fn module(&self) -> String {
        "array".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Weight-stationary array of {} rows. Partial sums start at minus the offsets that the\nelements' inverted top bits add on the way down.",
            self.row.len()
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let head = i.literal(self.sum[0].width(), false, self._head);
        let columns = 0..self.weight.len();
        let weights: Vec<I::Word> = columns.map(|j| self.loaded(i, j)).collect();
        for (r, row) in self.row.iter().enumerate() {
            i.connect(&row.clock, &self.clock);
            i.connect(&row.operand, &self.operand[r]);
            i.connect(&row.load, &self.load[r]);
            self.swapped(i, r);
            for (j, &weight) in weights.iter().enumerate() {
                i.drive(&row.weight[j], weight);
                match r {
                    0 => i.drive(&row.sum_in[j], head),
                    _ => i.connect(&row.sum_in[j], &self.row[r - 1].sum_out[j]),
                }
            }
        }
        if let Some(last) = self.row.last() {
            for (sum, out) in self.sum.iter().zip(&last.sum_out) {
                i.connect(sum, out);
            }
        }
    }
}
logic!(Array);
