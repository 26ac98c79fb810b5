//! Formats narrower than the design's, normalisation by normalisation.

use super::*;
use cromulent_number::embed;

/// The values of a batch-norm in this format.
fn choose(node: &str, format: Format) -> Choices {
    Choices {
        formats: vec![(node.to_owned(), format)],
        ..Choices::default()
    }
}

/// The text of what is refused.
fn refusal(network: &Network, design: &Design, choices: &Choices) -> String {
    let refused = compile_with(network, design, choices);
    refused.unwrap_err().to_string()
}

/// A design stores the very codes of a narrower one, and makes of them what that one does.
#[test]
fn a_narrower_format_is_that_of_its_own_design() {
    for design in designs() {
        for narrow in design.format.narrower() {
            let mut generator = Generator::new(9);
            let network = network(&mut generator, true);
            let pixels: Vec<u8> = (0..40).map(|_| generator.range(0, 255) as u8).collect();
            let chosen = compile_with(&network, &design, &choose("bn", narrow));
            let image = chosen.unwrap().image;
            assert_eq!(Image::from_bytes(&image.to_bytes()).as_ref(), Ok(&image));
            assert_eq!(image.tensors[0].storage, Storage::Narrow(narrow));
            let own = Design {
                format: narrow,
                ..design.clone()
            };
            let own = compile(&network, &own).unwrap().image;
            let (runner, alone) = (Runner::new(&image), Runner::new(&own));
            let codes = |runner: &Runner| runner.layer_input(&pixels, 1).unwrap().values;
            let code = |&code: &i16| embed(design.format, narrow, Code(code as u8)).unwrap();
            let expected: Vec<Code> = codes(&alone).iter().map(code).collect();
            let found: Vec<Code> = codes(&runner).iter().map(|&c| Code(c as u8)).collect();
            let what = format!("{narrow} in {} {}", design.format, design.affine);
            assert_eq!(found, expected, "{what}");
            let run = runner.run(&pixels, Executor::Reference).unwrap();
            let model = runner.run(&pixels, Executor::CycleModel).unwrap();
            assert_eq!(run.scores, model.scores, "{what}");
            let expected = alone.run(&pixels, Executor::Reference).unwrap();
            for (&score, &wanted) in run.scores.iter().zip(&expected.scores) {
                let apart = score as f64 * run.score_unit - wanted as f64 * expected.score_unit;
                assert!(apart.abs() < 0.01, "{what}: {apart}");
            }
        }
    }
}

#[test]
fn a_network_may_want_a_format_and_whoever_compiles_another() {
    let mut network = example("fashion-resnet8.toml");
    let design = small(Format::L4, Affine::Exact);
    let node = |network: &Network, name: &str| {
        let mut nodes = network.nodes.iter();
        nodes.position(|node| node.name == name).unwrap()
    };
    let wanted = node(&network, "blocks.0.bn2");
    let Op::BatchNorm(norm) = &mut network.nodes[wanted].op else {
        panic!("a batch-norm");
    };
    norm.format = Some(Format::L3);
    let storages = |choices: &Choices| {
        let image = compile_with(&network, &design, choices).unwrap().image;
        let storages = image.tensors.iter().map(|tensor| tensor.storage);
        storages.collect::<Vec<_>>()
    };
    let plain = storages(&Choices::default());
    assert_eq!(plain.iter().filter(|&&s| s != Storage::Codes).count(), 1);
    assert!(plain.contains(&Storage::Narrow(Format::L3)));
    let own = storages(&choose("blocks.0.bn2", Format::L4));
    assert!(own.iter().all(|&storage| storage == Storage::Codes));
    let uncoded = storages(&choose("blocks.0.bn2", Format::I8));
    assert!(uncoded.contains(&Storage::Integers));
}

#[test]
fn formats_that_a_design_cannot_store_are_named() {
    let mut generator = Generator::new(1);
    let network = network(&mut generator, true);
    let design = small(Format::L4, Affine::Exact);
    for (format, expected) in [
        (
            Format::L5,
            "node `bn`: L5 cannot be stored by a design of format = \"L4\", which holds L2, L3",
        ),
        (
            Format::R3,
            "node `bn`: R3 cannot be stored by a design of format = \"L4\"",
        ),
    ] {
        let message = refusal(&network, &design, &choose("bn", format));
        assert!(message.contains(expected), "{message}");
    }
    let message = refusal(&network, &design, &choose("nb", Format::L3));
    assert!(
        message.contains("node `nb`: a format is wanted for it, and there is no such batch-norm"),
        "{message}"
    );
}
