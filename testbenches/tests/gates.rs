//! What emitted Verilog must pass before anybody synthesises it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cromulent::executors::verilator::{STREAM_TOP, TOP, emit};
use cromulent::tools::{Scratch, verilator, yosys};
use cromulent_design::Design;
use cromulent_testbenches::forms::{every_form, name};
use cromulent_testbenches::tools;

const LIMIT: Duration = Duration::from_secs(300);

/// Both top modules.
const TOPS: [&str; 2] = [TOP, STREAM_TOP];

/// Every form on an odd array, with memories small enough to map quickly, and every width of the bus.
fn designs() -> Vec<Design> {
    let small = |(n, design): (usize, Design)| Design {
        code_depth: 64,
        weight_depth: 16,
        tile_depth: 16,
        channel_depth: 4,
        stream_depth: 64,
        bus_bits: 32 << (n % 5),
        memory_address_bits: [32, 40, 64, 16][n % 4],
        max_pool: n % 3 != 1,
        ..design
    };
    every_form(5, 3)
        .into_iter()
        .enumerate()
        .map(small)
        .collect()
}

/// The design's files in a folder of their own.
fn write(design: &Design) -> (Scratch, Vec<PathBuf>) {
    let folder = Scratch::new().expect("a temporary folder");
    let files = emit(design).unwrap_or_else(|e| panic!("{}: {e}", name(design)));
    let write = |(file, text): (PathBuf, String)| {
        let path = folder.path().join(file);
        fs::write(&path, text).expect("a temporary file");
        path
    };
    let paths = files.into_iter().map(write).collect();
    (folder, paths)
}

#[test]
fn lint_is_clean_without_waivers() {
    let Some(found) = tools::verilator() else {
        return;
    };
    let eight = Design::load(std::path::Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../constraints/designs/small-8x8.toml"
    )));
    let shipped = eight.expect("a shipped design");
    for design in designs().iter().chain([&shipped]) {
        let (_folder, paths) = write(design);
        for top in TOPS {
            verilator::lint(&found, &paths, top)
                .unwrap_or_else(|e| panic!("{}, {top}: {e}", name(design)));
        }
    }
}

#[test]
fn files_hold_synthesisable_verilog_only() {
    for design in designs() {
        for (file, text) in emit(&design).unwrap_or_else(|e| panic!("{e}")) {
            let modules = text
                .lines()
                .filter(|line| line.starts_with("module "))
                .count();
            assert_eq!(modules, 1, "{}: one module a file", file.display());
            let code: String = text
                .lines()
                .map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n")
                .collect();
            for word in [
                "initial",
                "#",
                "$display",
                "$random",
                "lint_off",
                "posedge reset",
                "negedge",
                "always @*",
            ] {
                assert!(
                    !code.contains(word),
                    "{} in {}: {}",
                    word,
                    file.display(),
                    name(&design)
                );
            }
        }
    }
}

/// Cells of a shift design may not multiply or divide, and no design may hold a latch.
#[test]
fn yosys_checks_and_finds_no_latch_and_no_multiplier() {
    let Some(found) = tools::yosys() else { return };
    for design in designs() {
        let (folder, _) = write(&design);
        let none = |cells: &str| {
            cells
                .split(' ')
                .map(|cell| format!("select -assert-none t:{cell}; "))
                .collect::<String>()
        };
        let latches = none("$dlatch $adlatch $dlatchsr $sr");
        // Level formats multiply in the quantizer only, as int8 does there too.
        let multipliers = match design.format.is_scaled() {
            false => none("$mul $macc $div $mod $divfloor $modfloor"),
            true => String::new(),
        };
        // One contains the other but for a wrapper, so that one design shows for both tops.
        let tops = if design.bus_bits == 32 {
            &TOPS[..]
        } else {
            &TOPS[..1]
        };
        for top in tops {
            let script = format!(
                "read_verilog *.v; hierarchy -check -top {top}; proc; {latches}{multipliers}check -assert; \
                 opt; wreduce; share; opt; {multipliers}select -assert-min 1 t:$mem*; check -assert"
            );
            yosys::script(&found, &script, folder.path(), LIMIT)
                .unwrap_or_else(|e| panic!("{}, {top}: {e}", name(&design)));
        }
    }
}

/// Technology mapping finds nothing to put into a DSP block either.
#[test]
fn no_dsp_block_after_mapping() {
    let Some(found) = tools::yosys() else { return };
    let chosen = ["L4 exact with digits", "R3 rectified", "L5 recentred"];
    let designs: Vec<Design> = designs()
        .into_iter()
        .filter(|design| chosen.contains(&name(design).as_str()))
        .collect();
    assert_eq!(designs.len(), chosen.len());
    for design in designs {
        let (folder, _) = write(&design);
        for (flow, dsp) in [
            ("synth_ecp5", "MULT18X18D ALU54B"),
            ("synth_xilinx", "DSP48E1"),
        ] {
            let none: String = dsp
                .split(' ')
                .map(|cell| format!("select -assert-none t:{cell}; "))
                .collect();
            let script = format!("read_verilog *.v; {flow} -top {TOP}; {none}check -assert");
            yosys::script(&found, &script, folder.path(), LIMIT)
                .unwrap_or_else(|e| panic!("{} {flow}: {e}", name(&design)));
        }
    }
}
