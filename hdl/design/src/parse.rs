//! From text to a design, with every problem placed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use cromulent_number::Format;
use toml::de::{DeTable, DeValue};

use crate::design::{Affine, Design, PeKind};
use crate::fields::{FIELDS, Field, Kind, field};
use crate::problem::{Problem, Problems};
use crate::rules::{Breach, NAME_FIX, bad_name, is_name, range_breach};
use crate::suggest::nearest;

/// A value of the right kind and in range.
enum Value {
    Text(String),
    Integer(u32),
    Flag(bool),
}

impl Design {
    /// Reads the text of a design file; `file` is its path, for messages and the default name.
    ///
    /// # Errors
    /// Every problem at once, placed at `file:line:column`, in the order of the file.
    pub fn parse(text: &str, file: &str) -> Result<Design, Problems> {
        let mut reader = Reader {
            text,
            file,
            problems: Vec::new(),
            places: BTreeMap::new(),
        };
        let mut values = reader.values();
        values
            .entry("name")
            .or_insert_with(|| Value::Text(stem(file)));
        reader.require(&values);
        let design = assemble(&values);
        reader.check(&design, &values);
        reader.finish(design)
    }
}

/// The file's name without its extension, made fit for a name.
fn stem(file: &str) -> String {
    let stem = Path::new(file)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if is_name(&stem) {
        stem
    } else {
        "unnamed".to_owned()
    }
}

/// A text on the way to a design.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    /// Problems with the byte they are at.
    problems: Vec<(usize, Problem)>,
    /// Where the fields that were given have their values.
    places: BTreeMap<&'static str, usize>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, what: impl Into<String>, fix: impl Into<String>) {
        let (line, column) = line_and_column(self.text, at);
        let place = format!("{}:{line}:{column}", self.file);
        self.problems.push((
            at,
            Problem {
                place,
                what: what.into(),
                fix: fix.into(),
            },
        ));
    }

    /// The good values of the file, by field.
    fn values(&mut self) -> BTreeMap<&'static str, Value> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span: Range<usize>| span.start);
            let what = error
                .message()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            self.problem(
                at,
                format!("is no TOML: {what}"),
                "write one key = value a line",
            );
        }
        let mut values = BTreeMap::new();
        for (key, value) in table.get_ref() {
            let Some(field) = field(key.get_ref()) else {
                self.unknown_key(key.span().start, key.get_ref());
                continue;
            };
            let at = value.span().start;
            self.places.insert(field.name, at);
            match read(field, value.get_ref()) {
                Ok(value) => drop(values.insert(field.name, value)),
                Err((what, fix)) => self.problem(at, what, fix),
            }
        }
        values
    }

    fn unknown_key(&mut self, at: usize, key: &str) {
        let names = FIELDS.map(|field| field.name);
        let fix = match nearest(key, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the keys are {}", names.join(", ")),
        };
        self.problem(at, format!("unknown key `{key}`"), fix);
    }

    /// Notes the fields that must be given and are not.
    fn require(&mut self, values: &BTreeMap<&'static str, Value>) {
        for field in FIELDS.iter().filter(|field| field.default.is_none()) {
            if !values.contains_key(field.name) && !self.places.contains_key(field.name) {
                let fix = format!("add a line {} = …, {}", field.name, expected(field));
                self.problem(self.text.len(), format!("`{}` is missing", field.name), fix);
            }
        }
    }

    /// Notes the rules the design breaks, as far as the fields they speak of were read.
    fn check(&mut self, design: &Design, values: &BTreeMap<&'static str, Value>) {
        for Breach { fields, what, fix } in design.rule_breaches() {
            let unread = |name: &&str| !values.contains_key(name) && self.is_wanting(name);
            if !fields.iter().any(unread) {
                let at = fields
                    .iter()
                    .find_map(|name| self.places.get(name))
                    .copied();
                self.problem(at.unwrap_or(0), what, fix);
            }
        }
    }

    /// Whether a field has no usable value: a bad one, or none where one is needed.
    fn is_wanting(&self, name: &str) -> bool {
        self.places.contains_key(name) || field(name).is_some_and(|field| field.default.is_none())
    }

    fn finish(mut self, design: Design) -> Result<Design, Problems> {
        self.problems.sort_by_key(|&(at, _)| at);
        if self.problems.is_empty() {
            return Ok(design);
        }
        Err(Problems(
            self.problems
                .into_iter()
                .map(|(_, problem)| problem)
                .collect(),
        ))
    }
}

/// Line and column of a byte of a text, from 1, the column in characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// What may stand there, in words.
fn expected(field: &Field) -> String {
    match field.kind {
        Kind::Name => "a name in quotes".to_owned(),
        Kind::Integer { low, high } => format!("a whole number from {low} to {high}"),
        Kind::Flag => "true or false".to_owned(),
        Kind::Choice(words) => {
            let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("one of {}", quoted.join(", "))
        }
    }
}

/// A value of the file as its field wants it, or what is wrong and what would be right.
fn read(field: &'static Field, value: &DeValue<'_>) -> Result<Value, (String, String)> {
    let name = field.name;
    match (field.kind, value) {
        (Kind::Integer { .. }, DeValue::Integer(integer)) => {
            // Beyond 64 bits it is out of range like any other large number.
            let number = i64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i64::MAX);
            match range_breach(name, number) {
                Some(breach) => {
                    let what = format!("{name} = {} is out of range", integer.as_str());
                    Err((what, breach.fix))
                }
                None => Ok(Value::Integer(u32::try_from(number).unwrap_or_default())),
            }
        }
        (Kind::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
        (Kind::Name, DeValue::String(text)) if is_name(text) => Ok(Value::Text(text.to_string())),
        (Kind::Name, DeValue::String(text)) => Err((bad_name(text), NAME_FIX.to_owned())),
        (Kind::Choice(words), DeValue::String(text)) => {
            match words.iter().find(|word| *word == text) {
                Some(word) => Ok(Value::Text((*word).to_owned())),
                None => Err(wrong_word(field, words, text)),
            }
        }
        _ => {
            let what = format!("{name} is {}", described(value));
            Err((what, format!("write {}", expected(field))))
        }
    }
}

/// A word that is not among those there are.
fn wrong_word(field: &Field, words: &[&'static str], given: &str) -> (String, String) {
    let meant = nearest(given, words.iter().copied());
    let meant = meant.map_or(String::new(), |word| format!("; did you mean \"{word}\"?"));
    (
        format!("{} = {given:?} is unknown", field.name),
        format!("write {}{meant}", expected(field)),
    )
}

/// What kind of TOML value it is, with its article.
fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table, and a design has none",
    }
}

/// The design of these values; fields that have none are at their defaults.
fn assemble(values: &BTreeMap<&'static str, Value>) -> Design {
    let number = |name: &str| match values.get(name) {
        Some(Value::Integer(value)) => Some(*value),
        _ => None,
    };
    let text = |name: &str| match values.get(name) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = |name: &str| matches!(values.get(name), Some(Value::Flag(true)));
    let format = text("format")
        .and_then(|name| Format::from_str(name).ok())
        .unwrap_or(Format::L4);
    let affine = text("affine").and_then(|name| Affine::ALL.into_iter().find(|a| a.name() == name));
    let pe = text("pe").and_then(|name| PeKind::ALL.into_iter().find(|pe| pe.name() == name));
    let rows = number("rows").unwrap_or(1);
    let columns = number("columns").unwrap_or(1);
    let base = Design::new(rows, columns, format, affine.unwrap_or(Affine::Exact));
    Design {
        name: text("name").unwrap_or(&base.name).to_owned(),
        pe: pe.unwrap_or(PeKind::Shift),
        weight_bits: number("weight_bits").unwrap_or(base.weight_bits),
        bias_bits: number("bias_bits").unwrap_or(base.bias_bits),
        partial_sum_bits: number("partial_sum_bits"),
        accumulator_bits: number("accumulator_bits").unwrap_or(base.accumulator_bits),
        threshold_fraction_bits: number("threshold_fraction_bits")
            .unwrap_or(base.threshold_fraction_bits),
        image_digits: flag("image_digits"),
        max_pool: flag("max_pool"),
        batch: number("batch").unwrap_or(base.batch),
        code_depth: number("code_depth").unwrap_or(base.code_depth),
        weight_depth: number("weight_depth").unwrap_or(base.weight_depth),
        channel_depth: number("channel_depth").unwrap_or(base.channel_depth),
        tile_depth: number("tile_depth").unwrap_or(base.tile_depth),
        map_side: number("map_side").unwrap_or(base.map_side),
        stream_depth: number("stream_depth").unwrap_or(base.stream_depth),
        stream_bits: number("stream_bits").unwrap_or(base.stream_bits),
        bus_bits: number("bus_bits").unwrap_or(base.bus_bits),
        memory_address_bits: number("memory_address_bits").unwrap_or(base.memory_address_bits),
        ..base
    }
}

#[cfg(test)]
mod tests;
