//! The design files in constraints/designs, and the page that describes them.

use std::path::{Path, PathBuf};

use cromulent_design::{Design, FIELDS, Kind};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Path and text of every shipped design.
fn shipped() -> Vec<(PathBuf, String)> {
    let folder = root().join("constraints/designs");
    let mut paths: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 4, "the shipped designs are gone");
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The text with the value of one `key = value` line replaced.
fn with(text: &str, key: &str, value: &str) -> String {
    let prefix = format!("{key} = ");
    let lines = text.lines().map(|line| match line.starts_with(&prefix) {
        true => format!("{prefix}{value}"),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_shipped_design_is_valid_and_named_after_its_file() {
    for (path, text) in shipped() {
        let design = Design::parse(&text, &path.display().to_string()).unwrap();
        assert_eq!(design.name, path.file_stem().unwrap().to_str().unwrap());
        assert_eq!(design.validate(), Ok(()));
    }
}

#[test]
fn any_size_leaves_a_shipped_design_valid() {
    for (path, text) in shipped() {
        for rows in 1..=128 {
            let text = with(&with(&text, "columns", "1"), "rows", &rows.to_string());
            // The whole range of columns is done for a few rows only.
            let step = if [1, 3, 8, 127, 128].contains(&rows) {
                1
            } else {
                31
            };
            for columns in (1..=rows).step_by(step) {
                let text = with(&text, "columns", &columns.to_string());
                let design = Design::parse(&text, "changed.toml").unwrap_or_else(|problems| {
                    panic!("{} at {rows}x{columns}: {problems}", path.display())
                });
                assert_eq!((design.rows, design.columns), (rows, columns));
            }
        }
    }
}

#[test]
fn shipped_shift_designs_take_every_format_and_affine_form() {
    let shift = |text: &String| text.contains("\npe = \"shift\"");
    for (path, text) in shipped().into_iter().filter(|(_, text)| shift(text)) {
        for (format, affine) in [
            ("L2", "exact"),
            ("L3", "exact"),
            ("L4", "exact"),
            ("L5", "exact"),
            ("L2", "recentred"),
            ("L3", "recentred"),
            ("L4", "recentred"),
            ("L5", "snapped"),
            ("R2", "rectified"),
            ("R3", "rectified"),
            ("R4", "rectified"),
            ("R5", "rectified"),
        ] {
            let text = with(&text, "format", &format!("\"{format}\""));
            let text = with(&text, "affine", &format!("\"{affine}\""));
            let design = Design::parse(&text, "changed.toml");
            assert!(
                design.is_ok(),
                "{} as {format} {affine}: {design:?}",
                path.display()
            );
        }
    }
}

#[test]
fn every_shipped_design_explains_every_field() {
    for (path, text) in shipped() {
        for field in FIELDS {
            let line = text.lines().find(|line| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{} = ", field.name))
            });
            let line = line.unwrap_or_else(|| panic!("{} lacks {}", path.display(), field.name));
            assert!(line.matches('#').count() >= 1, "{}: {line}", path.display());
        }
    }
}

/// The row of a field in the table of docs/design-files.md.
fn documented(field: &cromulent_design::Field) -> String {
    let values = match field.kind {
        Kind::Name => "1 to 64 letters, digits, `-`, `_`, `.`".to_owned(),
        Kind::Integer { low, high } => format!("{low} to {high}"),
        Kind::Flag => "`true`, `false`".to_owned(),
        Kind::Choice(words) => words
            .iter()
            .map(|w| format!("`\"{w}\"`"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let default = field.default.unwrap_or("must be given");
    format!(
        "| `{}` | {values} | {} | {default} | {} |",
        field.name, field.unit, field.meaning
    )
}

#[test]
fn the_documentation_lists_every_field_as_it_is() {
    let text = std::fs::read_to_string(root().join("docs/design-files.md")).unwrap();
    let missing: Vec<_> = FIELDS
        .iter()
        .map(documented)
        .filter(|row| !text.contains(row))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/design-files.md lacks these rows:\n{}",
        missing.join("\n")
    );
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(
        rows,
        FIELDS.len(),
        "docs/design-files.md lists a field that is gone"
    );
}

#[test]
fn documented_defaults_are_the_defaults() {
    let minimal = "rows = 8\ncolumns = 8\nformat = \"L4\"\naffine = \"exact\"\n";
    let design = Design::parse(minimal, "x.toml").unwrap();
    let canonical = design.to_toml();
    for field in FIELDS {
        let Some(default) = field
            .default
            .filter(|text| text.parse::<u32>().is_ok() || *text == "false")
        else {
            continue;
        };
        // Left out, so that designs keep the fingerprint they had before there were these.
        if ["batch", "stream_bits"].contains(&field.name) {
            continue;
        }
        assert!(
            canonical.contains(&format!("\n{} = {default}\n", field.name)),
            "{}",
            field.name
        );
    }
    assert_eq!((design.batch, design.stream_bits), (1, 16));
    let narrow = Design {
        stream_bits: 9,
        ..design
    };
    assert_eq!(Design::parse(&narrow.to_toml(), "x.toml").unwrap(), narrow);
}

#[test]
fn the_documentation_lists_every_field_of_a_layer() {
    let text = std::fs::read_to_string(root().join("docs/machine.md")).unwrap();
    for field in cromulent_design::REGISTERS {
        let bits = match field.bits {
            1 => field.low.to_string(),
            bits => format!("{}:{}", field.low + bits - 1, field.low),
        };
        let row = format!("| `{}` | {} | {bits} | ", field.name, field.lane);
        assert!(text.contains(&row), "docs/machine.md lacks {row}");
    }
}
