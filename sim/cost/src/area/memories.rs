//! The memories of an accelerator.

use cromulent_design::{Design, FIFO_BEATS, NormWord, OffsetWord, RowWord, ThetaWord, WeightWord};

use super::blocks::pools_stream;

/// Memories of one shape for one purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Memory {
    /// What they hold.
    pub name: &'static str,
    /// How many there are.
    pub count: u64,
    /// Words of each.
    pub depth: u32,
    /// Bits of a word.
    pub width: u32,
}

/// Bits of a lane of the bus.
const LANE_BITS: u32 = 32;
/// Columns whose directions, and whose lines, share a memory of the output pool.
const DIRECTION_COLUMNS: u32 = 32;
const LINE_COLUMNS: u32 = 8;

impl Memory {
    /// Bits of all of them.
    pub fn bits(&self) -> u64 {
        self.count * u64::from(self.depth) * u64::from(self.width)
    }
}

/// All memories of a design.
pub fn memories(design: &Design) -> Vec<Memory> {
    let d = design;
    let [rows, columns, lanes] = [d.rows, d.columns, d.bus_lanes()].map(u64::from);
    let memory = |name, count, depth, width| Memory {
        name,
        count,
        depth,
        width,
    };
    let constants = |width| memory("constants", columns, d.channel_depth, width);
    // A floor is kept with the norm, a direction in the output pool.
    let norm = NormWord::fields(d)[4].low;
    let mut all = vec![
        memory("row words", 1, d.weight_depth, RowWord::bits(d)),
        memory("code banks", rows, d.code_depth, d.code_word_bits()),
        memory("weights", columns, d.weight_depth, WeightWord::bits(d)),
        memory("accumulators", columns, d.tile_depth, d.accumulator_bits),
        constants(OffsetWord::bits(d)),
        constants(norm),
    ];
    all.extend((0..d.theta_banks()).map(|_| constants(ThetaWord::bits(d))));
    if d.has_stream() {
        all.push(memory("stream", columns, d.stream_depth, d.stream_bits));
    }
    if pools_stream(d) {
        all.push(memory("pool lines", columns, d.map_side, d.stream_bits));
    }
    all.push(memory("queues", lanes, FIFO_BEATS, LANE_BITS));
    all.push(memory("queues", lanes, d.map_fifo_beats(), LANE_BITS));
    all.push(memory("queues", 1, score_depth(d), d.total_bits() + 1));
    if d.max_pool {
        let groups = |size: u32| {
            let whole = (size, u64::from(d.columns / size));
            let rest = (d.columns % size, 1);
            [whole, rest]
                .into_iter()
                .filter(|&(of, count)| of > 0 && count > 0)
        };
        let code = d.pooled_bits();
        let directions = groups(DIRECTION_COLUMNS);
        all.extend(directions.map(|(of, n)| memory("pool lines", n, d.channel_depth, of)));
        let lines = groups(LINE_COLUMNS);
        all.extend(lines.map(|(of, n)| memory("pool lines", n, d.map_side, of * code)));
    }
    all
}

/// Words of the queue of results.
fn score_depth(design: &Design) -> u32 {
    let (rows, columns) = (design.rows, design.columns);
    let way = rows + columns + design.latency() + 1;
    let words = match design.batch {
        1 => columns * (way.div_ceil(rows) + 2),
        batch => columns * batch + way + 2,
    };
    (8 * columns).max(words + columns).next_power_of_two()
}
