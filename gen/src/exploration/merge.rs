//! All results of an exploration, once they are all there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::pareto;
use super::plan::Plan;
use super::point::Point;
use super::read::Objective;
use crate::Error;

/// The results of all points, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct Merged {
    /// A result for each point.
    pub records: Vec<Value>,
    /// For each network the places of the points on its front.
    pub fronts: Vec<Vec<usize>>,
}

/// Puts results together; `None` while there are points without one.
///
/// # Errors
/// Not one of the points could be built: why.
pub fn merge(
    plan: &Plan,
    points: &[Point],
    mut records: BTreeMap<String, Value>,
) -> Result<Option<Merged>, Error> {
    let records: Option<Vec<Value>> = points
        .iter()
        .map(|point| records.remove(&point.key))
        .collect();
    let Some(records) = records else {
        return Ok(None);
    };
    if !records.iter().any(is_measured) {
        return Err(nothing(plan, &records));
    }
    let front = |subject: usize| {
        let places: Vec<usize> = (0..records.len())
            .filter(|&place| points[place].subject == subject && is_measured(&records[place]))
            .collect();
        let numbers = |&place: &usize| {
            plan.objectives
                .iter()
                .map(|&o| cost(&records[place], o))
                .collect()
        };
        let numbers: Vec<Vec<f64>> = places.iter().map(numbers).collect();
        pareto::front(&numbers)
            .into_iter()
            .map(|place| places[place])
            .collect()
    };
    let fronts = (0..plan.subjects.len()).map(front).collect();
    Ok(Some(Merged { records, fronts }))
}

/// Whether a point could be built and runs its network.
pub(super) fn is_measured(record: &Value) -> bool {
    record["status"] == "ok"
}

/// What a point costs: less is better; no number where it was not measured.
pub(super) fn cost(record: &Value, objective: Objective) -> f64 {
    let key = match objective {
        Objective::Time => "cycles_per_image",
        Objective::Energy => "energy_pj_per_image",
        Objective::Dram => "dram_bytes_per_image",
        Objective::Accuracy => "top1",
    };
    let number = record[key].as_f64().unwrap_or(f64::NAN);
    match objective {
        Objective::Accuracy => -number,
        _ => number,
    }
}

/// Every point was skipped: the commonest reasons.
fn nothing(plan: &Plan, records: &[Value]) -> Error {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in records
        .iter()
        .filter_map(|record| record["reason"].as_str())
    {
        *counts.entry(reason).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
    let reasons = counts
        .iter()
        .take(3)
        .map(|(reason, count)| format!("{count} × {reason}"));
    let reasons: Vec<String> = reasons.collect();
    let what = format!(
        "none of the {} points can be built: {}",
        records.len(),
        reasons.join("; ")
    );
    Error::bad_input(
        &plan.description.design.place,
        what,
        "vary other fields, or their values",
    )
}

impl Merged {
    /// For each network the points of its front that are best in something, and in what.
    pub fn best(&self, plan: &Plan) -> Vec<(usize, Vec<Objective>)> {
        let mut found: BTreeMap<usize, Vec<Objective>> = BTreeMap::new();
        for front in &self.fronts {
            for &objective in &plan.objectives {
                let cost = |place: usize| cost(&self.records[place], objective);
                let best = front
                    .iter()
                    .copied()
                    .min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
                if let Some(place) = best {
                    found.entry(place).or_default().push(objective);
                }
            }
        }
        found.into_iter().collect()
    }
}

/// Writes files in place of older ones of that name: each is whole, whatever happens.
///
/// # Errors
/// One cannot be written; the older one is then still there.
pub fn replace(folder: &Path, files: &[(&str, String)]) -> Result<(), Error> {
    for (name, text) in files {
        let file = folder.join(name);
        let part = folder.join(format!("{name}.{}.part", std::process::id()));
        let written = File::create(&part).and_then(|mut open| {
            open.write_all(text.as_bytes())?;
            open.sync_all()
        });
        let moved = written.and_then(|()| fs::rename(&part, &file));
        moved.map_err(|error| {
            _ = fs::remove_file(&part);
            let what = format!("cannot be written: {error}; all results of points are kept");
            let fix = "make room, and give the same command with --resume";
            Error::bad_input(file.display(), what, fix)
        })?;
    }
    Ok(())
}
