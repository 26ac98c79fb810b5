//! Random designs and layers through every executor: each word, and the cycle in which it leaves.
//!
//! The seeds are fixed and a failure prints its own; `CROMULENT_SEEDS=first..last` runs a longer
//! campaign.

use std::ops::Range;

use cromulent::executors::{HardwareRun, Job, rust_hdl, verilator};
use cromulent_design::{Affine, Design};
use cromulent_engine::random::{Case, Limits, case, case_within};
use cromulent_engine::{cycle_model, reference};
use cromulent_number::Format;
use cromulent_testbenches::tools;

/// The seeds of a campaign: those of the variable, or these.
fn seeds(usual: Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("CROMULENT_SEEDS") else {
        return usual;
    };
    let (first, last) = text
        .split_once("..")
        .expect("CROMULENT_SEEDS is first..last");
    first.parse().expect("the first seed is a number")
        ..last.parse().expect("the last seed is a number")
}

/// What the reference says, which the cycle model must say too.
fn expected(case: &Case, what: &str) -> cycle_model::CycleRun {
    let words = reference::run(&case.design, &case.layer, &case.activations)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let run = cycle_model::run(&case.design, &case.layer, &case.activations)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(run.words, words, "{what}: reference and cycle model");
    run
}

fn job(case: &Case) -> Job<'_> {
    Job {
        design: &case.design,
        layer: &case.layer,
        activations: &case.activations,
    }
}

/// Words, the cycle of each, and the hardware's own counters.
fn assert_equal(model: &cycle_model::CycleRun, hardware: &HardwareRun, what: &str) {
    assert!(!hardware.hung, "{what}: still busy");
    for (n, (wanted, found)) in model.words.iter().zip(&hardware.words).enumerate() {
        assert_eq!(found, wanted, "{what}: word {n}");
        assert_eq!(
            hardware.leaves[n], model.leaves[n],
            "{what}: cycle of word {n}, {wanted:?}"
        );
    }
    assert_eq!(
        hardware.words.len(),
        model.words.len(),
        "{what}: number of words"
    );
    let counters = (hardware.cycles, hardware.beats, hardware.load_stalls);
    let wanted = (
        model.counters.cycles,
        model.counters.issued,
        model.counters.weight_load,
    );
    assert_eq!(
        counters, wanted,
        "{what}: counters of cycles, beats, stalls"
    );
}

#[test]
fn rust_hdl_agrees_on_random_designs_and_layers() {
    let limits = Limits {
        rows: 5,
        columns: 4,
        side: 6,
        channels: 7,
        out_channels: 6,
    };
    let mut formats = std::collections::BTreeSet::new();
    for seed in seeds(0..150) {
        let case = case(seed, &limits);
        let what = format!("seed {seed}: {:?}", case.design);
        let model = expected(&case, &what);
        let mut simulator =
            rust_hdl::Simulator::new(&case.design).unwrap_or_else(|e| panic!("{what}: {e}"));
        let run = simulator
            .run(&job(&case), &mut |_| ())
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_equal(&model, &run, &what);
        formats.insert(case.design.format);
    }
    if std::env::var_os("CROMULENT_SEEDS").is_none() {
        assert_eq!(
            formats.len(),
            Format::ALL.len(),
            "the usual seeds reach every format"
        );
    }
}

/// One design of every kind of datapath, odd sizes among them.
fn designs() -> Vec<Design> {
    let digits = |rows, columns, format, affine, on| {
        let mut design = Design::new(rows, columns, format, affine);
        design.image_digits = on;
        design
    };
    vec![
        digits(3, 5, Format::L4, Affine::Exact, true),
        digits(4, 3, Format::L5, Affine::Exact, false),
        digits(2, 2, Format::L3, Affine::Snapped, true),
        digits(5, 4, Format::L5, Affine::Recentred, true),
        digits(3, 3, Format::L2, Affine::Exact, false),
        digits(4, 4, Format::R3, Affine::Rectified, true),
        digits(1, 3, Format::R2, Affine::Rectified, false),
        digits(3, 1, Format::R4, Affine::Rectified, true),
        digits(2, 5, Format::R5, Affine::Rectified, false),
        digits(4, 2, Format::I8, Affine::Rectified, false),
    ]
}

#[test]
fn verilator_agrees_on_many_layers_of_each_kind_of_design() {
    if tools::verilator().is_none() {
        return;
    }
    let limits = Limits {
        rows: 5,
        columns: 5,
        side: 8,
        channels: 9,
        out_channels: 9,
    };
    for mut design in designs() {
        // Small memories, so that layers run in several passes and some fill the banks.
        (design.code_depth, design.weight_depth, design.channel_depth) = (128, 600, 9);
        (design.tile_depth, design.map_side, design.accumulator_bits) = (20, 8, 36);
        let case = |seed| {
            case_within(seed, &design, &limits)
                .unwrap_or_else(|| panic!("{}: no layer fits", design.name))
        };
        let cases: Vec<Case> = seeds(0..40).map(case).collect();
        let verilog = verilator::emit(&design).unwrap_or_else(|e| panic!("{}: {e}", design.name));
        let simulator = verilator::Simulator::new(&design, verilog, &mut |_| ())
            .unwrap_or_else(|e| panic!("{}: {e}", design.name));
        let jobs: Vec<Job> = cases.iter().map(job).collect();
        let runs = simulator
            .run(&jobs)
            .unwrap_or_else(|e| panic!("{}: {e}", design.name));
        for (seed, (case, run)) in seeds(0..40).zip(cases.iter().zip(&runs)) {
            let what = format!("{} seed {seed}", design.name);
            assert_equal(&expected(case, &what), run, &what);
        }
    }
}
