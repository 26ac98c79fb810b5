//! The unit of each column: what a weight of 1 becomes, and with it how much is rounded and what is cut off.

use cromulent_design::Design;

use super::WeightValues;
use super::columns::{Scaling, largest};
use super::form::{Reading, Rest};
use super::weights::{Values, Weights};

/// The unit of each column.
pub(super) fn units(
    design: &Design,
    weights: &Weights,
    readings: &[Reading],
    scaling: &Scaling,
    values: WeightValues,
) -> Vec<f64> {
    let limits = match &weights.values {
        Values::Learnt(all) => limits(design, weights, all, readings),
        Values::Spread(all) => limits(design, weights, all, readings),
    };
    let mut units = largest_units(&limits, scaling);
    if values == WeightValues::Fitted {
        let errors = Errors {
            design,
            weights,
            readings,
        };
        errors.fit(&mut units, scaling);
    }
    units
}

/// The largest unit of each column with which its constants fit.
fn largest_units(limits: &[f64], scaling: &Scaling) -> Vec<f64> {
    let common = limits.iter().copied().fold(f64::INFINITY, f64::min);
    let unit = |(j, &limit): (usize, &f64)| {
        // A column of zeros has no limit.
        let or_one = |limit: f64| if limit.is_finite() { limit } else { 1.0 };
        match scaling {
            Scaling::Free => or_one(limit),
            Scaling::PowersOfTwo => or_one(limit.log2().floor().exp2()),
            Scaling::Common => or_one(common),
            Scaling::PowersOver(steps) => {
                or_one((limit * steps[j]).log2().floor().exp2()) / steps[j]
            }
        }
    };
    limits.iter().enumerate().map(unit).collect()
}

/// The largest unit of each column for which every constant fits: that of the largest weight of each input channel.
fn limits<T: Copy + Into<f64>>(
    design: &Design,
    weights: &Weights,
    values: &[T],
    readings: &[Reading],
) -> Vec<f64> {
    let geometry = &weights.geometry;
    let of_one: Vec<f64> = readings
        .iter()
        .map(|reading| limit(design, reading))
        .collect();
    let column = |row: &[T]| {
        let channels = row.chunks(geometry.taps()).zip(&of_one);
        let limits = channels.map(|(taps, limit)| {
            let largest = taps
                .iter()
                .fold(0.0f64, |most, &weight| most.max(weight.into().abs()));
            limit / largest
        });
        limits.fold(f64::INFINITY, f64::min)
    };
    values.chunks(geometry.inner()).map(column).collect()
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

/// Units tried above the one with which everything fits: eighths of an octave, up to two octaves.
const TRIED: u32 = 16;

/// Units tried in an octave.
const IN_OCTAVE: f64 = 8.0;

/// What rounding and cutting off cost.
struct Errors<'a> {
    design: &'a Design,
    weights: &'a Weights<'a>,
    readings: &'a [Reading],
}

impl Errors<'_> {
    /// Raises each unit while that lowers the error of its column: what is cut off then costs less than coarse steps.
    fn fit(&self, units: &mut [f64], scaling: &Scaling) {
        let step = match scaling {
            Scaling::Free | Scaling::Common => 1.0 / IN_OCTAVE,
            Scaling::PowersOfTwo | Scaling::PowersOver(_) => 1.0,
        };
        let tries = (f64::from(TRIED) / IN_OCTAVE / step) as u32;
        let factor = |number: u32| (f64::from(number) * step).exp2();
        let best = |error: &dyn Fn(f64) -> f64| {
            let tried = (0..=tries).map(|number| (factor(number), error(factor(number))));
            let least = tried.min_by(|x, y| x.1.total_cmp(&y.1));
            least.map_or(1.0, |(factor, _)| factor)
        };
        if *scaling == Scaling::Common {
            let all = |factor: f64| {
                let errors = units.iter().enumerate();
                errors.map(|(j, unit)| self.column(j, unit * factor)).sum()
            };
            let factor = best(&all);
            units.iter_mut().for_each(|unit| *unit *= factor);
            return;
        }
        for (j, unit) in units.iter_mut().enumerate() {
            *unit *= best(&|factor| self.column(j, *unit * factor));
        }
    }

    /// The squared error of a column's constants, in the units of its output, for inputs of the same power.
    fn column(&self, column: usize, unit: f64) -> f64 {
        let geometry = &self.weights.geometry;
        let (inner, taps) = (geometry.inner(), geometry.taps());
        let values = column * inner..(column + 1) * inner;
        let error = |place: usize| {
            let reading = &self.readings[place % inner / taps];
            self.constant(self.weights.values.at(place), reading, unit)
        };
        values.map(error).sum()
    }

    fn constant(&self, weight: f64, reading: &Reading, unit: f64) -> f64 {
        let used = reading.a.iter().filter(|&&a| a != 0.0);
        let count = used.clone().count().max(1) as f64;
        let gain = reading.a[0] * self.one();
        let off = |a: &f64| {
            let rounded = round(weight * a * unit, self.design.weight_bits);
            ((rounded / (a * unit) - weight) * gain).powi(2)
        };
        let a = used.map(off).sum::<f64>() / count;
        if reading.rest != Rest::Bias || reading.b == 0.0 {
            return a;
        }
        let shift = f64::from(1 << self.design.format.bias_shift());
        let rounded = round(weight * reading.b * unit / shift, self.design.bias_bits);
        a + (rounded * shift / unit - weight * reading.b).powi(2)
    }

    /// The value 1 over that of the smallest code, which is what the first constant stands for.
    fn one(&self) -> f64 {
        let quarters = self.design.format.exponent_quarters(0);
        (-f64::from(quarters) / 4.0).exp2()
    }
}

/// The nearest constant of a width.
fn round(value: f64, bits: u32) -> f64 {
    let top = f64::from(largest(bits));
    value.clamp(-top, top).round_ties_even()
}
