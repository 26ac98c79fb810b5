//! Concatenations, transitions, and sums read by several batch-norms.

use cromulent_network::evaluate;

use super::*;
use crate::compile::norms::affines;
use crate::compile::plan::plan;
use crate::layer::LayerInput;

fn convolution(generator: &mut Generator, shape: &[usize], padding: usize) -> Op {
    Op::Convolution(Convolution {
        weight: tensor(generator, shape),
        bias: vec![],
        stride: 1,
        padding,
    })
}

/// Two dense blocks with a transition between them: growth 3, features 5.
pub(super) fn dense(generator: &mut Generator) -> Network {
    let mut steps: Vec<Step> = vec![];
    let mut channels = 5;
    let stem = convolution(generator, &[channels, 2, 3, 3], 1);
    steps.push(("stem".into(), stem, vec![0]));
    let mut maps = vec![1];
    let mut module = |steps: &mut Vec<Step>, input: usize, channels: usize, layer: Op| {
        let at = steps.len() + 1;
        let sigma = 1.5;
        steps.push((
            format!("bn{at}"),
            Op::BatchNorm(norm(generator, channels, sigma)),
            vec![input],
        ));
        steps.push((format!("relu{at}"), Op::Relu, vec![at]));
        steps.push((format!("layer{at}"), layer, vec![at + 1]));
        at + 2
    };
    let mut weights = Generator::new(77);
    let join = |steps: &mut Vec<Step>, maps: &[usize]| match maps {
        [one] => *one,
        _ => {
            let at = steps.len() + 1;
            steps.push((format!("join{at}"), Op::Concat, maps.to_vec()));
            at
        }
    };
    for block in 0..2 {
        for _ in 0..3 {
            let input = join(&mut steps, &maps);
            let layer = convolution(&mut weights, &[3, channels, 3, 3], 1);
            maps.push(module(&mut steps, input, channels, layer));
            channels += 3;
        }
        if block == 0 {
            let input = join(&mut steps, &maps);
            let layer = convolution(&mut weights, &[6, channels, 1, 1], 0);
            let last = module(&mut steps, input, channels, layer);
            let pool = Op::AveragePool {
                kernel: 2,
                stride: 2,
            };
            steps.push(("transition".into(), pool, vec![last]));
            maps = vec![last + 1];
            channels = 6;
        }
    }
    let input = join(&mut steps, &maps);
    let at = steps.len() + 1;
    let last = Linear {
        weight: tensor(&mut weights, &[4, channels]),
        bias: vec![0.3, -0.1, 0.0, 1.0],
    };
    let norm = norm(&mut weights, channels, 1.0);
    steps.push(("bn".into(), Op::BatchNorm(norm), vec![input]));
    steps.push(("relu".into(), Op::Relu, vec![at]));
    steps.push(("pool".into(), Op::GlobalAveragePool, vec![at + 1]));
    steps.push(("fc".into(), Op::Linear(last), vec![at + 2]));
    Network::new("dense", input_of(8, 6), steps).unwrap()
}

fn input_of(height: usize, width: usize) -> Input {
    Input {
        height,
        width,
        ..input()
    }
}

fn design(format: Format, affine: Affine) -> Design {
    let mut design = Design::new(4, 3, format, affine);
    design.image_digits = true;
    (design.weight_bits, design.threshold_fraction_bits) = (12, 24);
    design.bias_bits = if affine == Affine::Exact { 12 } else { 0 };
    design
}

fn pixels(generator: &mut Generator, count: usize) -> Vec<u8> {
    (0..count).map(|_| generator.range(0, 255) as u8).collect()
}

#[test]
fn no_feature_is_copied_and_both_executors_agree() {
    let mut generator = Generator::new(21);
    let network = dense(&mut generator);
    for affine in [Affine::Exact, Affine::Snapped] {
        let image = compile(&network, &design(Format::L5, affine))
            .unwrap()
            .image;
        assert_eq!(Image::from_bytes(&image.to_bytes()).as_ref(), Ok(&image));
        let runner = Runner::new(&image);
        let pixels = pixels(&mut generator, 8 * 6 * 2);
        let reference = runner.run(&pixels, Executor::Reference).unwrap();
        let model = runner.run(&pixels, Executor::CycleModel).unwrap();
        for (a, b) in reference.layers.iter().zip(&model.layers) {
            assert_eq!(a.words, b.words, "{}", a.name);
        }
        assert_eq!(reference.scores, model.scores);
        // 5 + 3·3 features of the first block lie densely in the banks of 4 rows.
        let transition = &image.layers[4];
        let LayerInput::Codes(read) = &transition.input else {
            panic!("the transition reads codes");
        };
        assert_eq!(read, &[0, 1, 2, 3]);
        assert_eq!(
            transition.layout(&image.design).row_tiles(),
            4 * transition.geometry.taps()
        );
        let g = &transition.geometry;
        assert_eq!((g.kernel_height, g.stride, g.out_height()), (2, 2, 4));
    }
}

#[test]
fn folded_batch_norms_are_those_of_the_network() {
    let mut generator = Generator::new(22);
    let network = dense(&mut generator);
    let planned = plan(
        &network,
        &Design::new(8, 8, Format::L4, Affine::Exact),
        &Choices::default(),
    )
    .unwrap();
    for tensor in &planned.tensors {
        let firsts = tensor.readers.iter().map(|reader| reader.norm);
        assert_eq!(firsts.min(), tensor.readers.first().map(|r| r.norm));
    }
    let last = planned.layers.last().unwrap();
    let Some((Some(node), tensors)) = &last.input else {
        panic!("it reads a batch-norm");
    };
    let Op::BatchNorm(norm) = &network.nodes[*node].op else {
        panic!("it reads a batch-norm");
    };
    let stored: Vec<_> = tensors
        .iter()
        .flat_map(|&t| planned.tensors[t].stored(&network))
        .collect();
    let folded = affines(&network, &planned, *node, tensors);
    assert_eq!(folded.len(), norm.channels());
    for (c, (stored, folded)) in stored.iter().zip(&folded).enumerate() {
        for x in [-2.0, -0.3, 0.0, 0.7, 3.0] {
            let wanted = norm.affine(c, norm.normalise(c, x));
            let found = folded.a * (x - stored.mean) / stored.sigma + folded.b;
            assert!((found - wanted).abs() < 1e-9, "{c}: {found} {wanted}");
        }
    }
}

#[test]
fn scores_of_a_dense_network_are_what_real_arithmetic_makes_of_its_codes() {
    let mut generator = Generator::new(23);
    let network = dense(&mut generator);
    let design = design(Format::L5, Affine::Exact);
    let image = compile(&network, &design).unwrap().image;
    let runner = Runner::new(&image);
    let pixels = pixels(&mut generator, 8 * 6 * 2);
    let planned = plan(
        &network,
        &Design::new(8, 8, Format::L4, Affine::Exact),
        &Choices::default(),
    )
    .unwrap();
    let Some((Some(node), tensors)) = planned.layers.last().unwrap().input.clone() else {
        panic!("it reads a batch-norm");
    };
    let stored: Vec<_> = tensors
        .iter()
        .flat_map(|&t| planned.tensors[t].stored(&network))
        .collect();
    let (Op::BatchNorm(norm), Op::Linear(linear)) =
        (&network.nodes[node].op, &network.nodes.last().unwrap().op)
    else {
        panic!("it reads a batch-norm and is linear");
    };
    let codes = runner.layer_input(&pixels, image.layers.len() - 1).unwrap();
    let channels = codes.channels;
    let mut expected: Vec<f64> = linear.bias.iter().map(|&bias| bias.into()).collect();
    for (place, &code) in codes.values.iter().enumerate() {
        let c = place % channels;
        let x = value(design.format, Code(code as u8)) * stored[c].sigma + stored[c].mean;
        let active = norm.affine(c, norm.normalise(c, x)).max(0.0);
        for (j, score) in expected.iter_mut().enumerate() {
            let positions = (codes.height * codes.width) as f64;
            *score += active * f64::from(linear.weight.values[j * channels + c]) / positions;
        }
    }
    let run = runner.run(&pixels, Executor::Reference).unwrap();
    for (&score, expected) in run.scores.iter().zip(&expected) {
        let score = score as f64 * run.score_unit;
        assert!((score - expected).abs() < 0.01, "{score} {expected}");
    }
    // Fine codes everywhere: not far from the network without any.
    let picture = cromulent_network::Image {
        channels: 2,
        height: 8,
        width: 6,
        pixels,
    };
    let values = evaluate(&network, &picture).unwrap();
    for (real, coded) in values.last().unwrap().iter().zip(&expected) {
        assert!((f64::from(*real) - coded).abs() < 0.5, "{real} {coded}");
    }
}

#[test]
fn codes_that_hold_an_affine_serve_one_batch_norm() {
    let mut generator = Generator::new(24);
    let network = dense(&mut generator);
    let rectified = design(Format::R3, Affine::Rectified);
    for design in [rectified, design(Format::L4, Affine::Recentred)] {
        let message = refusal(&network, &design);
        let what = format!(
            "node `stem`: `bn2` and `bn6` normalise its values in two ways, and codes of affine = \"{}\" hold one; write affine = \"exact\" or \"snapped\" with an L format",
            design.affine
        );
        assert!(message.contains(&what), "{message}");
    }
}

#[test]
fn a_network_with_a_pool_where_none_can_run_is_refused() {
    let mut generator = Generator::new(25);
    let pool = || Op::AveragePool {
        kernel: 2,
        stride: 2,
    };
    let stem = convolution(&mut generator, &[2, 2, 1, 1], 0);
    let linear = Linear {
        weight: tensor(&mut generator, &[3, 4]),
        bias: vec![0.0; 3],
    };
    let steps: Vec<Step> = vec![
        ("stem".into(), stem, vec![0]),
        ("pool".into(), pool(), vec![1]),
        ("join".into(), Op::Concat, vec![2, 2]),
        (
            "bn".into(),
            Op::BatchNorm(norm(&mut generator, 4, 1.0)),
            vec![3],
        ),
        ("relu".into(), Op::Relu, vec![4]),
        ("late".into(), pool(), vec![5]),
        ("fc".into(), Op::Linear(linear), vec![6]),
    ];
    let network = Network::new("pools", input_of(4, 4), steps).unwrap();
    let message = refusal(&network, &design(Format::L4, Affine::Exact));
    for part in [
        "node `join`: it joins `pool` twice, which cannot run yet; join every map once",
        "node `late`: an average-pool that reads `relu` cannot run yet; let it read a convolution that nothing else reads",
    ] {
        assert!(message.contains(part), "{part}\nnot in\n{message}");
    }
}
