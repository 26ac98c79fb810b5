//! Outlines against compiled images, and the known networks against what is published.

use cromulent_design::Affine;
use cromulent_network::{TOPOLOGIES, synthesise, topology};
use cromulent_number::Format;

use super::super::outline::{Outline, outline};
use super::*;
use crate::layer::Task;
use crate::program::Program;
use crate::timing::{Memory, Timing, run};

/// A memory that never stalls.
const FAST: Memory = Memory {
    latency: 1,
    interval: 1,
};

fn named(name: &str) -> Network {
    topology(name).expect("a topology")
}

/// A design whose memories hold all networks, with a tile line of one beat at up to 32 columns.
fn large(side: u32) -> Design {
    Design {
        image_digits: true,
        max_pool: true,
        code_depth: 262_144,
        stream_depth: 131_072,
        map_side: 224,
        bus_bits: 512,
        ..Design::new(side, side, Format::L4, Affine::Snapped)
    }
}

fn outlined(name: &str, design: &Design) -> Outline {
    outline(&named(name), design).expect("a network that runs")
}

fn timed(outline: &Outline, design: &Design) -> Timing {
    let timing = run(design, &outline.steps, FAST);
    assert!(timing.finished);
    assert_eq!(timing.layers.len(), outline.layers.len());
    timing
}

/// An outline says of a network what its image does, and what its image does not say nobody is told.
fn assert_outlines(network: &Network, design: &Design) {
    let image = compile(network, design).expect("it compiles").image;
    let outline = outline(network, design).expect("it can be laid out");
    let name = &network.name;
    assert_eq!(outline.problems.0, [], "{name}");
    assert_eq!(outline.network, image.network);
    assert_eq!(outline.input, image.input);
    assert_eq!(outline.tensors, image.tensors, "{name}");
    assert_eq!(outline.streams, image.streams, "{name}");
    assert_eq!(outline.layers.len(), image.layers.len(), "{name}");
    for (outlined, layer) in outline.layers.iter().zip(&image.layers) {
        let place = format!("{name}, {}", layer.name);
        assert_eq!(outlined.name, layer.name);
        assert_eq!(outlined.geometry, layer.geometry, "{place}");
        assert_eq!(outlined.mode, layer.mode, "{place}");
        assert_eq!(outlined.input, layer.input, "{place}");
        assert_eq!(outlined.registers, layer.registers, "{place}");
        assert_eq!(outlined.macs, layer.macs, "{place}");
    }
    let program = Program::of(&image);
    assert_eq!(outline.steps, program.steps, "{name}");
    assert_eq!(outline.steps, Program::steps_of(&image), "{name}");
    let slow = Memory {
        latency: 37,
        interval: 3,
    };
    for memory in [FAST, slow] {
        let of_image = run(design, &program.steps, memory);
        assert_eq!(run(design, &outline.steps, memory), of_image, "{name}");
    }
}

#[test]
fn shipped_networks_take_the_time_of_their_images() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let designs = root.join("constraints/designs");
    let examples = root.join("docs/examples");
    for (network, design) in [
        ("fashion-resnet8.toml", "small-8x8.toml"),
        ("fashion-resnet8.toml", "mid-32x32.toml"),
        ("fashion-resnet8-L4.toml", "small-8x8.toml"),
        ("fashion-resnet8-R3.toml", "small-8x8-r3.toml"),
    ] {
        let network = Network::load(&examples.join(network)).expect("a shipped network");
        let design = Design::load(&designs.join(design)).expect("a shipped design");
        assert_outlines(&network, &design);
    }
}

#[test]
fn networks_of_every_kind_take_the_time_of_their_images() {
    let mut generator = Generator::new(11);
    for design in designs() {
        for pooled in [false, true] {
            assert_outlines(&network(&mut generator, pooled), &design);
        }
    }
    // Shortcuts, and concatenations with averages behind.
    for name in ["resnet20", "densenet-40-12", "vgg32"] {
        let mut network = named(name);
        synthesise(&mut network, 1);
        let design = Design {
            stream_depth: 131_072,
            accumulator_bits: 40,
            ..large(16)
        };
        assert_outlines(&network, &design);
    }
}

#[test]
fn every_known_network_is_laid_out_with_all_its_work() {
    for name in TOPOLOGIES {
        let network = named(name);
        assert_eq!(outlined(name, &large(32)).macs(), network.macs(), "{name}");
    }
    let unlearnt = |name: &str| -> Vec<String> {
        let layers = outlined(name, &large(32)).layers.into_iter();
        let unlearnt = layers.filter(|layer| layer.mode.task != Task::Learnt);
        unlearnt.map(|layer| layer.name).collect()
    };
    for name in ["resnet18", "resnet20", "vgg32", "densenet121"] {
        assert_eq!(unlearnt(name), [""; 0], "{name}");
    }
}

#[test]
fn transitions_are_convolutions_of_the_pooled_map() {
    let net = outlined("densenet121", &large(32));
    assert_eq!(net.layers.len(), 121);
    let mut transitions = net
        .layers
        .iter()
        .filter(|layer| layer.name == "transition1.conv");
    let geometry = transitions.next().expect("a transition").geometry;
    assert_eq!((geometry.channels, geometry.out_channels), (256, 128));
    assert_eq!((geometry.out_height(), geometry.taps()), (28, 4));
}

#[test]
fn every_known_network_fits_a_design_that_is_large_enough() {
    for name in TOPOLOGIES {
        for side in [8, 32] {
            let problems = outlined(name, &large(side)).problems;
            assert_eq!(problems.0, [], "{name} {side}");
        }
    }
}

#[test]
fn what_is_too_small_is_named() {
    let design = Design {
        image_digits: true,
        max_pool: true,
        ..Design::new(32, 32, Format::L4, Affine::Recentred)
    };
    let places = |name: &str, design: &Design| -> Vec<String> {
        let problems = outlined(name, design).problems.0.into_iter();
        problems
            .map(|problem| format!("{}: {}", problem.place, problem.fix))
            .collect()
    };
    let small = places("resnet18", &design);
    for expected in [
        "layer layer1.0.conv1: write map_side = 56 or more",
        // One phase of one channel a bank, and two planes of codes, pooled as they leave.
        "network: write code_depth = 18816 or more",
        "network: write stream_depth = 6272 or more",
    ] {
        assert!(small.iter().any(|place| place == expected), "{small:?}");
    }
    let no_digits = Design {
        image_digits: false,
        ..large(32)
    };
    assert_eq!(
        places("resnet18", &no_digits),
        ["layer conv1: write image_digits = true in the design"]
    );
    // Codes of this form hold one affine.
    let recentred = Design {
        affine: Affine::Recentred,
        ..large(32)
    };
    assert_eq!(places("densenet121", &recentred).len(), 1);
    assert_eq!(places("resnet18", &recentred), [""; 0]);
}

/// Cycles behind the image layer, without those of max-pools and identities if only `learnt` ones count, and
/// multiply-accumulates per element and cycle there.
fn behind_image(name: &str, design: &Design, learnt: bool) -> (u64, f64) {
    let outline = outlined(name, design);
    let timing = timed(&outline, design);
    let layers = outline.layers.iter().zip(&timing.layers);
    let others = layers.filter(|(layer, _)| learnt && layer.mode.task != Task::Learnt);
    let others: u64 = others.map(|(_, timing)| timing.cycles).sum();
    let cycles = timing.cycles_behind(1) - others;
    let macs = outline.macs() - outline.layers[0].macs;
    let elements = u64::from(design.rows * design.columns);
    (cycles, macs as f64 / (elements * cycles) as f64)
}

#[test]
fn large_networks_use_the_array_well() {
    let (cycles, busy) = behind_image("resnet18", &large(32), true);
    assert!(cycles <= 1_710_000 && busy >= 0.97, "{cycles} {busy}");
    // The pool costs nothing, and its values 12,544 cycles to the residual stream.
    let (cycles, busy) = behind_image("resnet18", &large(32), false);
    assert!(cycles <= 1_710_000 && busy >= 0.97, "{cycles} {busy}");
    let (cycles, busy) = behind_image("densenet121", &large(32), true);
    assert!(cycles <= 2_760_000 && busy >= 0.95, "{cycles} {busy}");
    let (cycles, busy) = behind_image("densenet121", &large(32), false);
    assert!(cycles <= 2_760_000 && busy >= 0.95, "{cycles} {busy}");
}

#[test]
fn small_networks_use_small_arrays_well() {
    let design = Design {
        bus_bits: 128,
        ..large(8)
    };
    let (_, busy) = behind_image("resnet20", &design, false);
    assert!(busy >= 0.97, "{busy}");
}

#[test]
fn the_image_layer_keeps_the_rows_busy() {
    let busy = |side: u32| {
        let design = large(side);
        outlined("resnet18", &design).layers[0].busy_rows_millionths(&design)
    };
    assert!(busy(8) >= 850_000 && busy(16) >= 900_000 && busy(32) >= 900_000);
}

#[test]
fn a_tile_line_of_two_beats_does_not_keep_up() {
    let design = Design {
        affine: Affine::Exact,
        bias_bits: 8,
        ..large(32)
    };
    assert_eq!(design.beats(design.tile_line_bits()), 2);
    let outline = outlined("resnet18", &design);
    let timing = timed(&outline, &design);
    assert!(timing.causes.stall_weights > 100_000);
    assert!(timing.cycles_behind(1) > 1_800_000);
}
