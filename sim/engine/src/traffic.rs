//! How many words a program moves: between memory and the machine, and between its blocks and their memories.
//!
//! A word is what the memory in question gives at a time: of the memory outside a beat of the bus, of a memory on
//! chip a word of one of its banks. All counts follow from the commands.

use cromulent_design::{Command, Design, Direction, LayerRegisters};

/// The words that a layer moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Beats of the memory bus.
    pub dram: DramWords,
    /// Words of the memories on chip.
    pub sram: SramWords,
}

/// Beats of the memory bus, by tensor. Commands are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DramWords {
    /// Constant lines and tile lines: weights, taps, what becomes of each channel.
    pub weights: u64,
    /// What is fetched before the layer runs: pixels, maps.
    pub inputs: u64,
    /// Scores, packed without gaps, and maps that are stored behind the layer.
    pub outputs: u64,
    /// The residual stream, which stays on chip.
    pub residual: u64,
}

impl DramWords {
    /// All beats.
    pub fn total(&self) -> u64 {
        self.weights + self.inputs + self.outputs + self.residual
    }
}

/// Words read from and written to the memories on chip, by tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SramWords {
    /// The queue of weights: a row word and a weight word of every column for each tile line.
    pub weights: Words,
    /// Codes or pixels: every row reads one a beat, idle ones too. Written are those fetched.
    pub inputs: Words,
    /// Accumulators, between row tiles.
    pub sums: Words,
    /// Codes that are written to the code banks, and read to be stored in memory; of a max-pool, those of idle rows
    /// are counted in.
    pub outputs: Words,
    /// The residual stream.
    pub residual: Words,
}

/// Words of one tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Words {
    /// Words read.
    pub read: u64,
    /// Words written.
    pub written: u64,
}

impl Words {
    /// Words read and written.
    pub fn total(&self) -> u64 {
        self.read + self.written
    }
}

/// Bits of a result in memory.
const RESULT_BITS: u64 = 64;

/// The traffic of each layer of a program, in the order they run. What is fetched belongs to the next layer, what is
/// stored to the one before.
pub fn traffic(design: &Design, steps: &[Command]) -> Vec<Traffic> {
    let mut layers: Vec<Traffic> = vec![];
    let (mut beats, mut lines) = (0, 0);
    for step in steps {
        match step {
            Command::Fetch(fetch) => {
                beats += u64::from(fetch.beats);
                lines += u64::from(fetch.lines);
            }
            Command::Layer(registers) => {
                let mut layer = of_layer(design, registers);
                layer.dram.inputs = std::mem::take(&mut beats);
                let fetched = std::mem::take(&mut lines);
                layer.sram.inputs.written = fetched * u64::from(design.rows);
                layers.push(layer);
            }
            Command::Move(to) if to.direction == Direction::Fetch => {
                beats += u64::from(to.beats);
                lines += u64::from(to.lines);
            }
            Command::Move(to) => {
                if let Some(layer) = layers.last_mut() {
                    layer.dram.outputs += u64::from(to.beats);
                    layer.sram.outputs.read += u64::from(to.lines) * u64::from(design.rows);
                }
            }
            Command::End => {}
        }
    }
    layers
}

/// The traffic of a layer, but for what is fetched.
fn of_layer(design: &Design, registers: &LayerRegisters) -> Traffic {
    let number = u64::from;
    let beats = |bits: u32| number(design.beats(bits));
    let column_tiles = number(registers.column_tiles);
    let tile_lines = column_tiles * number(registers.tile_lines);
    let constant_beats = column_tiles * beats(design.constant_line_bits());
    let columns = number(design.columns);
    let channels = match registers.max_pool {
        true => column_tiles * number(design.rows),
        false => registers.channels(design.columns),
    };
    let words = channels * number(registers.positions);
    let count = |counted: bool| if counted { words } else { 0 };
    let codes = channels * number(registers.codes_of_channel());
    let beats_of = |last| registers.tile_beats(design.columns, registers.all_positions(), last);
    let row_tiles = number(registers.row_tiles.saturating_sub(1));
    let issued = column_tiles * (row_tiles * beats_of(false) + beats_of(true));
    let queue = tile_lines * (columns + 1);
    let sums = words * number(registers.row_tiles.saturating_sub(1));
    Traffic {
        dram: DramWords {
            weights: constant_beats + tile_lines * beats(design.tile_line_bits()),
            inputs: 0,
            outputs: (count(registers.scores) * RESULT_BITS).div_ceil(number(design.bus_bits)),
            residual: 0,
        },
        sram: SramWords {
            weights: both(queue),
            inputs: Words {
                read: issued * number(design.rows),
                written: 0,
            },
            sums: both(sums),
            outputs: Words {
                read: 0,
                written: if registers.codes { codes } else { 0 },
            },
            residual: Words {
                read: count(registers.add),
                written: match registers.stream {
                    true => channels * number(registers.stream_words_of_channel()),
                    false => 0,
                },
            },
        },
    }
}

/// As many words read as written.
fn both(words: u64) -> Words {
    Words {
        read: words,
        written: words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;
    use crate::random::{Limits, network};
    use crate::timing::{Memory, run};

    /// The sum of a count over layers.
    fn sum(layers: &[Traffic], count: impl Fn(&Traffic) -> u64) -> u64 {
        layers.iter().map(count).sum()
    }

    #[test]
    fn every_beat_of_a_program_is_some_layers_or_a_command() {
        let memory = Memory {
            latency: 1,
            interval: 1,
        };
        for seed in 0..200 {
            let image = network(seed, &Limits::default()).image;
            let design = &image.design;
            let program = Program::of(&image);
            let layers = traffic(design, &program.steps);
            let timing = run(design, &program.steps, memory);
            assert_eq!(layers.len(), image.layers.len());
            let lines = sum(&layers, |layer| layer.dram.weights);
            let commands = (1 + program.steps.len() as u64) * u64::from(design.command_beats());
            assert_eq!(lines + commands, u64::from(program.beats()), "seed {seed}");
            assert_eq!(lines + commands, timing.program_beats);
            assert_eq!(
                sum(&layers, |layer| layer.dram.inputs),
                timing.input_beats + timing.fetched_beats
            );
            let results = program.result_words as u64 * RESULT_BITS;
            let bits = u64::from(design.bus_bits);
            assert_eq!(
                sum(&layers, |layer| layer.dram.outputs),
                results.div_ceil(bits) + timing.stored_beats
            );
        }
    }

    #[test]
    fn words_on_chip_are_those_of_the_values_and_beats() {
        for seed in 0..200 {
            let image = network(seed, &Limits::default()).image;
            let design = &image.design;
            let steps = Program::steps_of(&image);
            let layers = traffic(design, &steps);
            let batch = image.batch();
            let values = image.streams.iter().map(|value| value.shape.values());
            let written = batch * values.sum::<usize>();
            assert_eq!(
                sum(&layers, |layer| layer.sram.residual.written),
                written as u64
            );
            let memory = Memory {
                latency: 1,
                interval: 1,
            };
            let timing = run(design, &steps, memory);
            for ((words, layer), timing) in layers.iter().zip(&image.layers).zip(&timing.layers) {
                let rows = u64::from(design.rows);
                assert_eq!(words.sram.inputs.read, timing.causes.beats * rows);
                let codes = layer.output.codes();
                let codes = codes.map_or(0, |t| batch * image.tensors[t].shape.values()) as u64;
                let written = words.sram.outputs.written;
                if layer.mode.max_pool() {
                    let planes = layer.layout(design).planes().len() as u64;
                    let positions = (batch * layer.geometry.positions()) as u64;
                    assert_eq!(written, planes * rows * positions);
                    assert!(written >= codes);
                    continue;
                }
                assert_eq!(written, codes);
                let g = &layer.geometry;
                let own = if layer.mode.pool { 1 } else { g.positions() };
                let positions = image.batch() * own;
                let tiles = layer.layout(design).row_tiles();
                let sums = positions * g.out_channels * (tiles - 1);
                assert_eq!(words.sram.sums, both(sums as u64));
                let lines = layer.weight_words.lines().expect("whole lines") as u64;
                let queue =
                    lines * u64::from(layer.registers.passes) * u64::from(design.columns + 1);
                assert_eq!(words.sram.weights, both(queue));
                let adds = layer
                    .output
                    .residual()
                    .is_some_and(|step| step.base.is_some());
                let read = if adds { positions * g.out_channels } else { 0 } as u64;
                assert_eq!(words.sram.residual.read, read);
            }
        }
    }
}
