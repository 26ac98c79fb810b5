//! The results, as JSON and as a table for a spreadsheet.

use cromulent_cost::energy::rules;
use serde_json::{Value, json};

use super::merge::Merged;
use super::plan::Plan;
use super::point::Point;
use crate::Error;

/// What was explored, all points, and the front of each network.
pub fn json(plan: &Plan, points: &[Point], merged: &Merged) -> Value {
    let name = |subject: usize| {
        plan.subjects
            .get(subject)
            .map(|subject| &subject.network.name)
    };
    let mut records = merged.records.clone();
    for &place in merged.fronts.iter().flatten() {
        records[place]["front"] = json!(true);
    }
    let networks = plan.subjects.iter().enumerate().map(|(number, subject)| {
        let front = merged.fronts.get(number).into_iter().flatten();
        let front = front
            .filter_map(|&place| points.get(place))
            .map(|point| &point.key);
        json!({
            "name": name(number),
            "identity": subject.identity,
            "front": front.collect::<Vec<_>>(),
        })
    });
    let networks: Vec<Value> = networks.collect();
    let skipped = records
        .iter()
        .filter(|record| record["status"] != "ok")
        .count();
    let objectives: Vec<&str> = plan
        .objectives
        .iter()
        .map(|objective| objective.name())
        .collect();
    json!({
        "complete": true,
        "version": env!("CARGO_PKG_VERSION"),
        "design": plan.base.to_toml(),
        "clock_mhz": plan.description.clock,
        "memory": {
            "latency": plan.description.memory.latency,
            "interval": plan.description.memory.interval,
        },
        "technology": plan.technology.as_ref().map(|technology| &technology.name),
        "objectives": objectives,
        "sources": sources(plan),
        "networks": networks,
        "measured": records.len() - skipped,
        "skipped": skipped,
        "points": records,
    })
}

/// Where energies come from.
fn sources(plan: &Plan) -> Vec<String> {
    let Some(technology) = &plan.technology else {
        return vec![];
    };
    let entries = technology.entries();
    let entries =
        entries.map(|(kind, entry)| format!("{kind} {} bit: {}", entry.bits, entry.source));
    entries.chain(rules().map(str::to_owned)).collect()
}

/// Columns behind those of the design.
const MEASURED: [&str; 10] = [
    "cycles",
    "images",
    "cycles_per_image",
    "utilization",
    "dram_bytes_per_image",
    "energy_pj_per_image",
    "energy_pj_least",
    "energy_pj_most",
    "top1",
    "front",
];

/// A row for each point.
///
/// # Errors
/// It cannot be written, which is a fault of ours.
pub fn csv(points: &[Point], json: &Value) -> Result<String, Error> {
    let failed = |what: String| Error::ToolFailed {
        tool: "the table".to_owned(),
        what: format!("could not be written: {what}"),
        output: String::new(),
    };
    let fields = || {
        cromulent_design::FIELDS
            .iter()
            .map(|field| field.name)
            .filter(|&name| name != "name")
    };
    let mut writer = csv::Writer::from_writer(vec![]);
    let first = ["key", "network"]
        .into_iter()
        .chain(fields())
        .chain(["status", "reason"]);
    writer
        .write_record(first.chain(MEASURED))
        .map_err(|e| failed(e.to_string()))?;
    let records = json["points"].as_array().into_iter().flatten();
    for (point, record) in points.iter().zip(records) {
        let design = point.fields();
        let mut row = vec![text(&record["key"]), text(&record["network"])];
        row.extend(fields().map(|field| design.get(field).map_or(String::new(), text)));
        row.extend([text(&record["status"]), text(&record["reason"])]);
        row.extend(MEASURED.iter().map(|key| text(&record[*key])));
        writer
            .write_record(row)
            .map_err(|e| failed(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| failed(e.to_string()))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
