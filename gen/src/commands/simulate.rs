//! `cromulent simulate`.

use cromulent_design::Design;
use cromulent_engine::cycle_model::Counters;
use cromulent_engine::{Executor, NetworkRun, Runner};
use serde_json::{Value, json};

use crate::cli::SimulateArgs;
use crate::progress::Progress;
use crate::workload::Workload;
use crate::{Error, Outcome};

/// Runs the whole network in the cycle model: every value and every cycle. With `--layer`, only that
/// layer's row is printed.
///
/// # Errors
/// Bad input.
pub fn run(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let workload = Workload::load(&args.workload)?;
    let step = progress.steps("simulating", workload.examples.len() as u64);
    let runner = Runner::new(&workload.image);
    let mut runs = vec![];
    for example in &workload.examples {
        runs.push(runner.run(&example.image.pixels, Executor::CycleModel)?);
        step.advance();
    }
    drop(step);
    let labels: Vec<Option<u8>> = workload
        .examples
        .iter()
        .map(|example| example.label)
        .collect();
    let report = Report {
        workload: &workload,
        runs: &runs,
        labels: &labels,
    };
    Ok(Outcome::good(report.text(), report.json()))
}

/// What was simulated, and how it went. Cycles are the same for every image; the first one's are shown.
struct Report<'a> {
    workload: &'a Workload,
    runs: &'a [NetworkRun],
    labels: &'a [Option<u8>],
}

/// One convolution or linear layer.
struct Row<'a> {
    name: &'a str,
    counters: Counters,
}

impl Report<'_> {
    fn design(&self) -> &Design {
        &self.workload.image.design
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let layers = self.runs.first().map_or(&[][..], |run| &run.layers);
        let shown = self.workload.layers();
        let row = |place: usize| {
            let layer = layers.get(place)?;
            Some(Row {
                name: &layer.name,
                counters: layer.counters?,
            })
        };
        shown.into_iter().filter_map(row).collect()
    }

    /// The layers together.
    fn total(&self) -> Counters {
        self.rows()
            .iter()
            .fold(Counters::default(), |sum, row| Counters {
                cycles: sum.cycles + row.counters.cycles,
                macs: sum.macs + row.counters.macs,
                ..sum
            })
    }

    fn utilization(&self, counters: &Counters) -> f64 {
        counters.utilization_millionths(self.design()) as f64 / 1e6
    }

    fn text(&self) -> String {
        let design = self.design();
        let mut lines = vec![format!(
            "{} on {} ({}×{}, {}, {}), program image {} bytes",
            self.workload.image.network,
            design.name,
            design.rows,
            design.columns,
            design.format,
            design.affine,
            self.workload.image_bytes
        )];
        lines.push(format!(
            "  {:<20} {:>12} {:>10} {:>8} {:>8}",
            "layer", "MACs", "cycles", "busy", "stalls"
        ));
        let line = |name: &str, c: &Counters| {
            let busy = 100.0 * self.utilization(c);
            format!(
                "  {name:<20} {:>12} {:>10} {busy:>6.1} % {:>8}",
                c.macs, c.cycles, c.weight_load
            )
        };
        let rows = self.rows();
        lines.extend(rows.iter().map(|row| line(row.name, &row.counters)));
        lines.push(line("total", &self.total()));
        lines.extend(self.runs.iter().zip(self.labels).enumerate().map(outcome));
        lines.extend(
            self.workload
                .notes
                .iter()
                .map(|note| format!("note: {note}")),
        );
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            let c = &row.counters;
            json!({
                "name": row.name,
                "macs": c.macs,
                "cycles": c.cycles,
                "utilization": self.utilization(c),
                "stalls": { "weight_load": c.weight_load, "fill": c.fill, "drain": c.drain },
            })
        };
        let layers: Vec<Value> = self.rows().iter().map(row).collect();
        let total = self.total();
        let image = |(run, label): (&NetworkRun, &Option<u8>)| {
            let saturations: u64 = run.layers.iter().map(|layer| layer.saturations).sum();
            json!({ "output": run.scores, "unit": run.score_unit, "class": run.class(), "label": label, "saturations": saturations })
        };
        json!({
            "layers": layers,
            "total": { "macs": total.macs, "cycles": total.cycles, "utilization": self.utilization(&total) },
            "output": self.runs.first().map_or(&[][..], |run| &run.scores),
            "images": self.runs.iter().zip(self.labels).map(image).collect::<Vec<_>>(),
        })
    }
}

fn outcome((number, (run, label)): (usize, (&NetworkRun, &Option<u8>))) -> String {
    let truth = label.map_or(String::new(), |label| format!(", labelled {label}"));
    format!("  image {number}: class {}{truth}", run.class())
}
