//! Batch-normalisation as the paper splits it: the normalisation N, then the affine a·n + b
//! (section 1.3 of Graham, 2017).

use cromulent_number::Format;

/// Batch-normalisation with fixed statistics: `scale·(x − mean)/sigma + shift`, per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// The affine's a (often γ), one per channel.
    pub scale: Vec<f64>,
    /// The affine's b (often β), one per channel.
    pub shift: Vec<f64>,
    /// The mean that N takes off, one per channel.
    pub mean: Vec<f64>,
    /// The variance, one per channel, above zero.
    pub variance: Vec<f64>,
    /// Added to the variance before the root.
    pub epsilon: f64,
    /// The format its normalised values should be stored in, if not in whatever the hardware's is.
    pub format: Option<Format>,
}

impl BatchNorm {
    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.mean.len()
    }

    /// What N divides channel `c` by: √(variance + epsilon), equation (1).
    pub fn sigma(&self, c: usize) -> f64 {
        (self.variance[c] + self.epsilon).sqrt()
    }

    /// N of channel `c`: (x − mean)/sigma, equation (1).
    pub fn normalise(&self, c: usize, x: f64) -> f64 {
        (x - self.mean[c]) / self.sigma(c)
    }

    /// The affine of channel `c`: a·n + b.
    pub fn affine(&self, c: usize, n: f64) -> f64 {
        self.scale[c] * n + self.shift[c]
    }
}

/// A batch-norm's affine on values another normalisation has stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// The factor.
    pub a: f64,
    /// What is added.
    pub b: f64,
}

impl BatchNorm {
    /// The affine of channel `c` for values stored as `(x − mean)/sigma` with another mean and
    /// sigma (DenseNet: a feature is normalised and stored once, and read by many):
    /// a·σ₁/σ₂ and a·(μ₁ − μ₂)/σ₂ + b.
    pub fn affine_over(&self, c: usize, mean: f64, sigma: f64) -> Affine {
        let a = self.scale[c] / self.sigma(c);
        Affine {
            a: a * sigma,
            b: a * (mean - self.mean[c]) + self.shift[c],
        }
    }

    /// Where channel `c` crosses zero: the n with a·n + b = 0; `None` if a is 0.
    pub fn threshold(&self, c: usize) -> Option<f64> {
        (self.scale[c] != 0.0).then(|| -self.shift[c] / self.scale[c])
    }
}
