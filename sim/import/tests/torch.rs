//! Networks as PyTorch's two exporters write them (`data/make.py`): what they compute is what PyTorch computes, and
//! every rewrite leaves it as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cromulent_import::{Graph, Normalisation, Shortcuts, calibrate, onnx, rewrite, torch, write};
use cromulent_network::{Evaluator, Generator, Image, Input, Network, check, safetensors};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The files, and what ONNX Runtime computes with each for [`image`].
fn logits() -> BTreeMap<String, Vec<f32>> {
    let text = std::fs::read(data().join("logits.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f32> {
        let numbers = value.as_array().unwrap().iter();
        numbers
            .map(|number| number.as_f64().unwrap() as f32)
            .collect()
    };
    json.as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), numbers(value)))
        .collect()
}

fn read(file: &str) -> Graph {
    let normalisation: Normalisation = "0.45,0.25".parse().unwrap();
    onnx::read(&data().join(file), Some(&normalisation))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// The image of `data/make.py`.
fn image(input: &Input) -> Image {
    let pixel = |i: usize| ((i * 73 + i * i * 11) % 251) as u8;
    Image {
        channels: input.channels,
        height: input.height,
        width: input.width,
        pixels: (0..input.shape().values()).map(pixel).collect(),
    }
}

fn random_images(input: &Input, count: u64) -> Vec<Image> {
    let images = (0..count).map(|seed| {
        let mut generator = Generator::new(seed);
        let mut image = image(input);
        image
            .pixels
            .iter_mut()
            .for_each(|pixel| *pixel = generator.range(0, 255) as u8);
        image
    });
    images.collect()
}

fn output(network: &Network, image: &Image) -> Vec<f32> {
    Evaluator::new(network).output(image).unwrap()
}

/// The largest difference, as a share of the largest value.
fn difference(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
    let differences = &mut found.iter().zip(wanted).map(|(a, b)| (a - b).abs());
    largest(differences) / largest(&mut wanted.iter().map(|x| x.abs()))
}

#[test]
fn networks_compute_what_pytorch_computes() {
    let logits = logits();
    assert!(logits.len() >= 12, "{}", logits.len());
    for (file, wanted) in logits {
        let network = read(&file).network().unwrap();
        let found = output(&network, &image(&network.input));
        let off = found
            .iter()
            .zip(&wanted)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(off < 1e-4, "{file}: {found:?} {wanted:?}");
    }
}

#[test]
fn rewritten_networks_compute_the_same_and_are_cromulent() {
    let mut rules = BTreeMap::<&str, usize>::new();
    for (file, shortcuts) in logits().into_keys().flat_map(|file| {
        [Shortcuts::Streams, Shortcuts::Codes].map(|shortcuts| (file.clone(), shortcuts))
    }) {
        let mut graph = read(&file);
        let before = graph.network().unwrap();
        let images = random_images(&before.input, 8);
        let rewritten = rewrite(&mut graph, shortcuts).unwrap();
        rewritten
            .changes
            .iter()
            .for_each(|change| *rules.entry(change.rule).or_default() += 1);
        calibrate(&mut graph, &rewritten.inserted, &images[..4]).unwrap();
        let after = graph.network().unwrap();
        for image in &images {
            let (found, wanted) = (output(&after, image), output(&before, image));
            let off = difference(&found, &wanted);
            assert!(off < 1e-5, "{file} {shortcuts:?}: {off}");
        }
        let report = check(&after);
        assert!(
            report.cromulent,
            "{file} {shortcuts:?}: {:?}",
            report.problems
        );
    }
    let wanted = [
        "average-pool-linear",
        "batch-norm",
        "identity-norm",
        "max-pool",
        "shortcut-convolution",
        "shortcut-stream",
        "statistics",
    ];
    assert_eq!(
        rules.keys().copied().collect::<Vec<_>>(),
        wanted,
        "every rewrite was needed"
    );
}

#[test]
fn what_is_written_is_read_back() {
    let folder = std::env::temp_dir().join(format!("cromulent-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for file in logits().into_keys() {
        let mut graph = read(&file);
        let rewritten = rewrite(&mut graph, Shortcuts::Streams).unwrap();
        let images = random_images(&graph.input, 2);
        calibrate(&mut graph, &rewritten.inserted, &images).unwrap();
        let network = graph.network().unwrap();
        let files = write(&network, "network.safetensors", &[format!("from {file}")]);
        std::fs::write(folder.join("network.safetensors"), &files.weights).unwrap();
        let description = folder.join("network.toml");
        std::fs::write(&description, &files.description).unwrap();
        let back = Network::load(&description).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!((&back.name, &back.input), (&network.name, &network.input));
        for image in &images {
            let off = difference(&output(&back, image), &output(&network, image));
            assert!(off < 2e-6, "{file}: {off}");
        }
        assert_eq!(
            write(&network, "network.safetensors", &[format!("from {file}")]),
            files
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn calibration_is_the_same_on_any_number_of_threads() {
    let calibrated = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let mut graph = read("post-resnet-17.onnx");
            let rewritten = rewrite(&mut graph, Shortcuts::Streams).unwrap();
            let images = random_images(&graph.input, 9);
            calibrate(&mut graph, &rewritten.inserted, &images).unwrap();
            graph
        })
    };
    assert_eq!(calibrated(1), calibrated(3));
}

#[test]
fn without_images_nothing_is_calibrated() {
    let mut graph = read("post-resnet-17.onnx");
    let rewritten = rewrite(&mut graph, Shortcuts::Streams).unwrap();
    let problems = calibrate(&mut graph, &rewritten.inserted, &[]).unwrap_err();
    assert!(
        problems
            .to_string()
            .contains("give --calibrate a file of images"),
        "{problems}"
    );
}

/// The weights alone, and their names, make the same network.
#[test]
fn weights_without_a_graph_make_the_same_network() {
    let folder = std::env::temp_dir().join(format!("cromulent-weights-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("weights.safetensors");
    for onnx in [
        "post-resnet-17.onnx",
        "post-resnet-projected-13.onnx",
        "post-resnet-imagenet-13.onnx",
        "pre-resnet-9.onnx",
    ] {
        let wanted = read(onnx).network().unwrap();
        std::fs::write(&file, write(&wanted, "", &[]).weights).unwrap();
        let tensors = safetensors(&file).unwrap();
        let found = torch::build(&tensors, wanted.input.clone(), "weights", "file").unwrap();
        let (image, found) = (image(&wanted.input), found.network().unwrap());
        assert_eq!(output(&found, &image), output(&wanted, &image), "{onnx}");
    }
    let mut tensors = safetensors(&file).unwrap();
    tensors.remove("blocks.1.bn2.running_mean");
    let input = read("pre-resnet-9.onnx").input;
    let problems = torch::build(&tensors, input, "weights", "file").unwrap_err();
    assert!(
        problems
            .to_string()
            .starts_with("file: tensor `blocks.1.bn2.running_mean`: is missing"),
        "{problems}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
