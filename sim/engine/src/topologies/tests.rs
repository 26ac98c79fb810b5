use cromulent_design::{Affine, Design};
use cromulent_number::Format;

use super::{Plan, TOPOLOGIES, Topology, Usage, densenet121, resnet18, resnet20, topology};
use crate::timing::{Memory, Timing, run};

/// A memory that never stalls.
const FAST: Memory = Memory {
    latency: 1,
    interval: 1,
};

/// A design whose memories hold all topologies, with a tile line of one beat at up to 32 columns.
fn design(side: u32) -> Design {
    Design {
        image_digits: true,
        code_depth: 150_528,
        stream_depth: 25_088,
        map_side: 224,
        bus_bits: 512,
        ..Design::new(side, side, Format::L4, Affine::Recentred)
    }
}

fn timed(topology: &Topology, design: &Design) -> (Plan, Timing) {
    let plan = topology.plan(design);
    let timing = run(design, &plan.steps, FAST);
    assert!(timing.finished);
    assert_eq!(timing.layers.len(), plan.layers.len());
    (plan, timing)
}

fn behind_image(topology: &Topology, design: &Design) -> Usage {
    let (plan, timing) = timed(topology, design);
    plan.usage_behind_image(&timing)
}

#[test]
fn multiply_accumulates_are_the_published_ones() {
    assert_eq!(resnet18().macs(), 1_814_073_344);
    assert_eq!(densenet121().macs(), 2_834_161_664);
    // Shortcuts of 1 × 1 convolutions add 2 · 131,072 to what plain ones have.
    assert_eq!(resnet20().macs(), 40_551_040 + 2 * 131_072);
}

#[test]
fn layers_are_those_of_the_networks() {
    let count = |name: &str| topology(name).map(|net| net.layers.len());
    assert_eq!(TOPOLOGIES.map(count), [Some(21), Some(22), Some(121)]);
    assert_eq!(count("alexnet"), None);
    let names = |net: &Topology| {
        net.left_out
            .iter()
            .map(|left| left.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&resnet18()), ["maxpool"]);
    assert_eq!(names(&densenet121()), ["pool0"]);
    assert_eq!(names(&resnet20()), [""; 0]);
}

#[test]
fn transitions_are_convolutions_of_the_pooled_map() {
    let net = densenet121();
    let transition = net
        .layers
        .iter()
        .find(|layer| layer.name == "transition1.conv");
    let geometry = transition.expect("a transition").geometry;
    assert_eq!((geometry.channels, geometry.out_channels), (256, 128));
    assert_eq!((geometry.out_height(), geometry.taps()), (28, 4));
}

#[test]
fn every_topology_fits_a_design_that_is_large_enough() {
    for name in TOPOLOGIES {
        let net = topology(name).expect("a topology");
        for side in [8, 16, 32] {
            assert_eq!(net.plan(&design(side)).problems.0, [], "{name} {side}");
        }
    }
}

#[test]
fn what_is_too_small_is_named() {
    let design = Design::new(32, 32, Format::L4, Affine::Recentred);
    let plan = resnet18().plan(&Design {
        image_digits: true,
        ..design
    });
    let problems: Vec<_> = plan.problems.0.iter().map(ToString::to_string).collect();
    let expected = [
        "design l4-32x32, code_depth: code_depth = 8192 does not hold the 75264 words of the network; write 75264 or more",
        "design l4-32x32, stream_depth: stream_depth = 4096 does not hold the 6272 words of the network; write 6272 or more",
        "design l4-32x32, map_side: map_side = 32 is less than a map of 224 pixels; write 224 or more",
    ];
    assert_eq!(problems, expected);
    let no_digits = Design {
        image_digits: false,
        ..self::design(32)
    };
    let problems = resnet18().plan(&no_digits).problems.0;
    assert_eq!(problems[0].place, "layer conv1");
    assert!(
        problems[0].what.contains("image_digits"),
        "{}",
        problems[0].what
    );
}

#[test]
fn large_networks_use_the_array_well() {
    let design = design(32);
    let resnet = behind_image(&resnet18(), &design);
    assert_eq!(resnet.macs, 1_814_073_344 - 118_013_952);
    assert!(resnet.cycles <= 1_710_000, "{resnet:?}");
    assert!(resnet.millionths(&design) >= 970_000, "{resnet:?}");
    let densenet = behind_image(&densenet121(), &design);
    assert!(densenet.cycles <= 2_760_000, "{densenet:?}");
}

#[test]
fn small_networks_use_small_arrays_well() {
    let design = Design {
        bus_bits: 128,
        ..design(8)
    };
    let usage = behind_image(&resnet20(), &design);
    assert!(usage.millionths(&design) >= 980_000, "{usage:?}");
}

#[test]
fn the_image_layer_keeps_the_rows_busy() {
    let busy = |side: u32| {
        let design = design(side);
        resnet18().plan(&design).layers[0].busy_rows_millionths(&design)
    };
    assert!(busy(16) >= 900_000 && busy(32) >= 900_000);
    // Two copies of three channels leave two rows of eight idle.
    assert_eq!(busy(8), 735_000);
}

#[test]
fn a_tile_line_of_two_beats_does_not_keep_up() {
    let design = Design {
        affine: Affine::Exact,
        bias_bits: 8,
        ..design(32)
    };
    assert_eq!(design.beats(design.tile_line_bits()), 2);
    let (plan, timing) = timed(&resnet18(), &design);
    assert!(timing.causes.stall_weights > 100_000);
    assert!(plan.usage_behind_image(&timing).cycles > 1_800_000);
}
