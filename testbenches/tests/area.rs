//! Elements stay as small as they were measured to be; docs/pe-area.md has the whole table.

use cromulent::synthesis::measure::{accelerator, element};
use cromulent::synthesis::{Resources, Synthesiser, Target, Vendor};
use cromulent_core::PeShape;
use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;
use cromulent_testbenches::area::Bench;
use cromulent_testbenches::forms::name;
use cromulent_testbenches::tools::yosys;

/// Most LUT4s of an iCE40, and most µm² of sky130 with adder cells: no shadow, 24-bit sums, 8-bit constants.
const MOST: [(Format, Affine, PeKind, u64, f64); 10] = [
    (Format::L4, Affine::Exact, PeKind::Shift, 67, 2009.0),
    (Format::L4, Affine::Recentred, PeKind::Shift, 67, 1800.0),
    (Format::R2, Affine::Rectified, PeKind::Shift, 41, 1450.0),
    (Format::R3, Affine::Rectified, PeKind::Shift, 57, 1630.0),
    (Format::R3, Affine::Rectified, PeKind::LogLog, 56, 1485.0),
    // The rivals must be as good as one can build them, or comparisons mean nothing.
    (Format::I8, Affine::Rectified, PeKind::Multiply, 111, 2600.0),
    (Format::I4, Affine::Rectified, PeKind::Multiply, 75, 2002.0),
    (Format::I4, Affine::Rectified, PeKind::Rows, 80, 1941.0),
    (Format::I3, Affine::Rectified, PeKind::Multiply, 51, 1687.0),
    (Format::I3, Affine::Rectified, PeKind::Rows, 64, 1721.0),
];

#[test]
fn elements_keep_to_their_area() {
    if yosys().is_none() {
        return;
    }
    let bench = Bench::new().unwrap_or_else(|error| panic!("{error}"));
    for (format, affine, pe, luts, area) in MOST {
        let design = Design {
            pe,
            ..Design::new(32, 32, format, affine)
        };
        let shape = PeShape {
            shadow: false,
            sum_bits: 24,
            ..PeShape::of(&design)
        };
        let found = bench
            .fpga(Vendor::Ice40, &shape)
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(
            found.luts.is_some_and(|found| found <= luts),
            "{}: {found:?}",
            name(&design),
        );
        let found = bench
            .sky130(&shape)
            .unwrap_or_else(|error| panic!("{error}"));
        let within = found.is_none_or(|found| found <= area);
        assert!(within, "{}: {found:?}", name(&design));
    }
}

/// A whole element fits a DSP48E1, its addition included; an ECP5's block multiplies only.
#[test]
fn a_dsp_element_takes_one_block() {
    if yosys().is_none() {
        return;
    }
    let bench = Bench::new().unwrap_or_else(|error| panic!("{error}"));
    let design = Design {
        pe: PeKind::Dsp,
        ..Design::new(32, 32, Format::I8, Affine::Rectified)
    };
    let shape = PeShape {
        shadow: false,
        sum_bits: 24,
        ..PeShape::of(&design)
    };
    let found = [Vendor::Xilinx7, Vendor::Ecp5].map(|vendor| {
        let found = bench
            .fpga(vendor, &shape)
            .unwrap_or_else(|error| panic!("{error}"));
        (found.dsps, found.luts)
    });
    assert_eq!(found, [(Some(1), Some(0)), (Some(1), Some(24))]);
}

/// The modules of an accelerator, each as often as it is there, are all of it.
#[test]
fn an_accelerator_is_measured_module_by_module() {
    if yosys().is_none() {
        return;
    }
    let synthesiser = Synthesiser::new().unwrap_or_else(|error| panic!("{error}"));
    let design = Design {
        bus_bits: 32,
        code_depth: 64,
        tile_depth: 64,
        stream_depth: 64,
        ..Design::new(2, 2, Format::R3, Affine::Rectified)
    };
    let target = Target::Fpga(Vendor::Ice40);
    let modules =
        accelerator(&synthesiser, &target, &design).unwrap_or_else(|error| panic!("{error}"));
    let of = |name: &str| {
        let mut found = modules.iter().filter(|module| module.name == name);
        found.next().map(|module| module.block)
    };
    let elements = of("pe").expect("elements");
    assert_eq!(elements.instances, 4);
    let alone =
        element(&synthesiser, &target, &design, true).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(elements.each, alone);
    assert_eq!(of("column_foot").map(|foot| foot.instances), Some(2));
    let all: Resources = modules
        .iter()
        .map(|module| module.block.each * module.block.instances)
        .sum();
    // Code banks, row words, weights, accumulators and the residual stream are block RAM.
    assert!(all.block_rams.is_some_and(|rams| rams >= 6), "{all:?}");
    assert!(
        all.luts > elements.each.luts.map(|luts| luts * 4),
        "{all:?}"
    );
}
