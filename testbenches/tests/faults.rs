//! Faults planted in the emitted Verilog: `verify` must see each and name the first differing word.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cromulent::tools::Scratch;
use cromulent_testbenches::tools;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The program, next to the test's own in cargo's target folder.
fn cromulent(arguments: &[&str]) -> Output {
    let own = std::env::current_exe().expect("a test has a path");
    let folder = own
        .parent()
        .and_then(Path::parent)
        .expect("in target/<profile>/deps");
    let mut command = Command::new(folder.join("cromulent"));
    command
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("the program is built with the workspace")
}

const DESIGN: &str = "constraints/designs/small-8x8.toml";
const NETWORK: &str = "docs/examples/fashion-resnet8.toml";

/// Generates the design, replaces `from` by `to` in one file, and verifies a layer with the result.
fn verify_with(layer: &str, file: &str, from: &str, to: &str) -> Output {
    let scratch = Scratch::new().expect("a temporary folder");
    let rtl = scratch.path().join("rtl");
    let folder = rtl.to_str().expect("a plain path");
    let generated = cromulent(&["generate", "--design", DESIGN, "--out", folder]);
    assert!(
        generated.status.success(),
        "{}",
        String::from_utf8_lossy(&generated.stderr)
    );
    let path = rtl.join(file);
    let text = fs::read_to_string(&path).expect("a generated file");
    assert!(
        text.contains(from),
        "{file} no longer holds `{from}`:\n{text}"
    );
    fs::write(&path, text.replacen(from, to, 1)).expect("a generated file");
    let common = [
        "verify",
        "--design",
        DESIGN,
        "--network",
        NETWORK,
        "--layer",
        layer,
        "--rtl",
        folder,
    ];
    let executors = ["--executors", "reference,model,verilator"];
    cromulent(&[&common[..], &executors[..]].concat())
}

fn assert_seen(output: &Output, what: &str) {
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(1), "{what}: {text}{errors}");
    assert!(
        text.contains("first difference of verilator to reference: column tile"),
        "{what}: {text}"
    );
    assert!(text.contains("instead of"), "{what}: {text}");
}

/// A small layer: the projection of the last block.
const LAYER: &str = "blocks.2.shortcut";

#[test]
fn planted_faults_are_seen_and_named() {
    if tools::verilator().is_none() {
        return;
    }
    let faults = [
        (
            "an operator flipped in the element",
            "pe.v",
            "sum <= sum_in + ",
            "sum <= sum_in - ",
        ),
        ("a threshold off by one", "row_edge.v", ">=", ">"),
        ("the correction left out", "column_foot.v", "+ {", "& {"),
    ];
    for (what, file, from, to) in faults {
        assert_seen(&verify_with(LAYER, file, from, to), what);
    }
}

#[test]
fn untouched_verilog_passes() {
    if tools::verilator().is_none() {
        return;
    }
    let output = verify_with(LAYER, "pe.v", "sum <= sum_in + ", "sum <= sum_in + ");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
