//! `cromulent simulate` on shapes alone: SCALE-Sim's topologies, counted its way or ours.

use std::path::Path;

use cromulent_design::Design;
use cromulent_engine::peers::{Comparison, LayerShape, Terms, compare, read_topology};
use cromulent_engine::timing::Memory;
use serde_json::{Value, json};

use crate::{Error, Outcome};

/// Whether a file is a topology of shapes: what ends in `.csv`.
pub(super) fn is_topology(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// SCALE-Sim's weight-stationary cycles of a topology on a design's array, beside ours.
///
/// # Errors
/// What is wrong with design or topology; a network that is none.
pub(super) fn scale_sim(design: &Path, topology: &Path, memory: Memory) -> Result<Outcome, Error> {
    let file = design;
    let design = Design::load(file)?;
    if design.has_batch() {
        let what = format!(
            "batch = {}, and --dataflow scale-sim counts one image",
            design.batch
        );
        return Err(Error::bad_input(file.display(), what, "write batch = 1"));
    }
    let shapes = topology_of(topology)?;
    let rows = compare(&design, &shapes, memory);
    Ok(Outcome::good(
        text(&design, topology, &rows),
        json_of(&design, &rows),
    ))
}

/// The shapes in a file.
pub(super) fn topology_of(path: &Path) -> Result<Vec<LayerShape>, Error> {
    if is_topology(path) {
        return Ok(read_topology(path)?);
    }
    let what = "is no topology of layer shapes, which is what --dataflow scale-sim counts";
    let fix = "give a convolution topology of SCALE-Sim (a CSV file), or leave --dataflow out";
    Err(Error::bad_input(path.display(), what, fix))
}

/// A row of sums.
fn total(rows: &[Comparison]) -> (u64, u64, u64, u64, Terms) {
    let mut terms = Terms::default();
    for row in rows {
        terms.overhead += row.terms.overhead;
        terms.tiles += row.terms.tiles;
        terms.digits += row.terms.digits;
        terms.weights += row.terms.weights;
        terms.once += row.terms.once;
        terms.output += row.terms.output;
        terms.from_zero += row.terms.from_zero;
    }
    (
        rows.iter().map(|row| row.macs).sum(),
        rows.iter().map(|row| row.scale_sim.folds).sum(),
        rows.iter().map(|row| row.scale_sim.cycles).sum(),
        rows.iter().map(|row| row.cycles).sum(),
        terms,
    )
}

fn text(design: &Design, topology: &Path, rows: &[Comparison]) -> String {
    let mut lines = vec![
        format!(
            "{}, weight-stationary on {}×{}: SCALE-Sim's cycles, and how ours differ",
            topology.display(),
            design.rows,
            design.columns
        ),
        format!(
            "  {:<20} {:>11} {:>6} {:>10} {:>10} {:>10} {:>9} {:>9} {:>9} {:>6} {:>6} {:>6}",
            "layer",
            "MACs",
            "folds",
            "SCALE-Sim",
            "ours",
            "overhead",
            "tiles",
            "digits",
            "weights",
            "once",
            "output",
            "zero"
        ),
    ];
    let line = |name: &str, macs: u64, folds: u64, theirs: u64, ours: u64, t: &Terms| {
        format!(
            "  {name:<20} {macs:>11} {folds:>6} {theirs:>10} {ours:>10} {:>10} {:>9} {:>9} {:>9} {:>6} {:>6} {:>6}",
            t.overhead, t.tiles, t.digits, t.weights, t.once, t.output, t.from_zero
        )
    };
    lines.extend(rows.iter().map(|row| {
        let (theirs, terms) = (&row.scale_sim, &row.terms);
        line(
            &row.name,
            row.macs,
            theirs.folds,
            theirs.cycles,
            row.cycles,
            terms,
        )
    }));
    let (macs, folds, theirs, ours, terms) = total(rows);
    lines.push(line("total", macs, folds, theirs, ours, &terms));
    lines.push(
        "  SCALE-Sim = ours + overhead + tiles + digits + weights + once + output + zero"
            .to_owned(),
    );
    lines.join("\n")
}

fn terms_json(terms: &Terms) -> Value {
    json!({
        "overhead": terms.overhead,
        "tiles": terms.tiles,
        "digits": terms.digits,
        "weights": terms.weights,
        "once": terms.once,
        "output": terms.output,
        "from_zero": terms.from_zero,
    })
}

fn json_of(design: &Design, rows: &[Comparison]) -> Value {
    let elements = u64::from(design.rows) * u64::from(design.columns);
    let busy = |macs: u64, cycles: u64| {
        let whole = u128::from(macs) * 1_000_000;
        let share = whole.checked_div(u128::from(elements) * u128::from(cycles));
        share.unwrap_or(0) as f64 / 1e6
    };
    let row = |name: Option<&str>, macs, folds: u64, theirs, ours: u64, terms: &Terms| {
        json!({
            "name": name,
            "macs": macs,
            "cycles": theirs,
            "utilization": busy(macs, theirs),
            "folds": folds,
            "own_cycles": ours,
            "difference": terms_json(terms),
        })
    };
    let layers = rows.iter().map(|one| {
        let (theirs, terms) = (&one.scale_sim, &one.terms);
        row(
            Some(&one.name),
            one.macs,
            theirs.folds,
            theirs.cycles,
            one.cycles,
            terms,
        )
    });
    let layers: Vec<Value> = layers.collect();
    let (macs, folds, theirs, ours, terms) = total(rows);
    json!({
        "dataflow": "scale-sim",
        "layers": layers,
        "total": row(None, macs, folds, theirs, ours, &terms),
    })
}
