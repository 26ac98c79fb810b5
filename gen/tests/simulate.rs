//! `simulate` from the outside.

use std::fs;
use std::path::Path;

use serde_json::Value;

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};

#[test]
fn networks_known_by_name_are_timed_on_any_design() {
    for name in ["fc1024", "vgg32", "resnet50", "densenet-100-12"] {
        let arguments = ["simulate", "--design", DESIGN, "--network", name];
        let (value, code) = json(&[&arguments[..], &["--timing-only"]].concat());
        assert_eq!(
            (code, &value["synthetic"]),
            (0, &Value::Bool(true)),
            "{name}"
        );
        assert!(value["program"]["cycles"].as_u64().unwrap() > 0, "{name}");
    }
    let arguments = ["simulate", "--design", DESIGN, "--network", "resnet50"];
    let (value, _) = json(&[&arguments[..], &["--timing-only"]].concat());
    let notes = value["notes"].to_string();
    assert!(notes.contains("write map_side = 56 or more"), "{notes}");
    // Rows of this design do not pool, which is a reason not to compile, and no reason not to count.
    let layers = value["layers"].as_array().unwrap().iter();
    let names: Vec<_> = layers.map(|layer| layer["name"].as_str()).collect();
    assert_eq!(names[1], Some("maxpool"));
}

#[test]
fn a_network_takes_as_long_without_its_values() {
    let arguments = ["simulate", "--design", DESIGN, "--network", NETWORK];
    let (whole, _) = json(&arguments);
    let (timed, _) = json(&[&arguments[..], &["--timing-only"]].concat());
    for part in ["layers", "total", "program", "without_image"] {
        assert_eq!(whole[part], timed[part], "{part}");
    }
}

#[test]
fn networks_known_by_name_are_timed() {
    let design = "constraints/designs/imagenet-32x32.toml";
    for (name, macs, cycles) in [
        ("resnet18", 1_814_073_344u64, 1_710_000u64),
        ("densenet121", 2_834_161_664, 2_760_000),
    ] {
        let (value, code) = json(&[
            "simulate",
            "--design",
            design,
            "--network",
            name,
            "--timing-only",
        ]);
        assert_eq!(code, 0);
        assert_eq!(value["total"]["macs"], macs);
        let apart = value["without_image"]["cycles"].as_u64().unwrap();
        assert!(apart <= cycles, "{name}: {apart}");
        // The stem pools its codes as they leave. What puts pooled values into the residual stream takes a pass.
        let layers = value["layers"].as_array().unwrap();
        let windows = serde_json::json!({ "side": 3, "stride": 2, "padding": 1 });
        assert_eq!(layers[0]["pooling"], windows, "{name}");
        assert!(layers[1..].iter().all(|layer| layer["pooling"].is_null()));
        let unlearnt = layers.iter().filter(|layer| layer["macs"] == 0);
        let unlearnt: u64 = unlearnt.map(|l| l["cycles"].as_u64().unwrap()).sum();
        assert!(unlearnt < 13_000, "{name}: {unlearnt}");
    }
}

#[test]
fn layers_are_a_table_for_spreadsheets_too() {
    let arguments = ["simulate", "--design", DESIGN, "--network", NETWORK];
    let timed = [&arguments[..], &["--timing-only"]].concat();
    let output = cromulent(&[&timed[..], &["--csv"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let table: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let (value, _) = json(&timed);
    let layers = value["layers"].as_array().unwrap();
    assert_eq!(table.len(), layers.len() + 1);
    let column = |name: &str| table[0].iter().position(|&column| column == name).unwrap();
    for (row, layer) in table[1..].iter().zip(layers) {
        assert_eq!(row[0], layer["name"]);
        for (name, number) in [
            ("macs", &layer["macs"]),
            ("stall_bandwidth", &layer["stalls"]["bandwidth"]),
            ("dram_weights", &layer["dram_words"]["weights"]),
            ("sram_inputs_read", &layer["sram_words"]["inputs"]["read"]),
            (
                "sram_residual_written",
                &layer["sram_words"]["residual"]["written"],
            ),
        ] {
            assert_eq!(row[column(name)], number.to_string(), "{name}");
        }
    }
}

#[test]
fn words_and_stalls_of_all_layers_are_those_of_the_program() {
    let arguments = ["simulate", "--design", DESIGN, "--network", NETWORK];
    let (value, _) = json(&[&arguments[..], &["--timing-only"]].concat());
    let number = |value: &Value| value.as_u64().unwrap();
    let layers = value["layers"].as_array().unwrap();
    let sum = |part: &str, name: &str| layers.iter().map(|l| number(&l[part][name])).sum::<u64>();
    let program = &value["program"];
    assert_eq!(sum("dram_words", "inputs"), number(&program["input_beats"]));
    // The header, and 12 commands, of 512 bits on a bus of 128.
    let commands = 13 * 4;
    assert_eq!(
        sum("dram_words", "weights") + commands,
        number(&program["program_beats"])
    );
    assert_eq!(
        sum("stalls", "bandwidth"),
        number(&program["stalls"]["bandwidth"])
    );
    for layer in layers {
        let stalls = layer["stalls"].as_object().unwrap().values();
        let beats = number(&layer["cycles"]) - stalls.map(number).sum::<u64>() - 1;
        assert_eq!(
            beats * 8,
            number(&layer["sram_words"]["inputs"]["read"]),
            "{layer}"
        );
    }
}

const TOPOLOGY: &str = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n\
    a, 10, 10, 3, 3, 16, 16, 1,\nb, 8, 8, 1, 1, 16, 24, 2,\n";

#[test]
fn a_topology_is_counted_by_scale_sims_rules_and_by_ours() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("net.csv");
    fs::write(&path, TOPOLOGY).unwrap();
    let path = path.to_str().unwrap();
    let arguments = ["simulate", "--design", DESIGN, "--topology", path];
    let (own, code) = json(&arguments);
    assert_eq!((code, own["layers"].as_array().unwrap().len()), (0, 2));
    let (theirs, code) = json(&[&arguments[..], &["--dataflow", "scale-sim"]].concat());
    assert_eq!(code, 0);
    // 18 × 2 folds of 64 positions and 22 cycles more, counted from 0.
    assert_eq!(theirs["layers"][0]["cycles"], 36 * (64 + 22) - 1);
    for place in 0..2 {
        let (ours, row) = (&own["layers"][place], &theirs["layers"][place]);
        assert_eq!(ours["cycles"], row["own_cycles"]);
        let terms = row["difference"].as_object().unwrap().values();
        let sum: i64 = terms.map(|term| term.as_i64().unwrap()).sum();
        let cycles = |key: &str| row[key].as_i64().unwrap();
        assert_eq!(sum, cycles("cycles") - cycles("own_cycles"));
    }
}

#[test]
fn a_topology_with_faults_is_refused_with_line_and_field() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("net.csv");
    fs::write(&path, TOPOLOGY.replace("16, 24", "0, 24")).unwrap();
    let path = path.to_str().unwrap();
    let arguments = ["simulate", "--design", DESIGN, "--topology", path];
    let (error, code) = json(&[&arguments[..], &["--dataflow", "scale-sim"]].concat());
    let place = error["error"]["problems"][0]["where"].as_str().unwrap();
    assert_eq!(code, 2);
    assert!(place.ends_with("net.csv:3, field `Channels`"), "{place}");
    let named = ["simulate", "--design", DESIGN, "--network", NETWORK];
    let (error, code) = json(&[&named[..], &["--dataflow", "scale-sim"]].concat());
    assert_eq!(code, 2, "{error}");
}

#[test]
fn a_network_known_by_name_has_random_weights_and_says_so() {
    let arguments = ["simulate", "--design", DESIGN, "--network", "resnet20"];
    let (first, code) = json(&[&arguments[..], &["--seed", "2"]].concat());
    assert_eq!(
        (code, &first["synthetic"]),
        (0, &Value::Bool(true)),
        "{first}"
    );
    let (again, _) = json(&[&arguments[..], &["--seed", "2"]].concat());
    let (other, _) = json(&arguments);
    assert_eq!(first["output"], again["output"]);
    assert_ne!(first["output"], other["output"]);
    let (error, code) = json(&[
        "simulate",
        "--design",
        DESIGN,
        "--network",
        NETWORK,
        "--seed",
        "1",
    ]);
    assert_eq!(
        (code, error["error"]["problems"][0]["where"].as_str()),
        (2, Some("--seed"))
    );
}

#[test]
fn many_images_give_the_same_on_any_number_of_threads() {
    let arguments = ["simulate", "--design", DESIGN, "--network", NETWORK];
    let run = |more: &[&str]| {
        let (value, code) = json(&[&arguments[..], more].concat());
        assert_eq!(code, 0, "{value}");
        value
    };
    let one = run(&["--images", "30", "--threads", "1"]);
    let two = run(&["--images", "30", "--threads", "3"]);
    assert_eq!(one["images"], two["images"]);
    assert_eq!(one["images"].as_array().unwrap().len(), 30);
    assert_eq!(
        one["images"][0],
        run(&[])["images"][0],
        "an image depends on the others"
    );
    let cycles = |value: &Value| value["program"]["cycles"].as_u64().unwrap();
    assert_eq!(one["batch"]["cycles"], 30 * cycles(&one));
    assert_eq!(one["batch"]["weights_loaded"], "per image");
    assert_eq!(two["batch"]["threads"], 3);
    let right = one["images"].as_array().unwrap().iter();
    let right = right.filter(|image| image["class"] == image["label"]);
    assert_eq!(one["batch"]["right"], right.count());
    assert!(one["seconds"].as_f64().unwrap() > 0.0);
}

/// A signal of the terminal ends a simulation, which leaves nothing half said.
#[cfg(unix)]
#[test]
fn an_interrupted_simulation_ends_at_once() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let arguments = ["simulate", "--design", DESIGN, "--network", "resnet44"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_cromulent"))
        .args(arguments)
        .args(["--images", "20000"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "too short to be interrupted"
    );
    let interrupted = Instant::now();
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    // At once on an idle machine; here far from the time that the images take, however busy it is.
    assert!(interrupted.elapsed() < Duration::from_secs(5));
    assert_eq!(output.status.code(), None, "it came to its own end");
    assert!(output.stdout.is_empty());
}

#[test]
fn fewer_digits_take_fewer_cycles_and_say_what_they_round() {
    let arguments = ["simulate", "--design", DESIGN, "--network", NETWORK];
    let cycles = |digits: &str| {
        let (value, code) = json(&[&arguments[..], &["--image-digits", digits]].concat());
        assert_eq!(code, 0);
        let notes = value["notes"].to_string();
        assert_eq!(notes.contains("rounded"), digits != "4", "{notes}");
        value["layers"][0]["cycles"].as_u64().unwrap()
    };
    let [two, four] = ["2", "4"].map(cycles);
    assert!(two < four * 6 / 10, "{two} {four}");
}

/// The stalls and counts of a timed program.
fn timed(arguments: &[&str]) -> (Value, i32) {
    let first = ["simulate", "--network", NETWORK, "--timing-only"];
    let (report, code) = json(&[&first[..], arguments].concat());
    (report["program"].clone(), code)
}

#[test]
fn maps_in_memory_are_stored_fetched_and_mapped() {
    let (chip, code) = timed(&["--design", DESIGN]);
    assert_eq!(
        (code, &chip["stored_beats"], &chip["stalls"]["maps"]),
        (0, &0.into(), &0.into())
    );
    let (memory, code) = timed(&["--design", DESIGN, "--maps", "memory"]);
    assert_eq!(code, 0);
    let number = |value: &Value| value.as_u64().unwrap();
    let (stored, fetched) = (
        number(&memory["stored_beats"]),
        number(&memory["fetched_beats"]),
    );
    // 32 bits a line, four lines a beat: 16 channels of 28 × 28 pixels take 392 beats.
    assert!(stored > 392 && fetched >= stored, "{memory}");
    assert!(number(&memory["stalls"]["maps"]) > stored + fetched);
    assert!(number(&memory["cycles"]) > number(&chip["cycles"]) + stored + fetched);

    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out").to_str().unwrap().to_owned();
    let arguments = ["compile", "--design", DESIGN, "--network", NETWORK];
    let (map, code) = json(&[&arguments[..], &["--maps", "memory", "--out", &out]].concat());
    assert_eq!(code, 0);
    let moves = map["moves"].as_array().unwrap();
    let beats = |way: &str| {
        let of = moves.iter().filter(|given| given["direction"] == way);
        of.map(|given| number(&given["beats"])).sum::<u64>()
    };
    assert_eq!((beats("store"), beats("fetch")), (stored, fetched));
    let scratch = number(&map["memory"]["scratch"]["bytes"]);
    let ends = moves
        .iter()
        .map(|given| number(&given["offset"]) + 16 * number(&given["beats"]));
    assert_eq!(ends.max(), Some(scratch));
    let page = fs::read_to_string(Path::new(&out).join("memory.md")).unwrap();
    assert!(page.contains("| maps | `0x"), "{page}");
    assert!(page.contains("## Maps that move"), "{page}");
}

#[test]
fn a_file_of_shapes_has_no_maps_in_memory() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("net.csv");
    fs::write(&path, TOPOLOGY).unwrap();
    let path = path.to_str().unwrap();
    let arguments = ["simulate", "--design", DESIGN, "--topology", path];
    assert_eq!(json(&arguments).1, 0);
    let (error, code) = json(&[&arguments[..], &["--maps", "memory"]].concat());
    assert_eq!(
        (code, &error["error"]["problems"][0]["where"]),
        (2, &"--maps memory".into())
    );
}
