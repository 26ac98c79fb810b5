//! Networks that PyTorch exported, imported, rewritten and calibrated: their words and cycles in Verilog are those of the
//! reference and of the cycle model.

use std::fs;
use std::path::Path;

use cromulent_testbenches::{small, tools};

/// Exported networks, the side of their images, and a format in which they compile.
const NETWORKS: [(&str, u32, &str); 6] = [
    ("post-resnet-17", 16, "L4"),
    ("post-resnet-17", 16, "R3"),
    ("post-resnet-imagenet-13", 32, "L4"),
    ("post-resnet-imagenet-13", 32, "R3"),
    ("vgg-9", 16, "L4"),
    ("densenet-13", 16, "L4"),
];

/// Two images in IDX.
fn images(side: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 4];
    for extent in [2, side, side, 3] {
        bytes.extend(extent.to_be_bytes());
    }
    let pixel = |i: u32| ((i * 73 + i * i * 11) % 251) as u8;
    bytes.extend((0..2 * side * side * 3).map(pixel));
    bytes
}

/// A small design that pools, and keeps codes in this format.
fn design(format: &str) -> String {
    let file = if format == "R3" {
        "small-8x8-r3"
    } else {
        "small-8x8"
    };
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../constraints/designs/{file}.toml"));
    let text = fs::read_to_string(path).expect("a shipped design");
    text.replace("max_pool = false", "max_pool = true ")
}

fn run(arguments: &[&str]) -> String {
    let output = small::cromulent(arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    said
}

#[test]
fn imported_networks_are_equal_on_every_executor() {
    if tools::verilator().is_none() {
        return;
    }
    let scratch = cromulent::tools::Scratch::new().expect("a temporary folder");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    for (number, (name, side, format)) in NETWORKS.into_iter().enumerate() {
        let (data, plan) = (path("images"), path("design.toml"));
        fs::write(&data, images(side)).expect("a file");
        fs::write(&plan, design(format)).expect("a file");
        let network = path(&format!("{number}.toml"));
        let file = format!("sim/import/tests/data/{name}.onnx");
        let normalised = ["--normalize", "0.45,0.25", "--calibrate", &data];
        run(&[&["import", &file, "--out", &network], &normalised[..]].concat());
        let of_network = ["--design", &plan, "--network", &network, "--input", &data];
        let executors = ["--executors", "reference,model,verilator", "--images", "2"];
        let said = run(&[&["verify"], &of_network[..], &executors].concat());
        assert!(said.ends_with("all equal\n"), "{name} {format}: {said}");
        let said = run(&[&["simulate"], &of_network[..]].concat());
        assert!(said.contains("image 0: class"), "{name} {format}: {said}");
    }
}

/// The first values of a DenseNet, stored as integers for its first batch-norm and as codes for the later ones: all of it in
/// Verilog, and the layer that runs twice in rust_hdl as well.
#[test]
fn a_dense_network_whose_first_normalisation_is_left_uncoded_is_equal_on_every_executor() {
    if tools::verilator().is_none() {
        return;
    }
    let scratch = cromulent::tools::Scratch::new().expect("a temporary folder");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let (data, plan, network) = (path("images"), path("design.toml"), path("dense.toml"));
    fs::write(&data, images(16)).expect("a file");
    fs::write(&plan, design("L4")).expect("a file");
    let file = "sim/import/tests/data/densenet-13.onnx";
    let normalised = ["--normalize", "0.45,0.25", "--calibrate", &data];
    run(&[&["import", file, "--out", &network], &normalised[..]].concat());
    // What is max-pooled cannot be left uncoded, so the stem goes without its pool.
    let text = fs::read_to_string(&network).expect("what was imported");
    let lines = text
        .lines()
        .filter(|line| !line.contains("op = \"max-pool\""));
    let rectified = lines.collect::<Vec<_>>().join("\n");
    let plain = rectified.replace("  { name = \"relu\", op = \"relu\" },\n", "");
    let plain = plain.replace("\"relu\", \"block1", "\"conv0\", \"block1");
    assert!(rectified != text && plain != rectified);
    for text in [rectified, plain] {
        fs::write(&network, text).expect("a file");
        let of_network = ["--design", &plan, "--network", &network, "--input", &data];
        let uncoded = ["--first", "uncoded"];
        let verify = |more: &[&str]| run(&[&["verify"], &of_network[..], &uncoded, more].concat());
        let said = verify(&["--executors", "reference,model,verilator", "--images", "2"]);
        assert!(said.ends_with("all equal\n"), "{said}");
        assert!(said.contains("conv0.for.block1.1.norm1"), "{said}");
        for layer in ["conv0", "conv0.for.block1.1.norm1", "block1.0.conv1"] {
            let said = verify(&["--layer", layer, "--executors", "reference,model,rust_hdl"]);
            assert!(
                said.contains("rust_hdl") && said.ends_with("all equal\n"),
                "{said}"
            );
        }
    }
}
