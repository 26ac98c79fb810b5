//! How often values of a channel are how large.

/// Bins in an octave of magnitudes.
const IN_OCTAVE: f64 = 8.0;

/// Octaves about 1 that are told apart; what is smaller or larger falls into the outermost.
const OCTAVES: f64 = 24.0;

/// Bins of one sign.
const BINS: usize = (2.0 * IN_OCTAVE * OCTAVES) as usize;

/// Counts of values by sign and magnitude, on a logarithmic scale. Sums of them are exact, in any order.
#[derive(Clone)]
pub(super) struct Histogram {
    /// Of values above 0, then of those below. 0 itself is coded as nothing, or like what is next to it.
    counts: [Vec<u64>; 2],
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            counts: [vec![0; BINS], vec![0; BINS]],
        }
    }
}

impl Histogram {
    /// Counts a value.
    pub fn add(&mut self, x: f32) {
        if x == 0.0 {
            return;
        }
        let place = (f64::from(x.abs()).log2() + OCTAVES) * IN_OCTAVE;
        let place = place.clamp(0.0, (BINS - 1) as f64) as usize;
        self.counts[usize::from(x < 0.0)][place] += 1;
    }

    /// Counts what another has counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (own, other) in self.counts.iter_mut().zip(&other.counts) {
            own.iter_mut()
                .zip(other)
                .for_each(|(own, other)| *own += other);
        }
    }

    /// The middle of each bin that has values, and how many.
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> {
        let signs = self.counts.iter().zip([1.0, -1.0]);
        signs.flat_map(|(counts, sign)| {
            let used = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            used.map(move |(place, &count)| {
                let middle = (place as f64 + 0.5) / IN_OCTAVE - OCTAVES;
                (sign * middle.exp2(), count as f64)
            })
        })
    }

    /// The mean square of the values above 0; `None` if there are none.
    pub fn positive_power(&self) -> Option<f64> {
        let positive = self.iter().filter(|(x, _)| *x > 0.0);
        let (sum, count) = positive.fold((0.0, 0.0), |(sum, total), (x, count)| {
            (sum + x * x * count, total + count)
        });
        (count > 0.0).then(|| sum / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_near_where_they_are() {
        let values = [3.0f32, -0.01, 1e-30, 1e30, 0.0, 3.0, 1.0];
        let mut one = Histogram::default();
        values[..3].iter().for_each(|&x| one.add(x));
        let mut other = Histogram::default();
        values[3..].iter().for_each(|&x| other.add(x));
        one.merge(&other);
        let found: Vec<(f64, f64)> = one.iter().collect();
        assert_eq!(found.iter().map(|(_, count)| count).sum::<f64>(), 6.0);
        let near = |wanted: f64, count: f64| {
            let mut found = found.iter();
            found.any(|(x, n)| (x / wanted).log2().abs() <= 0.5 / IN_OCTAVE + 1e-6 && *n == count)
        };
        assert!(
            near(3.0, 2.0) && near(-0.01, 1.0) && near(1.0, 1.0),
            "{found:?}"
        );
        assert!(one.positive_power().is_some());
        assert_eq!(Histogram::default().positive_power(), None);
    }
}
