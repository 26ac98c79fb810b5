//! The networks in `$CROMULENT_DATA/models`: logits are those of ONNX Runtime (`data/trained.py`), and accuracy is what
//! it was.

use std::path::{Path, PathBuf};

use cromulent_import::{Normalisation, Shortcuts, calibrate, onnx, rewrite, torch};
use cromulent_network::{Evaluator, Network, check};
use rayon::prelude::*;

/// The folder of large data, if there is one.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CROMULENT_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CROMULENT_DATA is not set");
    }
    folder
}

/// The networks, how pixels enter them, and a file of images.
fn networks(folder: &Path) -> [(&'static str, &'static str, PathBuf); 5] {
    let cifar = folder.join("data/cifar10-test-first1000.bin");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    let fashion = examples.join("fashion-100-images-idx3-ubyte");
    [
        ("akamaster/resnet20", "imagenet", cifar.clone()),
        ("akamaster/resnet44", "imagenet", cifar.clone()),
        ("trained/cifar10-preresnet20", "cifar10", cifar),
        (
            "trained/fashion-preresnet8",
            "0.2860,0.3530",
            fashion.clone(),
        ),
        ("trained/fashion-densenet22", "0.2860,0.3530", fashion),
    ]
}

fn read(folder: &Path, name: &str, normalisation: &str) -> cromulent_import::Graph {
    let normalisation: Normalisation = normalisation.parse().unwrap();
    let file = folder.join("models").join(format!("{name}.onnx"));
    onnx::read(&file, Some(&normalisation)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn logits_are_those_of_onnx_runtime() {
    let Some(folder) = folder() else { return };
    let text = include_bytes!("data/trained.json");
    let wanted: serde_json::Value = serde_json::from_slice(text).unwrap();
    for (name, normalisation, images) in networks(&folder) {
        let network = read(&folder, name, normalisation).network().unwrap();
        let examples = network.read_images(&images, None, None, 4).unwrap();
        let rows = wanted[name].as_array().unwrap();
        assert_eq!(rows.len(), 4);
        for (example, row) in examples.iter().zip(rows) {
            let found = Evaluator::new(&network).output(&example.image).unwrap();
            for (&found, wanted) in found.iter().zip(row.as_array().unwrap()) {
                let off = (f64::from(found) - wanted.as_f64().unwrap()).abs();
                assert!(off < 1e-4, "{name}: {found} {wanted}");
            }
        }
    }
}

#[test]
fn the_projects_own_networks_need_no_rewrite() {
    let Some(folder) = folder() else { return };
    for (name, normalisation, _) in networks(&folder).into_iter().skip(2) {
        let mut graph = read(&folder, name, normalisation);
        let rewritten = rewrite(&mut graph, Shortcuts::Streams).unwrap();
        assert!(
            rewritten.changes.is_empty(),
            "{name}: {:?}",
            rewritten.changes
        );
        assert!(check(&graph.network().unwrap()).cromulent);
    }
}

/// Images of the right class, of the first 1,000 of CIFAR-10's test images.
fn right(network: &Network, folder: &Path) -> usize {
    let images = folder.join("data/cifar10-test-first1000.bin");
    let examples = network.read_images(&images, None, None, 1000).unwrap();
    let evaluator = Evaluator::new(network);
    let is_right = |example: &&cromulent_network::Example| {
        let scores = evaluator.output(&example.image).unwrap();
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        best == example.label.map(usize::from)
    };
    examples.par_iter().filter(is_right).count()
}

#[test]
fn resnet20_is_right_for_915_images_before_and_after_rewriting() {
    let Some(folder) = folder() else { return };
    let mut graph = read(&folder, "akamaster/resnet20", "imagenet");
    assert_eq!(right(&graph.network().unwrap(), &folder), 915);
    let rewritten = rewrite(&mut graph, Shortcuts::Streams).unwrap();
    let network = graph.network().unwrap();
    let train = folder.join("data/cifar10-train-first4000.bin.gz");
    let examples = network.read_images(&train, None, None, 100).unwrap();
    let images: Vec<_> = examples.into_iter().map(|example| example.image).collect();
    calibrate(&mut graph, &rewritten.inserted, &images).unwrap();
    let network = graph.network().unwrap();
    assert!(check(&network).cromulent);
    assert_eq!(right(&network, &folder), 915);
}

#[test]
fn weights_and_a_name_are_the_same_network() {
    let Some(folder) = folder() else { return };
    for (name, topology, weights) in [
        (
            "akamaster/resnet20",
            "resnet20",
            "akamaster/resnet20-12fca82f",
        ),
        (
            "akamaster/resnet44",
            "resnet44",
            "akamaster/resnet44-014dd654",
        ),
    ] {
        let file = folder.join("models").join(format!("{weights}.safetensors"));
        let network =
            torch::read(&file, topology, None).unwrap_or_else(|problems| panic!("{problems}"));
        let (found, wanted) = (
            network.network().unwrap(),
            read(&folder, name, "imagenet").network().unwrap(),
        );
        let image = networks(&folder)[0].2.clone();
        let example = &wanted.read_images(&image, None, None, 1).unwrap()[0];
        let output = |network: &Network| Evaluator::new(network).output(&example.image).unwrap();
        assert_eq!(output(&found), output(&wanted), "{name}");
        let other = if topology == "resnet20" {
            "resnet44"
        } else {
            "resnet20"
        };
        assert!(torch::read(&file, other, None).is_err());
    }
}
