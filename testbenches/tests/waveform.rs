//! The waveform of the cycle model against Verilator's own trace of the same run, signal by signal and cycle by cycle.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use cromulent::executors::{Job, Memory, MemoryMap, verilator};
use cromulent::tools::Scratch;
use cromulent::waveform::{Waveform, ran};
use cromulent_engine::program::input_lines;
use cromulent_engine::random::{Limits, NetworkCase, network};
use cromulent_engine::timing::{self, Timing};
use cromulent_engine::{Executor, Image, Program, Runner};
use cromulent_testbenches::tools;

/// What Verilator's trace says: by signal, the values from each cycle on.
struct Traced {
    signals: HashMap<&'static str, Vec<(u64, Vec<bool>)>>,
}

/// The signals compared, and where Verilator has them: from the end of their path.
const SIGNALS: [(&str, &[&str]); 8] = [
    ("layer_start", &["TOP", "layer_start"]),
    ("layer_done", &["TOP", "layer_done"]),
    ("layer_cycles", &["TOP", "layer_cycles"]),
    ("word_valid", &["TOP", "word_valid"]),
    ("words", &["TOP", "words"]),
    ("pooled_valid", &["TOP", "pooled_valid"]),
    ("pooled", &["TOP", "pooled"]),
    ("flags", &["sequencer", "flags"]),
];

impl Traced {
    fn read(path: &Path) -> Traced {
        let file = BufReader::new(File::open(path).expect("a trace"));
        let mut parser = vcd::Parser::new(file);
        let header = parser.parse_header().expect("a header");
        let mut ids = HashMap::new();
        for (name, path) in SIGNALS {
            let code = find(&header.items, path).unwrap_or_else(|| panic!("no signal {name}"));
            ids.entry(code).or_insert_with(Vec::new).push(name);
        }
        let mut signals: HashMap<_, Vec<_>> = HashMap::new();
        let mut now = 0;
        for command in parser {
            let (id, bits) = match command.expect("a command") {
                vcd::Command::Timestamp(time) => {
                    now = time;
                    continue;
                }
                vcd::Command::ChangeScalar(id, value) => (id, vec![value]),
                vcd::Command::ChangeVector(id, value) => (id, value.iter().collect()),
                _ => continue,
            };
            for name in ids.get(&id).into_iter().flatten() {
                let bits = bits.iter().rev().map(|&bit| bit == vcd::Value::V1);
                let changes = signals.entry(*name).or_default();
                changes.push((now, bits.collect()));
            }
        }
        Traced { signals }
    }

    /// Some bits of a signal in a cycle.
    fn value(&self, signal: &str, cycle: u64, low: u32, bits: u32) -> u64 {
        let changes = &self.signals[signal];
        let after = changes.partition_point(|(since, _)| *since <= cycle);
        let (_, value) = &changes[after - 1];
        (0..bits).fold(0, |number, bit| {
            let one = value.get((low + bit) as usize).copied().unwrap_or(false);
            number | u64::from(one) << bit
        })
    }

    /// The first cycle in which a flag is high.
    fn first(&self, signal: &str) -> u64 {
        let high = |(_, value): &&(u64, Vec<bool>)| value.contains(&true);
        self.signals[signal].iter().find(high).expect("a pulse").0
    }
}

/// The first variable whose path ends so.
fn find(items: &[vcd::ScopeItem], path: &[&str]) -> Option<vcd::IdCode> {
    items.iter().find_map(|item| match item {
        vcd::ScopeItem::Var(var) => {
            (path.len() == 1 && var.reference == path[0]).then_some(var.code)
        }
        vcd::ScopeItem::Scope(scope) => {
            let here = path.len() > 1 && scope.identifier == path[0];
            let inside = here.then(|| find(&scope.items, &path[1..])).flatten();
            inside.or_else(|| find(&scope.items, path))
        }
        _ => None,
    })
}

/// Verilator's trace of a run.
fn traced(image: &Image, pixels: &[u8], timing: &Timing) -> Traced {
    let design = &image.design;
    let verilog = verilator::emit(design).expect("Verilog");
    let simulator =
        verilator::Simulator::with_waves(design, verilog, &mut |_| ()).expect("a build");
    let program = Program::of(image);
    let input = input_lines(image, pixels).expect("its image");
    let job = Job {
        design,
        program: &program,
        input: &input,
        map: MemoryMap::high(design, &program, input.len() as u64).expect("room"),
        memory: Memory {
            latency: 1,
            interval: 1,
            seed: 0,
        },
        limit: 2 * timing.cycles + 1000,
    };
    let folder = Scratch::new().expect("a folder");
    let path = folder.path().join("waves.vcd");
    simulator
        .perform_traced(&job.steps(), &path)
        .expect("a run");
    Traced::read(&path)
}

/// The first random network of this kind.
fn first(kind: impl Fn(&NetworkCase) -> bool) -> NetworkCase {
    let mut cases = (7..).map(|seed| network(seed, &Limits::default()));
    cases.find(kind).expect("seeds do not end")
}

#[test]
fn the_model_and_verilator_draw_the_same_waveform() {
    if tools::verilator().is_none() {
        return;
    }
    let pools = |case: &NetworkCase| case.image.layers.iter().any(|l| l.registers.max_pool);
    assert_same(&first(|case| case.image.batch() == 1 && pools(case)));
    // Images of which scores wait for those of the one before. Designs without max-pools have no such signals.
    assert_same(&first(|case| case.image.design.max_pool && held(case) > 0));
}

/// Cycles in which a beat is held back.
fn held(case: &NetworkCase) -> u64 {
    let columns = case.image.design.columns;
    let held = case.image.layers.iter().map(|layer| {
        let r = &layer.registers;
        let [plain, paced] =
            [false, true].map(|last| r.tile_beats(columns, r.all_positions(), last));
        u64::from(r.column_tiles) * (paced - plain)
    });
    held.sum()
}

fn assert_same(case: &NetworkCase) {
    let (image, design) = (&case.image, &case.image.design);
    let fastest = timing::Memory {
        latency: 1,
        interval: 1,
    };
    let timing = timing::run(design, &Program::steps_of(image), fastest);
    let run = Runner::new(image)
        .run(&case.pixels, Executor::CycleModel)
        .expect("its image");
    let words = run.layers.iter().map(|layer| layer.words.as_slice());
    let layers = ran(image, &timing.layers, words);
    let waveform = Waveform::of(design, &layers, 0..timing.cycles);

    let traced = traced(image, &case.pixels, &timing);
    // The host takes some cycles to start the core.
    let shift = traced.first("layer_start") - timing.layers[0].start;
    let mut known = 0;
    for signal in &waveform.signals {
        let (name, low) = match signal.name.as_str() {
            "beat" => ("flags", 0),
            "tile_start" => ("flags", 1),
            name => {
                let number = |prefix| name.strip_prefix(prefix)?.parse::<u32>().ok();
                match (number("word_"), number("pooled_")) {
                    (Some(column), _) => ("words", column * design.total_bits()),
                    (_, Some(row)) => ("pooled", row * design.pooled_bits()),
                    _ => (name, 0),
                }
            }
        };
        for (cycle, value) in (0..).zip(&signal.values) {
            let Some(value) = value else { continue };
            known += 1;
            let found = traced.value(name, cycle + shift, low, signal.bits);
            assert_eq!(found, *value, "{} in cycle {cycle}", signal.name);
        }
    }
    // Every cycle of five signals, every beat, every layer's end and every word.
    let words: usize = run.layers.iter().map(|layer| layer.words.len()).sum();
    let issued = timing.causes.beats - held(case);
    let (cycles, beats) = (timing.cycles as usize, issued as usize);
    assert_eq!(known, 5 * cycles + beats + image.layers.len() + words);
}
