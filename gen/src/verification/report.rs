//! What a verification found, as text and as JSON.

mod json;

pub use json::json;

use cromulent_design::Design;
use cromulent_engine::OutputWord;

use super::compare::Difference;
use super::{Comparison, LayerCheck, RunCheck};
use crate::cli::Executor;

/// A table per image, and what differs first.
pub fn text(design: &Design, network: &str, checks: &[RunCheck]) -> String {
    let mut lines: Vec<String> = vec![];
    for check in checks {
        let images = match check.labels.len() {
            0 | 1 => format!("image {}", check.image),
            count => format!("images {} to {}", check.image, check.image + count - 1),
        };
        lines.push(format!("{network} on {}, {images}", design.name));
        lines.extend(layer_table(design, check));
        lines.extend(executor_table(check));
        lines.extend(
            check
                .skipped
                .iter()
                .map(|(executor, why)| format!("  {} did not run: {why}", executor.name())),
        );
        lines.extend(outcome(check));
        lines.extend(differences(check));
    }
    let total: usize = checks.iter().map(RunCheck::mismatches).sum();
    lines.push(match total {
        0 => "all equal".to_owned(),
        1 => "1 mismatch".to_owned(),
        _ => format!("{total} mismatches"),
    });
    lines.join("\n")
}

/// The clocked executor whose cycles are shown: hardware where it ran.
fn shown(check: &RunCheck) -> Option<Executor> {
    let clocked = |run: &&super::RunTrace| run.layers.iter().any(|layer| layer.clock.is_some());
    check
        .runs
        .iter()
        .rev()
        .find(clocked)
        .map(|run| run.executor)
}

fn layer_table(design: &Design, check: &RunCheck) -> Vec<String> {
    let shown = shown(check);
    let source = shown.map_or("", Executor::name);
    let mut lines = vec![format!(
        "  {:<20} {:>9} {:>11} {:>10} {:>8}  cycles by {source}",
        "layer", "words", "mismatches", "cycles", "busy"
    )];
    if shown.is_none() {
        lines = vec![format!(
            "  {:<20} {:>9} {:>11}",
            "layer", "words", "mismatches"
        )];
    }
    let places = u64::from(design.rows) * u64::from(design.columns);
    for (place, layer) in check.layers.iter().enumerate() {
        let mut line = format!(
            "  {:<20} {:>9} {:>11}",
            layer.name,
            layer.words,
            layer.mismatches()
        );
        if let Some(cycles) = shown.and_then(|executor| check.cycles(executor, place)) {
            let busy = 100.0 * layer.macs as f64 / (places * cycles.max(1)) as f64;
            line += &format!(" {cycles:>10} {busy:>6.1} %");
        }
        lines.push(line);
    }
    lines
}

fn executor_table(check: &RunCheck) -> Vec<String> {
    let mut lines = vec![format!(
        "  {:<20} {:>9} {:>11} {:>10} {:>8}",
        "executor", "words", "mismatches", "cycles", "seconds"
    )];
    for run in &check.runs {
        let words: usize = run.layers.iter().map(|layer| layer.words.len()).sum();
        let of = |comparisons: &[Comparison]| {
            let own = comparisons.iter().filter(|c| c.executor == run.executor);
            own.map(Comparison::mismatches).sum::<usize>()
        };
        let layers: usize = check.layers.iter().map(|l| of(&l.comparisons)).sum();
        let mismatches = match check.runs.first() {
            Some(first) if first.executor == run.executor => "-".to_owned(),
            _ => (layers + of(&check.comparisons)).to_string(),
        };
        let cycles = run.totals.as_ref().and_then(|totals| totals.get("cycles"));
        lines.push(format!(
            "  {:<20} {words:>9} {mismatches:>11} {:>10} {:>8.2}",
            run.executor.name(),
            cycles.map_or("-".to_owned(), |cycles| cycles.to_string()),
            run.seconds.as_secs_f64()
        ));
    }
    lines
}

/// The results of the first executor for each image, where there are any.
fn outcome(check: &RunCheck) -> Vec<String> {
    let images = check.results.iter().zip(&check.labels);
    let line = |(results, label): (&Vec<i64>, &Option<u8>)| {
        let class = class(results)?;
        let truth = label.map_or(String::new(), |label| format!(", labelled {label}"));
        Some(format!("  {} results, class {class}{truth}", results.len()))
    };
    images.filter_map(line).collect()
}

/// The place of the largest result, the first of them if there are several.
pub(super) fn class(results: &[i64]) -> Option<usize> {
    let best = results.iter().max()?;
    results.iter().position(|result| result == best)
}

/// One line per executor that differs: the first difference in the order of the program.
fn differences(check: &RunCheck) -> Vec<String> {
    let executors = check.comparisons.iter().map(|c| c.executor);
    executors
        .filter_map(|executor| {
            let of = |c: &&Comparison| c.executor == executor && c.first.is_some();
            let layer = check.layers.iter().find_map(|layer| {
                let comparison = layer.comparisons.iter().find(of)?;
                layer_difference(layer, comparison)
            });
            layer.or_else(|| own_difference(check.comparisons.iter().find(of)?))
        })
        .map(|line| format!("  {line}"))
        .collect()
}

/// What differs first in a layer.
pub(super) fn layer_difference(layer: &LayerCheck, comparison: &Comparison) -> Option<String> {
    let shape = (layer.image_words, layer.out_width);
    let what = sentence(comparison.first.as_ref()?, shape);
    let (executor, with) = (comparison.executor.name(), comparison.with.name());
    let name = &layer.name;
    Some(format!(
        "first difference of {executor} to {with} in {name}: {what}"
    ))
}

/// What differs first beside the layers.
pub(super) fn own_difference(comparison: &Comparison) -> Option<String> {
    let what = sentence(comparison.first.as_ref()?, (0, 1));
    let (executor, with) = (comparison.executor.name(), comparison.with.name());
    Some(format!("first difference of {executor} to {with}: {what}"))
}

/// Where a word lies, in maps of so many words an image, or 0, and of such a width.
fn place(word: &OutputWord, (image_words, out_width): (usize, usize)) -> String {
    let position = word.position as usize;
    let (image, position) = match image_words {
        0 => (String::new(), position),
        words => (
            format!("image {} of the batch, ", position / words),
            position % words,
        ),
    };
    let (y, x) = (position / out_width.max(1), position % out_width.max(1));
    format!(
        "{image}column tile {}, column {}, y {y}, x {x}",
        word.column_tile, word.column
    )
}

fn sentence(difference: &Difference, shape: (usize, usize)) -> String {
    let place = |word| place(word, shape);
    match difference {
        Difference::Word {
            wanted,
            found,
            cycle,
        } if (wanted.position, wanted.column) == (found.position, found.column) => {
            let cycle = cycle.map_or(String::new(), |cycle| format!(", leaving at cycle {cycle}"));
            let (word, right) = (found.value, wanted.value);
            format!("{}: {word} instead of {right}{cycle}", place(wanted))
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
        Difference::Count {
            what,
            wanted,
            found,
        } => format!("{what}: {found} instead of {wanted}"),
        Difference::Result {
            place,
            wanted,
            found,
        } => format!("result {place}: {found} instead of {wanted}"),
        Difference::Failure(what) => what.clone(),
    }
}
