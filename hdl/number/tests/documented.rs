//! The tables of docs/number-formats.md are printed from the crate and found there word for word.

mod real;

use cromulent_number::Format;
use real::LOG_FORMATS;

const PAGE: &str = include_str!("../../../docs/number-formats.md");

/// A row of a Markdown table.
fn row<T: ToString>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.to_string()).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn assert_on_page(table: &str) {
    assert!(
        PAGE.contains(table),
        "docs/number-formats.md should hold this table:\n{table}"
    );
}

#[test]
fn constants_of_every_format() {
    let head = "| format | code bits | codes | root | magnitudes | lowest step | scale c | bias shift s | largest shift |\n\
                |---|---|---|---|---|---|---|---|---|\n";
    let rows = Format::ALL.map(|f| {
        let scale = if f.is_integer() {
            "–".to_owned()
        } else {
            format!("{:.3}", f64::from(f.scale_thousandths()) / 1000.0)
        };
        let bias = if f.is_signed_log() {
            f.bias_shift().to_string()
        } else {
            "–".to_owned()
        };
        let counts =
            [f.code_bits(), f.codes(), f.root(), f.magnitudes()].map(|count| count.to_string());
        let rest = [
            f.lowest_step().to_string(),
            scale,
            bias,
            f.max_shift().to_string(),
        ];
        row(std::iter::once(f.to_string()).chain(counts).chain(rest))
    });
    assert_on_page(&(head.to_owned() + &rows.concat()));
}

#[test]
fn exponents_of_every_magnitude() {
    // R5 is a formula on the page: its 31 rows say no more.
    let formats = &LOG_FORMATS[..7];
    let mut table = row(["m".to_owned()]
        .into_iter()
        .chain(formats.iter().map(Format::to_string)));
    table += &format!("|{}\n", "---|".repeat(formats.len() + 1));
    for m in 0..16 {
        let exponent = |f: &Format| match m < f.magnitudes() {
            true => (f64::from(f.exponent_quarters(m)) / 4.0).to_string(),
            false => String::new(),
        };
        table += &row([m.to_string()]
            .into_iter()
            .chain(formats.iter().map(exponent)));
    }
    assert_on_page(&table);
}
