//! Elements stay as small as they were measured to be; docs/pe-area.md has the whole table.

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
    let Some(yosys) = yosys() else { return };
    let bench = Bench::new(yosys).unwrap_or_else(|error| panic!("{error}"));
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
        bench.load(&shape).unwrap_or_else(|error| panic!("{error}"));
        let found = bench.ice40().unwrap_or_else(|error| panic!("{error}"));
        assert!(
            found.luts <= luts,
            "{}: {} LUT4s",
            name(&design),
            found.luts
        );
        let found = bench.sky130().unwrap_or_else(|error| panic!("{error}"));
        let within = found.is_none_or(|found| found.adder_cells <= area);
        assert!(within, "{}: {found:?}", name(&design));
    }
}

/// A whole element fits a DSP48E1, its addition included; an ECP5's block multiplies only.
#[test]
fn a_dsp_element_takes_one_block() {
    let Some(yosys) = yosys() else { return };
    let bench = Bench::new(yosys).unwrap_or_else(|error| panic!("{error}"));
    let design = Design {
        pe: PeKind::Dsp,
        ..Design::new(32, 32, Format::I8, Affine::Rectified)
    };
    let shape = PeShape {
        shadow: false,
        sum_bits: 24,
        ..PeShape::of(&design)
    };
    bench.load(&shape).unwrap_or_else(|error| panic!("{error}"));
    let found = bench.dsp().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found, [(1, 24), (1, 0)]);
}
