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
        // Max-pools, and what puts their values into the residual stream.
        let layers = value["layers"].as_array().unwrap().iter();
        let unlearnt = layers.filter(|layer| layer["macs"] == 0);
        let unlearnt: u64 = unlearnt.map(|l| l["cycles"].as_u64().unwrap()).sum();
        assert!((50_000..70_000).contains(&unlearnt), "{name}: {unlearnt}");
        assert!(apart - unlearnt <= cycles, "{name}: {apart}");
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

/// A signal of the terminal ends a simulation within a second.
#[cfg(unix)]
#[test]
fn an_interrupted_simulation_ends_at_once() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let arguments = ["simulate", "--design", DESIGN, "--network", "resnet44"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_cromulent"))
        .args(arguments)
        .args(["--images", "5000"])
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
    assert!(interrupted.elapsed() < Duration::from_secs(1));
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
