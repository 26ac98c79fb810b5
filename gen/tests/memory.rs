//! `memory` from the outside.

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};

#[test]
fn codes_take_their_bits_and_features_are_kept_once() {
    let asked = [
        "memory",
        "densenet121",
        "--batch",
        "64",
        "--formats",
        "fp32,fp16,L4,U8",
    ];
    let (found, code) = json(&asked);
    assert_eq!((code, &found["batch"]), (0, &64.into()));
    let row = |place: usize, key: &str| found["rows"][place][key].as_f64().unwrap();
    // Half of everything but a byte for each value of the max-pool.
    let indices = 64.0 * 64.0 * 56.0 * 56.0;
    assert_eq!(
        row(0, "training_bytes") + indices,
        2.0 * row(1, "training_bytes")
    );
    for place in 0..4 {
        assert!(row(place, "training_bytes") < row(place, "naive_training_bytes"));
        assert!(row(place, "test_peak_bytes") <= row(place, "naive_test_peak_bytes"));
    }
    let ratio = row(0, "training_bytes") / row(2, "training_bytes");
    assert!((6.0..=8.0).contains(&ratio), "{ratio}");
    // What is alive and kept adds up to the row.
    let layers = found["rows"][2]["layers"].as_array().unwrap();
    let sum = layers
        .iter()
        .map(|layer| layer["training_bytes"].as_f64().unwrap())
        .sum::<f64>();
    assert_eq!(sum, row(2, "training_bytes"));
    let peak = layers
        .iter()
        .map(|layer| layer["live_bytes"].as_u64().unwrap())
        .max();
    assert_eq!(peak, found["rows"][2]["test_peak_bytes"].as_u64());
}

#[test]
fn it_is_drawn_into_a_new_file_and_what_is_wrong_is_named() {
    let home = tempfile::tempdir().unwrap();
    let svg = home.path().join("memory.svg");
    let arguments = [
        "memory",
        NETWORK,
        "--layers",
        "--plot",
        svg.to_str().unwrap(),
    ];
    let output = cromulent(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("blocks.0.conv1"), "{text}");
    assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    let again = cromulent(&arguments);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("exists already"));
    for (arguments, part) in [
        (["memory", "densenet122", "--batch", "2"], "or one of"),
        (
            ["memory", NETWORK, "--formats", "L4,L6"],
            "unknown format `L6`",
        ),
        (["memory", DESIGN, "--batch", "2"], "small-8x8.toml"),
        (["memory", NETWORK, "--batch", "0"], "write 1 or more"),
    ] {
        let output = cromulent(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}
