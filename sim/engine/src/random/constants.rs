//! Random constants of a layer, with quantizers that spread its words over the codes.

use cromulent_design::{Design, PeKind};
use cromulent_number::{Quantizer, Subset, Threshold, level_start};

use super::Generator;
use super::shape::Shape;
use crate::activations::{Activations, pixel};
use crate::constants::{Channel, Constants, Frame};
use crate::layer::{
    Layer, LayerMode, LayerOutput, Operands, ResidualStep, Storage, stream_mean_bits,
};
use crate::reference::{Outcome, Reference};

/// A random layer of this shape.
pub(super) fn layer(
    generator: &mut Generator,
    design: &Design,
    shape: &Shape,
    activations: &Activations,
    base: Option<&[i16]>,
) -> Layer {
    let (geometry, mode) = (&shape.geometry, shape.mode);
    if mode.max_pool() {
        return max_pool(generator, design, shape);
    }
    let mut constants = Constants::idle(design, geometry, mode);
    edges(generator, design, shape, &mut constants);
    for a in constants.a.iter_mut().flatten() {
        *a = match design.pe {
            PeKind::LogLog => power(generator, design.weight_bits),
            _ => weight(generator, design.weight_bits),
        };
    }
    // In a layer that streams integers a beat without a digit selects B, which must then add nothing.
    if !mode.operands.are_integers() {
        for b in &mut constants.b {
            *b = weight(generator, design.bias_bits);
        }
    }
    let bench = Bench {
        design,
        shape,
        activations,
        base,
    };
    constants.channels = bench.channels(generator, &constants);
    if mode.pooling.is_some() {
        for channel in &mut constants.channels {
            channel.descending = generator.chance(1, 2);
        }
    }
    bench.assemble(&constants, shape.mode, &shape.output)
}

/// A max-pool, whose channels have a direction each and nothing else.
fn max_pool(generator: &mut Generator, design: &Design, shape: &Shape) -> Layer {
    let geometry = &shape.geometry;
    let mut constants = Constants::idle(design, geometry, shape.mode);
    let channel = |_| Threshold {
        position: 0,
        descending: generator.chance(1, 2),
    };
    let channels: Vec<_> = (0..geometry.channels).map(channel).collect();
    let edges = constants.edges.iter_mut();
    for (edge, channel) in edges.zip(channels.iter().cycle()) {
        *edge = *channel;
    }
    assemble(design, shape, &constants, shape.mode, &shape.output)
}

/// A layer whose constants are still being chosen by what they give.
struct Bench<'a> {
    design: &'a Design,
    shape: &'a Shape,
    activations: &'a Activations,
    base: Option<&'a [i16]>,
}

impl Bench<'_> {
    fn channels(&self, generator: &mut Generator, constants: &Constants) -> Vec<Channel> {
        let mut constants = constants.clone();
        let sums = by_channel(self.shape, &self.raw(&constants, &LayerOutput::Nothing));
        let differences: Vec<Vec<i64>> = constants
            .channels
            .iter_mut()
            .zip(&sums)
            .map(|(channel, sums)| {
                channel.offset = mean(generator, sums, self.design.accumulator_bits);
                sums.iter().map(|sum| sum - channel.offset).collect()
            })
            .collect();
        let Some(step) = self.shape.output.residual() else {
            for (channel, values) in constants.channels.iter_mut().zip(&differences) {
                channel.quantizer = self.quantizer(generator, values, 0);
            }
            return constants.channels;
        };
        for (channel, values) in constants.channels.iter_mut().zip(&differences) {
            channel.align = align(generator, values);
            if step.clamp {
                let (least, most) = self.design.stream_range().into_inner();
                channel.floor = *generator.pick(&[0, 0, -100, 50, least as i32, most as i32]);
            }
        }
        let output = LayerOutput::Residual(ResidualStep {
            codes: None,
            pooled: false,
            ..*step
        });
        let values = by_channel(self.shape, &self.raw(&constants, &output));
        for (channel, values) in constants.channels.iter_mut().zip(&values) {
            let mean = mean(generator, values, stream_mean_bits(self.design));
            channel.quantizer = self.quantizer(generator, values, mean);
        }
        constants.channels
    }

    /// A quantizer that spreads these values, less a mean, over the codes.
    fn quantizer(&self, generator: &mut Generator, values: &[i64], mean: i64) -> Quantizer {
        let design = self.design;
        let spread = values.iter().map(|value| (value - mean).unsigned_abs());
        let spread = spread.max();
        let spread = spread.unwrap_or(0).max(1);
        let integers = self.shape.mode.storage == Storage::Integers;
        let (exponent, thetas) = if design.format.is_scaled() {
            let top = match design.format {
                format if integers || !format.is_level() => 127,
                format => level_start(format, format.magnitudes() - 1),
            };
            uniform(generator, design, spread, top)
        } else if integers {
            rounding(generator, design, spread)
        } else {
            let (_, subset) = self.shape.mode.storage.codes(design);
            logarithmic(generator, design, subset, spread)
        };
        let signed = design.format.is_signed() && !integers;
        Quantizer {
            mean,
            exponent,
            thetas,
            fraction_bits: design.threshold_fraction_bits,
            negate: !signed && generator.chance(1, 2),
        }
    }

    /// The words with these constants, left as integers, by \[position\]\[output channel\].
    fn raw(&self, constants: &Constants, output: &LayerOutput) -> Vec<i64> {
        let mode = LayerMode {
            raw: true,
            storage: Storage::Codes,
            pooling: None,
            ..self.shape.mode
        };
        let layer = self.assemble(constants, mode, output);
        let outcome = Reference::new(self.design, &layer).run(self.activations, self.base);
        let Outcome { words, .. } = outcome.expect("the input was drawn for the layer");
        let mut values = vec![0; words.len()];
        let channels = self.shape.geometry.out_channels;
        for word in words {
            let channel = word.column_tile * self.design.columns + word.column;
            values[word.position as usize * channels + channel as usize] = word.value;
        }
        values
    }

    fn assemble(&self, constants: &Constants, mode: LayerMode, output: &LayerOutput) -> Layer {
        assemble(self.design, self.shape, constants, mode, output)
    }
}

fn assemble(
    design: &Design,
    shape: &Shape,
    constants: &Constants,
    mode: LayerMode,
    output: &LayerOutput,
) -> Layer {
    let frame = Frame {
        name: "random",
        geometry: shape.geometry,
        mode,
        places: &shape.places,
        input: &shape.input,
        output,
    };
    let layer = constants.assemble(design, &frame);
    layer.expect("constants were drawn in range")
}

/// Values in map order, by \[output channel\]\[position\].
fn by_channel(shape: &Shape, values: &[i64]) -> Vec<Vec<i64>> {
    let channels = shape.geometry.out_channels;
    let channel = |c| values.iter().skip(c).step_by(channels).copied().collect();
    (0..channels).map(channel).collect()
}

/// A shift that brings the largest of these values to a word of the stream, or to one that saturates.
fn align(generator: &mut Generator, values: &[i64]) -> i32 {
    let largest = values.iter().map(|value| value.unsigned_abs()).max();
    let bits = largest.unwrap_or(0).checked_ilog2().unwrap_or(0) as i32;
    let align = bits - generator.range(3, 17) as i32;
    if generator.chance(1, 12) {
        *generator.pick(&[-32, -1, 0, 31])
    } else {
        align.clamp(-32, 31)
    }
}

fn edges(generator: &mut Generator, design: &Design, shape: &Shape, constants: &mut Constants) {
    let codes = i64::from(design.format.codes());
    let (mode, channels) = (shape.mode, shape.geometry.channels);
    let digits = shape.places.digits();
    let pads: Vec<i64> = (0..channels)
        .map(|_| match mode.operands {
            Operands::Uncoded => generator.range(0, 127),
            _ => {
                let pad = pixel(generator.range(0, 255) as u8, digits);
                (pad as i8).cast_unsigned().into()
            }
        })
        .collect();
    for (k, edge) in constants.edges.iter_mut().enumerate() {
        let (position, descending) = if mode.operands.are_integers() {
            (pads[k % channels], false)
        } else if design.has_bias() {
            (generator.range(0, codes), generator.chance(1, 2))
        } else if design.format.is_signed() {
            (generator.range(0, codes - 1), generator.chance(1, 2))
        } else {
            (0, false)
        };
        *edge = Threshold {
            position: position as u32,
            descending,
        };
    }
}

/// A constant of this width in the symmetric range: often anything, sometimes 0 or an extreme.
fn weight(generator: &mut Generator, bits: u32) -> i32 {
    let top = (1 << (bits - 1)) - 1;
    let weight = match generator.range(0, 9) {
        0 | 1 => 0,
        2 => top,
        3 => -top,
        _ => generator.range(-top, top),
    };
    weight as i32
}

/// 0 or a power of two of this width, of any sign.
fn power(generator: &mut Generator, bits: u32) -> i32 {
    let power = 1 << generator.range(0, i64::from(bits) - 2);
    power * *generator.pick(&[-1, 0, 1, 1, -1])
}

/// A mean near one of these values, as a signed number of this many bits.
fn mean(generator: &mut Generator, values: &[i64], bits: u32) -> i64 {
    let limit = (1i64 << (bits - 1)) - 1;
    let mean = *generator.pick(values) + generator.range(-2, 2);
    mean.clamp(-limit - 1, limit)
}

/// The shift that gives the largest difference about the largest integer; sometimes an extreme one.
fn rounding(generator: &mut Generator, design: &Design, spread: u64) -> (i32, [u32; 4]) {
    let largest = i64::from(design.largest_integer_shift());
    let shift = match generator.range(0, 9) {
        0 => 0,
        1 => largest,
        _ => i64::from((spread / 127).checked_ilog2().unwrap_or(0)) + generator.range(0, 1),
    };
    (shift.min(largest) as i32, [1, 0, 0, 0])
}

/// Exponent and cuts that give the largest difference about the largest code.
fn logarithmic(
    generator: &mut Generator,
    design: &Design,
    subset: Subset,
    spread: u64,
) -> (i32, [u32; 4]) {
    let format = design.format;
    let top = spread.ilog2() * format.root() + generator.range(0, 3) as u32;
    let exponent = top as i32 - subset.largest as i32 - 1;
    let one = 1i64 << design.threshold_fraction_bits;
    let mut thetas = [one as u32; 4];
    let used = &mut thetas[..format.root() as usize];
    for theta in &mut *used {
        *theta = *generator.pick(&[one, 2 * one, generator.clone().range(one, 2 * one)]) as u32;
        generator.bits();
    }
    used.sort_unstable();
    (exponent, thetas)
}

/// Shift and multiplier that give the largest difference about the largest code.
fn uniform(generator: &mut Generator, design: &Design, spread: u64, top: u32) -> (i32, [u32; 4]) {
    let multiplier = generator.range(1, (2 << design.threshold_fraction_bits) - 1);
    let scaled = u128::from(spread) * u128::from(multiplier.unsigned_abs());
    let shift = (scaled / u128::from(top)).checked_ilog2().unwrap_or(0) as i32;
    (shift, [multiplier as u32, 0, 0, 0])
}
