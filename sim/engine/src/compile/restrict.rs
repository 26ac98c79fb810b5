//! Weights of few values: ternary, and powers of 2 or √2.
//!
//! What takes few values is what the array keeps, A = a·w: a factor of the affine that is no such value would make the
//! product none. Every column has a scale of its own, the one with the least squared error; it is a power of two where
//! the column's words are only shifted behind the array.

use std::fmt;
use std::str::FromStr;

use super::columns::Scaling;
use super::form::Reading;
use super::weights::{Values, Weights};

/// Which values the constants of a layer take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum WeightValues {
    /// All integers of their width; the scale of a column is the largest with which everything fits.
    #[default]
    Whole,
    /// All integers of their width; the scale of a column is the one with the least squared error, and what is too
    /// large for it is cut off.
    Fitted,
    /// −1, 0 and 1, times the scale of the column.
    Ternary,
    /// A sign and an exponent: 0, and ±2^(−k/root) for k = 0 … 2^bits − 2, times the scale of the column.
    Logarithmic {
        /// Bits of the exponent, 3 or 4.
        bits: u32,
        /// Steps of the exponent in an octave: 1 for base 2, 2 for base √2.
        root: u32,
    },
}

impl WeightValues {
    /// All of them.
    pub const ALL: [WeightValues; 7] = [
        WeightValues::Whole,
        WeightValues::Fitted,
        WeightValues::Ternary,
        WeightValues::Logarithmic { bits: 3, root: 1 },
        WeightValues::Logarithmic { bits: 4, root: 1 },
        WeightValues::Logarithmic { bits: 3, root: 2 },
        WeightValues::Logarithmic { bits: 4, root: 2 },
    ];

    /// The name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            WeightValues::Whole => "whole",
            WeightValues::Fitted => "fitted",
            WeightValues::Ternary => "ternary",
            WeightValues::Logarithmic { bits: 3, root: 1 } => "log3",
            WeightValues::Logarithmic { root: 1, .. } => "log4",
            WeightValues::Logarithmic { bits: 3, .. } => "log3-sqrt2",
            WeightValues::Logarithmic { .. } => "log4-sqrt2",
        }
    }

    /// The magnitudes there are, the largest first, which is 1, and 0 last; none if all integers are.
    fn magnitudes(self) -> Vec<f64> {
        match self {
            WeightValues::Whole | WeightValues::Fitted => vec![],
            WeightValues::Ternary => vec![1.0, 0.0],
            WeightValues::Logarithmic { bits, root } => {
                let powers = (0..(1 << bits) - 1).map(|k| (-f64::from(k) / f64::from(root)).exp2());
                powers.chain([0.0]).collect()
            }
        }
    }

    /// Whether only a few values are there.
    pub fn is_restricted(self) -> bool {
        !matches!(self, WeightValues::Whole | WeightValues::Fitted)
    }
}

impl fmt::Display for WeightValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for WeightValues {
    type Err = String;

    fn from_str(text: &str) -> Result<WeightValues, String> {
        let mut all = WeightValues::ALL.into_iter();
        all.find(|values| values.name() == text).ok_or_else(|| {
            let names = WeightValues::ALL.map(WeightValues::name).join(", ");
            format!("unknown weights `{text}`: expected one of {names}")
        })
    }
}

/// Weights that take few values, and what the largest of these becomes in each column.
pub(super) struct Restricted {
    pub weights: Weights<'static>,
    /// By column: the largest A there may be, for inputs that are read like the first constant.
    pub scales: Vec<f64>,
}

/// The weights whose A are nearest to those given; `None` if all integers are allowed.
pub(super) fn restricted(
    weights: &Weights,
    readings: &[Reading],
    scaling: &Scaling,
    values: WeightValues,
) -> Option<Restricted> {
    let grid = Grid::of(values)?;
    let (inner, taps) = (weights.geometry.inner(), weights.geometry.taps());
    let gains: Vec<f64> = readings.iter().map(|reading| reading.a[0]).collect();
    let gain = |k: usize| gains[k / taps];
    let column = |j: usize| -> Vec<f64> {
        let constant = |k: usize| weights.values.at(j * inner + k) * gain(k);
        (0..inner).map(constant).collect()
    };
    let columns: Vec<Vec<f64>> = (0..weights.geometry.out_channels).map(column).collect();
    let scales = scales(&columns, scaling, &grid);
    let mut all = Vec::with_capacity(columns.len() * inner);
    for (column, &scale) in columns.iter().zip(&scales) {
        // A channel that adds nothing has no weights to speak of.
        let weight = |(k, &a): (usize, &f64)| match gain(k) {
            0.0 => 0.0,
            gain => grid.nearest(a / scale) * scale / gain,
        };
        all.extend(column.iter().enumerate().map(weight));
    }
    Some(Restricted {
        weights: Weights {
            values: Values::Spread(all),
            geometry: weights.geometry,
        },
        scales,
    })
}

impl Restricted {
    /// Lowers units to those with which the largest A of a column is a power of two.
    pub fn align(&self, units: &mut [f64]) {
        for (unit, scale) in units.iter_mut().zip(&self.scales) {
            *unit = (*unit * scale).log2().floor().exp2() / scale;
        }
    }
}

/// Few values.
struct Grid {
    /// The largest first.
    magnitudes: Vec<f64>,
    /// Below the n-th of these, magnitude n + 1 is nearer than n.
    cuts: Vec<f64>,
}

impl Grid {
    fn of(values: WeightValues) -> Option<Grid> {
        let magnitudes = values.magnitudes();
        let cuts: Vec<f64> = magnitudes
            .windows(2)
            .map(|pair| (pair[0] + pair[1]) / 2.0)
            .collect();
        (!magnitudes.is_empty()).then_some(Grid { magnitudes, cuts })
    }

    fn nearest(&self, value: f64) -> f64 {
        let place = self.cuts.partition_point(|cut| value.abs() < *cut);
        self.magnitudes[place].copysign(value)
    }

    /// The squared error of a column at a scale.
    fn error(&self, column: &[f64], scale: f64) -> f64 {
        let error = |a: &f64| (self.nearest(a / scale) * scale - a).powi(2);
        column.iter().map(error).sum()
    }
}

/// Scales tried below the largest constant of a column, and above it: eighths of an octave.
const TRIED: std::ops::RangeInclusive<i32> = -40..=4;

/// The scale of each column.
fn scales(columns: &[Vec<f64>], scaling: &Scaling, grid: &Grid) -> Vec<f64> {
    let largest = |column: &[f64]| column.iter().fold(0.0f64, |most, a| most.max(a.abs()));
    let or_one = |scale: f64| if scale > 0.0 { scale } else { 1.0 };
    let eighths = |top: f64| TRIED.map(move |n| top * (f64::from(n) / 8.0).exp2());
    // Powers of two over `step`, which the columns' words are shifted by.
    let powers = |top: f64, step: f64| {
        let exponent = (top / step).log2().ceil() as i32;
        (exponent - 6..=exponent).map(move |n| step * f64::from(n).exp2())
    };
    let least = |tried: &mut dyn Iterator<Item = f64>, error: &dyn Fn(f64) -> f64| {
        let errors = tried.map(|scale| (scale, error(scale)));
        let least = errors.min_by(|x, y| x.1.total_cmp(&y.1));
        least.map_or(1.0, |(scale, _)| scale)
    };
    if *scaling == Scaling::Common {
        let top = or_one(columns.iter().map(|c| largest(c)).fold(0.0, f64::max));
        let all = |scale: f64| columns.iter().map(|c| grid.error(c, scale)).sum();
        return vec![least(&mut eighths(top), &all); columns.len()];
    }
    let scale = |(j, column): (usize, &Vec<f64>)| {
        let top = or_one(largest(column));
        let error = |scale: f64| grid.error(column, scale);
        match scaling {
            Scaling::Free | Scaling::Common => least(&mut eighths(top), &error),
            Scaling::PowersOfTwo => least(&mut powers(top, 1.0), &error),
            Scaling::PowersOver(steps) => least(&mut powers(top, steps[j]), &error),
        }
    };
    columns.iter().enumerate().map(scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for values in WeightValues::ALL {
            assert_eq!(values.name().parse(), Ok(values));
        }
        assert!(
            "log5"
                .parse::<WeightValues>()
                .unwrap_err()
                .contains("log4-sqrt2")
        );
    }

    #[test]
    fn the_nearest_value_is_taken() {
        let grid = Grid::of(WeightValues::Logarithmic { bits: 3, root: 1 }).unwrap();
        assert_eq!(grid.magnitudes.len(), 8);
        for value in (-2000..2000).map(|n| f64::from(n) / 1000.0) {
            let found = (grid.nearest(value) - value).abs();
            let least = grid.magnitudes.iter().map(|m| (m - value.abs()).abs());
            let least = least.fold(f64::INFINITY, f64::min);
            assert!((found - least).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn scales_have_the_least_error_and_are_powers_where_words_are_shifted() {
        let column = vec![0.9, -1.1, 1.0, 0.05, -0.02, 0.0];
        let grid = Grid::of(WeightValues::Ternary).unwrap();
        let free = scales(std::slice::from_ref(&column), &Scaling::Free, &grid)[0];
        assert!((free - 1.0).abs() < 0.1, "{free}");
        let scaled: Vec<f64> = column.iter().map(|a| a * 2.9).collect();
        let power = scales(&[scaled], &Scaling::PowersOfTwo, &grid)[0];
        assert_eq!(power, 2.0);
        let zeros = scales(&[vec![0.0; 3]], &Scaling::Free, &grid)[0];
        assert!(zeros.is_finite() && zeros > 0.0);
    }
}
