//! Weights times affines, as the integers of an array's columns.

use cromulent_design::Design;
use cromulent_number::operand;

use super::form::{Reading, Rest};
use super::weights::Weights;
use crate::constants::Constants;
use crate::layer::{LayerMode, Operands};

/// How free the scale of a column is (numerics §7).
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Scaling {
    /// Any, for each column: it only feeds quantizers.
    Free,
    /// A power of two for each column: its words are aligned by a shift.
    PowersOfTwo,
    /// The same for all columns: their words are compared.
    Common,
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
    scaling: Scaling,
) -> Columns {
    let g = &weights.geometry;
    let mut columns = Columns {
        constants: Constants::idle(design, g, mode),
        units: units(design, weights, readings, scaling),
        rests: vec![0; g.out_channels],
    };
    for k in 0..g.inner() {
        let reading = &readings[k % g.channels];
        columns.constants.edges[k] = reading.edge;
        for j in 0..g.out_channels {
            columns.quantise(design, mode, (k, j), weights.at(k, j), reading);
        }
    }
    columns.add_offsets(weights, readings);
    let positions = if mode.pool { g.positions() } else { 1 };
    for rest in &mut columns.rests {
        *rest *= positions as i64;
    }
    columns
}

impl Columns {
    /// The constants of one weight, and the exact part of what they leave to be made up for.
    fn quantise(
        &mut self,
        design: &Design,
        mode: LayerMode,
        (k, j): (usize, usize),
        weight: f64,
        reading: &Reading,
    ) {
        let product = k * self.units.len() + j;
        let scaled = weight * self.units[j];
        for (set, worth) in self.constants.a.iter_mut().zip(reading.a) {
            set[product] = rounded(scaled * worth, design.weight_bits);
        }
        match reading.rest {
            Rest::Bias if mode.operands == Operands::Codes => {
                let shift = design.format.bias_shift();
                let b = rounded(scaled * reading.b / f64::from(1 << shift), design.bias_bits);
                self.constants.b[product] = b;
                self.rests[j] += i64::from(b) << shift;
            }
            Rest::Clamp(code) => {
                let operand = operand(design.format, code);
                let a: Vec<i64> = self
                    .constants
                    .a
                    .iter()
                    .map(|set| set[product].into())
                    .collect();
                self.rests[j] -= operand.contribution(&a, 0);
            }
            _ => {}
        }
    }

    /// The real offsets of each column, with the constants as rounded, so that a flat input gives what it
    /// should; the sum is rounded once.
    fn add_offsets(&mut self, weights: &Weights, readings: &[Reading]) {
        let g = &weights.geometry;
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

/// The nearest integer, ties to even, in the symmetric range of a width.
fn rounded(value: f64, bits: u32) -> i32 {
    let top = f64::from(largest(bits));
    value.round_ties_even().clamp(-top, top) as i32
}

/// The largest constant of a width. Its negative is the smallest: −2^(bits−1) is not used.
fn largest(bits: u32) -> i32 {
    (1 << (bits - 1)) - 1
}

/// The unit of each column: the largest with which its constants fit.
fn units(design: &Design, weights: &Weights, readings: &[Reading], scaling: Scaling) -> Vec<f64> {
    let g = &weights.geometry;
    let mut limits = vec![f64::INFINITY; g.out_channels];
    for k in 0..g.inner() {
        let limit = limit(design, &readings[k % g.channels]);
        for (j, unit) in limits.iter_mut().enumerate() {
            *unit = unit.min(limit / weights.at(k, j).abs());
        }
    }
    let common = limits.iter().copied().fold(f64::INFINITY, f64::min);
    let unit = |limit: f64| {
        let limit = match scaling {
            Scaling::Free => limit,
            Scaling::PowersOfTwo => limit.log2().floor().exp2(),
            Scaling::Common => common,
        };
        // A column of zeros has no limit.
        if limit.is_finite() { limit } else { 1.0 }
    };
    limits.into_iter().map(unit).collect()
}

/// The largest unit for a weight of 1.
fn limit(design: &Design, reading: &Reading) -> f64 {
    let a = reading.a.iter().fold(0.0f64, |most, a| most.max(a.abs()));
    let a = f64::from(largest(design.weight_bits)) / a;
    if !design.has_bias() || reading.b == 0.0 {
        return a;
    }
    let shift = f64::from(1 << design.format.bias_shift());
    let b = f64::from(largest(design.bias_bits)) * shift / reading.b.abs();
    a.min(b)
}
