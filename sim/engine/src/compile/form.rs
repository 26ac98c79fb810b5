//! One channel's normalisation, affine and ReLU in the form of a design.
//!
//! A batch-norm is x ↦ a·n + b with n = (x − μ)/σ, and a ReLU follows. The codes are of n, of n shifted
//! (re-centred), or of what the ReLU leaves (rectified); what is left of a and b goes into the constants
//! of the layer that reads the codes.

use cromulent_design::{Affine, Design};
use cromulent_number::{Code, Format, Threshold, Value, decode, embed, from_order, nearest, order};

use super::step;

/// How a channel is coded, and how its codes are read.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct ChannelForm {
    pub coding: Coding,
    pub reading: Reading,
}

/// From x to the code: of (±(x − μ)/σ + shift)/scale.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Coding {
    /// Added to the normalised value before its sign is changed, in standard deviations.
    pub shift: f64,
    /// Whether the sign is changed.
    pub negate: bool,
    /// What the value 1 of a code stands for, in standard deviations.
    pub scale: f64,
}

/// From the code to what it adds, for a weight of 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Reading {
    /// Where the row edge cuts or clamps, or the pad value.
    pub edge: Threshold,
    /// What A·2^(i/root), unshifted, is worth.
    pub a: [f64; 4],
    /// What B << s is worth: exact form only.
    pub b: f64,
    /// What has to be made up for in every sum.
    pub rest: Rest,
    /// What it adds on average for a weight of 1, by A and by B: of normalised values that are standard normal.
    pub mean: [f64; 2],
}

/// A part of a channel's contribution that is the same for every input, in units of its constants.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Rest {
    /// Nothing.
    None,
    /// B << s, which inactive inputs take off again.
    Bias,
    /// −A·t̂ for the code t̂.
    Clamp(Code),
    /// A times a real number.
    Offset(f64),
}

/// Why a channel has no such form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FormError {
    /// a is 0 and b is not: the output is a constant, and only the exact form has one.
    ConstantOutput,
}

/// Standard deviations beyond which nothing is expected: far more than any format has.
const FURTHEST: f64 = 64.0;

impl ChannelForm {
    /// The form of the affine `a·n + b` of values that a design stores in this format.
    pub fn new(design: &Design, format: Format, a: f64, b: f64) -> Result<ChannelForm, FormError> {
        if b + FURTHEST * a.abs() <= 0.0 {
            return Ok(ChannelForm::never(design));
        }
        if a == 0.0 && design.affine != Affine::Exact {
            return Err(FormError::ConstantOutput);
        }
        let mut form = match design.affine {
            Affine::Exact => exact(design, format, a, b),
            Affine::Snapped => clamped(design, format, a, b, false),
            Affine::Recentred => clamped(design, format, a, b, true),
            Affine::Rectified if design.format.is_integer() => {
                ChannelForm::uncoded(a, b, step::uniform(design.format, a, b))
            }
            Affine::Rectified => rectified(design, format, a, b),
        };
        form.reading.mean = match design.affine {
            Affine::Exact => rectified_mean(a, b),
            _ => [rectified_mean(a, b).iter().sum(), 0.0],
        };
        Ok(form)
    }

    /// The form of the affine `a·n + b`, rectified and left uncoded, as integers in steps of `step` standard
    /// deviations. With a = 0 it gives nothing, which is right where b ≤ 0.
    pub fn uncoded(a: f64, b: f64, step: f64) -> ChannelForm {
        let shift = if a == 0.0 { 0.0 } else { b / a };
        ChannelForm {
            coding: Coding {
                shift,
                negate: a < 0.0,
                scale: step,
            },
            reading: Reading {
                edge: Threshold::default(),
                a: [a.abs() * step, 0.0, 0.0, 0.0],
                b: 0.0,
                rest: Rest::None,
                mean: [rectified_mean(a, b).iter().sum(), 0.0],
            },
        }
    }

    /// The same for values that are never less than `n`, because a ReLU has raised them: most of them may be `n`, and
    /// their code adds nothing, though it may stand for a little more. Exact form only: the others have a code for it.
    ///
    /// The affine is to give nothing at `n` itself.
    pub fn silent_at(mut self, design: &Design, format: Format, n: f64) -> ChannelForm {
        let edge = &mut self.reading.edge;
        let exact = design.affine == Affine::Exact && format.is_signed_log();
        if exact && !edge.descending {
            let above = place_in(design, format, order(format, code_of(format, n)) + 1);
            edge.position = edge.position.max(above);
        }
        self
    }

    /// A channel that adds nothing, whatever its input.
    fn never(design: &Design) -> ChannelForm {
        let exact = design.affine == Affine::Exact;
        ChannelForm {
            coding: Coding::PLAIN,
            reading: Reading {
                edge: Threshold {
                    position: if exact { design.format.codes() } else { 0 },
                    descending: false,
                },
                a: [0.0; 4],
                b: 0.0,
                rest: Rest::None,
                mean: [0.0; 2],
            },
        }
    }
}

impl Coding {
    /// The code of n itself.
    const PLAIN: Coding = Coding {
        shift: 0.0,
        negate: false,
        scale: 1.0,
    };
}

/// The mean of max(a·n + b, 0) for a standard normal n: what a·n makes of it, and what b does.
fn rectified_mean(a: f64, b: f64) -> [f64; 2] {
    if a == 0.0 {
        return [0.0, b.max(0.0)];
    }
    let t = b / a.abs();
    let density = (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    [a.abs() * density, b * normal(t)]
}

/// The share of a standard normal distribution below t, to 1e-7: Abramowitz and Stegun, 26.2.17.
fn normal(t: f64) -> f64 {
    const B: [f64; 5] = [
        0.319381530,
        -0.356563782,
        1.781477937,
        -1.821255978,
        1.330274429,
    ];
    let k = 1.0 / (1.0 + 0.2316419 * t.abs());
    let density = (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let above = density * B.iter().rev().fold(0.0, |sum, b| (sum + b) * k);
    if t < 0.0 { above } else { 1.0 - above }
}

/// The value of a code.
pub(super) fn value(format: Format, code: Code) -> f64 {
    match decode(format, code) {
        Value::Zero => 0.0,
        Value::Integer(integer) => integer.into(),
        Value::Level(level) => (f64::from(level) + level_offset(format)) * level_unit(format),
        Value::Power { negative, quarters } => {
            let magnitude = power(quarters);
            if negative { -magnitude } else { magnitude }
        }
    }
}

/// What an integer of 1 is worth in a level format: a level of `U*`; of `O4`, a 127th of its largest value.
fn level_unit(format: Format) -> f64 {
    match format {
        Format::O4 => (1.29f64.powf(7.5) - 1.0) / 127.0,
        _ => 1000.0 / f64::from(format.scale_thousandths()),
    }
}

/// What Table 1 adds to the integer of a level format.
fn level_offset(format: Format) -> f64 {
    if format == Format::O4 { 0.0 } else { 0.5 }
}

/// The code of a value, of L formats: Table 1 of the paper.
fn code_of(format: Format, x: f64) -> Code {
    let c = f64::from(format.scale_thousandths()) / 1000.0;
    let steps = (f64::from(format.root()) * (c * x.abs()).log2()).floor();
    let top = f64::from(format.magnitudes() - 1);
    let index = (steps - f64::from(format.lowest_step())).clamp(0.0, top) as u8;
    let sign = u8::from(x < 0.0) << (format.code_bits() - 1);
    Code(sign | index)
}

/// 2^(quarters/4).
fn power(quarters: i32) -> f64 {
    (f64::from(quarters) / 4.0).exp2()
}

/// The worth of each constant A·2^(i/root) for a gain: what it adds unshifted. Those that codes of a narrower format do
/// not use are worth nothing.
fn constants(design: &Design, format: Format, gain: f64) -> [f64; 4] {
    if format.is_level() {
        return [gain * level_unit(format), 0.0, 0.0, 0.0];
    }
    let step = design
        .format
        .subset(format)
        .map_or(1, |subset| subset.step as usize);
    let mut a = [0.0; 4];
    for (i, a) in a
        .iter_mut()
        .step_by(step)
        .take(format.root() as usize)
        .enumerate()
    {
        *a = gain * power(format.exponent_quarters(i as u32));
    }
    a
}

/// The place among the design's codes of the code at a place among those of a narrower format; one behind the last
/// of these is behind the last of all.
fn place_in(design: &Design, format: Format, place: u32) -> u32 {
    let own = design.format;
    let code = (place < format.codes()).then(|| from_order(format, place));
    let code = code.and_then(|code| embed(own, format, code));
    code.map_or(own.codes(), |code| order(own, code))
}

/// Numerics §2, exact: the threshold is the number of codes on the inactive side.
fn exact(design: &Design, format: Format, a: f64, b: f64) -> ChannelForm {
    let descending = a < 0.0;
    let below = |place: &u32| {
        let active = a * value(format, from_order(format, *place)) + b > 0.0;
        active == descending
    };
    ChannelForm {
        coding: Coding::PLAIN,
        reading: Reading {
            edge: Threshold {
                position: match (0..format.codes()).take_while(below).count() {
                    0 => 0,
                    below => place_in(design, format, below as u32),
                },
                descending,
            },
            a: constants(design, format, a),
            b,
            rest: Rest::Bias,
            mean: [0.0; 2],
        },
    }
}

/// Numerics §2, snapped and re-centred: clamp at the value t̂ nearest to −b/a.
fn clamped(design: &Design, format: Format, a: f64, b: f64, recentred: bool) -> ChannelForm {
    let threshold = -b / a;
    let distance = |place: &u32| (value(format, from_order(format, *place)) - threshold).abs();
    let places = 0..format.codes();
    let nearest = places.min_by(|x, y| distance(x).total_cmp(&distance(y)));
    let position = nearest.unwrap_or(0);
    let code = from_order(format, position);
    let shift = if recentred {
        value(format, code) - threshold
    } else {
        0.0
    };
    ChannelForm {
        coding: Coding {
            shift,
            ..Coding::PLAIN
        },
        reading: Reading {
            edge: Threshold {
                position: place_in(design, format, position),
                descending: a < 0.0,
            },
            a: constants(design, format, a),
            b: 0.0,
            rest: Rest::Clamp(embed(design.format, format, code).unwrap_or(code)),
            mean: [0.0; 2],
        },
    }
}

/// Numerics §9: the code of sign(a)·(n + b/a).
fn rectified(design: &Design, format: Format, a: f64, b: f64) -> ChannelForm {
    ChannelForm {
        coding: Coding {
            shift: b / a,
            negate: a < 0.0,
            scale: 1.0,
        },
        reading: Reading {
            edge: Threshold::default(),
            a: constants(design, format, a.abs()),
            b: 0.0,
            rest: Rest::None,
            mean: [0.0; 2],
        },
    }
}

impl Reading {
    /// A code read as the value it stands for, `gain` for a code of 1, both signs of it. Not for rectified codes,
    /// which have none.
    pub fn linear(design: &Design, format: Format, gain: f64) -> Reading {
        Reading {
            // The lowest place: every code is active, or as large as it is.
            edge: Threshold::default(),
            a: constants(design, format, gain),
            b: 0.0,
            rest: match format.is_level() {
                true => Rest::Offset(level_offset(format)),
                false => Rest::None,
            },
            mean: [0.0; 2],
        }
    }
}

/// How a channel of an image is read: pixel/255 normalised by mean and standard deviation, for pixels less
/// 128 (numerics §6).
pub(super) fn pixel(mean: f64, std: f64, digits: usize) -> Reading {
    let black = 255.0 * mean - 128.0;
    let pad = nearest(black.round_ties_even().clamp(-128.0, 127.0) as i32, digits) as i8;
    Reading {
        edge: Threshold {
            position: u32::from(pad.cast_unsigned()),
            descending: false,
        },
        a: [1.0 / (255.0 * std), 0.0, 0.0, 0.0],
        b: 0.0,
        rest: Rest::Offset(-black),
        mean: [0.0; 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_number::order;

    /// What a code adds for a weight of 1, with the constants unrounded.
    fn adds(design: &Design, form: &ChannelForm, code: Code) -> f64 {
        let format = design.format;
        let signed = |code| match decode(format, code) {
            Value::Power { negative, quarters } => {
                let index =
                    (0..format.magnitudes()).find(|&m| format.exponent_quarters(m) == quarters);
                let index = index.unwrap();
                let root = format.root();
                let magnitude =
                    form.reading.a[(index % root) as usize] * f64::from(1 << (index / root));
                if negative { -magnitude } else { magnitude }
            }
            Value::Zero => 0.0,
            Value::Integer(integer) => form.reading.a[0] * f64::from(integer),
            Value::Level(level) => form.reading.a[0] * f64::from(level),
        };
        let place = order(format, code);
        let edge = form.reading.edge;
        match form.reading.rest {
            Rest::Bias if edge.is_active(place) => signed(code) + form.reading.b,
            Rest::Bias => 0.0,
            Rest::Clamp(t) => signed(from_order(format, edge.clamp(place))) - signed(t),
            _ => signed(code),
        }
    }

    #[test]
    fn every_form_is_the_affine_and_relu_on_its_code_values() {
        for format in Format::ALL {
            for affine in Affine::ALL {
                let design = Design::new(2, 2, format, affine);
                if design.validate().is_err() {
                    continue;
                }
                for stored in format.narrower().chain([format]) {
                    for (a, b) in [
                        (0.7, -0.4),
                        (-1.3, 0.5),
                        (0.2, 0.9),
                        (-0.1, -0.3),
                        (1.0, 0.0),
                    ] {
                        check_form(&design, stored, a, b);
                    }
                }
            }
        }
    }

    /// Every code of a format that a design stores adds what the affine and ReLU make of its value.
    fn check_form(design: &Design, stored: Format, a: f64, b: f64) {
        let (format, affine) = (design.format, design.affine);
        let form = ChannelForm::new(design, stored, a, b).unwrap();
        let codes = || (0..stored.codes()).map(|code| Code(code as u8));
        let in_design = |code: Code| embed(format, stored, code).unwrap();
        for code in codes() {
            let coding = form.coding;
            let sign = if coding.negate { -1.0 } else { 1.0 };
            let n = sign * value(stored, code) * coding.scale - coding.shift;
            let b = match form.reading.rest {
                Rest::Clamp(t) if affine == Affine::Snapped => {
                    let t = codes().find(|&code| in_design(code) == t);
                    -a * value(stored, t.unwrap())
                }
                _ => b,
            };
            let expected = (a * n + b).max(0.0);
            let found = adds(design, &form, in_design(code));
            assert!(
                (found - expected).abs() < 1e-9,
                "{stored} in {format} {affine} {a} {b} {code:?}: {found} {expected}"
            );
        }
    }

    #[test]
    fn a_value_that_is_a_code_has_that_code() {
        for format in Format::ALL
            .into_iter()
            .filter(|format| format.is_signed_log())
        {
            for code in (0..format.codes()).map(|code| Code(code as u8)) {
                assert_eq!(code_of(format, value(format, code)), code, "{format}");
            }
        }
    }

    #[test]
    fn what_a_relu_raised_to_nothing_adds_nothing() {
        let design = Design::new(2, 2, Format::L4, Affine::Exact);
        // −b/a is 0.4, whose code stands for 0.5: on its own it would be active.
        let form = ChannelForm::new(&design, Format::L4, 1.0, -0.4).unwrap();
        let code = code_of(Format::L4, 0.4);
        assert!((adds(&design, &form, code) - 0.1).abs() < 1e-9);
        let form = form.silent_at(&design, Format::L4, 0.4);
        assert_eq!(adds(&design, &form, code), 0.0);
        assert!((adds(&design, &form, code_of(Format::L4, 1.0)) - 0.6).abs() < 1e-9);
    }

    #[test]
    fn dead_channels_need_no_affine_and_constant_ones_are_refused() {
        let design = Design::new(2, 2, Format::R3, Affine::Rectified);
        let form = ChannelForm::new(&design, Format::R3, 1e-9, -0.1).unwrap();
        assert_eq!(form.reading.a, [0.0; 4]);
        let refused = ChannelForm::new(&design, Format::R3, 0.0, 0.1);
        assert_eq!(refused, Err(FormError::ConstantOutput));
        let design = Design::new(2, 2, Format::L4, Affine::Exact);
        let form = ChannelForm::new(&design, Format::L4, 0.0, 0.1).unwrap();
        assert_eq!(form.reading.edge.position, 0);
    }

    #[test]
    fn the_mean_of_a_rectified_normal_value_is_that_of_the_integral() {
        for (a, b) in [
            (1.0, 0.0),
            (0.7, -0.4),
            (-1.3, 0.5),
            (0.2, 0.9),
            (-0.1, -0.3),
            (0.0, 0.4),
        ] {
            let density = |n: f64| (-n * n / 2.0).exp() / std::f64::consts::TAU.sqrt();
            let steps = (-80_000..80_000).map(|i| (f64::from(i) + 0.5) / 10_000.0);
            let integral: f64 = steps
                .map(|n| (a * n + b).max(0.0) * density(n) / 10_000.0)
                .sum();
            let found: f64 = rectified_mean(a, b).iter().sum();
            assert!(
                (found - integral).abs() < 1e-6,
                "{a} {b}: {found} {integral}"
            );
        }
    }

    #[test]
    fn black_padding_is_the_nearest_pixel() {
        let reading = pixel(0.2860, 0.3530, 4);
        assert_eq!(reading.edge.position, u32::from((-55i8).cast_unsigned()));
    }
}
