//! The table, as text and as JSON.

use serde_json::{Value, json};

use super::combinations::Combination;
use super::layers::{self, Ratio};
use super::mixed::Wish;
use super::tally::Tally;
use crate::{Error, plot};

/// A table of accuracies.
pub(super) struct Report<'a> {
    pub network: &'a str,
    /// The network as it was trained.
    pub float: Tally,
    /// Whether it is a row that was asked for.
    pub float_wanted: bool,
    pub rows: Vec<Row>,
    /// Everything together.
    pub seconds: f64,
}

/// One row.
pub(super) struct Row {
    pub combination: Combination,
    pub tally: Tally,
    /// Bits of a word of the residual stream.
    pub stream_bits: u32,
    /// Words of the residual stream that did not fit.
    pub saturations: u64,
    /// Channels that lose much of their signal.
    pub notes: Vec<String>,
    /// Batch-norms whose format is not the row's own.
    pub formats: Vec<Wish>,
    /// What is kept between layers; empty if nobody asked.
    pub layers: Vec<Ratio>,
}

impl Report<'_> {
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "{}: {} images, per cent; 95 % interval by Wilson's score",
                self.network, self.float.images
            ),
            format!(
                "  {:<6} {:<7} {:<9} {:>10} {:>7} {:>7} {:>15} {:>7} {:>6} {:>6}",
                "format",
                "first",
                "affine",
                "weights",
                "top-1",
                "top-5",
                "interval",
                "as fp32",
                "lost",
                "gained"
            ) + &self.stream_column("stream"),
            line(["fp32", "", "", ""], &self.float),
        ];
        for row in &self.rows {
            let c = &row.combination;
            let names = [
                c.format.name(),
                c.first(),
                c.affine.name(),
                &c.weights.to_string(),
            ];
            let stream = row.stream_bits.to_string();
            lines.push(line(names, &row.tally) + &self.stream_column(&stream));
        }
        lines.extend(self.rows.iter().flat_map(Row::layer_lines));
        lines.extend(self.notes().iter().map(|note| format!("note: {note}")));
        lines.push(format!("  {:.1} s", self.seconds));
        lines.join("\n")
    }

    /// The last column, if widths of the stream were asked for.
    fn stream_column(&self, text: &str) -> String {
        let asked = self.rows.iter().any(|row| row.combination.stream.is_some());
        match asked {
            true => format!(" {text:>6}"),
            false => String::new(),
        }
    }

    /// What deserves a look, each with its row.
    fn notes(&self) -> Vec<String> {
        let mut notes = vec![];
        for row in &self.rows {
            if !row.formats.is_empty() {
                let formats = row.formats.iter();
                let formats: Vec<String> = formats
                    .map(|(node, format)| format!("{node}={format}"))
                    .collect();
                notes.push(format!("{}: {}", row.name(), formats.join(" ")));
            }
            let name = format!("{} {}", row.combination.format, row.combination.affine);
            let own = row.notes.iter().map(|note| format!("{name}: {note}"));
            notes.extend(own.filter(|note| !notes.contains(note)).collect::<Vec<_>>());
            if row.saturations > 0 {
                notes.push(format!(
                    "{name}, first {}: {} words of the residual stream did not fit {} bits",
                    row.combination.first(),
                    row.saturations,
                    row.stream_bits
                ));
            }
        }
        notes
    }

    /// Top-1 by format: a line for every other part of the combinations, and one for floating point.
    pub fn plot(&self) -> Result<String, Error> {
        let mut ticks: Vec<String> = vec![];
        let mut lines: Vec<plot::Line> = vec![];
        for row in &self.rows {
            let c = &row.combination;
            let format = c.format.to_string();
            let place = ticks.iter().position(|tick| *tick == format);
            let place = place.unwrap_or_else(|| {
                ticks.push(format);
                ticks.len() - 1
            });
            let mut name = format!("{}, {}, {}", c.affine, c.first(), c.weights);
            if let Some(bits) = c.stream {
                name += &format!(", stream {bits}");
            }
            let point = (place as f64, row.tally.percent(row.tally.top1));
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(plot::Line {
                    name,
                    points: vec![point],
                }),
            }
        }
        let float = self.float.percent(self.float.top1);
        let last = ticks.len().saturating_sub(1) as f64;
        lines.push(plot::Line {
            name: "fp32".to_owned(),
            points: vec![(0.0, float), (last, float)],
        });
        plot::lines(&plot::Chart {
            title: format!("{}: top-1 on {} images", self.network, self.float.images),
            x: "format".to_owned(),
            y: "per cent".to_owned(),
            lines,
            marks: true,
            ticks,
        })
    }

    pub fn json(&self) -> Value {
        let mut float = json!({ "format": "fp32", "first": null, "affine": null, "weights": "fp32", "stream_bits": null });
        extend(&mut float, numbers(&self.float));
        let row = |row: &Row| {
            let c = &row.combination;
            let mut object = json!({
                "format": c.format.name(),
                "first": c.first(),
                "affine": c.affine.name(),
                "weights": c.weights.to_string(),
                "stream_bits": row.stream_bits,
            });
            extend(&mut object, numbers(&row.tally));
            object["saturations"] = json!(row.saturations);
            let formats = row.formats.iter();
            object["formats"] = formats
                .map(|(node, format)| (node.clone(), json!(format.name())))
                .collect::<serde_json::Map<_, _>>()
                .into();
            object["layers"] = row.layers.iter().map(ratio_json).collect();
            object
        };
        let wanted = self.float_wanted.then(|| float.clone());
        let rows: Vec<Value> = wanted
            .into_iter()
            .chain(self.rows.iter().map(row))
            .collect();
        json!({
            "network": self.network,
            "images": self.float.images,
            "rows": rows,
            "fp32": float,
            "interval": "wilson",
            "layer_images": self.float.images.min(layers::IMAGES),
            "notes": self.notes(),
            "seconds": self.seconds,
        })
    }
}

impl Row {
    /// Its combination in a few words.
    fn name(&self) -> String {
        let c = &self.combination;
        format!(
            "{} {}, first {}, weights {}",
            c.format,
            c.affine,
            c.first(),
            c.weights
        )
    }

    /// The ratio of each value, the row's name before them.
    fn layer_lines(&self) -> Vec<String> {
        if self.layers.is_empty() {
            return vec![];
        }
        let mut lines = vec![
            self.name(),
            format!(
                "  {:<28} {:<6} {:>8} {:>8}  channels lost",
                "value", "kept", "dB", "offset"
            ),
        ];
        for ratio in &self.layers {
            let decibels = ratio
                .decibels()
                .map_or("-".to_owned(), |db| format!("{db:.1}"));
            let share = 100.0 * ratio.offset_share();
            let lost = ratio.lost();
            let lost = match lost.len() {
                0 => String::new(),
                count => format!("{count} of {}", ratio.width()),
            };
            lines.push(format!(
                "  {:<28} {:<6} {decibels:>8} {share:>6.0} %  {lost}",
                ratio.name, ratio.kind
            ));
        }
        lines
    }
}

fn ratio_json(ratio: &Ratio) -> Value {
    json!({
        "name": ratio.name,
        "kept": ratio.kind,
        "sqnr_db": ratio.decibels(),
        "offset_share": ratio.offset_share(),
        "lost_channels": ratio.lost(),
    })
}

fn line([format, first, affine, weights]: [&str; 4], tally: &Tally) -> String {
    let [low, high] = tally.interval();
    format!(
        "  {format:<6} {first:<7} {affine:<9} {weights:>10} {:>7.2} {:>7.2} {:>15} {:>7.2} {:>6} {:>6}",
        tally.percent(tally.top1),
        tally.percent(tally.top5),
        format!("{low:.2}–{high:.2}"),
        tally.percent(tally.agreed),
        tally.lost,
        tally.gained,
    )
}

fn numbers(tally: &Tally) -> Value {
    json!({
        "top1": tally.percent(tally.top1),
        "top5": tally.percent(tally.top5),
        "interval95": tally.interval(),
        "agreement": tally.percent(tally.agreed),
        "right_to_wrong": tally.lost,
        "wrong_to_right": tally.gained,
    })
}

/// Adds the fields of one object to another.
fn extend(object: &mut Value, fields: Value) {
    if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
        object.extend(fields);
    }
}
