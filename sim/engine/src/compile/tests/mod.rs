mod batch;
mod dense;
mod formats;
mod forms;
mod outline;
mod pools;
mod rectified;
mod uncoded;
mod weights;

use std::path::Path;

use cromulent_design::Affine;
use cromulent_network::{BatchNorm, Convolution, Input, Linear, Op, Step, Tensor};
use cromulent_number::{Code, Format};

use super::form::value;
use super::*;
use crate::layer::Storage;
use crate::random::Generator;
use crate::run::{Executor, Runner};

fn real(generator: &mut Generator, low: f64, high: f64) -> f64 {
    let unit = generator.range(0, 1 << 20) as f64 / f64::from(1 << 20);
    low + (high - low) * unit
}

fn tensor(generator: &mut Generator, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    Tensor {
        shape: shape.to_vec(),
        values: (0..count)
            .map(|_| real(generator, -0.5, 0.5) as f32)
            .collect(),
    }
}

fn norm(generator: &mut Generator, channels: usize, sigma: f64) -> BatchNorm {
    let mut list = |low, high| (0..channels).map(|_| real(generator, low, high)).collect();
    BatchNorm {
        scale: list(-1.0, 1.0),
        shift: list(-0.8, 0.8),
        mean: list(-0.3, 0.3),
        variance: list(0.5 * sigma * sigma, sigma * sigma),
        epsilon: 1e-5,
        format: None,
    }
}

fn input() -> Input {
    Input {
        channels: 2,
        height: 4,
        width: 5,
        mean: vec![0.4, 0.5],
        std: vec![0.3, 0.2],
        examples: None,
    }
}

/// image → conv 3×3 → bn → relu \[→ pool\] → linear.
fn network(generator: &mut Generator, pooled: bool) -> Network {
    let conv = Convolution {
        weight: tensor(generator, &[3, 2, 3, 3]),
        bias: vec![],
        stride: 1,
        padding: 1,
    };
    let inputs = if pooled { 3 } else { 3 * 4 * 5 };
    let linear = Linear {
        weight: tensor(generator, &[4, inputs]),
        bias: vec![0.3, -0.1, 0.0, 1.0],
    };
    let mut steps: Vec<Step> = vec![
        ("conv".into(), Op::Convolution(conv), vec![0]),
        ("bn".into(), Op::BatchNorm(norm(generator, 3, 1.5)), vec![1]),
        ("relu".into(), Op::Relu, vec![2]),
    ];
    if pooled {
        steps.push(("pool".into(), Op::GlobalAveragePool, vec![3]));
    }
    let last = steps.len();
    steps.push(("fc".into(), Op::Linear(linear), vec![last]));
    Network::new("test", input(), steps).unwrap()
}

fn designs() -> impl Iterator<Item = Design> {
    Format::ALL.into_iter().flat_map(|format| {
        Affine::ALL.into_iter().filter_map(move |affine| {
            let mut design = Design::new(4, 3, format, affine);
            if format != Format::I8 {
                design.image_digits = true;
                design.weight_bits = 12;
            }
            if affine == Affine::Exact {
                design.bias_bits = 12;
            }
            design.threshold_fraction_bits = 24;
            design.validate().is_ok().then_some(design)
        })
    })
}

/// What the last layer should give for codes, in real numbers; snapped channels have their own shift.
fn expected_scores(network: &Network, design: &Design, codes: &[i16]) -> Vec<f64> {
    let Op::BatchNorm(norm) = &network.nodes[2].op else {
        panic!("node 2 is the batch-norm");
    };
    let Op::Linear(linear) = &network.nodes.last().unwrap().op else {
        panic!("the last node is linear");
    };
    let pooled = network.nodes.len() == 6;
    let mut scores: Vec<f64> = linear.bias.iter().map(|&bias| bias.into()).collect();
    for (place, &code) in codes.iter().enumerate() {
        let (position, c) = (place / 3, place % 3);
        let (a, b) = (norm.scale[c], norm.shift[c]);
        let form = form::ChannelForm::new(design, design.format, a, b).unwrap();
        let sign = if form.coding.negate { -1.0 } else { 1.0 };
        let v = value(design.format, Code(code as u8));
        let n = sign * v * form.coding.scale - form.coding.shift;
        let b = match form.reading.rest {
            form::Rest::Clamp(t) if design.affine == Affine::Snapped => {
                -a * value(design.format, t)
            }
            _ => b,
        };
        let active = (a * n + b).max(0.0);
        for (j, score) in scores.iter_mut().enumerate() {
            let weights = &linear.weight.values;
            *score += active
                * if pooled {
                    f64::from(weights[j * 3 + c]) / 20.0
                } else {
                    f64::from(weights[(j * 3 + c) * 20 + position])
                };
        }
    }
    scores
}

#[test]
fn scores_are_what_real_arithmetic_makes_of_the_codes() {
    for design in designs() {
        for pooled in [false, true] {
            let mut generator = Generator::new(u64::from(pooled) + 5);
            let network = network(&mut generator, pooled);
            let image = compile(&network, &design).unwrap().image;
            let runner = Runner::new(&image);
            let pixels: Vec<u8> = (0..40).map(|_| generator.range(0, 255) as u8).collect();
            let run = runner.run(&pixels, Executor::Reference).unwrap();
            let modelled = runner.run(&pixels, Executor::CycleModel).unwrap();
            assert_eq!(run.scores, modelled.scores);
            let codes = runner.layer_input(&pixels, 1).unwrap().values;
            let expected = expected_scores(&network, &design, &codes);
            // 8-bit constants of the baseline; 12 elsewhere.
            let tolerance = if design.weight_bits == 8 { 0.05 } else { 0.01 };
            for (&score, expected) in run.scores.iter().zip(expected) {
                let score = score as f64 * run.score_unit;
                let what = format!(
                    "{} {} pooled {pooled}: {score} {expected}",
                    design.format, design.affine
                );
                assert!((score - expected).abs() < tolerance, "{what}");
            }
        }
    }
}

#[test]
fn codes_follow_the_network_in_floating_point() {
    for design in designs() {
        let mut generator = Generator::new(9);
        let network = network(&mut generator, true);
        let image = compile(&network, &design).unwrap().image;
        let pixels: Vec<u8> = (0..40).map(|_| generator.range(0, 255) as u8).collect();
        let codes = Runner::new(&image).layer_input(&pixels, 1).unwrap().values;
        let picture = cromulent_network::Image {
            channels: 2,
            height: 4,
            width: 5,
            pixels,
        };
        let values = cromulent_network::evaluate(&network, &picture).unwrap();
        let Op::BatchNorm(norm) = &network.nodes[2].op else {
            panic!("node 2 is the batch-norm");
        };
        let mut off = 0;
        for (place, (&x, &code)) in values[1].iter().zip(&codes).enumerate() {
            let c = place % 3;
            let form = form::ChannelForm::new(&design, design.format, norm.scale[c], norm.shift[c])
                .unwrap();
            let arrival = quantizer::Arrival {
                unit: f64::from(1 << 20),
                constant: 0,
                coded: quantizer::Coded::Accumulator,
            };
            let statistics = (norm.mean[c], norm.sigma(c));
            let quantizer =
                quantizer::quantizer(&design, Storage::Codes, form.coding, statistics, arrival);
            let ideal = cromulent_number::encode(
                design.format,
                (f64::from(x) * f64::from(1 << 20)) as i64,
                &quantizer.unwrap(),
            );
            let apart = cromulent_number::order(design.format, ideal)
                .abs_diff(cromulent_number::order(design.format, Code(code as u8)));
            assert!(apart <= 1, "{} {}", design.format, design.affine);
            off += apart;
        }
        assert!(off <= 6, "{} {}: {off} of 60", design.format, design.affine);
    }
}

fn example(name: &str) -> Network {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    Network::load(&examples.join(name)).unwrap()
}

fn small(format: Format, affine: Affine) -> Design {
    let mut design = Design::new(8, 8, format, affine);
    design.image_digits = format != Format::I8;
    design
}

#[test]
fn the_shipped_network_keeps_its_accuracy() {
    // Correct answers on the first 100 test images; the network in floating point gives 91.
    let cases = [
        (Format::L4, Affine::Exact, "fashion-resnet8-L4.toml", 86),
        (Format::R3, Affine::Rectified, "fashion-resnet8.toml", 87),
        (Format::I8, Affine::Rectified, "fashion-resnet8.toml", 90),
    ];
    for (format, affine, name, least) in cases {
        let network = example(name);
        let image = compile(&network, &small(format, affine)).unwrap().image;
        let runner = Runner::new(&image);
        let mut right = 0;
        for example in network.examples(100).unwrap() {
            let run = runner
                .run(&example.image.pixels, Executor::Reference)
                .unwrap();
            right += usize::from(Some(run.class() as u8) == example.label);
        }
        assert!(right >= least, "{format}: {right} of 100");
    }
}

#[test]
fn a_whole_network_is_the_same_in_both_executors() {
    let network = example("fashion-resnet8.toml");
    let pixels = network.examples(1).unwrap().remove(0).image.pixels;
    for (format, affine) in [(Format::L4, Affine::Exact), (Format::R3, Affine::Rectified)] {
        let image = compile(&network, &small(format, affine)).unwrap().image;
        assert_eq!(Image::from_bytes(&image.to_bytes()).as_ref(), Ok(&image));
        let runner = Runner::new(&image);
        let reference = runner.run(&pixels, Executor::Reference).unwrap();
        let model = runner.run(&pixels, Executor::CycleModel).unwrap();
        assert_eq!(reference.scores, model.scores);
        for (a, b) in reference.layers.iter().zip(&model.layers) {
            assert_eq!(a.words, b.words, "{}", a.name);
        }
    }
}

/// The text of what is refused.
fn refusal(network: &Network, design: &Design) -> String {
    compile(network, design).unwrap_err().to_string()
}

#[test]
fn everything_that_does_not_fit_is_named_at_once() {
    let mut design = Design::new(8, 8, Format::L4, Affine::Exact);
    (design.code_depth, design.stream_depth, design.map_side) = (1000, 1500, 27);
    let message = refusal(&example("fashion-resnet8.toml"), &design);
    for part in [
        "layer conv1: it is fed with an image, and image_digits = false; write image_digits = true",
        "layer blocks.0.conv1: its input map is 28 pixels high or wide, and map_side = 27; write map_side = 28 or more",
        "network: its codes fill 3136 words of every code bank, and code_depth = 1000; write code_depth = 3136 or more",
        "network: its residual stream fills 1568 words of every column's stream, and stream_depth = 1500; write stream_depth = 1568 or more",
    ] {
        assert!(message.contains(part), "{part}\nnot in\n{message}");
    }
    (design.code_depth, design.stream_depth, design.map_side) = (3136, 1568, 28);
    design.image_digits = true;
    assert!(compile(&example("fashion-resnet8.toml"), &design).is_ok());
}

#[test]
fn sums_that_could_overflow_are_refused_with_the_bits_they_need() {
    let network = example("fashion-resnet8.toml");
    let mut design = small(Format::L4, Affine::Exact);
    design.accumulator_bits = 18;
    design.partial_sum_bits = Some(15);
    let message = refusal(&network, &design);
    assert!(message.contains("layer blocks.0.conv1: its column sums need 17 bits, and partial_sum_bits = 15; write partial_sum_bits = 17 or more"), "{message}");
    assert!(
        message.contains("layer blocks.0.conv1: its accumulators need"),
        "{message}"
    );
    assert!(
        message.contains("and accumulator_bits = 18; write accumulator_bits = "),
        "{message}"
    );
}

#[test]
fn constant_channels_need_the_exact_form() {
    let mut generator = Generator::new(1);
    let mut network = network(&mut generator, true);
    let Op::BatchNorm(norm) = &mut network.nodes[2].op else {
        panic!("node 2 is the batch-norm");
    };
    (norm.scale[1], norm.shift[1]) = (0.0, 0.5);
    let message = refusal(&network, &small(Format::R3, Affine::Rectified));
    assert!(
        message.starts_with("node `bn`: channel 1 has scale 0 and a shift above 0"),
        "{message}"
    );
    assert!(compile(&network, &small(Format::L4, Affine::Exact)).is_ok());
}

#[test]
fn nodes_that_cannot_run_are_named() {
    let mut generator = Generator::new(1);
    let conv = |generator: &mut Generator, inputs| {
        Op::Convolution(Convolution {
            weight: tensor(generator, &[2, inputs, 1, 1]),
            bias: vec![],
            stride: 1,
            padding: 0,
        })
    };
    let pool = Op::GlobalAveragePool;
    let steps: Vec<Step> = vec![
        ("stem".into(), conv(&mut generator, 2), vec![0]),
        ("pool".into(), pool, vec![1]),
        (
            "bn".into(),
            Op::BatchNorm(norm(&mut generator, 2, 1.0)),
            vec![2],
        ),
        ("relu".into(), Op::Relu, vec![3]),
        ("last".into(), conv(&mut generator, 2), vec![4]),
    ];
    let network = Network::new("pools", input(), steps).unwrap();
    let message = refusal(&network, &small(Format::R3, Affine::Rectified));
    for part in [
        "node `stem`: `pool` cannot read it yet; let a batch-norm, a sum, a concatenation or a max-pool read it",
        "node `pool`: a global-average-pool that reads `stem` cannot run yet; let it read a ReLU or a max-pool of one",
        "node `bn`: a batch-norm that reads `pool` cannot run yet; let it read a learnt layer, a sum, a concatenation or a max-pool of them",
    ] {
        assert!(message.contains(part), "{part}\nnot in\n{message}");
    }
}
