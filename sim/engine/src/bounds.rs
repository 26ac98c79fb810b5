//! How large sums can become, proved from the actual constants.
//!
//! Every input is taken at its worst for each output channel alone, so nothing an image could do exceeds
//! these bounds. They hold for every partial result too: in each row the interval includes 0.

use cromulent_design::Design;

use crate::constants::Constants;
use crate::geometry::LayerGeometry;
use crate::layer::{Layer, LayerMode};
use crate::layout::Layout;
use crate::term::{ConstantSet, Term, extreme_terms};

/// The signed bits a layer's sums need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// For the sum of a column over its rows, in any tile and beat.
    pub partial_sum_bits: u32,
    /// For an accumulator, pooled positions included.
    pub accumulator_bits: u32,
}

impl Bounds {
    /// The bounds of a layer of a program.
    pub fn of_layer(design: &Design, layer: &Layer) -> Bounds {
        let constants = Constants::read(design, layer);
        let layout = layer.layout(design);
        Bounds::of(design, &layer.geometry, layer.mode, &layout, &constants)
    }

    /// The bounds of a layer with these constants.
    pub fn of(
        design: &Design,
        geometry: &LayerGeometry,
        mode: LayerMode,
        layout: &Layout,
        constants: &Constants,
    ) -> Bounds {
        let rows = design.rows as usize;
        let channels = geometry.out_channels;
        let intervals = |in_one_beat| {
            move |k: usize| {
                let edge = constants.edges[k];
                let terms = extreme_terms(design, mode.operands, edge, in_one_beat);
                row_intervals(constants, channels, k, &terms)
            }
        };
        let (beat, whole) = (intervals(true), intervals(false));
        let mut tile = vec![Interval::default(); channels];
        let mut total = tile.clone();
        let mut partial = Interval::default();
        for row_tile in 0..layout.row_tiles() {
            tile.fill(Interval::default());
            let slots = (0..rows).filter_map(|row| layout.slot(row_tile, row));
            for slot in slots {
                let k = geometry.inner_index(slot);
                add(&mut tile, &beat(k));
                add(&mut total, &whole(k));
            }
            partial = tile.iter().fold(partial, |all, one| all.union(*one));
        }
        let positions = if mode.pool { geometry.positions() } else { 1 };
        let widest = total
            .iter()
            .fold(Interval::default(), |all, one| all.union(*one));
        Bounds {
            partial_sum_bits: partial.bits(),
            accumulator_bits: widest.times(positions as i128).bits(),
        }
    }
}

/// The values from `low` ≤ 0 to `high` ≥ 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Interval {
    low: i128,
    high: i128,
}

impl Interval {
    fn including(self, value: i64) -> Interval {
        Interval {
            low: self.low.min(value.into()),
            high: self.high.max(value.into()),
        }
    }

    fn union(self, other: Interval) -> Interval {
        Interval {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    fn times(self, count: i128) -> Interval {
        Interval {
            low: self.low * count,
            high: self.high * count,
        }
    }

    /// The width of two's complement that holds every value.
    fn bits(self) -> u32 {
        let magnitude = self.high.max(-(self.low + 1)).max(0);
        129 - magnitude.leading_zeros()
    }
}

/// What one row can add to each output channel.
fn row_intervals(
    constants: &Constants,
    channels: usize,
    k: usize,
    terms: &[Term],
) -> Vec<Interval> {
    let mut intervals = vec![Interval::default(); channels];
    for term in terms {
        let set = match term.set {
            ConstantSet::A(root) => &constants.a[root],
            ConstantSet::B => &constants.b,
        };
        for (interval, &constant) in intervals.iter_mut().zip(&set[k * channels..]) {
            *interval = interval.including(i64::from(constant) * i64::from(term.factor));
        }
    }
    intervals
}

fn add(sums: &mut [Interval], rows: &[Interval]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        sum.low += row.low;
        sum.high += row.high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::LayerOutput;
    use crate::random::{Limits, case};
    use crate::reference;

    #[test]
    fn bits_hold_both_ends() {
        let bits = |low, high| Interval { low, high }.bits();
        assert_eq!(bits(0, 0), 1);
        assert_eq!(bits(-1, 0), 1);
        assert_eq!(bits(-128, 127), 8);
        assert_eq!(bits(-128, 128), 9);
        assert_eq!(bits(-129, 0), 9);
    }

    #[test]
    fn no_accumulator_exceeds_its_bound() {
        let mut tightest = u32::MAX;
        for seed in 0..2000 {
            let mut case = case(seed, &Limits::default());
            let bounds = Bounds::of_layer(&case.design, &case.layer);
            assert!(
                bounds.partial_sum_bits <= case.design.sum_bits(),
                "seed {seed}"
            );
            assert!(
                bounds.accumulator_bits <= case.design.accumulator_bits,
                "seed {seed}"
            );
            case.layer.mode.raw = true;
            case.layer.output = LayerOutput::Nothing;
            let words = case.layer.offset_words.iter_mut();
            let words = words.chain(&mut case.layer.norm_words);
            words.flatten().for_each(|word| *word = 0);
            let words = reference::run(&case.design, &case.layer, &case.activations).unwrap();
            for word in words {
                let needed = Interval::default().including(word.value).bits();
                assert!(needed <= bounds.accumulator_bits, "seed {seed}");
                tightest = tightest.min(bounds.accumulator_bits - needed);
            }
        }
        assert_eq!(tightest, 0, "the bound is never reached: it is too loose");
    }
}
