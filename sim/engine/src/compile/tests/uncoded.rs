//! The first normalisation left uncoded.

use super::*;
use crate::compile::step::integer_step;

const UNCODED: Choices = Choices {
    pool_in_rows: false,
    first: First::Uncoded,
    image_digits: PIXEL_BEATS,
    formats: vec![],
    weights: WeightValues::Whole,
    maps: Maps::Chip,
};

/// The text of what is refused.
fn refusal(network: &Network, design: &Design) -> String {
    compile_with(network, design, &UNCODED)
        .unwrap_err()
        .to_string()
}

/// What the integers of the first normalisation stand for, by \[position\]\[channel\].
fn activations(network: &Network, integers: &[i16]) -> Vec<f64> {
    let Op::BatchNorm(norm) = &network.nodes[2].op else {
        panic!("node 2 is the batch-norm");
    };
    let value = |(place, &integer): (usize, &i16)| {
        let (a, b) = (norm.scale[place % 3], norm.shift[place % 3]);
        a.abs() * f64::from(integer) * integer_step(a, b)
    };
    integers.iter().enumerate().map(value).collect()
}

#[test]
fn integers_are_what_the_network_rectifies() {
    for design in designs().filter(|design| design.image_digits) {
        let mut generator = Generator::new(9);
        let network = network(&mut generator, true);
        let image = compile_with(&network, &design, &UNCODED).unwrap().image;
        assert_eq!(Image::from_bytes(&image.to_bytes()).as_ref(), Ok(&image));
        assert_eq!(image.tensors[0].storage, Storage::Integers);
        assert!(image.layers[0].registers.integers && image.layers[1].registers.digits);
        let pixels: Vec<u8> = (0..40).map(|_| generator.range(0, 255) as u8).collect();
        let runner = Runner::new(&image);
        let integers = runner.layer_input(&pixels, 1).unwrap().values;
        let picture = cromulent_network::Image {
            channels: 2,
            height: 4,
            width: 5,
            pixels: pixels.clone(),
        };
        let values = cromulent_network::evaluate(&network, &picture).unwrap();
        let found = activations(&network, &integers);
        let Op::BatchNorm(norm) = &network.nodes[2].op else {
            panic!("node 2 is the batch-norm");
        };
        for (place, (found, &wanted)) in found.iter().zip(&values[3]).enumerate() {
            let (a, b) = (norm.scale[place % 3], norm.shift[place % 3]);
            let step = a.abs() * integer_step(a, b);
            let wanted = f64::from(wanted).min(127.0 * step);
            // Half a step of rounding, and a step for what 12-bit constants leave of a value.
            assert!(
                (found - wanted).abs() < 1.5 * step,
                "{}: {found} {wanted}",
                design.format
            );
        }
        let reference = runner.run(&pixels, Executor::Reference).unwrap();
        let model = runner.run(&pixels, Executor::CycleModel).unwrap();
        assert_eq!(reference.scores, model.scores);
        let Op::Linear(linear) = &network.nodes.last().unwrap().op else {
            panic!("the last node is linear");
        };
        for (j, &score) in reference.scores.iter().enumerate() {
            let share = |c: usize| f64::from(linear.weight.values[j * 3 + c]) / 20.0;
            let terms = found
                .iter()
                .enumerate()
                .map(|(place, value)| value * share(place % 3));
            let wanted = terms.sum::<f64>() + f64::from(linear.bias[j]);
            let score = score as f64 * reference.score_unit;
            assert!(
                (score - wanted).abs() < 0.01,
                "{}: {score} {wanted}",
                design.format
            );
        }
    }
}

#[test]
fn the_residual_stream_is_shifted_to_integers_that_keep_the_accuracy() {
    // Correct answers on the first 100 test images; coded 83 and 89, in floating point 91.
    for (format, affine, name, least) in [
        (Format::L3, Affine::Recentred, "fashion-resnet8.toml", 90),
        (Format::R3, Affine::Rectified, "fashion-resnet8.toml", 89),
    ] {
        let network = example(name);
        let image = compile_with(&network, &small(format, affine), &UNCODED)
            .unwrap()
            .image;
        assert!(image.layers[0].registers.integers && image.layers[0].registers.stream);
        let runner = Runner::new(&image);
        let fast = crate::FastRunner::new(&image);
        let mut workspace = crate::fast::Workspace::default();
        let mut right = 0;
        for example in network.examples(100).unwrap() {
            let pixels = &example.image.pixels;
            let run = runner.run(pixels, Executor::Reference).unwrap();
            assert_eq!(fast.run(pixels, &mut workspace).unwrap().scores, run.scores);
            right += usize::from(Some(run.class() as u8) == example.label);
        }
        assert!(right >= least, "{format}: {right} of 100");
    }
}

#[test]
fn what_cannot_be_left_uncoded_says_why() {
    let mut generator = Generator::new(1);
    let mut network = network(&mut generator, true);
    let message = refusal(&network, &Design::new(4, 4, Format::L4, Affine::Exact));
    assert!(message.contains(
        "node `bn`: it cannot be left uncoded: the array takes no integers, image_digits = false; \
         write image_digits = true in the design"
    ), "{message}");
    let message = refusal(&network, &small(Format::I8, Affine::Rectified));
    assert!(
        message.contains("the codes of format = \"I8\" are integers as it is"),
        "{message}"
    );
    let Op::BatchNorm(norm) = &mut network.nodes[2].op else {
        panic!("node 2 is the batch-norm");
    };
    (norm.scale[1], norm.shift[1]) = (0.0, 0.5);
    let message = refusal(&network, &small(Format::L4, Affine::Exact));
    assert!(message.contains(
        "channel 1 has scale 0 and a shift above 0, a constant that no integer left uncoded can express"
    ), "{message}");
}
