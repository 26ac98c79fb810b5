//! The cycle model: the array's own order, widths and cycles.
//!
//! Walks the tiles of a layer as the hardware does: code banks read by address, operands decided beat by
//! beat at the row edge, column sums wrapped to `partial_sum_bits`, accumulators to `accumulator_bits`.
//! A program that compile accepted never wraps; if the two ever differ from the [reference], the
//! difference shows. Cycles come from the [schedule] alone.
//!
//! [reference]: crate::reference
//! [schedule]: crate::schedule

use cromulent_design::{Affine, Design, PeKind, RowWord, WeightWord};
use cromulent_number::{
    Code, Format, Operand, Quantizer, Threshold, digits, encode, from_order, operand, order,
};

use crate::activations::{Activations, InputError};
use crate::constants::read_quantizer;
use crate::layer::{Layer, Operands};
use crate::schedule::{Schedule, Tile, schedule};
use crate::word::OutputWord;

/// What a layer did on the array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CycleRun {
    /// The words, in the order of [`OutputWord`].
    pub words: Vec<OutputWord>,
    /// The cycle in which each word leaves, counted from the cycle of `start`.
    pub leaves: Vec<u64>,
    /// What it took.
    pub counters: Counters,
}

/// Cycles by cause, and how busy the rows were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// From `start` to the last word, both included.
    pub cycles: u64,
    /// Multiply-accumulates as the network counts them.
    pub macs: u64,
    /// Cycles in which a beat was issued.
    pub issued: u64,
    /// Cycles lost between tiles, waiting for weights.
    pub weight_load: u64,
    /// Cycles before the first beat.
    pub fill: u64,
    /// Cycles after the last beat.
    pub drain: u64,
    /// Operands sent into rows that were active, over all beats; at most rows·issued.
    pub active: u64,
    /// Operands sent into rows with a negative sign, over all beats.
    pub negative: u64,
}

impl Counters {
    /// Multiply-accumulates per processing element and cycle, in millionths.
    pub fn utilization_millionths(&self, design: &Design) -> u64 {
        let elements = u64::from(design.rows) * u64::from(design.columns);
        (self.macs * 1_000_000)
            .checked_div(elements * self.cycles)
            .unwrap_or(0)
    }
}

/// Runs a layer.
///
/// # Errors
/// Activations that are no input of the layer.
pub fn run(
    design: &Design,
    layer: &Layer,
    activations: &Activations,
) -> Result<CycleRun, InputError> {
    activations.check(design, layer)?;
    let schedule = schedule(&layer.registers, design);
    let mut array = Array::new(design, layer, activations);
    for tile in &schedule.tiles {
        array.tile(&schedule, tile);
    }
    let counters = Counters {
        cycles: schedule.cycles,
        macs: layer.macs,
        issued: schedule.issued(),
        weight_load: schedule.weight_load,
        fill: schedule.fill,
        drain: schedule.drain,
        ..array.counters
    };
    Ok(CycleRun {
        words: array.words,
        leaves: array.leaves,
        counters,
    })
}

/// The array with its memories.
struct Array<'a> {
    design: &'a Design,
    layer: &'a Layer,
    banks: Vec<Vec<u64>>,
    /// By \[position of the pass·columns + column\].
    accumulators: Vec<i64>,
    /// By \[beat\]\[row\]: what each row is sent for the current position.
    operands: Vec<Vec<Sent>>,
    words: Vec<OutputWord>,
    leaves: Vec<u64>,
    counters: Counters,
}

/// One beat of a row.
#[derive(Clone, Copy)]
enum Sent {
    /// To shifting elements.
    Shift(Operand),
    /// To multiplying elements.
    Multiply(i64),
}

/// The weights of a tile.
struct Weights {
    /// By \[row\].
    rows: Vec<RowWord>,
    /// By \[row\]\[set\]\[column\]: A·2^(i/root) for each i, then B where there is one.
    sets: Vec<Vec<Vec<i64>>>,
    /// By \[column\].
    quantizers: Vec<Quantizer>,
}

impl<'a> Array<'a> {
    fn new(design: &'a Design, layer: &'a Layer, activations: &Activations) -> Array<'a> {
        Array {
            design,
            layer,
            banks: activations.banks(design, &layer.geometry),
            accumulators: vec![],
            operands: vec![],
            words: vec![],
            leaves: vec![],
            counters: Counters::default(),
        }
    }

    fn columns(&self) -> usize {
        self.design.columns as usize
    }

    fn tile(&mut self, schedule: &Schedule, tile: &Tile) {
        let registers = self.layer.registers;
        let weights = self.weights(tile);
        if tile.row_tile == 0 {
            let words = if registers.pool { 1 } else { tile.positions };
            self.accumulators.clear();
            self.accumulators.resize(words as usize * self.columns(), 0);
        }
        let last_tile = tile.row_tile + 1 == registers.row_tiles;
        for position in 0..tile.positions {
            let slot = if registers.pool { 0 } else { position as usize };
            self.issue(&weights, tile.first_position + position);
            self.accumulate(&weights, slot);
            if last_tile && (!registers.pool || position + 1 == tile.positions) {
                self.emit(schedule, tile, position, &weights, slot);
            }
        }
    }

    fn weights(&self, tile: &Tile) -> Weights {
        let design = self.design;
        let rows = design.rows;
        let place = u64::from(tile.column_tile) * u64::from(self.layer.registers.row_tiles)
            + u64::from(tile.row_tile);
        let weight_rows = |row: u32| {
            let at = place * u64::from(rows) + u64::from(row);
            let banks = self.layer.weight_words.iter();
            let words = banks.map(|bank| WeightWord::unpack(read(bank, at), design));
            constant_sets(design, &words.collect::<Vec<_>>())
        };
        let row_word = |row: u32| {
            let at = u64::from(tile.row_tile) * u64::from(rows) + u64::from(row);
            RowWord::unpack(read(&self.layer.row_words, at), design)
        };
        let first = tile.column_tile as usize * self.columns();
        let channels = first..first + self.columns();
        Weights {
            rows: (0..rows).map(row_word).collect(),
            sets: (0..rows).map(weight_rows).collect(),
            quantizers: channels
                .map(|j| read_quantizer(design, self.layer, j))
                .collect(),
        }
    }

    /// Decides what every row is sent at a position, beat by beat.
    fn issue(&mut self, weights: &Weights, position: u64) {
        let registers = &self.layer.registers;
        let width = u64::from(registers.output_width);
        let (oy, ox) = (position / width, position % width);
        let offset = oy * u64::from(registers.y_step) + ox * u64::from(registers.x_step);
        let beats = registers.beats as usize;
        self.operands.resize(beats, vec![]);
        for beat in &mut self.operands {
            beat.clear();
        }
        for (row, word) in weights.rows.iter().enumerate() {
            let inside = self.inside(word, oy, ox);
            let address = (offset + u64::from(word.base)) & address_mask(self.design);
            let stored = read(&self.banks[row], address);
            let edge = RowEdge {
                design: self.design,
                word,
                stored: inside.then_some(stored),
            };
            edge.send(self.layer.mode.operands, &mut self.operands);
        }
        for &sent in self.operands.iter().flatten() {
            let (active, negative) = match sent {
                Sent::Shift(operand) => (operand.active, operand.negative),
                Sent::Multiply(value) => (value != 0, value < 0),
            };
            self.counters.active += u64::from(active);
            self.counters.negative += u64::from(negative);
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
        let columns = self.columns();
        let accumulators = &mut self.accumulators[slot * columns..][..columns];
        let mut sums = vec![0; columns];
        for beat in &self.operands {
            sums.fill(0);
            for (&sent, sets) in beat.iter().zip(&weights.sets) {
                add_row(sent, sets, &mut sums);
            }
            for (accumulator, &sum) in accumulators.iter_mut().zip(&sums) {
                let sum = wrap(sum, self.design.sum_bits());
                *accumulator = wrap(*accumulator + sum, self.design.accumulator_bits);
            }
        }
    }

    fn emit(
        &mut self,
        schedule: &Schedule,
        tile: &Tile,
        position: u64,
        weights: &Weights,
        slot: usize,
    ) {
        let columns = self.columns();
        let first = tile.column_tile as usize * columns;
        let used = columns.min(self.layer.geometry.out_channels - first);
        for column in 0..used {
            let sum = self.accumulators[slot * columns + column];
            let quantizer = &weights.quantizers[column];
            self.words.push(OutputWord {
                column_tile: tile.column_tile,
                position: if self.layer.mode.pool {
                    0
                } else {
                    (tile.first_position + position) as u32
                },
                column: column as u32,
                value: if self.layer.mode.raw {
                    sum - quantizer.mean
                } else {
                    encode(self.design.format, sum, quantizer).0.into()
                },
            });
            self.leaves
                .push(schedule.leaves(tile, position, column as u32));
        }
    }
}

/// The row edge: from a stored word to what the row is sent.
struct RowEdge<'a> {
    design: &'a Design,
    word: &'a RowWord,
    /// The word of the code bank; `None` outside the map.
    stored: Option<u64>,
}

impl RowEdge<'_> {
    /// Appends each beat to the row's place in it.
    fn send(&self, operands: Operands, beats: &mut [Vec<Sent>]) {
        let multiply = self.design.pe == PeKind::Multiply;
        match operands {
            Operands::Integers if multiply => beats[0].push(Sent::Multiply(self.integer())),
            Operands::Integers => {
                let recoded = digits(self.integer() as i32, beats.len()).unwrap_or_default();
                for (beat, digit) in beats.iter_mut().zip(recoded) {
                    beat.push(Sent::Shift(digit.map_or(self.nothing(), Operand::from)));
                }
            }
            Operands::Codes if multiply => {
                let code = self.stored.map_or(0, u64::cast_signed);
                beats[0].push(Sent::Multiply(code));
            }
            Operands::Codes => beats[0].push(Sent::Shift(self.code())),
        }
    }

    /// The stored pixel, or the padding.
    fn integer(&self) -> i64 {
        let integer = self.stored.map_or(self.word.pad(), |word| word as u8 as i8);
        integer.into()
    }

    /// A beat that adds nothing: B is 0 in a layer that streams integers.
    fn nothing(&self) -> Operand {
        if self.design.has_bias() {
            Operand::inactive_exact(self.design.format)
        } else {
            Operand::INACTIVE
        }
    }

    fn code(&self) -> Operand {
        let format = self.design.format;
        let code = self.stored.map(|word| Code(word as u8 & code_mask(format)));
        let cut = Threshold {
            position: self.word.threshold,
            descending: self.word.descending,
        };
        match self.design.affine {
            Affine::Exact => code
                .filter(|&code| cut.is_active(order(format, code)))
                .map_or(Operand::inactive_exact(format), |code| {
                    operand(format, code)
                }),
            Affine::Snapped | Affine::Recentred => {
                let place = code.map_or(cut.position, |code| cut.clamp(order(format, code)));
                operand(format, from_order(format, place))
            }
            Affine::Rectified => operand(format, code.unwrap_or(Code(0))),
        }
    }
}

fn code_mask(format: Format) -> u8 {
    (format.codes() - 1) as u8
}

fn address_mask(design: &Design) -> u64 {
    (1 << design.address_bits()) - 1
}

/// A word of a memory. Addresses outside the map may lie beyond it: what is read there is not used.
fn read(bank: &[u64], at: u64) -> u64 {
    usize::try_from(at)
        .ok()
        .and_then(|at| bank.get(at))
        .copied()
        .unwrap_or(0)
}

/// The words of one row, by \[set\]\[column\].
fn constant_sets(design: &Design, words: &[WeightWord]) -> Vec<Vec<i64>> {
    let a = |i: u32| words.iter().map(|word| word.a[i as usize].into()).collect();
    let mut sets: Vec<Vec<i64>> = (0..design.constants()).map(a).collect();
    sets.push(words.iter().map(|word| word.b.into()).collect());
    sets
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

/// The low bits of a value as a signed number of that width.
fn wrap(value: i64, bits: u32) -> i64 {
    let above = 64 - bits.clamp(1, 64);
    value << above >> above
}
