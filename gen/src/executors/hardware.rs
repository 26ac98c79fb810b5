//! What hardware executors share: how a layer is loaded, and how its words are read back.

use cromulent_design::{Design, LoadKind};
use cromulent_engine::{Activations, Layer, OutputWord, schedule};

/// A layer to run on one input.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The design.
    pub design: &'a Design,
    /// The layer.
    pub layer: &'a Layer,
    /// Its input, which [`Activations::check`] accepts.
    pub activations: &'a Activations,
}

/// One write through the load port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Load {
    /// Which memory.
    pub kind: LoadKind,
    /// Row or column.
    pub bank: usize,
    /// Address in the bank.
    pub address: usize,
    /// The word.
    pub data: u64,
}

/// What a layer did in hardware.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HardwareRun {
    /// The words in the engine's order, those of idle columns left out.
    pub words: Vec<OutputWord>,
    /// The cycle in which each word leaves, counted from the cycle of `start`.
    pub leaves: Vec<u64>,
    /// The core's own count of cycles.
    pub cycles: u64,
    /// The core's own count of beats issued.
    pub beats: u64,
    /// The core's own count of cycles in which a tile waited for its weights.
    pub load_stalls: u64,
    /// The core was still busy when it should long have been done.
    pub hung: bool,
}

/// A word as it leaves a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Leaving {
    pub cycle: u64,
    pub column: usize,
    pub value: i64,
}

impl Job<'_> {
    /// Every write that fills the memories, in a fixed order.
    pub fn loads(&self) -> Vec<Load> {
        let layer = self.layer;
        let codes = self.activations.banks(self.design, &layer.geometry);
        let rows = vec![layer.row_words.clone()];
        let mut loads = vec![];
        loads.extend(fill(LoadKind::Codes, &codes));
        loads.extend(fill(LoadKind::RowWords, &rows));
        loads.extend(fill(LoadKind::Weights, &layer.weight_words));
        loads.extend(fill(LoadKind::Offsets, &layer.offset_words));
        for (cut, banks) in layer.theta_words.iter().enumerate() {
            loads.extend(fill(LoadKind::Thetas(cut as u32), banks));
        }
        loads
    }

    /// Cycles after which a core that is still busy hangs.
    pub fn patience(&self) -> u64 {
        2 * schedule::schedule(&self.layer.registers, self.design).cycles + 1000
    }

    /// Puts the words that left each column in the engine's order: a column's words come by column
    /// tile, then position.
    pub(super) fn collect(&self, leaving: &[Leaving]) -> (Vec<OutputWord>, Vec<u64>) {
        let positions = match self.layer.mode.pool {
            true => 1,
            false => self.layer.registers.positions().max(1) as usize,
        };
        let (columns, channels) = (
            self.design.columns as usize,
            self.layer.geometry.out_channels,
        );
        let mut seen = vec![0usize; columns];
        let mut words: Vec<(OutputWord, u64)> = vec![];
        for word in leaving {
            let number = seen[word.column];
            seen[word.column] += 1;
            let column_tile = number / positions;
            if column_tile * columns + word.column < channels {
                let output = OutputWord {
                    column_tile: column_tile as u32,
                    position: (number % positions) as u32,
                    column: word.column as u32,
                    value: word.value,
                };
                words.push((output, word.cycle));
            }
        }
        words.sort_by_key(|(word, _)| (word.column_tile, word.position, word.column));
        words.into_iter().unzip()
    }
}

fn fill(kind: LoadKind, banks: &[Vec<u64>]) -> impl Iterator<Item = Load> + '_ {
    banks.iter().enumerate().flat_map(move |(bank, words)| {
        words.iter().enumerate().map(move |(address, &data)| Load {
            kind,
            bank,
            address,
            data,
        })
    })
}
