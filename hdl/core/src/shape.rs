//! The widths of one accelerator, gathered once from its design.

use crate::{multiplier, powers};
use cromulent_design::{Design, PeKind};
use cromulent_kit::{Interpreter, Word, address_bits};

/// Everything the blocks need to know of a design, in bits unless said otherwise.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Rows of the array.
    pub rows: usize,
    /// Columns of the array.
    pub columns: usize,
    /// How a processing element multiplies.
    pub pe: PeShape,
    /// A partial sum inside the array.
    pub sum_bits: usize,
    /// An accumulator.
    pub accumulator_bits: usize,
    /// Fraction bits of the quantizer's thetas.
    pub fraction_bits: usize,
    /// Steps per octave, which is the number of thetas.
    pub root: usize,
    /// The design itself.
    pub design: Design,
}

/// What one processing element is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeShape {
    /// How it multiplies.
    pub kind: PeKind,
    /// One constant A.
    pub weight_bits: usize,
    /// How many constants A: one per step of an octave.
    pub roots: usize,
    /// The constant B, if the affine form has one.
    pub bias_bits: Option<usize>,
    /// The shift of every inactive operand, if there is a B.
    pub bias_shift: usize,
    /// The operand that travels along the row.
    pub operand: OperandShape,
    /// Whether its number is in two's complement.
    pub number_is_signed: bool,
    /// The logarithm of the distance that the lowest bit of its shift stands for.
    pub shift_unit: usize,
    /// One product; its top bit leaves the element inverted.
    pub product_bits: usize,
    /// A partial sum.
    pub sum_bits: usize,
    /// A second register per constant, so that the next tile loads while this one computes.
    pub shadow: bool,
}

/// Fields of an operand, lowest first: number, shift, root, negative, active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperandShape {
    /// The number that is multiplied; an element that only shifts has none.
    pub number: usize,
    /// Shift distance, in units of [`PeShape::shift_unit`].
    pub shift: usize,
    /// Which constant.
    pub root: usize,
    /// One bit if operands have a sign beside their number.
    pub negative: bool,
    /// One bit if operands can be inactive beside a number of 0.
    pub active: bool,
}

impl OperandShape {
    /// Bits of the whole.
    pub fn bits(&self) -> usize {
        let flags = usize::from(self.negative) + usize::from(self.active);
        self.number + self.shift + self.root + flags
    }

    /// The number that is multiplied.
    pub fn number_of<W: Word>(&self, operand: W) -> W {
        operand.slice(0, self.number)
    }

    /// The shift distance.
    pub fn shift_of<W: Word>(&self, operand: W) -> W {
        operand.slice(self.number, self.shift)
    }

    /// The constant's number, if there are several.
    pub fn root_of<W: Word>(&self, operand: W) -> Option<W> {
        (self.root > 0).then(|| operand.slice(self.number + self.shift, self.root))
    }

    /// The sign, if there is one.
    pub fn negative_of<W: Word>(&self, operand: W) -> Option<W> {
        let place = self.number + self.shift + self.root;
        self.negative.then(|| operand.bit(place))
    }

    /// Whether it is active, if that is said.
    pub fn active_of<W: Word>(&self, operand: W) -> Option<W> {
        self.active.then(|| operand.top())
    }

    /// Puts the operand of an element that shifts together; fields it lacks are left out.
    pub fn pack<I: Interpreter>(
        &self,
        active: I::Word,
        negative: I::Word,
        root: Option<I::Word>,
        shift: I::Word,
    ) -> I::Word {
        let mut word = shift.resize(self.shift);
        if let (true, Some(root)) = (self.root > 0, root) {
            word = root.concat(word);
        }
        if self.negative {
            word = negative.concat(word);
        }
        if self.active {
            word = active.concat(word);
        }
        word
    }
}

impl Shape {
    /// The shape of a valid design.
    pub fn of(design: &Design) -> Shape {
        let pe = PeShape::of(design);
        Shape {
            rows: design.rows as usize,
            columns: design.columns as usize,
            sum_bits: pe.sum_bits,
            pe,
            accumulator_bits: design.accumulator_bits as usize,
            fraction_bits: design.threshold_fraction_bits as usize,
            root: design.format.root() as usize,
            design: design.clone(),
        }
    }

    /// A word of a column's weight bank.
    pub fn weight_word_bits(&self) -> usize {
        self.pe.constants_bits()
    }

    /// What the products of all rows are short of, if they may be: the count of negative operands, or of what Booth
    /// rows leave out.
    pub fn count_bits(&self) -> Option<usize> {
        let most = self.pe.most_missing();
        (most > 0).then(|| address_bits(self.rows * most + 1))
    }

    /// Rows that pool: all of them, or none.
    pub fn pool_rows(&self) -> usize {
        if self.design.max_pool { self.rows } else { 0 }
    }

    /// An address of a code bank.
    pub fn address_bits(&self) -> usize {
        self.design.address_bits() as usize
    }

    /// A coordinate on a feature map, borders included.
    pub fn coordinate_bits(&self) -> usize {
        self.design.coordinate_bits() as usize
    }

    /// A word of a code bank.
    pub fn code_word_bits(&self) -> usize {
        self.design.code_word_bits() as usize
    }

    /// The threshold field of a row word.
    pub fn threshold_bits(&self) -> usize {
        self.design.threshold_bits() as usize
    }

    /// A word that leaves: an accumulator less a mean, or a code.
    pub fn word_bits(&self) -> usize {
        self.accumulator_bits + 1
    }

    /// Whether there are narrower formats that a layer may write in these codes.
    pub fn has_narrower(&self) -> bool {
        self.design.format.narrower().next().is_some()
    }

    /// Whether the quantizer has to know how far apart the codes of a layer are: to say what is nearly their
    /// smallest value.
    pub fn has_spacing(&self) -> bool {
        self.design.format.is_rectified() && self.root > 1
    }

    /// A channel set of the quantizers.
    pub fn channel_bits(&self) -> usize {
        self.design.channel_address_bits() as usize
    }

    /// An address of the queue of tile lines.
    pub fn weight_address_bits(&self) -> usize {
        self.design.weight_address_bits() as usize
    }

    /// An address of a column's residual stream.
    pub fn stream_address_bits(&self) -> usize {
        self.design.stream_address_bits() as usize
    }

    /// Cycles from a total to the value that is coded.
    pub fn stream_delay(&self) -> usize {
        match self.design.has_stream() {
            true => cromulent_design::STREAM_LATENCY as usize,
            false => 0,
        }
    }

    /// The difference that is coded.
    pub fn difference_bits(&self) -> usize {
        self.design.difference_bits() as usize
    }

    /// The count of words of one position that saturate.
    pub fn saturation_bits(&self) -> usize {
        address_bits(self.columns + 1)
    }
}

impl PeShape {
    /// The processing element of a valid design, with its shadow registers.
    pub fn of(design: &Design) -> PeShape {
        let code_bits = design.format.code_bits() as usize;
        let shifts = design.pe.takes_powers();
        let shift_unit = match design.pe {
            PeKind::Rows => code_bits.ilog2() as usize,
            _ => 0,
        };
        let shift = match design.pe {
            PeKind::Shift | PeKind::LogLog | PeKind::Table => design.shift_bits() as usize,
            PeKind::Rows if design.image_digits => design.shift_bits() as usize - shift_unit,
            PeKind::Rows | PeKind::Multiply | PeKind::Dsp => 0,
        };
        let mut shape = PeShape {
            kind: design.pe,
            weight_bits: design.weight_bits as usize,
            roots: design.format.root() as usize,
            bias_bits: design.has_bias().then_some(design.bias_bits as usize),
            bias_shift: design.format.bias_shift() as usize,
            operand: OperandShape {
                number: if shifts { 0 } else { code_bits },
                shift,
                root: design.root_bits() as usize,
                negative: design.has_sign(),
                active: design.has_active() && shifts,
            },
            number_is_signed: design.takes_whole_integers(),
            shift_unit,
            product_bits: design.product_bits() as usize,
            sum_bits: design.sum_bits() as usize,
            shadow: true,
        };
        let operand = &mut shape.operand;
        if design.pe == PeKind::Table && design.has_coded_tables() {
            // A code that is all there is needs no fields.
            *operand = OperandShape {
                number: design.table_bits() as usize,
                shift: 0,
                root: 0,
                negative: false,
                active: false,
            };
        }
        shape
    }

    /// Bits of the constants as they are stored: A, lowest first, then B.
    pub fn constants_bits(&self) -> usize {
        self.weight_bits * self.roots + self.bias_bits.unwrap_or(0)
    }

    /// Bits of the word an element is loaded with: the constants; sign and exponent of one that is a power of two; or a
    /// product and, above it, the operand it is the product of.
    pub fn weight_word_bits(&self) -> usize {
        match self.kind {
            PeKind::LogLog => 1 + powers::exponent_bits(self),
            PeKind::Table => self.product_bits + self.operand.bits(),
            _ => self.constants_bits(),
        }
    }

    /// What every element adds besides its product: the top bit of the product, or of each row that is added up to
    /// it, is inverted instead of extended. A DSP block extends products itself, and adds them if it can.
    pub fn offset(&self) -> i64 {
        match self.has_offset_rows() {
            true => multiplier::offset(self),
            false if self.kind == PeKind::Dsp => 0,
            false => 1 << (self.product_bits - 1),
        }
    }

    /// Whether each row of a multiplier has an offset of its own. A product that is shifted or complemented afterwards
    /// must not have one.
    pub fn has_offset_rows(&self) -> bool {
        match self.kind {
            PeKind::Shift | PeKind::LogLog | PeKind::Table | PeKind::Dsp => false,
            PeKind::Rows => self.operand.shift == 0,
            PeKind::Multiply => true,
        }
    }

    /// The most that a product is short of: 1 of a ones' complement.
    pub fn most_missing(&self) -> usize {
        match self.kind {
            PeKind::Multiply => multiplier::most_missing(self),
            PeKind::Shift | PeKind::Table | PeKind::Rows => self.operand.negative.into(),
            PeKind::LogLog | PeKind::Dsp => 0,
        }
    }

    /// What the products with an operand are short of, whatever the constants; `None` if nothing ever.
    pub fn missing<I: Interpreter>(&self, i: &mut I, operand: I::Word) -> Option<I::Word> {
        match self.kind {
            PeKind::Multiply => multiplier::missing(i, self, operand),
            PeKind::Shift | PeKind::Table | PeKind::Rows => self.operand.negative_of(operand),
            PeKind::LogLog | PeKind::Dsp => None,
        }
    }
}
