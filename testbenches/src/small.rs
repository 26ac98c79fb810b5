//! A small accelerator with layers to run on it, built in a few seconds, and the program itself.

use std::path::Path;
use std::process::{Command, Output};

use cromulent_design::{Affine, Design};
use cromulent_engine::layer::{LayerOutput, registers};
use cromulent_engine::random::{Case, Limits, case_within};
use cromulent_number::Format;

/// A 4×4 array of L4 exact with digits.
pub fn design() -> Design {
    Design {
        name: "small-4x4".to_owned(),
        image_digits: true,
        bus_bits: 64,
        code_depth: 256,
        stream_depth: 256,
        weight_depth: 16,
        channel_depth: 2,
        tile_depth: 32,
        map_side: 8,
        accumulator_bits: 36,
        ..Design::new(4, 4, Format::L4, Affine::Exact)
    }
}

/// Layers of that design with several tiles each, and their inputs.
///
/// # Panics
/// There are not as many: a fault of the random generator.
pub fn cases(count: usize) -> Vec<Case> {
    let limits = Limits {
        rows: 4,
        columns: 4,
        side: 8,
        channels: 9,
        out_channels: 9,
    };
    let drawn = (0..1000).filter_map(|seed| case_within(seed, &design(), &limits));
    let long = |case: &Case| {
        let r = &case.layer.registers;
        r.row_tiles > 2 && r.column_tiles > 1 && r.positions > 8
    };
    let cases: Vec<Case> = drawn.filter(long).take(count).collect();
    assert_eq!(cases.len(), count, "too few layers");
    cases
}

/// A layer of that design whose words leave as results, and its input.
///
/// # Panics
/// There is none: a fault of the random generator.
pub fn scores() -> Case {
    let limits = Limits {
        rows: 4,
        columns: 4,
        side: 8,
        channels: 9,
        out_channels: 9,
    };
    let drawn = (0..10_000).filter_map(|seed| case_within(seed, &design(), &limits));
    let plain = |case: &Case| {
        let r = &case.layer.registers;
        let long = r.row_tiles > 2 && r.column_tiles > 1;
        r.raw && r.positions == 1 && !r.stream && r.passes == 1 && long
    };
    let mut case = { drawn }.find(plain).expect("a raw layer of one position");
    let layer = &mut case.layer;
    layer.output = LayerOutput::Scores { unit: 1.0 };
    layer.registers = registers(
        &case.design,
        &layer.geometry,
        layer.mode,
        &layer.output,
        &layer.places,
    );
    case
}

/// The program, next to the test's own in cargo's target folder, run in the root of the repository.
///
/// # Panics
/// It is not built.
pub fn cromulent(arguments: &[&str]) -> Output {
    let own = std::env::current_exe().expect("a test has a path");
    let folder = own
        .parent()
        .and_then(Path::parent)
        .expect("in target/<profile>/deps");
    Command::new(folder.join("cromulent"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(arguments)
        .output()
        .expect("the program is built with the workspace")
}
