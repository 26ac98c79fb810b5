//! Draws a processing element and the block structure of a design as SVG:
//!
//! ```text
//! cargo run --release -p cromulent-testbenches --example schematic constraints/designs/small-8x8.toml docs/figures
//! ```
//!
//! writes `pe.svg` and `blocks.svg`. Yosys reads the emitted Verilog; netlistsvg (npm) draws the element,
//! Graphviz' `dot` the blocks.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cromulent::Error;
use cromulent::executors::verilator::emit;
use cromulent::tools::yosys::{self, YOSYS};
use cromulent::tools::{Scratch, run};
use cromulent_design::Design;
use cromulent_testbenches::blocks::Drawing;

/// Each program takes this long at most.
const LIMIT: Duration = Duration::from_secs(300);

/// Blocks whose inside is shown.
const OPENED: [&str; 7] = [
    "cromulent_accelerator",
    "cromulent_core",
    "rows",
    "array",
    "array_row",
    "columns",
    "column",
];

/// Arrows of fewer bits are left out: what starts, stops and acknowledges.
const LEAST_BITS: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [design, folder] = &arguments[..] else {
        return Err("wanted: a design file and a folder".into());
    };
    let (design, out) = (Design::load(Path::new(design))?, PathBuf::from(folder));
    let yosys = YOSYS.find()?;
    let scratch = Scratch::new()?;
    let folder = scratch.path();
    for (file, text) in emit(&design)? {
        fs::write(folder.join(file), text)?;
    }
    let pe = "read_verilog pe.v; hierarchy -top pe; proc; opt -purge; wreduce; opt_clean -purge; write_json pe.json";
    let blocks =
        "read_verilog *.v; hierarchy -top cromulent_accelerator; proc; write_json blocks.json";
    for script in [pe, blocks] {
        yosys::script(&yosys, script, folder, LIMIT)?;
    }
    call("netlistsvg", &["pe.json", "-o", "pe.svg"], folder)?;
    let drawing = Drawing {
        opened: &OPENED,
        least_bits: LEAST_BITS,
    };
    let netlist = serde_json::from_slice(&fs::read(folder.join("blocks.json"))?)?;
    let graph = drawing.graph(&netlist, "cromulent_accelerator");
    fs::write(
        folder.join("blocks.dot"),
        graph.ok_or("no such netlist was expected")?,
    )?;
    call("dot", &["-Tsvg", "blocks.dot", "-o", "blocks.svg"], folder)?;
    for file in ["pe.svg", "blocks.svg"] {
        let text = fs::read_to_string(folder.join(file))?;
        fs::write(out.join(file), on_white(&text))?;
        println!("{}", out.join(file).display());
    }
    Ok(())
}

/// Runs a program in a folder.
fn call(program: &'static str, arguments: &[&str], folder: &Path) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    run(program, &mut command, LIMIT, &mut |_| ()).map(|_| ())
}

/// The drawing on white, also where a page is dark.
fn on_white(svg: &str) -> String {
    svg.replacen("<svg ", "<svg style=\"background:white\" ", 1)
}
