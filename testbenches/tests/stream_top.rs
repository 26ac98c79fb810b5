//! The shipped design for a small FPGA, in the top without a bus: layers of codes and of scores come in through its
//! streams, with pauses and without, and every word and result is the reference's.

use std::fs;
use std::path::Path;
use std::process::Command;

use cromulent::executors::verilator::{STREAM_TOP, emit};
use cromulent::output::Files;
use cromulent::tools::Scratch;
use cromulent::tools::verilator::{Sources, build};
use cromulent::verification::Subject;
use cromulent_design::Design;
use cromulent_engine::Executor;
use cromulent_engine::random::Case;
use cromulent_testbenches::{small, tools};

const HARNESS: &str = include_str!("../harness/stream.cpp");

/// What the simulator printed.
#[derive(Default)]
struct Run {
    /// By column.
    words: [Vec<i64>; 4],
    results: Vec<i64>,
    fault: i64,
}

fn read(printed: &str) -> Run {
    let mut run = Run::default();
    for line in printed.lines() {
        let mut parts = line.split(' ');
        let kind = parts.next();
        let numbers: Vec<i64> = parts.map(|part| part.parse().expect("a number")).collect();
        match kind {
            Some("word") => run.words[numbers[0] as usize].push(numbers[1]),
            Some("result") => run.results.push(numbers[0]),
            _ => run.fault = numbers[0],
        }
    }
    run
}

/// Runs the layer of a case and compares all that leaves.
fn check(simulator: &Path, case: &Case, seed: &str) {
    let subject = Subject::layer(&case.design, &case.layer, case.activations.clone());
    let subject = subject.unwrap_or_else(|e| panic!("{e}"));
    let folder = Scratch::new().expect("a temporary folder");
    for (name, bytes) in [
        ("program", &subject.program.bytes),
        ("input", &subject.input),
    ] {
        fs::write(folder.path().join(name), bytes).expect("a temporary file");
    }
    let mut command = Command::new(simulator);
    command
        .current_dir(folder.path())
        .args(["program", "input", seed]);
    let printed = command.output().expect("a simulator");
    let found = read(&String::from_utf8_lossy(&printed.stdout));
    assert_eq!(found.fault, 0, "{:?}", case.layer.registers);
    let expected = subject.compute(Executor::Reference);
    let expected = expected.unwrap_or_else(|e| panic!("{e}"));
    let registers = &case.layer.registers;
    let words = (registers.positions * registers.column_tiles) as usize;
    for column in &found.words {
        assert_eq!(column.len(), words, "{registers:?}");
    }
    for word in &expected.layers[0] {
        let at = word.column_tile * registers.positions + word.position;
        let given = found.words[word.column as usize][at as usize];
        assert_eq!(given, word.value, "{word:?} of {registers:?}");
    }
    assert_eq!(found.results, expected.results, "{registers:?}");
}

#[test]
fn the_smallest_design_runs_between_streams() {
    let Some(verilator) = tools::verilator() else {
        return;
    };
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../constraints/designs/tiny-4x4.toml"
    );
    let design = Design::load(Path::new(shipped)).unwrap_or_else(|e| panic!("{e}"));
    let verilog = emit(&design).unwrap_or_else(|e| panic!("{e}"));
    let sources = Sources {
        top: STREAM_TOP.to_owned(),
        verilog,
        harness: Files::from([("stream.cpp".into(), HARNESS.to_owned())]),
        options: vec![format!("+define+{}", cromulent_kit::COLLISIONS)],
    };
    let simulator = build(&verilator, &sources, &mut |_| ()).unwrap_or_else(|e| panic!("{e}"));
    let codes = |many: u32| {
        small::find_for(&design, "codes", move |r| {
            r.codes && !r.pool && r.positions > many
        })
    };
    let scores = small::scores_for(&design);
    assert!(scores.layer.registers.scores);
    for case in [codes(8), codes(30), scores] {
        for seed in ["0", "7"] {
            check(&simulator, &case, seed);
        }
    }
}
