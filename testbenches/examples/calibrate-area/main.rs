//! Calibrates the area model of a target, and shows how far it is off on designs that were held out:
//!
//! ```text
//! cargo run --release -p cromulent-testbenches --example calibrate-area ecp5
//! cargo run --release -p cromulent-testbenches --example calibrate-area sky130hd_tt.lib.gz
//! cargo run --release -p cromulent-testbenches --example calibrate-area --recorded ecp5
//! ```
//!
//! Writes `constraints/area/<target>.toml`, the model, and `constraints/area/<target>.runs.tsv`, what it was fitted to;
//! the target is `ice40`, `ecp5`, `xilinx7` or a Liberty file. With `--recorded` nothing is synthesised: the model is
//! fitted again to the runs that are there. With `--fit-only` no design is held out: half the time, and no errors are
//! known. Standard output is the table of docs/area.md. With `--memories` it is what becomes of memories of many shapes,
//! the lines of `sim/cost/src/area/ram-shapes.tsv`, and nothing is written.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cromulent::liberty::Library;
use cromulent::synthesis::{Synthesiser, Target, Vendor};
use cromulent_cost::area::Model;
use cromulent_testbenches::area::calibrate::{Judged, fitted, judge_set};
use cromulent_testbenches::area::runs::{Set, from_table, measure, to_table};
use cromulent_testbenches::area::shapes;
use cromulent_testbenches::forms::name;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given: Vec<String> = env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let at = given.iter().position(|word| word == name);
        at.map(|at| given.remove(at)).is_some()
    };
    let (recorded, fit_only) = (flag("--recorded"), flag("--fit-only"));
    let memories = flag("--memories");
    let [target] = given.as_slice() else {
        return Err("give a target: ice40, ecp5, xilinx7 or a Liberty file".into());
    };
    let vendor = target.parse::<Vendor>().ok();
    if let (true, Some(vendor)) = (memories, vendor) {
        let (shapes, synthesiser) = (shapes::shapes(), Synthesiser::new()?);
        let found = shapes::measure(&synthesiser, vendor, &shapes)?;
        for ((depth, width), found) in shapes.into_iter().zip(found) {
            let [luts, brams] = [found.luts, found.block_rams].map(|count| count.unwrap_or(0));
            let ffs = found.flip_flops;
            println!("{vendor}\t{depth}\t{width}\t{luts}\t{ffs}\t{brams}");
        }
        return Ok(());
    }
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../constraints/area"));
    let (target, file) = match vendor {
        Some(vendor) => (Target::Fpga(vendor), vendor.name().to_owned()),
        None => {
            let library = Library::load(Path::new(target))?;
            let name = library.name().to_owned();
            (Target::Cells(Arc::new(library)), name)
        }
    };
    let table = folder.join(format!("{file}.runs.tsv"));
    if !recorded {
        let sets = if fit_only { &Set::ALL[..3] } else { &Set::ALL };
        let runs = measure(&Synthesiser::new()?, &target, sets, &|what| {
            eprintln!("{what}");
        })?;
        fs::write(&table, to_table(&runs)?)?;
    }
    let runs = from_table(&table)?;
    let model = fitted(target.name(), vendor, SOURCE, &runs)?;
    let path: PathBuf = folder.join(format!("{file}.toml"));
    fs::write(&path, model.to_toml())?;
    // What is read again is what counts.
    let model = Model::parse(&model.to_toml(), &path.display().to_string())?;
    for (title, set) in [("Held out", Set::HeldOut), ("Fitted", Set::Whole)] {
        println!("\n{title}, {}:\n", target.name());
        print(&judge_set(&model, &runs, set)?, vendor.is_some());
    }
    Ok(())
}

/// What a model says of itself.
const SOURCE: &str = "Yosys 0.23; runs beside this file";

/// A row for each design: found, predicted, and how much too large that is.
fn print(judged: &[Judged], is_fpga: bool) {
    let columns = match is_fpga {
        true => "LUTs | predicted | % | flip-flops | predicted | % | block RAMs | predicted | % |",
        false => "µm² | predicted | % | flip-flops | predicted | % |",
    };
    let bars = "--:|".repeat(if is_fpga { 9 } else { 6 });
    println!("| design | size | bus | {columns}\n|---|---|--:|{bars}");
    for one in judged {
        let (design, found, predicted) = (&one.design, &one.found, &one.predicted);
        let [luts, ffs, brams, um2] = one.errors();
        let cell = |found: f64, predicted: u64, error: Option<f64>| {
            let error = error.map_or("–".to_owned(), |error| format!("{error:+.1}"));
            format!("{found:.0} | {predicted} | {error} | ")
        };
        let count = |count: Option<u64>| count.unwrap_or(0);
        let ffs = cell(found.flip_flops as f64, predicted.ffs, ffs);
        let cells = match is_fpga {
            true => [
                cell(count(found.luts) as f64, count(predicted.luts), luts),
                ffs,
                cell(
                    count(found.block_rams) as f64,
                    count(predicted.brams),
                    brams,
                ),
            ]
            .concat(),
            false => [
                cell(found.area_um2.unwrap_or(0.0), count(predicted.um2), um2),
                ffs,
            ]
            .concat(),
        };
        println!(
            "| {} | {}×{} | {} | {}",
            name(design),
            design.rows,
            design.columns,
            design.bus_bits,
            cells.trim_end()
        );
    }
}
