//! The left edge of one row: from a stored code to the operand of the processing elements.

use crate::digit_recoder::DigitRecoder;
use crate::shape::{OperandShape, Shape};
use cromulent_design::Affine;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use cromulent_number::{Format, from_order, integer};
use rust_hdl_core::prelude::*;

/// Decides the ReLU once for the whole row: compares the code with the row's threshold (exact),
/// clamps it there (snapped, re-centred), or reads it as rectified; off the map it sends what the
/// form calls nothing. In layers of integers it sends signed digits.
#[derive(LogicBlock)]
pub struct RowEdge {
    /// Clock.
    pub clock: Net<In>,
    /// The code bank's data.
    pub code: Net<In>,
    /// The tap lies on the map.
    pub inside: Net<In>,
    /// First beat of an operand.
    pub fresh: Optional<Net<In>>,
    /// The layer streams integers.
    pub digits: Optional<Net<In>>,
    /// Threshold words: threshold or pad value, then direction.
    pub threshold_word: Optional<Net<In>>,
    /// Take the threshold word.
    pub load: Net<In>,
    /// The tile's first position comes next cycle at the feeder.
    pub swap: Net<In>,
    /// The affine in use descends.
    pub descending: Optional<Net<Out>>,
    /// Operand of the row's first processing element.
    pub operand: Net<Out>,
    /// Load strobe of the row's first processing element.
    pub load_out: Net<Out>,
    /// Swap strobe of the row's first processing element.
    pub swap_out: Net<Out>,
    shadow: Optional<Register>,
    threshold: Optional<Register>,
    loading: Register,
    loading_late: Register,
    swapping: Register,
    swapping_late: Register,
    recoder: Optional<DigitRecoder>,
    sent: Register,
    _shape: Shape,
}

/// Bits of the fields of a row word that the edge keeps, if this form keeps any.
pub(crate) fn threshold_word_bits(shape: &Shape) -> Option<usize> {
    let design = &shape.design;
    let needed = design.affine != Affine::Rectified || design.takes_integers() || design.max_pool;
    needed.then(|| shape.threshold_bits() + 1)
}

impl RowEdge {
    /// The edge of one row.
    pub fn new(shape: &Shape) -> RowEdge {
        let word = threshold_word_bits(shape);
        let digits = shape.design.image_digits;
        let threshold = || Register::enabled(word.unwrap_or(1), false);
        RowEdge {
            clock: Net::flag(),
            code: Net::bits(shape.code_word_bits()),
            inside: Net::flag(),
            fresh: Optional::when(digits, Net::flag),
            digits: Optional::when(shape.design.takes_integers(), Net::flag),
            threshold_word: Optional::when(word.is_some(), || Net::bits(word.unwrap_or(1))),
            load: Net::flag(),
            swap: Net::flag(),
            descending: Optional::when(shape.design.max_pool, Net::flag),
            operand: Net::bits(shape.pe.operand.bits()),
            load_out: Net::flag(),
            swap_out: Net::flag(),
            shadow: Optional::when(word.is_some(), threshold),
            threshold: Optional::when(word.is_some(), threshold),
            loading: Register::data(1, false),
            loading_late: Register::data(1, false),
            swapping: Register::data(1, false),
            swapping_late: Register::data(1, false),
            recoder: Optional::when(digits, DigitRecoder::new),
            sent: Register::data(shape.pe.operand.bits(), false),
            _shape: shape.clone(),
        }
    }

    /// Load and swap follow the position through the two stages of feeder and edge.
    fn strobes<I: Interpreter>(&self, i: &mut I) {
        let (load, swap) = (i.read(&self.load), i.read(&self.swap));
        self.loading.load(i, &self.clock, load);
        self.swapping.load(i, &self.clock, swap);
        let (load, swap) = (self.loading.read(i), self.swapping.read(i));
        self.loading_late.load(i, &self.clock, load);
        self.swapping_late.load(i, &self.clock, swap);
        i.connect(&self.load_out, &self.loading_late.q);
        i.connect(&self.swap_out, &self.swapping_late.q);
    }

    /// The threshold (or pad value) in use and its direction.
    fn threshold<I: Interpreter>(&self, i: &mut I) -> Option<(I::Word, I::Word)> {
        let (port, shadow, threshold) = (
            self.threshold_word.get()?,
            self.shadow.get()?,
            self.threshold.get()?,
        );
        let (load, word) = (self.loading.read(i), i.read(port));
        shadow.load_if(i, &self.clock, load, word);
        let (swap, next) = (self.swapping.read(i), shadow.read(i));
        threshold.load_if(i, &self.clock, swap, next);
        let word = threshold.read(i);
        Some((word.slice(0, word.width() - 1), word.top()))
    }

    /// The operand of a shifting element: a code's, or an integer's digit.
    fn log_operand<I: Interpreter>(
        &self,
        i: &mut I,
        threshold: Option<(I::Word, I::Word)>,
    ) -> I::Word {
        if self._shape.design.format.is_level()
            && let Some((threshold, descending)) = threshold
            && let Some(digit) = self.level_operand(i, threshold, descending)
        {
            return digit;
        }
        let code = self.code_operand(i, threshold);
        let digit = threshold.and_then(|(pad, _)| self.digit_operand(i, pad));
        match (digit, self.digits.get()) {
            (Some(digit), Some(mode)) => i.read(mode).mux(digit, code),
            _ => code,
        }
    }

    /// The operand of a log code.
    fn code_operand<I: Interpreter>(
        &self,
        i: &mut I,
        threshold: Option<(I::Word, I::Word)>,
    ) -> I::Word {
        let inside = i.read(&self.inside);
        let code = i
            .read(&self.code)
            .slice(0, self._shape.design.format.code_bits() as usize);
        match (self._shape.design.affine, threshold) {
            (Affine::Exact, Some((threshold, descending))) => self.exact(
                i,
                code,
                inside,
                threshold.slice(0, code.width() + 1),
                descending,
            ),
            (Affine::Snapped | Affine::Recentred, Some((threshold, descending))) => self.clamped(
                i,
                code,
                inside,
                threshold.slice(0, code.width()),
                descending,
            ),
            _ => {
                let active = code.any() & inside;
                rectified_operand(i, &self._shape.pe.operand, code, active)
            }
        }
    }

    /// Active at or above the threshold (below it when descending); inactive selects −(B << s).
    fn exact<I: Interpreter>(
        &self,
        i: &mut I,
        code: I::Word,
        inside: I::Word,
        threshold: I::Word,
        descending: I::Word,
    ) -> I::Word {
        let order = i.name("order", value_order(code)).resize(threshold.width());
        let active = (order.at_least(threshold) ^ descending) & inside;
        let active = i.name("active", active);
        let s = i.constant(
            self._shape.pe.operand.shift,
            u64::from(self._shape.design.format.bias_shift()),
        );
        let (negative, root, shift) = self.fields(code);
        let (one, none) = (
            i.constant(1, 1),
            root.map(|root| root & active.repeat(root.width())),
        );
        self._shape.pe.operand.pack::<I>(
            active,
            active.mux(negative, one),
            none,
            active.mux(shift, s),
        )
    }

    /// The larger of code and threshold (the smaller when descending); off the map the threshold.
    fn clamped<I: Interpreter>(
        &self,
        i: &mut I,
        code: I::Word,
        inside: I::Word,
        threshold: I::Word,
        descending: I::Word,
    ) -> I::Word {
        let clamped = self.clamped_order(i, code, inside, threshold, descending);
        // Value order back to a code: the map is its own inverse but for the sign bit.
        let width = code.width();
        let index = clamped.slice(0, width - 1);
        let sign = !clamped.top();
        let code = sign.concat(index ^ sign.repeat(width - 1));
        let (negative, root, shift) = self.fields(i.name("sent_code", code));
        let one = i.constant(1, 1);
        self._shape.pe.operand.pack::<I>(one, negative, root, shift)
    }

    /// The place of the code among the values, clamped at the threshold; off the map the threshold.
    fn clamped_order<I: Interpreter>(
        &self,
        i: &mut I,
        code: I::Word,
        inside: I::Word,
        threshold: I::Word,
        descending: I::Word,
    ) -> I::Word {
        let order = i.name("order", value_order(code));
        let keep = (order.at_least(threshold) ^ descending) & inside;
        i.name("clamped", keep.mux(order, threshold))
    }

    /// A level format: the digit of the clamped code's integer, or of an image's.
    fn level_operand<I: Interpreter>(
        &self,
        i: &mut I,
        threshold: I::Word,
        descending: I::Word,
    ) -> Option<I::Word> {
        let format = self._shape.design.format;
        let bits = format.code_bits() as usize;
        let (inside, code) = (i.read(&self.inside), i.read(&self.code).slice(0, bits));
        let place = self.clamped_order(i, code, inside, threshold.slice(0, bits), descending);
        let level = match format {
            Format::O4 => table(i, place, |place| {
                let level = integer(format, from_order(format, place)).unwrap_or(0);
                u64::from(level.cast_unsigned() & 0xFF)
            }),
            // k is the place less half of the codes: the top bit flipped.
            _ => {
                let low = place.slice(0, bits - 1);
                (!place.top())
                    .concat(low)
                    .as_signed()
                    .resize(8)
                    .as_unsigned()
            }
        };
        let level = i.name("level", level);
        let pixel = self.integer(i, threshold);
        let mode = i.read(self.digits.get()?);
        let value = mode.mux(pixel, level);
        self.recoded(i, value)
    }

    /// Sign, root and shift of a signed code.
    fn fields<W: Word>(&self, code: W) -> (W, Option<W>, W) {
        let root_bits = self._shape.pe.operand.root;
        let index = code.slice(0, code.width() - 1);
        let root = (root_bits > 0).then(|| index.slice(0, root_bits));
        let shift = index.slice(root_bits, index.width() - root_bits);
        (code.top(), root, shift.resize(self._shape.pe.operand.shift))
    }

    /// The operand of an integer's digit, off the map of the pad value's.
    fn digit_operand<I: Interpreter>(&self, i: &mut I, pad: I::Word) -> Option<I::Word> {
        self.recoder.get()?;
        i.comment("Layers of integers: off the map the pad value stands");
        let value = self.integer(i, pad);
        self.recoded(i, value)
    }

    /// The integer of a layer of integers: what is stored, off the map the pad value.
    fn integer<I: Interpreter>(&self, i: &mut I, pad: I::Word) -> I::Word {
        let (inside, code) = (i.read(&self.inside), i.read(&self.code));
        inside.mux(code.slice(0, 8), pad.slice(0, 8))
    }

    /// The operand of this beat's digit of an integer.
    fn recoded<I: Interpreter>(&self, i: &mut I, integer: I::Word) -> Option<I::Word> {
        let [active, negative, exponent] = self.digit(i, integer)?;
        // In the exact form nothing is minus B, and B is zero in these layers.
        let negative = match self._shape.design.has_bias() {
            true => negative | !active,
            false => negative & active,
        };
        let operand = &self._shape.pe.operand;
        let root = (operand.root > 0).then(|| i.constant(operand.root, 0));
        Some(operand.pack::<I>(active, negative, root, exponent))
    }

    /// This beat's digit of an integer: whether there is one, whether it is negative, its exponent.
    fn digit<I: Interpreter>(&self, i: &mut I, integer: I::Word) -> Option<[I::Word; 3]> {
        let (recoder, fresh) = (self.recoder.get()?, self.fresh.get()?);
        i.connect(&recoder.clock, &self.clock);
        i.connect(&recoder.fresh, fresh);
        i.drive(&recoder.integer, integer);
        let (active, negative) = (i.read(&recoder.active), i.read(&recoder.negative));
        Some([active, negative, i.read(&recoder.exponent)])
    }

    /// Hands the direction to the pool; marks the bits of the threshold word that only other forms read.
    fn leave_unread<I: Interpreter>(&self, i: &mut I, threshold: Option<(I::Word, I::Word)>) {
        let Some((threshold, descending)) = threshold else {
            return;
        };
        if let Some(port) = self.descending.get() {
            i.drive(port, descending);
        }
        let design = &self._shape.design;
        let read = match design.affine {
            _ if design.format.is_level() => 8,
            Affine::Rectified if design.takes_integers() => 8,
            Affine::Rectified => 0,
            _ if design.image_digits => threshold.width(),
            Affine::Snapped | Affine::Recentred => design.format.code_bits() as usize,
            Affine::Exact => threshold.width(),
        };
        if read < threshold.width() {
            i.unused(threshold.slice(read, threshold.width() - read));
        }
        if design.affine == Affine::Rectified && !design.max_pool {
            i.unused(descending);
        }
    }

    /// A multiplier takes the number as it is; off the map a pixel's pad value, or code zero.
    fn number<I: Interpreter>(&self, i: &mut I, threshold: Option<(I::Word, I::Word)>) -> I::Word {
        let (inside, code) = (i.read(&self.inside), i.read(&self.code));
        let (Some((pad, _)), Some(mode)) = (threshold, self.digits.get()) else {
            return code & inside.repeat(code.width());
        };
        let digits = i.read(mode);
        if let Some(digit) = self.number_of_digit(i, pad) {
            let fields = self._shape.pe.operand;
            let code = code.slice(0, fields.number) & inside.repeat(fields.number);
            return digits.mux(digit, code.resize(fields.bits()));
        }
        inside.mux(
            code,
            pad.slice(0, code.width()) & digits.repeat(code.width()),
        )
    }

    /// A digit of an integer for rows of adders: a power of two below the unit of the shift, and the rest as shift.
    fn number_of_digit<I: Interpreter>(&self, i: &mut I, pad: I::Word) -> Option<I::Word> {
        self.recoder.get()?;
        i.comment("Layers of integers: off the map the pad value stands");
        let value = self.integer(i, pad);
        let [active, negative, exponent] = self.digit(i, value)?;
        let (fields, unit) = (self._shape.pe.operand, self._shape.pe.shift_unit);
        let power = active
            .resize(fields.number)
            .shift_left(exponent.slice(0, unit));
        let power = i.name("power", power);
        let shift = exponent.slice(unit, fields.shift);
        Some((negative & active).concat(shift).concat(power))
    }
}

/// A table of bytes, by a multiplexer: the entry of an index.
fn table<I: Interpreter>(i: &mut I, index: I::Word, entry: impl Fn(u32) -> u64) -> I::Word {
    let mut entries: Vec<I::Word> = (0..1 << index.width())
        .map(|place| i.constant(8, entry(place)))
        .collect();
    for bit in 0..index.width() {
        let select = index.slice(bit, 1);
        entries = entries
            .chunks(2)
            .map(|pair| select.mux(pair[1], pair[0]))
            .collect();
    }
    entries[0]
}

/// The operand of a rectified code for elements that shift: code 0 adds nothing; code n + 1 is the magnitude n.
pub(crate) fn rectified_operand<I: Interpreter>(
    i: &mut I,
    operand: &OperandShape,
    code: I::Word,
    active: I::Word,
) -> I::Word {
    let active = i.name("active", active);
    let one = i.constant(code.width(), 1);
    let index = i.name("index", (code - one) & active.repeat(code.width()));
    let root = (operand.root > 0).then(|| index.slice(0, operand.root));
    let shift = index
        .slice(operand.root, index.width() - operand.root)
        .resize(operand.shift);
    let zero = i.constant(1, 0);
    operand.pack::<I>(active, zero, root, shift)
}

/// The place of a code among the values.
pub(crate) fn code_order<W: Word>(format: Format, code: W) -> W {
    match format.is_signed() {
        true => value_order(code),
        false => code,
    }
}

/// The place of a signed code among the values: sign flipped, magnitude mirrored when negative.
fn value_order<W: Word>(code: W) -> W {
    let sign = code.top();
    let index = code.slice(0, code.width() - 1);
    (!sign).concat(index ^ sign.repeat(index.width()))
}

impl Describe for RowEdge {
    fn module(&self) -> String {
        "row_edge".to_string()
    }
    fn about(&self) -> String {
        let design = &self._shape.design;
        format!(
            "Left edge of one row: {} codes, affine {}.",
            design.format, design.affine
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.strobes(i);
        let threshold = self.threshold(i);
        self.leave_unread(i, threshold);
        let operand = match self._shape.pe.operand.number {
            0 => self.log_operand(i, threshold),
            _ => self.number(i, threshold),
        };
        self.sent.load(i, &self.clock, operand);
        i.connect(&self.operand, &self.sent.q);
    }
}
logic!(RowEdge);
