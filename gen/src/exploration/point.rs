//! The points of a plan.

use std::collections::BTreeSet;

use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;
use serde_json::{Map, Value};

use super::adapt::adapt;
use super::plan::{Plan, digest};
use super::read::{MOST, Sample};
use super::sample::sample;
use crate::Error;

/// One point: a network and a design, which may be none that can be built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    /// Which network, by its place in the plan.
    pub subject: usize,
    /// The text of the design file, without a name.
    pub design: String,
    /// What its result is known by: a hash of all that it depends on.
    pub key: String,
}

/// The points of a plan, each once: networks outermost, then formats, then fields, the last one fastest.
///
/// # Errors
/// More than a million of them.
pub fn points(plan: &Plan) -> Result<Vec<Point>, Error> {
    let description = &plan.description;
    let formats = match description.formats.as_slice() {
        [] => &[plan.base.format],
        formats => formats,
    };
    let sizes = [plan.subjects.len(), formats.len()].into_iter();
    let sizes: Vec<u64> = sizes
        .chain(description.fields.iter().map(|axis| axis.values.len()))
        .map(|size| size as u64)
        .collect();
    let total = sizes
        .iter()
        .try_fold(1u64, |total, size| total.checked_mul(*size));
    let chosen = match (total, description.sample) {
        (Some(total), Sample::Grid) if total <= MOST => (0..total).collect(),
        (Some(total), Sample::Random { points, seed }) => sample(total, points, seed),
        _ => return Err(too_many(plan, total)),
    };
    let mut seen = BTreeSet::new();
    let points = chosen.into_iter().map(|number| {
        let mut digits = vec![0; sizes.len()];
        let mut rest = number;
        for (digit, size) in digits.iter_mut().zip(&sizes).rev() {
            *digit = (rest % size) as usize;
            rest /= size;
        }
        point(plan, formats, &digits)
    });
    Ok(points
        .filter(|point| seen.insert(point.key.clone()))
        .collect())
}

fn too_many(plan: &Plan, total: Option<u64>) -> Error {
    let many = total.map_or("more than 2^64".to_owned(), |total| total.to_string());
    let what = format!("the grid has {many} points, and {MOST} are the most");
    let fix = "vary less, or write sample = { random = 1000, seed = 1 }";
    Error::bad_input(&plan.description.design.place, what, fix)
}

fn point(plan: &Plan, formats: &[Format], digits: &[usize]) -> Point {
    let axes = &plan.description.fields;
    let values = axes.iter().zip(&digits[2..]);
    let values = values.map(|(axis, &digit)| (axis.field.name, axis.values[digit].as_str()));
    let values: Vec<(&str, &str)> = values.collect();
    let word = |field: &str| {
        let value = values.iter().find(|(name, _)| *name == field);
        value.map(|(_, value)| value.trim_matches('"'))
    };
    let affine = word("affine");
    let affine = affine.and_then(|word| Affine::ALL.into_iter().find(|a| a.name() == word));
    let pe = word("pe");
    let pe = pe.and_then(|word| PeKind::ALL.into_iter().find(|pe| pe.name() == word));
    let format = formats[digits[1]];
    let design = match (format == plan.base.format, affine, pe) {
        (true, None, None) => plan.base.clone(),
        _ => adapt(&plan.base, format, affine, pe),
    };
    let design = written(&design, &values);
    let subject = digits[0];
    let identity = plan
        .subjects
        .get(subject)
        .map_or("", |subject| &subject.identity);
    Point {
        key: digest(format_args!("{}\n{identity}\n{design}", plan.terms)),
        subject,
        design,
    }
}

/// The text of a design with these values of fields.
fn written(design: &Design, values: &[(&str, &str)]) -> String {
    let text = design.to_toml();
    let given = |line: &&str| !values.iter().any(|(name, _)| Some(*name) == key(line));
    let lines = text
        .lines()
        .filter(|line| key(line) != Some("name"))
        .filter(given);
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.extend(
        values
            .iter()
            .map(|(name, value)| format!("{name} = {value}")),
    );
    let sound = Design::parse(&lines.join("\n"), "point");
    // As a sound design is always written, so that a default that is given is the same as one that is not.
    let text = sound.map_or(lines.join("\n"), |design| design.to_toml());
    let lines = text.lines().filter(|line| key(line) != Some("name"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn key(line: &str) -> Option<&str> {
    line.split_once(" = ").map(|(key, _)| key)
}

impl Point {
    /// The design, if it is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn design(&self) -> Result<Design, cromulent_design::Problems> {
        let mut design = Design::parse(&self.design, "the design")?;
        let hash = self.key.get(..8).unwrap_or_default();
        design.name = format!(
            "{}-{}x{}-{hash}",
            design.format.name().to_lowercase(),
            design.rows,
            design.columns
        );
        Ok(design)
    }

    /// The fields of the design.
    pub fn fields(&self) -> Map<String, Value> {
        let lines = self
            .design
            .lines()
            .filter_map(|line| line.split_once(" = "));
        // A value of a canonical design file is one of JSON too.
        let value = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        lines
            .map(|(key, text)| (key.to_owned(), value(text)))
            .collect()
    }
}
