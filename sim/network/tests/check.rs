//! The cromulent check on networks that have the form and on those that break it.

use cromulent_network::{
    BatchNorm, Convolution, Input, Linear, Network, Op, Report, Tensor, check,
};

fn conv(channels: usize, kernel: usize) -> Op {
    let shape = vec![channels, channels, kernel, kernel];
    let values = vec![0.5; shape.iter().product()];
    Op::Convolution(Convolution {
        weight: Tensor { shape, values },
        bias: vec![],
        stride: 1,
        padding: kernel / 2,
    })
}

fn norm(channels: usize) -> Op {
    let ones = vec![1.0; channels];
    Op::BatchNorm(BatchNorm {
        scale: ones.clone(),
        shift: ones.clone(),
        mean: ones.clone(),
        variance: ones,
        epsilon: 0.0,
        format: None,
    })
}

fn linear(inputs: usize) -> Op {
    let weight = Tensor {
        shape: vec![3, inputs],
        values: vec![0.5; 3 * inputs],
    };
    Op::Linear(Linear {
        weight,
        bias: vec![0.0; 3],
    })
}

const RELU: Op = Op::Relu;
const GLOBAL: Op = Op::GlobalAveragePool;
const AVERAGE: Op = Op::AveragePool {
    kernel: 2,
    stride: 2,
};
const MAX: Op = Op::MaxPool {
    kernel: 2,
    stride: 2,
    padding: 0,
};

/// A network on a 2 × 8 × 8 image, from names, operations and the names they read.
fn network(steps: Vec<(&str, Op, &[&str])>) -> Network {
    let input = Input {
        channels: 2,
        height: 8,
        width: 8,
        mean: vec![0.5; 2],
        std: vec![0.5; 2],
        examples: None,
    };
    let names: Vec<&str> = ["image"]
        .into_iter()
        .chain(steps.iter().map(|step| step.0))
        .collect();
    let index = |name: &&str| {
        names
            .iter()
            .position(|n| n == name)
            .expect("a node of that name")
    };
    let steps = steps
        .into_iter()
        .map(|(name, op, inputs)| (name.to_owned(), op, inputs.iter().map(index).collect()))
        .collect();
    Network::new("test", input, steps).expect("the shapes fit")
}

/// A network in which every node reads the one before.
fn chain(ops: Vec<(&'static str, Op)>) -> Network {
    let names: Vec<&'static str> = ["image"]
        .into_iter()
        .chain(ops.iter().map(|(name, _)| *name))
        .collect();
    let inputs: Vec<Vec<&str>> = names.iter().map(|name| vec![*name]).collect();
    let steps = ops.into_iter().zip(&inputs);
    network(
        steps
            .map(|((name, op), inputs)| (name, op, inputs.as_slice()))
            .collect(),
    )
}

fn messages(report: &Report) -> Vec<String> {
    assert_eq!(report.cromulent, report.problems.is_empty());
    report.problems.iter().map(ToString::to_string).collect()
}

fn assert_cromulent(network: &Network) {
    assert_eq!(messages(&check(network)), Vec::<String>::new());
}

#[test]
fn a_vgg_with_its_pools_before_the_norms_is_cromulent() {
    assert_cromulent(&chain(vec![
        ("c1", conv(2, 3)),
        ("n1", norm(2)),
        ("r1", RELU),
        ("c2", conv(2, 3)),
        ("p2", MAX),
        ("n2", norm(2)),
        ("r2", RELU),
        ("fc", linear(32)),
    ]));
}

#[test]
fn a_densenet_is_cromulent_but_has_many_norms_per_feature() {
    let network = network(vec![
        ("c1", conv(2, 3), &["image"]),
        ("n1", norm(2), &["c1"]),
        ("r1", RELU, &["n1"]),
        ("c2", conv(2, 3), &["r1"]),
        ("cat", Op::Concat, &["c1", "c2"]),
        ("n2", norm(4), &["cat"]),
        ("r2", RELU, &["n2"]),
        ("c3", conv(4, 1), &["r2"]),
        ("avg", AVERAGE, &["c3"]),
        ("n3", norm(4), &["avg"]),
        ("r3", RELU, &["n3"]),
        ("pool", GLOBAL, &["r3"]),
        ("fc", linear(4), &["pool"]),
    ]);
    assert_cromulent(&network);
}

#[test]
fn a_post_activation_block_is_not_and_the_report_says_how_to_mend_it() {
    let report = check(&network(vec![
        ("c1", conv(2, 3), &["image"]),
        ("n1", norm(2), &["c1"]),
        ("r1", RELU, &["n1"]),
        ("c2", conv(2, 3), &["r1"]),
        ("n2", norm(2), &["c2"]),
        ("add", Op::Add, &["n2", "r1"]),
        ("r2", RELU, &["add"]),
        ("pool", GLOBAL, &["r2"]),
        ("fc", linear(2), &["pool"]),
    ]));
    assert_eq!(
        messages(&report),
        [
            "node `n2`: no ReLU follows the batch-norm: add `add` reads it; fold `n2` into `c2` \
             (scale its weights by a/σ per output, keep b − a·mean/σ as a bias), or move it \
             before `c2` with its ReLU (pre-activated form)",
            "node `r1`: no learnt layer follows the ReLU: add `add` reads it; put a learnt layer \
             between them; a 1×1 identity convolution changes nothing (the trivial learnt layer)",
            "node `r2`: the ReLU reads `add` with no batch-norm between; insert a batch-norm \
             before `r2` with the calibrated mean μ and deviation σ of `add` as its statistics \
             and σ, μ as its scale and shift: the result is the same",
        ]
    );
    assert_eq!(report.modules.len(), 3);
    let last = &report.modules[2];
    assert_eq!(
        (last.learnt, last.relu, last.batch_norm, last.source),
        (9, Some(7), None, 6)
    );
}

#[test]
fn a_convolution_fed_by_a_relu_with_no_norm() {
    let report = check(&chain(vec![
        ("c1", conv(2, 3)),
        ("r", RELU),
        ("c2", conv(2, 3)),
    ]));
    assert_eq!(messages(&report).len(), 1);
    assert!(messages(&report)[0].starts_with(
        "node `r`: the ReLU reads `c1` with no batch-norm between; insert a batch-norm before `r`"
    ));
}

#[test]
fn learnt_layers_in_a_row() {
    let report = check(&chain(vec![("c1", conv(2, 3)), ("c2", conv(2, 3))]));
    assert_eq!(
        messages(&report),
        [
            "node `c2`: the learnt layer reads `c1` with no batch-norm and no ReLU between; \
          merge `c1` and `c2`, or put batch-norm and ReLU between them"
        ]
    );
    let report = check(&chain(vec![
        ("c1", conv(2, 3)),
        ("p", MAX),
        ("c2", conv(2, 3)),
    ]));
    assert_eq!(
        messages(&report),
        [
            "node `c2`: the learnt layer reads `p` with no batch-norm and no ReLU between; \
          put batch-norm and ReLU before it (pre-activated form)"
        ]
    );
}

#[test]
fn norms_without_relu() {
    let report = check(&chain(vec![
        ("c1", conv(2, 3)),
        ("n", norm(2)),
        ("c2", conv(2, 3)),
    ]));
    assert_eq!(
        messages(&report),
        [
            "node `n`: no ReLU follows the batch-norm: convolution `c2` reads it; \
          put a ReLU between `n` and `c2`"
        ]
    );
    let report = check(&chain(vec![
        ("c1", conv(2, 3)),
        ("n1", norm(2)),
        ("n2", norm(2)),
        ("r", RELU),
        ("c2", conv(2, 3)),
    ]));
    assert_eq!(
        messages(&report),
        [
            "node `n1`: no ReLU follows the batch-norm: batch-norm `n2` reads it; \
          merge it into `n2`: two affines in a row are one"
        ]
    );
}

#[test]
fn the_imagenet_stem_has_its_pool_on_the_wrong_side() {
    let report = check(&chain(vec![
        ("c1", conv(2, 3)),
        ("n", norm(2)),
        ("r", RELU),
        ("p", MAX),
        ("c2", conv(2, 3)),
    ]));
    assert_eq!(
        messages(&report),
        [
            "node `r`: no learnt layer follows the ReLU: max-pool `p` reads it; move `p` before \
             the batch-norm of `r`: the same where its scale is not negative (elsewhere the \
             largest becomes the smallest)",
        ]
    );
}

#[test]
fn average_pools_commute_with_single_positions_only() {
    let stem = || {
        vec![
            ("c1", conv(2, 3)),
            ("n", norm(2)),
            ("r", RELU),
            ("p", AVERAGE),
        ]
    };
    let mut right = stem();
    right.push(("c2", conv(2, 1)));
    assert_cromulent(&chain(right));
    let mut wrong = stem();
    wrong.push(("c2", conv(2, 3)));
    assert_eq!(
        messages(&check(&chain(wrong))),
        [
            "node `c2`: `p` averages between the ReLU and `c2`, which has a 3×3 kernel; \
          move `p` behind `c2`"
        ]
    );
}

#[test]
fn wrong_ends() {
    let report = check(&chain(vec![
        ("c1", conv(2, 3)),
        ("n", norm(2)),
        ("r", RELU),
        ("p", GLOBAL),
    ]));
    assert_eq!(
        messages(&report),
        [
            "node `r`: the network ends with no learnt layer after the ReLU; \
          end with a learnt layer; a 1×1 identity convolution changes nothing"
        ]
    );
    let report = check(&chain(vec![("c1", conv(2, 3)), ("n", norm(2))]));
    assert!(messages(&report)[0].starts_with(
        "node `n`: the network ends with a batch-norm; fold `n` into `c1` (scale its weights"
    ));
}

#[test]
fn relus_before_other_things() {
    let stem = || vec![("c1", conv(2, 3)), ("n1", norm(2)), ("r1", RELU)];
    let mut twice = stem();
    twice.extend([("r2", RELU), ("c2", conv(2, 3))]);
    assert_eq!(
        messages(&check(&chain(twice))),
        [
            "node `r1`: no learnt layer follows the ReLU: relu `r2` reads it; \
          remove `r2`: it changes nothing"
        ]
    );
    let mut normed = stem();
    normed.extend([("n2", norm(2)), ("r2", RELU), ("c2", conv(2, 3))]);
    assert_eq!(
        messages(&check(&chain(normed))),
        [
            "node `r1`: no learnt layer follows the ReLU: batch-norm `n2` reads it; put a learnt \
          layer between them; a 1×1 identity convolution changes nothing (the trivial learnt \
          layer)"
        ]
    );
}

#[test]
fn a_network_built_by_hand_is_checked_too() {
    let input = Input {
        channels: 2,
        height: 8,
        width: 8,
        mean: vec![0.5; 2],
        std: vec![0.5; 2],
        examples: None,
    };
    let build = |steps| Network::new("test", input.clone(), steps).map_err(|p| p.to_string());
    assert_eq!(
        build(vec![("c".into(), conv(3, 3), vec![0])]),
        Err(
            "node `c`: is made for 3 channels and reads a map of 2 × 8 × 8; \
             it must be made for 2 channels"
                .into()
        )
    );
    assert_eq!(
        build(vec![("r".into(), RELU, vec![1])]),
        Err("node `r`: reads a node not before it; list a node after all that it reads".into())
    );
    let weight = Tensor {
        shape: vec![2, 2, 3, 3],
        values: vec![0.0; 5],
    };
    let short = Op::Convolution(Convolution {
        weight,
        bias: vec![],
        stride: 1,
        padding: 1,
    });
    assert_eq!(
        build(vec![("c".into(), short, vec![0])]),
        Err(
            "node `c`: has a weight of shape [2, 2, 3, 3] with 5 values; \
             give 4 indices and as many values as their product"
                .into()
        )
    );
}

#[test]
fn a_relu_on_the_residual_stream_belongs_to_the_star() {
    let stem = || -> Vec<(&str, Op, &[&str])> {
        vec![
            ("c1", conv(2, 3), &["image"]),
            ("r1", RELU, &["c1"]),
            ("c2", conv(2, 3), &["image"]),
            ("add", Op::Add, &["c2", "r1"]),
            ("r2", RELU, &["add"]),
            ("n", norm(2), &["r2"]),
            ("r3", RELU, &["n"]),
            ("c3", conv(2, 3), &["r3"]),
        ]
    };
    assert_cromulent(&network(stem()));
    let mut mixed = stem();
    mixed.extend([
        ("c4", conv(2, 3), &["r2"] as &[&str]),
        ("sum", Op::Add, &["c3", "c4"]),
    ]);
    assert_eq!(
        messages(&check(&network(mixed))),
        [
            "node `c4`: the learnt layer reads `r2` with no batch-norm and no ReLU between; \
             put batch-norm and ReLU before it (pre-activated form)"
        ]
    );
}
