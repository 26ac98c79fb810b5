//! The program from the outside.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

pub const DESIGN: &str = "constraints/designs/small-8x8.toml";
pub const NETWORK: &str = "docs/examples/fashion-resnet8.toml";

/// Runs the program at the root of the repository.
pub fn cromulent(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cromulent"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one JSON object a command prints with `--json`, and its exit code.
pub fn json(arguments: &[&str]) -> (Value, i32) {
    let output = cromulent(&[arguments, &["--json"]].concat());
    let value = serde_json::from_slice(&output.stdout);
    (
        value.unwrap_or_else(|_| panic!("no JSON: {output:?}")),
        output.status.code().unwrap(),
    )
}
