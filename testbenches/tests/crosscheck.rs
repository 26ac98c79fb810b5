//! Random designs and layers through every executor, on the whole accelerator with its buses: each word, the
//! cycle in which it leaves, every counter.
//!
//! The seeds are fixed and a failure prints its own; `CROMULENT_SEEDS=first..last` runs a longer
//! campaign.

use cromulent::cli::Executor;
use cromulent::executors::Memory;
use cromulent::progress::Progress;
use cromulent::verification::{Bench, RunCheck, Subject, text};
use cromulent_design::{Affine, Design, PeKind};
use cromulent_engine::Runner;
use cromulent_engine::random::{
    Case, Limits, NetworkCase, case, case_within, network, network_within,
};
use cromulent_number::Format;
use cromulent_testbenches::against;
use cromulent_testbenches::tools::{self, seeds};

/// A memory of the seed's own: from as fast as can be to a beat every few cycles.
fn memory(seed: u64) -> Memory {
    Memory {
        latency: [1, 1, 2, 7, 40][(seed % 5) as usize],
        interval: [1, 1, 2, 5][(seed % 4) as usize],
        seed: 0,
    }
}

fn bench<'a>(design: &'a Design, hardware: Executor, progress: &'a Progress) -> Bench<'a> {
    Bench::new(design, against(hardware, None), progress).unwrap_or_else(|e| panic!("{e}"))
}

/// Checks the layer of a case; what differs fails the test.
fn assert_equal(bench: &mut Bench, case: &Case, what: &str) -> RunCheck {
    let subject = Subject::layer(&case.design, &case.layer, case.activations.clone())
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let check = bench
        .check(&subject)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let found = text(&case.design, what, std::slice::from_ref(&check));
    assert_eq!(check.mismatches(), 0, "{what}: {:?}\n{found}", case.design);
    check
}

/// Checks a whole network, all layers in one run; what differs fails the test.
fn assert_network(bench: &mut Bench, case: &NetworkCase, what: &str) {
    let runner = Runner::new(&case.image);
    let subject = Subject::network(&case.image, &runner, &case.pixels)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let check = bench
        .check(&subject)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let found = text(&case.image.design, what, std::slice::from_ref(&check));
    let design = &case.image.design;
    assert_eq!(check.mismatches(), 0, "{what}: {design:?}\n{found}");
}

/// Sizes that rust_hdl gets through in no time.
const SMALL: Limits = Limits {
    rows: 5,
    columns: 4,
    side: 6,
    channels: 7,
    out_channels: 6,
};

#[test]
fn rust_hdl_agrees_on_random_networks() {
    let progress = Progress::silent();
    for seed in seeds(0..40) {
        let case = network(seed, &SMALL);
        let mut bench = bench(&case.image.design, Executor::RustHdl, &progress);
        bench.set_memory(memory(seed));
        assert_network(&mut bench, &case, &format!("network {seed}"));
    }
}

#[test]
fn rust_hdl_agrees_on_random_designs_and_layers() {
    let progress = Progress::silent();
    let mut formats = std::collections::BTreeSet::new();
    let mut batches = std::collections::BTreeSet::new();
    for seed in seeds(0..110) {
        let case = case(seed, &SMALL);
        let mut bench = bench(&case.design, Executor::RustHdl, &progress);
        bench.set_memory(memory(seed));
        assert_equal(&mut bench, &case, &format!("seed {seed}"));
        formats.insert(case.design.format);
        batches.insert(case.design.batch);
    }
    if std::env::var_os("CROMULENT_SEEDS").is_none() {
        assert_eq!(
            formats.len(),
            Format::ALL.len(),
            "the usual seeds reach every format"
        );
        assert!(
            batches.iter().eq(&[1, 2, 3, 4]),
            "and every batch: {batches:?}"
        );
    }
}

/// One design of every kind of datapath, odd sizes and every width of the bus among them, with small
/// memories, so that layers run in several passes and some fill the banks.
fn designs() -> Vec<Design> {
    let small = |rows, columns, format, affine, digits, bus_bits| Design {
        image_digits: digits,
        bus_bits,
        memory_address_bits: if bus_bits == 64 { 40 } else { 32 },
        code_depth: 256,
        stream_depth: 256,
        weight_depth: 3 * rows,
        channel_depth: 2,
        tile_depth: 20,
        map_side: 8,
        accumulator_bits: 36,
        ..Design::new(rows, columns, format, affine)
    };
    let designs = vec![
        small(5, 3, Format::L4, Affine::Exact, true, 32),
        small(4, 4, Format::L5, Affine::Exact, false, 64),
        small(2, 2, Format::L3, Affine::Snapped, true, 128),
        small(5, 4, Format::L5, Affine::Recentred, true, 256),
        small(3, 3, Format::L2, Affine::Exact, false, 512),
        small(4, 1, Format::R3, Affine::Rectified, true, 32),
        small(1, 1, Format::R2, Affine::Rectified, false, 64),
        small(3, 2, Format::R4, Affine::Rectified, true, 128),
        small(5, 5, Format::R5, Affine::Rectified, false, 256),
        small(4, 2, Format::I8, Affine::Rectified, false, 512),
        small(3, 3, Format::U8, Affine::Recentred, true, 64),
        small(4, 3, Format::O4, Affine::Snapped, true, 128),
        small(4, 3, Format::I4, Affine::Rectified, true, 64),
        Design {
            pe: PeKind::Multiply,
            ..small(3, 2, Format::I3, Affine::Rectified, false, 32)
        },
        Design {
            pe: PeKind::LogLog,
            ..small(4, 3, Format::R3, Affine::Rectified, true, 64)
        },
        Design {
            pe: PeKind::Dsp,
            ..small(4, 3, Format::I8, Affine::Rectified, false, 128)
        },
        Design {
            pe: PeKind::Table,
            ..small(4, 3, Format::L4, Affine::Exact, false, 64)
        },
        Design {
            pe: PeKind::Table,
            ..small(3, 3, Format::R3, Affine::Rectified, false, 128)
        },
        Design {
            pe: PeKind::Table,
            ..small(2, 2, Format::L5, Affine::Recentred, true, 32)
        },
    ];
    // All but a few can pool, some compute several images together.
    let pools = |(n, design): (usize, Design)| Design {
        max_pool: n % 4 != 1,
        batch: [1, 2, 1, 1, 3, 1, 1, 4, 1, 2, 3, 1, 2, 1, 2, 2, 1, 2, 1][n],
        code_depth: if n % 2 == 0 { 256 } else { 512 },
        ..design
    };
    designs.into_iter().enumerate().map(pools).collect()
}

const LIMITS: Limits = Limits {
    rows: 5,
    columns: 5,
    side: 8,
    channels: 9,
    out_channels: 9,
};

#[test]
fn verilator_agrees_on_many_layers_of_each_kind_of_design() {
    if tools::verilator().is_none() {
        return;
    }
    let progress = Progress::silent();
    let mut kinds = [0; 7];
    for design in designs() {
        let mut bench = bench(&design, Executor::Verilator, &progress);
        for seed in seeds(0..40) {
            let case = case_within(seed, &design, &LIMITS)
                .unwrap_or_else(|| panic!("{}: no layer fits", design.name));
            bench.set_memory(memory(seed));
            let what = format!("{} seed {seed}", design.name);
            assert_equal(&mut bench, &case, &what);
            let r = &case.layer.registers;
            let inputs = case.layer.places.input.len() > 1;
            for (count, here) in kinds.iter_mut().zip([
                r.stream,
                r.clamp,
                r.pool,
                r.passes > 1,
                inputs,
                r.max_pool,
                design.has_batch(),
            ]) {
                *count += usize::from(here);
            }
        }
    }
    if std::env::var_os("CROMULENT_SEEDS").is_none() {
        let few = kinds.iter().any(|&count| count < 5);
        assert!(
            !few,
            "streams, clamps, pools, passes, concatenations, max-pools, batches: {kinds:?}"
        );
    }
}

/// Networks from memory to results, with sums and concatenations of what earlier layers left on chip; every other
/// one with pauses.
#[test]
fn verilator_agrees_on_whole_random_networks() {
    if tools::verilator().is_none() {
        return;
    }
    let progress = Progress::silent();
    let mut runs = 0;
    for design in designs() {
        let mut bench = bench(&design, Executor::Verilator, &progress);
        for seed in seeds(0..20) {
            let Some(case) = network_within(seed, &design, &LIMITS) else {
                continue;
            };
            let pauses = if seed % 2 == 0 { 0 } else { seed };
            bench.set_memory(Memory {
                seed: pauses,
                ..memory(seed)
            });
            let what = format!("{} network {seed}", design.name);
            assert_network(&mut bench, &case, &what);
            runs += 1;
        }
    }
    assert!(runs >= 20, "only {runs} networks fit");
}

/// Pauses at random on every channel of both buses change no word, no result and no count of beats.
#[test]
fn no_stall_pattern_changes_a_word() {
    if tools::verilator().is_none() {
        return;
    }
    let progress = Progress::silent();
    for design in designs() {
        let mut bench = bench(&design, Executor::Verilator, &progress);
        for seed in seeds(100..120) {
            let Some(case) = case_within(seed, &design, &LIMITS) else {
                continue;
            };
            bench.set_memory(Memory {
                seed: seed + 1,
                ..memory(seed)
            });
            let what = format!("{} seed {seed}, with pauses", design.name);
            assert!(!assert_equal(&mut bench, &case, &what).timed);
        }
    }
}
