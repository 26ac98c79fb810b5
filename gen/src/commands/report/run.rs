//! A network on a design, layer by layer, whoever measured it.

use serde_json::Value;

/// A run.
pub(super) struct Run {
    /// A network and a design.
    pub title: String,
    pub layers: Vec<Layer>,
    /// Multiply-accumulates a cycle at most, and bytes a cycle on the memory bus at most, where they are known.
    pub roof: Option<(f64, f64)>,
    /// Of the whole program.
    pub cycles: u64,
    pub busy: f64,
    /// Energy by part, picojoules.
    pub energy: Vec<(String, f64)>,
    pub dram_bytes: Option<u64>,
    pub notes: Vec<String>,
}

/// A layer.
pub(super) struct Layer {
    pub name: String,
    pub macs: u64,
    pub start: Option<u64>,
    pub cycles: u64,
    pub busy: f64,
    /// Cycles that waited, by cause.
    pub stalls: Vec<(String, f64)>,
    pub energy: Vec<(String, f64)>,
    pub dram_bytes: Option<u64>,
}

impl Run {
    /// What `estimate` printed.
    pub fn estimate(value: &Value) -> Run {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let array = &value["array"];
        let number = |key: &str| array[key].as_f64();
        let roof = || {
            Some((
                number("rows")? * number("columns")?,
                number("bus_bits")? / 8.0,
            ))
        };
        let shape = match (array["rows"].as_u64(), array["columns"].as_u64()) {
            (Some(rows), Some(columns)) => {
                format!(", {rows} × {columns} {}", word(&array["format"]))
            }
            _ => String::new(),
        };
        Run {
            title: format!(
                "{} on {}{shape}",
                word(&value["network"]),
                word(&value["design"])
            ),
            layers: layers(value),
            roof: roof(),
            cycles: count(&value["cycles"]),
            busy: value["utilization"].as_f64().unwrap_or(0.0),
            energy: named(&value["energy_pj"]["parts"]),
            dram_bytes: value["dram_bytes"]["total"].as_u64(),
            notes: notes(value),
        }
    }

    /// What `simulate` printed, in a file of this name.
    pub fn simulation(name: &str, value: &Value) -> Run {
        Run {
            title: format!("simulation in {name}"),
            layers: layers(value),
            roof: None,
            cycles: count(&value["program"]["cycles"]),
            busy: value["program"]["utilization"].as_f64().unwrap_or(0.0),
            energy: vec![],
            dram_bytes: None,
            notes: notes(value),
        }
    }
}

fn layers(value: &Value) -> Vec<Layer> {
    let layers = value["layers"].as_array().into_iter().flatten();
    let layer = |layer: &Value| Layer {
        name: layer["name"].as_str().unwrap_or_default().to_owned(),
        macs: count(&layer["macs"]),
        start: layer["start"].as_u64(),
        cycles: count(&layer["cycles"]),
        busy: layer["utilization"].as_f64().unwrap_or(0.0),
        stalls: named(&layer["stalls"]),
        energy: named(&layer["energy_pj"]["parts"]),
        dram_bytes: layer["dram_bytes"].as_u64(),
    };
    layers.map(layer).collect()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Numbers with their names.
fn named(value: &Value) -> Vec<(String, f64)> {
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, value)| Some((name.replace('_', " "), value.as_f64()?)));
    fields.collect()
}

fn notes(value: &Value) -> Vec<String> {
    let notes = value["notes"].as_array().into_iter().flatten();
    notes
        .filter_map(|note| note.as_str().map(str::to_owned))
        .collect()
}
