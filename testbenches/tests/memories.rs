//! Every memory of the accelerator becomes block RAM, or, where it is small, distributed RAM: on iCE40,
//! on ECP5 and on Xilinx 7. None is taken apart into flip-flops.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use cromulent::executors::verilator::{TOP, emit};
use cromulent::tools::{Found, Scratch, yosys};
use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;
use cromulent_testbenches::tools;

const LIMIT: Duration = Duration::from_secs(300);

/// Rows, and columns, of the design: as few as an array of several can have.
const SIDE: u32 = 2;

/// Memories as deep as those of small-8x8.
fn design() -> Design {
    Design {
        name: "memories-2x2".to_owned(),
        image_digits: true,
        bus_bits: 32,
        code_depth: 8192,
        weight_depth: 512,
        channel_depth: 16,
        tile_depth: 1024,
        stream_depth: 4096,
        map_side: 32,
        accumulator_bits: 32,
        ..Design::new(SIDE, SIDE, Format::L4, Affine::Exact)
    }
}

/// The same with max-pools: lines of pooled codes, and the direction of each channel. These are 128 bits, as those of
/// eight columns with 16 sets are; of 32 bits, two columns with 16 sets, Yosys makes flip-flops on iCE40.
fn pooling() -> Design {
    Design {
        name: "memories-pooling-2x2".to_owned(),
        max_pool: true,
        channel_depth: 64,
        ..design()
    }
}

/// The same with tables of products, of which each element has two.
fn tables() -> Design {
    Design {
        name: "memories-tables-2x2".to_owned(),
        pe: PeKind::Table,
        ..design()
    }
}

/// The memories that must be block RAM.
fn large() -> BTreeSet<String> {
    let mut names = BTreeSet::from(["core.rows.row_words".to_owned()]);
    for n in 0..SIDE {
        names.insert(format!("core.rows.code_bank_{n}"));
        let column = format!("core.columns.column_{n}");
        names.insert(format!("{column}.weights"));
        names.insert(format!("{column}.accumulator.memory"));
        names.insert(format!("{column}.residual.memory"));
    }
    names
}

/// The memories that may be distributed RAM where the family has it: the queues, of 64 words or fewer,
/// the constants, of `channel_depth` words, and what a max-pool keeps.
fn small(design: &Design) -> BTreeSet<String> {
    let queues = [
        "reader.fifo.memory_0",
        "core.scores.fifo.memory_0",
        "map_writer.fifo.memory_0",
    ];
    let mut names = BTreeSet::from(queues.map(str::to_owned));
    for n in 0..SIDE {
        for constants in ["offsets", "norms", "thetas_0"] {
            names.insert(format!("core.columns.column_{n}.{constants}"));
        }
    }
    if design.pe == PeKind::Table {
        for (row, column) in (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column))) {
            names.insert(format!("core.array.row_{row}.pe_{column}.products"));
        }
    }
    if design.max_pool {
        for n in 0..SIDE {
            names.insert(format!("core.columns.column_{n}.residual.stream_pool.line"));
        }
        // The columns of so small an array share a word of each.
        for memory in ["directions_0", "lines_0"] {
            names.insert(format!("core.output_pool.{memory}"));
        }
    }
    names
}

/// The memories that a flow of Yosys makes of these cells (patterns); it stops where it would make
/// flip-flops of the others.
struct Mapped {
    block: BTreeSet<String>,
    distributed: BTreeSet<String>,
    left: BTreeSet<String>,
}

fn map(yosys: &Found, folder: &Path, flow: &str, block: &str, distributed: &str) -> Mapped {
    let lists = [
        ("block", block),
        ("distributed", distributed),
        ("left", "t:$mem*"),
    ];
    let select: String = lists
        .iter()
        .filter(|(_, cells)| !cells.is_empty())
        .map(|(file, cells)| format!("select -write {file} {cells}; "))
        .collect();
    let script = format!("read_verilog *.v; {flow} -top {TOP} -run begin:map_ffram; {select}");
    yosys::script(yosys, &script, folder, LIMIT).unwrap_or_else(|e| panic!("{flow}: {e}"));
    let [block, distributed, left] = lists.map(|(file, _)| {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
        text.lines().map(memory).collect()
    });
    Mapped {
        block,
        distributed,
        left,
    }
}

/// "core.rows.row_words" of the cell "cromulent/inner.core.rows.row_words.words.0.1".
fn memory(cell: &str) -> String {
    let path = cell.rsplit('/').next().unwrap_or(cell);
    let path = path.split(".words").next().unwrap_or(path);
    path.trim_start_matches("inner.").to_owned()
}

/// Checks one family, without max-pools and with them; one without distributed RAM has all in block RAM.
fn check(flow: &str, block: &str, distributed: &str) {
    for design in [design(), pooling()] {
        check_design(&design, flow, block, distributed);
    }
}

fn check_design(design: &Design, flow: &str, block: &str, distributed: &str) {
    let Some(found) = tools::yosys() else { return };
    let name = &design.name;
    let folder = Scratch::new().expect("a temporary folder");
    for (file, text) in emit(design).unwrap_or_else(|e| panic!("{e}")) {
        fs::write(folder.path().join(file), text).expect("a temporary file");
    }
    let mapped = map(&found, folder.path(), flow, block, distributed);
    assert_eq!(mapped.left, BTreeSet::new(), "{name}, {flow}: flip-flops");
    let lost: Vec<_> = large().difference(&mapped.block).cloned().collect();
    assert!(lost.is_empty(), "{name}, {flow}: not block RAM: {lost:?}");
    let all: BTreeSet<_> = mapped.block.union(&mapped.distributed).cloned().collect();
    let expected: BTreeSet<_> = large().union(&small(design)).cloned().collect();
    assert_eq!(all, expected, "{name}, {flow}");
    let both: Vec<_> = mapped.block.intersection(&mapped.distributed).collect();
    assert!(both.is_empty(), "{name}, {flow}: half and half: {both:?}");
}

#[test]
fn ice40_has_every_memory_in_block_ram() {
    check("synth_ice40", "t:SB_RAM40_4K*", "");
}

#[test]
fn ecp5_has_every_large_memory_in_block_ram() {
    let (block, distributed) = ("t:DP16KD t:PDPW16KD", "t:TRELLIS_DPR16X4");
    check("synth_ecp5", block, distributed);
    check_design(&tables(), "synth_ecp5", block, distributed);
}

#[test]
fn xilinx_has_every_large_memory_in_block_ram() {
    let distributed = "t:RAM32* t:RAM64* t:RAM128* t:RAM256*";
    let (flow, block) = ("synth_xilinx -flatten", "t:RAMB18E1 t:RAMB36E1");
    check(flow, block, distributed);
    check_design(&tables(), flow, block, distributed);
}
