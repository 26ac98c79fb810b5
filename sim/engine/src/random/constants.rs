//! Random constants of a layer, with quantizers that spread its words over the codes.

use cromulent_design::Design;
use cromulent_number::{Format, Quantizer, Threshold};

use super::{Generator, ends};
use crate::activations::Activations;
use crate::constants::Constants;
use crate::geometry::LayerGeometry;
use crate::layer::{Layer, LayerMode, Operands};
use crate::reference::Reference;

/// A random layer of this shape.
pub(super) fn layer(
    generator: &mut Generator,
    design: &Design,
    geometry: LayerGeometry,
    mode: LayerMode,
    activations: &Activations,
) -> Layer {
    let mut constants = Constants::idle(design, &geometry, mode);
    edges(generator, design, mode, geometry.channels, &mut constants);
    for a in constants.a.iter_mut().flatten() {
        *a = weight(generator, design.weight_bits);
    }
    // In a layer that streams integers a beat without a digit selects B, which must then add nothing.
    if mode.operands == Operands::Codes {
        for b in &mut constants.b {
            *b = weight(generator, design.bias_bits);
        }
    }
    let sums = sums(design, geometry, mode, &constants, activations);
    constants.quantizers = sums
        .iter()
        .map(|sums| quantizer(generator, design, sums))
        .collect();
    assemble(&constants, design, geometry, mode)
}

fn assemble(
    constants: &Constants,
    design: &Design,
    geometry: LayerGeometry,
    mode: LayerMode,
) -> Layer {
    let (input, output) = ends(mode);
    constants
        .assemble(design, "random", geometry, mode, input, output)
        .expect("constants were drawn in range")
}

fn edges(
    generator: &mut Generator,
    design: &Design,
    mode: LayerMode,
    channels: usize,
    constants: &mut Constants,
) {
    let codes = i64::from(design.format.codes());
    let pads: Vec<_> = (0..channels).map(|_| generator.range(0, 255)).collect();
    for (k, edge) in constants.edges.iter_mut().enumerate() {
        let (position, descending) = if mode.operands == Operands::Integers {
            (pads[k % channels], false)
        } else if design.has_bias() {
            (generator.range(0, codes), generator.chance(1, 2))
        } else if design.format.is_signed_log() {
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

/// The accumulators by \[output channel\]\[position\].
fn sums(
    design: &Design,
    geometry: LayerGeometry,
    mode: LayerMode,
    constants: &Constants,
    activations: &Activations,
) -> Vec<Vec<i64>> {
    let raw = LayerMode { raw: true, ..mode };
    let layer = assemble(constants, design, geometry, raw);
    let mut sums = vec![vec![]; geometry.out_channels];
    for word in Reference::new(design, &layer).words(activations) {
        let channel = word.column_tile * design.columns + word.column;
        sums[channel as usize].push(word.value);
    }
    sums
}

fn quantizer(generator: &mut Generator, design: &Design, sums: &[i64]) -> Quantizer {
    let limit = (1i64 << (design.accumulator_bits - 1)) - 1;
    let mean = *generator.pick(sums) + generator.range(-2, 2);
    let mean = mean.clamp(-limit - 1, limit);
    let spread = sums.iter().map(|sum| (sum - mean).unsigned_abs()).max();
    let spread = spread.unwrap_or(0).max(1);
    let (exponent, thetas) = if design.format == Format::I8 {
        uniform(generator, design, spread)
    } else {
        logarithmic(generator, design, spread)
    };
    Quantizer {
        mean,
        exponent,
        thetas,
        fraction_bits: design.threshold_fraction_bits,
        negate: !design.format.is_signed_log() && generator.chance(1, 2),
    }
}

/// Exponent and cuts that give the largest difference about the largest code.
fn logarithmic(generator: &mut Generator, design: &Design, spread: u64) -> (i32, [u32; 4]) {
    let format = design.format;
    let top = spread.ilog2() * format.root() + generator.range(0, 3) as u32;
    let exponent = top as i32 - format.magnitudes() as i32;
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
fn uniform(generator: &mut Generator, design: &Design, spread: u64) -> (i32, [u32; 4]) {
    let multiplier = generator.range(1, (2 << design.threshold_fraction_bits) - 1);
    let scaled = u128::from(spread) * u128::from(multiplier.unsigned_abs());
    let shift = (scaled / 127).checked_ilog2().unwrap_or(0) as i32;
    (shift, [multiplier as u32, 0, 0, 0])
}
