//! `compile`, `generate`, `simulate` and `verify` from the outside, as far as no tool is needed.

use std::fs;
use std::path::Path;

use serde_json::Value;

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};

const OTHER: &str = "constraints/designs/small-8x8-r3.toml";

/// A folder that holds a compiled network below `fashion`.
fn compiled() -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("fashion").to_str().unwrap().to_owned();
    let arguments = ["compile", "--design", DESIGN, "--network", NETWORK];
    let more = ["--base", "0x4000_0000", "--out", &out];
    let output = cromulent(&[&arguments[..], &more[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    (home, out)
}

#[test]
fn a_compiled_network_is_a_program_and_its_map() {
    let (_home, out) = compiled();
    let read = |name: &str| fs::read(Path::new(&out).join(name)).unwrap();
    let program = read("program.bin");
    assert_eq!(&program[..4], b"CROM");
    let map: Value = serde_json::from_slice(&read("memory.json")).unwrap();
    let part = |name: &str| {
        let region = &map["memory"][name];
        (
            region["address"].as_u64().unwrap(),
            region["bytes"].as_u64().unwrap(),
        )
    };
    assert_eq!(part("program"), (0x4000_0000, program.len() as u64));
    let (input, input_bytes) = part("input");
    let (result, result_bytes) = part("result");
    assert!(input >= 0x4000_0000 + program.len() as u64 && result >= input + input_bytes);
    assert_eq!((input % 256, result % 256, result_bytes), (0, 0, 80));
    assert_eq!(map["layers"].as_array().unwrap().len(), 10);
    let page = String::from_utf8(read("memory.md")).unwrap();
    assert!(page.contains("| program | `0x40000000` |"), "{page}");
    // What is there already is kept.
    let again = [
        "compile",
        "--design",
        DESIGN,
        "--network",
        NETWORK,
        "--out",
        &out,
    ];
    let (error, code) = json(&again);
    assert_eq!(code, 2);
    assert!(
        error["error"]["problems"][0]["what"]
            .to_string()
            .contains("exists already")
    );
}

#[test]
fn a_program_image_is_taken_by_its_own_design_only() {
    let (_home, out) = compiled();
    let image = Path::new(&out).join("image.crom");
    let file = image.to_str().unwrap();
    let verify = |design: &str| {
        json(&[
            "verify",
            "--design",
            design,
            "--network",
            NETWORK,
            "--image",
            file,
            "--layer",
            "fc",
            "--executors",
            "reference,model",
        ])
    };
    let (value, code) = verify(DESIGN);
    assert_eq!((code, &value["mismatches"]), (0, &Value::from(0)));
    let (error, code) = verify(OTHER);
    assert_eq!(code, 2);
    assert!(
        error
            .to_string()
            .contains("was compiled for design small-8x8"),
        "{error}"
    );
    let mut bytes = fs::read(&image).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&image, bytes).unwrap();
    let (error, code) = verify(DESIGN);
    assert_eq!(code, 2);
    assert!(error.to_string().contains("truncated"), "{error}");
}

#[test]
fn a_memory_map_beyond_the_bus_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("x");
    let (error, code) = json(&[
        "compile",
        "--design",
        DESIGN,
        "--network",
        NETWORK,
        "--base",
        "0xffff_ff00",
        "--out",
        folder.to_str().unwrap(),
    ]);
    assert_eq!(code, 2);
    assert!(error.to_string().contains("memory_address_bits"), "{error}");
    assert!(!folder.exists());
}

#[test]
fn generated_folders_say_how_to_connect_the_top() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("rtl");
    let folder = out.to_str().unwrap();
    let (value, code) = json(&["generate", "--design", DESIGN, "--out", folder]);
    assert_eq!((code, &value["top"]), (0, &Value::from("cromulent")));
    for file in value["files"].as_array().unwrap() {
        assert!(out.join(file.as_str().unwrap()).is_file(), "{file}");
    }
    let list = fs::read_to_string(out.join("files.f")).unwrap();
    for top in ["cromulent", "cromulent_stream"] {
        let name = format!("{top}.v");
        assert!(list.lines().any(|line| line == name), "{list}");
        let text = fs::read_to_string(out.join(&name)).unwrap();
        assert!(text.contains(&format!("module {top} (")));
    }
    let page = fs::read_to_string(out.join("registers.md")).unwrap();
    for part in [
        "## Clock and reset",
        "Byte order is little-endian",
        "| `0x10` | `CONTROL`",
        "WLAST",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn one_executor_is_nothing_to_compare() {
    let arguments = ["verify", "--design", DESIGN, "--network", NETWORK];
    let (error, code) = json(&[&arguments[..], &["--executors", "reference"]].concat());
    assert_eq!(code, 2);
    assert!(error.to_string().contains("nothing to compare"), "{error}");
}

#[test]
fn whole_networks_agree_without_hardware() {
    let arguments = [
        "verify",
        "--design",
        DESIGN,
        "--network",
        NETWORK,
        "--images",
        "2",
    ];
    let (value, code) = json(&[&arguments[..], &["--executors", "model,reference"]].concat());
    assert_eq!(
        (code, &value["mismatches"]),
        (0, &Value::from(0)),
        "{value}"
    );
    assert_eq!(value["layers"].as_array().unwrap().len(), 20);
    assert_eq!(value["images"][1]["output"].as_array().unwrap().len(), 10);
    assert!(value["layers"][0]["reasons"]["verilator"].is_string());
}

#[test]
fn every_error_is_json_when_asked_for() {
    let cases: [&[&str]; 7] = [
        &["verify", "--design", "no/such.toml", "--network", NETWORK],
        &[
            "verify",
            "--design",
            DESIGN,
            "--network",
            NETWORK,
            "--images",
            "0",
        ],
        &["simulate", "--design", DESIGN, "--network", "resnet18"],
        &[
            "simulate",
            "--design",
            DESIGN,
            "--network",
            NETWORK,
            "--input",
            DESIGN,
        ],
        &[
            "simulate",
            "--design",
            DESIGN,
            "--network",
            NETWORK,
            "--threads",
            "0",
        ],
        &[
            "simulate",
            "--design",
            DESIGN,
            "--network",
            NETWORK,
            "--images",
            "101",
        ],
        &["generate", "--desing", DESIGN],
    ];
    for arguments in cases {
        let (value, code) = json(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert_eq!(value["error"]["kind"], "bad_input", "{arguments:?}");
        let problem = &value["error"]["problems"][0];
        for part in ["where", "what", "fix"] {
            assert!(
                !problem[part].as_str().unwrap().is_empty(),
                "{arguments:?}: {part}"
            );
        }
    }
}

#[test]
fn a_window_of_cycles_is_a_waveform() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let out = file("window.vcd");
    let arguments = ["trace", "--design", DESIGN, "--network", NETWORK];
    let window = ["--layer", "blocks.0.conv1", "--cycles", "100..500"];
    let (done, code) = json(&[&arguments[..], &window, &["--out", &out]].concat());
    assert_eq!(code, 0, "{done}");
    let first = done["first_cycle"].as_u64().unwrap();
    assert_eq!(done["end_cycle"], first + 400);
    let text = fs::read_to_string(&out).unwrap();
    assert!(
        text.contains("word_7 $end") && text.contains(&format!("#{first}\n")),
        "{text}"
    );
    // What is there is kept, what is wrong is refused with its option, and nothing is left of either.
    let refused = |arguments: &[&str], place: &str| {
        let (error, code) = json(arguments);
        let found = error["error"]["problems"][0]["where"].as_str().unwrap();
        assert_eq!(code, 2);
        assert!(found.ends_with(place), "{found}");
    };
    refused(
        &[&arguments[..], &window, &["--out", &out]].concat(),
        "window.vcd",
    );
    let (text_file, late) = (file("window.txt"), file("late.fst"));
    refused(
        &[&arguments[..], &["--out", &text_file]].concat(),
        "window.txt",
    );
    for cycles in ["5..5", "0..99999999"] {
        let more = ["--cycles", cycles, "--out", &late];
        refused(&[&arguments[..], &more].concat(), "--cycles");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
