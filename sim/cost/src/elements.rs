//! What an element of the array is worth, beside the int8 multiply-accumulate that the tables know.
//!
//! No published table has a shifter. So an element is given the share of a multiplication and an addition that its area
//! is of the int8 element's, both of the same generator, flow and library: SkyWater 130 nm high density, sums of 24
//! bits, constants of 8, without shadow. `cargo run --release -p cromulent-testbenches --example pe_area` measures them.
//!
//! The area model ([`crate::area`]) is of elements as they are in an array, with the register in which the next tile's
//! constants wait. That register adds area, up to a third of it where there are four constants, but works once a tile:
//! it would make such elements dearer than they are.

use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;

use crate::range::Range;

/// Where the areas come from.
pub const SOURCE: &str = "element: (multiply 8 bit + add 24 bit) x its area / that of the int8 element, SkyWater 130 nm, \
measured with `cargo run --release -p cromulent-testbenches --example pe_area` (docs/pe-area.md)";

/// Bits of the sums that were measured.
pub const SUM_BITS: u32 = 24;

/// Square micrometres of the int8 element.
const INT8: f64 = 2879.0;

/// The share of the int8 element's area that a design's element takes: two numbers where it lies between two that
/// were measured.
pub fn share(design: &Design) -> Range {
    let area = match (design.format, design.affine, design.image_digits) {
        (Format::I8, ..) => Range::of(INT8, INT8),
        (Format::R2, ..) => one(1433.0),
        (Format::R3, _, false) => one(1683.0),
        (Format::R3, _, true) => one(1833.0),
        (Format::R4, ..) => one(2031.0),
        (Format::R5, ..) => one(2671.0),
        (Format::L2, Affine::Exact, _) => one(1755.0),
        (Format::L3, Affine::Exact, _) => one(1861.0),
        (Format::L4, Affine::Exact, _) => one(2079.0),
        (Format::L5, Affine::Exact, _) => one(2482.0),
        (Format::L3, ..) => one(1589.0),
        (Format::L4, ..) => one(1795.0),
        (Format::L5, ..) => one(2148.0),
        // Rows of bits or Booth rows.
        (Format::I4, _, false) => Range::of(2172.0, 2178.0),
        (Format::I4, _, true) => one(2541.0),
        (Format::I3, _, false) => Range::of(1762.0, 1838.0),
        (Format::I3, _, true) => one(2277.0),
        // Between the rectified format of as many bits and the exact form.
        (Format::L2, ..) => Range::of(1433.0, 1755.0),
        // They shift by digits, as L4 without a bias does.
        _ => Range::of(1683.0, 1833.0),
    };
    // Of the log-log elements, R3's was measured: so much smaller at most.
    let area = match design.pe {
        PeKind::LogLog => area.from(1572.0 / 1683.0),
        _ => area,
    };
    Range::of(area.low / INT8, area.high / INT8)
}

fn one(area: f64) -> Range {
    Range::of(area, area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shifting_element_is_as_large_as_the_multiplying_one() {
        for format in Format::ALL {
            for affine in Affine::ALL {
                let design = Design::new(8, 8, format, affine);
                if design.validate().is_ok() {
                    let share = share(&design);
                    assert!(share.low <= share.high && share.low > 0.4);
                    assert_eq!(share.high < 1.0, format != Format::I8, "{format} {affine}");
                }
            }
        }
    }
}
