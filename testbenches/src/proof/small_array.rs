//! A small array with its edges and its correction, as a circuit of its own.

use cromulent_core::{Array, ColumnFoot, RowEdge, Shape, SignCounter};
use cromulent_kit::{Describe, Interpreter, Net, Optional, logic};
use rust_hdl_core::prelude::*;

/// Row edges, array, correction column and column feet, wired as in the core. Row r expects everything
/// r cycles later than row 0, column j delivers j cycles later than column 0.
#[derive(LogicBlock)]
pub struct SmallArray {
    /// Clock.
    pub clock: Net<In>,
    /// Code of each row.
    pub code: Vec<Net<In>>,
    /// Each row's tap lies on the map.
    pub inside: Vec<Net<In>>,
    /// Each row's first beat of an operand, if there are digits.
    pub fresh: Vec<Net<In>>,
    /// The layer streams integers.
    pub digits: Optional<Net<In>>,
    /// Threshold word for the row that loads.
    pub threshold_word: Optional<Net<In>>,
    /// Load strobe of each row's edge.
    pub load: Vec<Net<In>>,
    /// Swap strobe of each row's edge.
    pub swap: Vec<Net<In>>,
    /// Weight word of each column.
    pub weight: Vec<Net<In>>,
    /// The sum of each column.
    pub corrected: Vec<Net<Out>>,
    row_edge: Vec<RowEdge>,
    array: Array,
    counter: Vec<SignCounter>,
    foot: Vec<ColumnFoot>,
    _shape: Shape,
}

impl SmallArray {
    /// The array of a design.
    pub fn new(shape: &Shape) -> SmallArray {
        let (rows, columns) = (shape.rows, shape.columns);
        let row_edge: Vec<_> = (0..rows).map(|_| RowEdge::new(shape)).collect();
        let width = |net: &Optional<Net<In>>| net.get().map(|net| net.width());
        let word = width(&row_edge[0].threshold_word);
        let (fresh, digits) = (
            row_edge[0].fresh.is_present(),
            row_edge[0].digits.is_present(),
        );
        let counted = shape.count_bits();
        SmallArray {
            clock: Net::flag(),
            code: Net::array(rows, shape.code_word_bits(), false),
            inside: Net::array(rows, 1, false),
            fresh: Net::array(if fresh { rows } else { 0 }, 1, false),
            digits: Optional::when(digits, Net::flag),
            threshold_word: Optional::when(word.is_some(), || Net::bits(word.unwrap_or(1))),
            load: Net::array(rows, 1, false),
            swap: Net::array(rows, 1, false),
            weight: Net::array(columns, shape.weight_word_bits(), false),
            corrected: Net::array(columns, shape.sum_bits, true),
            row_edge,
            array: Array::new(shape),
            counter: counted.map_or(vec![], |bits| {
                (0..rows)
                    .map(|_| SignCounter::new(&shape.pe, bits))
                    .collect()
            }),
            foot: (0..columns).map(|_| ColumnFoot::new(shape)).collect(),
            _shape: shape.clone(),
        }
    }

    fn row<I: Interpreter>(&self, i: &mut I, r: usize) {
        let edge = &self.row_edge[r];
        i.connect(&edge.clock, &self.clock);
        i.connect(&edge.code, &self.code[r]);
        i.connect(&edge.inside, &self.inside[r]);
        i.connect(&edge.load, &self.load[r]);
        i.connect(&edge.swap, &self.swap[r]);
        if let (Some(port), Some(fresh)) = (edge.fresh.get(), self.fresh.get(r)) {
            i.connect(port, fresh);
        }
        for (port, net) in [
            (&edge.digits, &self.digits),
            (&edge.threshold_word, &self.threshold_word),
        ] {
            if let (Some(port), Some(net)) = (port.get(), net.get()) {
                i.connect(port, net);
            }
        }
        i.connect(&self.array.operand[r], &edge.operand);
        i.connect(&self.array.load[r], &edge.load_out);
        i.connect(&self.array.swap[r], &edge.swap_out);
        self.count(i, r);
    }

    fn count<I: Interpreter>(&self, i: &mut I, r: usize) {
        let Some(counter) = self.counter.get(r) else {
            return;
        };
        i.connect(&counter.clock, &self.clock);
        let operand = i.read(&self.row_edge[r].operand);
        if let Some(missing) = self._shape.pe.missing(i, operand) {
            i.drive(&counter.negative, missing);
        }
        match r.checked_sub(1) {
            Some(above) => i.connect(&counter.count_in, &self.counter[above].count_out),
            None => {
                let none = i.constant(counter.count_in.width(), 0);
                i.drive(&counter.count_in, none);
            }
        }
    }

    fn column<I: Interpreter>(&self, i: &mut I, j: usize) {
        let foot = &self.foot[j];
        i.connect(&foot.clock, &self.clock);
        i.connect(&self.array.weight[j], &self.weight[j]);
        i.connect(&foot.sum, &self.array.sum[j]);
        if let Some(count_in) = foot.count_in.get() {
            let left = j.checked_sub(1).map(|left| &self.foot[left].count_out);
            let first = self.counter.last().map(|counter| &counter.count_out);
            match left {
                Some(left) => left.get().map(|left| i.connect(count_in, left)),
                None => first.map(|first| i.connect(count_in, first)),
            };
        }
        i.connect(&self.corrected[j], &foot.corrected);
    }
}

impl Describe for SmallArray {
    fn module(&self) -> String {
        "small_array".to_string()
    }
    fn about(&self) -> String {
        "Row edges, array, correction column and column feet.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        i.connect(&self.array.clock, &self.clock);
        for r in 0..self.row_edge.len() {
            self.row(i, r);
        }
        for j in 0..self.foot.len() {
            self.column(i, j);
        }
    }
}
logic!(SmallArray);
