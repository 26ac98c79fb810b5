//! The tiles of a layer, one after another: what every row sends, what every column sums up.

use cromulent_design::{RowWord, WeightWord};

use super::foot::Foot;
use super::machine::Machine;
use super::order::Tile;
use super::output_pool::OutputPool;
use super::row_edge::{RowEdge, Sent};
use super::{CycleRun, wrap};
use crate::layer::Layer;
use crate::word::OutputWord;

/// A machine at work on a layer.
pub(super) struct Array<'m, 'a> {
    machine: &'m mut Machine<'a>,
    layer: &'m Layer,
    /// By \[position of the pass·columns + column\].
    accumulators: Vec<i64>,
    /// By \[beat\]\[row\]: what each row is sent for the current position.
    operands: Vec<Vec<Sent>>,
    /// What pools the codes as they leave, if the layer does.
    pool: Option<OutputPool>,
    /// What pools the words of the residual stream, if the layer does.
    stream_pool: Option<OutputPool>,
    pub run: CycleRun,
}

/// The weights of a tile.
struct Weights {
    /// By \[row\].
    rows: Vec<RowWord>,
    /// By \[row\]\[set\]\[column\]: A·2^(i/root) for each i, then B where there is one.
    sets: Vec<Vec<Vec<i64>>>,
}

impl<'m, 'a> Array<'m, 'a> {
    pub fn new(machine: &'m mut Machine<'a>, layer: &'m Layer) -> Array<'m, 'a> {
        Array {
            machine,
            layer,
            accumulators: vec![],
            operands: vec![],
            pool: None,
            stream_pool: None,
            run: CycleRun::default(),
        }
    }

    fn columns(&self) -> usize {
        self.machine.design.columns as usize
    }

    pub fn tile(&mut self, tile: &Tile) {
        let registers = self.layer.registers;
        let image = registers.image_positions();
        let weights = self.weights(tile);
        if tile.row_tile == 0 {
            let words = if registers.pool {
                tile.positions / image
            } else {
                tile.positions
            };
            self.accumulators.clear();
            self.accumulators.resize(words as usize * self.columns(), 0);
        }
        let last_tile = tile.row_tile + 1 == registers.row_tiles;
        for position in 0..tile.positions {
            let slot = match registers.pool {
                true => position / image,
                false => position,
            } as usize;
            self.issue(&weights, tile.first_position + position);
            self.accumulate(&weights, slot);
            if last_tile && (!registers.pool || (position + 1) % image == 0) {
                self.emit(tile, position, slot);
            }
        }
    }

    fn weights(&self, tile: &Tile) -> Weights {
        let design = self.machine.design;
        let rows = design.rows;
        let place = u64::from(tile.column_tile) * u64::from(self.layer.registers.row_tiles)
            + u64::from(tile.row_tile);
        let weight_rows = |row: u32| {
            let at = place * u64::from(rows) + u64::from(row);
            let words = self.layer.weight_words.line(at as usize);
            let words = words.map(|word| WeightWord::unpack(word, design));
            self.constant_sets(&words.collect::<Vec<_>>())
        };
        let row_word = |row: u32| {
            let at = u64::from(tile.row_tile) * u64::from(rows) + u64::from(row);
            RowWord::unpack(read(&self.layer.row_words, at), design)
        };
        Weights {
            rows: (0..rows).map(row_word).collect(),
            sets: (0..rows).map(weight_rows).collect(),
        }
    }

    /// The words of one row, by \[set\]\[column\].
    fn constant_sets(&self, words: &[WeightWord]) -> Vec<Vec<i64>> {
        let a = |i: u32| words.iter().map(|word| word.a[i as usize].into()).collect();
        let mut sets: Vec<Vec<i64>> = (0..self.machine.design.constants()).map(a).collect();
        sets.push(words.iter().map(|word| word.b.into()).collect());
        sets
    }

    /// Decides what every row is sent at a position, beat by beat.
    fn issue(&mut self, weights: &Weights, position: u64) {
        let (design, registers) = (self.machine.design, &self.layer.registers);
        let (image, oy, ox) = registers.place(position);
        let offset = image * u64::from(registers.image_step)
            + oy * u64::from(registers.y_step)
            + ox * u64::from(registers.stride);
        self.operands.resize(registers.beats as usize, vec![]);
        for beat in &mut self.operands {
            beat.clear();
        }
        let mask = (1 << design.address_bits()) - 1;
        for (row, word) in weights.rows.iter().enumerate() {
            let inside = self.inside(word, oy, ox);
            let address = (offset + u64::from(word.base)) & mask;
            let stored = read(&self.machine.banks[row], address);
            let edge = RowEdge {
                design,
                word,
                stored: inside.then_some(stored),
            };
            edge.send(self.layer.mode.operands, &mut self.operands);
        }
        self.run.counters.beats += u64::from(registers.beats);
        for &sent in self.operands.iter().flatten() {
            let (active, negative) = match sent {
                Sent::Shift(operand) => (operand.active, operand.negative),
                Sent::Multiply(value) => (value != 0, value < 0),
            };
            self.run.counters.active += u64::from(active);
            self.run.counters.negative += u64::from(negative);
        }
    }

    /// Whether a row's tap lies inside the map at an output position.
    fn inside(&self, word: &RowWord, oy: u64, ox: u64) -> bool {
        let registers = &self.layer.registers;
        let within = |out: u64, delta: i32, side: u32| {
            let at = (out * u64::from(registers.stride)).checked_add_signed(delta.into());
            at.is_some_and(|at| at < u64::from(side))
        };
        within(oy, word.dy, registers.height) && within(ox, word.dx, registers.width)
    }

    /// Adds the beats of a position into its accumulators.
    fn accumulate(&mut self, weights: &Weights, slot: usize) {
        let design = self.machine.design;
        let columns = self.columns();
        let accumulators = &mut self.accumulators[slot * columns..][..columns];
        let mut sums = vec![0; columns];
        for beat in &self.operands {
            sums.fill(0);
            for (&sent, sets) in beat.iter().zip(&weights.sets) {
                add_row(sent, sets, &mut sums);
            }
            for (accumulator, &sum) in accumulators.iter_mut().zip(&sums) {
                let sum = wrap(sum, design.sum_bits());
                *accumulator = wrap(*accumulator + sum, design.accumulator_bits);
            }
        }
    }

    /// Lets the totals of a position leave, each through the foot of its column.
    fn emit(&mut self, tile: &Tile, position: u64, slot: usize) {
        let columns = self.columns();
        let registers = &self.layer.registers;
        let used = if tile.column_tile + 1 == registers.column_tiles {
            registers.last_columns as usize
        } else {
            columns
        };
        let position = tile.first_position + position;
        let place = match registers.pool {
            true => position / registers.image_positions(),
            false => position,
        } as usize;
        let mut values = Vec::with_capacity(used);
        let mut kept = vec![];
        for column in 0..used {
            let total = self.accumulators[slot * columns + column];
            let foot = Foot::new(self.machine.design, self.layer, tile.column_tile, column);
            let number = tile.column_tile as usize * registers.positions as usize + place;
            let finished = foot.word(&self.machine.streams[column], number, total);
            self.run.counters.saturations += u64::from(finished.saturated);
            values.push(finished.word);
            kept.extend(finished.kept.map(i64::from));
        }
        self.keep(tile.column_tile, place, kept);
        if registers.output_pool && place == 0 {
            let design = self.machine.design;
            self.pool = Some(OutputPool::new(design, self.layer, tile.column_tile, used));
        }
        let leaving = match &mut self.pool {
            Some(pool) => pool.take(&values),
            None => Some((place, values)),
        };
        if let Some((place, values)) = leaving {
            self.leave(tile.column_tile, place, &values);
        }
    }

    /// Writes the words of a position to the residual stream, pooled if the layer pools them.
    fn keep(&mut self, column_tile: u32, place: usize, kept: Vec<i64>) {
        let registers = &self.layer.registers;
        if registers.pool_stream && place == 0 {
            self.stream_pool = Some(OutputPool::of_words(registers, kept.len()));
        }
        let leaving = match &mut self.stream_pool {
            Some(pool) => pool.take(&kept),
            None => Some((place, kept)),
        };
        let Some((place, words)) = leaving else {
            return;
        };
        let before = column_tile as usize * registers.stream_words_of_channel() as usize;
        let at = registers.stream_write as usize + before + place;
        for (stream, word) in self.machine.streams.iter_mut().zip(words) {
            if let Some(kept) = stream.get_mut(at) {
                *kept = word as i16;
            }
        }
    }

    /// Lets the words of a position leave, and writes them back if they are codes.
    fn leave(&mut self, column_tile: u32, place: usize, values: &[i64]) {
        let words = values.iter().enumerate();
        self.run
            .words
            .extend(words.map(|(column, &value)| OutputWord {
                column_tile,
                position: place as u32,
                column: column as u32,
                value,
            }));
        let registers = &self.layer.registers;
        if registers.codes {
            self.machine
                .write_back(registers, column_tile, place, values);
        }
    }
}

/// A word of a memory. Addresses outside the map may lie beyond it: what is read there is not used.
fn read(bank: &[u64], at: u64) -> u64 {
    usize::try_from(at)
        .ok()
        .and_then(|at| bank.get(at))
        .copied()
        .unwrap_or(0)
}

/// Adds the products of one row in one beat to the column sums.
fn add_row(sent: Sent, sets: &[Vec<i64>], sums: &mut [i64]) {
    match sent {
        Sent::Multiply(value) => {
            for (sum, &a) in sums.iter_mut().zip(&sets[0]) {
                *sum += a * value;
            }
        }
        Sent::Shift(operand) => {
            let set = if operand.active {
                operand.root as usize
            } else {
                sets.len() - 1
            };
            for (sum, &constant) in sums.iter_mut().zip(&sets[set]) {
                let product = constant << operand.shift;
                *sum += if operand.negative { -product } else { product };
            }
        }
    }
}
