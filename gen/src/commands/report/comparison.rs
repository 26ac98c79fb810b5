//! Figures of `compare`: what arrays of several formats take in hardware.

use serde_json::Value;

use super::chart::{Axis, Bars, Scatter};
use super::numbers::short;
use super::page::{Page, Table};
use super::read::Results;
use crate::Error;

/// What is measured of a row: its field, what it is called.
const MEASURES: [(&str, &str); 4] = [
    ("luts", "LUTs of the array"),
    ("area_um2", "µm² of the array"),
    ("pj_per_mac", "pJ per multiply-accumulate"),
    ("fmax_mhz", "MHz after place and route"),
];

pub(super) fn show(page: &mut Page, file: &Results) -> Result<(), Error> {
    let value = &file.value;
    let array = &value["array"];
    let targets = value["targets"].as_array().into_iter().flatten();
    let targets: Vec<&str> = targets.filter_map(Value::as_str).collect();
    let title = format!(
        "Formats in hardware: {} × {} on {}",
        array["rows"],
        array["columns"],
        targets.join(" and ")
    );
    let origin = format!("cromulent compare --json, {}", file.origin());
    let rows = value["rows"].as_array().map_or(&[][..], Vec::as_slice);
    page.section(&title);
    page.begin_figures();
    for (field, axis) in MEASURES {
        let bars = rows
            .iter()
            .filter_map(|row| Some((name(row), vec![(0.0, row[field].as_f64()?)])));
        let bars = Bars {
            axis: axis.to_owned(),
            parts: vec![],
            rows: bars.collect(),
            end: None,
        };
        if !bars.rows.is_empty() {
            let caption = format!("{axis}, by format and processing element: {}.", file.name);
            page.figure(
                &format!("compare {field} {}", file.name),
                &bars.svg()?,
                &caption,
                &origin,
            );
        }
    }
    for (field, measure) in &MEASURES[..2] {
        let of = |row: &Value| Some((row[*field].as_f64()?, row["top1"].as_f64()?, true));
        let series = rows
            .iter()
            .filter_map(|row| Some((name(row), vec![of(row)?])));
        let series: Vec<_> = series.collect();
        if series.is_empty() {
            continue;
        }
        let axis = |name: &str| Axis {
            name: name.to_owned(),
            ratio: false,
        };
        let scatter = Scatter {
            axes: [axis(measure), axis("top-1, per cent")],
            series,
            line: vec![],
        };
        let caption = format!("Accuracy beside {measure}: {}.", file.name);
        page.figure(
            &format!("compare accuracy {field} {}", file.name),
            &scatter.svg()?,
            &caption,
            &origin,
        );
    }
    page.end_figures();
    page.table(&table(rows, &title));
    let notes = value["notes"].as_array().into_iter().flatten();
    notes
        .filter_map(Value::as_str)
        .for_each(|note| page.paragraph(note));
    Ok(())
}

/// A format with its processing element.
fn name(row: &Value) -> String {
    let word = |key: &str| row[key].as_str().unwrap_or_default();
    format!("{} {} {}", word("format"), word("affine"), word("pe"))
}

fn table(rows: &[Value], title: &str) -> Table {
    let number = |value: &Value| value.as_f64().map_or("–".to_owned(), short);
    let places = |value: &Value| {
        value
            .as_f64()
            .map_or("–".to_owned(), |value| format!("{value:.3}"))
    };
    let rows = rows.iter().map(|row| {
        let counts =
            ["luts", "ffs", "brams", "dsps", "area_um2", "fmax_mhz"].map(|key| number(&row[key]));
        let mut cells = vec![name(row)];
        cells.extend(counts);
        cells.extend([
            places(&row["pj_per_mac"]),
            number(&row["top1"]),
            places(&row["to_int8"]),
        ]);
        cells
    });
    Table {
        caption: title.to_owned(),
        head: vec![
            "format", "LUTs", "FFs", "RAMs", "DSPs", "µm²", "MHz", "pJ/MAC", "top-1", "to int8",
        ],
        rows: rows.collect(),
    }
}
