//! What was simulated, and how it went, as text and as JSON.

use cromulent_design::Design;
use cromulent_engine::timing::{Causes, Timing};
use cromulent_engine::traffic::{DramWords, SramWords, Traffic, Words};
use cromulent_engine::{Inference, Pooling};
use serde_json::{Value, json};

use super::Named;
use super::values::Values;

/// A simulation. Cycles are the same for every image, or every batch of images.
pub(super) struct Report<'a> {
    pub network: &'a str,
    pub design: &'a Design,
    /// All layers, in the order they run.
    pub layers: Vec<Named>,
    /// The places of those that have a row.
    pub shown: Vec<usize>,
    pub timing: Timing,
    /// By layer.
    pub traffic: Vec<Traffic>,
    pub program_bytes: Option<usize>,
    /// None with `--timing-only`.
    pub values: Option<&'a Values>,
    pub labels: Vec<Option<u8>>,
    pub notes: &'a [String],
    /// Whether the weights are random.
    pub synthetic: bool,
}

/// One row: a layer or a sum.
#[derive(Clone, Copy, Default)]
pub(super) struct Row {
    pub macs: u64,
    pub cycles: u64,
    pub causes: Causes,
    pub traffic: Traffic,
}

impl Report<'_> {
    fn row(&self, place: usize) -> Option<(&str, Row)> {
        let (layer, timing) = (self.layers.get(place)?, self.timing.layers.get(place)?);
        let row = Row {
            macs: layer.macs,
            cycles: timing.cycles,
            causes: timing.causes,
            traffic: self.traffic.get(place).copied().unwrap_or_default(),
        };
        Some((&layer.name, row))
    }

    pub(super) fn rows(&self) -> Vec<(&str, Row)> {
        self.shown
            .iter()
            .filter_map(|&place| self.row(place))
            .collect()
    }

    /// The rows together.
    fn total(&self) -> Row {
        let mut total = Row::default();
        for (_, row) in self.rows() {
            total.macs += row.macs;
            total.cycles += row.cycles;
            total.causes.stall_weights += row.causes.stall_weights;
            total.causes.stall_bandwidth += row.causes.stall_bandwidth;
            total.causes.stall_output += row.causes.stall_output;
            total.causes.stall_fill += row.causes.stall_fill;
            total.causes.stall_drain += row.causes.stall_drain;
        }
        total
    }

    /// The whole program, with what lies between its layers.
    fn program(&self) -> Row {
        Row {
            macs: self.layers.iter().map(|layer| layer.macs).sum(),
            cycles: self.timing.cycles,
            causes: self.timing.causes,
            ..Row::default()
        }
    }

    /// The program from the last word of the layers on that are fed with the image.
    fn without_image(&self) -> Option<Row> {
        let images = self.layers.iter().take_while(|layer| layer.image).count();
        (images.min(self.timing.layers.len()) > 0).then(|| Row {
            macs: self
                .layers
                .iter()
                .skip(images)
                .map(|layer| layer.macs)
                .sum(),
            cycles: self.timing.cycles_behind(images),
            ..Row::default()
        })
    }

    /// Multiply-accumulates per element and cycle, rounded down to millionths.
    pub(super) fn utilization(&self, row: &Row) -> f64 {
        let elements = u128::from(self.design.rows) * u128::from(self.design.columns);
        let whole = u128::from(row.macs) * 1_000_000;
        let share = whole.checked_div(elements * u128::from(row.cycles));
        share.unwrap_or(0) as f64 / 1e6
    }

    pub fn text(&self) -> String {
        let design = self.design;
        let bytes = self.program_bytes.map_or(String::new(), |bytes| {
            format!(", program image {bytes} bytes")
        });
        let mut lines = vec![
            format!(
                "{} on {} ({}×{}, {}, {}){bytes}",
                self.network,
                design.name,
                design.rows,
                design.columns,
                design.format,
                design.affine,
            ),
            format!(
                "  {:<24} {:>12} {:>10} {:>8} {:>7} {:>9} {:>7} {:>7} {:>7}",
                "layer", "MACs", "cycles", "busy", "load", "bandwidth", "output", "fill", "drain"
            ),
        ];
        lines.extend(self.rows().iter().map(|(name, row)| self.line(name, row)));
        lines.push(self.line("total", &self.total()));
        lines.extend(self.program_lines());
        lines.extend(self.image_lines());
        lines.extend(self.pooling_line());
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.join("\n")
    }

    fn line(&self, name: &str, row: &Row) -> String {
        let (busy, causes) = (100.0 * self.utilization(row), &row.causes);
        format!(
            "  {name:<24} {:>12} {:>10} {busy:>6.1} % {:>7} {:>9} {:>7} {:>7} {:>7}",
            row.macs,
            row.cycles,
            weight_load(causes),
            causes.stall_bandwidth,
            causes.stall_output,
            causes.stall_fill,
            causes.stall_drain
        )
    }

    fn program_lines(&self) -> Vec<String> {
        let (program, causes) = (self.program(), &self.timing.causes);
        let images = match self.design.batch {
            1 => String::new(),
            batch => format!(
                " for {batch} images, {:.1} an image",
                self.cycles_per_image()
            ),
        };
        let mut lines = vec![format!(
            "  program: {} cycles{images}, {:.1} % busy; {} for the input, {} between layers; {} beats of program, {} of input",
            program.cycles,
            100.0 * self.utilization(&program),
            causes.stall_input,
            causes.stall_command,
            self.timing.program_beats,
            self.timing.input_beats
        )];
        let (stored, fetched) = (self.timing.stored_beats, self.timing.fetched_beats);
        if stored + fetched > 0 {
            lines.push(format!(
                "  maps: {} cycles to move them; {stored} beats stored, {fetched} fetched",
                causes.stall_maps
            ));
        }
        if let Some(rest) = self.without_image() {
            lines.push(format!(
                "  image layer apart: {} cycles, {:.1} % busy",
                rest.cycles,
                100.0 * self.utilization(&rest)
            ));
        }
        lines
    }

    /// The layers whose codes are pooled as they leave.
    fn pooling_line(&self) -> Option<String> {
        let layers = self.shown.iter().filter_map(|&place| {
            let layer = self.layers.get(place)?;
            let Pooling { side, stride, .. } = layer.pooling?;
            Some(format!("{} ({side}×{side}, stride {stride})", layer.name))
        });
        let layers: Vec<String> = layers.collect();
        let named = layers.join(", ");
        (!layers.is_empty()).then(|| {
            format!("  max-pools that cost no pass: codes are pooled as they leave {named}")
        })
    }

    /// How the codes of a layer are pooled as they leave.
    fn pooling_json(&self, name: &str) -> Value {
        let layer = self.layers.iter().find(|layer| layer.name == name);
        let pooling = layer.and_then(|layer| layer.pooling);
        pooling.map_or(Value::Null, |pooling| {
            json!({ "side": pooling.side, "stride": pooling.stride, "padding": pooling.padding })
        })
    }

    pub fn json(&self) -> Value {
        let row = |(name, row): &(&str, Row)| {
            let mut object = json!({ "name": name, "pooling": self.pooling_json(name) });
            if let (Some(named), Value::Object(numbers)) =
                (object.as_object_mut(), self.row_json(row))
            {
                named.extend(numbers);
            }
            object["stalls"] = json!({
                "weight_load": weight_load(&row.causes),
                "input": row.causes.stall_input,
                "output": row.causes.stall_output,
                "bandwidth": row.causes.stall_bandwidth,
                "fill": row.causes.stall_fill,
                "drain": row.causes.stall_drain,
            });
            object["dram_words"] = dram_json(&row.traffic.dram);
            object["sram_words"] = sram_json(&row.traffic.sram);
            object
        };
        let layers: Vec<Value> = self.rows().iter().map(row).collect();
        let image = |(run, label): (&Inference, &Option<u8>)| json!({ "output": run.scores, "unit": run.score_unit, "class": run.class(), "label": label, "saturations": run.saturations });
        let images = self.runs().iter().zip(&self.labels).map(image);
        json!({
            "layers": layers,
            "total": self.row_json(&self.total()),
            "program": self.program_json(),
            "without_image": self.without_image().map(|row| self.row_json(&row)),
            "output": self.runs().first().map_or(&[][..], |run| &run.scores),
            "images": images.collect::<Vec<_>>(),
            "notes": self.notes,
            "batch": self.values.map(|values| self.batch_json(values)),
            "synthetic": self.synthetic,
            "seconds": self.values.map(|values| values.seconds),
        })
    }

    fn runs(&self) -> &[Inference] {
        self.values.map_or(&[], |values| &values.runs)
    }

    /// Runs of the program for all images. The last one may have fewer images than are computed together, and takes as
    /// long.
    fn program_runs(&self, values: &Values) -> u64 {
        let batch = u64::from(self.design.batch.max(1));
        (values.runs.len() as u64).div_ceil(batch)
    }

    /// Cycles of all images.
    fn batch_cycles(&self, values: &Values) -> u64 {
        self.timing.cycles.saturating_mul(self.program_runs(values))
    }

    /// Cycles of the program for each of the images that are computed together.
    fn cycles_per_image(&self) -> f64 {
        self.timing.cycles as f64 / f64::from(self.design.batch.max(1))
    }

    fn batch_json(&self, values: &Values) -> Value {
        let labelled = || values.runs.iter().zip(&self.labels);
        json!({
            "images": values.runs.len(),
            "size": self.design.batch,
            "runs": self.program_runs(values),
            "cycles": self.batch_cycles(values),
            "weights_loaded": if self.design.has_batch() { "per batch" } else { "per image" },
            "labelled": labelled().filter(|(_, label)| label.is_some()).count(),
            "right": labelled().filter(is_right).count(),
            "threads": values.threads,
            "instructions": values.instructions.name(),
        })
    }

    fn image_lines(&self) -> Vec<String> {
        let Some(values) = self.values else {
            return vec![];
        };
        let count = values.runs.len();
        let images = values.runs.iter().zip(&self.labels).enumerate();
        let mut lines: Vec<String> = images.take(SHOWN).map(outcome).collect();
        if count > SHOWN {
            lines.push(format!("  … and {} more images", count - SHOWN));
        }
        if count > 1 {
            let labelled = || values.runs.iter().zip(&self.labels);
            let known = labelled().filter(|(_, label)| label.is_some()).count();
            if known > 0 {
                let right = labelled().filter(is_right).count();
                lines.push(format!("  {right} of {known} labelled images right"));
            }
            let loaded = match self.design.batch {
                1 => "for each image".to_owned(),
                batch => format!("once for {batch} images"),
            };
            lines.push(format!(
                "  {count} images: {} cycles; weights are loaded {loaded}",
                self.batch_cycles(values)
            ));
        }
        lines.push(format!(
            "  values: {:.2} s, {} thread{}, {}",
            values.seconds,
            values.threads,
            if values.threads == 1 { "" } else { "s" },
            values.instructions
        ));
        lines
    }

    fn row_json(&self, row: &Row) -> Value {
        json!({ "macs": row.macs, "cycles": row.cycles, "utilization": self.utilization(row) })
    }

    fn program_json(&self) -> Value {
        let causes = &self.timing.causes;
        let mut object = self.row_json(&self.program());
        object["images"] = json!(self.design.batch);
        object["cycles_per_image"] = json!(self.cycles_per_image());
        object["beats"] = json!(causes.beats);
        object["stalls"] = json!({
            "weight_load": weight_load(causes),
            "output": causes.stall_output,
            "bandwidth": causes.stall_bandwidth,
            "fill": causes.stall_fill,
            "drain": causes.stall_drain,
            "input": causes.stall_input,
            "maps": causes.stall_maps,
            "command": causes.stall_command,
        });
        object["program_beats"] = json!(self.timing.program_beats);
        object["input_beats"] = json!(self.timing.input_beats);
        object["result_beats"] = json!(self.timing.result_beats);
        object["stored_beats"] = json!(self.timing.stored_beats);
        object["fetched_beats"] = json!(self.timing.fetched_beats);
        object
    }
}

/// Cycles that waited for a load, the weights being there.
pub(in crate::commands) fn weight_load(causes: &Causes) -> u64 {
    causes.stall_weights - causes.stall_bandwidth
}

fn dram_json(words: &DramWords) -> Value {
    json!({
        "weights": words.weights,
        "inputs": words.inputs,
        "outputs": words.outputs,
        "residual": words.residual,
    })
}

fn sram_json(words: &SramWords) -> Value {
    let of = |words: Words| json!({ "read": words.read, "written": words.written });
    json!({
        "weights": of(words.weights),
        "inputs": of(words.inputs),
        "sums": of(words.sums),
        "outputs": of(words.outputs),
        "residual": of(words.residual),
    })
}

/// Images that get a line each.
const SHOWN: usize = 10;

fn is_right((run, label): &(&Inference, &Option<u8>)) -> bool {
    label.is_some_and(|label| run.class() == usize::from(label))
}

fn outcome((number, (run, label)): (usize, (&Inference, &Option<u8>))) -> String {
    let truth = label.map_or(String::new(), |label| format!(", labelled {label}"));
    format!("  image {number}: class {}{truth}", run.class())
}
