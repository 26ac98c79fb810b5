//! What a point costs.

use cromulent_engine::{Choices, outline_with};
use serde_json::{Value, json};

use super::judge::Accuracies;
use crate::commands::estimate::{Estimate, Settings};
use crate::exploration::{Plan, Point};
use crate::{Error, Problem};

/// A point's result: what was measured, or why it is skipped.
pub(super) fn record(plan: &Plan, point: &Point, accuracies: &Accuracies) -> Value {
    let network = plan
        .subjects
        .get(point.subject)
        .map(|subject| &subject.network.name);
    let mut record = json!({ "key": point.key, "network": network, "design": point.fields() });
    match measured(plan, point, accuracies) {
        Ok(Value::Object(found)) => {
            record["status"] = json!("ok");
            if let Some(fields) = record.as_object_mut() {
                fields.extend(found);
            }
        }
        Ok(_) => {}
        Err(error) => {
            record["status"] = json!("skipped");
            record["reason"] = json!(reason(&error));
        }
    }
    record
}

/// The first thing that is wrong, in a line.
fn reason(error: &Error) -> String {
    let text = match error {
        Error::BadInput(problems) => problems
            .first()
            .map(|Problem { what, fix, .. }| format!("{what}; {fix}")),
        _ => None,
    };
    text.unwrap_or_else(|| error.to_string().replace('\n', " "))
}

fn measured(plan: &Plan, point: &Point, accuracies: &Accuracies) -> Result<Value, Error> {
    let estimate = estimate(plan, point)?;
    let top1 = accuracies.of_point(plan, point)?;
    let images = f64::from(point.design()?.batch);
    let all = estimate.json();
    let per_image = |value: &Value| value.as_f64().map(|number| number / images);
    Ok(json!({
        "images": images as u64,
        "cycles": all["cycles"],
        "cycles_per_image": per_image(&all["cycles"]),
        "utilization": all["utilization"],
        "stalls": all["stalls"],
        "dram_bytes": all["dram_bytes"],
        "dram_bytes_per_image": per_image(&all["dram_bytes"]["total"]),
        "energy_pj": all["energy_pj"],
        "energy_pj_per_image": per_image(&all["energy_pj"]["total"]),
        "energy_pj_least": per_image(&all["energy_pj"]["range"]["total"][0]),
        "energy_pj_most": per_image(&all["energy_pj"]["range"]["total"][1]),
        "top1": top1,
    }))
}

/// A point, layer by layer.
///
/// # Errors
/// Its design is none, or does not run its network.
pub(super) fn estimate(plan: &Plan, point: &Point) -> Result<Estimate, Error> {
    let design = point.design()?;
    let subject = &plan.subjects[point.subject];
    let outline = outline_with(&subject.network, &design, &Choices::default())?;
    if !outline.problems.0.is_empty() {
        return Err(outline.problems.into());
    }
    let settings = Settings {
        memory: plan.description.memory,
        clock: plan.description.clock,
    };
    Estimate::of(settings, design, outline, plan.technology.clone())
}
