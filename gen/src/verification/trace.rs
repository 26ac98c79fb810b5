//! What one executor did with a program, in one form for all of them.

use std::time::Duration;

use cromulent_engine::OutputWord;
use cromulent_engine::timing::{LayerTiming, Timing};

use crate::cli::Executor;
use crate::executors::{Counters, HardwareRun};

/// What one executor did with one program and one input.
#[derive(Clone, Debug)]
pub struct RunTrace {
    /// Which.
    pub executor: Executor,
    /// Layer by layer.
    pub layers: Vec<Trace>,
    /// The results: the network's scores.
    pub results: Vec<i64>,
    /// What the whole program took; none without a clock. Of hardware: its own counters.
    pub totals: Option<Counters>,
    /// How it came to a bad end.
    pub failure: Option<String>,
    /// How long it took to run.
    pub seconds: Duration,
}

/// What one executor did with a layer.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Its words, in the engine's order.
    pub words: Vec<OutputWord>,
    /// When; none without a clock.
    pub clock: Option<Clock>,
}

/// The cycles of a layer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// The cycle in which each word leaves, counted from the layer's start.
    pub leaves: Vec<u64>,
    /// Its start, counted from the start of the first layer.
    pub start: u64,
    /// Cycles from its start to its last word, both included.
    pub cycles: u64,
    /// The same by hardware's own counter; of the model: `cycles`.
    pub counted: u64,
}

impl RunTrace {
    /// Words and results of an executor of the engine.
    pub fn of_engine(
        executor: Executor,
        layers: Vec<Vec<OutputWord>>,
        results: Vec<i64>,
    ) -> RunTrace {
        let trace = |words| Trace { words, clock: None };
        RunTrace {
            executor,
            layers: layers.into_iter().map(trace).collect(),
            results,
            totals: None,
            failure: None,
            seconds: Duration::ZERO,
        }
    }

    /// Adds what the timing model says of the program.
    pub fn set_timing(&mut self, timing: &Timing, totals: Counters) {
        let first = timing.layers.first().map_or(0, |layer| layer.start);
        for (trace, layer) in self.layers.iter_mut().zip(&timing.layers) {
            trace.clock = Some(Clock {
                leaves: leaves(layer, &trace.words),
                start: layer.start - first,
                cycles: layer.cycles,
                counted: layer.cycles,
            });
        }
        self.totals = Some(totals);
        if !timing.finished {
            self.failure = Some("the program never ends".to_owned());
        }
    }

    /// What hardware did. Without `timed`, its cycles mean nothing: the memory paused at random.
    pub fn of_hardware(executor: Executor, run: HardwareRun, timed: bool) -> RunTrace {
        let failure = failure(&run);
        let first = run.layers.first().map_or(0, |layer| layer.start);
        let layers = run.layers.into_iter().map(|layer| Trace {
            words: layer.words,
            clock: timed.then_some(Clock {
                leaves: layer.leaves,
                start: layer.start - first,
                cycles: layer.cycles,
                counted: layer.counted,
            }),
        });
        RunTrace {
            executor,
            layers: layers.collect(),
            results: run.results,
            totals: Some(run.counters),
            failure,
            seconds: Duration::ZERO,
        }
    }
}

/// Why a run did not end as it should have.
fn failure(run: &HardwareRun) -> Option<String> {
    if let Some(rule) = &run.broken {
        return Some(format!("it broke a rule of the bus: {rule}"));
    }
    if run.hung {
        return Some("no interrupt long after the program was due to end".to_owned());
    }
    if let Some(fault) = run.status.fault {
        return Some(format!("fault {}: {}", fault.code(), fault.meaning()));
    }
    let counter = |name| run.counters.get(name).unwrap_or(0);
    let read = counter("program_beats") + counter("input_beats") + counter("fetched_beats");
    let written = counter("result_beats") + counter("stored_beats");
    let (counted, seen) = ((read, written), run.bus_beats);
    if counted != seen {
        return Some(format!(
            "it counts {} beats read and {} written, and the bus {} and {}",
            counted.0, counted.1, seen.0, seen.1
        ));
    }
    let (busy, done) = (run.status.busy, run.status.done);
    (busy || !done).then(|| format!("it raised its interrupt with busy = {busy}, done = {done}"))
}

/// The cycle in which each word leaves.
fn leaves(layer: &LayerTiming, words: &[OutputWord]) -> Vec<u64> {
    let columns = words.iter().map(|word| word.column + 1).max().unwrap_or(0);
    let by_column: Vec<Vec<u64>> = (0..columns).map(|column| layer.words(column)).collect();
    let positions = words
        .iter()
        .map(|word| word.position + 1)
        .max()
        .unwrap_or(1) as usize;
    let leave = |word: &OutputWord| {
        let number = word.column_tile as usize * positions + word.position as usize;
        let column = by_column.get(word.column as usize);
        column.and_then(|column| column.get(number)).copied()
    };
    words.iter().map(|word| leave(word).unwrap_or(0)).collect()
}

/// The counters that hardware should have at the end of a program.
pub fn totals(timing: &Timing, saturations: u64) -> Counters {
    let causes = &timing.causes;
    let values = [
        ("cycles", timing.cycles),
        ("beats", causes.beats),
        ("stall_weights", causes.stall_weights),
        ("stall_output", causes.stall_output),
        ("stall_fill", causes.stall_fill),
        ("stall_drain", causes.stall_drain),
        ("stall_input", causes.stall_input),
        ("stall_command", causes.stall_command),
        ("layers", timing.layers.len() as u64),
        ("saturations", saturations),
        ("stall_maps", causes.stall_maps),
        (
            "layer_cycles",
            timing.layers.last().map_or(0, |layer| layer.cycles),
        ),
        ("program_beats", timing.program_beats),
        ("input_beats", timing.input_beats),
        ("stored_beats", timing.stored_beats),
        ("fetched_beats", timing.fetched_beats),
    ];
    Counters::new(
        values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    )
}

/// Counters that stay the same whatever the memory does.
pub const UNTIMED: [&str; 7] = [
    "beats",
    "layers",
    "saturations",
    "program_beats",
    "input_beats",
    "stored_beats",
    "fetched_beats",
];
