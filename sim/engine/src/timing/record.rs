//! What is remembered of a run.

use cromulent_design::LayerRegisters;

use super::sequencer::Swapped;
use super::shape::Shape;

/// What a busy cycle was used for: exactly one of the core's counters counts it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cause {
    /// A beat was issued.
    Beats,
    /// No weights waited for the beats to come: they were being loaded.
    Weights,
    /// The same, as the tile had not come from memory.
    Bandwidth,
    /// Weights waited, but results had nowhere to go.
    Output,
    /// Weights waited, beats begin in the next cycle.
    Fill,
    /// All beats of the layer are issued, its last words are on their way.
    Drain,
    /// Input is loaded.
    Input,
    /// Maps are moved to or from memory.
    Maps,
    /// Anything else: no layer runs.
    Command,
}

/// Cycles by cause, as the core's counters count them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Causes {
    /// Cycles in which a beat was issued.
    pub beats: u64,
    /// Cycles that waited for weights.
    pub stall_weights: u64,
    /// Those of them in which the loader had no whole tile to load: memory, or the bus, was too slow.
    pub stall_bandwidth: u64,
    /// Cycles that waited for room for results.
    pub stall_output: u64,
    /// Cycles between the arrival of weights and their first beat.
    pub stall_fill: u64,
    /// Cycles after the last beat of a layer.
    pub stall_drain: u64,
    /// Cycles that loaded input.
    pub stall_input: u64,
    /// Cycles that moved maps to or from memory.
    pub stall_maps: u64,
    /// Cycles without a layer.
    pub stall_command: u64,
}

impl Causes {
    /// Counts cycles.
    pub(super) fn count(&mut self, cause: Cause, cycles: u64) {
        let counter = match cause {
            Cause::Beats => &mut self.beats,
            Cause::Weights | Cause::Bandwidth => &mut self.stall_weights,
            Cause::Output => &mut self.stall_output,
            Cause::Fill => &mut self.stall_fill,
            Cause::Drain => &mut self.stall_drain,
            Cause::Input => &mut self.stall_input,
            Cause::Maps => &mut self.stall_maps,
            Cause::Command => &mut self.stall_command,
        };
        *counter += cycles;
        if cause == Cause::Bandwidth {
            self.stall_bandwidth += cycles;
        }
    }

    /// All cycles.
    pub fn total(&self) -> u64 {
        self.beats
            + self.stall_weights
            + self.stall_output
            + self.stall_fill
            + self.stall_drain
            + self.stall_input
            + self.stall_maps
            + self.stall_command
    }
}

/// When everything in a layer happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayerTiming {
    /// The cycle of its `layer_start`, from that of the core's `start`.
    pub start: u64,
    /// From `layer_start` to the last word in the last column, both included.
    pub cycles: u64,
    /// The same cycles by cause.
    pub causes: Causes,
    /// The cycle of the first beat of each tile, counted from `start`: column tiles, in each passes, in each
    /// row tiles.
    pub tiles: Vec<u64>,
    registers: LayerRegisters,
    /// Columns of the array.
    columns: u32,
    /// Cycles from the last beat of a word to its leaving column 0, or row 0 in a max-pool.
    way: u64,
    /// Cycles from the last beat of a position to the pooled code that leaves with it, in any column.
    pooled_way: u64,
}

impl LayerTiming {
    pub(super) fn new(shape: &Shape, registers: &LayerRegisters, start: u64) -> LayerTiming {
        LayerTiming {
            start,
            cycles: 0,
            causes: Causes::default(),
            tiles: vec![],
            registers: *registers,
            columns: shape.columns as u32,
            way: match registers.max_pool {
                true => shape.pooled(0, 0),
                false => shape.leaves(0, 0),
            },
            pooled_way: shape.ends(registers, 0),
        }
    }

    pub(super) fn swap(&mut self, shape: &Shape, tile: &Swapped) {
        self.tiles.push(tile.first_beat - self.start);
        if tile.layer_done {
            self.cycles = shape.ends(&self.registers, tile.last_beat) - self.start + 1;
        }
    }

    /// Whether a cycle, counted from the core's `start` and not before the layer's, belongs to the layer.
    pub(super) fn holds(&self, now: u64) -> bool {
        self.cycles == 0 || now < self.start + self.cycles
    }

    /// The number in `tiles` of a tile; `None` if the layer has no such tile.
    fn tile(&self, column_tile: u32, pass: u32, row_tile: u32) -> Option<usize> {
        let counts = &self.registers;
        let there = column_tile < counts.column_tiles
            && pass < counts.passes
            && row_tile < counts.row_tiles;
        let outer = column_tile as usize * counts.passes as usize + pass as usize;
        there.then(|| outer * counts.row_tiles as usize + row_tile as usize)
    }

    /// The cycle, counted from `layer_start`, in which the last beat of a position (from 0, in the pass) is issued that
    /// is of its words; `None` if there is no such tile.
    fn last_beat(&self, column_tile: u32, pass: u32, position: u64) -> Option<u64> {
        let last = self.registers.row_tiles.checked_sub(1)?;
        let first_beat = self.tiles.get(self.tile(column_tile, pass, last)?)?;
        let beats = match self.registers.paced_beats(self.columns) {
            Some(image) => (position / self.registers.image_positions() + 1) * image,
            None => (position + 1) * self.registers.position_beats(),
        };
        Some(first_beat + beats - 1)
    }

    /// The cycle, counted from `layer_start`, in which the word of a position (from 0, in the pass) leaves a
    /// column; in a max-pool, the window of a row ends. A layer that adds up all positions of an image has only the word
    /// of its last one. `None` if there is no such tile.
    pub fn leaves(&self, column_tile: u32, pass: u32, position: u64, column: u32) -> Option<u64> {
        let last_beat = self.last_beat(column_tile, pass, position)?;
        Some(last_beat + self.way + u64::from(column))
    }

    /// The cycles, counted from `layer_start`, in which the words of a column leave it, in order; in a max-pool
    /// those in which the windows of a row end, and where codes are pooled as they leave, those in which pooled ones of
    /// a column do: what the words of the layer are.
    pub fn words(&self, column: u32) -> Vec<u64> {
        match self.registers.window_ends() {
            Some([rows, columns]) => self.pooled(&rows, &columns),
            None => self.column_words(column),
        }
    }

    /// The cycles in which pooled codes leave that end with positions of these rows and columns.
    fn pooled(&self, rows: &[u32], columns: &[u32]) -> Vec<u64> {
        let counts = self.registers;
        let (map, width) = (counts.image_positions(), u64::from(counts.output_width));
        let images = counts.all_positions() / map;
        let pass = u64::from(counts.pass_positions).max(1);
        let leave = |column_tile: u32, image: u64, row: u32, column: u32| {
            let position = image * map + u64::from(row) * width + u64::from(column);
            let last_beat = self.last_beat(column_tile, (position / pass) as u32, position % pass);
            Some(last_beat? + self.pooled_way)
        };
        let tiles = 0..counts.column_tiles;
        let images = tiles.flat_map(|tile| (0..images).map(move |image| (tile, image)));
        let rows = images.flat_map(|(tile, image)| rows.iter().map(move |&row| (tile, image, row)));
        rows.flat_map(|(tile, image, row)| {
            columns
                .iter()
                .map(move |&column| (tile, image, row, column))
        })
        .filter_map(|(tile, image, row, column)| leave(tile, image, row, column))
        .collect()
    }

    /// The cycles in which words leave a column, pooled or not.
    pub fn column_words(&self, column: u32) -> Vec<u64> {
        let counts = self.registers;
        let mut words = vec![];
        for column_tile in 0..counts.column_tiles {
            for pass in 0..counts.passes {
                let positions = u64::from(if pass + 1 == counts.passes {
                    counts.last_positions
                } else {
                    counts.pass_positions
                });
                let apart = if counts.pool {
                    counts.image_positions()
                } else {
                    1
                };
                let ends = (apart - 1..positions).step_by(apart as usize);
                let leave = |position| self.leaves(column_tile, pass, position, column);
                words.extend(ends.filter_map(leave));
            }
        }
        words
    }
}
