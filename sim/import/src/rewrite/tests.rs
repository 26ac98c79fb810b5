//! Rewrites that no exported network of the tests asks for: the same function before and after.

use cromulent_network::{
    BatchNorm, Convolution, Evaluator, Generator, Image, Input, Linear, Network, Op, Tensor, check,
};

use super::{Shortcuts, rewrite};
use crate::calibrate;
use crate::graph::Graph;

const CHANNELS: usize = 3;
const SIDE: usize = 6;

fn values(generator: &mut Generator, count: usize) -> Vec<f32> {
    let value = |_| generator.range(-100, 100) as f32 / 100.0;
    (0..count).map(value).collect()
}

fn convolution(generator: &mut Generator, inputs: usize, kernel: usize) -> Op {
    let shape = vec![CHANNELS, inputs, kernel, kernel];
    Op::Convolution(Convolution {
        weight: Tensor {
            values: values(generator, shape.iter().product()),
            shape,
        },
        bias: vec![],
        stride: 1,
        padding: kernel / 2,
    })
}

fn statistics(generator: &mut Generator) -> Vec<f64> {
    values(generator, CHANNELS)
        .into_iter()
        .map(f64::from)
        .collect()
}

/// Some scales are negative.
fn norm(generator: &mut Generator) -> Op {
    Op::BatchNorm(BatchNorm {
        scale: statistics(generator),
        shift: statistics(generator),
        mean: statistics(generator),
        variance: vec![0.7; CHANNELS],
        epsilon: 1e-5,
        format: None,
    })
}

/// A chain behind the image, each operation reading the one before it; the last one's number.
fn chain(graph: &mut Graph, ops: Vec<(&str, Op)>) -> usize {
    for (name, op) in ops {
        graph.output = graph.push(name, op, vec![graph.output]);
    }
    graph.output
}

fn start() -> Graph {
    let input = Input {
        channels: 1,
        height: SIDE,
        width: SIDE,
        mean: vec![0.4],
        std: vec![0.3],
        examples: None,
    };
    Graph::new("small", input)
}

/// The end of a network: batch-norm, ReLU, mean, classes.
fn end(graph: &mut Graph, generator: &mut Generator) {
    let classes = Linear {
        weight: Tensor {
            shape: vec![4, CHANNELS],
            values: values(generator, 4 * CHANNELS),
        },
        bias: vec![0.1, 0.0, -0.2, 0.3],
    };
    let (norm, classes) = (norm(generator), Op::Linear(classes));
    let ops = vec![
        ("bn", norm),
        ("relu", Op::Relu),
        ("mean", Op::GlobalAveragePool),
        ("fc", classes),
    ];
    chain(graph, ops);
}

fn outputs(network: &Network) -> Vec<Vec<f32>> {
    let image = |seed| {
        let mut generator = Generator::new(seed);
        let pixel = |_| generator.range(0, 255) as u8;
        let pixels = (0..SIDE * SIDE).map(pixel).collect();
        let image = Image {
            channels: 1,
            height: SIDE,
            width: SIDE,
            pixels,
        };
        Evaluator::new(network).output(&image).unwrap()
    };
    (0..8).map(image).collect()
}

/// Rewrites a network by this rule alone, into one that is cromulent and computes the same.
fn assert_same(mut graph: Graph, rule: &str) {
    let before = graph.network().unwrap();
    let done = rewrite(&mut graph, Shortcuts::Streams).unwrap();
    let rules: Vec<&str> = done.changes.iter().map(|change| change.rule).collect();
    assert_eq!(rules, [rule]);
    calibrate(&mut graph, &done.inserted, &[]).unwrap();
    let after = graph.network().unwrap();
    let report = check(&after);
    assert!(report.cromulent, "{:?}", report.problems);
    for (found, wanted) in outputs(&after).iter().zip(outputs(&before)) {
        let largest = wanted.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        for (a, b) in found.iter().zip(&wanted) {
            assert!((a - b).abs() <= 1e-5 * largest, "{found:?} {wanted:?}");
        }
    }
}

#[test]
fn a_relu_that_a_sum_reads_passes_through_an_identity_layer() {
    let generator = &mut Generator::new(1);
    let mut graph = start();
    // The batch-norm cannot become part of this layer, which a sum reads as it is.
    let conv = chain(&mut graph, vec![("conv", convolution(generator, 1, 3))]);
    let relu = chain(
        &mut graph,
        vec![("bn0", norm(generator)), ("relu0", Op::Relu)],
    );
    let inner = chain(
        &mut graph,
        vec![("inner", convolution(generator, CHANNELS, 3))],
    );
    let sum = graph.push("sum", Op::Add, vec![inner, relu]);
    graph.output = graph.push("sum2", Op::Add, vec![sum, conv]);
    end(&mut graph, generator);
    assert_same(graph, "identity-layer");
}

#[test]
fn an_average_pool_moves_behind_a_single_tap() {
    let generator = &mut Generator::new(2);
    let mut graph = start();
    let ops = vec![
        ("conv", convolution(generator, 1, 3)),
        ("bn0", norm(generator)),
        ("relu0", Op::Relu),
        (
            "pool",
            Op::AveragePool {
                kernel: 2,
                stride: 2,
            },
        ),
        ("single", convolution(generator, CHANNELS, 1)),
    ];
    chain(&mut graph, ops);
    end(&mut graph, generator);
    assert_same(graph, "average-pool");
}
