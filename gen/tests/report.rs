//! `report` from the outside, and in a browser.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use common::{DESIGN, NETWORK, cromulent, json, stderr};
use cromulent::tools::{Found, Tool, Version, run};
use serde_json::Value;

/// Debian 12 has one that is much newer.
const CHROMIUM: Tool = Tool {
    name: "Chromium",
    program: "chromium",
    variable: Some("CROMULENT_CHROMIUM"),
    version_argument: "--version",
    minimum: Version(120, 0),
};

/// A browser; where the variable `CI` is set there must be one.
fn chromium() -> Option<Found> {
    match CHROMIUM.find() {
        Ok(found) => Some(found),
        Err(error) if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) => {
            panic!("CI must not skip: {error}")
        }
        Err(error) => {
            eprintln!("SKIPPED, for want of Chromium: {error}");
            None
        }
    }
}

/// A folder with results of all commands that a report takes, `compare` of another run.
fn results(home: &Path) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap();
    let folder = home.join("results");
    let text = format!(
        "design = \"{0}/{DESIGN}\"\nnetworks = [\"{0}/{NETWORK}\"]\nformats = [\"R3\", \"L4\", \"int8\"]\n\
         technology = \"horowitz-45nm\"\n[fields]\nrows = [8, 16]\nbus_bits = [32, 128]\n[accuracy]\nimages = 20\n",
        root.display()
    );
    let file = home.join("explore.toml");
    fs::write(&file, text).unwrap();
    let output = cromulent(&[
        "explore",
        file.to_str().unwrap(),
        "--out",
        folder.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let print = |name: &str, arguments: &[&str]| {
        let (value, code) = json(arguments);
        assert_eq!(code, 0, "{value}");
        fs::write(folder.join(name), value.to_string()).unwrap();
    };
    let large = [
        "--design",
        "constraints/designs/imagenet-32x32.toml",
        "--network",
        "densenet121",
    ];
    print(
        "estimate.json",
        &[&["estimate"], &large[..], &["--technology", "jouppi-7nm"]].concat(),
    );
    print(
        "simulate.json",
        &[
            "simulate",
            "--design",
            DESIGN,
            "--network",
            NETWORK,
            "--timing-only",
        ],
    );
    let row = |format: &str, luts: u64, top1: f64| {
        serde_json::json!({ "pe": "shift", "format": format, "affine": "<&\">", "luts": luts, "ffs": 10, "brams": 0,
            "dsps": 0, "area_um2": null, "fmax_mhz": 51.5, "pj_per_mac": null, "top1": top1, "to_int8": 0.4 })
    };
    let compared = serde_json::json!({ "rows": [row("R3", 1234, 89.0), row("int8", 3000, 91.0)],
        "array": { "rows": 8, "columns": 8 }, "targets": ["ecp5"], "notes": ["a <note>"] });
    fs::write(folder.join("compare.json"), compared.to_string()).unwrap();
    folder
}

fn report(results: &Path, out: &Path) -> Output {
    cromulent(&[
        "report",
        results.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
}

/// The ids of all figures of a page.
fn figures(page: &str) -> BTreeSet<String> {
    let parts = page.split("<figure id=\"").skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_page_needs_nothing_else_and_has_every_figure_with_its_origin() {
    let home = tempfile::tempdir().unwrap();
    let folder = results(home.path());
    let (one, two) = (home.path().join("one.html"), home.path().join("two.html"));
    for out in [&one, &two] {
        let output = report(&folder, out);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let page = fs::read_to_string(&one).unwrap();
    assert_eq!(page, fs::read_to_string(&two).unwrap());
    // No script, and nothing that is fetched.
    for word in [
        "<script",
        "src=",
        "url(",
        "@import",
        "http:",
        "https:",
        "<link rel=\"style",
    ] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(word), "{word}");
    }
    for word in [
        "name=\"viewport\"",
        "prefers-color-scheme: dark",
        "@media print",
        "a &lt;note&gt;",
    ] {
        assert!(page.contains(word), "{word}");
    }
    let ids = figures(&page);
    for kind in [
        "pareto-fashion-resnet8-time-energy",
        "pareto-fashion-resnet8-energy-accuracy",
        "baselines-fashion-resnet8-energy",
        "timeline-densenet121",
        "utilisation-densenet121",
        "stalls-densenet121",
        "energy-densenet121",
        "energy-parts-densenet121",
        "roofline-densenet121",
        "timeline-fashion-resnet8",
        "timeline-simulation-in-simulate-json",
        "compare-luts",
        "compare-fmax-mhz",
        "compare-accuracy-luts",
    ] {
        let start = format!("figure-{kind}");
        assert!(
            ids.iter().any(|id| id.starts_with(&start)),
            "{kind}: {ids:#?}"
        );
    }
    for part in page.split("<figcaption>").skip(1) {
        let caption = part.split("</figcaption>").next().unwrap();
        assert!(
            caption.contains("cromulent ") && caption.contains("SHA-256 "),
            "{caption}"
        );
    }
    let again = report(&folder, &one);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        stderr(&again).contains("exists already"),
        "{}",
        stderr(&again)
    );
}

#[test]
fn a_browser_shows_every_figure_in_its_window_and_complains_of_nothing() {
    let Some(chromium) = chromium() else { return };
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("report.html");
    let output = report(&results(home.path()), &out);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = fs::read_to_string(&out).unwrap();
    for (width, dark) in [(390, false), (390, true), (1200, false)] {
        let seen = look(&chromium, home.path(), &page, width, dark);
        let boxes = seen["figures"].as_object().unwrap();
        let names: BTreeSet<String> = boxes.keys().cloned().collect();
        assert_eq!(names, figures(&page));
        for (id, size) in boxes {
            let at = |place: usize| size[place].as_f64().unwrap();
            assert!(at(0) > 200.0 && at(1) > 40.0, "{id} at {width}: {size}");
            assert!(
                at(2) >= 0.0 && at(3) <= f64::from(width) + 0.5,
                "{id} at {width}: {size}"
            );
        }
        // Tables scroll; the page does not, sideways.
        assert_eq!(seen["page"].as_u64(), Some(width.into()));
        // Texts of figures are not of the colour they stand on.
        assert_ne!(seen["ink"], seen["ground"]);
        assert_eq!(seen["ground"] == "rgb(255, 255, 255)", !dark, "{seen}");
    }
}

/// What a browser sees of a page in a window so wide: `figures` by their ids with width, height, left and right of the
/// picture, the width of the `page`, the colours of figures' texts and of the ground.
fn look(chromium: &Found, home: &Path, page: &str, width: u32, dark: bool) -> Value {
    const SCRIPT: &str = "
const frame = document.getElementById('frame');
frame.onload = () => {
  const page = frame.contentDocument, seen = { figures: {} };
  for (const figure of page.querySelectorAll('figure')) {
    const box = figure.querySelector('svg').getBoundingClientRect();
    seen.figures[figure.id] = [box.width, box.height, box.left, box.right];
  }
  const style = (element) => frame.contentWindow.getComputedStyle(element);
  seen.page = page.documentElement.scrollWidth;
  seen.ink = style(page.querySelector('svg text')).fill;
  seen.ground = style(page.body).backgroundColor;
  document.getElementById('seen').textContent = JSON.stringify(seen);
};
frame.srcdoc = document.getElementById('text').textContent;
";
    let text = page.replace('&', "&amp;").replace('<', "&lt;");
    let harness = format!(
        "<!DOCTYPE html><meta charset=utf-8><pre id=seen></pre><pre id=text hidden>{text}</pre>\
         <iframe id=frame style='border:0;width:{width}px;height:900px'></iframe><script>{SCRIPT}</script>"
    );
    let file = home.join("harness.html");
    fs::write(&file, harness).unwrap();
    let mut command = Command::new(&chromium.path);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1400,1000",
        ])
        .args([
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            if dark { 0 } else { 1 }
        ))
        .arg(format!(
            "--user-data-dir={}",
            home.join("profile").display()
        ))
        .arg(format!("file://{}", file.display()));
    let said = run(
        "Chromium",
        &mut command,
        Duration::from_secs(120),
        &mut |_| (),
    )
    .unwrap()
    .output;
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let seen = said
        .split("<pre id=\"seen\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next());
    let seen = seen.unwrap_or_else(|| panic!("nothing seen: {}", &said[..said.len().min(2000)]));
    serde_json::from_str(&seen.replace("&amp;", "&")).unwrap_or_else(|_| panic!("{seen}"))
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("report.html");
    let refused = |path: &Path, expected: &str| {
        let output = report(path, &out);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(!out.exists());
    };
    let folder = home.path().join("folder");
    refused(&folder, "cannot be read");
    fs::create_dir(&folder).unwrap();
    refused(&folder, "holds no file that ends in .json");
    fs::write(folder.join("a.json"), "{\"a\":").unwrap();
    fs::write(folder.join("b.json"), "{\"a\":1}").unwrap();
    refused(&folder, "a.json: is no JSON");
    refused(&folder, "b.json: is no result that can be shown");
    fs::write(folder.join("shard-1-of-2.jsonl"), "").unwrap();
    refused(&folder, "has an exploration that has not ended");
}
