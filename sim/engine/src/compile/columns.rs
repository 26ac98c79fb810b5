//! Weights times affines, as the integers of an array's columns.

use std::ops::Range;

use cromulent_design::Design;
use cromulent_number::{integer, operand};

use super::WeightValues;
use super::form::{Reading, Rest};
use super::restrict::restricted;
use super::scales::units;
use super::weights::{Values, Weights};
use crate::constants::Constants;
use crate::geometry::LayerGeometry;
use crate::layer::LayerMode;

/// How free the scale of a column is (numerics §7).
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Scaling {
    /// Any, for each column: it only feeds quantizers.
    Free,
    /// A power of two for each column: its words are aligned by a shift.
    PowersOfTwo,
    /// The same for all columns: their words are compared.
    Common,
    /// A power of two over this, for each column: so much of a value is shifted to become an integer of 1.
    PowersOver(Vec<f64>),
}

/// The columns of a layer, their quantizers still to be found.
pub(super) struct Columns {
    /// All constants but the quantizers.
    pub constants: Constants,
    /// What 1 is in the sum of each output channel, for one position.
    pub units: Vec<f64>,
    /// What each sum still lacks, C_j, biases of the layer left out.
    pub rests: Vec<i64>,
}

/// Quantises the weights of a layer whose input channels are read like this.
pub(super) fn columns(
    design: &Design,
    weights: &Weights,
    mode: LayerMode,
    readings: &[Reading],
    scaling: &Scaling,
    values: WeightValues,
) -> Columns {
    let given = weights;
    let restricted = restricted(weights, readings, scaling, values);
    let weights = restricted.as_ref().map_or(weights, |few| &few.weights);
    let g = &weights.geometry;
    let mut units = units(design, weights, readings, scaling, values);
    if let Some(few) = &restricted {
        few.align(&mut units);
    }
    let mut columns = Columns {
        constants: Constants::idle(design, g, mode),
        units,
        rests: vec![0; g.out_channels],
    };
    for (k, edge) in columns.constants.edges.iter_mut().enumerate() {
        *edge = readings[k % g.channels].edge;
    }
    for first in (0..g.out_channels).step_by(BLOCK) {
        match &weights.values {
            Values::Learnt(values) => columns.quantise(design, mode, g, values, readings, first),
            Values::Spread(values) => columns.quantise(design, mode, g, values, readings, first),
        }
    }
    columns.add_offsets(weights, readings);
    let positions = if mode.pool { g.positions() } else { 1 };
    for rest in &mut columns.rests {
        *rest *= positions as i64;
    }
    if values != WeightValues::Whole {
        columns.add_means(design, given, readings, positions);
    }
    columns
}

impl Columns {
    /// The constants of a block of output channels, and the exact part of what they leave to be made up for.
    fn quantise<T: Copy + Into<f64>>(
        &mut self,
        design: &Design,
        mode: LayerMode,
        geometry: &LayerGeometry,
        weights: &[T],
        readings: &[Reading],
        first: usize,
    ) {
        let (channels, taps) = (geometry.channels, geometry.taps());
        let width = BLOCK.min(geometry.out_channels - first);
        let mut units = [0.0; BLOCK];
        units[..width].copy_from_slice(&self.units[first..first + width]);
        let rows = &weights[first * channels * taps..];
        for (channel, reading) in readings.iter().enumerate().take(channels) {
            for tap in 0..taps {
                let mut scaled = [0.0; BLOCK];
                let row = rows[channel * taps + tap..].iter();
                for (scaled, &weight) in
                    scaled[..width].iter_mut().zip(row.step_by(channels * taps))
                {
                    *scaled = weight.into();
                }
                for (scaled, unit) in scaled.iter_mut().zip(units) {
                    *scaled *= unit;
                }
                let product = (tap * channels + channel) * self.units.len() + first;
                self.round(
                    design,
                    mode,
                    product..product + width,
                    &scaled,
                    reading,
                    first,
                );
            }
        }
    }

    /// Writes the constants of weights that are scaled already, and adds to the rests.
    fn round(
        &mut self,
        design: &Design,
        mode: LayerMode,
        products: Range<usize>,
        scaled: &[f64; BLOCK],
        reading: &Reading,
        first: usize,
    ) {
        let width = products.len();
        for (set, worth) in self.constants.a.iter_mut().zip(reading.a) {
            let constants = rounded(scaled, worth, design.weight_bits);
            set[products.clone()].copy_from_slice(&constants[..width]);
        }
        let rests = &mut self.rests[first..first + width];
        match reading.rest {
            Rest::Bias if !mode.operands.are_integers() => {
                let shift = design.format.bias_shift();
                let scaled = scaled.map(|scaled| scaled * reading.b / f64::from(1 << shift));
                let constants = rounded(&scaled, 1.0, design.bias_bits);
                self.constants.b[products].copy_from_slice(&constants[..width]);
                for (rest, b) in rests.iter_mut().zip(constants) {
                    *rest += i64::from(b) << shift;
                }
            }
            Rest::Clamp(code) => {
                // What a code adds is a multiple of one constant.
                let operand = operand(design.format, code);
                let factor = match integer(design.format, code) {
                    Some(level) => level.into(),
                    None => operand.contribution(&[1; 4], 0),
                };
                let set = &self.constants.a[operand.root as usize];
                for (rest, &a) in rests.iter_mut().zip(&set[products]) {
                    *rest -= factor * i64::from(a);
                }
            }
            _ => {}
        }
    }

    /// What rounding the weights takes from each sum on average: rectified inputs have a mean, so its errors do not
    /// cancel (Nagel et al. 2019, bias correction, from the statistics of the batch-norms).
    fn add_means(
        &mut self,
        design: &Design,
        weights: &Weights,
        readings: &[Reading],
        positions: usize,
    ) {
        let g = &weights.geometry;
        let shift = f64::from(1 << design.format.bias_shift());
        let mut missing = vec![0.0; g.out_channels];
        for (j, missing) in missing.iter_mut().enumerate() {
            let unit = self.units[j];
            for k in 0..g.inner() {
                let (tap, channel) = (k / g.channels, k % g.channels);
                let reading = &readings[channel];
                let weight = weights
                    .values
                    .at((j * g.channels + channel) * g.taps() + tap);
                let place = k * g.out_channels + j;
                let [by_a, by_b] = reading.mean;
                let used = reading.a.iter().zip(&self.constants.a);
                let used = used.filter(|(a, _)| **a != 0.0);
                let (sum, count) = used.fold((0.0, 0.0), |(sum, count), (a, set)| {
                    (sum + f64::from(set[place]) / (a * unit), count + 1.0)
                });
                if count > 0.0 {
                    *missing += (weight - sum / count) * by_a;
                }
                if reading.rest == Rest::Bias && reading.b != 0.0 {
                    let b = f64::from(self.constants.b[place]) * shift / (reading.b * unit);
                    *missing += (weight - b) * by_b;
                }
            }
            *missing *= unit * positions as f64;
        }
        for (rest, missing) in self.rests.iter_mut().zip(missing) {
            *rest = rest.saturating_add(missing.round_ties_even() as i64);
        }
    }

    /// The real offsets of each column, with the constants as rounded, so that a flat input gives what it
    /// should; the sum is rounded once.
    fn add_offsets(&mut self, weights: &Weights, readings: &[Reading]) {
        let g = &weights.geometry;
        let has_offset = |reading: &Reading| matches!(reading.rest, Rest::Offset(_));
        if !readings.iter().any(has_offset) {
            return;
        }
        for (j, rest) in self.rests.iter_mut().enumerate() {
            let offsets = (0..g.inner()).filter_map(|k| match readings[k % g.channels].rest {
                Rest::Offset(offset) => {
                    let a = self.constants.a[0][k * g.out_channels + j];
                    Some(f64::from(a) * offset)
                }
                _ => None,
            });
            *rest += offsets.sum::<f64>().round_ties_even() as i64;
        }
    }
}

/// Output channels that are quantised at a time: a cache line of constants.
const BLOCK: usize = 16;

/// The integers nearest to weights times their worth, ties to even, in the symmetric range of a width.
///
/// Adding 1.5·2^52 leaves no place for a fraction, so the sum is rounded to the nearest integer, ties to even; that
/// integer stands in its lowest bits.
fn rounded(weights: &[f64; BLOCK], worth: f64, bits: u32) -> [i32; BLOCK] {
    const WHOLE: f64 = (3u64 << 51) as f64;
    let top = f64::from(largest(bits));
    weights.map(|weight| {
        let value = (weight * worth).clamp(-top, top) + WHOLE;
        value.to_bits() as u32 as i32
    })
}

/// The largest constant of a width. Its negative is the smallest: −2^(bits−1) is not used.
pub(super) fn largest(bits: u32) -> i32 {
    (1 << (bits - 1)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_by_an_addition_is_rounding_to_the_nearest_even() {
        for bits in 4..=12 {
            let top = f64::from(largest(bits));
            let halves = (-20_000..20_000).map(|half| f64::from(half) / 8.0);
            let odd = [1e300, -1e300, f64::INFINITY, 0.5 - f64::EPSILON / 4.0, -0.0];
            for value in halves.chain(odd) {
                let expected = value.round_ties_even().clamp(-top, top) as i32;
                assert_eq!(
                    rounded(&[value; BLOCK], 1.0, bits),
                    [expected; BLOCK],
                    "{value}"
                );
            }
        }
    }
}
