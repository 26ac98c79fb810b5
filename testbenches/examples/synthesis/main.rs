//! Cells of an ECP5 that a design takes, whole and block by block, as Markdown on standard output:
//!
//! ```text
//! cargo run --release -p cromulent-testbenches --example synthesis constraints/designs/small-8x8.toml
//! ```
//!
//! The whole is flattened, as one would place and route it. For the blocks each module is mapped on its own,
//! so that their sum is more than the whole. Where there is a nextpnr for the ECP5 (`nextpnr-ecp5`, or what
//! `CROMULENT_NEXTPNR` names), the whole is placed and routed too.

mod route;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cromulent::Error;
use cromulent::executors::verilator::{TOP, emit};
use cromulent::tools::yosys::{self, YOSYS};
use cromulent::tools::{Found, Scratch};
use cromulent_design::Design;

/// One synthesis takes this long at most, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(1800);

/// Where the netlist of the whole goes.
const NETLIST: &str = "netlist.json";

/// What a module consists of: cells and instances of modules, by name.
type Cells = BTreeMap<String, u64>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shipped = "constraints/designs/small-8x8.toml".to_owned();
    let design = Design::load(Path::new(&env::args().nth(1).unwrap_or(shipped)))?;
    let yosys = YOSYS.find()?;
    let folder = Scratch::new()?;
    for (file, text) in emit(&design)? {
        fs::write(folder.path().join(file), text)?;
    }
    let started = Instant::now();
    let whole = synthesise(&yosys, folder.path(), &format!("-json {NETLIST}"))?;
    let seconds = started.elapsed().as_secs();
    println!("{}: {seconds} s, `check -assert` clean.\n", design.name);
    println!("| cells | whole |\n|---|--:|");
    for (cell, count) in whole.get(TOP).into_iter().flatten() {
        println!("| {cell} | {count} |");
    }
    println!(
        "\n| module | instances | LUT4, each | flip-flops, each | DP16KD, each | share of LUT4 |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    blocks(&synthesise(&yosys, folder.path(), "-noflatten")?);
    match route::NEXTPNR.find() {
        Ok(nextpnr) => route::route(&nextpnr, folder.path(), NETLIST),
        Err(error) => {
            println!("\nNot placed and routed: {error}");
            Ok(())
        }
    }
}

/// The modules of a synthesised design.
fn synthesise(yosys: &Found, folder: &Path, how: &str) -> Result<BTreeMap<String, Cells>, Error> {
    let script = format!(
        "read_verilog *.v; synth_ecp5 {how} -top {TOP}; select -assert-none t:MULT18X18D t:ALU54B; check -assert; stat"
    );
    let log = yosys::script(yosys, &script, folder, LIMIT)?;
    Ok(modules(&log))
}

/// The modules in the last statistics of a log.
fn modules(log: &str) -> BTreeMap<String, Cells> {
    let last = log.rsplit("Printing statistics").next().unwrap_or_default();
    let mut found = BTreeMap::new();
    for section in last.split("\n=== ").skip(1) {
        let name = section.split(" ===").next().unwrap_or_default();
        let cells = section.split("Number of cells:").nth(1).unwrap_or_default();
        let count = |line: &str| -> Option<(String, u64)> {
            let (cell, count) = line.trim().split_once(' ')?;
            Some((cell.to_owned(), count.trim().parse().ok()?))
        };
        found.insert(
            name.to_owned(),
            cells.lines().skip(1).filter_map(count).collect(),
        );
    }
    found
}

/// A row for each module, the largest in all first.
fn blocks(modules: &BTreeMap<String, Cells>) {
    let mut instances = Cells::new();
    count(modules, TOP, &mut instances);
    let all: u64 = instances
        .iter()
        .map(|(name, n)| n * luts(&modules[name]))
        .sum();
    let mut rows: Vec<_> = instances.iter().collect();
    rows.sort_by_key(|&(name, n)| std::cmp::Reverse(n * luts(&modules[name])));
    for (name, n) in rows {
        let cells = &modules[name];
        let [each, flip_flops, rams] = [luts(cells), of(cells, "TRELLIS_FF"), of(cells, "DP16KD")];
        if each + flip_flops + rams > 0 {
            let share = 100 * n * each / all.max(1);
            println!("| {name} | {n} | {each} | {flip_flops} | {rams} | {share} % |");
        }
    }
}

/// Adds the instances of a module, and of those within it.
fn count(modules: &BTreeMap<String, Cells>, name: &str, instances: &mut Cells) {
    *instances.entry(name.to_owned()).or_default() += 1;
    for (cell, &n) in &modules[name] {
        for _ in 0..if modules.contains_key(cell) { n } else { 0 } {
            count(modules, cell, instances);
        }
    }
}

/// Tables of four inputs: two in a cell of carry logic, six in one of distributed RAM.
fn luts(cells: &Cells) -> u64 {
    of(cells, "LUT4") + 2 * of(cells, "CCU2C") + 6 * of(cells, "TRELLIS_DPR16X4")
}

fn of(cells: &Cells, cell: &str) -> u64 {
    cells.get(cell).copied().unwrap_or(0)
}
