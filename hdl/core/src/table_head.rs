//! What fills the tables of products of one column.

use crate::product::shifted;
use crate::row_edge::rectified_operand;
use crate::shape::{PeShape, Shape};
use cromulent_design::{Design, PeKind};
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Stands between the weights of a column and its elements: makes of the constants of a row and of an operand the
/// entry for it, as an element that shifts would make the product. A tile is loaded once for every operand.
#[derive(LogicBlock)]
pub struct TableHead {
    /// Clock.
    pub clock: Net<In>,
    /// The operand for which entries are made.
    pub entry_in: Net<In>,
    /// The same for the column to the right, a cycle later.
    pub entry_out: Net<Out>,
    /// Constants of the row that is loaded.
    pub weight: Net<In>,
    /// Product, and above it the operand, a cycle later.
    pub word: Net<Out>,
    entry: Register,
    product: Register,
    _coded: bool,
    _shift: PeShape,
}

impl TableHead {
    /// The head of one column of a design with tables.
    pub fn new(shape: &Shape) -> TableHead {
        let operand = shape.pe.operand;
        let shift = PeShape::of(&Design {
            pe: PeKind::Shift,
            ..shape.design.clone()
        });
        TableHead {
            clock: Net::flag(),
            entry_in: Net::bits(operand.bits()),
            entry_out: Net::bits(operand.bits()),
            weight: Net::bits(shape.weight_word_bits()),
            word: Net::bits(shape.pe.weight_word_bits()),
            entry: Register::data(operand.bits(), false),
            product: Register::data(shift.product_bits, false),
            _coded: operand.number > 0,
            _shift: shift,
        }
    }
}

impl Describe for TableHead {
    fn module(&self) -> String {
        "table_head".to_string()
    }
    fn about(&self) -> String {
        "Head of a column: makes the entries of its elements' tables, constant << shift for each operand.\n\
         Products are as elements that shift make them: top bit inverted, a negative one as its ones' complement."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (entry, weight) = (i.read(&self.entry_in), i.read(&self.weight));
        let operand = match self._coded {
            true => {
                let active = entry.any();
                rectified_operand(i, &self._shift.operand, entry, active)
            }
            false => entry,
        };
        let product = shifted(i, &self._shift, weight, operand);
        self.product.load(i, &self.clock, product);
        self.entry.load(i, &self.clock, entry);
        i.connect(&self.entry_out, &self.entry.q);
        let (entry, product) = (self.entry.read(i), self.product.read(i));
        i.drive(&self.word, entry.concat(product));
    }
}
logic!(TableHead);
