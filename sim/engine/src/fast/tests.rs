//! Every value of every layer is the reference's.

use cromulent_design::{Affine, Design};
use cromulent_network::{synthesise, synthetic_image, topology};
use cromulent_number::Format;

use super::{FastRunner, Instructions, Path, Workspace};
use crate::compile::compile;
use crate::image::Image;
use crate::layer::{Layer, LayerOutput};
use crate::random::{Limits, network};
use crate::reference::Reference;
use crate::run::{Executor, NetworkRun, Runner};
use crate::values::{Values, in_map_order};

/// The paths of this CPU; says loudly which it lacks.
fn paths() -> Vec<Path> {
    for instructions in Instructions::ALL {
        if Path::new(instructions).is_none() {
            eprintln!("SKIPPED: this CPU has no {instructions}");
        }
    }
    Path::all().collect()
}

/// The value of the stream that each layer writes, as the reference has it.
fn streams(image: &Image, pixels: &[u8]) -> Vec<Vec<i16>> {
    let mut values = Values::new(image, image.activations(pixels).unwrap());
    let step = |layer: &Layer| {
        let reference = Reference::new(&image.design, layer);
        values.step(layer, &reference).unwrap();
        let result = layer.output.residual().map(|step| step.result);
        values.stream(result).unwrap_or_default().to_vec()
    };
    image.layers.iter().map(step).collect()
}

/// The part of one image of so many.
fn part<T>(all: &[T], image: usize, images: usize) -> &[T] {
    let each = all.len() / images;
    &all[image * each..][..each]
}

/// Compares every word that leaves a layer, every word of the stream and the scores, image by image of a batch.
fn compare(image: &Image, pixels: &[u8], path: Path, threads: usize, context: &str) -> NetworkRun {
    let reference = Runner::new(image);
    let expected = reference.run(pixels, Executor::Reference).unwrap();
    let streams = streams(image, pixels);
    let runner = FastRunner::with_path(image, path);
    let mut workspace = Workspace::new();
    let mut seen = 0;
    let mut saturations = vec![0; image.layers.len()];
    let images = image.batch();
    for n in 0..images {
        let own = part(pixels, n, images);
        let run = runner.observe(own, &mut workspace, threads, |place, values| {
            let layer = &image.layers[place];
            let context = format!("{context}, {path:?}, layer {}", layer.name);
            let words = in_map_order(&image.design, layer, &expected.layers[place].words);
            let words = part(&words, n, images);
            if layer.output.codes().is_some() {
                let codes: Vec<i64> = values.codes.iter().map(|&code| code.into()).collect();
                assert_eq!(codes, words, "{context}");
            }
            if let LayerOutput::Scores { .. } = layer.output {
                assert_eq!(values.scores, words, "{context}");
            }
            assert_eq!(values.stream, part(&streams[place], n, images), "{context}");
            saturations[place] += values.saturations;
            seen += 1;
        });
        let run = run.unwrap();
        assert_eq!(run.scores, expected.scores_of(n));
        if n == 0 {
            assert_eq!(run.class(), expected.class());
        }
    }
    assert_eq!(seen, images * image.layers.len());
    let counted = expected.layers.iter().map(|layer| layer.saturations);
    assert_eq!(saturations, counted.collect::<Vec<_>>(), "{context}");
    expected
}

#[test]
fn random_networks_of_every_format_are_the_reference_on_every_path() {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    let mut saturations = 0;
    for seed in 0..600 {
        let case = network(seed, &Limits::default());
        for path in paths() {
            let threads = 1 + seed as usize % 3;
            let context = format!(
                "seed {seed}, {} {}",
                case.image.design.format, case.image.design.affine
            );
            let run = pool.install(|| compare(&case.image, &case.pixels, path, threads, &context));
            saturations += run
                .layers
                .iter()
                .map(|layer| layer.saturations)
                .sum::<u64>();
        }
    }
    assert!(saturations > 0, "nothing ever saturated");
}

#[test]
fn larger_networks_fill_several_panels_and_strips() {
    let limits = Limits {
        rows: 20,
        columns: 20,
        side: 20,
        channels: 70,
        out_channels: 90,
    };
    for seed in 0..40 {
        let case = network(seed, &limits);
        for path in paths() {
            compare(
                &case.image,
                &case.pixels,
                path,
                1,
                &format!("large seed {seed}"),
            );
        }
    }
}

#[test]
fn many_images_come_back_in_order_on_any_number_of_threads() {
    let case = network(5, &Limits::default());
    let runner = FastRunner::new(&case.image);
    let pixels = part(&case.pixels, 0, case.image.batch());
    let images: Vec<Vec<u8>> = (0..23u8)
        .map(|n| {
            pixels
                .iter()
                .map(|&p| p.wrapping_mul(n).wrapping_add(n))
                .collect()
        })
        .collect();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let alone: Vec<_> = images
        .iter()
        .map(|pixels| runner.run(pixels, &mut Workspace::new()).unwrap())
        .collect();
    let first = &alone[0].scores;
    assert!(
        alone.iter().any(|run| run.scores != *first),
        "all images give the same"
    );
    for threads in [1, 2, 3, 7, 30] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let count = || {
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let runs = pool.install(|| runner.run_all(&images, count)).unwrap();
        assert_eq!(runs, alone, "{threads} threads");
        assert_eq!(done.into_inner(), images.len());
    }
    let error = runner.run_all(&[pixels, &[1]], || ()).unwrap_err();
    assert!(error.to_string().contains("not 1 values"), "{error}");
}

/// The bytes a thread needs for a known network.
fn workspace_bytes(name: &str) -> usize {
    let mut network = topology(name).expect("a known network");
    synthesise(&mut network, 1);
    let design = Design {
        image_digits: true,
        stream_depth: 65_536,
        code_depth: 65_536,
        ..Design::new(8, 8, Format::L4, Affine::Snapped)
    };
    let image = compile(&network, &design).expect("it compiles").image;
    let pixels = synthetic_image(&network.input, 1).pixels;
    let mut workspace = Workspace::new();
    let runner = FastRunner::new(&image);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let run = one
        .expect("a thread")
        .install(|| runner.run(&pixels, &mut workspace));
    run.expect("its image");
    workspace.bytes()
}

#[test]
fn memory_grows_with_the_largest_layer_and_not_with_the_network() {
    let (shallow, deep) = (workspace_bytes("resnet20"), workspace_bytes("resnet44"));
    assert!(
        shallow > 0 && deep <= shallow + shallow / 10,
        "{shallow} {deep}"
    );
}

#[test]
fn weights_statistics_and_images_are_the_same_on_any_number_of_threads() {
    let image = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut network = topology("densenet-40-12").expect("a known network");
            synthesise(&mut network, 3);
            let design = Design {
                image_digits: true,
                code_depth: 65_536,
                ..Design::new(16, 16, Format::L4, Affine::Exact)
            };
            compile(&network, &design)
                .expect("it compiles")
                .image
                .to_bytes()
        })
    };
    let one = image(1);
    assert!(one == image(2) && one == image(5));
}
