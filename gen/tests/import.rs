//! `cromulent import` from the outside, on networks that PyTorch exported.

mod common;

use common::{cromulent, json, stderr};
use std::path::Path;

const RESNET: &str = "sim/import/tests/data/post-resnet-17.onnx";

/// A file of 4 images of 3 × 16 × 16, in IDX.
fn images(folder: &Path) -> String {
    let mut bytes = vec![0, 0, 8, 4];
    [4u32, 16, 16, 3]
        .iter()
        .for_each(|extent| bytes.extend(extent.to_be_bytes()));
    bytes.extend((0..4 * 16 * 16 * 3).map(|i: usize| ((i * 73 + i * i * 11) % 251) as u8));
    let path = folder.join("images");
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_network_is_rewritten_calibrated_and_fits_a_design() {
    let folder = tempfile::tempdir().unwrap();
    let (out, data) = (folder.path().join("net.toml"), images(folder.path()));
    let out = out.to_str().unwrap();
    let arguments = [
        "import",
        RESNET,
        "--normalize",
        "0.45,0.25",
        "--calibrate",
        &data,
        "--out",
        out,
    ];
    let (value, code) = json(&arguments);
    assert_eq!(code, 0, "{value}");
    assert_eq!(
        (
            value["cromulent"].as_bool(),
            value["calibration_images"].as_u64()
        ),
        (Some(true), Some(4))
    );
    let rules: Vec<_> = value["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["batch-norm", "shortcut-stream", "identity-norm"]);
    let design = ["check", "--design", common::DESIGN, "--network", out];
    let output = cromulent(&design);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Nothing is written over.
    let output = cromulent(&arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("exists already"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_missing_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("net.toml");
    let out = out.to_str().unwrap();
    for (arguments, wanted) in [
        (
            &["import", RESNET, "--out", out][..],
            "give --calibrate a file of images",
        ),
        (&["import", RESNET, "--out", "net"], "end it with .toml"),
        (
            &["import", common::NETWORK, "--out", out],
            "give a whole ONNX file",
        ),
        (
            &["import", RESNET, "--topology", "resnet20", "--out", out],
            "give a whole safetensors file",
        ),
        (
            &["import", RESNET, "--normalize", "mnist", "--out", out],
            "write imagenet, cifar10",
        ),
    ] {
        let output = cromulent(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
