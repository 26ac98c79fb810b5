//! The walls of the house: which crate may depend on which.
//!
//! `number ← {design, network, kernels} ← {core (with kit), engine, import} ← cost ← gen ← testbenches`. The engine never sees
//! rust_hdl, else comparing it with the circuit would prove nothing; the network never sees the hardware;
//! the core never sees the engine; the kit sees none of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

/// Each crate of the workspace, and the crates of the workspace it may depend on, for whatever purpose.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("cromulent-number", &[]),
    ("cromulent-kit", &[]),
    ("cromulent-design", &["cromulent-number"]),
    ("cromulent-network", &["cromulent-number"]),
    (
        "cromulent-import",
        &["cromulent-number", "cromulent-network"],
    ),
    (
        "cromulent-core",
        &["cromulent-number", "cromulent-design", "cromulent-kit"],
    ),
    ("cromulent-kernels", &["cromulent-number"]),
    (
        "cromulent-engine",
        &[
            "cromulent-number",
            "cromulent-design",
            "cromulent-network",
            "cromulent-kernels",
        ],
    ),
    (
        "cromulent-cost",
        &[
            "cromulent-number",
            "cromulent-design",
            "cromulent-network",
            "cromulent-engine",
        ],
    ),
    (
        "cromulent",
        &[
            "cromulent-number",
            "cromulent-design",
            "cromulent-kit",
            "cromulent-network",
            "cromulent-import",
            "cromulent-core",
            "cromulent-kernels",
            "cromulent-engine",
            "cromulent-cost",
        ],
    ),
    (
        "cromulent-testbenches",
        &[
            "cromulent-number",
            "cromulent-design",
            "cromulent-kit",
            "cromulent-network",
            "cromulent-import",
            "cromulent-core",
            "cromulent-kernels",
            "cromulent-engine",
            "cromulent-cost",
            "cromulent",
        ],
    ),
];

/// Crates that must not link rust_hdl, not even by way of others.
const WITHOUT_RUST_HDL: [&str; 7] = [
    "cromulent-number",
    "cromulent-design",
    "cromulent-network",
    "cromulent-import",
    "cromulent-kernels",
    "cromulent-engine",
    "cromulent-cost",
];

/// Crate to the crates it depends on.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The arrows that leave the workspace's crates, dev- and build-dependencies included.
fn direct(metadata: &Value) -> Arrows {
    let members: BTreeSet<_> = list(&metadata["workspace_members"]).map(text).collect();
    let packages =
        list(&metadata["packages"]).filter(|package| members.contains(&text(&package["id"])));
    let depends = |package: &Value| {
        list(&package["dependencies"])
            .map(|d| text(&d["name"]))
            .collect()
    };
    packages
        .map(|package| (text(&package["name"]), depends(package)))
        .collect()
}

/// The arrows between all crates that are linked, those of others included; no dev-dependencies.
fn linked(metadata: &Value) -> Arrows {
    let packages = list(&metadata["packages"]);
    let names: BTreeMap<_, _> = packages
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let name = |id: &Value| names.get(&text(id)).cloned().unwrap_or_default();
    let is_linked =
        |dependency: &&Value| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
    let mut arrows = Arrows::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let targets = list(&node["deps"])
            .filter(is_linked)
            .map(|dependency| name(&dependency["pkg"]));
        // Versions of one crate count as one.
        arrows.entry(name(&node["id"])).or_default().extend(targets);
    }
    arrows
}

/// Whether one crate links another, by way of any.
fn reaches(arrows: &Arrows, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(arrows.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// Every wall that is broken, a sentence each.
fn breaches(metadata: &Value) -> Vec<String> {
    let allowed = BTreeMap::from(ALLOWED);
    let arrows = direct(metadata);
    let mut breaches = Vec::new();
    for (from, targets) in &arrows {
        let Some(allowed) = allowed.get(from.as_str()) else {
            breaches.push(format!("{from} has no place in the table of walls"));
            continue;
        };
        let ours = targets.iter().filter(|to| arrows.contains_key(*to));
        let forbidden = ours.filter(|to| !allowed.contains(&to.as_str()));
        breaches.extend(forbidden.map(|to| format!("{from} must not depend on {to}")));
    }
    let linked = linked(metadata);
    let with = WITHOUT_RUST_HDL
        .into_iter()
        .filter(|from| reaches(&linked, from, "rust-hdl-core"));
    breaches.extend(with.map(|from| format!("{from} must not link rust-hdl-core")));
    if linked
        .get("cromulent-number")
        .is_some_and(|targets| !targets.is_empty())
    {
        breaches.push("cromulent-number must not depend on anything".to_owned());
    }
    breaches
}

/// What `cargo metadata` says of this workspace, as built for this machine.
fn metadata() -> Value {
    let rustc = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc runs");
    let about = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let host = about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--filter-platform",
            host,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

#[test]
fn no_arrow_crosses_a_wall() {
    let metadata = metadata();
    let members = direct(&metadata);
    assert_eq!(
        members.len(),
        ALLOWED.len(),
        "crates of the workspace: {:?}",
        members.keys()
    );
    assert!(
        linked(&metadata)["cromulent-core"].contains("rust-hdl-core"),
        "the graph was not read"
    );
    assert_eq!(breaches(&metadata), Vec::<String>::new());
}

/// A workspace of these crates and dependencies, linked as they are declared.
fn fabricated(crates: &[(&str, &[&str])], members: usize) -> Value {
    let named = |name: &str| json!({ "name": name });
    let dep = |name: &str| json!({ "pkg": name, "dep_kinds": [{ "kind": null }] });
    let packages: Vec<_> = crates
        .iter()
        .map(|(name, targets)| {
            let targets: Vec<_> = targets.iter().map(|target| named(target)).collect();
            json!({ "id": name, "name": name, "dependencies": targets })
        })
        .collect();
    let nodes: Vec<_> = crates
        .iter()
        .map(|(name, targets)| {
            let deps: Vec<_> = targets.iter().map(|target| dep(target)).collect();
            json!({ "id": name, "deps": deps })
        })
        .collect();
    let members: Vec<_> = crates[..members].iter().map(|(name, _)| *name).collect();
    json!({ "packages": packages, "resolve": { "nodes": nodes }, "workspace_members": members })
}

/// The house as it should be, with one more dependency.
fn planted(from: &str, to: &'static str) -> Vec<String> {
    let mut crates: Vec<(&str, Vec<&str>)> = ALLOWED
        .iter()
        .map(|(name, targets)| (*name, targets.to_vec()))
        .collect();
    for (name, targets) in &mut crates {
        if *name == from {
            targets.push(to);
        }
    }
    crates.push(("outside", vec!["rust-hdl-core"]));
    crates.push(("rust-hdl-core", vec![]));
    let crates: Vec<(&str, &[&str])> = crates
        .iter()
        .map(|(name, targets)| (*name, targets.as_slice()))
        .collect();
    breaches(&fabricated(&crates, ALLOWED.len()))
}

#[test]
fn a_planted_arrow_is_found() {
    assert_eq!(
        planted("none", "none"),
        Vec::<String>::new(),
        "the house itself stands"
    );
    for (from, to) in [
        ("cromulent-engine", "cromulent-core"),
        ("cromulent-engine", "cromulent-kit"),
        ("cromulent-core", "cromulent-engine"),
        ("cromulent-core", "cromulent-network"),
        ("cromulent-network", "cromulent-design"),
        ("cromulent-design", "cromulent-network"),
        ("cromulent-kit", "cromulent-number"),
        ("cromulent-engine", "cromulent"),
        ("cromulent-engine", "cromulent-cost"),
        ("cromulent-cost", "cromulent-core"),
        ("cromulent", "cromulent-testbenches"),
    ] {
        let expected = format!("{from} must not depend on {to}");
        assert!(
            planted(from, to).contains(&expected),
            "{expected}: {:?}",
            planted(from, to)
        );
    }
}

#[test]
fn rust_hdl_is_found_behind_another_crate() {
    // What the engine links, the costs link.
    let found = planted("cromulent-engine", "outside");
    let expected = ["cromulent-engine", "cromulent-cost"];
    assert_eq!(
        found,
        expected.map(|name| format!("{name} must not link rust-hdl-core"))
    );
    // What the design links, the engine links.
    let found = planted("cromulent-design", "rust-hdl-core");
    let expected = ["cromulent-design", "cromulent-engine", "cromulent-cost"];
    assert_eq!(
        found,
        expected.map(|name| format!("{name} must not link rust-hdl-core"))
    );
    assert_eq!(
        planted("cromulent-number", "outside").last().unwrap(),
        "cromulent-number must not depend on anything"
    );
}

#[test]
fn a_crate_outside_the_table_is_found() {
    let found = breaches(&fabricated(
        &[
            ("cromulent-utils", &["cromulent-number"]),
            ("cromulent-number", &[]),
        ],
        2,
    ));
    assert_eq!(
        found,
        ["cromulent-utils has no place in the table of walls"]
    );
}
