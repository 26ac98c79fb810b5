//! `cromulent memory`: what activations take at test time and in training.

use cromulent_network::Network;
use cromulent_network::memory::{Memory, naive, shared};
use serde_json::{Value, json};

use crate::cli::{Kept, MemoryCommand};
use crate::output::write_text;
use crate::{Error, Outcome, networks, plot};

/// Counts the bytes of every format asked for.
///
/// # Errors
/// Bad input.
pub fn run(args: &MemoryCommand) -> Result<Outcome, Error> {
    let source = networks::shapes(&args.network, None)?;
    let network = &source.network;
    let row = |&kept: &Kept| Row {
        kept,
        shared: shared(network, kept.widths),
        naive: naive(network, kept.widths),
    };
    let report = Report {
        network,
        batch: args.batch.get() as u64,
        rows: args.formats.iter().map(row).collect(),
        layers: args.layers,
    };
    if let Some(file) = &args.plot {
        let svg = report.plot()?;
        write_text(file, &svg)?;
    }
    Ok(Outcome::good(report.text(), report.json()))
}

/// One format.
struct Row {
    kept: Kept,
    shared: Memory,
    naive: Memory,
}

struct Report<'a> {
    network: &'a Network,
    batch: u64,
    rows: Vec<Row>,
    /// Whether values are printed one by one.
    layers: bool,
}

impl Report<'_> {
    fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "{}: bytes of activations; test-time peak of one image, training of a batch of {}",
                self.network.name, self.batch
            ),
            format!(
                "  {:<6} {:>16} {:>16} {:>16} {:>16}",
                "format", "test peak", "training", "naive peak", "naive training"
            ),
        ];
        for row in &self.rows {
            lines.push(format!(
                "  {:<6} {:>16} {:>16} {:>16} {:>16}",
                row.kept.to_string(),
                row.shared.test_peak(),
                row.shared.training() * self.batch,
                row.naive.test_peak(),
                row.naive.training() * self.batch
            ));
        }
        if self.layers {
            self.rows
                .iter()
                .for_each(|row| lines.extend(self.layer_lines(row)));
        }
        lines.join("\n")
    }

    fn layer_lines(&self, row: &Row) -> Vec<String> {
        let head = format!(
            "  {:<32} {:>12} {:>12} {:>14}",
            format!("{}, each value once", row.kept),
            "value",
            "alive",
            "training"
        );
        let kept = row
            .shared
            .nodes
            .iter()
            .filter(|node| node.value + node.training > 0);
        let line = |node: &cromulent_network::memory::NodeMemory| {
            format!(
                "  {:<32} {:>12} {:>12} {:>14}",
                self.network.nodes[node.node].name,
                node.value,
                node.live,
                node.training * self.batch
            )
        };
        [head].into_iter().chain(kept.map(line)).collect()
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            let layers = row
                .shared
                .nodes
                .iter()
                .zip(&row.naive.nodes)
                .map(|(node, naive)| {
                    json!({
                        "name": self.network.nodes[node.node].name,
                        "value_bytes": node.value,
                        "live_bytes": node.live,
                        "training_bytes": node.training * self.batch,
                        "naive_value_bytes": naive.value,
                        "naive_live_bytes": naive.live,
                        "naive_training_bytes": naive.training * self.batch,
                    })
                });
            json!({
                "format": row.kept.to_string(),
                "test_peak_bytes": row.shared.test_peak(),
                "training_bytes": row.shared.training() * self.batch,
                "naive_test_peak_bytes": row.naive.test_peak(),
                "naive_training_bytes": row.naive.training() * self.batch,
                "layers": layers.collect::<Vec<_>>(),
            })
        };
        json!({
            "network": self.network.name,
            "batch": self.batch,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }

    /// The bytes alive, node by node.
    fn plot(&self) -> Result<String, Error> {
        let line = |row: &Row| plot::Line {
            name: row.kept.to_string(),
            points: row
                .shared
                .nodes
                .iter()
                .map(|node| (node.node as f64, node.live as f64 / 1024.0))
                .collect(),
        };
        plot::lines(&plot::Chart {
            title: format!("{}: activations alive, one image", self.network.name),
            x: "node, in the order they are computed".to_owned(),
            y: "KiB".to_owned(),
            lines: self.rows.iter().map(line).collect(),
            marks: false,
            ticks: vec![],
        })
    }
}
