//! Sizes as sums of features: least squares with coefficients that are not negative.

use std::collections::BTreeMap;

/// A block of a design that was synthesised.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    /// Its kind.
    pub kind: String,
    /// Its features.
    pub features: Vec<f64>,
    /// Its size.
    pub size: f64,
}

/// What was found: a coefficient for each feature, and what each kind adds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Fit {
    /// For each feature.
    pub coefficients: Vec<f64>,
    /// For each kind.
    pub kinds: BTreeMap<String, f64>,
}

/// How much less likely a kind is to differ than a sample to be off.
const KIND_WEIGHT: f64 = 0.02;
/// Of features that always go together each gets its share: as a part of what samples say.
const FEATURE_WEIGHT: f64 = 1e-6;
/// Rounds over all coefficients.
const ROUNDS: usize = 20_000;

impl Fit {
    /// Fits samples, each by its relative error.
    pub fn of(samples: &[Sample]) -> Fit {
        let count = samples.first().map_or(0, |sample| sample.features.len());
        let mut fit = Fit {
            coefficients: vec![0.0; count],
            kinds: samples
                .iter()
                .map(|sample| (sample.kind.clone(), 0.0))
                .collect(),
        };
        let several = fit.kinds.len() > 1;
        let weights: Vec<f64> = samples
            .iter()
            .map(|s| (s.size.abs() + 4.0).recip().powi(2))
            .collect();
        let scale = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
        let mut left: Vec<f64> = samples.iter().map(|sample| sample.size).collect();
        for _ in 0..ROUNDS {
            for f in 0..count {
                let column = |s: usize| samples[s].features[f];
                let all: f64 = (0..samples.len())
                    .map(|s| weights[s] * column(s).powi(2))
                    .sum();
                let least = FEATURE_WEIGHT * all;
                let step = step(&weights, &left, column, fit.coefficients[f], least);
                let step = step.max(-fit.coefficients[f]);
                fit.coefficients[f] += step;
                left.iter_mut()
                    .enumerate()
                    .for_each(|(s, left)| *left -= step * column(s));
            }
            for (kind, offset) in fit.kinds.iter_mut().filter(|_| several) {
                let column = |s: usize| if samples[s].kind == *kind { 1.0 } else { 0.0 };
                let step = step(&weights, &left, column, *offset, KIND_WEIGHT * scale);
                *offset += step;
                left.iter_mut()
                    .enumerate()
                    .for_each(|(s, left)| *left -= step * column(s));
            }
        }
        fit
    }
}

/// How far a coefficient is to move so that the squares of what is left, and of itself, are least.
fn step(
    weights: &[f64],
    left: &[f64],
    column: impl Fn(usize) -> f64,
    now: f64,
    penalty: f64,
) -> f64 {
    let (mut slope, mut curve) = (-penalty * now, penalty);
    for (s, (weight, left)) in weights.iter().zip(left).enumerate() {
        let x = column(s);
        slope += weight * x * left;
        curve += weight * x * x;
    }
    if curve > 0.0 { slope / curve } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_features_are_found_again() {
        let sample = |kind: &str, a: f64, b: f64| Sample {
            kind: kind.to_owned(),
            features: vec![1.0, a, b],
            size: 7.0 + 2.0 * a + 0.5 * b + if kind == "odd" { 30.0 } else { 0.0 },
        };
        let samples: Vec<Sample> = (0..30)
            .map(|n| {
                let kind = if n % 2 == 1 { "odd" } else { "even" };
                sample(kind, f64::from(n * 7 % 11), f64::from(n * 5 % 13))
            })
            .collect();
        let fit = Fit::of(&samples);
        for sample in &samples {
            let sum: f64 = fit
                .coefficients
                .iter()
                .zip(&sample.features)
                .map(|(c, f)| c * f)
                .sum();
            let found = sum + fit.kinds[&sample.kind];
            assert!(
                (found - sample.size).abs() < 0.01 * sample.size,
                "{found} {sample:?}"
            );
        }
    }

    #[test]
    fn no_coefficient_is_negative() {
        let samples: Vec<Sample> = (0..9)
            .map(|n| Sample {
                kind: String::new(),
                features: vec![1.0, f64::from(n)],
                size: 20.0 - f64::from(n),
            })
            .collect();
        let fit = Fit::of(&samples);
        assert_eq!(fit.coefficients[1], 0.0);
        assert!((fit.coefficients[0] - 16.0).abs() < 1.0);
    }
}
