//! Energy: counts times what a technology says of each.
//!
//! Each part is a whole number of picojoules, and a sum of parts is their sum: nothing is lost between the two.

use std::ops::AddAssign;

use cromulent_design::Design;

use crate::activity::Activity;
use crate::elements;
use crate::range::Range;
use crate::technology::Technology;

/// What energy is spent on.
pub const PARTS: [&str; 9] = [
    "elements",
    "accumulators",
    "residual",
    "quantizers",
    "weight_memory",
    "code_memory",
    "sum_memory",
    "stream_memory",
    "dram",
];

/// Energy of one part: picojoules, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Energy {
    /// The least.
    pub low: u64,
    /// The most.
    pub high: u64,
}

impl Energy {
    /// Half way between the two, picojoules, rounded down.
    pub fn middle(self) -> u64 {
        self.low + (self.high - self.low) / 2
    }
}

impl From<Range> for Energy {
    fn from(range: Range) -> Energy {
        Energy {
            low: range.low.round() as u64,
            high: range.high.round() as u64,
        }
    }
}

impl AddAssign for Energy {
    fn add_assign(&mut self, other: Energy) {
        self.low += other.low;
        self.high += other.high;
    }
}

/// Energy by part, in the order of [`PARTS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts(pub [Energy; PARTS.len()]);

impl Parts {
    /// All of it: the sum of the parts, in each of the two and in the middle.
    pub fn total(&self) -> Energy {
        let mut total = Energy::default();
        self.0.iter().for_each(|&part| total += part);
        total
    }

    /// The sum of the middles.
    pub fn middle(&self) -> u64 {
        self.0.iter().map(|part| part.middle()).sum()
    }
}

impl AddAssign for Parts {
    fn add_assign(&mut self, other: Parts) {
        for (part, more) in self.0.iter_mut().zip(other.0) {
            *part += more;
        }
    }
}

/// What every operation of a design costs in a technology, picojoules.
#[derive(Clone, PartialEq, Debug)]
pub struct Prices {
    /// An operand meeting a weight in an element.
    element: Range,
    accumulation: Range,
    alignment: Range,
    coding: Range,
    /// A word of the queue of weights, of a code bank, of the accumulators, of the residual stream.
    memories: [Range; 4],
    /// A beat of the memory bus.
    beat: Range,
}

impl Prices {
    /// The prices of a design.
    pub fn of(design: &Design, technology: &Technology) -> Prices {
        let t = technology;
        let mac = t.multiply(design.weight_bits, 8) + t.add(elements::SUM_BITS);
        let share = elements::share(design);
        let word = design.accumulator_bits + 1;
        let columns = design.columns.max(1);
        let queue_word = design.tile_line_bits() / (columns + 1);
        let memory = |depth: u32, bits: u32| {
            let bytes = (u64::from(depth) * u64::from(bits)).div_ceil(8);
            t.sram(bytes, bits)
        };
        Prices {
            element: Range::of(mac.low * share.low, mac.high * share.high),
            accumulation: t.add(design.accumulator_bits),
            alignment: t.add(word) + t.add(design.stream_bits + 2),
            coding: coding(design, t),
            memories: [
                memory(design.weight_depth, queue_word),
                memory(design.code_depth, design.code_word_bits()),
                memory(design.tile_depth, design.accumulator_bits),
                memory(design.stream_depth.max(1), design.stream_bits),
            ],
            beat: t.dram(design.bus_bits),
        }
    }

    /// What a layer costs.
    pub fn energy(&self, layer: &Activity) -> Parts {
        let times = |price: Range, count: u64| Energy::from(price * count as f64);
        let (sram, dram) = (&layer.traffic.sram, &layer.traffic.dram);
        let [weights, codes, sums, stream] = self.memories;
        let elements = Range::of(
            self.element.low * layer.products as f64,
            self.element.high * layer.slots as f64,
        );
        Parts([
            elements.into(),
            times(self.accumulation, layer.accumulations),
            times(self.alignment, layer.aligned),
            times(self.coding, layer.coded),
            times(weights, sram.weights.total()),
            times(codes, sram.inputs.total() + sram.outputs.total()),
            times(sums, sram.sums.total()),
            times(stream, sram.residual.total()),
            times(self.beat, dram.total()),
        ])
    }

    /// What beats of the memory bus cost that belong to no layer: commands.
    pub fn commands(&self, beats: u64) -> Parts {
        let mut parts = Parts::default();
        if let Some(dram) = parts.0.last_mut() {
            *dram = (self.beat * beats as f64).into();
        }
        parts
    }
}

/// Coding a value: the mean subtracted, and a compare for each cut of an octave, or a multiplication.
fn coding(design: &Design, t: &Technology) -> Range {
    let word = design.accumulator_bits + 1;
    let scale = design.threshold_fraction_bits + 1;
    let subtraction = t.add(word);
    match design.format {
        format if format.is_scaled() || format.is_level() => subtraction + t.multiply(word, scale),
        format => subtraction + t.add(word) * f64::from(format.root()),
    }
}

/// What the numbers rest on beside the table's own: a sentence each.
pub fn rules() -> [&'static str; 5] {
    [
        elements::SOURCE,
        "elements: at least the multiply-accumulates of the network times their beats, at most every element in every beat",
        "additions, multiplications and memories of other sizes: by bits, partial products and, below the smallest \
         memory, between the square root of its size and no less than the smallest",
        "registers, clock tree, wires, control, reader and writer are in none of the parts: no table has them",
        "values are not looked at: codes that are zero save nothing here",
    ]
}
