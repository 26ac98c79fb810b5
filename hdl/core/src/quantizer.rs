//! From an accumulated total to a code: N(x) and the logarithm, without a multiplier.

use crate::residual::STREAM_BITS;
use crate::shape::Shape;
use cromulent_design::{NormWord, PeKind};
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of a quantizer's exponent.
const EXPONENT_BITS: usize = NormWord::EXPONENT_BITS as usize;
/// Bits of a mean of the residual stream.
const MEAN_BITS: usize = NormWord::MEAN_BITS as usize;
/// Bits of the step count before it is clamped: root x 48 less an 8-bit exponent.
const STEP_BITS: usize = 10;

/// The quantizer of one column, five stages: subtract the mean, take the magnitude, find its
/// leading one, compare the mantissa with the thetas, clamp. The int8 baseline multiplies instead.
/// A raw word is the difference itself.
#[derive(LogicBlock)]
pub struct Quantizer {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: no word is under way.
    pub reset: Net<In>,
    /// Words leave as differences, not as codes.
    pub raw: Net<In>,
    /// A value is there.
    pub valid: Net<In>,
    /// The value: a total less its mean, or a word of the residual stream.
    pub value: Net<In>,
    /// Mean of the channel's stream, in step with the value.
    pub mean: Net<In>,
    /// Exponent (int8: shift) of the channel, in step with the value.
    pub exponent: Net<In>,
    /// Negate the difference, in step with the value.
    pub negate: Optional<Net<In>>,
    /// Thetas less their leading one (int8: the multiplier), three cycles (int8: two) after the value.
    pub theta: Vec<Net<In>>,
    /// A word leaves.
    pub word_valid: Net<Out>,
    /// The word.
    pub word: Net<Out>,
    marks: Vec<Register>,
    difference: Register,
    raw_word: Vec<Register>,
    exponents: Vec<Register>,
    negated: Optional<Register>,
    sign: Vec<Register>,
    magnitude: Register,
    leading: Optional<Register>,
    mantissa: Optional<Register>,
    nonzero: Vec<Register>,
    steps: Optional<Register>,
    reached: Optional<Register>,
    product: Optional<Register>,
    scaled: Optional<Register>,
    code: Register,
    _shape: Shape,
}

impl Quantizer {
    /// The quantizer of one column.
    pub fn new(shape: &Shape) -> Quantizer {
        let word = shape.word_bits();
        // A word of the stream less its mean may be longer than a short accumulator's difference.
        let bits = word.max(STREAM_BITS + 2);
        let multiply = shape.pe.kind == PeKind::Multiply;
        let rectified = !shape.design.format.is_signed_log();
        let fraction = shape.fraction_bits;
        Quantizer {
            clock: Net::flag(),
            reset: Net::flag(),
            raw: Net::flag(),
            valid: Net::flag(),
            value: Net::new(word, true),
            mean: Net::new(MEAN_BITS, true),
            exponent: Net::bits(EXPONENT_BITS),
            negate: Optional::when(rectified, Net::flag),
            theta: Net::array(shape.root, fraction + 1, false),
            word_valid: Net::flag(),
            word: Net::new(word, true),
            marks: (0..5).map(|_| Register::control(1)).collect(),
            difference: Register::data(bits, true),
            raw_word: Register::data_array(3, word, true),
            exponents: Register::data_array(3, EXPONENT_BITS, false),
            negated: Optional::when(rectified, || Register::data(1, false)),
            sign: Register::data_array(3, 1, false),
            magnitude: Register::data(bits, false),
            leading: Optional::when(!multiply, || Register::data(6, false)),
            mantissa: Optional::when(!multiply, || Register::data(fraction, false)),
            nonzero: Register::data_array(if multiply { 0 } else { 2 }, 1, false),
            steps: Optional::when(!multiply, || Register::data(STEP_BITS, true)),
            reached: Optional::when(!multiply, || {
                Register::data(shape.root.ilog2() as usize + 1, false)
            }),
            product: Optional::when(multiply, || Register::data(bits + fraction + 2, false)),
            scaled: Optional::when(multiply, || Register::data(bits + fraction + 2, false)),
            code: Register::data(word, true),
            _shape: shape.clone(),
        }
    }

    /// Loads a chain of registers one into the next; the last one's value.
    fn delay<I: Interpreter>(&self, i: &mut I, chain: &[Register], first: I::Word) -> I::Word {
        chain.iter().fold(first, |word, register| {
            register.load(i, &self.clock, word);
            register.read(i)
        })
    }

    /// Stages 1 and 2: difference to the mean, its sign and magnitude.
    fn measure<I: Interpreter>(&self, i: &mut I) {
        let bits = self.difference.q.width();
        let (value, mean) = (
            i.read(&self.value).resize(bits),
            i.read(&self.mean).resize(bits),
        );
        self.difference.load(i, &self.clock, value - mean);
        let difference = self.difference.read(i);
        let below = difference.top();
        let sign = match (self.negate.get(), self.negated.get()) {
            (Some(port), Some(register)) => {
                let negate = i.read(port);
                register.load(i, &self.clock, negate);
                below ^ register.read(i)
            }
            _ => below,
        };
        self.delay(i, &self.sign, sign);
        let magnitude = below.mux(-difference, difference);
        self.magnitude.load(i, &self.clock, magnitude.as_unsigned());
    }

    /// Stage 3: the leading one's place, and the bits below it, by a binary search that shifts.
    fn normalise<I: Interpreter>(
        &self,
        i: &mut I,
        leading: &Register,
        mantissa: &Register,
    ) -> I::Word {
        let mut word = self.magnitude.read(i);
        let width = word.width();
        let mut missing: Option<I::Word> = None;
        for step in (0..6).rev() {
            let distance = 1 << step;
            if distance >= width {
                let none = i.constant(1, 0);
                missing = Some(missing.map_or(none, |m| m.concat(none)));
                continue;
            }
            let empty = !word.slice(width - distance, distance).any();
            let empty = i.name(format_args!("top_{distance}_empty"), empty);
            let zeros = i.constant(distance, 0);
            let shifted = word.slice(0, width - distance).concat(zeros);
            word = i.name(format_args!("raised_{distance}"), empty.mux(shifted, word));
            missing = Some(missing.map_or(empty, |m| m.concat(empty)));
        }
        let last = i.constant(6, width as u64 - 1);
        let place = last - missing.unwrap_or(last);
        leading.load(i, &self.clock, place);
        let fraction = self.fraction(i, word);
        mantissa.load(i, &self.clock, fraction);
        word.top()
    }

    /// The bits below a word's leading one, as many as the thetas have.
    fn fraction<I: Interpreter>(&self, i: &mut I, word: I::Word) -> I::Word {
        let (wanted, there) = (self._shape.fraction_bits, word.width() - 1);
        if wanted > there {
            let zeros = i.constant(wanted - there, 0);
            return word.slice(0, there).concat(zeros);
        }
        if wanted < there {
            // Floor: a theta is an integer at this scale, so what lies below cannot decide.
            i.unused(word.slice(0, there - wanted));
        }
        word.slice(there - wanted, wanted)
    }

    /// Stage 4: root x leading one - exponent, and how many thetas the mantissa reaches.
    fn count_steps<I: Interpreter>(
        &self,
        i: &mut I,
        leading: &Register,
        mantissa: &Register,
        steps: &Register,
        reached: &Register,
    ) {
        let place = leading.read(i);
        let shift = i.constant(2, u64::from(self._shape.root.ilog2()));
        let octaves = place.resize(STEP_BITS).shift_left(shift).as_signed();
        let exponent = self.exponents[2].read(i).as_signed().resize(STEP_BITS);
        let mantissa = mantissa.read(i);
        steps.load(i, &self.clock, octaves - exponent);
        let mut above = vec![];
        for (n, theta) in self.theta.iter().enumerate() {
            let theta = i.read(theta);
            let reaches = mantissa.resize(theta.width()).at_least(theta);
            above.push(i.name(format_args!("reaches_theta_{n}"), reaches));
        }
        reached.load(i, &self.clock, thermometer(&above));
    }

    /// Stage 5: the code of a step count.
    fn log_code<I: Interpreter>(&self, i: &mut I, steps: I::Word, nonzero: I::Word) -> I::Word {
        let format = self._shape.design.format;
        let number = |i: &mut I, n: i64| i.literal(STEP_BITS, true, n);
        let (zero, largest) = (number(i, 0), number(i, i64::from(format.magnitudes()) - 1));
        let low = i.name("too_small", steps.top() | !nonzero);
        let high = largest.less_than(steps);
        let index_bits = cromulent_kit::address_bits(
            format.magnitudes() as usize + usize::from(format.is_rectified()),
        );
        let [zero, largest, within] = [zero, largest, steps].map(|word| word.slice(0, index_bits));
        let index = low.mux(zero, high.mux(largest, within));
        let index = i.name("magnitude_index", index);
        let sign = self.sign[2].read(i);
        if format.is_signed_log() {
            return (sign & nonzero).concat(index);
        }
        i.comment(
            "One step below the smallest value still rounds up to it; anything lower is zero",
        );
        let nearly = number(i, -1);
        let vanishes = sign | !nonzero | steps.less_than(nearly);
        let (one, none) = (i.constant(index_bits, 1), i.constant(index_bits, 0));
        vanishes.mux(none, index + one)
    }

    /// Stages 3 to 5 of a logarithmic format.
    fn logarithm<I: Interpreter>(&self, i: &mut I) -> Option<I::Word> {
        let (leading, mantissa, steps) =
            (self.leading.get()?, self.mantissa.get()?, self.steps.get()?);
        let found = self.normalise(i, leading, mantissa);
        let nonzero = self.delay(i, &self.nonzero, found);
        let reached = self.reached.get()?;
        self.count_steps(i, leading, mantissa, steps, reached);
        let more = reached.read(i).resize(STEP_BITS).as_signed();
        let count = steps.read(i) + more;
        let count = i.name("steps_up", count);
        Some(self.log_code(i, count, nonzero))
    }

    /// Stages 3 to 5 of int8: multiply, shift with rounding, saturate.
    fn scale<I: Interpreter>(&self, i: &mut I) -> Option<I::Word> {
        let (product, scaled) = (self.product.get()?, self.scaled.get()?);
        let (magnitude, theta) = (self.magnitude.read(i), i.read(&self.theta[0]));
        product.load(
            i,
            &self.clock,
            magnitude.multiply(theta).resize(product.q.width()),
        );
        let exponent = self.exponents[2].read(i);
        i.unused(exponent.slice(6, EXPONENT_BITS - 6));
        let shift = exponent.slice(0, 6);
        let one = i.constant(product.q.width(), 1);
        let two = i.constant(1, 1);
        let half = one.shift_left(shift).shift_right(two);
        let rounded = product.read(i) + half;
        let rounded = i.name("rounded", rounded);
        scaled.load(i, &self.clock, rounded.shift_right(shift));
        let value = scaled.read(i);
        let most = i.constant(value.width(), 127);
        let full = most.less_than(value);
        let (code, top, none) = (value.slice(0, 8), i.constant(8, 127), i.constant(8, 0));
        let negative = self.sign[2].read(i);
        Some(negative.mux(none, full.mux(top, code)))
    }
}

/// How many of one, two or four rising thetas are reached: those below a reached one are reached too,
/// so no adder is needed.
fn thermometer<W: Word>(above: &[W]) -> W {
    match above {
        [a, b, c, d] => (*d).concat(*b & !*d).concat((*a & !*b) | (*c & !*d)),
        [a, b] => (*b).concat(*a & !*b),
        _ => above[0],
    }
}

impl Describe for Quantizer {
    fn module(&self) -> String {
        "quantizer".to_string()
    }
    fn about(&self) -> String {
        let format = self._shape.design.format;
        match self._shape.pe.kind {
            PeKind::Multiply => format!(
                "Quantizer of one column to {format}: difference, multiply, round, saturate."
            ),
            PeKind::Shift => format!(
                "Quantizer of one column to {format}: difference, magnitude, leading one, compare with {} theta(s), clamp.",
                self._shape.root
            ),
        }
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut valid = i.read(&self.valid);
        for mark in &self.marks {
            mark.update_from(i, &self.clock, &self.reset, valid);
            valid = mark.read(i);
        }
        i.connect(&self.word_valid, &self.marks[4].q);
        let exponent = i.read(&self.exponent);
        self.delay(i, &self.exponents, exponent);
        self.measure(i);
        let difference = self.difference.read(i).resize(self.word.width());
        let raw_word = self.delay(i, &self.raw_word, difference);
        let code = match self._shape.pe.kind {
            PeKind::Shift => self.logarithm(i),
            PeKind::Multiply => self.scale(i),
        };
        let raw = i.read(&self.raw);
        let word = match code {
            Some(code) => raw.mux(raw_word, code.resize(self.word.width()).as_signed()),
            None => raw_word,
        };
        self.code.load(i, &self.clock, word);
        i.connect(&self.word, &self.code.q);
    }
}
logic!(Quantizer);
