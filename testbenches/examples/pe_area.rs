//! Area of single processing elements, as Markdown on standard output:
//!
//! ```text
//! CROMULENT_DATA=<folder> cargo run --release -p cromulent-testbenches --example pe_area
//! ```
//!
//! Standard cells are those of `liberty/sky130hd_tt.lib.gz` in that folder; without it their columns stay
//! empty. The uniform rivals multiply by Booth rows or rows of bits, from the same generator.

use cromulent::Error;
use cromulent::synthesis::Vendor;
use cromulent_core::PeShape;
use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;
use cromulent_testbenches::area::Bench;
use cromulent_testbenches::forms::name;

/// Rows of the array whose derived sum width is shown.
const ROWS: u32 = 32;

/// The elements of the table.
#[rustfmt::skip] // One element a line reads as the table it is.
const ELEMENTS: [(Format, Affine, PeKind, bool); 24] = [
    (Format::L2, Affine::Exact, PeKind::Shift, false),
    (Format::L3, Affine::Exact, PeKind::Shift, false),
    (Format::L4, Affine::Exact, PeKind::Shift, false),
    (Format::L4, Affine::Exact, PeKind::Shift, true),
    (Format::L5, Affine::Exact, PeKind::Shift, false),
    (Format::L3, Affine::Recentred, PeKind::Shift, false),
    (Format::L4, Affine::Recentred, PeKind::Shift, false),
    (Format::L5, Affine::Recentred, PeKind::Shift, false),
    (Format::R2, Affine::Rectified, PeKind::Shift, false),
    (Format::R3, Affine::Rectified, PeKind::Shift, false),
    (Format::R3, Affine::Rectified, PeKind::Shift, true),
    (Format::R4, Affine::Rectified, PeKind::Shift, false),
    (Format::R5, Affine::Rectified, PeKind::Shift, false),
    (Format::R2, Affine::Rectified, PeKind::LogLog, false),
    (Format::R3, Affine::Rectified, PeKind::LogLog, false),
    (Format::R3, Affine::Rectified, PeKind::LogLog, true),
    (Format::L4, Affine::Recentred, PeKind::LogLog, false),
    (Format::I8, Affine::Rectified, PeKind::Multiply, false),
    (Format::I4, Affine::Rectified, PeKind::Multiply, false),
    (Format::I4, Affine::Rectified, PeKind::Rows, false),
    (Format::I4, Affine::Rectified, PeKind::Rows, true),
    (Format::I3, Affine::Rectified, PeKind::Multiply, false),
    (Format::I3, Affine::Rectified, PeKind::Rows, false),
    (Format::I3, Affine::Rectified, PeKind::Rows, true),
];

fn main() -> Result<(), Error> {
    let bench = Bench::new()?;
    println!("Without shadow, sums of 24 bits:\n");
    table(&bench, false, |_| 24)?;
    println!("\nWith shadow, sums as wide as {ROWS} rows need:\n");
    table(&bench, true, |design| design.sum_bits() as usize)
}

fn table(bench: &Bench, shadow: bool, sum_bits: impl Fn(&Design) -> usize) -> Result<(), Error> {
    println!("| element | sum bits | iCE40 LUT4 | ECP5 LUT4 | flip-flops | sky130 µm² |");
    println!("|---|--:|--:|--:|--:|--:|");
    for (format, affine, pe, image_digits) in ELEMENTS {
        let design = Design {
            pe,
            image_digits,
            ..Design::new(ROWS, ROWS, format, affine)
        };
        let shape = PeShape {
            shadow,
            sum_bits: sum_bits(&design),
            ..PeShape::of(&design)
        };
        let [ice40, ecp5] = [Vendor::Ice40, Vendor::Ecp5].map(|vendor| bench.fpga(vendor, &shape));
        let (ice40, ecp5) = (ice40?, ecp5?);
        let count = |count: Option<u64>| count.unwrap_or(0);
        let area = bench.sky130(&shape)?;
        let area = area.map_or(String::new(), |area| format!("{area:.0}"));
        println!(
            "| {} | {} | {} | {} | {} | {area} |",
            name(&design),
            shape.sum_bits,
            count(ice40.luts),
            count(ecp5.luts),
            ice40.flip_flops,
        );
    }
    Ok(())
}
