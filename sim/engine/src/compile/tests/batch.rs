//! Images computed together.

use super::*;
use crate::compile::outline::outline;
use crate::fast::{FastRunner, Workspace};
use crate::image::Image;
use crate::program::Program;
use crate::run::by_image;
use crate::traffic::traffic;

/// The Fashion ResNet-8 for so many images on an array of 8 × 8, whose accumulators hold the words of all of them.
fn resnet(batch: u32) -> (Network, Image) {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/fashion-resnet8.toml");
    let network = Network::load(&file).expect("an example");
    let design = Design {
        image_digits: true,
        batch,
        code_depth: batch * 8192,
        stream_depth: batch * 4096,
        tile_depth: batch * 1024,
        accumulator_bits: 36,
        ..Design::new(8, 8, Format::L4, Affine::Exact)
    };
    let image = compile(&network, &design).expect("it compiles").image;
    (network, image)
}

#[test]
fn images_give_the_same_alone_and_together() {
    let (network, one) = resnet(1);
    let examples = network.examples(4).expect("images");
    let alone = Runner::new(&one);
    for batch in [2, 3, 4] {
        let (_, image) = resnet(batch);
        let runner = Runner::new(&image);
        let fast = FastRunner::new(&image);
        // The last batch of three is not full.
        for examples in examples.chunks(batch as usize) {
            let pixels: Vec<&[u8]> = examples.iter().map(|e| e.image.pixels.as_slice()).collect();
            let all = image.fill_batch(&pixels);
            let reference = runner.run(&all, Executor::Reference).expect("its images");
            let model = runner.run(&all, Executor::CycleModel).expect("its images");
            let pairs = reference.layers.iter().zip(&model.layers);
            assert!(pairs.clone().all(|(a, b)| a.words == b.words), "{batch}");
            assert_eq!(reference.results, model.results);
            let results = by_image(&image.design, &model.results);
            for (n, pixels) in pixels.into_iter().enumerate() {
                let expected = alone.run(pixels, Executor::Reference).expect("its image");
                assert_eq!(model.scores_of(n), expected.scores, "image {n} of {batch}");
                assert_eq!(results[n], expected.scores, "image {n} of {batch}");
                let fast = fast.run(pixels, &mut Workspace::new()).expect("its image");
                assert_eq!(fast.scores, expected.scores);
            }
        }
    }
}

#[test]
fn weights_move_once_for_all_images() {
    let words = |image: &Image| {
        let layers = traffic(&image.design, &Program::steps_of(image));
        let weights = layers.iter().map(|layer| layer.dram.weights).sum::<u64>();
        (
            weights,
            layers.iter().map(|layer| layer.dram.inputs).sum::<u64>(),
        )
    };
    let (_, one) = resnet(1);
    let (weights, inputs) = words(&one);
    for batch in [2, 3, 8] {
        let (network, image) = resnet(batch);
        // As many words for a whole batch as for one image.
        assert_eq!(
            words(&image),
            (weights, u64::from(batch) * inputs),
            "{batch}"
        );
        let outline = outline(&network, &image.design).expect("it can be laid out");
        assert_eq!(outline.steps, Program::steps_of(&image));
    }
}

#[test]
fn classes_beyond_the_columns_come_tile_by_tile() {
    let mut design = Design::new(4, 3, Format::L4, Affine::Exact);
    design.batch = 2;
    // Classes 0 to 2 of both images, then 3 and 4 of both.
    let results = [0, 1, 2, 10, 11, 12, 3, 4, 13, 14];
    assert_eq!(
        by_image(&design, &results),
        [[0, 1, 2, 3, 4], [10, 11, 12, 13, 14]].map(Vec::from)
    );
}

#[test]
fn a_batch_too_large_for_the_memories_is_refused_by_the_field() {
    let (network, image) = resnet(2);
    let small = Design {
        stream_depth: 3000,
        ..image.design
    };
    let problems = compile(&network, &small).err().map(|p| p.to_string());
    let problems = problems.unwrap_or_default();
    assert!(
        problems.contains("write stream_depth = 3136 or more"),
        "{problems}"
    );
    let pixels = vec![0; 784];
    let image = resnet(2).1;
    let error = Runner::new(&image)
        .run(&pixels, Executor::Reference)
        .expect_err("one image");
    assert!(
        error.to_string().contains("2 at a time, not 784 values"),
        "{error}"
    );
}
