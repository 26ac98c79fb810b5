//! How large sums can become, proved from the actual constants.
//!
//! Every input is taken at its worst for each output channel alone, so nothing an image could do exceeds
//! these bounds. They hold for every partial result too: in each row the interval includes 0.

use std::collections::BTreeMap;

use cromulent_design::Design;
use cromulent_number::Threshold;

use crate::constants::Constants;
use crate::geometry::LayerGeometry;
use crate::layer::{Layer, LayerMode, Operands};
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
        if mode.max_pool() {
            // Nothing is added up.
            return Bounds {
                partial_sum_bits: 1,
                accumulator_bits: 1,
            };
        }
        let rows = design.rows as usize;
        let channels = geometry.out_channels;
        let mut beat = RowExtremes::new(design, mode.operands, true);
        let mut whole = RowExtremes::new(design, mode.operands, false);
        // A code of most formats is there in one beat.
        let same = mode.operands == Operands::Codes && design.format.beats() == 1;
        let mut tile = Sums::new(channels);
        let mut total = Sums::new(channels);
        let mut partial = Interval::default();
        for row_tile in 0..layout.row_tiles() {
            tile.clear();
            let slots = (0..rows).filter_map(|row| layout.slot(row_tile, row));
            for slot in slots {
                let k = geometry.inner_index(slot);
                tile.add(constants, k, beat.of(constants.edges[k]));
                if !same {
                    total.add(constants, k, whole.of(constants.edges[k]));
                }
            }
            partial = partial.union(tile.widest());
            if same {
                total.add_sums(&tile);
            }
        }
        let positions = if mode.pool { geometry.positions() } else { 1 };
        Bounds {
            partial_sum_bits: partial.bits(),
            accumulator_bits: total.widest().times(positions as i128).bits(),
        }
    }
}

/// The smallest and the largest factor, 0 included, of one set of constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Factors {
    low: i64,
    high: i64,
}

/// By set of constants, A for each root and then B: what an input can make of it.
type Extremes = [Factors; 5];

/// The extremes of rows, each kind of edge once.
struct RowExtremes<'a> {
    design: &'a Design,
    operands: Operands,
    in_one_beat: bool,
    known: BTreeMap<(u32, bool), Extremes>,
}

impl<'a> RowExtremes<'a> {
    fn new(design: &'a Design, operands: Operands, in_one_beat: bool) -> RowExtremes<'a> {
        RowExtremes {
            design,
            operands,
            in_one_beat,
            known: BTreeMap::new(),
        }
    }

    fn of(&mut self, edge: Threshold) -> Extremes {
        let (design, operands, in_one_beat) = (self.design, self.operands, self.in_one_beat);
        let known = self.known.entry((edge.position, edge.descending));
        *known.or_insert_with(|| extremes(&extreme_terms(design, operands, edge, in_one_beat)))
    }
}

fn extremes(terms: &[Term]) -> Extremes {
    let mut extremes = Extremes::default();
    for term in terms {
        let set = match term.set {
            ConstantSet::A(root) => root,
            ConstantSet::B => B,
        };
        let (factors, factor) = (&mut extremes[set], i64::from(term.factor));
        factors.low = factors.low.min(factor);
        factors.high = factors.high.max(factor);
    }
    extremes
}

/// The place of B among the sets.
const B: usize = 4;

/// By output channel: how small and how large a sum can be. Constants have 12 bits at most, factors 31 and tiles 2^7
/// rows, so 64 bits hold a tile; beyond that sums saturate.
struct Sums {
    low: Vec<i64>,
    high: Vec<i64>,
}

impl Sums {
    fn new(channels: usize) -> Sums {
        Sums {
            low: vec![0; channels],
            high: vec![0; channels],
        }
    }

    fn clear(&mut self) {
        self.low.fill(0);
        self.high.fill(0);
    }

    /// Adds what one row can: the least and the most of all sets.
    fn add(&mut self, constants: &Constants, k: usize, extremes: Extremes) {
        let channels = self.low.len();
        let set = |set: usize| -> &[i32] {
            let set = constants.a.get(set).unwrap_or(&constants.b);
            &set[k * channels..][..channels]
        };
        let used = |set: &usize| extremes[*set] != Factors::default();
        let sets: Vec<usize> = (0..extremes.len()).filter(used).collect();
        let sums = self.low.iter_mut().zip(&mut self.high);
        match sets[..] {
            [] => {}
            [one] => {
                let factors = extremes[one];
                for ((low, high), &constant) in sums.zip(set(one)) {
                    let ends = factors.of(constant);
                    *low += ends.low;
                    *high += ends.high;
                }
            }
            _ => {
                for (j, (low, high)) in sums.enumerate() {
                    let mut ends = Factors::default();
                    for &place in &sets {
                        let own = extremes[place].of(set(place)[j]);
                        ends.low = ends.low.min(own.low);
                        ends.high = ends.high.max(own.high);
                    }
                    *low += ends.low;
                    *high += ends.high;
                }
            }
        }
    }

    fn add_sums(&mut self, other: &Sums) {
        let add = |sums: &mut [i64], others: &[i64]| {
            sums.iter_mut()
                .zip(others)
                .for_each(|(sum, &other)| *sum = sum.saturating_add(other));
        };
        add(&mut self.low, &other.low);
        add(&mut self.high, &other.high);
    }

    /// The interval that holds those of all channels.
    fn widest(&self) -> Interval {
        Interval {
            low: self.low.iter().fold(0, |all, &one| all.min(one)).into(),
            high: self.high.iter().fold(0, |all, &one| all.max(one)).into(),
        }
    }
}

impl Factors {
    /// The least and the most that a constant adds.
    #[inline]
    fn of(self, constant: i32) -> Factors {
        let ends = [self.low, self.high].map(|factor| factor * i64::from(constant));
        Factors {
            low: ends[0].min(ends[1]),
            high: ends[0].max(ends[1]),
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

#[cfg(test)]
mod tests {
    use super::*;

    impl Interval {
        fn including(value: i64) -> Interval {
            Interval {
                low: value.min(0).into(),
                high: value.max(0).into(),
            }
        }
    }
    use crate::layer::{LayerOutput, Storage};
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
            if case.layer.mode.max_pool() {
                continue;
            }
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
            case.layer.mode.storage = Storage::Codes;
            case.layer.output = LayerOutput::Nothing;
            let words = case.layer.offset_words.iter_mut();
            let words = words.chain(&mut case.layer.norm_words);
            words.flatten().for_each(|word| *word = 0);
            let words = reference::run(&case.design, &case.layer, &case.activations).unwrap();
            for word in words {
                let needed = Interval::including(word.value).bits();
                assert!(needed <= bounds.accumulator_bits, "seed {seed}");
                tightest = tightest.min(bounds.accumulator_bits - needed);
            }
        }
        assert_eq!(tightest, 0, "the bound is never reached: it is too loose");
    }
}
