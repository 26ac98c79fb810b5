//! The few numbers of a design that decide how long everything takes.

use cromulent_design::{Design, LayerRegisters, OUTPUT_POOL_LATENCY, POOL_LATENCY};

/// What the blocks ask of a design. Every number is at least 1, so that no bad design divides by zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    /// Rows of the array, and lines of a tile.
    pub rows: u64,
    /// How often the rows of a tile are loaded: [`Design::loads`].
    pub loads: u64,
    /// Columns of the array.
    pub columns: u64,
    /// Bits of a beat.
    pub bus_bits: u64,
    /// Beats of a command and of the header.
    pub command_beats: u64,
    /// Beats of a constant line.
    pub constant_beats: u64,
    /// Beats of a tile line.
    pub tile_beats: u64,
    /// Beats of a code line.
    pub code_beats: u64,
    /// Beats of a code line of the scratch region.
    pub map_line_beats: u64,
    /// Code lines in a beat of the scratch region.
    pub map_beat_lines: u64,
    /// Lines of the queue of weights.
    pub weight_depth: u64,
    /// Constant sets a column holds.
    pub channel_depth: u64,
    /// Images that are computed together.
    pub batch: u64,
    /// [`Design::latency`].
    pub latency: u64,
}

impl Shape {
    pub fn of(design: &Design) -> Shape {
        let number = |value: u32| u64::from(value).max(1);
        let beats = |bits: u32| number(design.beats(bits));
        Shape {
            rows: number(design.rows),
            loads: number(design.loads()),
            columns: number(design.columns),
            bus_bits: number(design.bus_bits),
            command_beats: number(design.command_beats()),
            constant_beats: beats(design.constant_line_bits()),
            tile_beats: beats(design.tile_line_bits()),
            code_beats: beats(design.code_line_bits()),
            map_line_beats: number(design.map_line_beats()),
            map_beat_lines: number(design.map_lines_per_beat()),
            weight_depth: number(design.weight_depth),
            channel_depth: number(design.channel_depth),
            batch: number(design.batch),
            latency: number(design.latency()),
        }
    }

    /// The cycle in which a word leaves column `j`, if its last beat is issued in `last_beat`.
    pub fn leaves(&self, last_beat: u64, j: u64) -> u64 {
        last_beat + self.rows + j + self.latency
    }

    /// The cycle in which the last word of a layer or a column tile leaves the last column; in a max-pool the last row.
    pub fn leaves_last(&self, registers: &LayerRegisters, last_beat: u64) -> u64 {
        if registers.max_pool {
            return self.pooled(last_beat, self.rows - 1);
        }
        self.leaves(last_beat, self.columns - 1)
    }

    /// The cycle in which a layer ends whose last beat is issued in `last_beat`: with its last word, or, if it pools its
    /// codes, when that has passed the pool.
    pub fn ends(&self, registers: &LayerRegisters, last_beat: u64) -> u64 {
        let pooled = u64::from(OUTPUT_POOL_LATENCY);
        let behind = if registers.output_pool { pooled } else { 0 };
        self.leaves_last(registers, last_beat) + behind
    }

    /// The cycle in which row `r` writes the code of a window, if its last tap is issued in `last_beat`.
    pub fn pooled(&self, last_beat: u64, r: u64) -> u64 {
        last_beat + u64::from(POOL_LATENCY) + r
    }
}
