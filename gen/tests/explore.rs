//! `explore` from the outside.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::{DESIGN, NETWORK, cromulent, json, stderr};
use serde_json::Value;

/// Seventy-two points, some of which cannot be built.
const SMALL: &str = "
design = \"DESIGN\"
networks = [\"NETWORK\", \"fc64\"]
formats = [\"R3\", \"L4\", \"int8\"]
technology = \"horowitz-45nm\"

[fields]
rows = [4, 8]
columns = [2, 4, 8]
bus_bits = [64, 128]
";

/// Writes an exploration into a folder; its path.
fn written(home: &Path, text: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap();
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let text = text.replace("DESIGN", &path(DESIGN));
    let file = home.join("explore.toml");
    fs::write(&file, text.replace("NETWORK", &path(NETWORK))).unwrap();
    file.to_str().unwrap().to_owned()
}

fn explore(file: &str, out: &Path, more: &[&str]) -> Output {
    cromulent(&[&["explore", file, "--out", out.to_str().unwrap()], more].concat())
}

fn good(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
}

/// The tables that an exploration ends with.
fn tables(folder: &Path) -> [Vec<u8>; 3] {
    ["results.csv", "results.json", "details.json"].map(|name| fs::read(folder.join(name)).unwrap())
}

/// Whole lines: one that was torn stays until something is written behind it.
fn lines(folder: &Path) -> usize {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let shards = files.filter(|path| path.extension().is_some_and(|e| e == "jsonl"));
    shards
        .map(|path| fs::read_to_string(path).unwrap().matches('\n').count())
        .sum()
}

#[test]
fn one_thread_or_two_one_shard_or_sixteen_give_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path(), SMALL);
    let out = |name: &str| home.path().join(name);
    good(&explore(&file, &out("one"), &["--threads", "1"]));
    good(&explore(&file, &out("two"), &["--threads", "2"]));
    assert_eq!(tables(&out("one")), tables(&out("two")));
    // Not in order, and without --resume, as the tasks of an array job begin.
    for number in (1..=16).rev() {
        assert!(!out("parts").join("results.csv").exists());
        let shard = format!("{number}/16");
        good(&explore(&file, &out("parts"), &["--shard", &shard]));
    }
    assert_eq!(tables(&out("one")), tables(&out("parts")));
    assert_eq!(lines(&out("parts")), lines(&out("one")));

    let results: Value = serde_json::from_slice(&tables(&out("one"))[1]).unwrap();
    let points = results["points"].as_array().unwrap();
    assert_eq!(points.len(), 72);
    let reasons = points.iter().filter_map(|point| point["reason"].as_str());
    let reasons: Vec<&str> = reasons.collect();
    assert_eq!(reasons.len(), results["skipped"].as_u64().unwrap() as usize);
    let wide = |reason: &&&str| reason.starts_with("columns = 8 exceeds rows = 4");
    assert_eq!(reasons.iter().filter(wide).count(), 12, "{reasons:?}");
    for network in results["networks"].as_array().unwrap() {
        assert!(!network["front"].as_array().unwrap().is_empty());
    }
}

#[test]
fn a_point_costs_what_estimate_says() {
    let home = tempfile::tempdir().unwrap();
    let text = SMALL
        .replace("[2, 4, 8]", "[8]")
        .replace("[4, 8]", "[8]")
        .replace("[64, 128]", "[64]");
    let file = written(home.path(), &text.replace(", \"fc64\"", ""));
    let out = home.path().join("out");
    let (found, code) = json(&["explore", &file, "--out", out.to_str().unwrap()]);
    assert_eq!((code, found["measured_now"].as_u64()), (0, Some(3)));
    for point in found["points"].as_array().unwrap() {
        let design: String = point["design"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        let path = home.path().join("design.toml");
        fs::write(&path, design).unwrap();
        let network = ["--network", NETWORK, "--technology", "horowitz-45nm"];
        let (alone, _) = json(
            &[
                &["estimate", "--design", path.to_str().unwrap()],
                &network[..],
            ]
            .concat(),
        );
        for key in ["cycles", "dram_bytes", "energy_pj", "utilization"] {
            assert_eq!(point[key], alone[key], "{key}");
        }
    }
    let formats = |key: &str| -> Vec<&Value> {
        found["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| &point["design"][key])
            .collect()
    };
    assert_eq!(formats("format"), ["R3", "L4", "I8"]);
    assert_eq!(formats("affine"), ["rectified", "exact", "rectified"]);
    assert_eq!(formats("pe"), ["shift", "shift", "multiply"]);
}

#[test]
fn a_killed_exploration_loses_nothing_and_computes_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let text = SMALL
        .replace("\"fc64\"", "\"resnet20\", \"vgg32\"")
        .replace("[64, 128]", "[32, 64, 128]");
    let file = written(home.path(), &text);
    let (whole, killed) = (home.path().join("whole"), home.path().join("killed"));
    good(&explore(&file, &whole, &[]));
    let mut resume: &[&str] = &[];
    let mut kills = 0;
    for milliseconds in [30, 60, 90, 150, 250, 400] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cromulent"))
            .args(["explore", &file, "--threads", "1", "--out"])
            .arg(&killed)
            .args(resume)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        // SIGKILL: nothing is tidied up.
        child.kill().unwrap();
        kills += usize::from(!child.wait().unwrap().success());
        let some = killed.exists() && lines(&killed) > 0;
        resume = if some { &["--resume"] } else { &[] };
    }
    assert!(kills > 0);
    // As a kill in the middle of a write leaves it.
    let shard = killed.join("shard-1-of-1.jsonl");
    let torn = fs::read_to_string(&shard).unwrap_or_default() + "{\"key\":\"00";
    fs::write(&shard, torn).unwrap();
    good(&explore(&file, &killed, &["--resume"]));
    assert_eq!(tables(&whole), tables(&killed));
    assert_eq!(lines(&whole), lines(&killed));
    let (again, _) = json(&[
        "explore",
        &file,
        "--out",
        killed.to_str().unwrap(),
        "--resume",
    ]);
    assert_eq!(again["measured_now"], 0);
}

#[test]
fn a_disk_that_fills_up_is_an_error_and_what_was_written_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path(), SMALL);
    let (whole, full) = (home.path().join("whole"), home.path().join("full"));
    good(&explore(&file, &whole, &[]));
    // No file may be larger than 16 KiB, and the signal that says so is ignored: the write fails.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let limited = Command::new("bash")
        .args([
            "-c",
            script,
            "bash",
            env!("CARGO_BIN_EXE_cromulent"),
            "explore",
            &file,
            "--out",
        ])
        .arg(&full)
        .output()
        .unwrap();
    let said = stderr(&limited);
    assert_eq!(limited.status.code(), Some(2), "{said}");
    assert!(
        said.contains("results are kept; make room") && said.contains("--resume"),
        "{said}"
    );
    let kept = lines(&full);
    assert!(kept > 0 && !full.join("results.csv").exists());
    assert!(
        fs::read_to_string(full.join("shard-1-of-1.jsonl"))
            .unwrap()
            .ends_with('\n')
    );
    let (rest, _) = json(&[
        "explore",
        &file,
        "--out",
        full.to_str().unwrap(),
        "--resume",
    ]);
    assert_eq!(
        rest["measured_now"].as_u64(),
        Some((lines(&whole) - kept) as u64)
    );
    assert_eq!(tables(&whole), tables(&full));
}

#[test]
fn results_are_not_overwritten_and_two_explorations_do_not_share_a_folder() {
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path(), SMALL);
    let out = home.path().join("out");
    good(&explore(&file, &out, &[]));
    let again = explore(&file, &out, &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        stderr(&again).contains("go on with it with --resume"),
        "{}",
        stderr(&again)
    );
    // As a process that is at work holds it.
    let lock = fs::File::open(out.join("exploration.lock")).unwrap();
    lock.lock_shared().unwrap();
    good(&explore(&file, &out, &["--resume"]));
    let other = explore(&file, &out, &["--resume", "--shard", "1/2"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(
        stderr(&other).contains("another exploration is writing there"),
        "{}",
        stderr(&other)
    );
    let shard = fs::OpenOptions::new()
        .append(true)
        .open(out.join("shard-1-of-1.jsonl"))
        .unwrap();
    shard.lock().unwrap();
    fs::write(
        &file,
        fs::read_to_string(&file)
            .unwrap()
            .replace("[64, 128]", "[32]"),
    )
    .unwrap();
    let other = explore(&file, &out, &["--resume"]);
    assert!(
        stderr(&other).contains("another exploration is writing there"),
        "{}",
        stderr(&other)
    );
}

#[test]
fn accuracy_is_what_the_command_of_that_name_says() {
    let home = tempfile::tempdir().unwrap();
    let text = SMALL
        .replace(", \"fc64\"", "")
        .replace("rows = [4, 8]", "rows = [8]");
    let file = written(home.path(), &format!("{text}[accuracy]\nimages = 50\n"));
    let out = home.path().join("out");
    let (found, code) = json(&["explore", &file, "--out", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{found}");
    let wanted = [
        "--formats",
        "R3,L4,I8",
        "--affine",
        "exact",
        "--weights",
        "whole",
        "--images",
        "50",
    ];
    let (table, _) = json(&[&["accuracy", NETWORK], &wanted[..]].concat());
    let points = found["points"].as_array().unwrap().iter();
    let points: Vec<&Value> = points.filter(|point| point["status"] == "ok").collect();
    for point in &points {
        let rows = table["rows"].as_array().unwrap();
        let same = |row: &&Value| row["format"] == point["design"]["format"];
        let row = rows
            .iter()
            .find(same)
            .unwrap_or_else(|| panic!("{table:#}"));
        assert_eq!(point["top1"], row["top1"], "{row}");
    }
    assert!(points.len() >= 6, "{found:#}");
    assert_eq!(
        found["objectives"],
        serde_json::json!(["time", "energy", "accuracy"])
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said_at_once_and_where() {
    let home = tempfile::tempdir().unwrap();
    let text = "
design = \"DESIGN\"
networks = [\"fc64\", \"no-such\", \"fc64\"]
formats = [\"L9\"]
objectives = [\"energy\", \"beauty\"]
colour = 1
sample = { random = 0 }
[fields]
rows = [8, 8, 1000]
columns = []
colums = [8]
pe = [\"shft\"]
format = [\"L4\"]
";
    let file = written(home.path(), text);
    let output = explore(&file, &home.path().join("out"), &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for (place, what) in [
        ("3:32", "networks has this value twice"),
        ("4:12", "unknown format `L9`"),
        ("5:15", "`energy` is not measured without `technology`"),
        ("5:25", "unknown objective `beauty`"),
        ("6:1", "unknown key `colour`"),
        ("7:21", "random is no such number"),
        ("9:12", "rows has this value twice"),
        (
            "9:15",
            "rows is no such number; write a whole number from 1 to 128",
        ),
        ("10:11", "columns is empty"),
        ("11:1", "unknown key `colums`"),
        ("12:7", "pe = \"shft\" is unknown"),
        ("13:1", "write formats = [ … ]"),
    ] {
        let expected = format!("explore.toml:{place}: ");
        let line = said.lines().find(|line| line.contains(&expected));
        assert!(
            line.is_some_and(|line| line.contains(what)),
            "{place} {what}:\n{said}"
        );
    }
    assert!(!home.path().join("out").exists());

    let refused = |text: &str| {
        let output = explore(&written(home.path(), text), &home.path().join("out"), &[]);
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    let said = refused("design = \"gone.toml\"\nnetworks = [\"no-such\"]\ntechnology = \"iron\"\n");
    for place in [
        "explore.toml:1:10: gone.toml",
        "explore.toml:2:13: no-such",
        "explore.toml:3:14: iron",
    ] {
        assert!(said.contains(place), "{said}");
    }
    let said = refused(&SMALL.replace("columns = [2, 4, 8]", "columns = [64, 128]"));
    assert!(
        said.contains("none of the 48 points can be built") && said.contains("exceeds rows"),
        "{said}"
    );
    let said = refused(&format!("{SMALL}[accuracy]\n"));
    assert!(said.contains("fc64 has random weights"), "{said}");
    let deep: Vec<String> = (1..3000).map(|depth| depth.to_string()).collect();
    let deep = deep.join(",");
    let said = refused(&format!(
        "{SMALL}tile_depth = [{deep}]\nmap_side = [{deep}]\n"
    ));
    assert!(said.contains("and 1000000 are the most"), "{said}");
}

#[test]
fn a_sample_is_part_of_the_grid() {
    let home = tempfile::tempdir().unwrap();
    let keys = |text: &str, out: &str| -> Vec<String> {
        let file = written(home.path(), text);
        let out = home.path().join(out);
        let (found, _) = json(&["explore", &file, "--out", out.to_str().unwrap()]);
        let points = found["points"].as_array().unwrap().iter();
        points
            .map(|point| point["key"].as_str().unwrap().to_owned())
            .collect()
    };
    let grid = keys(SMALL, "grid");
    let sample = keys(
        &format!("sample = {{ random = 20, seed = 5 }}\n{SMALL}"),
        "sample",
    );
    assert_eq!((grid.len(), sample.len()), (72, 20));
    let mut rest = grid.iter();
    assert!(
        sample.iter().all(|key| rest.any(|other| other == key)),
        "in order, each once"
    );
    let other = keys(
        &format!("sample = {{ random = 20, seed = 6 }}\n{SMALL}"),
        "other",
    );
    assert_ne!(sample, other);
}
