//! Designs that compute several images together, from the outside.

use std::fs;
use std::path::{Path, PathBuf};

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};

/// The small design with memories for so many images, in a folder.
fn design(folder: &Path, batch: u32) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join(DESIGN)).unwrap();
    let line = |line: &str| {
        let (key, value) = line.split_once(" = ")?;
        if key == "batch" {
            return Some(format!("batch = {batch}\n"));
        }
        let depth: u32 = value.split(' ').next()?.parse().ok()?;
        let scaled = ["code_depth", "stream_depth", "tile_depth"].contains(&key);
        scaled.then(|| format!("{key} = {}\n", batch * depth))
    };
    let lines = text
        .lines()
        .map(|given| line(given).unwrap_or_else(|| format!("{given}\n")));
    let file = folder.join("batch.toml");
    fs::write(&file, lines.collect::<String>()).unwrap();
    file
}

#[test]
fn a_simulation_counts_runs_of_whole_batches() {
    let home = tempfile::tempdir().unwrap();
    let file = design(home.path(), 3);
    let design = file.to_str().unwrap();
    let given = ["--network", NETWORK, "--images", "7"];
    let (one, _) = json(&[&["simulate", "--design", DESIGN], &given[..]].concat());
    let (three, code) = json(&[&["simulate", "--design", design], &given[..]].concat());
    assert_eq!(code, 0);
    assert_eq!(one["images"], three["images"], "no value depends on it");
    let cycles = three["program"]["cycles"].as_u64().unwrap();
    let batch = &three["batch"];
    let counts = ["images", "size", "runs", "cycles"].map(|key| batch[key].as_u64().unwrap());
    // The last run has one image of three, and takes as long.
    assert_eq!(counts, [7, 3, 3, 3 * cycles]);
    assert_eq!(batch["weights_loaded"], "per batch");
    assert_eq!(one["batch"]["weights_loaded"], "per image");
    assert_eq!(three["program"]["images"], 3);
    assert_eq!(three["program"]["cycles_per_image"], cycles as f64 / 3.0);
    let weights = |value: &serde_json::Value| {
        let layers = value["layers"].as_array().unwrap().iter();
        let words = layers.map(|layer| layer["dram_words"]["weights"].as_u64().unwrap());
        words.sum::<u64>()
    };
    assert_eq!(
        weights(&three),
        weights(&one),
        "of three images, and of one"
    );
    let macs = |value: &serde_json::Value| value["total"]["macs"].as_u64().unwrap();
    assert_eq!(macs(&three), 3 * macs(&one));
}

#[test]
fn a_verification_compares_whole_batches_and_names_every_image() {
    let home = tempfile::tempdir().unwrap();
    let file = design(home.path(), 2);
    let design = file.to_str().unwrap();
    let executors = ["--executors", "reference,model"];
    let given = ["--network", NETWORK, "--images", "3"];
    let verify = [&["verify", "--design", design], &given[..], &executors].concat();
    let (value, code) = json(&verify);
    assert_eq!((code, &value["mismatches"]), (0, &0.into()));
    let (one, _) = json(&[&["simulate", "--design", DESIGN], &given[..]].concat());
    let images = value["images"].as_array().unwrap();
    assert_eq!(images.len(), 3);
    for (number, image) in images.iter().enumerate() {
        assert_eq!(image["image"], number);
        for key in ["output", "class", "label"] {
            assert_eq!(image[key], one["images"][number][key], "image {number}");
        }
    }
    let layer = [&verify[..], &["--layer", "blocks.0.conv1"]].concat();
    let (value, code) = json(&layer);
    assert_eq!((code, &value["mismatches"]), (0, &0.into()));
    assert_eq!(value["layers"].as_array().unwrap().len(), 2, "a run each");
}

#[test]
fn the_memory_map_says_where_each_image_lies() {
    let home = tempfile::tempdir().unwrap();
    let file = design(home.path(), 2);
    let design = file.to_str().unwrap();
    let out = home.path().join("out");
    let out = out.to_str().unwrap();
    let (value, code) = json(&[
        "compile",
        "--design",
        design,
        "--network",
        NETWORK,
        "--out",
        out,
    ]);
    assert_eq!((code, &value["batch"]), (0, &2.into()));
    assert_eq!(value["memory"]["result"]["words"], 20);
    assert_eq!(value["memory"]["input"]["fetch"]["lines"], 2 * 784);
    let page = fs::read_to_string(Path::new(out).join("memory.md")).unwrap();
    assert!(
        page.contains("of each of 2 images, image after image"),
        "{page}"
    );
    assert!(
        page.contains("first classes 0 to 7 of every image, then the next 8"),
        "{page}"
    );
    let image = Path::new(out).join("image.crom");
    let image = image.to_str().unwrap();
    let again = [
        "verify",
        "--design",
        design,
        "--network",
        NETWORK,
        "--image",
        image,
    ];
    let (value, code) = json(&[&again[..], &["--executors", "reference,model"]].concat());
    assert_eq!((code, &value["mismatches"]), (0, &0.into()));
}

#[test]
fn what_does_not_go_with_a_batch_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = design(home.path(), 2);
    let shapes = home.path().join("shapes.csv");
    fs::write(
        &shapes,
        "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides,\nconv,8,8,3,3,4,4,1,\n",
    )
    .unwrap();
    let [design, shapes] = [&file, &shapes].map(|path| path.to_str().unwrap());
    let scale_sim = ["--network", shapes, "--dataflow", "scale-sim"];
    let output = cromulent(&[&["simulate", "--design", design], &scale_sim[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("write batch = 1"),
        "{}",
        stderr(&output)
    );
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("batch = 2", "batch = 65");
    fs::write(&file, text).unwrap();
    let output = cromulent(&["check", "--design", design]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("batch = 65 is out of range"),
        "{}",
        stderr(&output)
    );
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("batch = 65", "batch = 4");
    fs::write(
        &file,
        text.replace("stream_depth = 8192", "stream_depth = 4096"),
    )
    .unwrap();
    let output = cromulent(&["check", "--design", design, "--network", NETWORK]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("write stream_depth = "),
        "{}",
        stderr(&output)
    );
}
