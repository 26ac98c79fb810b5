//! The families a design is synthesised for.

use std::path::Path;

use cromulent::executors::verilator::{STREAM_TOP, TOP};
use cromulent::output::Files;
use cromulent::synthesis::route;
use cromulent::tools::Tool;

/// The top that is placed on an iCE40.
const BOARD: &str = "board";

/// What a family of FPGAs is synthesised with, and what its cells are called.
pub struct Family {
    /// Yosys' command.
    pub flow: &'static str,
    /// The top module.
    pub top: &'static str,
    /// Cells that must not come up, as Yosys selects them.
    pub multipliers: &'static str,
    /// Cells that take tables of four inputs, and how many.
    pub luts: &'static [(&'static str, u64)],
    /// Flip-flops, and block RAMs: how their cells' names begin.
    pub flip_flop: &'static str,
    pub ram: &'static str,
    /// Place and route.
    pub nextpnr: Tool,
    /// Its device, package and wishes.
    pub options: &'static [&'static str],
    /// The cells that fill a device.
    pub filled: &'static [&'static str],
}

/// The accelerator with its buses: two tables in a cell of carry logic, six in one of distributed RAM.
pub const ECP5: Family = Family {
    flow: "synth_ecp5",
    top: TOP,
    multipliers: "t:MULT18X18D t:ALU54B",
    luts: &[("LUT4", 1), ("CCU2C", 2), ("TRELLIS_DPR16X4", 6)],
    flip_flop: "TRELLIS_FF",
    ram: "DP16KD",
    nextpnr: route::NEXTPNR,
    options: &route::DEVICE,
    filled: &["TRELLIS_COMB", "TRELLIS_FF", "DP16KD"],
};

/// The top without a bus: a cell of carry logic lies beside a table.
pub const ICE40: Family = Family {
    flow: "synth_ice40",
    top: BOARD,
    multipliers: "t:SB_MAC16",
    luts: &[("SB_LUT4", 1)],
    flip_flop: "SB_DFF",
    ram: "SB_RAM40_4K",
    nextpnr: Tool {
        program: "nextpnr-ice40",
        ..route::NEXTPNR
    },
    options: &["--hx8k", "--package", "ct256", "--freq", "65"],
    filled: &["ICESTORM_LC", "ICESTORM_RAM"],
};

impl Family {
    /// Verilog around the emitted one: for an iCE40, whose pins would not do for all ports, a top with the streams,
    /// `start` and the state; what it leaves open, synthesis removes.
    pub fn around(&self, files: &Files) -> Files {
        let inner = files.get(Path::new(&format!("{STREAM_TOP}.v")));
        let Some(inner) = inner.filter(|_| self.top == BOARD) else {
            return Files::new();
        };
        let ports: Vec<&str> = inner
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("input ") || line.starts_with("output "))
            .map(|line| line.trim_end_matches(','))
            .filter(|line| line.rsplit(' ').next().is_some_and(on_a_pin))
            .collect();
        let wires: Vec<String> = ports
            .iter()
            .filter_map(|port| port.rsplit(' ').next())
            .map(|port| format!("    .{port}({port})"))
            .collect();
        let text = format!(
            "module {BOARD} (\n  {}\n);\n  {STREAM_TOP} inner (\n{}\n  );\nendmodule\n",
            ports.join(",\n  "),
            wires.join(",\n")
        );
        Files::from([(format!("{BOARD}.v").into(), text)])
    }
}

/// Whether a port is brought to pins.
fn on_a_pin(port: &str) -> bool {
    port.contains("_axis_") || ["clock", "reset", "start", "busy", "done", "fault"].contains(&port)
}
