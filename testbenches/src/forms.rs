//! The designs that differ in what a processing element or a row edge does.

use cromulent_design::{Affine, Design};
use cromulent_number::Format;

/// Every format in every affine form it has, without and with digits of integers, and the int8 baseline.
pub fn every_form(rows: u32, columns: u32) -> Vec<Design> {
    let pairs = Format::ALL
        .into_iter()
        .flat_map(|format| Affine::ALL.map(|affine| (format, affine)));
    let both = pairs.flat_map(|(format, affine)| {
        let design = Design::new(rows, columns, format, affine);
        let digits = Design {
            image_digits: true,
            ..design.clone()
        };
        [design, digits]
    });
    both.filter(|design| design.validate().is_ok()).collect()
}

/// "L4 exact", "R3 rectified with digits".
pub fn name(design: &Design) -> String {
    let digits = if design.image_digits {
        " with digits"
    } else {
        ""
    };
    format!("{} {}{digits}", design.format, design.affine)
}

/// The design with constants A, and B where there is one, of this many bits.
pub fn with_constants(design: &Design, bits: u32) -> Design {
    Design {
        weight_bits: bits,
        bias_bits: if design.has_bias() { bits } else { 0 },
        ..design.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_signed_formats_in_three_forms_four_rectified_and_int8() {
        let names: Vec<_> = every_form(2, 2).iter().map(name).collect();
        assert_eq!(names.len(), 2 * (4 * 3 + 4) + 1);
        assert!(names.contains(&"L5 snapped with digits".to_string()));
        assert_eq!(names.last().map(String::as_str), Some("I8 rectified"));
    }
}
