use std::ops::Range;

use super::{TOPOLOGIES, resolutions, synthesise, synthetic_image, topology, topology_at};
use crate::check::check;
use crate::evaluate::Evaluator;
use crate::graph::{Network, Op};

fn named(name: &str) -> Network {
    topology(name).expect("a topology")
}

#[test]
fn multiply_accumulates_are_the_published_ones() {
    assert_eq!(named("resnet18").macs(), 1_814_073_344);
    assert_eq!(named("resnet50").macs(), 4_089_184_256);
    assert_eq!(named("densenet121").macs(), 2_834_161_664);
    assert_eq!(named("densenet201").macs(), 4_291_365_888);
    // Shortcuts of 1 × 1 convolutions add 2 · 131,072 to what plain ones have.
    assert_eq!(named("resnet20").macs(), 40_551_040 + 2 * 131_072);
}

#[test]
fn parameters_are_the_published_ones() {
    // torchvision's, whose batch-norms stand in other places.
    for (name, published, slack) in [
        ("resnet18", 11_689_512, 3_000),
        ("resnet50", 25_557_032, 10_000),
        ("densenet121", 7_978_856, 200),
        ("densenet201", 20_013_928, 200),
    ] {
        let found = named(name).parameters();
        assert!(found.abs_diff(published) <= slack, "{name}: {found}");
    }
    // In millions, as the papers round them.
    for (name, published) in [
        ("resnet20", 0.27),
        ("resnet44", 0.66),
        ("wrn-40-4", 8.9),
        ("densenet-40-12", 1.0),
        ("densenet-100-12", 7.0),
    ] {
        let found = named(name).parameters() as f64 / 1e6;
        assert!((found / published - 1.0).abs() < 0.025, "{name}: {found}");
    }
}

#[test]
fn every_topology_is_cromulent_and_hollow() {
    for name in TOPOLOGIES {
        let network = named(name);
        assert_eq!(network.name, name);
        assert!(network.is_hollow(), "{name}");
        let report = check(&network);
        assert!(report.cromulent, "{name}: {:?}", report.problems);
    }
    assert!(topology("fc3").is_none() && topology("alexnet").is_none());
}

#[test]
fn every_topology_can_be_had_at_both_ends_of_its_resolutions() {
    for name in TOPOLOGIES {
        let sides = resolutions(name).expect("a topology");
        let own = named(name).input.height;
        assert!(sides.contains(&own), "{name}");
        for side in [*sides.start(), *sides.end()] {
            let network = topology_at(name, side).expect("a side in range");
            assert_eq!(network.name, format!("{name}@{side}"));
            assert_eq!(network.input.height, side);
            assert!(check(&network).cromulent, "{name} {side}");
        }
        assert_eq!(topology_at(name, sides.end() + 1), None);
    }
    assert_eq!(resolutions("alexnet"), None);
}

#[test]
fn four_times_the_pixels_are_four_times_the_work() {
    let macs = |side| {
        topology_at("resnet18", side)
            .expect("a side in range")
            .macs()
            - 512_000
    };
    assert_eq!(macs(224) + 512_000, named("resnet18").macs());
    assert_eq!((macs(448), macs(896)), (4 * macs(224), 16 * macs(224)));
}

/// Mean and spread of what the normalisations give over some images, and the share that is active behind the affine,
/// by batch-norm.
fn statistics(network: &Network, seeds: Range<u64>) -> Vec<(f64, f64, f64)> {
    let evaluator = Evaluator::new(network);
    let run = |seed| {
        let image = synthetic_image(&network.input, seed);
        evaluator.all(&image).expect("its image")
    };
    let runs: Vec<_> = seeds.map(run).collect();
    let mut found = vec![];
    for (node, this) in network.nodes.iter().enumerate() {
        let Op::BatchNorm(norm) = &this.op else {
            continue;
        };
        let values = runs.iter().flat_map(|maps| maps[this.inputs[0]].iter());
        let normal: Vec<f64> = values
            .enumerate()
            .map(|(i, &x)| norm.normalise(i % norm.channels(), x.into()))
            .collect();
        let count = normal.len() as f64;
        let mean = normal.iter().sum::<f64>() / count;
        let spread = (normal.iter().map(|n| n * n).sum::<f64>() / count - mean * mean).sqrt();
        let outputs = runs.iter().flat_map(|maps| maps[node].iter());
        let active = outputs.filter(|&&y| y > 0.0).count() as f64 / count;
        found.push((mean, spread, active));
    }
    found
}

#[test]
fn activations_are_spread_like_those_of_a_trained_network() {
    for name in ["vgg32", "resnet20", "densenet-40-12"] {
        let mut network = named(name);
        synthesise(&mut network, 1);
        assert!(!network.is_hollow());
        // Other images than those the statistics came from.
        for (mean, spread, active) in statistics(&network, 100..108) {
            assert!(mean.abs() < 0.35, "{name}: mean {mean}");
            assert!((0.8..1.2).contains(&spread), "{name}: spread {spread}");
            assert!((0.3..0.7).contains(&active), "{name}: active {active}");
        }
    }
}

#[test]
fn a_seed_gives_one_network() {
    let make = |seed| {
        let mut network = named("fc8");
        synthesise(&mut network, seed);
        network
    };
    assert_eq!(make(3), make(3));
    assert_ne!(make(3), make(4));
}

#[test]
fn shortcuts_without_parameters_stay_what_they_are() {
    let mut network = named("resnet20");
    synthesise(&mut network, 5);
    let node = network.node("layer2.0.downsample").expect("a shortcut");
    let Op::Convolution(c) = &network.nodes[node].op else {
        panic!("{:?}", network.nodes[node].op);
    };
    assert_eq!(c.weight.values.iter().sum::<f32>(), 16.0);
    assert_eq!((c.weight.values[0], c.weight.values[17]), (1.0, 1.0));
}
