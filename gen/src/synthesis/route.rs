//! Place and route of an array alone, for its clock.

use std::fs;
use std::process::Command;
use std::time::Duration;

use cromulent_design::Design;
use serde_json::Value;

use super::measure::array_source;
use super::{Synthesiser, Target, Vendor};
use crate::Error;
use crate::tools::{Found, Scratch, Tool, Version, run};

/// Places and routes an ECP5.
pub const NEXTPNR: Tool = Tool {
    name: "nextpnr",
    program: "nextpnr-ecp5",
    variable: Some("CROMULENT_NEXTPNR"),
    version_argument: "--version",
    minimum: Version(0, 4),
};

/// The largest ECP5 in its fastest speed grade; ports are no pins, and paths through them are not counted.
pub const DEVICE: [&str; 8] = [
    "--85k",
    "--speed",
    "8",
    "--package",
    "CABGA756",
    "--out-of-context",
    "--freq",
    "100",
];

/// Place and route takes this long at most, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(3600);

/// The clock of a design's array on an ECP5, MHz: one seed, paths from register to register.
///
/// # Errors
/// Yosys or nextpnr fails.
pub fn array(synthesiser: &Synthesiser, nextpnr: &Found, design: &Design) -> Result<f64, Error> {
    let folder = Scratch::new()?;
    let netlist = folder.path().join("array.json");
    let target = Target::Fpga(Vendor::Ecp5);
    synthesiser.write(&target, &array_source(design)?, &netlist)?;
    let report = folder.path().join("report.json");
    let mut command = Command::new(&nextpnr.path);
    command.current_dir(folder.path()).args(DEVICE);
    command.args(["--timing-allow-fail", "--quiet", "--seed", "1"]);
    command.args(["--json", "array.json", "--report", "report.json"]);
    let said = run(nextpnr.name, &mut command, LIMIT, &mut |_| ())?;
    let text = fs::read_to_string(&report).unwrap_or_default();
    let report: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let clocks = report["fmax"].as_object().into_iter().flatten();
    let slowest = clocks
        .filter_map(|(_, clock)| clock["achieved"].as_f64())
        .reduce(f64::min);
    slowest.ok_or_else(|| Error::ToolFailed {
        tool: nextpnr.name.to_owned(),
        what: "reported no clock".to_owned(),
        output: said.output,
    })
}
