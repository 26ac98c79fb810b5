//! Waveforms of the accelerator's observation ports over a window of cycles, from the cycle model.
//!
//! One cycle is one unit of time, numbered from the one in which the core sees `start`. What the model does not
//! know, the words of columns without an output channel and all words that are not valid, is x.

mod file;

pub use file::{Format, write};

use std::ops::Range;

use cromulent_design::{Design, LayerRegisters};
use cromulent_engine::timing::LayerTiming;
use cromulent_engine::{Image, OutputWord};

/// Signals times cycles of a waveform, at most.
pub const MOST_SAMPLES: u64 = 1 << 26;

/// A signal and its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signal {
    /// Its name: a port of the accelerator, or `beat` and `tile_start`, which are flags of its sequencer.
    pub name: String,
    /// Its width.
    pub bits: u32,
    /// Its value in each cycle of the window; `None` if unknown.
    pub values: Vec<Option<u64>>,
}

/// Signals over a window of cycles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waveform {
    /// The window.
    pub cycles: Range<u64>,
    /// The signals.
    pub signals: Vec<Signal>,
}

/// A layer that ran: what it was told, when it did what, and its words.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    /// Its registers.
    pub registers: &'a LayerRegisters,
    /// Its timing.
    pub timing: &'a LayerTiming,
    /// Its words.
    pub words: &'a [OutputWord],
}

const START: usize = 0;
const BEAT: usize = 1;
const TILE: usize = 2;
const DONE: usize = 3;
const CYCLES: usize = 4;
const VALID: usize = 5;
/// Number of the signal of column 0's word.
const WORDS: usize = 6;

/// The number of signals of a design.
pub fn signal_count(design: &Design) -> u64 {
    let pooled = if design.max_pool { 1 + design.rows } else { 0 };
    WORDS as u64 + u64::from(design.columns + pooled)
}

/// The layers of an image with what the model says of them.
pub fn ran<'a>(
    image: &'a Image,
    timings: &'a [LayerTiming],
    words: impl Iterator<Item = &'a [OutputWord]>,
) -> Vec<Ran<'a>> {
    let layers = image.layers.iter().zip(timings).zip(words);
    layers
        .map(|((layer, timing), words)| Ran {
            registers: &layer.registers,
            timing,
            words,
        })
        .collect()
}

impl Waveform {
    /// The waveform of layers within a window.
    pub fn of(design: &Design, layers: &[Ran<'_>], cycles: Range<u64>) -> Waveform {
        let mut waveform = Waveform::empty(design, cycles);
        for layer in layers {
            let (start, last) = (layer.timing.start, layer.timing.cycles);
            waveform.set(START, start, 1);
            waveform.set(DONE, start + last, 1);
            waveform.set(CYCLES, start + last, last);
            waveform.beats(design, layer);
            if !layer.registers.max_pool {
                waveform.words(design, layer);
            }
            if layer.registers.max_pool || layer.registers.output_pool {
                waveform.pooled(design, layer);
            }
        }
        waveform
    }

    /// All flags low, all words unknown.
    fn empty(design: &Design, cycles: Range<u64>) -> Waveform {
        let length = cycles.end.saturating_sub(cycles.start) as usize;
        let signal = |name: String, bits: u32, value: Option<u64>| Signal {
            name,
            bits,
            values: vec![value; length],
        };
        let flag = |name: &str| signal(name.to_owned(), 1, Some(0));
        let mut signals = vec![
            flag("layer_start"),
            flag("beat"),
            // Means something in a beat only.
            signal("tile_start".to_owned(), 1, None),
            flag("layer_done"),
            signal("layer_cycles".to_owned(), 32, None),
            signal("word_valid".to_owned(), design.columns, Some(0)),
        ];
        let word = |column| signal(format!("word_{column}"), design.total_bits(), None);
        signals.extend((0..design.columns).map(word));
        if design.max_pool {
            let bits = design.pooled_bits();
            signals.push(signal("pooled_valid".to_owned(), design.rows, Some(0)));
            let code = |row| signal(format!("pooled_{row}"), bits, None);
            signals.extend((0..design.rows).map(code));
        }
        Waveform { cycles, signals }
    }

    fn set(&mut self, signal: usize, cycle: u64, value: u64) {
        if let Some(at) = cycle.checked_sub(self.cycles.start)
            && let Some(place) = self.signals[signal].values.get_mut(at as usize)
        {
            *place = Some(value);
        }
    }

    /// Beats of the tiles: column tiles, in each passes, in each row tiles.
    fn beats(&mut self, design: &Design, layer: &Ran<'_>) {
        let counts = layer.registers;
        let row_tiles = u64::from(counts.row_tiles.max(1));
        for (tile, first) in layer.timing.tiles.iter().enumerate() {
            let pass = tile as u64 / row_tiles % u64::from(counts.passes);
            let positions = match pass + 1 == u64::from(counts.passes) {
                true => counts.last_positions,
                false => counts.pass_positions,
            };
            let first = layer.timing.start + first;
            let last = tile as u64 % row_tiles + 1 == row_tiles;
            let end = first + counts.tile_beats(design.columns, positions.into(), last);
            let mut issued = (first..end)
                .filter(|cycle| counts.issues(design.columns, cycle - first, last))
                .skip_while(|cycle| *cycle < self.cycles.start);
            let start =
                (first..end).find(|cycle| counts.issues(design.columns, cycle - first, last));
            let own: Vec<u64> = issued
                .by_ref()
                .take_while(|&c| c < self.cycles.end)
                .collect();
            for cycle in own {
                self.set(BEAT, cycle, 1);
                self.set(TILE, cycle, u64::from(Some(cycle) == start));
            }
        }
    }

    /// Codes that the rows of a max-pool write, or that leave the output pool.
    fn pooled(&mut self, design: &Design, layer: &Ran<'_>) {
        let registers = layer.registers;
        let positions = match registers.output_pool {
            true => registers.output_plane,
            false => registers.positions,
        };
        let (start, positions) = (layer.timing.start, u64::from(positions));
        let valid = WORDS + design.columns as usize;
        let ends: Vec<Vec<u64>> = (0..design.rows)
            .map(|row| layer.timing.words(row))
            .collect();
        for word in layer.words {
            let number = u64::from(word.column_tile) * positions + u64::from(word.position);
            let Some(cycle) = ends[word.column as usize].get(number as usize) else {
                continue;
            };
            self.mark(valid, start + cycle, word.column);
            let signal = valid + 1 + word.column as usize;
            self.set(signal, start + cycle, word.value.cast_unsigned());
        }
    }

    /// Sets a bit of a signal of flags.
    fn mark(&mut self, signal: usize, cycle: u64, bit: u32) {
        if let Some(at) = cycle.checked_sub(self.cycles.start)
            && let Some(Some(flags)) = self.signals[signal].values.get_mut(at as usize)
        {
            *flags |= 1 << bit;
        }
    }

    /// Words of all columns; those of columns without a channel are valid and unknown, and so are those that are pooled
    /// as they leave, which the model does not keep.
    fn words(&mut self, design: &Design, layer: &Ran<'_>) {
        let (start, positions) = (layer.timing.start, u64::from(layer.registers.positions));
        let leaves: Vec<Vec<u64>> = (0..design.columns)
            .map(|column| layer.timing.column_words(column))
            .collect();
        for (column, leaves) in leaves.iter().enumerate() {
            for cycle in leaves {
                self.mark(VALID, start + cycle, column as u32);
            }
        }
        if layer.registers.output_pool {
            return;
        }
        let mask = u64::MAX >> (u64::BITS - design.total_bits());
        for word in layer.words {
            let number = u64::from(word.column_tile) * positions + u64::from(word.position);
            let cycle = leaves[word.column as usize].get(number as usize);
            if let Some(cycle) = cycle {
                let signal = WORDS + word.column as usize;
                self.set(signal, start + cycle, word.value.cast_unsigned() & mask);
            }
        }
    }
}
