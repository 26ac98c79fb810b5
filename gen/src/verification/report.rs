//! What a verification found, as text and as JSON.

use cromulent_design::Design;
use serde_json::{Map, Value, json};

use super::compare::Difference;
use super::{Comparison, LayerCheck};
use crate::cli::Executor;

/// A table per layer and image, and what differs first.
pub fn text(design: &Design, checks: &[LayerCheck]) -> String {
    let mut lines: Vec<String> = vec![];
    for check in checks {
        lines.push(format!("{}, image {}", check.name, check.image));
        lines.push(format!(
            "  {:<10} {:>9} {:>11} {:>10} {:>9}",
            "executor", "words", "mismatches", "cycles", "seconds"
        ));
        for trace in &check.traces {
            let comparison = check
                .comparisons
                .iter()
                .find(|c| c.executor == trace.executor);
            let mismatches = comparison.map_or("-".to_owned(), |c| c.mismatches().to_string());
            let cycles = trace
                .cycles
                .map_or("-".to_owned(), |cycles| cycles.to_string());
            let (name, words, seconds) = (
                trace.executor.name(),
                trace.words.len(),
                trace.seconds.as_secs_f64(),
            );
            lines.push(format!(
                "  {name:<10} {words:>9} {mismatches:>11} {cycles:>10} {seconds:>9.2}"
            ));
        }
        lines.extend(utilisation(design, check));
        lines.extend(
            check
                .comparisons
                .iter()
                .filter_map(|comparison| first_difference(check, comparison)),
        );
    }
    let total: usize = checks.iter().map(LayerCheck::mismatches).sum();
    lines.push(match total {
        0 => "all equal".to_owned(),
        1 => "1 mismatch".to_owned(),
        _ => format!("{total} mismatches"),
    });
    lines.join("\n")
}

/// How busy the array was, from the cycles its own counter holds where hardware ran.
fn utilisation(design: &Design, check: &LayerCheck) -> Option<String> {
    let trace = check
        .traces
        .iter()
        .rev()
        .find(|trace| trace.cycles.is_some())?;
    let places = f64::from(design.rows) * f64::from(design.columns);
    let share = 100.0 * check.macs as f64 / (places * trace.cycles? as f64);
    let source = match trace.executor {
        Executor::RustHdl | Executor::Verilator => {
            format!("by {}'s counters", trace.executor.name())
        }
        _ => "by the model".to_owned(),
    };
    Some(format!(
        "  {} multiply-accumulates keep the array {share:.1} % busy, {source}",
        check.macs
    ))
}

fn first_difference(check: &LayerCheck, comparison: &Comparison) -> Option<String> {
    let place = |word: &cromulent_engine::OutputWord| {
        let (y, x) = (
            word.position as usize / check.out_width.max(1),
            word.position as usize % check.out_width.max(1),
        );
        format!(
            "column tile {}, column {}, y {y}, x {x}",
            word.column_tile, word.column
        )
    };
    let what = match comparison.first.as_ref()? {
        Difference::Word {
            wanted,
            found,
            cycle,
        } if (wanted.position, wanted.column) == (found.position, found.column) => {
            let cycle = cycle.map_or(String::new(), |cycle| format!(", leaving at cycle {cycle}"));
            format!(
                "{}: {} instead of {}{cycle}",
                place(wanted),
                found.value,
                wanted.value
            )
        }
        Difference::Word { wanted, found, .. } => {
            format!("{} in place of the word of {}", place(found), place(wanted))
        }
        Difference::Cycle {
            word,
            wanted,
            found,
        } => format!(
            "{}: leaves at cycle {found} instead of {wanted}",
            place(word)
        ),
        Difference::Count { wanted, found } => format!("{found} words instead of {wanted}"),
        Difference::Cycles { wanted, found } => format!("{found} cycles instead of {wanted}"),
        Difference::Counters { wanted, found } => format!(
            "{} beats and {} cycles waited for weights instead of {} and {}",
            found.0, found.1, wanted.0, wanted.1
        ),
        Difference::Hung => "still busy long after its last word was due".to_owned(),
    };
    let (executor, with) = (comparison.executor.name(), comparison.with.name());
    Some(format!(
        "  first difference of {executor} to {with}: {what}"
    ))
}

/// The documented object of `verify --json`.
pub fn json(checks: &[LayerCheck], ran: &[Executor]) -> Value {
    let layers: Vec<Value> = checks.iter().map(|check| layer(check, ran)).collect();
    let total: usize = checks.iter().map(LayerCheck::mismatches).sum();
    json!({ "layers": layers, "mismatches": total })
}

fn layer(check: &LayerCheck, ran: &[Executor]) -> Value {
    let clocked = [Executor::Model, Executor::RustHdl, Executor::Verilator];
    let (mut cycles, mut reasons) = (Map::new(), Map::new());
    for executor in clocked {
        cycles.insert(executor.name().to_owned(), json!(check.cycles(executor)));
        if !ran.contains(&executor) {
            reasons.insert(executor.name().to_owned(), json!("not among --executors"));
        }
    }
    let words = check.traces.first().map_or(0, |trace| trace.words.len());
    let first = check
        .comparisons
        .iter()
        .find_map(|comparison| first_difference(check, comparison));
    let mut object = json!({
        "name": check.name,
        "image": check.image,
        "words": words,
        "mismatches": check.mismatches(),
        "cycles": cycles,
    });
    if !reasons.is_empty() {
        object["reasons"] = Value::Object(reasons);
    }
    if let Some(first) = first {
        object["first_difference"] = json!(first.trim());
    }
    object
}
