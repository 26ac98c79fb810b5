//! Elements stay as small as they were measured to be; docs/pe-area.md has the whole table.

use cromulent_core::PeShape;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;
use cromulent_testbenches::area::Bench;
use cromulent_testbenches::forms::name;
use cromulent_testbenches::tools::yosys;

/// Most LUT4s of an iCE40, and most µm² of sky130 with adder cells: no shadow, 24-bit sums, 8-bit constants.
const MOST: [(Format, Affine, u64, f64); 5] = [
    (Format::L4, Affine::Exact, 67, 2009.0),
    (Format::L4, Affine::Recentred, 67, 1800.0),
    (Format::R2, Affine::Rectified, 41, 1450.0),
    (Format::R3, Affine::Rectified, 57, 1630.0),
    // The baseline must be as good as one can build it, or comparisons mean nothing.
    (Format::I8, Affine::Rectified, 127, 2821.0),
];

#[test]
fn elements_keep_to_their_area() {
    let Some(yosys) = yosys() else { return };
    let bench = Bench::new(yosys).unwrap_or_else(|error| panic!("{error}"));
    for (format, affine, luts, area) in MOST {
        let design = Design::new(32, 32, format, affine);
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
