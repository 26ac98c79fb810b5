//! Figures of an exploration: fronts, and every format beside int8.

use serde_json::Value;

use super::chart::{Axis, Bars, Scatter};
use super::numbers::{joules, percent, short};
use super::page::{Page, Table};
use super::read::Results;
use crate::Error;

/// What is measured of a point: its field, how an axis calls it.
const MEASURES: [(&str, &str, &str); 4] = [
    ("time", "cycles_per_image", "cycles an image"),
    ("energy", "energy_pj_per_image", "microjoules an image"),
    (
        "dram",
        "dram_bytes_per_image",
        "bytes an image on the memory bus",
    ),
    ("accuracy", "top1", "top-1, per cent"),
];

/// A network's points.
struct Network<'a> {
    name: &'a str,
    /// Those that were measured.
    points: Vec<&'a Value>,
    /// The formats, in the order they come in.
    formats: Vec<&'a str>,
    /// What was compared.
    objectives: Vec<&'a str>,
}

pub(super) fn show(page: &mut Page, file: &Results) -> Result<(), Error> {
    let value = &file.value;
    let objectives = value["objectives"].as_array().into_iter().flatten();
    let objectives: Vec<&str> = objectives.filter_map(Value::as_str).collect();
    let origin = format!("cromulent explore, {}", file.origin());
    for network in value["networks"].as_array().into_iter().flatten() {
        let name = network["name"].as_str().unwrap_or_default();
        let all = value["points"].as_array().into_iter().flatten();
        let points: Vec<&Value> = all
            .filter(|p| p["network"] == name && p["status"] == "ok")
            .collect();
        let mut formats: Vec<&str> = vec![];
        for format in points
            .iter()
            .filter_map(|point| point["design"]["format"].as_str())
        {
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        page.section(&format!("Exploration: {name}"));
        let network = Network {
            name,
            points,
            formats,
            objectives: objectives.clone(),
        };
        network.show(page, value, &origin)?;
    }
    sources(page, value);
    Ok(())
}

fn sources(page: &mut Page, value: &Value) {
    let sources = value["sources"].as_array().into_iter().flatten();
    let sources: Vec<&str> = sources.filter_map(Value::as_str).collect();
    if !sources.is_empty() {
        let technology = value["technology"].as_str().unwrap_or_default();
        page.heading(&format!("Where energies come from: {technology}"));
        page.list(&sources);
    }
}

/// What a point costs, in the unit of an axis.
fn measured(point: &Value, field: &str) -> Option<f64> {
    let number = point[field].as_f64()?;
    Some(if field.starts_with("energy_pj") {
        number / 1e6
    } else {
        number
    })
}

impl Network<'_> {
    fn show(&self, page: &mut Page, value: &Value, origin: &str) -> Result<(), Error> {
        let front = self.points.iter().filter(|point| is_best(point)).count();
        let technology = value["technology"]
            .as_str()
            .map_or(String::new(), |name| format!(", technology {name}"));
        page.paragraph(&format!(
            "{} designs that run {}; {front} of them are on the front: no other is as good in {} and better in one. {} MHz, memory of latency {}{technology}.",
            self.points.len(),
            self.name,
            self.objectives.join(", "),
            value["clock_mhz"],
            value["memory"]["latency"]
        ));
        if self.points.is_empty() {
            return Ok(());
        }
        page.begin_figures();
        let measures: Vec<_> = MEASURES
            .iter()
            .filter(|measure| self.objectives.contains(&measure.0))
            .collect();
        for (place, x) in measures.iter().enumerate() {
            for y in &measures[place + 1..] {
                let id = format!("pareto {} {} {}", self.name, x.0, y.0);
                let caption = format!(
                    "{} against {}: every design that runs {}, by format; those of the front are ringed.",
                    capital(y.0),
                    x.0,
                    self.name
                );
                page.figure(&id, &self.scatter(x, y).svg()?, &caption, origin);
            }
        }
        self.baselines(page, origin)?;
        page.end_figures();
        page.table(&self.front());
        self.pairs(page);
        Ok(())
    }

    fn of_format(&self, format: &str) -> impl Iterator<Item = &&Value> {
        self.points
            .iter()
            .filter(move |point| point["design"]["format"] == format)
    }

    fn scatter(&self, x: &(&str, &str, &str), y: &(&str, &str, &str)) -> Scatter {
        let axis = |measure: &(&str, &str, &str)| Axis {
            name: measure.2.to_owned(),
            ratio: measure.0 != "accuracy",
        };
        let series = self.formats.iter().map(|format| {
            let points = self.of_format(format);
            let points =
                points.filter_map(|p| Some((measured(p, x.1)?, measured(p, y.1)?, is_best(p))));
            ((*format).to_owned(), points.collect())
        });
        Scatter {
            axes: [axis(x), axis(y)],
            series: series.collect(),
            line: vec![],
        }
    }

    /// The least of each format over the least of int8.
    fn baselines(&self, page: &mut Page, origin: &str) -> Result<(), Error> {
        for (objective, field, _) in MEASURES
            .iter()
            .filter(|m| m.0 != "accuracy" && self.objectives.contains(&m.0))
        {
            let least = |format: &str| {
                let costs = self
                    .of_format(format)
                    .filter_map(|point| point[*field].as_f64());
                costs.reduce(f64::min)
            };
            let Some(int8) = least("I8").filter(|_| self.formats.len() > 1) else {
                continue;
            };
            let rows = self.formats.iter();
            let rows = rows.filter_map(|format| {
                Some(((*format).to_owned(), vec![(0.0, least(format)? / int8)]))
            });
            let bars = Bars {
                axis: format!("least {objective} over that of int8"),
                parts: vec![],
                rows: rows.collect(),
                end: None,
            };
            let caption = format!(
                "The least {objective} of each format in this exploration, over that of int8: {}.",
                self.name
            );
            page.figure(
                &format!("baselines {} {objective}", self.name),
                &bars.svg()?,
                &caption,
                origin,
            );
        }
        Ok(())
    }

    fn front(&self) -> Table {
        let mut points: Vec<&&Value> = self.points.iter().filter(|point| is_best(point)).collect();
        let time = |point: &Value| point["cycles_per_image"].as_f64().unwrap_or(f64::NAN);
        points.sort_by(|a, b| time(a).total_cmp(&time(b)));
        let rows = points.into_iter().map(|point| {
            let design = &point["design"];
            let word = |key: &str| design[key].as_str().unwrap_or_default().to_owned();
            let number = |key: &str| point[key].as_f64();
            vec![
                point["key"]
                    .as_str()
                    .and_then(|key| key.get(..8))
                    .unwrap_or_default()
                    .to_owned(),
                format!("{} × {}", design["rows"], design["columns"]),
                word("format"),
                word("affine"),
                word("pe"),
                design["bus_bits"].to_string(),
                format!("{:.0}", number("cycles_per_image").unwrap_or(0.0)),
                percent(number("utilization").unwrap_or(0.0)),
                short(number("dram_bytes_per_image").unwrap_or(0.0)),
                number("energy_pj_per_image").map_or("–".to_owned(), joules),
                range(point).unwrap_or_else(|| "–".to_owned()),
                number("top1").map_or("–".to_owned(), |top1| format!("{top1:.2}")),
            ]
        });
        Table {
            caption: format!("The front of {}", self.name),
            head: vec![
                "point",
                "array",
                "format",
                "affine",
                "pe",
                "bus",
                "cycles",
                "busy",
                "DRAM bytes",
                "energy",
                "least to most",
                "top-1",
            ],
            rows: rows.collect(),
        }
    }

    /// Designs that are alike but for their formats, beside those of int8.
    fn pairs(&self, page: &mut Page) {
        if !self.formats.contains(&"I8") || self.formats.len() < 2 {
            page.paragraph(
                "int8 is not among the formats, so that there is no baseline: add it to formats.",
            );
            return;
        }
        let rows = self.formats.iter().filter(|format| **format != "I8");
        let rows = rows.map(|format| {
            let mut row = vec![(*format).to_owned()];
            let pairs = self.of_format(format).filter_map(|point| {
                let same = self.of_format("I8").find(|other| alike(point, other))?;
                Some((*point, *same))
            });
            let pairs: Vec<(&Value, &Value)> = pairs.collect();
            row.push(pairs.len().to_string());
            for (_, field, _) in &MEASURES[..3] {
                let ratio =
                    |(a, b): &(&Value, &Value)| Some(a[*field].as_f64()? / b[*field].as_f64()?);
                row.push(spread(pairs.iter().filter_map(ratio).collect()));
            }
            row
        });
        page.table(&Table {
            caption: format!("{}: formats over int8 on designs that are alike in everything else, middle (least to most)", self.name),
            head: vec!["format", "pairs", "time", "energy", "DRAM bytes"],
            rows: rows.collect(),
        });
    }
}

/// A word at the beginning of a sentence.
fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}

fn is_best(point: &Value) -> bool {
    point["front"] == true
}

/// Energy from the least to the most.
fn range(point: &Value) -> Option<String> {
    let [least, most] = ["energy_pj_least", "energy_pj_most"].map(|key| point[key].as_f64());
    Some(format!("{} to {}", joules(least?), joules(most?)))
}

/// Whether two designs differ in nothing but what goes with a format.
fn alike(one: &Value, other: &Value) -> bool {
    const OF_FORMAT: [&str; 7] = [
        "format",
        "affine",
        "pe",
        "weight_bits",
        "bias_bits",
        "partial_sum_bits",
        "image_digits",
    ];
    let fields = |point: &Value| -> Vec<(String, Value)> {
        let fields = point["design"].as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| !OF_FORMAT.contains(&name.as_str()));
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    fields(one) == fields(other)
}

/// The middle one, the least and the most.
fn spread(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    match (ratios.first(), ratios.get(ratios.len() / 2), ratios.last()) {
        (Some(least), Some(middle), Some(most)) => format!("{middle:.2} ({least:.2} to {most:.2})"),
        _ => "–".to_owned(),
    }
}
