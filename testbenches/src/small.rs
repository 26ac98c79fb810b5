//! A small accelerator with layers to run on it, built in a few seconds, and the program itself.

use std::path::Path;
use std::process::{Command, Output};

use cromulent_design::{Affine, Design, Direction, LayerRegisters};
use cromulent_engine::layer::{LayerOutput, registers};
use cromulent_engine::random::{Case, Limits, NetworkCase, case_within, network_within};
use cromulent_number::Format;

/// A 4×4 array of L4 exact with digits, whose rows can pool.
pub fn design() -> Design {
    Design {
        name: "small-4x4".to_owned(),
        image_digits: true,
        max_pool: true,
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

/// What layers of that design may be drawn from.
const LIMITS: Limits = Limits {
    rows: 4,
    columns: 4,
    side: 8,
    channels: 9,
    out_channels: 9,
};

/// The first layer drawn with several tiles that is as wanted, and its input.
fn find(what: &str, wanted: impl Fn(&LayerRegisters) -> bool) -> Case {
    find_for(&design(), what, wanted)
}

/// The first layer drawn for a design with several tiles that is as wanted, and its input.
///
/// # Panics
/// There is no such layer.
pub fn find_for(design: &Design, what: &str, wanted: impl Fn(&LayerRegisters) -> bool) -> Case {
    let mut drawn = (0..10_000).filter_map(|seed| case_within(seed, design, &LIMITS));
    let found = drawn.find(|case| {
        let r = &case.layer.registers;
        (r.row_tiles > 2 || r.max_pool) && r.column_tiles > 1 && wanted(r)
    });
    found.unwrap_or_else(|| panic!("no layer with {what}"))
}

/// Layers of that design with several tiles, and their inputs: codes, the residual stream, a max-pool, codes that are pooled
/// as they leave, results.
///
/// # Panics
/// There is no such layer: a fault of the random generator.
pub fn cases() -> Vec<Case> {
    vec![
        find("codes", |r| {
            !r.raw && !r.stream && !r.max_pool && !r.output_pool && r.positions > 8
        }),
        find("a stream", |r| r.stream && r.positions > 8),
        find("a max-pool", |r| {
            r.max_pool && r.beats > 2 && r.positions > 8
        }),
        find("codes pooled as they leave", |r| {
            r.output_pool && r.window > 1 && r.positions > 15
        }),
        scores(),
    ]
}

/// A layer of that design whose words leave as results, and its input.
///
/// # Panics
/// There is none: a fault of the random generator.
pub fn scores() -> Case {
    scores_for(&design())
}

/// Layers of that design with three images together: codes that a pass cuts inside of an image, a max-pool, results of
/// a global pool.
///
/// # Panics
/// There is no such layer: a fault of the random generator.
pub fn batches() -> Vec<Case> {
    let design = Design {
        batch: 3,
        ..design()
    };
    vec![
        find_for(&design, "codes in passes", |r| {
            let whole = u64::from(r.pass_positions).is_multiple_of(r.image_positions());
            r.codes && !r.pool && r.passes > 1 && !whole && r.image_positions() > 4
        }),
        find_for(&design, "a max-pool", |r| {
            r.max_pool && r.beats > 1 && r.image_positions() > 4
        }),
        scores_for(&design),
    ]
}

/// The same for any 4×4 design.
///
/// # Panics
/// There is none: a fault of the random generator.
pub fn scores_for(design: &Design) -> Case {
    let mut case = find_for(design, "results", |r| {
        let images = design.batch == 1 || r.pool;
        r.raw && r.positions == design.batch && !r.stream && r.passes == 1 && images
    });
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

/// A network on that design that keeps its maps in memory, and moves some in several bursts.
///
/// # Panics
/// There is none: a fault of the random generator.
pub fn moving() -> NetworkCase {
    let mut drawn = (0..10_000).filter_map(|seed| network_within(seed, &design(), &LIMITS));
    let found = drawn.find(|case| {
        let moves = || case.image.moves.iter().map(|given| given.lines);
        let long = |direction| moves().any(|m| m.direction == direction && m.beats > 17);
        long(Direction::Store) && long(Direction::Fetch)
    });
    found.expect("a network that moves maps")
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
