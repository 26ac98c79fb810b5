//! Weights of few values, and scales of least error.

use super::*;
use crate::constants::Constants;
use cromulent_design::PeKind;

fn constants(design: &Design, network: &Network, weights: WeightValues) -> Vec<Constants> {
    let choices = Choices {
        weights,
        ..Choices::default()
    };
    let image = compile_with(network, design, &choices).unwrap().image;
    let layers = image.layers.iter();
    layers.map(|layer| Constants::read(design, layer)).collect()
}

#[test]
fn restricted_weights_are_what_their_name_says_in_every_design() {
    for design in designs() {
        let network = network(&mut Generator::new(8), true);
        for weights in [
            WeightValues::Ternary,
            WeightValues::Logarithmic { bits: 3, root: 1 },
        ] {
            for constants in constants(&design, &network, weights) {
                let used = constants.a[0].iter().filter(|&&a| a != 0);
                assert!(used.clone().count() > 0);
                assert!(used.clone().all(|a| a.unsigned_abs().is_power_of_two()));
                let columns = constants.channels.len();
                for j in 0..columns {
                    let column = constants.a[0].iter().skip(j).step_by(columns);
                    let sizes: std::collections::BTreeSet<u32> = column
                        .map(|a| a.unsigned_abs())
                        .filter(|&a| a != 0)
                        .collect();
                    let most = if weights == WeightValues::Ternary {
                        1
                    } else {
                        7
                    };
                    assert!(sizes.len() <= most, "{} {sizes:?}", design.name);
                }
            }
        }
    }
}

#[test]
fn the_scale_of_least_error_comes_nearer_to_the_network_than_the_largest() {
    let (mut whole, mut fitted) = (0.0, 0.0);
    for mut design in designs().filter(|design| design.weight_bits == 12) {
        design.weight_bits = 4;
        for seed in 0..4 {
            let mut generator = Generator::new(seed);
            let network = network(&mut generator, false);
            let pixels: Vec<u8> = (0..40).map(|_| generator.range(0, 255) as u8).collect();
            let error = |weights| {
                let choices = Choices {
                    weights,
                    ..Choices::default()
                };
                let image = compile_with(&network, &design, &choices).unwrap().image;
                let runner = Runner::new(&image);
                let run = runner.run(&pixels, Executor::Reference).unwrap();
                let codes = runner.layer_input(&pixels, 1).unwrap().values;
                let expected = expected_scores(&network, &design, &codes);
                let scores = run
                    .scores
                    .iter()
                    .map(|&score| score as f64 * run.score_unit);
                scores
                    .zip(expected)
                    .map(|(s, e)| (s - e).powi(2))
                    .sum::<f64>()
            };
            whole += error(WeightValues::Whole);
            fitted += error(WeightValues::Fitted);
        }
    }
    assert!(fitted < 0.9 * whole, "{fitted} {whole}");
}

#[test]
fn elements_that_keep_exponents_get_powers_of_two() {
    let mut tried = 0;
    for design in designs() {
        let design = Design {
            pe: PeKind::LogLog,
            ..design
        };
        if design.validate().is_err() {
            continue;
        }
        tried += 1;
        let network = network(&mut Generator::new(9), true);
        let largest = 1 << (design.weight_bits - 2);
        for constants in constants(&design, &network, WeightValues::Whole) {
            let used = constants.a[0].iter().filter(|&&a| a != 0);
            assert!(used.clone().count() > 0);
            let powers = used.map(|a| a.unsigned_abs());
            assert!(
                powers
                    .into_iter()
                    .all(|a| a.is_power_of_two() && a <= largest)
            );
        }
    }
    assert!(tried >= 8, "{tried} designs");
}
