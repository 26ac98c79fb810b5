//! From text to a table, with every problem placed.

use std::ops::Range as Span;

use cromulent_design::{Problem, Problems, line_and_column};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Technology};
use crate::range::Range;

/// The kinds of entries, and whether they are of a memory with a size.
const KINDS: [(&str, bool); 4] = [
    ("add", false),
    ("multiply", false),
    ("sram", true),
    ("dram", false),
];

/// A text on the way to a table.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    /// Problems with the byte they are at.
    problems: Vec<(usize, Problem)>,
}

type Item<'a> = Spanned<DeValue<'a>>;

/// Reads a table.
pub(super) fn technology(text: &str, file: &str) -> Result<Technology, Problems> {
    let mut reader = Reader {
        text,
        file,
        problems: vec![],
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span: Span<usize>| span.start);
        let what = error.message().lines().next().unwrap_or_default();
        let what = format!("is no TOML: {what}");
        reader.problem(
            at,
            what,
            "write [[add]] and the like, and key = value lines",
        );
    }
    let mut name = None;
    let mut lists: [Vec<Entry>; 4] = Default::default();
    for (key, value) in table.get_ref() {
        let kind = KINDS.iter().position(|(kind, _)| kind == key.get_ref());
        match (key.get_ref().as_ref(), kind) {
            ("name", _) => name = reader.text_of("name", value),
            (_, Some(kind)) => lists[kind] = reader.entries(KINDS[kind], value),
            (other, None) => {
                let what = format!("unknown key `{other}`");
                let fix = "the keys are name, add, multiply, sram and dram";
                reader.problem(key.span().start, what, fix);
            }
        }
    }
    if name.is_none() && !table.get_ref().contains_key("name") {
        reader.problem(text.len(), "`name` is missing", "add a line name = \"…\"");
    }
    for ((kind, _), list) in KINDS.iter().zip(&mut lists) {
        list.sort_by_key(|entry| (entry.bytes, entry.bits));
        if list.is_empty() && !table.get_ref().contains_key(*kind) {
            let what = format!("there is no [[{kind}]]");
            reader.problem(text.len(), what, "add one, with its source");
        }
    }
    let [add, multiply, sram, dram] = lists;
    reader.finish(Technology {
        name: name.unwrap_or_default(),
        add,
        multiply,
        sram,
        dram,
    })
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, what: impl Into<String>, fix: impl Into<String>) {
        let (line, column) = line_and_column(self.text, at);
        let problem = Problem {
            place: format!("{}:{line}:{column}", self.file),
            what: what.into(),
            fix: fix.into(),
        };
        self.problems.push((at, problem));
    }

    /// The good entries of one kind.
    fn entries(&mut self, (kind, sized): (&str, bool), list: &Item) -> Vec<Entry> {
        let DeValue::Array(items) = list.get_ref() else {
            let what = format!("`{kind}` is no list of tables");
            let fix = format!("write [[{kind}]] before each");
            self.problem(list.span().start, what, fix);
            return vec![];
        };
        let read = items.iter().map(|item| self.entry(kind, sized, item));
        let read: Vec<_> = read.collect();
        read.into_iter().flatten().collect()
    }

    fn entry(&mut self, kind: &str, sized: bool, item: &Item) -> Option<Entry> {
        let at = item.span().start;
        let DeValue::Table(table) = item.get_ref() else {
            self.problem(at, format!("`{kind}` is no table"), "write [[…]] before it");
            return None;
        };
        let (mut bits, mut bytes, mut energy, mut source) = (None, None, None, None);
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "bits" => bits = Some(self.count("bits", value, u32::MAX.into())),
                "bytes" if sized => bytes = Some(self.count("bytes", value, 1 << 40)),
                "picojoule" => energy = Some(self.energy(value)),
                "source" => source = Some(self.text_of("source", value)),
                other => {
                    let what = format!("unknown key `{other}`");
                    let keys = if sized { "bytes, bits" } else { "bits" };
                    let fix = format!("the keys of [[{kind}]] are {keys}, picojoule and source");
                    self.problem(key.span().start, what, fix);
                }
            }
        }
        let missing = [
            ("bits", bits.is_none()),
            ("bytes", sized && bytes.is_none()),
            ("picojoule", energy.is_none()),
            ("source", source.is_none()),
        ];
        for (key, _) in missing.iter().filter(|(_, missing)| *missing) {
            let what = format!("this [[{kind}]] has no {key}");
            let fix = match *key {
                "source" => "say where its number was published",
                _ => "add it",
            };
            self.problem(at, what, fix);
        }
        let bytes = bytes.or((!sized).then_some(Some(0)))??;
        Some(Entry {
            bits: u32::try_from(bits??).ok()?,
            bytes,
            energy: energy??,
            source: source??,
        })
    }

    /// A whole number from 1 on.
    fn count(&mut self, key: &str, value: &Item, most: u64) -> Option<u64> {
        let number = match value.get_ref() {
            DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()),
            _ => Ok(0),
        };
        let number = number.ok().filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let fix = "write a whole number from 1 on";
            self.problem(value.span().start, format!("{key} is no count"), fix);
        }
        number
    }

    /// Picojoules: a number, or `[least, most]`.
    fn energy(&mut self, value: &Item) -> Option<Range> {
        let range = match value.get_ref() {
            DeValue::Array(pair) if pair.len() == 2 => {
                let number = |place: usize| number(pair.get(place)?.get_ref());
                number(0).zip(number(1))
            }
            one => number(one).map(|number| (number, number)),
        };
        let range = range.filter(|(low, high)| low <= high);
        if range.is_none() {
            let fix = "write a number above 0, or [least, most]";
            self.problem(value.span().start, "picojoule is no energy", fix);
        }
        range.map(|(low, high)| Range::of(low, high))
    }

    /// A text that says something.
    fn text_of(&mut self, key: &str, value: &Item) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            _ => {
                let fix = "write a text in quotes";
                self.problem(
                    value.span().start,
                    format!("{key} is empty, or no text"),
                    fix,
                );
                None
            }
        }
    }

    fn finish(mut self, technology: Technology) -> Result<Technology, Problems> {
        self.problems.sort_by_key(|&(at, _)| at);
        if self.problems.is_empty() {
            return Ok(technology);
        }
        let problems = self.problems.into_iter().map(|(_, problem)| problem);
        Err(Problems(problems.collect()))
    }
}

/// A number above 0, and finite.
fn number(value: &DeValue) -> Option<f64> {
    let number: f64 = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok()?,
        DeValue::Float(float) => float.as_str().parse().ok()?,
        _ => return None,
    };
    (number.is_finite() && number > 0.0).then_some(number)
}
