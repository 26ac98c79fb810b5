//! `cromulent generate`.

use std::path::{Path, PathBuf};

use cromulent_design::Design;
use serde_json::json;

use crate::cli::GenerateArgs;
use crate::executors::{harness_files, verilator};
use crate::output::{Files, write_files, write_folder};
use crate::progress::Progress;
use crate::register_map;
use crate::{Error, Outcome};

/// The period the constraints file asks for, nanoseconds: 80 MHz.
const PERIOD: f64 = 12.5;

/// Writes the Verilog of a design with its file list and constraints, the register map as JSON, C header and
/// page, the design with all its defaults, and a test bench's C++ in `tb/`.
///
/// # Errors
/// A bad design, or a folder that exists or cannot be written.
pub fn run(args: &GenerateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let design = Design::load(&args.design)?;
    let _step = progress.step("generating Verilog");
    let verilog = verilator::emit(&design)?;
    let lines: usize = verilog.values().map(|text| text.lines().count()).sum();
    let files = all_files(&design, &verilog);
    write_folder(&args.out, |folder| write_files(folder, &files))?;
    let names: Vec<String> = files
        .keys()
        .map(|name| name.display().to_string())
        .collect();
    let text = format!(
        "{}: {} modules, {lines} lines of Verilog, top {}, or {} without a bus; registers.md says how to connect it",
        args.out.display(),
        verilog.len(),
        verilator::TOP,
        verilator::STREAM_TOP,
    );
    Ok(Outcome::good(
        text,
        json!({
            "design": design.name,
            "top": verilator::TOP,
            "stream_top": verilator::STREAM_TOP,
            "folder": args.out,
            "files": names,
            "lines": lines,
        }),
    ))
}

/// Everything that is written, by its place in the folder.
fn all_files(design: &Design, verilog: &Files) -> Files {
    let mut files = verilog.clone();
    let registers = format!("{:#}\n", register_map::json(design));
    let others = [
        ("files.f", file_list(verilog)),
        ("cromulent.sdc", constraints(design)),
        ("design.toml", design.to_toml()),
        ("registers.json", registers),
        ("cromulent_registers.h", register_map::header(design)),
        ("registers.md", register_map::page(design)),
    ];
    files.extend(
        others
            .into_iter()
            .map(|(name, text)| (PathBuf::from(name), text)),
    );
    let bench = harness_files(design);
    files.extend(
        bench
            .into_iter()
            .map(|(name, text)| (Path::new("tb").join(name), text)),
    );
    files
}

/// The Verilog files, one a line, as `verilator -f` and Yosys scripts read them.
fn file_list(verilog: &Files) -> String {
    verilog
        .keys()
        .map(|name| format!("{}\n", name.display()))
        .collect()
}

/// A clock, and delays at the ports that leave most of its period inside.
fn constraints(design: &Design) -> String {
    let delay = PERIOD / 4.0;
    format!(
        "# Timing constraints of {name} for either top, in nanoseconds. Generated: take it as a start, and set the\n\
         # period you need and the delays of what you connect.\n\
         create_clock -name clock -period {PERIOD} [get_ports clock]\n\
         set_input_delay {delay} -clock clock [remove_from_collection [all_inputs] [get_ports clock]]\n\
         set_output_delay {delay} -clock clock [all_outputs]\n",
        name = design.name
    )
}
