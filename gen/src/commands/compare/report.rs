//! The comparison, as text and as JSON.

use cromulent_design::{Design, PeKind};
use cromulent_number::Format;
use serde_json::{Value, json};

use super::size;
use crate::synthesis::{Resources, tenths};

/// A comparison.
pub(super) struct Report {
    pub rows: Vec<Row>,
    pub rows_of_array: u32,
    pub columns: u32,
    /// What was synthesised for.
    pub targets: Vec<String>,
    pub notes: Vec<String>,
}

/// A format with a kind of processing element.
pub(super) struct Row {
    /// The format, as asked for.
    pub name: String,
    pub design: Design,
    pub plain: Sizes,
    /// The same with `image_digits`, if it goes with them and did not have them.
    pub digits: Option<Sizes>,
    pub fmax_mhz: Option<f64>,
    /// At gate level; null until something measures it.
    pub pj_per_mac: Option<f64>,
    /// Per cent.
    pub top1: Option<f64>,
}

/// What elements and array take.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// One element whose constants load directly.
    pub bare: Resources,
    /// One element of the array, alone.
    pub shadowed: Resources,
    /// The array with its edges and corrections.
    pub array: Resources,
}

impl Report {
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "{} × {} on {}; array with row edges, sign counters and column feet; element alone with its shadow, and bare",
                self.rows_of_array,
                self.columns,
                self.targets.join(" and ")
            ),
            format!(
                "  {:<7} {:<9} {:<10} {:<6} {:>8} {:>8} {:>5} {:>5} {:>10} {:>8} {:>13} {:>7} {:>17} {:>7} {:>6}",
                "format",
                "pe",
                "affine",
                "digits",
                "LUTs",
                "FFs",
                "RAMs",
                "DSPs",
                "µm²",
                "to int8",
                "LUTs, element",
                "FFs",
                "µm², element",
                "MHz",
                "top-1"
            ),
        ];
        for row in &self.rows {
            let own = (row.fmax_mhz, row.top1);
            lines.push(self.line(row, &row.plain, row.design.image_digits, own));
            // Clock and accuracy are of the row without digits.
            let digits = row.digits.as_ref();
            lines.extend(digits.map(|sizes| self.line(row, sizes, true, (None, None))));
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.join("\n")
    }

    fn line(
        &self,
        row: &Row,
        sizes: &Sizes,
        digits: bool,
        (fmax_mhz, top1): (Option<f64>, Option<f64>),
    ) -> String {
        let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        let real = |number: Option<f64>, places: usize| {
            number.map_or("-".to_owned(), |number| format!("{number:.places$}"))
        };
        let pair = |a: String, b: String| match a.as_str() {
            "-" => a,
            _ => format!("{a} ({b})"),
        };
        let (array, shadowed, bare) = (sizes.array, sizes.shadowed, sizes.bare);
        format!(
            "  {:<7} {:<9} {:<10} {:<6} {:>8} {:>8} {:>5} {:>5} {:>10} {:>8} {:>13} {:>7} {:>17} {:>7} {:>6}",
            row.name,
            row.design.pe,
            row.design.affine,
            if digits { "yes" } else { "no" },
            count(array.luts),
            array.flip_flops,
            count(array.block_rams),
            count(array.dsps),
            real(array.area_um2, 0),
            real(self.ratio(row, sizes), 3),
            pair(count(shadowed.luts), count(bare.luts)),
            format!("{} ({})", shadowed.flip_flops, bare.flip_flops),
            pair(real(shadowed.area_um2, 0), real(bare.area_um2, 0)),
            real(fmax_mhz, 1),
            real(top1, 2),
        )
    }

    /// The array beside the smallest of int8 without DSP blocks, if that is among the rows. None for one of DSP blocks:
    /// its tables say little of its size.
    fn ratio(&self, row: &Row, sizes: &Sizes) -> Option<f64> {
        if row.design.pe == PeKind::Dsp {
            return None;
        }
        let is_int8 = |row: &&Row| row.design.format == Format::I8 && row.design.pe != PeKind::Dsp;
        let int8 = self.rows.iter().filter(is_int8);
        let least = int8.map(|row| size(&row.plain.array)).reduce(f64::min)?;
        (least > 0.0).then(|| size(&sizes.array) / least)
    }

    pub fn json(&self) -> Value {
        json!({
            "rows": self.rows.iter().map(|row| self.row_json(row)).collect::<Vec<_>>(),
            "array": { "rows": self.rows_of_array, "columns": self.columns },
            "targets": self.targets,
            "notes": self.notes,
        })
    }

    fn row_json(&self, row: &Row) -> Value {
        let array = row.plain.array;
        json!({
            "pe": row.design.pe.name(),
            "format": row.name,
            "affine": row.design.affine.name(),
            "luts": array.luts,
            "ffs": array.flip_flops,
            "brams": array.block_rams,
            "dsps": array.dsps,
            "area_um2": array.area_um2.map(tenths),
            "fmax_mhz": row.fmax_mhz,
            "pj_per_mac": row.pj_per_mac,
            "top1": row.top1,
            "to_int8": self.ratio(row, &row.plain).map(thousandths),
            "image_digits": row.design.image_digits,
            "element": row.plain.element_json(),
            "with_digits": row.digits.map(|sizes| json!({
                "array": sizes.array.to_json(),
                "to_int8": self.ratio(row, &sizes).map(thousandths),
                "element": sizes.element_json(),
            })),
        })
    }
}

/// A ratio to three places.
fn thousandths(ratio: f64) -> f64 {
    (ratio * 1000.0).round() / 1000.0
}

impl Sizes {
    fn element_json(&self) -> Value {
        json!({ "shadow": self.shadowed.to_json(), "bare": self.bare.to_json() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::Affine;

    fn row(format: Format, pe: PeKind, luts: u64, digits: bool) -> Row {
        let array = Resources {
            luts: Some(luts),
            ..Resources::default()
        };
        let sizes = Sizes {
            bare: array,
            shadowed: array,
            array,
        };
        Row {
            name: format.to_string(),
            design: Design {
                pe,
                ..Design::new(2, 2, format, Affine::Rectified)
            },
            plain: sizes,
            digits: digits.then_some(sizes),
            fmax_mhz: None,
            pj_per_mac: None,
            top1: Some(87.5),
        }
    }

    #[test]
    fn dsp_blocks_have_no_ratio_of_tables_and_a_row_with_digits_no_accuracy_of_its_own() {
        let report = Report {
            rows: vec![
                row(Format::R3, PeKind::Shift, 50, true),
                row(Format::I8, PeKind::Multiply, 100, false),
                row(Format::I8, PeKind::Dsp, 7, false),
            ],
            rows_of_array: 2,
            columns: 2,
            targets: vec!["ecp5".to_owned()],
            notes: vec![],
        };
        let json = report.json();
        let ratios: Vec<&Value> = json["rows"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|row| &row["to_int8"])
            .collect();
        assert_eq!(ratios, [&json!(0.5), &json!(1.0), &Value::Null]);
        let text = report.text();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let ends = ["87.50", "-", "87.50", "87.50"];
        for (line, end) in lines.iter().zip(ends) {
            assert_eq!(line.split_whitespace().last(), Some(end), "{line}");
        }
    }
}
