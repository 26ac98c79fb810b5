//! ReLUs on the residual stream.

use cromulent_network::evaluate;

use super::*;
use crate::compile::layers::stream_exponents;
use crate::compile::plan::plan;
use crate::image::Image;
use crate::values::in_map_order;

fn conv(generator: &mut Generator, shape: &[usize]) -> Op {
    let weight = tensor(generator, shape);
    Op::Convolution(Convolution {
        weight,
        bias: (0..shape[0]).map(|_| generator.normal() * 0.3).collect(),
        stride: 1,
        padding: shape[2] / 2,
    })
}

/// A sum that is rectified, a sum on top of it, and a convolution that is rectified, joined to another one and
/// normalised.
fn steps(generator: &mut Generator) -> Vec<Step> {
    let linear = Linear {
        weight: tensor(generator, &[4, 6]),
        bias: vec![0.3, -0.1, 0.0, 1.0],
    };
    let mut steps: Vec<Step> = vec![];
    let mut step = |name: &str, op: Op, inputs: &[usize]| {
        steps.push((name.to_owned(), op, inputs.to_vec()));
    };
    step("left", conv(generator, &[4, 2, 3, 3]), &[0]);
    step("right", conv(generator, &[4, 2, 3, 3]), &[0]);
    step("sum", Op::Add, &[1, 2]);
    step("rectified", Op::Relu, &[3]);
    step("more", conv(generator, &[4, 2, 3, 3]), &[0]);
    step("total", Op::Add, &[4, 5]);
    step("bn1", Op::BatchNorm(norm(generator, 4, 1.5)), &[6]);
    step("relu1", Op::Relu, &[7]);
    step("conv", conv(generator, &[3, 4, 3, 3]), &[8]);
    step("clamped", Op::Relu, &[9]);
    step("side", conv(generator, &[3, 4, 1, 1]), &[8]);
    step("join", Op::Concat, &[10, 11]);
    step("bn2", Op::BatchNorm(norm(generator, 6, 1.5)), &[12]);
    step("relu2", Op::Relu, &[13]);
    step("pool", Op::GlobalAveragePool, &[14]);
    step("fc", Op::Linear(linear), &[15]);
    steps
}

fn network(steps: Vec<Step>) -> Network {
    Network::new("rectified", input(), steps).unwrap()
}

fn designs() -> [Design; 4] {
    let forms = [
        (Format::L5, Affine::Exact),
        (Format::L5, Affine::Snapped),
        (Format::L5, Affine::Recentred),
        (Format::R5, Affine::Rectified),
    ];
    forms.map(|(format, affine)| {
        let mut design = Design::new(4, 4, format, affine);
        design.image_digits = true;
        (design.weight_bits, design.threshold_fraction_bits) = (12, 24);
        design.bias_bits = if affine == Affine::Exact { 12 } else { 0 };
        design
    })
}

/// Whether each layer clamps.
fn clamps(image: &Image) -> Vec<bool> {
    let clamps = image.layers.iter().map(|layer| layer.registers.clamp);
    clamps.collect()
}

fn picture(generator: &mut Generator) -> cromulent_network::Image {
    cromulent_network::Image {
        channels: 2,
        height: 4,
        width: 5,
        pixels: (0..40).map(|_| generator.range(0, 255) as u8).collect(),
    }
}

#[test]
fn both_executors_rectify_the_stream_alike() {
    for design in designs() {
        let mut generator = Generator::new(31);
        let image = compile(&network(steps(&mut generator)), &design);
        let image = image.unwrap().image;
        assert_eq!(clamps(&image), [false, true, false, true, false, false]);
        assert_eq!(Image::from_bytes(&image.to_bytes()).as_ref(), Ok(&image));
        let (runner, picture) = (Runner::new(&image), picture(&mut generator));
        let reference = runner.run(&picture.pixels, Executor::Reference).unwrap();
        let model = runner.run(&picture.pixels, Executor::CycleModel).unwrap();
        assert_eq!(reference.scores, model.scores);
        for (a, b) in reference.layers.iter().zip(&model.layers) {
            assert_eq!(a.words, b.words, "{}", a.name);
            assert_eq!((a.saturations, b.saturations), (0, 0), "{}", a.name);
        }
    }
}

#[test]
fn the_rectified_sum_and_the_scores_are_those_of_the_network() {
    for design in designs() {
        let mut generator = Generator::new(32);
        let network = network(steps(&mut generator));
        let image = compile(&network, &design).unwrap().image;
        let picture = picture(&mut generator);
        let run = Runner::new(&image).run(&picture.pixels, Executor::Reference);
        let (run, real) = (run.unwrap(), evaluate(&network, &picture).unwrap());

        let planned = plan(&network, &design, &Choices::default()).unwrap();
        let value = planned.streams.iter().position(|&node| node == 3).unwrap();
        let unit = f64::from(stream_exponents(&network, &design, &planned)[value]).exp2();
        let words = in_map_order(&design, &image.layers[1], &run.layers[1].words);
        let (zeros, rest): (Vec<i64>, Vec<i64>) = words.iter().partition(|&&word| word == 0);
        assert!(zeros.len() > 10 && rest.len() > 10 && rest.iter().all(|&word| word > 0));
        assert_eq!(words.len(), real[4].len());
        for (&word, &real) in words.iter().zip(&real[4]) {
            let word = word as f64 / unit;
            assert!((word - f64::from(real)).abs() < 0.03, "{word} {real}");
        }
        for (&score, &real) in run.scores.iter().zip(real.last().unwrap()) {
            let score = score as f64 * run.score_unit;
            let what = format!("{} {}: {score} {real}", design.format, design.affine);
            assert!((score - f64::from(real)).abs() < 0.15, "{what}");
        }
    }
}

#[test]
fn a_value_that_is_also_read_as_it_is_cannot_be_rectified() {
    let mut generator = Generator::new(33);
    let mut steps = steps(&mut generator);
    // The second sum reads the first one past its ReLU.
    steps[5].2 = vec![3, 5];
    let [design, ..] = designs();
    let message = refusal(&network(steps), &design);
    let wanted = "node `rectified`: it rectifies `sum`, which `total` reads as it is; the residual stream keeps one of the two; let nothing but `rectified` read `sum`";
    assert!(message.contains(wanted), "{message}");
}

#[test]
fn what_cannot_read_a_rectified_value_is_named() {
    let mut generator = Generator::new(34);
    let mut steps = steps(&mut generator);
    // The last convolution reads the rectified sum, with nothing between.
    steps[8].2 = vec![4];
    let [design, ..] = designs();
    let message = refusal(&network(steps), &design);
    let wanted = "node `rectified`: `conv` cannot read it yet; let a batch-norm, a sum, a concatenation or a max-pool read it";
    assert!(message.contains(wanted), "{message}");
}
