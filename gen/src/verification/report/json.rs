//! The documented object of `verify --json`.

use serde_json::{Map, Value, json};

use super::super::compare::Comparison;
use super::super::{LayerCheck, RunCheck};
use super::{class, layer_difference, own_difference};
use crate::cli::Executor;

/// The executors that have a clock.
const CLOCKED: [Executor; 3] = [Executor::Model, Executor::RustHdl, Executor::Verilator];

/// Layers of all images, then what is of the whole program per image.
pub fn json(checks: &[RunCheck]) -> Value {
    let layers = checks.iter().flat_map(|check| {
        let layers = check.layers.iter().enumerate();
        layers.map(|(place, layer)| layer_object(check, place, layer))
    });
    let total: usize = checks.iter().map(RunCheck::mismatches).sum();
    json!({
        "layers": layers.collect::<Vec<_>>(),
        "images": checks.iter().flat_map(image_objects).collect::<Vec<_>>(),
        "mismatches": total,
    })
}

fn layer_object(check: &RunCheck, place: usize, layer: &LayerCheck) -> Value {
    let cycles = CLOCKED.map(|e| (e.name().to_owned(), json!(check.cycles(e, place))));
    let observed = CLOCKED[1..].iter().map(|&executor| {
        let run = check.run(executor);
        let clock = run.and_then(|run| run.layers.get(place)?.clock.as_ref());
        (
            executor.name().to_owned(),
            json!(clock.map(|clock| clock.cycles)),
        )
    });
    let mut object = json!({
        "name": layer.name,
        "image": check.image,
        "words": layer.words,
        "mismatches": layer.mismatches(),
        "cycles": Map::from_iter(cycles),
        "observed_cycles": Map::from_iter(observed),
    });
    let reasons = reasons(check, |executor| check.cycles(executor, place).is_none());
    if !reasons.is_empty() {
        object["reasons"] = Value::Object(reasons);
    }
    let first = |comparison: &Comparison| layer_difference(layer, comparison);
    if let Some(first) = layer.comparisons.iter().find_map(first) {
        object["first_difference"] = json!(first);
    }
    object
}

/// Why a clocked executor has no cycles.
fn reasons(check: &RunCheck, missing: impl Fn(Executor) -> bool) -> Map<String, Value> {
    let mut reasons = Map::new();
    for executor in CLOCKED.into_iter().filter(|&executor| missing(executor)) {
        let skipped = check.skipped.iter().find(|(own, _)| *own == executor);
        let why = match skipped {
            Some((_, why)) => why.clone(),
            None if !check.timed => "the memory paused at random".to_owned(),
            None => "it did not get that far".to_owned(),
        };
        reasons.insert(executor.name().to_owned(), json!(why));
    }
    reasons
}

/// One object for each image; what is of the run is the same in all that were computed together.
fn image_objects(check: &RunCheck) -> Vec<Value> {
    let images = 0..check.labels.len();
    images.map(|image| image_object(check, image)).collect()
}

fn image_object(check: &RunCheck, image: usize) -> Value {
    let totals = |executor: Executor| check.run(executor).and_then(|run| run.totals.as_ref());
    let cycles = CLOCKED.map(|executor| {
        let cycles = totals(executor).and_then(|totals| totals.get("cycles"));
        (executor.name().to_owned(), json!(cycles))
    });
    let counters = CLOCKED.map(|executor| {
        let all = totals(executor).map(|totals| {
            let values = totals
                .all()
                .map(|(name, value)| (name.to_owned(), json!(value)));
            Map::from_iter(values)
        });
        (executor.name().to_owned(), json!(all))
    });
    let output = check.results.get(image).map_or(&[][..], Vec::as_slice);
    let label = check.labels.get(image).copied().flatten();
    let mut object = json!({
        "image": check.image + image,
        "output": output,
        "class": class(output),
        "label": label,
        "mismatches": check.own_mismatches(),
        "cycles": Map::from_iter(cycles),
        "cycles_compared": check.timed,
        "counters": Map::from_iter(counters),
    });
    if let Some(first) = check.comparisons.iter().find_map(own_difference) {
        object["first_difference"] = json!(first);
    }
    object
}
