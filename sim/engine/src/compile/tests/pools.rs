//! Max-pools where a cromulent network has them, and identities where no learnt layer stands.

use super::*;
use crate::fast::{FastRunner, Workspace};
use crate::layer::{LayerInput, Task};
use crate::run::NetworkRun;
use crate::values::in_map_order;

mod sums;
mod uncoded;

fn conv(generator: &mut Generator, shape: &[usize]) -> Op {
    Op::Convolution(Convolution {
        weight: tensor(generator, shape),
        bias: vec![],
        stride: 1,
        padding: shape[2] / 2,
    })
}

const POOL: Op = Op::MaxPool {
    kernel: 3,
    stride: 2,
    padding: 1,
};

/// The steps of a network: each reads the one before, unless it says what.
fn chain(generator: &mut Generator, ops: Vec<(&str, Op, &[usize])>) -> Network {
    let mut steps: Vec<Step> = vec![];
    for (name, op, inputs) in ops {
        let inputs = match inputs {
            [] => vec![steps.len()],
            inputs => inputs.to_vec(),
        };
        steps.push((name.to_owned(), op, inputs));
    }
    let fc = Linear {
        weight: tensor(generator, &[4, 5]),
        bias: vec![0.3, -0.1, 0.0, 1.0],
    };
    steps.push(("mean".to_owned(), Op::GlobalAveragePool, vec![steps.len()]));
    steps.push(("fc".to_owned(), Op::Linear(fc), vec![steps.len()]));
    Network::new("pools", input(), steps).unwrap()
}

fn bn(generator: &mut Generator, channels: usize) -> Op {
    Op::BatchNorm(norm(generator, channels, 1.5))
}

/// Every format and form, with rows that pool.
fn pooling() -> impl Iterator<Item = Design> {
    designs().map(|design| Design {
        max_pool: true,
        ..design
    })
}

/// A run of a compiled network, the same on every executor.
fn run(image: &Image, seed: u64) -> NetworkRun {
    let mut generator = Generator::new(seed);
    let pixels: Vec<u8> = (0..40).map(|_| generator.range(0, 255) as u8).collect();
    let read = Image::from_bytes(&image.to_bytes());
    assert!(read.as_ref() == Ok(image), "{:?}", read.err());
    let runner = Runner::new(image);
    let reference = runner.run(&pixels, Executor::Reference).unwrap();
    let modelled = runner.run(&pixels, Executor::CycleModel).unwrap();
    for (one, other) in reference.layers.iter().zip(&modelled.layers) {
        assert_eq!(one.words, other.words, "{}", one.name);
    }
    let fast = FastRunner::new(image).run(&pixels, &mut Workspace::new());
    assert_eq!(fast.unwrap().scores, reference.scores);
    reference
}

/// A network with a pass of its own for each max-pool. Where layers pool their codes as they leave, the same comes of it.
fn compiled(network: &Network, design: &Design) -> Image {
    let choices = Choices {
        pool_in_rows: true,
        ..Choices::default()
    };
    let rows = compile_with(network, design, &choices).unwrap().image;
    let out = compile(network, design).unwrap().image;
    let pools = |image: &Image| {
        let pools = image.layers.iter().filter(|layer| layer.mode.max_pool());
        pools.count()
    };
    let pooling = out.layers.iter().filter(|l| l.mode.pooling.is_some());
    let pooling: Vec<&str> = pooling.map(|layer| layer.name.as_str()).collect();
    assert_eq!(pools(&rows), pools(&out) + pooling.len());
    assert_eq!(rows.layers.len(), out.layers.len() + pooling.len());
    assert_eq!(rows.tensors.len(), out.tensors.len() + pooling.len());
    for seed in 20..23 {
        let (of_rows, of_out) = (run(&rows, seed), run(&out, seed));
        assert_eq!(of_out.scores, of_rows.scores);
        for name in &pooling {
            let before = &rows.layers[rows.layer(name).unwrap()];
            let pool = rows.layers.iter().find(|layer| match &layer.input {
                LayerInput::Codes(read) => {
                    layer.mode.max_pool() && before.output.codes() == read.first().copied()
                }
                LayerInput::Image => false,
            });
            let pool = &pool.expect("a pass of its own").name;
            let pooled = codes(&out, &of_out, name);
            assert_eq!(pooled, codes(&rows, &of_rows, pool), "{name}, {pool}");
        }
    }
    rows
}

fn names(image: &Image) -> Vec<&str> {
    let names = image.layers.iter().map(|layer| layer.name.as_str());
    names.collect()
}

/// The codes a layer gave, by \[position·channels + channel\].
fn codes(image: &Image, run: &NetworkRun, name: &str) -> Vec<Code> {
    let place = image.layer(name).expect("a layer");
    let words = in_map_order(
        &image.design,
        &image.layers[place],
        &run.layers[place].words,
    );
    words.into_iter().map(|word| Code(word as u8)).collect()
}

/// What the codes of a batch-norm's channels stand for: normalised values.
fn normalised(design: &Design, norm: &BatchNorm, codes: &[Code]) -> Vec<f64> {
    let channels = norm.scale.len();
    let value = |(place, &code): (usize, &Code)| {
        let c = place % channels;
        let coding = form::ChannelForm::new(design, design.format, norm.scale[c], norm.shift[c])
            .unwrap()
            .coding;
        let sign = if coding.negate { -1.0 } else { 1.0 };
        sign * value(design.format, code) * coding.scale - coding.shift
    };
    codes.iter().enumerate().map(value).collect()
}

fn norm_of<'n>(network: &'n Network, name: &str) -> &'n BatchNorm {
    let node = network.node(name).expect("a node");
    match &network.nodes[node].op {
        Op::BatchNorm(norm) => norm,
        _ => panic!("{name} is a batch-norm"),
    }
}

/// The largest of each window of [`POOL`] over a 4 × 5 map.
fn largest(values: &[f64], channels: usize) -> Vec<f64> {
    let window = |y: usize, x: usize, c: usize| {
        let near = |at: usize, side: usize| (2 * at).saturating_sub(1)..(2 * at + 2).min(side);
        let rows = near(y, 4).flat_map(|y| near(x, 5).map(move |x| y * 5 + x));
        rows.map(|at| values[at * channels + c])
            .fold(f64::NEG_INFINITY, f64::max)
    };
    let places = (0..2).flat_map(|y| (0..3).map(move |x| (y, x)));
    let channel = |(y, x)| (0..channels).map(move |c| (y, x, c));
    places
        .flat_map(channel)
        .map(|(y, x, c)| window(y, x, c))
        .collect()
}

#[test]
fn a_pool_before_a_batch_norm_gives_the_code_of_the_largest_value() {
    let mut varied = 0;
    for design in pooling() {
        let g = &mut Generator::new(3);
        let ops: Vec<(&str, Op, &[usize])> = vec![
            ("conv", conv(g, &[5, 2, 3, 3]), &[]),
            ("pool", POOL, &[]),
            ("bn", bn(g, 5), &[]),
            ("relu", Op::Relu, &[]),
        ];
        let network = chain(g, ops);
        let image = compiled(&network, &design);
        assert_eq!(names(&image), ["conv", "pool", "fc"]);
        assert_eq!(
            (image.layers[1].mode.task, image.layers[1].macs),
            (Task::MaxPool, 0)
        );
        let run = run(&image, 8);
        let norm = norm_of(&network, "bn");
        let read = |name| normalised(&design, norm, &codes(&image, &run, name));
        let (whole, pooled) = (read("conv"), read("pool"));
        let what = format!("{} {}", design.format, design.affine);
        assert_eq!(pooled, largest(&whole, 5), "{what}");
        varied += usize::from(pooled[..5] != pooled[5..10]);
    }
    assert!(varied > 3, "{varied} forms tell two windows apart");
}

#[test]
fn a_pool_behind_a_relu_gives_the_code_of_the_largest_activation() {
    for design in pooling() {
        let g = &mut Generator::new(4);
        let ops: Vec<(&str, Op, &[usize])> = vec![
            ("conv", conv(g, &[5, 2, 3, 3]), &[]),
            ("bn", bn(g, 5), &[]),
            ("relu", Op::Relu, &[]),
            ("pool", POOL, &[]),
            ("more", conv(g, &[5, 5, 3, 3]), &[]),
            ("bn2", bn(g, 5), &[]),
            ("relu2", Op::Relu, &[]),
        ];
        let network = chain(g, ops);
        let image = compiled(&network, &design);
        assert_eq!(names(&image), ["conv", "pool", "more", "fc"]);
        let run = run(&image, 9);
        let norm = norm_of(&network, "bn");
        assert!(norm.scale.iter().any(|&a| a < 0.0) && norm.scale.iter().any(|&a| a > 0.0));
        let scaled = |name| {
            let values = normalised(&design, norm, &codes(&image, &run, name));
            let scaled = values.iter().enumerate();
            scaled
                .map(|(place, n)| norm.scale[place % 5] * n)
                .collect::<Vec<f64>>()
        };
        let what = format!("{} {}", design.format, design.affine);
        assert_eq!(scaled("pool"), largest(&scaled("conv"), 5), "{what}");
    }
}

/// DenseNet's own stem: batch-norm and ReLU, and no learnt layer before the next batch-norm, pooled or not.
#[test]
fn a_relu_is_normalised_again_by_way_of_an_identity() {
    for pools in [false, true] {
        for design in pooling() {
            let g = &mut Generator::new(6);
            let mut ops: Vec<(&str, Op, &[usize])> = vec![
                ("conv", conv(g, &[5, 2, 3, 3]), &[]),
                ("bn1", bn(g, 5), &[]),
                ("relu1", Op::Relu, &[]),
            ];
            if pools {
                ops.push(("pool", POOL, &[]));
            }
            ops.push(("bn2", bn(g, 5), &[]));
            ops.push(("relu2", Op::Relu, &[]));
            let network = chain(g, ops);
            let image = compiled(&network, &design);
            let (before, identity) = match pools {
                true => ("pool", "pool.stream"),
                false => ("conv", "relu1.stream"),
            };
            assert_eq!(names(&image)[image.layers.len() - 2], identity);
            let run = run(&image, 11);
            let (first, second) = (norm_of(&network, "bn1"), norm_of(&network, "bn2"));
            let read = normalised(&design, first, &codes(&image, &run, before));
            let found = codes(&image, &run, identity);
            let mut off = 0;
            for (place, (n, code)) in read.iter().zip(found).enumerate() {
                let c = place % 5;
                let b = match form::ChannelForm::new(
                    &design,
                    design.format,
                    first.scale[c],
                    first.shift[c],
                )
                .unwrap()
                .reading
                .rest
                {
                    form::Rest::Clamp(t) if design.affine == Affine::Snapped => {
                        -first.scale[c] * value(design.format, t)
                    }
                    _ => first.shift[c],
                };
                let x = (first.scale[c] * n + b).max(0.0);
                let form = form::ChannelForm::new(
                    &design,
                    design.format,
                    second.scale[c],
                    second.shift[c],
                )
                .unwrap();
                let arrival = quantizer::Arrival {
                    unit: f64::from(1 << 20),
                    constant: 0,
                    coded: quantizer::Coded::Accumulator,
                };
                let statistics = (second.mean[c], second.sigma(c));
                let quantizer =
                    quantizer::quantizer(&design, Storage::Codes, form.coding, statistics, arrival);
                let ideal = cromulent_number::encode(
                    design.format,
                    (x * f64::from(1 << 20)).round() as i64,
                    &quantizer.unwrap(),
                );
                let places = [ideal, code].map(|code| cromulent_number::order(design.format, code));
                off += places[0].abs_diff(places[1]);
            }
            let what = format!("{} {} {identity}", design.format, design.affine);
            assert!(
                off as usize <= read.len() / 15 + 2,
                "{what}: {off} of {}",
                read.len()
            );
        }
    }
}

#[test]
fn pools_of_sums_concatenations_clamped_values_and_pools_compile() {
    let design = Design {
        max_pool: true,
        image_digits: true,
        ..Design::new(4, 3, Format::L4, Affine::Exact)
    };
    let small = Op::MaxPool {
        kernel: 2,
        stride: 1,
        padding: 0,
    };
    let g = &mut Generator::new(7);
    let ops: Vec<(&str, Op, &[usize])> = vec![
        ("left", conv(g, &[3, 2, 3, 3]), &[0]),
        ("right", conv(g, &[3, 2, 3, 3]), &[0]),
        ("sum", Op::Add, &[1, 2]),
        ("side", conv(g, &[2, 2, 3, 3]), &[0]),
        ("join", Op::Concat, &[3, 4]),
        ("pool", POOL, &[5]),
        ("again", small.clone(), &[6]),
        ("clamped", Op::Relu, &[7]),
        ("bn", bn(g, 5), &[8]),
        ("relu", Op::Relu, &[9]),
    ];
    // A ReLU behind the pool of a concatenation belongs to no single value.
    let message = refusal(&chain(g, ops.clone()), &design);
    assert!(
        message.contains("node `clamped`: a relu that reads `again` cannot run yet"),
        "{message}"
    );
    let mut ops = ops;
    ops.remove(7);
    ops[7].2 = &[7];
    ops[8].2 = &[8];
    let image = compiled(&chain(g, ops), &design);
    let expected = [
        "left",
        "right",
        "side",
        "pool.sum",
        "pool.side",
        "again.sum",
        "again.side",
        "fc",
    ];
    assert_eq!(names(&image), expected);
    run(&image, 12);

    let ops: Vec<(&str, Op, &[usize])> = vec![
        ("conv", conv(g, &[5, 2, 3, 3]), &[]),
        ("pool", POOL, &[]),
        ("clamped", Op::Relu, &[]),
        ("bn", bn(g, 5), &[]),
        ("relu", Op::Relu, &[]),
    ];
    let image = compiled(&chain(g, ops), &design);
    assert!(image.layers[0].registers.clamp);
    assert_eq!(names(&image), ["conv", "pool", "fc"]);
    run(&image, 13);
}

#[test]
fn a_layer_pools_its_codes_as_they_leave_if_nobody_else_wants_them() {
    let design = Design {
        max_pool: true,
        image_digits: true,
        ..Design::new(4, 3, Format::L4, Affine::Exact)
    };
    let pooled = |ops: Vec<(&str, Op, &[usize])>, design: &Design| -> Vec<String> {
        let network = chain(&mut Generator::new(1), ops);
        let layers = outline(&network, design).unwrap().layers.into_iter();
        let pooled = layers.filter(|layer| layer.mode.pooling.is_some());
        pooled.map(|layer| layer.name).collect()
    };
    let g = &mut Generator::new(14);
    let pool = |kernel, stride, padding| Op::MaxPool {
        kernel,
        stride,
        padding,
    };
    let (stem, norm) = (conv(g, &[5, 2, 3, 3]), bn(g, 5));
    let simple = |pool: Op| -> Vec<(&str, Op, &[usize])> {
        vec![
            ("conv", stem.clone(), &[]),
            ("pool", pool, &[]),
            ("bn", norm.clone(), &[]),
            ("relu", Op::Relu, &[]),
        ]
    };
    for (window, done) in [
        ((2, 2, 0), true),
        ((3, 2, 1), true),
        ((2, 1, 0), true),
        ((3, 3, 1), true),
        // Positions in three windows, or windows that share all they have of the map.
        ((3, 1, 1), false),
        ((2, 1, 1), false),
    ] {
        let (kernel, stride, padding) = window;
        let found = pooled(simple(pool(kernel, stride, padding)), &design);
        assert_eq!(found, ["conv"][usize::from(!done)..], "{window:?}");
    }
    let no_pool = Design {
        max_pool: false,
        ..design.clone()
    };
    assert_eq!(pooled(simple(POOL), &no_pool), [""; 0]);
    // Two pools read the same map; one pool behind another.
    let twice: Vec<(&str, Op, &[usize])> = vec![
        ("conv", stem.clone(), &[0]),
        ("one", pool(3, 2, 1), &[1]),
        ("two", pool(1, 2, 0), &[1]),
        ("join", Op::Concat, &[2, 3]),
        ("bn", bn(g, 10), &[4]),
        ("relu", Op::Relu, &[5]),
        ("more", conv(g, &[5, 10, 1, 1]), &[6]),
        ("bn2", norm.clone(), &[7]),
        ("relu2", Op::Relu, &[8]),
    ];
    let behind: Vec<(&str, Op, &[usize])> = vec![
        ("conv", stem.clone(), &[]),
        ("pool", pool(2, 2, 0), &[]),
        ("again", pool(2, 1, 0), &[]),
        ("bn", norm.clone(), &[]),
        ("relu", Op::Relu, &[]),
    ];
    assert_eq!(pooled(twice, &design), [""; 0]);
    assert_eq!(pooled(behind, &design), ["conv"]);
}

#[test]
fn pools_that_cannot_run_are_named() {
    let design = Design {
        image_digits: true,
        ..Design::new(4, 3, Format::L4, Affine::Exact)
    };
    let g = &mut Generator::new(8);
    let refused = |ops: Vec<(&str, Op, &[usize])>, design: &Design, part: &str| {
        let message = refusal(&chain(&mut Generator::new(1), ops), design);
        assert!(message.contains(part), "{part}\nnot in\n{message}");
    };
    let (stem, after) = (conv(g, &[5, 2, 3, 3]), bn(g, 5));
    let simple: Vec<(&str, Op, &[usize])> = vec![
        ("conv", stem.clone(), &[]),
        ("pool", POOL, &[]),
        ("bn", after.clone(), &[]),
        ("relu", Op::Relu, &[]),
    ];
    let missing =
        "layer pool: it is a max-pool, and max_pool = false; write max_pool = true in the design";
    refused(simple, &design, missing);
    let design = Design {
        max_pool: true,
        ..design
    };
    let of_image: Vec<(&str, Op, &[usize])> = vec![
        ("pool", POOL, &[]),
        ("conv", stem.clone(), &[]),
        ("bn", after.clone(), &[]),
        ("relu", Op::Relu, &[]),
    ];
    let part = "node `pool`: a max-pool of the image cannot run: rows pool codes, not pixels";
    refused(of_image, &design, part);
    let scaleless: Vec<(&str, Op, &[usize])> = vec![
        ("left", stem.clone(), &[0]),
        ("pool", POOL, &[1]),
        ("right", stem, &[0]),
        ("other", POOL, &[3]),
        ("sum", Op::Add, &[2, 4]),
        ("bn", after, &[5]),
        ("relu", Op::Relu, &[6]),
    ];
    let part = "node `pool`: it enters a sum, and no batch-norm reads it or `left`";
    refused(scaleless, &design, part);
}
