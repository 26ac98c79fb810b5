//! The area model against the circuit and against recorded runs of Yosys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cromulent::synthesis::Synthesiser;
use cromulent::tools::Scratch;
use cromulent_cost::area::Vendor;
use cromulent_cost::area::blocks::BLOCKS;
use cromulent_cost::area::memories::memories;
use cromulent_cost::area::{Model, SHIPPED};
use cromulent_design::Design;
use cromulent_testbenches::area::calibrate::{fitted, judge};
use cromulent_testbenches::area::runs::{Set, from_table};
use cromulent_testbenches::area::shapes::measure;
use cromulent_testbenches::tools;

/// How often each module is there in the emitted accelerator.
fn instances(design: &Design) -> BTreeMap<String, u64> {
    let modules = cromulent_core::verilog(design).unwrap_or_else(|error| panic!("{error}"));
    let mut found = BTreeMap::from([(cromulent_core::TOP.to_owned(), 1)]);
    // Users stand behind what they use.
    for module in modules.iter().rev() {
        let times = found.get(&module.name).copied().unwrap_or(0);
        for line in module.text.lines().filter(|line| line.starts_with("  ")) {
            let name = line.trim_start().split(' ').next().unwrap_or_default();
            if line.contains(" (") && modules.iter().any(|other| other.name == name) {
                *found.entry(name.to_owned()).or_default() += times;
            }
        }
    }
    found
}

#[test]
fn blocks_and_memories_are_those_of_the_circuit() {
    let sets = [Set::Kinds, Set::Blocks, Set::HeldOut];
    let designs = sets.iter().flat_map(|set| set.designs().unwrap());
    for design in designs.step_by(2) {
        let emitted = instances(&design);
        let what = design.to_toml();
        for block in &BLOCKS {
            let there = emitted.get(block.name).copied().unwrap_or(0);
            assert_eq!((block.instances)(&design), there, "{}: {what}", block.name);
        }
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for memory in memories(&design) {
            let name = format!("memory_{}x{}", memory.depth, memory.width);
            *expected.entry(name).or_default() += memory.count;
        }
        let emitted = emitted.into_iter();
        let emitted: BTreeMap<_, _> = emitted
            .filter(|(name, count)| name.starts_with("memory_") && *count > 0)
            .collect();
        assert_eq!(expected, emitted, "{what}");
    }
}

/// Where models and the runs they were fitted to are.
fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../constraints/area"))
}

#[test]
fn shipped_models_are_those_of_the_recorded_runs_and_off_by_what_they_say() {
    for (name, _) in SHIPPED {
        let runs = from_table(&folder().join(format!("{name}.runs.tsv"))).unwrap();
        let shipped = Model::load(name).unwrap();
        let again = fitted(name, shipped.vendor, &shipped.source, &runs).unwrap();
        let again = Model::parse(&again.to_toml(), name).unwrap();
        for judged in judge(&shipped, &runs).unwrap() {
            // Another processor may round a coefficient otherwise.
            let (a, b) = (judged.predicted, again.predict(&judged.design).total());
            assert!(a.ffs.abs_diff(b.ffs) < 20, "{name} {}", judged.design.name);
            let most = shipped.errors.named().map(|(_, error)| error);
            for (error, most) in judged.errors().into_iter().zip(most) {
                let off = error.unwrap_or(0.0).abs();
                assert!(
                    off <= most.unwrap_or(0.0) + 0.1,
                    "{name} {}: {off}",
                    judged.design.name
                );
            }
        }
    }
}

#[test]
fn recorded_memories_are_those_of_this_yosys() {
    let Some(yosys) = tools::yosys() else { return };
    let home = Scratch::new().unwrap();
    let synthesiser = Synthesiser::within(yosys, home.path());
    let table = include_str!("../../sim/cost/src/area/ram-shapes.tsv");
    let shapes = [
        (16, 17),
        (64, 16),
        (100, 16),
        (512, 38),
        (3000, 16),
        (8192, 8),
    ];
    for vendor in Vendor::ALL {
        let found = measure(&synthesiser, vendor, &shapes).unwrap();
        for ((depth, width), found) in shapes.into_iter().zip(found) {
            let [luts, brams] = [found.luts, found.block_rams].map(|count| count.unwrap_or(0));
            let ffs = found.flip_flops;
            let line = format!("\n{vendor}\t{depth}\t{width}\t{luts}\t{ffs}\t{brams}\n");
            assert!(table.contains(&line), "{line}");
        }
    }
}
