//! `cromulent check`, and what all commands share, from the outside.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A design file with these contents.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_network_may_be_named_without_its_option() {
    let named = cromulent(&["check", "--network", NETWORK]);
    let plain = cromulent(&["check", NETWORK]);
    assert_eq!(plain.status.code(), Some(0), "{}", stderr(&plain));
    assert_eq!(stdout(&plain), stdout(&named));
    let seeded = cromulent(&["check", "resnet20", "--seed", "2"]);
    assert_eq!(seeded.status.code(), Some(0), "{}", stderr(&seeded));
    let both = cromulent(&["check", NETWORK, "--network", NETWORK]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_design_on_its_own_shows_what_follows() {
    let output = cromulent(&["check", "--design", DESIGN]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("small-8x8: 8×8 processing elements, shift, L4, exact\n"));
    assert!(
        stdout(&output).contains("column_sum       18 bits"),
        "{}",
        stdout(&output)
    );
    let (value, code) = json(&["check", "--design", DESIGN]);
    assert_eq!(code, 0);
    assert_eq!(value["design"]["bits"]["column_sum"], 18);
    assert_eq!(value["problems"], Value::Array(vec![]));
}

#[test]
fn a_network_shows_its_modules() {
    let (value, code) = json(&["check", "--network", NETWORK]);
    assert_eq!(code, 0);
    assert_eq!(value["cromulent"], true);
    let modules = value["modules"].as_array().unwrap();
    assert_eq!(modules.len(), 10);
    assert_eq!(modules[1]["learnt"], "blocks.0.conv1");
    assert_eq!(modules[1]["batch_norm"], "blocks.0.bn1");
    assert!(modules[0]["batch_norm"].is_null());
    let output = cromulent(&["check", "--network", NETWORK]);
    assert!(stdout(&output).contains("conv1 → blocks.0.bn1 → blocks.0.relu1 → blocks.0.conv1"));
}

#[test]
fn a_network_that_does_not_fit_the_design_is_refused() {
    let text = "rows = 8\ncolumns = 8\nformat = \"L4\"\naffine = \"exact\"\nimage_digits = true\ncode_depth = 64\n";
    let (_folder, design) = file(text);
    let output = cromulent(&["check", "--design", &design, "--network", NETWORK]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("code_depth"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
    let (value, code) = json(&["check", "--design", &design, "--network", NETWORK]);
    assert_eq!((code, &value["cromulent"]), (2, &Value::Bool(true)));
    assert!(value["problems"].to_string().contains("code_depth"));
}

#[test]
fn problems_are_errors_in_text_and_data_in_json() {
    let (_folder, design) = file("rows = 0\ncolums = 8\nformat = \"L4\"\naffine = \"exact\"\n");
    let output = cromulent(&["check", "--design", &design, "--network", "no/such.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let lines = stderr(&output);
    assert!(
        lines.contains(&format!("error: {design}:1:8: rows = 0 is out of range")),
        "{lines}"
    );
    assert!(lines.contains(&format!(
        "error: {design}:2:1: unknown key `colums`; did you mean `columns`?"
    )));
    assert!(
        lines.contains("error: no/such.toml"),
        "both files are looked at: {lines}"
    );
    let (value, code) = json(&["check", "--design", &design]);
    assert_eq!((code, &value["cromulent"]), (2, &Value::Bool(false)));
    let problem = &value["problems"][0];
    assert_eq!(problem["where"], format!("{design}:1:8"));
    assert_eq!(problem["what"], "rows = 0 is out of range");
    assert_eq!(problem["fix"], "write a whole number from 1 to 128");
}

#[test]
fn a_wrong_command_line_is_bad_input() {
    for arguments in [
        &["check"][..],
        &["nonsense"],
        &["verify", "--design", DESIGN],
        &[],
    ] {
        assert_eq!(cromulent(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let typo = cromulent(&["check", "--desing", DESIGN]);
    assert!(stderr(&typo).contains("--design"), "{}", stderr(&typo));
}

#[test]
fn progress_is_silent_without_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rtl");
    let output = cromulent(&[
        "generate",
        "--design",
        DESIGN,
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(0), "")
    );
    let again = cromulent(&[
        "generate",
        "--design",
        DESIGN,
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        stderr(&again).contains("exists already"),
        "{}",
        stderr(&again)
    );
}

#[test]
fn a_missing_tool_is_named_with_the_remedy() {
    let output = Command::new(env!("CARGO_BIN_EXE_cromulent"))
        .args(["verify", "--design", DESIGN, "--network", NETWORK])
        .args([
            "--layer",
            "blocks.0.conv1",
            "--executors",
            "reference,verilator",
        ])
        .env("CROMULENT_VERILATOR", "/no/such/verilator")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(
        message.starts_with("error: Verilator: /no/such/verilator is no program"),
        "{message}"
    );
    assert!(
        message.contains("apt-get install verilator` or `make setup`"),
        "{message}"
    );
}
