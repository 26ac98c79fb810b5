//! The processing element.

use crate::multiplier::{booth, rows};
use crate::powers;
use crate::product::shifted;
use crate::shape::PeShape;
use cromulent_design::PeKind;
use cromulent_kit::{Describe, Interpreter, Lookup, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// One processing element: holds constants, adds their product with the operand from the left to
/// the partial sum from above, and passes operand, load and swap on to the right.
///
/// `swap` comes one cycle before the first operand of a tile; `load` may come in the same cycle.
/// Without a shadow the constants load directly and there is no swap.
///
/// With `pe = "table"` the weight word is an entry of a table of products, of which the element keeps two: `swap_in` says
/// which of them is in use from the next cycle on, and entries go into the other.
#[derive(LogicBlock)]
pub struct Pe {
    /// Clock.
    pub clock: Net<In>,
    /// Operand from the left.
    pub operand_in: Net<In>,
    /// Operand to the right, a cycle later.
    pub operand_out: Net<Out>,
    /// Take the weight word.
    pub load_in: Net<In>,
    /// The same to the right, a cycle later.
    pub load_out: Net<Out>,
    /// Use the weight word taken last from the next cycle on.
    pub swap_in: Optional<Net<In>>,
    /// The same to the right, a cycle later.
    pub swap_out: Optional<Net<Out>>,
    /// Weight word of this column.
    pub weight: Net<In>,
    /// Partial sum from above, modulo 2^bits.
    pub sum_in: Net<In>,
    /// Partial sum to below, a cycle later.
    pub sum_out: Net<Out>,
    operand: Register,
    loading: Register,
    swapping: Optional<Register>,
    shadow: Optional<Register>,
    constants: Optional<Register>,
    products: Optional<Lookup>,
    sum: Register,
    _shape: PeShape,
}

impl Pe {
    /// An element of the given shape.
    pub fn new(shape: &PeShape) -> Pe {
        let word = shape.weight_word_bits();
        let table = shape.kind == PeKind::Table;
        let entries = shape.operand.bits() + usize::from(shape.shadow);
        Pe {
            clock: Net::flag(),
            operand_in: Net::bits(shape.operand.bits()),
            operand_out: Net::bits(shape.operand.bits()),
            load_in: Net::flag(),
            load_out: Net::flag(),
            swap_in: Optional::when(shape.shadow, Net::flag),
            swap_out: Optional::when(shape.shadow, Net::flag),
            weight: Net::bits(word),
            sum_in: Net::bits(shape.sum_bits),
            sum_out: Net::bits(shape.sum_bits),
            operand: Register::data(shape.operand.bits(), false),
            loading: Register::data(1, false),
            swapping: Optional::when(shape.shadow, || Register::data(1, false)),
            shadow: Optional::when(shape.shadow && !table, || Register::enabled(word, false)),
            constants: Optional::when(!table, || Register::enabled(word, false)),
            products: Optional::when(table, || Lookup::new(1 << entries, shape.product_bits)),
            sum: Register::data(shape.sum_bits, false),
            _shape: shape.clone(),
        }
    }

    /// The constants in use, or the operand's product from a table; and what passes to the right besides the operand.
    fn weights<I: Interpreter>(&self, i: &mut I, operand: I::Word) -> I::Word {
        let (load, weight) = (i.read(&self.load_in), i.read(&self.weight));
        self.loading.load(i, &self.clock, load);
        i.connect(&self.load_out, &self.loading.q);
        match (self.products.get(), self.constants.get()) {
            (Some(table), _) => self.looked_up(i, table, weight, operand),
            (None, Some(constants)) => self.constants(i, constants, load, weight),
            (None, None) => weight,
        }
    }

    /// The operand's entry of the table in use, while entries are written into the other.
    fn looked_up<I: Interpreter>(
        &self,
        i: &mut I,
        table: &Lookup,
        entry: I::Word,
        operand: I::Word,
    ) -> I::Word {
        let product = self._shape.product_bits;
        let data = entry.slice(0, product);
        let (mut to, mut from) = (entry.slice(product, entry.width() - product), operand);
        if let (Some(swap_in), Some(swap_out), Some(swapping)) =
            (self.swap_in.get(), self.swap_out.get(), self.swapping.get())
        {
            let half = i.read(swap_in);
            swapping.load(i, &self.clock, half);
            i.connect(swap_out, &swapping.q);
            to = (!half).concat(to);
            from = swapping.read(i).concat(from);
        }
        i.connect(&table.clock, &self.clock);
        i.connect(&table.write_enable, &self.load_in);
        i.drive(&table.write_address, to);
        i.drive(&table.write_data, data);
        i.drive(&table.read_address, from);
        i.read(&table.read_data)
    }

    /// The constants in use.
    fn constants<I: Interpreter>(
        &self,
        i: &mut I,
        constants: &Register,
        load: I::Word,
        weight: I::Word,
    ) -> I::Word {
        let Some((shadow, swap_in, swap_out, swapping)) = self.shadowed() else {
            constants.load_if(i, &self.clock, load, weight);
            return constants.read(i);
        };
        i.comment("The next tile's constants wait in the shadow until the swap");
        shadow.load_if(i, &self.clock, load, weight);
        let (swap, waiting) = (i.read(swap_in), shadow.read(i));
        constants.load_if(i, &self.clock, swap, waiting);
        swapping.load(i, &self.clock, swap);
        i.connect(swap_out, &swapping.q);
        constants.read(i)
    }

    fn shadowed(&self) -> Option<(&Register, &Net<In>, &Net<Out>, &Register)> {
        Some((
            self.shadow.get()?,
            self.swap_in.get()?,
            self.swap_out.get()?,
            self.swapping.get()?,
        ))
    }
}

impl Describe for Pe {
    fn module(&self) -> String {
        "pe".to_string()
    }

    fn about(&self) -> String {
        let shape = &self._shape;
        let how = match (shape.kind, shape.operand.negative) {
            (PeKind::Multiply, _) => {
                "adds operand x weight (radix-4 Booth rows, a negative one as its ones' complement)"
            }
            (PeKind::Table, _) => "adds the product that a table has for the operand",
            (PeKind::LogLog, _) => "adds +-2^(exponent + shift), exponent and sign of the weight",
            (PeKind::Dsp, _) => "adds operand x weight (in a DSP block)",
            (PeKind::Rows, false) => "adds operand x weight (a row for each bit)",
            (PeKind::Rows, true) => {
                "adds +-(number x weight << shift) (a row for each bit), a negative one as its ones' complement"
            }
            (PeKind::Shift, true) => {
                "adds +-(constant << shift), a negative one as its ones' complement"
            }
            (PeKind::Shift, false) => "adds constant << shift",
        };
        if shape.offset() == 0 {
            return format!("Processing element: {how}.");
        }
        let whose = match shape.has_offset_rows() {
            true => "the top bit of each row",
            false => "its top bit",
        };
        format!(
            "Processing element: {how}.\nEvery product is {} too large: {whose} is inverted, not extended.",
            shape.offset()
        )
    }

    fn describe<I: Interpreter>(&self, i: &mut I) {
        let operand = i.read(&self.operand_in);
        self.operand.load(i, &self.clock, operand);
        i.connect(&self.operand_out, &self.operand.q);
        let weights = self.weights(i, operand);
        let above = i.read(&self.sum_in);
        let product = match self._shape.kind {
            PeKind::Shift => shifted(i, &self._shape, weights, operand),
            PeKind::LogLog => {
                let sum = powers::added(i, &self._shape, weights, operand, above);
                self.sum.load(i, &self.clock, sum);
                i.connect(&self.sum_out, &self.sum.q);
                return;
            }
            PeKind::Table => weights,
            PeKind::Rows => rows(i, &self._shape, weights, operand),
            PeKind::Multiply => booth(i, &self._shape, weights, operand),
            PeKind::Dsp => weights.as_signed().multiply(operand.as_signed()),
        };
        let product = product.resize(self._shape.sum_bits).as_unsigned();
        self.sum.load(i, &self.clock, above + product);
        i.connect(&self.sum_out, &self.sum.q);
    }
}
logic!(Pe);
