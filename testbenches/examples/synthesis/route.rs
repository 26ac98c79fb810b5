//! Place and route, and where the time goes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cromulent::Error;
use cromulent::tools::{Found, run};
use serde_json::Value;

use crate::family::Family;

/// Place and route takes this long at most, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(3600);
/// Blocks that are shown.
const SHOWN: usize = 25;

/// Routes `netlist` (Yosys' JSON, in this folder) and prints the clock and the slowest path into each block.
pub fn route(
    nextpnr: &Found,
    family: &Family,
    folder: &Path,
    netlist: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let report = read(nextpnr, family, folder, netlist)?;
    println!("\n{}\n", nextpnr.version_text);
    for cell in family.filled {
        let cells = &report["utilization"][cell];
        if let (Some(used), Some(all)) = (cells["used"].as_u64(), cells["available"].as_u64()) {
            println!("{cell}: {used} of {all}");
        }
    }
    for (clock, speed) in report["fmax"].as_object().into_iter().flatten() {
        println!(
            "{clock}: {:.1} MHz",
            speed["achieved"].as_f64().unwrap_or(0.0)
        );
    }
    println!("\n| slowest path into | ns |\n|---|--:|");
    let mut blocks: Vec<_> = arrivals(&report).into_iter().collect();
    blocks.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (block, delay) in blocks.into_iter().take(SHOWN) {
        println!("| {block} | {delay:.1} |");
    }
    Ok(())
}

fn read(nextpnr: &Found, family: &Family, folder: &Path, netlist: &str) -> Result<Value, Error> {
    let mut command = Command::new(&nextpnr.path);
    command.current_dir(folder).args(family.options).args([
        "--timing-allow-fail",
        "--quiet",
        "--json",
        netlist,
        "--seed",
        "1",
        "--report",
        "report.json",
        "--detailed-timing-report",
    ]);
    run(nextpnr.name, &mut command, LIMIT, &mut |_| ())?;
    let path = folder.join("report.json");
    let text = fs::read_to_string(&path).map_err(|error| Error::io("be read", &path, &error))?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The slowest path from a register to a register of each block, instances alike as one.
fn arrivals(report: &Value) -> BTreeMap<String, f64> {
    let mut slowest = BTreeMap::new();
    let clocked = |value: &Value| value["event"].as_str().is_some_and(|e| e.contains("clock"));
    for net in report["detailed_net_timings"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for end in net["endpoints"].as_array().into_iter().flatten() {
            if clocked(net) && clocked(end) {
                let block = block(end["cell"].as_str().unwrap_or_default());
                // Older ones give the longest alone.
                let delay = end["delay"][1].as_f64().or(end["delay"].as_f64());
                let delay = delay.unwrap_or(0.0);
                let kept: &mut f64 = slowest.entry(block).or_default();
                *kept = kept.max(delay);
            }
        }
    }
    slowest
}

/// `inner.core.rows.row_edge_5.recoder.rest_TRELLIS_FF_Q` is of the block `core.rows.row_edge`.
fn block(cell: &str) -> String {
    let path: Vec<_> = cell.split('.').filter(|part| *part != "inner").collect();
    let parts = &path[..path.len().saturating_sub(1).min(3)];
    let plain = |part: &&str| {
        part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
            .to_owned()
    };
    let parts: Vec<_> = parts.iter().map(plain).collect();
    parts.join(".")
}
