//! Figures of a run: when its layers run, how busy they are, what they wait for, what they cost.

use super::chart::{Axis, Bars, Scatter};
use super::numbers::{joules, percent, short};
use super::page::{Page, Table};
use super::read::{Kind, Results};
use super::run::{Layer, Run};
use crate::Error;

/// The best points of an exploration.
pub(super) fn details(page: &mut Page, file: &Results) -> Result<(), Error> {
    page.section("The best points, layer by layer");
    for point in file.value["points"].as_array().into_iter().flatten() {
        let run = Run::estimate(&point["estimate"]);
        let best = point["best"].as_array().into_iter().flatten();
        let best: Vec<&str> = best.filter_map(|objective| objective.as_str()).collect();
        page.heading(&run.title);
        page.paragraph(&format!(
            "Best in {} of all points of its network.",
            best.join(" and ")
        ));
        show(page, &run, &format!("cromulent explore, {}", file.origin()))?;
    }
    Ok(())
}

/// What `estimate` or `simulate` printed.
pub(super) fn single(page: &mut Page, file: &Results) -> Result<(), Error> {
    let (run, command) = match file.kind {
        Kind::Simulation => (
            Run::simulation(&file.name, &file.value),
            "cromulent simulate --json",
        ),
        _ => (Run::estimate(&file.value), "cromulent estimate --json"),
    };
    page.section(&run.title);
    show(page, &run, &format!("{command}, {}", file.origin()))
}

fn show(page: &mut Page, run: &Run, origin: &str) -> Result<(), Error> {
    let mut facts = format!(
        "{} cycles, {} busy",
        short(run.cycles as f64),
        percent(run.busy)
    );
    if let Some(bytes) = run.dram_bytes {
        facts += &format!(", {}bytes on the memory bus", short(bytes as f64) + " ");
    }
    if !run.energy.is_empty() {
        let total: f64 = run.energy.iter().map(|(_, energy)| energy).sum();
        facts += &format!(", {}", joules(total));
    }
    page.paragraph(&format!("{facts}."));
    run.notes.iter().for_each(|note| page.paragraph(note));
    page.begin_figures();
    let title = &run.title;
    let mut figure = |id: &str, svg: String, caption: &str| {
        page.figure(
            &format!("{id} {title}"),
            &svg,
            &format!("{caption}: {title}."),
            origin,
        );
    };
    figure(
        "timeline",
        timeline(run).svg()?,
        "When each layer runs, in cycles",
    );
    figure(
        "utilisation",
        utilisation(run).svg()?,
        "Multiply-accumulates per element and cycle",
    );
    figure(
        "stalls",
        parts(run, "cycles", |layer| &layer.stalls).svg()?,
        "Cycles that waited, by cause",
    );
    if !run.energy.is_empty() {
        let energy = parts(run, "microjoules", |layer| &layer.energy);
        figure(
            "energy",
            scaled(energy, 1e-6).svg()?,
            "Energy of each layer, by part",
        );
        figure(
            "energy parts",
            total(run).svg()?,
            "Energy of the program, by part",
        );
    }
    if let Some(roof) = run.roof {
        figure(
            "roofline",
            roofline(run, roof).svg()?,
            "Roofline: what array and memory bus allow, and a point for each layer",
        );
    }
    page.end_figures();
    page.table(&table(run));
    Ok(())
}

fn timeline(run: &Run) -> Bars {
    let mut end = 0;
    let rows = run.layers.iter().map(|layer| {
        // Who does not say when a layer starts says how long each takes.
        let start = layer.start.unwrap_or(end);
        end = start + layer.cycles;
        (layer.name.clone(), vec![(start as f64, end as f64)])
    });
    Bars {
        axis: "cycle".to_owned(),
        parts: vec![],
        rows: rows.collect(),
        end: None,
    }
}

fn utilisation(run: &Run) -> Bars {
    let rows = run.layers.iter();
    let rows = rows.map(|layer| (layer.name.clone(), vec![(0.0, 100.0 * layer.busy)]));
    Bars {
        axis: "per cent of all elements in all cycles".to_owned(),
        parts: vec![],
        rows: rows.collect(),
        end: Some(100.0),
    }
}

/// Bars of what layers have, one part behind the other; parts that no layer has are left out.
fn parts(run: &Run, axis: &str, of: impl Fn(&Layer) -> &Vec<(String, f64)>) -> Bars {
    let mut names: Vec<String> = vec![];
    for (name, number) in run.layers.iter().flat_map(&of) {
        if *number > 0.0 && !names.contains(name) {
            names.push(name.clone());
        }
    }
    let rows = run.layers.iter().map(|layer| {
        let mut end = 0.0;
        let bars = names.iter().map(|name| {
            let found = of(layer).iter().find(|(other, _)| other == name);
            let start = end;
            end += found.map_or(0.0, |(_, number)| *number);
            (start, end)
        });
        (layer.name.clone(), bars.collect())
    });
    Bars {
        axis: axis.to_owned(),
        rows: rows.collect(),
        parts: names,
        end: None,
    }
}

fn scaled(mut bars: Bars, factor: f64) -> Bars {
    for (start, end) in bars.rows.iter_mut().flat_map(|(_, parts)| parts) {
        *start *= factor;
        *end *= factor;
    }
    bars
}

fn total(run: &Run) -> Bars {
    let rows = run.energy.iter();
    let rows = rows.map(|(name, energy)| (name.clone(), vec![(0.0, energy / 1e6)]));
    Bars {
        axis: "microjoules".to_owned(),
        parts: vec![],
        rows: rows.collect(),
        end: None,
    }
}

/// Layers that multiply and move something, below what array and bus allow.
fn roofline(run: &Run, (peak, bytes): (f64, f64)) -> Scatter {
    let layers = run
        .layers
        .iter()
        .filter(|layer| layer.macs > 0 && layer.cycles > 0);
    let points = layers.filter_map(|layer| {
        let moved = layer.dram_bytes.filter(|&moved| moved > 0)?;
        Some((
            layer.macs as f64 / moved as f64,
            layer.macs as f64 / layer.cycles as f64,
            true,
        ))
    });
    let points: Vec<(f64, f64, bool)> = points.collect();
    let ridge = peak / bytes;
    let left = points.iter().map(|point| point.0).fold(ridge, f64::min) / 2.0;
    let right = points.iter().map(|point| point.0).fold(ridge, f64::max) * 2.0;
    let axis = |name: &str| Axis {
        name: name.to_owned(),
        ratio: true,
    };
    Scatter {
        axes: [
            axis("multiply-accumulates a byte of memory"),
            axis("multiply-accumulates a cycle"),
        ],
        series: vec![("layers".to_owned(), points)],
        line: vec![(left, left * bytes), (ridge, peak), (right, peak)],
    }
}

fn table(run: &Run) -> Table {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let rows = run.layers.iter().enumerate().map(|(number, layer)| {
        let waited: f64 = layer.stalls.iter().map(|(_, cycles)| cycles).sum();
        let energy: f64 = layer.energy.iter().map(|(_, energy)| energy).sum();
        vec![
            format!("{} {}", number + 1, layer.name),
            layer.macs.to_string(),
            layer.cycles.to_string(),
            percent(layer.busy),
            short(waited),
            or_dash(layer.dram_bytes.map(|bytes| bytes.to_string())),
            or_dash((!layer.energy.is_empty()).then(|| joules(energy))),
        ]
    });
    Table {
        caption: format!("Layers: {}", run.title),
        head: vec![
            "layer",
            "MACs",
            "cycles",
            "busy",
            "waited",
            "DRAM bytes",
            "energy",
        ],
        rows: rows.collect(),
    }
}
