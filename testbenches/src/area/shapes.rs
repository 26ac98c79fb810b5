//! What Yosys makes of single memories: the table beside the rules of the model.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cromulent::Error;
use cromulent::synthesis::{Resources, Source, Synthesiser, Target};
use cromulent_cost::area::Vendor;
use cromulent_kit::{Memory, emit};
use rust_hdl_core::prelude::Block;

/// The module that has an instance of each.
const TOP: &str = "memories";

/// The shapes of the table, words and bits: powers of two, what lies between them, and what designs have.
pub fn shapes() -> Vec<(u32, u32)> {
    const SHALLOW: [u32; 18] = [
        2, 3, 4, 6, 8, 12, 16, 17, 24, 32, 48, 64, 100, 128, 200, 256, 400, 512,
    ];
    const DEEP: [u32; 13] = [
        600, 1024, 1500, 2048, 3000, 4096, 5000, 6272, 8192, 12000, 16384, 20480, 50176,
    ];
    let of = |depths: &[u32], widths: &[u32]| -> Vec<(u32, u32)> {
        let pairs = depths
            .iter()
            .flat_map(|&d| widths.iter().map(move |&w| (d, w)));
        pairs.collect()
    };
    let mut all = of(&SHALLOW, &[1, 4, 7, 16, 17, 32, 38, 72]);
    all.extend(of(&DEEP, &[3, 4, 8, 9, 16, 32, 37]));
    all
}

/// What memories of these shapes take, all by one run of Yosys.
///
/// # Errors
/// Yosys fails.
pub fn measure(
    synthesiser: &Synthesiser,
    vendor: Vendor,
    shapes: &[(u32, u32)],
) -> Result<Vec<Resources>, Error> {
    let (mut verilog, mut instances) = (String::new(), String::new());
    let mut kept = BTreeSet::new();
    for &(depth, width) in shapes {
        let mut memory = Memory::new(depth as usize, width as usize);
        memory.connect_all();
        let modules = emit::verilog(&memory).map_err(|error| Error::ToolFailed {
            tool: "the emitter".to_owned(),
            what: "refused a memory".to_owned(),
            output: error.to_string(),
        })?;
        verilog.extend(modules.into_iter().map(|module| module.text));
        let name = name(depth, width);
        let _ = writeln!(instances, "  (* keep *) {name} i_{name} ();");
        kept.insert(name);
    }
    let _ = writeln!(verilog, "module {TOP} ();\n{instances}endmodule");
    let source = Source {
        top: TOP.to_owned(),
        verilog,
        dsp: false,
        kept: kept.into_iter().collect(),
    };
    let target = Target::Fpga(vendor);
    let netlist = synthesiser.run(&target, &source, true)?;
    let of = |&(depth, width): &(u32, u32)| {
        let cells = netlist.modules.get(&name(depth, width));
        cells.map_or(Resources::default(), |cells| target.resources(cells))
    };
    Ok(shapes.iter().map(of).collect())
}

fn name(depth: u32, width: u32) -> String {
    format!("memory_{depth}x{width}")
}
