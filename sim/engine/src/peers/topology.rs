//! SCALE-Sim's convolution topologies: a CSV file with a line for each layer.

use std::path::Path;

use cromulent_network::Problems;

use crate::geometry::LayerGeometry;

/// The columns, as SCALE-Sim names them.
const COLUMNS: [&str; 8] = [
    "Layer name",
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
    "Strides",
];

/// A layer of a topology.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayerShape {
    /// Its name.
    pub name: String,
    /// Its shape. Padding is part of the map's size.
    pub geometry: LayerGeometry,
}

/// Reads SCALE-Sim's convolution CSV: the eight columns of its own topologies, each line with or without a comma at
/// the end.
///
/// # Errors
/// A file that cannot be read; each line with the field that is wrong.
pub fn read_topology(path: &Path) -> Result<Vec<LayerShape>, Problems> {
    let mut problems = Problems::default();
    let place = path.display().to_string();
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(path);
    let mut reader = reader.map_err(|error| {
        problems.add(&place, unreadable(&error), "give a topology (CSV)");
        std::mem::take(&mut problems)
    })?;
    let mut layers = vec![];
    for (number, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.add(&place, unreadable(&error), "give a topology (CSV)");
                break;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let at = format!("{place}:{line}");
        let mut fields: Vec<&str> = record.iter().collect();
        if fields.last() == Some(&"") {
            fields.pop();
        }
        if number == 0 {
            check_header(&at, &fields, &mut problems);
        } else if let Some(layer) = layer(&at, &fields, &mut problems) {
            layers.push(layer);
        }
    }
    if layers.is_empty() && problems.0.is_empty() {
        problems.add(place, "has no layers", "write a line for each");
    }
    problems.or(layers)
}

fn unreadable(error: &csv::Error) -> String {
    format!("cannot be read ({error})")
}

fn check_header(place: &str, fields: &[&str], problems: &mut Problems) {
    let same = |(found, wanted): (&&str, &str)| {
        let plain = |text: &str| text.to_lowercase().replace('_', " ");
        plain(found) == plain(wanted)
    };
    if fields.len() != COLUMNS.len() || !fields.iter().zip(COLUMNS).all(same) {
        let what = format!("the columns are `{}`", fields.join(", "));
        problems.add(place, what, format!("write `{}`", COLUMNS.join(", ")));
    }
}

fn layer(place: &str, fields: &[&str], problems: &mut Problems) -> Option<LayerShape> {
    if fields.len() != COLUMNS.len() {
        let what = format!("there are {} fields", fields.len());
        problems.add(place, what, format!("write {}", COLUMNS.join(", ")));
        return None;
    }
    let before = problems.0.len();
    let mut number = |column: usize| -> usize {
        let field = format!("{place}, field `{}`", COLUMNS[column]);
        match fields[column].parse::<usize>() {
            Ok(number @ 1..=65_536) => number,
            Ok(number) => {
                problems.add(field, format!("is {number}"), "write 1 to 65536");
                1
            }
            Err(_) => {
                let what = format!("`{}` is no whole number", fields[column]);
                problems.add(field, what, "write 1 to 65536");
                1
            }
        }
    };
    let geometry = LayerGeometry {
        height: number(1),
        width: number(2),
        kernel_height: number(3),
        kernel_width: number(4),
        channels: number(5),
        out_channels: number(6),
        stride: number(7),
        padding: 0,
    };
    if problems.0.len() == before
        && let Err(error) = geometry.check()
    {
        problems.add(place, error.to_string(), "give sizes that make a layer");
    }
    (problems.0.len() == before).then(|| LayerShape {
        name: fields[0].to_owned(),
        geometry,
    })
}
