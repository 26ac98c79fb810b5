//! The networks whose weights are too large to ship, where `CROMULENT_DATA` names the folder that holds them.
//! Nothing is tested here alone: small networks in the tests of `compile` and `random` have all of this.

use std::path::Path;

use cromulent_design::{Affine, Design};
use cromulent_engine::fast::Workspace;
use cromulent_engine::{Executor, FastRunner, Image, Program, Runner, compile, timing};
use cromulent_network::Network;
use cromulent_number::Format;

/// The network of a description, unless there is no data.
fn network(name: &str) -> Option<Network> {
    if std::env::var_os("CROMULENT_DATA").is_none() {
        eprintln!("skipped: CROMULENT_DATA is not set");
        return None;
    }
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    Some(Network::load(&examples.join(name)).unwrap_or_else(|problems| panic!("{problems}")))
}

fn design(format: Format, affine: Affine) -> Design {
    let mut design = Design::new(16, 16, format, affine);
    design.image_digits = true;
    design.code_depth = 16_384;
    design
}

/// Every word of the first image on both executors, and at least this many of the first images named rightly.
fn check(name: &str, design: &Design, images: usize, least: usize) {
    let Some(network) = network(name) else {
        return;
    };
    let compiled = compile(&network, design).unwrap_or_else(|problems| panic!("{problems}"));
    let image = Image::from_bytes(&compiled.image.to_bytes()).unwrap();
    let runner = Runner::new(&image);
    let examples = network.examples(images).unwrap();
    let pixels = &examples[0].image.pixels;
    let reference = runner.run(pixels, Executor::Reference).unwrap();
    let model = runner.run(pixels, Executor::CycleModel).unwrap();
    for (a, b) in reference.layers.iter().zip(&model.layers) {
        assert_eq!(a.words, b.words, "{name}, {}", a.name);
    }
    let memory = timing::Memory {
        latency: 20,
        interval: 1,
    };
    let timing = timing::run(design, &Program::of(&image).steps, memory);
    assert!(timing.finished);
    let beats: u64 = model
        .layers
        .iter()
        .filter_map(|layer| layer.counters)
        .map(|counters| counters.beats)
        .sum();
    assert_eq!(timing.causes.beats, beats);
    let fast = FastRunner::new(&image);
    let mut workspace = Workspace::new();
    let right = examples.iter().filter(|example| {
        let pixels = &example.image.pixels;
        let run = runner.run(pixels, Executor::Reference).unwrap();
        let values = fast.run(pixels, &mut workspace).unwrap();
        assert_eq!(values.scores, run.scores, "{name}");
        let saturations = run.layers.iter().map(|layer| layer.saturations);
        assert_eq!(values.saturations, saturations.sum::<u64>(), "{name}");
        Some(run.class() as u8) == example.label
    });
    let right = right.count();
    assert!(right >= least, "{name}: {right} of {images}");
}

#[test]
fn densenet_22() {
    let l5 = design(Format::L5, Affine::Exact);
    check("fashion-densenet22.toml", &l5, 40, 36);
    let l4 = design(Format::L4, Affine::Exact);
    check("fashion-densenet22.toml", &l4, 1, 0);
}

#[test]
fn resnet_20() {
    let l4 = design(Format::L4, Affine::Exact);
    check("cifar10-resnet20-L4.toml", &l4, 40, 31);
    let r3 = design(Format::R3, Affine::Rectified);
    check("cifar10-resnet20-R3.toml", &r3, 40, 31);
}
