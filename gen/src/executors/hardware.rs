//! What a program did in hardware: words, cycles, counters, results.

use cromulent_design::{Fault, LayerRegisters};
use cromulent_engine::OutputWord;

use super::job::{Job, counter_registers};
use super::script::{Observed, ObservedWord, Record};

/// What a run did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HardwareRun {
    /// The layers that started, in order.
    pub layers: Vec<HardwareLayer>,
    /// The results in memory.
    pub results: Vec<i64>,
    /// The accelerator's own counters.
    pub counters: Counters,
    /// What its status register says.
    pub status: Status,
    /// Beats read and written on the bus, as the bench counted them.
    pub bus_beats: (u64, u64),
    /// The interrupt never came.
    pub hung: bool,
    /// The rule of the bus that was broken, whereupon the run ended.
    pub broken: Option<String>,
}

/// What one layer did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HardwareLayer {
    /// The words in the engine's order, those of idle columns left out.
    pub words: Vec<OutputWord>,
    /// The cycle in which each leaves, counted from the layer's start.
    pub leaves: Vec<u64>,
    /// The cycle in which it starts; only distances between layers mean something.
    pub start: u64,
    /// Cycles from its start to its last word, both included, as the bench counted them.
    pub cycles: u64,
    /// The same, as the accelerator counted them.
    pub counted: u64,
}

/// The status register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// A program runs.
    pub busy: bool,
    /// A program came to its end.
    pub done: bool,
    /// A start was refused.
    pub refused: bool,
    /// A program stopped early, and why.
    pub fault: Option<Fault>,
}

impl Status {
    /// The status in a word of the register.
    pub fn of(word: u32) -> Status {
        Status {
            busy: word & 1 != 0,
            done: word & 2 != 0,
            refused: word & 8 != 0,
            fault: Fault::from_code(word >> 8 & 0xff).filter(|_| word & 4 != 0),
        }
    }
}

/// The accelerator's counters, by the lower-case names of their registers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    values: Vec<(String, u64)>,
}

impl Counters {
    /// Counters with these values.
    pub fn new(values: impl IntoIterator<Item = (String, u64)>) -> Counters {
        Counters {
            values: values.into_iter().collect(),
        }
    }

    /// A counter; `None` if there is none of this name.
    pub fn get(&self, name: &str) -> Option<u64> {
        let found = self.values.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| *value)
    }

    /// All of them, in the order of their registers.
    pub fn all(&self) -> impl Iterator<Item = (&str, u64)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }
}

impl Job<'_> {
    /// The run that the records of [`Job::steps`] tell of.
    pub fn gather(&self, records: &[Record]) -> HardwareRun {
        let mut run = HardwareRun {
            hung: true,
            ..HardwareRun::default()
        };
        let mut words = vec![];
        for record in records {
            match record {
                Record::Run(observed) => self.take(observed, &mut run),
                Record::Value { data, .. } => words.push(*data),
                Record::Bytes(bytes) => run.results = numbers(bytes),
                Record::Broken(rule) => run.broken = Some(rule.clone()),
                Record::Response(_) => {}
            }
        }
        if let Some((status, counters)) = words.split_first() {
            run.status = Status::of(*status);
            let named = counter_registers().zip(counters);
            run.counters = Counters::new(
                named.map(|(register, value)| (register.name.to_lowercase(), u64::from(*value))),
            );
        }
        run
    }

    fn take(&self, observed: &Observed, run: &mut HardwareRun) {
        run.hung = !observed.interrupted;
        run.bus_beats = (observed.reads, observed.writes);
        let layers = observed.layers.iter().enumerate();
        run.layers = layers
            .map(|(number, layer)| {
                let own = |word: &&ObservedWord| word.layer == number as u64;
                let words: Vec<&ObservedWord> = observed.words.iter().filter(own).collect();
                let registers = self.program.layers.get(number).map(|l| l.registers);
                let (words, leaves) = self.order(&words, &registers.unwrap_or_default());
                HardwareLayer {
                    words,
                    leaves,
                    start: layer.start,
                    cycles: (layer.last + 1).saturating_sub(layer.start),
                    counted: layer.counted,
                }
            })
            .collect();
    }

    /// The words of a layer in the engine's order: a column's words come by column tile, then position. In a
    /// max-pool rows take the place of columns, and idle ones give nothing; a layer that pools its codes as they leave
    /// gives those, and again nothing in idle columns. Pooled codes are counted from behind the columns.
    fn order(
        &self,
        observed: &[&ObservedWord],
        registers: &LayerRegisters,
    ) -> (Vec<OutputWord>, Vec<u64>) {
        let pools = registers.max_pool || registers.output_pool;
        let lanes = match registers.max_pool {
            true => self.design.rows,
            false => self.design.columns,
        };
        let columns = u64::from(self.design.columns);
        let positions = match registers.output_pool {
            true => u64::from(registers.output_plane.max(1)),
            false => u64::from(registers.positions.max(1)),
        };
        let spare = u64::BITS - self.design.total_bits();
        let mut given = vec![0u64; lanes as usize];
        let mut words = vec![];
        for word in observed {
            let lane = match pools {
                true => word.column.checked_sub(columns),
                false => Some(word.column).filter(|&column| column < columns),
            };
            let Some((lane, number)) = lane.and_then(|l| Some((l, given.get_mut(l as usize)?)))
            else {
                continue;
            };
            let (column_tile, position) = (*number / positions, *number % positions);
            *number += 1;
            let last = column_tile + 1 == u64::from(registers.column_tiles);
            if last && !pools && lane >= u64::from(registers.last_columns) {
                continue;
            }
            let output = OutputWord {
                column_tile: column_tile as u32,
                position: position as u32,
                column: lane as u32,
                value: match pools {
                    true => word.value.cast_signed(),
                    false => (word.value << spare).cast_signed() >> spare,
                },
            };
            words.push((output, word.cycle));
        }
        words.sort_by_key(|(word, _)| (word.column_tile, word.position, word.column));
        words.into_iter().unzip()
    }
}

/// 64-bit numbers in memory.
fn numbers(bytes: &[u8]) -> Vec<i64> {
    let chunks = bytes.as_chunks().0;
    chunks
        .iter()
        .map(|chunk| i64::from_le_bytes(*chunk))
        .collect()
}
