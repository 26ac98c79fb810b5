//! Max-pooled values that enter a sum as they are.

use super::*;
use crate::compile::layers::stream_exponents;
use crate::compile::plan::plan;

/// A stem whose pooled value enters a sum, and is normalised.
fn residual(generator: &mut Generator) -> Network {
    let g = generator;
    let ops: Vec<(&str, Op, &[usize])> = vec![
        ("conv", conv(g, &[5, 2, 3, 3]), &[]),
        ("pool", POOL, &[]),
        ("bn1", bn(g, 5), &[]),
        ("relu1", Op::Relu, &[]),
        ("inner", conv(g, &[5, 5, 3, 3]), &[]),
        ("sum", Op::Add, &[5, 2]),
        ("bn2", bn(g, 5), &[]),
        ("relu2", Op::Relu, &[]),
    ];
    chain(g, ops)
}

/// Choices with which a max-pool is a pass of its own, over codes: a sum then reads what these stand for.
fn in_rows() -> Choices {
    Choices {
        pool_in_rows: true,
        ..Choices::default()
    }
}

/// A max-pool on the way out pools words as well as codes: what enters the sum is the largest word of each window, in
/// every format, to what the weights of the layer before it were rounded by.
#[test]
fn a_sum_reads_the_pooled_words() {
    let networks = [residual, |g: &mut Generator| rectified(g, -0.1)];
    for (rectifies, network) in [false, true].into_iter().zip(networks) {
        let mut below_0 = false;
        for (design, seed) in pooling().zip(5..) {
            let network = network(&mut Generator::new(seed));
            let image = compile(&network, &design).unwrap().image;
            assert_eq!(names(&image), ["conv", "inner", "fc"]);
            let step = *image.layers[0].output.residual().unwrap();
            assert!(step.pooled && step.clamp == rectifies);
            assert_eq!(image.streams.len(), 2);
            run(&image, 10);

            let mut generator = Generator::new(10);
            let picture = cromulent_network::Image {
                pixels: (0..40).map(|_| generator.range(0, 255) as u8).collect(),
                channels: 2,
                height: 4,
                width: 5,
            };
            let values = cromulent_network::evaluate(&network, &picture).unwrap();
            let pool = network.nodes.iter().position(|node| node.name == "pool");
            let expected = &values[pool.unwrap()];
            let mut found = vec![];
            let unit = {
                let plan = plan(&network, &design, &Choices::default()).unwrap();
                f64::from(-stream_exponents(&network, &design, &plan)[step.result]).exp2()
            };
            let runner = FastRunner::new(&image);
            let observed = runner.observe(
                &picture.pixels,
                &mut Workspace::new(),
                1,
                |place, values| {
                    if place == 0 {
                        found = values
                            .stream
                            .iter()
                            .map(|&word| f64::from(word) * unit)
                            .collect();
                    }
                },
            );
            observed.unwrap();
            let most = expected
                .iter()
                .fold(0.0f32, |most, value| most.max(value.abs()));
            for (&found, &expected) in found.iter().zip(expected) {
                let off = (found - f64::from(expected)).abs();
                assert!(off <= 0.02 * f64::from(most), "{found} {expected} {most}");
            }
            assert_eq!(found.len(), expected.len());
            below_0 |= found.iter().any(|&value| value < 0.0);
        }
        assert_eq!(below_0, !rectifies);
    }
}

#[test]
fn a_sum_reads_the_value_of_the_pooled_code() {
    for design in pooling() {
        let g = &mut Generator::new(5);
        let network = residual(g);
        if design.affine == Affine::Rectified {
            let refused = compile_with(&network, &design, &in_rows()).unwrap_err();
            let message = refused.to_string();
            let part = "layer pool.stream: a sum reads its pooled values as they are, and rectified codes hold nothing below their ReLU";
            assert!(message.starts_with(part), "{message}");
            continue;
        }
        let image = compile_with(&network, &design, &in_rows()).unwrap().image;
        assert_eq!(
            names(&image),
            ["conv", "pool", "pool.stream", "inner", "fc"]
        );
        let identity = &image.layers[2];
        assert_eq!((identity.mode.task, identity.macs), (Task::Identity, 0));
        compare(&network, &design, &image);
    }
}

/// What enters the sum is what the pooled codes stand for, to half a step of a constant of seven bits.
fn compare(network: &Network, design: &Design, image: &Image) -> Vec<f64> {
    let place = image.layer("pool.stream").expect("a layer of identities");
    let run = run(image, 10);
    let norm = norm_of(network, "bn1");
    let pooled = normalised(design, norm, &codes(image, &run, "pool"));
    let plan = plan(network, design, &Choices::default()).unwrap();
    let value = plan
        .streams
        .iter()
        .position(|&node| network.nodes[node].name == "pool");
    let exponent = stream_exponents(network, design, &plan)[value.expect("a value of the stream")];
    // No batch-norm reads this stream value: its words leave as they are.
    let words = in_map_order(design, &image.layers[place], &run.layers[place].words);
    let found: Vec<f64> = words
        .iter()
        .map(|&word| word as f64 / f64::from(exponent).exp2())
        .collect();
    for (place, (&found, n)) in found.iter().zip(pooled).enumerate() {
        let c = place % 5;
        let expected = norm.mean[c] + norm.sigma(c) * n;
        let what = format!("{} {}: {found} {expected}", design.format, design.affine);
        assert!(
            (found - expected).abs() <= 0.008 * (1.0 + expected.abs()),
            "{what}"
        );
    }
    found
}

/// The stem of a network whose normalisations were put before the ReLUs it had: a ReLU, a pool, and a sum that reads it.
fn rectified(generator: &mut Generator, shift: f64) -> Network {
    let g = generator;
    let Op::BatchNorm(mut identity) = bn(g, 5) else {
        panic!("a batch-norm");
    };
    for c in 0..5 {
        identity.mean[c] = identity.mean[c].abs() + 0.1;
        identity.scale[c] = identity.sigma(c);
        identity.shift[c] = identity.mean[c] + shift * identity.sigma(c);
    }
    let ops: Vec<(&str, Op, &[usize])> = vec![
        ("conv", conv(g, &[5, 2, 3, 3]), &[]),
        ("clamp", Op::Relu, &[]),
        ("pool", POOL, &[]),
        ("bn1", Op::BatchNorm(identity), &[]),
        ("relu1", Op::Relu, &[]),
        ("inner", conv(g, &[5, 5, 3, 3]), &[]),
        ("sum", Op::Add, &[6, 3]),
        ("bn2", bn(g, 5), &[]),
        ("relu2", Op::Relu, &[]),
    ];
    chain(g, ops)
}

#[test]
fn a_rectified_value_is_pooled_and_added_in_every_format() {
    for design in pooling() {
        let network = rectified(&mut Generator::new(5), 0.0);
        let image = compile_with(&network, &design, &in_rows()).unwrap().image;
        assert!(names(&image).contains(&"pool.stream"));
        let found = compare(&network, &design, &image);
        let positive = found.iter().filter(|&&value| value > 0.0).count();
        assert!(positive > found.len() / 4, "{positive} of {}", found.len());
    }
}

#[test]
fn rectified_codes_that_begin_above_0_do_not_hold_the_rest() {
    for design in pooling().filter(|design| design.affine == Affine::Rectified) {
        let compiled = |shift| {
            let network = rectified(&mut Generator::new(5), shift);
            compile_with(&network, &design, &in_rows())
        };
        let message = compiled(-0.1).unwrap_err().to_string();
        assert!(message.starts_with("layer pool.stream: "), "{message}");
        assert!(compiled(0.1).is_ok());
    }
}
