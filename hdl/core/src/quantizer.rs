//! From an accumulated total to a code: N(x) and the logarithm, without a multiplier.

mod integers;
mod scale;

use crate::counting::delay;
use crate::sequencer::register_width;
use crate::shape::Shape;
use cromulent_design::{Design, NormWord};
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of a quantizer's exponent.
const EXPONENT_BITS: usize = NormWord::EXPONENT_BITS as usize;
/// Bits of a mean of the residual stream.
/// Bits of the step count before it is clamped: root x 48 less an 8-bit exponent.
const STEP_BITS: usize = 10;

/// Stages of a quantizer.
const STAGES: usize = 8;
/// Stages of the search for the leading one, two steps each.
const SEARCH_STAGES: usize = 3;
/// Bits of how far the search moves a word.
const PLACE_BITS: usize = 2 * SEARCH_STAGES;
/// Bits of an integer that is left uncoded.
const INTEGER_BITS: usize = Design::INTEGER_BITS as usize;

/// The quantizer of one column, eight stages: subtract the mean; take the magnitude; find its leading
/// one in three; compare the mantissa with the thetas; add up the steps; clamp. The int8 baseline
/// and level formats multiply instead. A raw word is the difference itself, which takes the same way unchanged.
#[derive(LogicBlock)]
pub struct Quantizer {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: no word is under way.
    pub reset: Net<In>,
    /// Words leave as differences, not as codes.
    pub raw: Net<In>,
    /// Words leave as rectified integers, not as codes.
    pub integers: Optional<Net<In>>,
    /// Largest magnitude index of the layer's codes, where it may be less than the format's.
    pub largest: Optional<Net<In>>,
    /// How far apart their magnitude indices are, as a power of two; rectified codes in steps of less than an octave.
    pub spacing: Optional<Net<In>>,
    /// A value is there.
    pub valid: Net<In>,
    /// The value: a total less its mean, or a word of the residual stream.
    pub value: Net<In>,
    /// Mean of the channel's stream, in step with the value.
    pub mean: Net<In>,
    /// Exponent (where it multiplies: shift) of the channel, in step with the value.
    pub exponent: Net<In>,
    /// Negate the difference, in step with the value.
    pub negate: Optional<Net<In>>,
    /// Thetas less their leading one (or the multiplier), five cycles (two) after the value.
    pub theta: Vec<Net<In>>,
    /// A word leaves.
    pub word_valid: Net<Out>,
    /// The word.
    pub word: Net<Out>,
    marks: Vec<Register>,
    difference: Register,
    exponents: Vec<Register>,
    negated: Optional<Register>,
    sign: Vec<Register>,
    magnitude: Register,
    raised: Vec<Register>,
    missing: Vec<Register>,
    nonzero: Vec<Register>,
    octaves: Optional<Register>,
    steps: Optional<Register>,
    reached: Optional<Register>,
    count: Optional<Register>,
    places: Vec<Register>,
    lost: Vec<Register>,
    passing: Vec<Register>,
    partial: Vec<Register>,
    scaled: Vec<Register>,
    code: Register,
    _shape: Shape,
}

impl Quantizer {
    /// The quantizer of one column.
    pub fn new(shape: &Shape) -> Quantizer {
        let word = shape.word_bits();
        let bits = shape.difference_bits();
        // Without a residual stream the total comes here, and the mean is the accumulator's.
        let (value, mean) = match shape.design.has_stream() {
            true => (word, NormWord::mean_bits(&shape.design) as usize),
            false => (shape.accumulator_bits, shape.accumulator_bits),
        };
        let scaled = shape.design.format.is_scaled();
        let digits = shape.design.image_digits;
        let negates = !shape.design.format.is_signed() || digits;
        let moves = digits && !scaled;
        let fraction = shape.fraction_bits;
        let product = bits + fraction + 2;
        Quantizer {
            clock: Net::flag(),
            reset: Net::flag(),
            raw: Net::flag(),
            integers: Optional::when(digits, Net::flag),
            largest: Optional::when(shape.has_narrower(), || {
                Net::bits(register_width(shape, "largest"))
            }),
            spacing: Optional::when(shape.has_spacing(), || {
                Net::bits(register_width(shape, "spacing"))
            }),
            valid: Net::flag(),
            value: Net::new(value, true),
            mean: Net::new(mean, true),
            exponent: Net::bits(EXPONENT_BITS),
            negate: Optional::when(negates, Net::flag),
            theta: Net::array(shape.root, fraction + 1, false),
            word_valid: Net::flag(),
            word: Net::new(word, true),
            marks: (0..STAGES).map(|_| Register::control(1)).collect(),
            difference: Register::data(bits, true),
            exponents: Register::data_array(if scaled { 6 } else { 4 }, EXPONENT_BITS, false),
            negated: Optional::when(negates, || Register::data(1, false)),
            sign: Register::data_array(6, 1, false),
            magnitude: Register::data(bits, false),
            raised: Register::data_array(if scaled { 0 } else { SEARCH_STAGES }, bits, false),
            missing: (1..=if scaled { 0 } else { SEARCH_STAGES })
                .map(|stage| Register::data(2 * stage, false))
                .collect(),
            nonzero: Register::data_array(if scaled { 0 } else { 2 }, 1, false),
            octaves: Optional::when(!scaled, || Register::data(STEP_BITS, true)),
            steps: Optional::when(!scaled, || Register::data(STEP_BITS, true)),
            reached: Optional::when(!scaled, || {
                Register::data(shape.root.ilog2() as usize + 1, false)
            }),
            count: Optional::when(!scaled, || Register::data(STEP_BITS, true)),
            places: (0..if moves { SEARCH_STAGES } else { 0 })
                .map(|stage| Register::data(PLACE_BITS - 2 * stage, false))
                .collect(),
            lost: Register::data_array(if moves { SEARCH_STAGES + 1 } else { 0 }, 1, false),
            passing: Register::data_array(if scaled { 0 } else { 2 }, word, true),
            partial: Register::data_array(if scaled { 2 } else { 0 }, product, false),
            scaled: Register::data_array(if scaled { 4 } else { 0 }, product, false),
            code: Register::data(word, true),
            _shape: shape.clone(),
        }
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
                let mut negate = i.read(port);
                if self._shape.design.format.is_signed() {
                    // The sign of an affine is a matter of codes' thresholds, not of codes.
                    negate = self.integer_mode(i).map_or(negate, |mode| negate & mode);
                }
                register.load(i, &self.clock, negate);
                below ^ register.read(i)
            }
            _ => below,
        };
        delay(i, &self.clock, &self.sign, sign);
        let raw = i.read(&self.raw);
        let magnitude = (below & !raw).mux(-difference, difference);
        self.magnitude.load(i, &self.clock, magnitude.as_unsigned());
    }

    /// Stages 3 to 5: the leading one's place, by a binary search that shifts, two steps a stage.
    fn normalise<I: Interpreter>(&self, i: &mut I) {
        let places = self.places(i);
        let mut coded = !i.read(&self.raw);
        if let Some(mode) = self.integer_mode(i) {
            coded = coded & !mode;
        }
        let mut lost: Option<I::Word> = None;
        let mut word = self.magnitude.read(i);
        let width = word.width();
        let mut missing: Option<I::Word> = None;
        for (stage, (raised, found)) in self.raised.iter().zip(&self.missing).enumerate() {
            for step in [5 - 2 * stage, 4 - 2 * stage] {
                let distance = 1 << step;
                let mut empty = i.constant(1, 0);
                if distance < width {
                    let top = word.slice(width - distance, distance).any();
                    empty = coded & !top;
                    if let Some(place) = places.get(stage) {
                        let moves = place.slice(step, 1);
                        let pushed = moves & top;
                        lost = Some(lost.map_or(pushed, |lost| lost | pushed));
                        empty = empty | moves;
                    }
                    empty = i.name(format_args!("top_{distance}_empty"), empty);
                    let zeros = i.constant(distance, 0);
                    let shifted = word.slice(0, width - distance).concat(zeros);
                    word = i.name(format_args!("raised_{distance}"), empty.mux(shifted, word));
                }
                missing = Some(missing.map_or(empty, |m| m.concat(empty)));
            }
            raised.load(i, &self.clock, word);
            word = raised.read(i);
            if let Some(steps) = missing {
                found.load(i, &self.clock, steps);
                missing = Some(found.read(i));
            }
            if let (Some(register), Some(pushed)) = (self.lost.get(stage), lost) {
                register.load(i, &self.clock, pushed);
                lost = Some(register.read(i));
            }
        }
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

    /// Stages 5 to 7: root x leading one - exponent, and how many thetas the mantissa reaches.
    fn count_steps<I: Interpreter>(&self, i: &mut I) -> Option<I::Word> {
        let (octaves, steps) = (self.octaves.get()?, self.steps.get()?);
        let (reached, count) = (self.reached.get()?, self.count.get()?);
        let root = self._shape.root;
        let highest = root * (self.magnitude.q.width() - 1);
        let highest = i.literal(STEP_BITS, true, highest as i64);
        let exponent = self.exponents[3].read(i).as_signed().resize(STEP_BITS);
        octaves.load(i, &self.clock, highest - exponent);

        let missing = self.missing[SEARCH_STAGES - 1].read(i);
        let shift = i.constant(2, u64::from(root.ilog2()));
        let lower = missing.resize(STEP_BITS).shift_left(shift).as_signed();
        let most = octaves.read(i);
        steps.load(i, &self.clock, most - lower);
        let word = self.raised[SEARCH_STAGES - 1].read(i);
        let mantissa = self.fraction(i, word);
        let mut above = vec![];
        for (n, theta) in self.theta.iter().enumerate() {
            let theta = i.read(theta);
            let reaches = mantissa.resize(theta.width()).at_least(theta);
            above.push(i.name(format_args!("reaches_theta_{n}"), reaches));
        }
        reached.load(i, &self.clock, thermometer(&above));

        let more = reached.read(i).resize(STEP_BITS).as_signed();
        let sum = steps.read(i) + more;
        count.load(i, &self.clock, sum);
        Some(count.read(i))
    }

    /// Stage 8: the code of a step count.
    fn log_code<I: Interpreter>(&self, i: &mut I, steps: I::Word, nonzero: I::Word) -> I::Word {
        let format = self._shape.design.format;
        let index_bits = cromulent_kit::address_bits(
            format.magnitudes() as usize + usize::from(format.is_rectified()),
        );
        let largest = match self.largest.get() {
            Some(port) => i.read(port).resize(index_bits),
            None => i.constant(index_bits, u64::from(format.magnitudes()) - 1),
        };
        let low = i.name("too_small", steps.top() | !nonzero);
        let high = largest.resize(STEP_BITS).as_signed().less_than(steps);
        let (zero, within) = (i.constant(index_bits, 0), steps.slice(0, index_bits));
        let index = low.mux(zero, high.mux(largest, within));
        let index = i.name("magnitude_index", index);
        let sign = self.sign[5].read(i);
        if format.is_signed_log() {
            return (sign & nonzero).concat(index);
        }
        i.comment(
            "One step below the smallest value still rounds up to it; anything lower is zero",
        );
        let vanishes = sign | !nonzero | (steps.top() & !self.nearly(i, steps));
        let (one, none) = (i.constant(index_bits, 1), i.constant(index_bits, 0));
        vanishes.mux(none, index + one)
    }

    /// Whether a negative step count is at most one step of the codes below the smallest: −1, or down to −2 or −4 where
    /// they are every second or fourth.
    fn nearly<I: Interpreter>(&self, i: &mut I, steps: I::Word) -> I::Word {
        let Some(port) = self.spacing.get() else {
            return !(!steps).any();
        };
        let spacing = i.read(port);
        let above = !(!steps.slice(2, STEP_BITS - 2)).any();
        let (fourth, second) = match spacing.width() {
            1 => (i.constant(1, 0), spacing),
            _ => (spacing.slice(1, 1), spacing.slice(0, 1)),
        };
        let near = steps.slice(1, 1) & (second | fourth | steps.slice(0, 1));
        i.name("nearly", above & (fourth | near))
    }

    /// Stages 3 to 8 of a logarithmic format: the code, and the raw word beside it.
    fn logarithm<I: Interpreter>(&self, i: &mut I) -> Option<(I::Word, I::Word)> {
        self.normalise(i);
        let word = self.raised[SEARCH_STAGES - 1].read(i);
        let nonzero = delay(i, &self.clock, &self.nonzero, word.top());
        let count = self.count_steps(i)?;
        let passed = self.pass(i)?;
        Some((self.log_code(i, count, nonzero), passed))
    }

    /// A code, or what stands beside it: all of it if it is a raw word, its low byte if it is an integer.
    fn leaving<I: Interpreter>(&self, i: &mut I, code: I::Word, passed: I::Word) -> I::Word {
        let (raw, width) = (i.read(&self.raw), self.word.width());
        let scaled = self._shape.design.format.is_scaled();
        let Some(mode) = self.integer_mode(i).filter(|_| !scaled) else {
            return raw.mux(passed, code.resize(width).as_signed());
        };
        let low = INTEGER_BITS + 1;
        let byte = (raw | mode).mux(passed.slice(0, low), code.resize(low));
        let above = passed.slice(low, width - low) & raw.repeat(width - low);
        above.concat(byte).as_signed()
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
        match format.is_scaled() {
            true => format!(
                "Quantizer of one column to {format}: difference, multiply, round, saturate."
            ),
            false => format!(
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
        i.connect(&self.word_valid, &self.marks[STAGES - 1].q);
        let exponent = i.read(&self.exponent);
        delay(i, &self.clock, &self.exponents, exponent);
        self.measure(i);
        let code = match self._shape.design.format.is_scaled() {
            false => self.logarithm(i),
            true => self.scale(i),
        };
        if let Some((code, raw_word)) = code {
            let word = self.leaving(i, code, raw_word);
            self.code.load(i, &self.clock, word);
        }
        i.connect(&self.word, &self.code.q);
    }
}
logic!(Quantizer);
