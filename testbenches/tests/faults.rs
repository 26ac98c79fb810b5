//! Faults planted in the emitted Verilog: `verify` must see each and name what differs first.

use std::fs;
use std::path::Path;

use cromulent::cli::Executor;
use cromulent::executors::verilator;
use cromulent::output::Files;
use cromulent::progress::Progress;
use cromulent::verification::{Bench, RunCheck, Subject, text};
use cromulent_design::Design;
use cromulent_engine::random::Case;
use cromulent_testbenches::tools;
use cromulent_testbenches::{against, small};

/// What a bench finds with this Verilog in the layers of a small design, and how it says so.
fn verify(cases: &[Case], rtl: Files) -> (Vec<RunCheck>, String) {
    let design = &cases[0].design;
    let progress = Progress::silent();
    let conditions = against(Executor::Verilator, Some(rtl));
    let mut bench = Bench::new(design, conditions, &progress).expect("three executors");
    let check = |case: &Case| {
        let subject = Subject::layer(design, &case.layer, case.activations.clone())
            .unwrap_or_else(|e| panic!("{e}"));
        bench.check(&subject).unwrap_or_else(|e| panic!("{e}"))
    };
    let checks: Vec<RunCheck> = cases.iter().map(check).collect();
    let said = text(design, "planted", &checks);
    (checks, said)
}

/// The design's Verilog with one text in place of another.
fn planted(design: &Design, file: &str, from: &str, to: &str) -> Files {
    let mut files = verilator::emit(design).expect("a small design");
    let text = files
        .get_mut(Path::new(file))
        .unwrap_or_else(|| panic!("no {file}"));
    assert!(
        text.contains(from),
        "{file} no longer holds `{from}`:\n{text}"
    );
    *text = text.replacen(from, to, 1);
    files
}

/// File, text, fault, and a part of what is said of it.
const FAULTS: [(&str, &str, &str, &str); 12] = [
    (
        "pe.v",
        "sum <= sum_in + ",
        "sum <= sum_in - ",
        "column tile",
    ),
    ("row_edge.v", ">=", ">", "column tile"),
    (
        "pool_row.v",
        "kept <= takes",
        "kept <= inside_",
        "column tile",
    ),
    (
        "window.v",
        "next_line = line + ",
        "next_line = line - ",
        "column tile",
    ),
    (
        "output_pool.v",
        "(row_begun & ",
        "(row_begun | ",
        "column tile",
    ),
    (
        "window_axis.v",
        "(open | in_window)",
        "(open & in_window)",
        "column tile",
    ),
    ("column_foot.v", "+ {", "& {", "column tile"),
    ("residual.v", ", shifted[0]}", ", 1'b0}", "column tile"),
    ("loader.v", "assign room = ~", "assign room = |", ""),
    ("layer_control.v", "{31'd0, runs}", "32'd1", "layer_cycles"),
    ("bursts.v", "5'h10 - ", "5'h10 + ", ""),
    ("writer.v", "(beat + {28'd0, answered})", "beat", "result 0"),
];

#[test]
fn planted_faults_are_seen_and_named() {
    if tools::verilator().is_none() {
        return;
    }
    let cases = small::cases();
    for (file, from, to, said) in FAULTS {
        let (checks, text) = verify(&cases, planted(&cases[0].design, file, from, to));
        let mismatches: usize = checks.iter().map(RunCheck::mismatches).sum();
        assert!(mismatches > 0, "{file}, `{from}`: not seen");
        assert!(
            text.contains("first difference of verilator to reference"),
            "{file}: {text}"
        );
        assert!(text.contains(said), "{file}: {text}");
    }
}

/// The same where images are computed together.
const FAULTS_OF_BATCHES: [(&str, &str, &str, &str); 5] = [
    (
        "images.v",
        "base_0 + image_step",
        "base_0 | image_step",
        "image ",
    ),
    ("images.v", "again ? row_1 :", "again ? row_0 :", "image "),
    ("images.v", "& (~over)", "& over", ""),
    (
        "images.v",
        "row_done & (row_0 ==",
        "row_done & (row_1 ==",
        "image ",
    ),
    (
        "sequencer.v",
        "(first_of_image | (~pool))",
        "((first_of_image & tile_start) | (~pool))",
        "image ",
    ),
];

#[test]
fn planted_faults_of_batches_are_seen_and_named() {
    if tools::verilator().is_none() {
        return;
    }
    let cases = small::batches();
    let (_, text) = verify(
        &cases,
        planted(&cases[0].design, "pe.v", "sum_in", "sum_in"),
    );
    assert!(text.ends_with("all equal"), "{text}");
    for (file, from, to, said) in FAULTS_OF_BATCHES {
        let (checks, text) = verify(&cases, planted(&cases[0].design, file, from, to));
        let mismatches: usize = checks.iter().map(RunCheck::mismatches).sum();
        assert!(mismatches > 0, "{file}, `{from}`: not seen");
        assert!(text.contains(said), "{file}: {text}");
    }
}

#[test]
fn untouched_verilog_passes() {
    if tools::verilator().is_none() {
        return;
    }
    let cases = small::cases();
    let (checks, text) = verify(
        &cases,
        planted(&cases[0].design, "pe.v", "sum_in", "sum_in"),
    );
    assert!(checks.iter().all(|check| check.mismatches() == 0), "{text}");
    assert!(text.ends_with("all equal"), "{text}");
}

/// The folder that `generate` writes builds as it is, and one of another design is refused.
#[test]
fn a_folder_of_verilog_is_checked_by_its_design() {
    let shipped = |name: &str| format!("constraints/designs/{name}.toml");
    let scratch = cromulent::tools::Scratch::new().expect("a temporary folder");
    let rtl = scratch.path().join("rtl");
    let folder = rtl.to_str().expect("a plain path");
    let small_design = shipped("small-8x8");
    let generated = small::cromulent(&["generate", "--design", &small_design, "--out", folder]);
    assert!(generated.status.success(), "{generated:?}");
    assert!(fs::exists(rtl.join("cromulent.v")).expect("a folder"));
    let other = shipped("mid-32x32");
    let network = "docs/examples/fashion-resnet8.toml";
    let refused = small::cromulent(&[
        "verify",
        "--design",
        &other,
        "--network",
        network,
        "--rtl",
        folder,
    ]);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("is Verilog of another design, small-8x8"),
        "{errors}"
    );
}

/// What a user sees: exit code 1, and the layer and word that differ first.
#[test]
fn a_fault_in_a_folder_is_a_mismatch() {
    if tools::verilator().is_none() {
        return;
    }
    let scratch = cromulent::tools::Scratch::new().expect("a temporary folder");
    let rtl = scratch.path().join("rtl");
    let folder = rtl.to_str().expect("a plain path");
    let design = "constraints/designs/small-8x8.toml";
    let generated = small::cromulent(&["generate", "--design", design, "--out", folder]);
    assert!(generated.status.success(), "{generated:?}");
    let path = rtl.join("column_foot.v");
    let text = fs::read_to_string(&path).expect("a generated file");
    fs::write(&path, text.replacen("+ {", "& {", 1)).expect("a generated file");
    let network = "docs/examples/fashion-resnet8.toml";
    let arguments = ["verify", "--design", design, "--network", network];
    let output = small::cromulent(&[&arguments[..], &["--rtl", folder]].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let first = "first difference of verilator to reference in conv1: column tile 0, column";
    assert!(said.contains(first), "{said}");
    assert!(said.contains(" instead of "), "{said}");
}
