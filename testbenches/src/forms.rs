//! The designs that differ in what a processing element or a row edge does.

use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;

/// Every format in every affine form it has, with every processing element, without and with digits of integers where
/// it has a choice.
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
        let with = |pe, design: &Design| Design {
            pe,
            ..design.clone()
        };
        [
            design.clone(),
            digits.clone(),
            with(PeKind::Multiply, &design),
            with(PeKind::Dsp, &design),
            with(PeKind::LogLog, &design),
            with(PeKind::LogLog, &digits),
            with(PeKind::Table, &design),
            with(PeKind::Table, &digits),
        ]
    });
    let mut forms: Vec<Design> = both.filter(|design| design.validate().is_ok()).collect();
    // A level format always has digits, int8 Booth rows.
    forms.dedup();
    forms
}

/// "L4 exact", "R3 rectified with digits", "I4 rectified, Booth rows".
pub fn name(design: &Design) -> String {
    let digits = if design.image_digits {
        " with digits"
    } else {
        ""
    };
    let kind = match design.pe {
        PeKind::Multiply if design.format != Format::I8 => ", Booth rows",
        PeKind::Dsp => ", DSP",
        PeKind::LogLog => ", log-log",
        PeKind::Table => ", table",
        _ => "",
    };
    format!("{} {}{digits}{kind}", design.format, design.affine)
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
    fn four_log_formats_in_three_forms_four_rectified_three_uniform_and_four_level_formats_in_two()
    {
        let names: Vec<_> = every_form(2, 2).iter().map(name).collect();
        assert_eq!(
            names.len(),
            2 * (4 * 3 + 4) + 2 + 2 * 3 + 4 * 2 + 2 * (3 * 2 + 2) + 4 * 2 + 2 * (4 * 3 + 4) + 4 * 2
        );
        assert!(names.contains(&"L5 snapped with digits".to_string()));
        assert!(names.contains(&"I8 rectified".to_string()));
        assert!(names.contains(&"I4 rectified, Booth rows".to_string()));
        let last = names.last().map(String::as_str);
        assert_eq!(last, Some("O4 recentred with digits, table"));
    }
}
