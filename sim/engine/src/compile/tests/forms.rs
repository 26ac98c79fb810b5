//! Values that are stored in several forms: a DenseNet whose first normalisation is left uncoded.

use super::*;
use crate::compile::step::integer_step;
use crate::fast::Workspace;
use crate::{FastRunner, Layer, LayerInput};

fn uncoded() -> Choices {
    Choices {
        first: First::Uncoded,
        ..Choices::default()
    }
}

fn wanting(wishes: &[(&str, Format)]) -> Choices {
    let formats = wishes
        .iter()
        .map(|&(name, format)| (name.to_owned(), format));
    Choices {
        formats: formats.collect(),
        ..Choices::default()
    }
}

fn design(format: Format) -> Design {
    let mut design = Design::new(4, 3, format, Affine::Exact);
    design.image_digits = true;
    (design.weight_bits, design.threshold_fraction_bits) = (12, 24);
    design.bias_bits = 12;
    design
}

fn dense_network() -> Network {
    dense::dense(&mut Generator::new(31))
}

fn pixels() -> Vec<u8> {
    let mut generator = Generator::new(32);
    let pixel = |_| generator.range(0, 255) as u8;
    (0..8 * 6 * 2).map(pixel).collect()
}

/// The layers' names, with how each stores its codes.
fn layers(image: &Image) -> Vec<(&str, Storage)> {
    let layers = image.layers.iter();
    layers
        .map(|layer| (layer.name.as_str(), layer.mode.storage))
        .collect()
}

#[test]
fn the_first_values_of_a_dense_network_are_integers_for_its_first_norm_and_codes_for_the_others() {
    let network = dense_network();
    let compiled = compile_with(&network, &design(Format::L4), &uncoded()).unwrap();
    let image = &compiled.image;
    assert_eq!(Image::from_bytes(&image.to_bytes()).as_ref(), Ok(image));
    assert_eq!(
        layers(image)[..3],
        [
            ("stem", Storage::Integers),
            ("stem.for.bn6", Storage::Codes),
            ("layer2", Storage::Codes)
        ]
    );
    // The stem's integers have one reader; what is joined with later features is its codes.
    let integers = image.layers[0].output.codes().unwrap();
    let codes = image.layers[1].output.codes().unwrap();
    let readers = |tensor: usize| {
        let reads = |layer: &&Layer| matches!(&layer.input, LayerInput::Codes(read) if read.contains(&tensor));
        let readers = image.layers.iter().filter(reads);
        readers.map(|layer| layer.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(readers(integers), ["layer2"]);
    assert_eq!(readers(codes), ["layer6", "layer10", "layer14"]);
    let notes: Vec<String> = compiled.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "node `stem`: computed 2 times, its values stored as I8 for `bn2`, as L4 for `bn6` and 2 more; \
             one format for all is computed once"
        ]
    );
    let plain = compile(&network, &design(Format::L4)).unwrap();
    assert_eq!(plain.image.layers.len() + 1, image.layers.len());
    assert!(plain.notes.is_empty());
    // So it is without weights.
    let outline = outline_with(&network, &design(Format::L4), &uncoded()).unwrap();
    assert_eq!(outline.problems.to_string(), "");
    let outlined = outline.layers.iter().map(|layer| &layer.registers);
    assert!(outlined.eq(image.layers.iter().map(|layer| &layer.registers)));
    let again = outline.layers.iter().filter(|layer| layer.again);
    let again: Vec<&str> = again.map(|layer| layer.name.as_str()).collect();
    assert_eq!(again, ["stem.for.bn6"]);
}

/// What the machine stores is what the network computes: the integers within a step, the codes those of the value.
#[test]
fn both_forms_stand_for_the_values_of_the_network() {
    let network = dense_network();
    let design = design(Format::L5);
    let image = compile_with(&network, &design, &uncoded()).unwrap().image;
    let pixels = pixels();
    let picture = cromulent_network::Image {
        channels: 2,
        height: 8,
        width: 6,
        pixels: pixels.clone(),
    };
    let values = cromulent_network::evaluate(&network, &picture).unwrap();
    let at = |name: &str| {
        let mut nodes = network.nodes.iter();
        nodes.position(|node| node.name == name).unwrap()
    };
    let norm_of = |name: &str| match &network.nodes[at(name)].op {
        Op::BatchNorm(norm) => norm,
        _ => panic!("a batch-norm"),
    };
    let runner = Runner::new(&image);
    let place = |name: &str| {
        let mut layers = image.layers.iter();
        layers.position(|layer| layer.name == name).unwrap()
    };
    let read = |name: &str| runner.layer_input(&pixels, place(name)).unwrap();
    let (first, later) = (norm_of("bn2"), norm_of("bn6"));
    let integers = read("layer2");
    for (i, (&integer, wanted)) in integers.values.iter().zip(&values[at("relu2")]).enumerate() {
        let (a, b) = (first.scale[i % 5], first.shift[i % 5]);
        let step = a.abs() * integer_step(a, b);
        let wanted = f64::from(*wanted).min(127.0 * step);
        let found = f64::from(integer) * step;
        assert!((found - wanted).abs() < 1.5 * step, "{i}: {found} {wanted}");
    }
    // Within a thousandth of a cut a code may be its neighbour.
    let joined = read("layer6");
    let (mut right, mut count) = (0, 0);
    for (i, value) in values[at("stem")].iter().enumerate() {
        let (position, c) = (i / 5, i % 5);
        let n = later.normalise(c, f64::from(*value));
        let code = joined.values[position * joined.channels + c];
        let own = super::super::form::value(Format::L5, Code(code as u8));
        right += usize::from(code_of(n) == own);
        count += 1;
    }
    assert!(right * 100 >= count * 98, "{right} of {count}");
}

/// The value of the L5 code of a normalised value, by Table 1 of the paper.
fn code_of(n: f64) -> f64 {
    let steps = (2.0 * (1.177 * n.abs()).log2()).floor().clamp(-6.0, 9.0);
    (steps / 2.0).exp2().copysign(n)
}

#[test]
fn every_executor_agrees_on_values_of_several_forms() {
    let network = dense_network();
    let pixels = pixels();
    for format in [Format::L2, Format::L3, Format::L4, Format::L5] {
        for choices in [
            uncoded(),
            wanting(&[("bn6", Format::I8), ("bn", Format::I8)]),
        ] {
            let image = compile_with(&network, &design(format), &choices).unwrap();
            let image = Image::from_bytes(&image.image.to_bytes()).unwrap();
            let runner = Runner::new(&image);
            let reference = runner.run(&pixels, Executor::Reference).unwrap();
            let model = runner.run(&pixels, Executor::CycleModel).unwrap();
            for (a, b) in reference.layers.iter().zip(&model.layers) {
                assert_eq!(a.words, b.words, "{format} {}", a.name);
            }
            assert_eq!(reference.scores, model.scores);
            let fast = FastRunner::new(&image);
            let run = fast.run(&pixels, &mut Workspace::default()).unwrap();
            assert_eq!(run.scores, reference.scores, "{format}");
        }
    }
}

#[test]
fn formats_that_go_apart_have_the_layer_run_for_each() {
    let network = dense_network();
    let stored = |wishes: &[(&str, Format)]| {
        let image = compile_with(&network, &design(Format::L4), &wanting(wishes))
            .unwrap()
            .image;
        let layers = layers(&image).into_iter();
        layers
            .map(|(name, storage)| format!("{name} {}", storage.format(&image.design)))
            .collect::<Vec<_>>()
    };
    // Who does not mind takes what someone wants.
    let one = stored(&[("bn6", Format::L3)]);
    assert_eq!(one[..2], ["stem L3", "layer2 L3"]);
    let two = stored(&[("bn6", Format::L3), ("bn10", Format::L2)]);
    assert_eq!(
        two[..5],
        [
            "stem L3",
            "stem.for.bn10 L2",
            "layer2 L3",
            "layer2.for.bn10 L2",
            "layer6 L2"
        ]
    );
    // Each batch-norm has integers of its own.
    let uncoded = stored(&[("bn2", Format::I8), ("bn6", Format::I8)]);
    assert_eq!(
        uncoded[..5],
        [
            "stem I8",
            "stem.for.bn6 I8",
            "stem.for.bn10 L4",
            "layer2 I8",
            "layer2.for.bn10 L4"
        ]
    );
}

#[test]
fn what_is_computed_several_times_is_noted_in_a_line() {
    let wishes = ["bn2", "bn6", "bn10"].map(|norm| (norm, Format::I8));
    let compiled = compile_with(&dense_network(), &design(Format::L4), &wanting(&wishes)).unwrap();
    let notes: Vec<&str> = compiled
        .notes
        .iter()
        .map(|note| note.what.as_str())
        .collect();
    assert_eq!(
        notes,
        [
            "computed 4 times, its values stored as I8 for each of `bn2` and 2 more, as L4 for `bn14`",
            "computed 3 times, its values stored as I8 for each of `bn6` and 1 more, as L4 for `bn14`",
            "computed 2 times, its values stored as I8 for `bn10`, as L4 for `bn14`"
        ]
    );
}

#[test]
fn equal_batch_norms_share_integers() {
    let mut network = dense_network();
    let at = |name: &str| {
        let mut nodes = network.nodes.iter();
        nodes.position(|node| node.name == name).unwrap()
    };
    let first = at("bn2");
    // The second batch-norm of the block, reading the stem alone as the first does.
    let mut steps: Vec<Step> = network.nodes[1..]
        .iter()
        .map(|node| (node.name.clone(), node.op.clone(), node.inputs.clone()))
        .collect();
    let equal = network.nodes[first].op.clone();
    let Op::Convolution(layer) = network.nodes[first + 2].op.clone() else {
        panic!("a convolution");
    };
    let last = steps.len();
    steps.truncate(first + 2);
    let stem = network.nodes[first].inputs[0];
    steps.push(("again".into(), equal, vec![stem]));
    steps.push(("relu".into(), Op::Relu, vec![first + 3]));
    steps.push(("twin".into(), Op::Convolution(layer), vec![first + 4]));
    steps.push(("join".into(), Op::Concat, vec![first + 2, first + 5]));
    let mut generator = Generator::new(33);
    let end = norm(&mut generator, 6, 1.0);
    steps.push(("bn".into(), Op::BatchNorm(end), vec![first + 6]));
    steps.push(("rectified".into(), Op::Relu, vec![first + 7]));
    steps.push(("pool".into(), Op::GlobalAveragePool, vec![first + 8]));
    let linear = Linear {
        weight: tensor(&mut generator, &[4, 6]),
        bias: vec![0.0; 4],
    };
    steps.push(("fc".into(), Op::Linear(linear), vec![first + 9]));
    assert!(steps.len() < last);
    network = Network::new("twins", network.input, steps).unwrap();
    let image = compile_with(&network, &design(Format::L4), &uncoded())
        .unwrap()
        .image;
    let names: Vec<&str> = layers(&image).into_iter().map(|layer| layer.0).collect();
    assert_eq!(names, ["stem", "layer2", "twin", "fc"]);
    assert_eq!(image.tensors[0].storage, Storage::Integers);
}

/// Every executor agrees on a network, whose scores do not go far from those in floating point.
fn agree(network: &Network, choices: &Choices) -> Image {
    let compiled = compile_with(network, &design(Format::L5), choices).unwrap();
    let image = Image::from_bytes(&compiled.image.to_bytes()).unwrap();
    let mut generator = Generator::new(35);
    let pixels: Vec<u8> = (0..4 * 5 * 2)
        .map(|_| generator.range(0, 255) as u8)
        .collect();
    let runner = Runner::new(&image);
    let reference = runner.run(&pixels, Executor::Reference).unwrap();
    let model = runner.run(&pixels, Executor::CycleModel).unwrap();
    let fast = FastRunner::new(&image);
    let run = fast.run(&pixels, &mut Workspace::default()).unwrap();
    assert_eq!(reference.scores, model.scores);
    assert_eq!(reference.scores, run.scores);
    let picture = cromulent_network::Image {
        channels: 2,
        height: 4,
        width: 5,
        pixels,
    };
    let values = cromulent_network::evaluate(network, &picture).unwrap();
    for (&score, wanted) in reference.scores.iter().zip(values.last().unwrap()) {
        let score = score as f64 * reference.score_unit;
        assert!((score - f64::from(*wanted)).abs() < 0.2, "{score} {wanted}");
    }
    image
}

#[test]
fn what_is_in_the_residual_stream_is_put_there_again() {
    let apart = [("left", Format::L3), ("right", Format::L5)];
    let uncoded = [("left", Format::I8), ("right", Format::I8)];
    for network in [branching(Value::Sum), branching(Value::Rectified)] {
        let once = agree(&network, &Choices::default());
        for wishes in [&apart, &uncoded, &[uncoded[0], apart[1]]] {
            let image = agree(&network, &wanting(wishes));
            assert_eq!(image.layers.len(), once.layers.len() + 1);
            assert_eq!(image.streams.len(), once.streams.len() + 1);
            let again = image
                .layers
                .iter()
                .position(|l| l.name.ends_with(".for.right"));
            let again = again.unwrap();
            let steps = [again - 1, again].map(|i| image.layers[i].output.residual().unwrap());
            assert_eq!(
                (steps[0].base, steps[0].clamp),
                (steps[1].base, steps[1].clamp)
            );
        }
    }
}

#[test]
fn what_a_max_pool_reads_is_stored_in_one_form() {
    let network = branching(Value::Pooled);
    let mut design = design(Format::L4);
    design.max_pool = true;
    let refusal = |wishes: &[(&str, Format)]| {
        let refused = compile_with(&network, &design, &wanting(wishes));
        refused.unwrap_err().to_string()
    };
    assert_eq!(
        refusal(&[("left", Format::L3), ("right", Format::L2)]),
        "node `a`: `left` wants its values stored as L3, and `right` as L2; what a max-pool reads is stored in one \
         form; want one format for all batch-norms that read them"
    );
    let message = refusal(&[("left", Format::I8), ("right", Format::I8)]);
    assert!(
        message.contains("and `right` as I8, rectified for another affine; what a max-pool"),
        "{message}"
    );
}

/// What two batch-norms read.
#[derive(Clone, Copy)]
enum Value {
    Sum,
    Rectified,
    Pooled,
}

/// A value that two batch-norms read, `left` and `right`.
fn branching(value: Value) -> Network {
    let mut generator = Generator::new(34);
    let mut conv = |inputs: usize| {
        Op::Convolution(Convolution {
            weight: tensor(&mut generator, &[3, inputs, 1, 1]),
            bias: vec![],
            stride: 1,
            padding: 0,
        })
    };
    let (a, b, left, right) = (conv(2), conv(3), conv(3), conv(3));
    let mut norm = |channels: usize| Op::BatchNorm(norm(&mut generator, channels, 1.0));
    let (first, one, two, last) = (norm(3), norm(3), norm(3), norm(6));
    let linear = Linear {
        weight: tensor(&mut generator, &[4, 6]),
        bias: vec![0.0; 4],
    };
    let pool = Op::MaxPool {
        kernel: 2,
        stride: 1,
        padding: 0,
    };
    let mut steps: Vec<Step> = vec![("a".into(), a, vec![0])];
    match value {
        Value::Sum => steps.extend([
            ("first".into(), first, vec![1]),
            ("relu".into(), Op::Relu, vec![2]),
            ("b".into(), b, vec![3]),
            ("sum".into(), Op::Add, vec![1, 4]),
        ]),
        Value::Rectified => steps.push(("relu".into(), Op::Relu, vec![1])),
        Value::Pooled => steps.push(("pool".into(), pool, vec![1])),
    }
    let at = steps.len();
    steps.extend([
        ("left".into(), one, vec![at]),
        ("left.relu".into(), Op::Relu, vec![at + 1]),
        ("left.conv".into(), left, vec![at + 2]),
        ("right".into(), two, vec![at]),
        ("right.relu".into(), Op::Relu, vec![at + 4]),
        ("right.conv".into(), right, vec![at + 5]),
        ("join".into(), Op::Concat, vec![at + 3, at + 6]),
        ("bn".into(), last, vec![at + 7]),
        ("end".into(), Op::Relu, vec![at + 8]),
        ("mean".into(), Op::GlobalAveragePool, vec![at + 9]),
        ("fc".into(), Op::Linear(linear), vec![at + 10]),
    ]);
    Network::new("branching", input(), steps).unwrap()
}
