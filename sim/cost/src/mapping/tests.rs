mod residency;
mod tilings;

use std::path::PathBuf;

use cromulent_design::Design;
use cromulent_engine::outline;
use cromulent_engine::timing::{Memory, run};
use cromulent_network::topology;

use super::*;
use crate::activity;

fn shipped(file: &str) -> Design {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Design::load(&home.join(format!("../../constraints/designs/{file}.toml"))).expect("a design")
}

/// A design and its network, laid out.
fn laid(design: &Design, network: &str) -> (Outline, Vec<Activity>) {
    let network = topology(network).expect("a known network");
    let outline = outline(&network, design).expect("an outline");
    let macs: Vec<u64> = outline.layers.iter().map(|layer| layer.macs).collect();
    let base = activity(design, &outline.steps, &macs);
    (outline, base)
}

/// What the machine does and the model says are the same, but for a few cycles between layers; beats are the same.
#[test]
fn the_model_of_the_mapping_that_runs_is_the_timing_of_the_program() {
    let pairs = [
        ("imagenet-32x32", "resnet18"),
        ("imagenet-32x32", "densenet121"),
        ("mid-32x32", "resnet20"),
        ("small-8x8", "resnet20"),
        ("small-8x8-r3", "resnet20"),
        ("int8-8x8", "resnet20"),
        ("tiny-4x4", "resnet20"),
    ];
    for (file, name) in pairs {
        let design = shipped(file);
        let (outline, base) = laid(&design, name);
        let memory = Memory {
            latency: 1,
            interval: 1,
        };
        let timing = run(&design, &outline.steps, memory);
        let machine = Machine {
            design: &design,
            interval: 1,
            prices: None,
            objective: Objective::Cycles,
        };
        let work = Work::of(&design, &outline, &base);
        let (mut modelled, mut timed) = (0, 0);
        for ((work, found), base) in work.iter().zip(&timing.layers).zip(&base) {
            let what = format!("{name} on {file}, {}", work.name);
            let today = Today::of(&machine, work).expect("two tiles fit");
            assert_eq!(
                today.cost.beats.weights, base.traffic.dram.weights,
                "{what}"
            );
            let (ours, theirs) = (today.cost.cycles, found.cycles);
            assert!(
                ours.abs_diff(theirs) <= 90,
                "{what}: {ours}, timed {theirs}"
            );
            modelled += ours;
            timed += theirs;
        }
        let off = modelled.abs_diff(timed);
        assert!(
            off * 1000 <= timed,
            "{name} on {file}: {modelled}, timed {timed}"
        );
    }
}
#[test]
fn networks_are_near_their_bounds_or_a_memory_is_named_that_makes_them_so() {
    for (network, size) in [("resnet18", 32), ("densenet121", 32), ("resnet18", 16)] {
        let design = Design {
            rows: size,
            columns: size,
            ..shipped("imagenet-32x32")
        };
        let design = with_buffers(&design, 64);
        let (outline, base) = laid(&design, network);
        let machine = Machine {
            design: &design,
            interval: 1,
            prices: None,
            objective: Objective::Cycles,
        };
        let mapping = Mapping::search(&machine, &outline, &base).expect("a mapping");
        let bound = mapping.bound();
        assert!(
            mapping.total().cycles * 100 <= bound.cycles * 101,
            "{network}"
        );
        let verdicts = mapping.verdicts(&machine, &outline, &base);
        let work = Work::of(&design, &outline, &base);
        for ((layer, work), verdict) in mapping.layers.iter().zip(&work).zip(&verdicts) {
            let what = format!("{network} on {size}, {}", layer.name);
            let cycles = layer.found.cost.cycles;
            assert!(cycles * 100 <= layer.bound.cycles * 110, "{what}");
            let near = |found: &Found| found.cost.beats.total() * 100 <= layer.bound.beats * 110;
            assert_eq!(layer.is_near, near(&layer.found), "{what}");
            let larger = match verdict {
                Verdict::Near => continue,
                Verdict::TooSmall(larger) => larger,
                Verdict::Never => panic!("{what}: never"),
            };
            // With those depths it is near, and with a word less of any it is not.
            let all = Depths::of(&design).list();
            for less in (0..larger.len()).map(Some).chain([None]) {
                let mut room = layer.room.list();
                for (number, to) in larger.iter().enumerate() {
                    let depth = to.depth - u64::from(less == Some(number));
                    room[to.memory] += depth - all[to.memory];
                }
                let case = Case::new(&machine, work, layer.moved, Depths::from_list(room));
                let found = case.search().expect("it fits");
                assert_eq!(near(&found), less.is_none(), "{what}: {larger:?} {less:?}");
            }
        }
    }
}

#[test]
fn a_memory_that_holds_no_piece_is_named_and_what_is_named_is_enough() {
    let mut design = Design {
        code_depth: 3,
        ..shipped("imagenet-32x32")
    };
    let (outline, base) = laid(&design, "resnet18");
    let search = |design: &Design| {
        let machine = Machine {
            design,
            interval: 1,
            prices: None,
            objective: Objective::Cycles,
        };
        Mapping::search(&machine, &outline, &base)
    };
    let mut refused = vec![];
    let mapping = loop {
        match search(&design) {
            Ok(mapping) => break mapping,
            Err(error) => {
                assert!(error.least.codes > design.code_depth.into(), "{error}");
                assert!(!refused.contains(&error.layer), "{error}");
                design.code_depth = error.least.codes as u32;
                refused.push(error.layer);
            }
        }
    };
    assert_eq!(refused.first().map(String::as_str), Some("conv1"));
    assert_eq!(mapping.layers.len(), outline.layers.len());
}
