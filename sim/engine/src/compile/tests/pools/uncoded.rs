//! A first normalisation left uncoded behind a max-pool.

use super::*;
use crate::compile::step::integer_step;
use crate::layer::Storage;

/// A stem whose pooled value is normalised.
fn stem(generator: &mut Generator) -> Network {
    let g = generator;
    let ops: Vec<(&str, Op, &[usize])> = vec![
        ("conv", conv(g, &[5, 2, 3, 3]), &[]),
        ("pool", POOL, &[]),
        ("bn1", bn(g, 5), &[]),
        ("relu1", Op::Relu, &[]),
        ("inner", conv(g, &[5, 5, 3, 3]), &[]),
        ("bn2", bn(g, 5), &[]),
        ("relu2", Op::Relu, &[]),
    ];
    chain(g, ops)
}

fn uncoded() -> Choices {
    Choices {
        first: First::Uncoded,
        ..Choices::default()
    }
}

#[test]
fn integers_are_pooled_as_they_leave() {
    for design in pooling().filter(|design| design.image_digits) {
        let network = stem(&mut Generator::new(6));
        let image = compile_with(&network, &design, &uncoded()).unwrap().image;
        assert_eq!(names(&image), ["conv", "inner", "fc"]);
        assert!(image.layers[0].registers.integers && image.layers[0].registers.output_pool);
        assert_eq!(image.tensors[0].storage, Storage::Integers);
        run(&image, 10);
        let mut generator = Generator::new(10);
        let picture = cromulent_network::Image {
            pixels: (0..40).map(|_| generator.range(0, 255) as u8).collect(),
            channels: 2,
            height: 4,
            width: 5,
        };
        let runner = Runner::new(&image);
        let integers = runner.layer_input(&picture.pixels, 1).unwrap().values;
        let values = cromulent_network::evaluate(&network, &picture).unwrap();
        let relu = network.nodes.iter().position(|node| node.name == "relu1");
        let expected = &values[relu.unwrap()];
        assert_eq!(integers.len(), expected.len());
        let norm = norm_of(&network, "bn1");
        for (place, (&integer, &expected)) in integers.iter().zip(expected).enumerate() {
            let (a, b) = (norm.scale[place % 5], norm.shift[place % 5]);
            let step = a.abs() * integer_step(a, b);
            let found = step * f64::from(integer);
            let wanted = f64::from(expected).min(127.0 * step);
            // Half a step of rounding, and what constants of eight bits leave of a value.
            assert!(
                (found - wanted).abs() < 3.0 * step,
                "{}: {found} {wanted}",
                design.format
            );
        }
    }
}

#[test]
fn a_pass_of_its_own_takes_codes() {
    let design = pooling().find(|design| design.image_digits).unwrap();
    let network = stem(&mut Generator::new(6));
    let choices = Choices {
        pool_in_rows: true,
        ..uncoded()
    };
    let message = compile_with(&network, &design, &choices).unwrap_err();
    let message = message.to_string();
    let what =
        "node `pool`: it pools values left uncoded in a pass of its own, and that takes codes";
    assert!(message.contains(what), "{message}");
}
