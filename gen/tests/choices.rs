//! What a user chooses of how a network is compiled.

mod common;

use common::{DESIGN, NETWORK, cromulent, json, stderr};

const UNCODED: [&str; 2] = ["--first", "uncoded"];

#[test]
fn a_first_normalisation_left_uncoded_takes_four_beats_and_is_in_the_image() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("fashion").to_str().unwrap().to_owned();
    let both = ["--design", DESIGN, "--network", NETWORK];
    let compile = [&["compile"], &both[..], &UNCODED, &["--out", &out]].concat();
    let (map, code) = json(&compile);
    assert_eq!(code, 0, "{map}");
    let maps = map["maps"].as_array().unwrap();
    assert_eq!(maps[0]["format"], "I8");
    assert!(maps[1..].iter().all(|map| map["format"] == "L4"));

    let (coded, _) = json(&[&["simulate", "--timing-only"], &both[..]].concat());
    let timing = [&["simulate", "--timing-only"], &both[..], &UNCODED].concat();
    let (uncoded, _) = json(&timing);
    let cycles = |report: &serde_json::Value, layer: usize| {
        report["layers"][layer]["cycles"].as_f64().unwrap()
    };
    assert!(cycles(&uncoded, 1) > 3.9 * cycles(&coded, 1), "{uncoded}");
    assert_eq!(cycles(&uncoded, 2), cycles(&coded, 2));

    // The image says it, whether it was made now or before.
    let image = format!("{out}/image.crom");
    let executors = ["--executors", "reference,model"];
    let verify = |more: &[&str]| {
        let arguments = [&["verify"], &both[..], &executors, more].concat();
        let (report, code) = json(&arguments);
        assert_eq!((code, &report["mismatches"]), (0, &0.into()), "{report}");
        report["images"][0]["output"].clone()
    };
    let output = verify(&UNCODED);
    assert_eq!(output, verify(&["--image", &image]));
    assert_ne!(output, verify(&["--first", "coded"]));
}

#[test]
fn what_says_nothing_is_refused() {
    let both = ["--design", DESIGN, "--network", NETWORK];
    let image = [&["verify"], &both[..], &UNCODED, &["--image", "x.crom"]].concat();
    let output = cromulent(&image);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot be used with"),
        "{}",
        stderr(&output)
    );
    let int8 = [
        "--design",
        "constraints/designs/int8-8x8.toml",
        "--network",
        NETWORK,
    ];
    let (report, code) = json(&[&["check"], &int8[..], &UNCODED].concat());
    assert_eq!(code, 2);
    let problem = report["problems"][0]["what"].as_str().unwrap();
    assert!(problem.contains("are integers as it is"), "{problem}");
}

#[test]
fn a_format_of_its_own_reaches_the_image() {
    let both = ["--design", DESIGN, "--network", NETWORK];
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("fashion").to_str().unwrap().to_owned();
    let formats = ["--format", "blocks.1.bn1=L3", "--format", "blocks.1.bn2=L2"];
    let compile = [&["compile"], &both[..], &formats, &["--out", &out]].concat();
    let (map, code) = json(&compile);
    assert_eq!(code, 0, "{map}");
    let maps = map["maps"].as_array().unwrap().iter();
    let narrow: Vec<_> = maps
        .filter_map(|map| map["format"].as_str())
        .filter(|f| *f != "L4")
        .collect();
    assert_eq!(narrow, ["L3", "L2"]);
    let executors = ["--executors", "reference,model"];
    let (report, code) = json(&[&["verify"], &both[..], &executors, &formats].concat());
    assert_eq!((code, &report["mismatches"]), (0, &0.into()), "{report}");

    for (wish, expected) in [
        (
            "blocks.1.bn1=L5",
            "L5 cannot be stored by a design of format = \"L4\", which holds L2, L3",
        ),
        ("blocks.1.bn1=R3", "R3 cannot be stored"),
    ] {
        let (report, code) = json(&[&["check"], &both[..], &["--format", wish]].concat());
        let problem = report["problems"][0]["what"].as_str().unwrap();
        assert!(code == 2 && problem.contains(expected), "{problem}");
    }
    let output = cromulent(&[&["check"], &both[..], &["--format", "L3"]].concat());
    assert!(
        stderr(&output).contains("write NODE=FORMAT"),
        "{}",
        stderr(&output)
    );
}
