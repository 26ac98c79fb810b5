//! `compare` from the outside.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use cromulent::tools::yosys::YOSYS;
use serde_json::Value;

const NETWORK: &str = "docs/examples/fashion-resnet8.toml";

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs `compare` with a cache of its own.
fn compare(cache: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cromulent"))
        .arg("compare")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("CROMULENT_CACHE", cache)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// Whether there is a Yosys; where the variable `CI` is set there must be one.
fn yosys() -> bool {
    match YOSYS.find() {
        Ok(_) => true,
        Err(error) if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) => {
            panic!("CI must not skip: {error}")
        }
        Err(error) => {
            eprintln!("SKIPPED, for want of Yosys: {error}");
            false
        }
    }
}

const SMALL: [&str; 9] = [
    "--formats",
    "R3,int8",
    "--rows",
    "2",
    "--columns",
    "2",
    "--target",
    "ice40",
    "--json",
];

fn rows(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["rows"].as_array().unwrap().clone()
}

#[test]
fn a_row_for_each_format_and_a_second_run_asks_yosys_for_nothing() {
    if !yosys() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let first = compare(home.path(), &SMALL, &[]);
    let found = rows(&first);
    assert_eq!(found.len(), 2);
    for (row, format) in found.iter().zip(["R3", "int8"]) {
        assert_eq!(row["format"], format);
        for key in ["luts", "ffs", "brams"] {
            assert!(row[key].is_u64(), "{format} {key}");
        }
        for key in ["area_um2", "fmax_mhz", "pj_per_mac", "top1"] {
            assert!(
                row[key].is_null() && row.get(key).is_some(),
                "{format} {key}"
            );
        }
        // Elements of the first row add nothing from above.
        let element = row["element"]["shadow"]["luts"].as_u64().unwrap();
        assert!(row["luts"].as_u64().unwrap() > 2 * element);
    }
    assert_eq!(found[1]["pe"], "multiply");
    assert!(found[0]["luts"].as_u64() < found[1]["luts"].as_u64());
    assert!(found[0]["with_digits"]["array"]["luts"].as_u64() > found[0]["luts"].as_u64());
    assert!(found[1]["with_digits"].is_null());
    // A Yosys of the same version that maps nothing shows that it is not asked.
    let stub = home.path().join("yosys");
    let version = Command::new(&YOSYS.find().unwrap().path)
        .arg("-V")
        .output()
        .unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let script = "printf '#!/bin/sh\\ntest \"$1\" = -V && echo \"%s\" || exit 1\\n' \"$1\" > \"$2\"; chmod +x \"$2\"";
    let stub_text = stub.to_str().unwrap();
    let made = Command::new("sh")
        .args(["-c", script, "sh", version.trim(), stub_text])
        .status();
    assert!(made.unwrap().success());
    let second = compare(home.path(), &SMALL, &[("CROMULENT_YOSYS", stub_text)]);
    assert_eq!(second.stdout, first.stdout, "{}", stderr(&second));
    // A damaged entry is synthesised again, which that Yosys cannot.
    let entries: Vec<_> = fs::read_dir(home.path().join("synthesis"))
        .unwrap()
        .collect();
    for entry in entries {
        fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    let third = compare(home.path(), &SMALL, &[("CROMULENT_YOSYS", stub_text)]);
    assert_eq!(third.status.code(), Some(4), "{}", stderr(&third));
    let fourth = compare(home.path(), &SMALL, &[]);
    assert_eq!(fourth.stdout, first.stdout);
}

/// Six cells, enough to map to.
const LIBRARY: &str = r#"library (six) {
  time_unit : "1ns"; capacitive_load_unit (1, pf);
  cell (buf) { area : 1.0; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (inv) { area : 1.0; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
  cell (nand) { area : 2.0; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A & B)"; } }
  cell (nor) { area : 2.0; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A | B)"; } }
  cell (dff) { area : 8.0; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (C) { direction : input; clock : true; } pin (D) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
  cell (adder) { area : 9.0; pin (A) { direction : input; } pin (B) { direction : input; } pin (CI) { direction : input; }
    pin (S) { direction : output; function : "A ^ B ^ CI"; }
    pin (CO) { direction : output; function : "(A & B) | (A & CI) | (B & CI)"; } }
}
"#;

#[test]
fn any_library_gives_square_micrometres_and_a_trained_network_accuracy() {
    if !yosys() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("six.lib");
    fs::write(&library, LIBRARY).unwrap();
    let library = library.to_str().unwrap();
    let arguments = [
        "--formats",
        "R3",
        "--rows",
        "1",
        "--columns",
        "1",
        "--liberty",
        library,
    ];
    let rest = ["--network", NETWORK, "--json"];
    let found = rows(&compare(
        home.path(),
        &[&arguments[..], &rest].concat(),
        &[],
    ));
    let row = &found[0];
    assert!(row["luts"].is_null() && row["brams"].is_null());
    let (area, flip_flops) = (
        row["area_um2"].as_f64().unwrap(),
        row["ffs"].as_f64().unwrap(),
    );
    assert!(
        area > 8.0 * flip_flops && flip_flops > 20.0,
        "{area} {flip_flops}"
    );
    let top1 = row["top1"].as_f64().unwrap();
    assert!((80.0..=100.0).contains(&top1), "{top1}");
    // A format that is asked for twice has one row of each kind.
    let all = [
        "--formats",
        "L3,L3",
        "--rows",
        "1",
        "--columns",
        "1",
        "--pe",
        "all",
        "--liberty",
        library,
        "--json",
    ];
    let found = rows(&compare(home.path(), &all, &[]));
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let mut kinds: Vec<_> = found
        .iter()
        .map(|row| (text(row, "pe"), text(row, "affine")))
        .collect();
    kinds.sort();
    let wanted = [
        ("log-log", "recentred"),
        ("shift", "exact"),
        ("shift", "recentred"),
    ];
    assert_eq!(
        kinds,
        wanted.map(|(pe, affine)| (pe.to_owned(), affine.to_owned()))
    );
}

#[test]
fn what_is_wrong_is_said_before_anything_is_synthesised() {
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("bad.lib");
    let started = Instant::now();
    let refused = |text: &str, expected: &str| {
        fs::write(&library, text).unwrap();
        let output = compare(home.path(), &["--liberty", library.to_str().unwrap()], &[]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(
            said.contains(expected) && said.contains("bad.lib"),
            "{expected}\n{said}"
        );
    };
    refused(&LIBRARY[..900], "the file ends within");
    refused(
        &LIBRARY.replace("ff (", "latch ("),
        "none of the 6 cells is a flip-flop",
    );
    refused(
        &LIBRARY.replace("1ns", "1 blink"),
        "is no unit that is known",
    );
    refused(
        &LIBRARY.replace("area :", "weight :"),
        "no cell has an area",
    );
    refused("", "no library begins here");
    let wrong: [&[&str]; 6] = [
        &["--formats", "R3"],
        &["--target", "ice41"],
        &["--target", "ice40", "--formats", "R9"],
        &["--target", "ice40", "--rows", "2", "--columns", "4"],
        &["--target", "ice40", "--rows", "0"],
        &["--target", "ice40", "--route"],
    ];
    for arguments in wrong {
        let output = compare(home.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    assert!(!home.path().join("synthesis").exists());
    eprintln!("{} s", started.elapsed().as_secs());
}

#[test]
fn without_yosys_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let output = compare(
        home.path(),
        &SMALL,
        &[("CROMULENT_YOSYS", "/no/such/yosys")],
    );
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["error"]["tool"], "Yosys");
}
