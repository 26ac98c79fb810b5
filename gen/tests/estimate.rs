//! `estimate` from the outside.

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};
use serde_json::Value;

const ASKED: [&str; 5] = ["estimate", "--design", DESIGN, "--network", NETWORK];

fn sum(object: &Value) -> u64 {
    let numbers = object.as_object().unwrap().values();
    numbers.map(|number| number.as_u64().unwrap()).sum()
}

fn layers(found: &Value) -> &[Value] {
    found["layers"].as_array().unwrap()
}

#[test]
fn parts_add_up_and_every_number_has_its_source() {
    let (found, code) = json(&[&ASKED[..], &["--technology", "horowitz-45nm"]].concat());
    assert_eq!((code, &found["area"]), (0, &Value::Null));
    let energy = &found["energy_pj"];
    assert_eq!(sum(&energy["parts"]), energy["total"].as_u64().unwrap());
    for end in [0, 1] {
        let parts = energy["range"]["parts"].as_object().unwrap().values();
        let parts: u64 = parts.map(|part| part[end].as_u64().unwrap()).sum();
        assert_eq!(energy["range"]["total"][end].as_u64(), Some(parts));
    }
    // The layers and the commands are all there is.
    let layers = found["layers"].as_array().unwrap().iter();
    let elements = layers.map(|layer| layer["energy_pj"]["parts"]["elements"].as_u64().unwrap());
    let whole = energy["parts"]["elements"].as_u64().unwrap();
    let layers: Vec<u64> = elements.collect();
    assert!(whole.abs_diff(layers.iter().sum()) <= layers.len() as u64);
    let sources = found["sources"].as_array().unwrap();
    assert!(
        sources
            .iter()
            .any(|source| source.as_str().unwrap().contains("ISSCC 2014"))
    );
}

#[test]
fn bytes_are_those_that_simulate_counts() {
    let (found, _) = json(&ASKED);
    assert_eq!(found["energy_pj"], Value::Null);
    let dram = &found["dram_bytes"];
    let total = dram["total"].as_u64().unwrap();
    assert_eq!(sum(dram), 2 * total);
    let simulate = [&["simulate"], &ASKED[1..], &["--timing-only"]].concat();
    let (timed, _) = json(&simulate);
    assert_eq!(found["cycles"], timed["program"]["cycles"]);
    assert_eq!(found["utilization"], timed["program"]["utilization"]);
    assert_eq!(found["stalls"], timed["program"]["stalls"]);
    for (layer, timed) in layers(&found).iter().zip(layers(&timed)) {
        assert_eq!(layer["utilization"], timed["utilization"]);
        assert_eq!(layer["stalls"]["drain"], timed["stalls"]["drain"]);
    }
    // One starts when the one before it has issued its last beat.
    let starts = layers(&found).iter().map(|layer| &layer["start"]);
    let starts: Vec<u64> = starts.map(|start| start.as_u64().unwrap()).collect();
    assert!(starts.is_sorted() && starts[1] > starts[0], "{starts:?}");
    let weights = timed["layers"].as_array().unwrap().iter();
    let weights = weights.map(|layer| layer["dram_words"]["weights"].as_u64().unwrap());
    assert_eq!(dram["weights"].as_u64(), Some(16 * weights.sum::<u64>()));
    let stored = &found["activations"];
    // L4: half of int8, an eighth of fp32.
    let bytes = |key: &str| stored[key].as_u64().unwrap();
    assert_eq!(bytes("coded_bytes") * 2, bytes("int8_bytes"));
    assert_eq!(bytes("coded_bytes") * 8, bytes("fp32_bytes"));
    assert_eq!(bytes("stream_bytes"), 2 * bytes("stream_values"));
}

/// A DenseNet whose first normalisation is left uncoded stores the values of its first convolution twice.
#[test]
fn a_value_in_two_forms_has_the_bytes_of_both() {
    let design = "constraints/designs/small-8x8.toml";
    let asked = [
        "estimate",
        "--design",
        design,
        "--network",
        "densenet-40-12",
    ];
    let stored = |more: &[&str]| {
        let (found, code) = json(&[&asked[..], more].concat());
        assert_eq!(code, 0, "{found}");
        ["coded_values", "coded_bytes", "fp32_bytes"]
            .map(|key| found["activations"][key].as_u64().unwrap())
    };
    let (coded, uncoded) = (stored(&[]), stored(&["--first", "uncoded"]));
    assert_eq!((uncoded[0], uncoded[2]), (coded[0], coded[2]));
    // 16 channels of 32 × 32, a byte each.
    assert_eq!(uncoded[1], coded[1] + 16 * 32 * 32);
}

#[test]
fn a_roofline_is_drawn_and_bad_tables_are_refused_with_their_place() {
    let home = tempfile::tempdir().unwrap();
    let svg = home.path().join("roofline.svg");
    let plot = ["--plot", svg.to_str().unwrap()];
    let output = cromulent(&[&ASKED[..], &plot].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(std::fs::read_to_string(&svg).unwrap().contains("layers"));
    let table = home.path().join("mine.toml");
    std::fs::write(
        &table,
        "name = \"mine\"\n[[add]]\nbits = 8\npicojoule = 1\n",
    )
    .unwrap();
    let path = table.to_str().unwrap();
    let output = cromulent(&[&ASKED[..], &["--technology", path]].concat());
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("mine.toml:2:1: this [[add]] has no source"),
        "{said}"
    );
    assert!(said.contains("there is no [[dram]]"), "{said}");
    let output = cromulent(&[&ASKED[..], &["--technology", "no-such"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("horowitz-45nm, jouppi-7nm"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_area_is_the_sum_of_its_parts() {
    let (found, code) = json(&[&ASKED[..], &["--target", "ecp5"]].concat());
    assert_eq!(code, 0);
    let area = &found["area"];
    let parts = area["parts"].as_object().unwrap();
    for key in ["luts", "ffs", "brams", "dsps"] {
        let sum: u64 = parts.values().map(|part| part[key].as_u64().unwrap()).sum();
        assert_eq!(area[key].as_u64(), Some(sum), "{key}");
    }
    assert_eq!(area["dsps"], 0);
    assert!(area["area_um2"].is_null() && area["memory_bits"].is_null());
    assert_eq!(parts["pe"]["instances"], 64);
    // 64 elements of some 54 tables, and an accelerator around them.
    let luts = area["luts"].as_u64().unwrap();
    let elements = parts["pe"]["luts"].as_u64().unwrap();
    assert!(
        (3000..4200).contains(&elements) && luts > 4 * elements,
        "{elements} of {luts}"
    );
    // Cells of a library: memories are bits, and there are no tables.
    let library = ["--target", "sky130_fd_sc_hd__tt_025C_1v80"];
    let (found_in_cells, code) = json(&[&ASKED[..], &library].concat());
    assert_eq!(code, 0);
    let cells = &found_in_cells["area"];
    let parts = cells["parts"].as_object().unwrap();
    for key in ["area_um2", "ffs", "memory_bits"] {
        let sum: u64 = parts.values().map(|part| part[key].as_u64().unwrap()).sum();
        assert_eq!(cells[key].as_u64(), Some(sum), "{key}");
    }
    assert!(cells["luts"].is_null() && cells["brams"].is_null());
    assert!(cells["area_um2"].as_u64() > Some(500_000));
    // Code banks of 16384 words of 8 bits, streams of 4096 of 16, and others.
    assert!(cells["memory_bits"].as_u64() > Some(8 * 16384 * 8 + 8 * 4096 * 16));
    let text = cromulent(&[&ASKED[..], &["--target", "ecp5"]].concat());
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("area on ecp5, predicted") && text.contains("row_edge"),
        "{text}"
    );
    let sources = found["sources"].as_array().unwrap();
    assert!(
        sources
            .iter()
            .any(|source| source.as_str().unwrap().contains("Yosys"))
    );
}

#[test]
fn a_target_without_a_model_is_refused_and_says_what_to_run() {
    let output = cromulent(&[&ASKED[..], &["--target", "virtex"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("virtex") && said.contains("ecp5") && said.contains("calibrate-area"),
        "{said}"
    );
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("mine.lib");
    let text = r#"library (mine) { time_unit : "1ns"; capacitive_load_unit (1, pf);
      cell (dff) { area : 8.0; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
        pin (C) { direction : input; clock : true; } pin (D) { direction : input; }
        pin (Q) { direction : output; function : "IQ"; } } }"#;
    std::fs::write(&library, text).unwrap();
    let path = library.to_str().unwrap();
    let output = cromulent(&[&ASKED[..], &["--liberty", path]].concat());
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("library mine") && said.contains("calibrate-area"),
        "{said}"
    );
    let model = home.path().join("mine.toml");
    std::fs::write(&model, "target = \"mine\"\nsource = 3\n").unwrap();
    let output = cromulent(&[&ASKED[..], &["--target", model.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("mine.toml:2:10: is no text"),
        "{}",
        stderr(&output)
    );
}

/// A layer's loops cover it, and what it moves and takes is no less than its bound.
#[test]
fn a_mapping_is_found_for_the_memories_and_says_what_it_needs() {
    let design = "constraints/designs/imagenet-32x32.toml";
    let asked = [
        "estimate",
        "--design",
        design,
        "--network",
        "resnet18",
        "--map",
        "cycles",
    ];
    let (own, code) = json(&asked);
    let (small, small_code) = json(&[&asked[..], &["--buffer-kib", "64"]].concat());
    assert_eq!((code, small_code), (0, 0));
    for found in [&own["mapping"], &small["mapping"]] {
        let number = |value: &Value| value.as_u64().unwrap();
        let layers = found["layers"].as_array().unwrap();
        assert_eq!(layers.len(), own["layers"].as_array().unwrap().len());
        let cycles: u64 = layers.iter().map(|layer| number(&layer["cycles"])).sum();
        assert_eq!(cycles, number(&found["total"]["cycles"]));
        let near = layers.iter().filter(|layer| layer["near"] == true).count();
        assert_eq!(near as u64, number(&found["near"]));
        for layer in layers {
            let (bytes, bound) = (&layer["dram_bytes"], &layer["bound"]);
            assert_eq!(sum(bytes), 2 * number(&bytes["total"]));
            assert!(
                number(&bytes["total"]) >= number(&bound["dram_bytes"]),
                "{layer}"
            );
            assert!(
                number(&layer["cycles"]) >= number(&bound["cycles"]),
                "{layer}"
            );
            // Far from the bound a memory is named that is too small.
            let named = !layer["too_small"].as_array().unwrap().is_empty();
            assert_eq!(named, layer["near"] == false, "{layer}");
        }
        assert_eq!(found["total"]["energy_pj"], Value::Null);
    }
    // All maps fit the design's own memories and none moves; in 64 KiB most do.
    let staying = |found: &Value| {
        let values = found["mapping"]["values"].as_array().unwrap().iter();
        values.filter(|value| value["on_chip"] == true).count()
    };
    let all = own["mapping"]["values"].as_array().unwrap().len();
    assert_eq!(staying(&own), all);
    assert!(staying(&small) < all);
    let compiles = |found: &Value| found["mapping"]["compiles"].as_bool();
    assert_eq!(
        (compiles(&own), compiles(&small)),
        (Some(true), Some(false))
    );
    for (memory, bytes) in small["mapping"]["buffer_bytes"].as_object().unwrap() {
        let bytes = bytes.as_u64().unwrap();
        assert!(
            (60 * 1024..=64 * 1024).contains(&bytes),
            "{memory}: {bytes}"
        );
    }
    // The layers that need nothing are those the machine runs; it takes as long as the model says.
    let layers = own["mapping"]["layers"].as_array().unwrap().iter();
    let timed = own["layers"].as_array().unwrap().iter();
    let running = layers
        .zip(timed)
        .filter(|(layer, _)| layer["needs"] == serde_json::json!([]));
    let mut count = 0;
    for (layer, timed) in running {
        let cycles = [layer, timed].map(|layer| layer["cycles"].as_u64().unwrap());
        assert!(
            cycles[0].abs_diff(cycles[1]) <= 100,
            "{}: {cycles:?}",
            layer["name"]
        );
        count += 1;
    }
    assert!(count > 10);
}

#[test]
fn mappings_that_cannot_be_searched_are_refused_with_what_would_do() {
    let design = "constraints/designs/imagenet-32x32.toml";
    let asked = [
        "estimate",
        "--design",
        design,
        "--network",
        "resnet18",
        "--map",
    ];
    for (more, expected) in [
        (&["energy"][..], "give --technology too, or --map cycles"),
        (
            &["cycles", "--buffer-kib", "1"],
            "weight_depth = 27 does not hold two tiles",
        ),
        (
            &["cycles", "--buffer-kib", "5"],
            "layer conv1 has no mapping that fits; code_depth = 728",
        ),
    ] {
        let output = cromulent(&[&asked[..], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(
            stderr(&output).contains(expected),
            "{more:?}: {}",
            stderr(&output)
        );
    }
    let energy = [
        "energy",
        "--technology",
        "horowitz-45nm",
        "--buffer-kib",
        "64",
    ];
    let (found, code) = json(&[&asked[..], &energy].concat());
    let total = &found["mapping"]["total"]["energy_pj"];
    let bound = &found["mapping"]["bound"]["energy_pj"];
    assert_eq!(code, 0);
    assert!(total.as_u64() >= bound.as_u64() && bound.as_u64() > Some(0));
}
