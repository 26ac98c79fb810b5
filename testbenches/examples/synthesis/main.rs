//! Cells that a design takes, whole and block by block, as Markdown on standard output:
//!
//! ```text
//! cargo run --release -p cromulent-testbenches --example synthesis constraints/designs/small-8x8.toml
//! cargo run --release -p cromulent-testbenches --example synthesis constraints/designs/tiny-4x4.toml ice40
//! ```
//!
//! The first is the accelerator on an ECP5, the second the top without a bus on an iCE40 HX8K, with its streams and
//! its state on pins; counters, words and addresses are left open. The whole is flattened, as one would place and
//! route it. For the blocks each module is mapped on its own, so that their sum is more than the whole. Where there is
//! a nextpnr for the family (`nextpnr-ecp5`, `nextpnr-ice40`, or what `CROMULENT_NEXTPNR` names), the whole is placed
//! and routed too.

mod family;
mod route;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cromulent::Error;
use cromulent::executors::verilator::emit;
use cromulent::tools::yosys::{self, YOSYS};
use cromulent::tools::{Found, Scratch};
use cromulent_design::Design;
use family::{ECP5, Family, ICE40};

/// One synthesis takes this long at most, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(1800);

/// Where the netlist of the whole goes.
const NETLIST: &str = "netlist.json";

/// What a module consists of: cells and instances of modules, by name.
type Cells = BTreeMap<String, u64>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shipped = "constraints/designs/small-8x8.toml".to_owned();
    let design = Design::load(Path::new(&env::args().nth(1).unwrap_or(shipped)))?;
    let family = match env::args().nth(2).as_deref() {
        None | Some("ecp5") => &ECP5,
        Some("ice40") => &ICE40,
        Some(other) => return Err(format!("{other} is neither ecp5 nor ice40").into()),
    };
    let yosys = YOSYS.find()?;
    let folder = Scratch::new()?;
    let files = emit(&design)?;
    let around = family.around(&files);
    for (file, text) in files.into_iter().chain(around) {
        fs::write(folder.path().join(file), text)?;
    }
    let started = Instant::now();
    let whole = synthesise(&yosys, folder.path(), family, &format!("-json {NETLIST}"))?;
    let seconds = started.elapsed().as_secs();
    println!("{}: {seconds} s, `check -assert` clean.\n", design.name);
    println!("| cells | whole |\n|---|--:|");
    for (cell, count) in whole.get(family.top).into_iter().flatten() {
        println!("| {cell} | {count} |");
    }
    let ram = family.ram;
    println!(
        "\n| module | instances | LUT4, each | flip-flops, each | {ram}, each | share of LUT4 |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    let modules = synthesise(&yosys, folder.path(), family, "-noflatten")?;
    blocks(family, &modules);
    match family.nextpnr.find() {
        Ok(nextpnr) => route::route(&nextpnr, family, folder.path(), NETLIST),
        Err(error) => {
            println!("\nNot placed and routed: {error}");
            Ok(())
        }
    }
}

/// The modules of a synthesised design.
fn synthesise(
    yosys: &Found,
    folder: &Path,
    family: &Family,
    how: &str,
) -> Result<BTreeMap<String, Cells>, Error> {
    let Family {
        flow,
        top,
        multipliers,
        ..
    } = family;
    let script = format!(
        "read_verilog *.v; {flow} {how} -top {top}; select -assert-none {multipliers}; check -assert; stat"
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
fn blocks(family: &Family, modules: &BTreeMap<String, Cells>) {
    let mut instances = Cells::new();
    count(modules, family.top, &mut instances);
    let luts = |name: &String| {
        family
            .luts
            .iter()
            .map(|&(cell, n)| n * of(&modules[name], cell))
            .sum::<u64>()
    };
    let all: u64 = instances.iter().map(|(name, n)| n * luts(name)).sum();
    let mut rows: Vec<_> = instances.iter().collect();
    rows.sort_by_key(|&(name, n)| std::cmp::Reverse(n * luts(name)));
    for (name, n) in rows {
        let each = luts(name);
        let [flip_flops, rams] =
            [family.flip_flop, family.ram].map(|cell| of(&modules[name], cell));
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

/// Cells of this name, or with more behind it.
fn of(cells: &Cells, cell: &str) -> u64 {
    let named = cells.iter().filter(|(name, _)| name.starts_with(cell));
    named.map(|(_, count)| count).sum()
}
