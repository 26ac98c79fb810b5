//! The networks and images shipped under `docs/examples/`.

use std::path::{Path, PathBuf};

use cromulent_network::{Example, Network, check, evaluate};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/examples")
        .join(name)
}

fn load(name: &str) -> Network {
    Network::load(&shipped(name)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// How many of `examples` the network's largest output names rightly.
fn right(network: &Network, examples: &[Example]) -> usize {
    let is_right = |example: &&Example| {
        let maps = evaluate(network, &example.image).expect("the image fits");
        let scores = maps.last().expect("a network has nodes");
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        best == example.label.map(usize::from)
    };
    examples.iter().filter(is_right).count()
}

#[test]
fn the_network_recognises_its_examples() {
    let network = load("fashion-resnet8.toml");
    let examples = network.examples(100).expect("the examples are shipped");
    assert_eq!(examples.len(), 100);
    let right = right(&network, &examples);
    println!("fashion-resnet8: {right} of 100");
    assert!(right >= 88, "{right} of 100");
}

#[test]
fn the_fine_tuned_variants_load_and_recognise_some() {
    // Made for coded activations, so no more than plausible in floating point.
    for name in ["fashion-resnet8-L4.toml", "fashion-resnet8-R3.toml"] {
        let network = load(name);
        let right = right(
            &network,
            &network.examples(20).expect("the examples are shipped"),
        );
        println!("{name}: {right} of 20");
        assert!(right >= 14, "{name}: {right} of 20");
    }
}

#[test]
fn the_network_is_cromulent() {
    let network = load("fashion-resnet8.toml");
    let report = check(&network);
    assert!(report.cromulent, "{:?}", report.problems);
    let names = |i: usize| network.nodes[i].name.as_str();
    let modules: Vec<_> = report
        .modules
        .iter()
        .map(|m| {
            (
                names(m.learnt),
                m.relu.map(names),
                m.batch_norm.map(names),
                names(m.source),
            )
        })
        .collect();
    assert_eq!(modules.len(), 10);
    assert_eq!(modules[0], ("conv1", None, None, "image"));
    assert_eq!(
        modules[1],
        (
            "blocks.0.conv1",
            Some("blocks.0.relu1"),
            Some("blocks.0.bn1"),
            "conv1"
        )
    );
    assert_eq!(
        modules[5],
        (
            "blocks.1.shortcut",
            Some("blocks.1.relu1"),
            Some("blocks.1.bn1"),
            "blocks.0.add"
        )
    );
    assert_eq!(modules[9], ("fc", Some("relu"), Some("bn"), "blocks.2.add"));
}

/// The networks whose weights lie in the folder of large data; without it there is nothing to load.
#[test]
fn the_networks_of_the_data_folder_are_cromulent() {
    if std::env::var_os("CROMULENT_DATA").is_none() {
        eprintln!("skipped: CROMULENT_DATA is not set");
        return;
    }
    for (name, learnt) in [
        ("fashion-densenet22.toml", 22),
        ("cifar10-resnet20.toml", 22),
        ("cifar10-resnet20-L4.toml", 22),
        ("cifar10-resnet20-R3.toml", 22),
        ("fashion-resnet8-L3.toml", 10),
        ("fashion-resnet8-L5.toml", 10),
    ] {
        let report = check(&load(name));
        assert!(report.cromulent, "{name}: {:?}", report.problems);
        assert_eq!(report.modules.len(), learnt, "{name}");
    }
}
