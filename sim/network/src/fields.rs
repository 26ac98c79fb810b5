//! Reading TOML by hand, so that every wrong key is reported at once and with its place.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, Problems};

/// A TOML text, its file name for messages, and the problems found in it so far.
pub(crate) struct Source<'a> {
    file: String,
    text: &'a str,
    /// Each with the byte offset it is about.
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'a> Source<'a> {
    /// A source without problems.
    pub(crate) fn new(file: String, text: &'a str) -> Source<'a> {
        Source {
            file,
            text,
            problems: RefCell::default(),
        }
    }

    /// Notes a problem at a byte offset of the text.
    pub(crate) fn note(&self, offset: usize, what: impl Into<String>, fix: impl Into<String>) {
        // Its place is filled in at the end: finding each anew would read the text once a problem.
        let problem = Problem::new("", what, fix);
        self.problems.borrow_mut().push((offset, problem));
    }

    /// The problems so far, in the order of their places in the file.
    pub(crate) fn into_problems(self) -> Problems {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(offset, _)| *offset);
        let (mut at, mut line, mut column) = (0, 1, 1);
        let placed = problems.into_iter().map(|(offset, problem)| {
            for character in self.text.get(at..offset).unwrap_or("").chars() {
                (line, column) = match character {
                    '\n' => (line + 1, 1),
                    _ => (line, column + 1),
                };
            }
            at = offset;
            // Both count from 1, columns in characters.
            let place = format!("{}:{line}:{column}", self.file);
            Problem { place, ..problem }
        });
        Problems(placed.collect())
    }

    /// The whole text as a table; `None` if it is not TOML, with each syntax error noted.
    pub(crate) fn parse(&self) -> Option<Spanned<DeTable<'a>>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        // A file of another kind has an error in every line.
        for error in errors.iter().take(20) {
            let offset = error.span().map_or(0, |span| span.start);
            let what = format!("not TOML: {}", error.message().replace('\n', ", "));
            self.note(offset, what, "write `key = value`, strings in quotes");
        }
        errors.is_empty().then_some(table)
    }
}

/// One table of the file, read key by key.
pub(crate) struct Fields<'a> {
    /// Where problems go.
    pub(crate) source: &'a Source<'a>,
    /// The keys and values.
    pub(crate) table: &'a DeTable<'a>,
    /// Where the table starts, for what is missing from it.
    pub(crate) offset: usize,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Fields<'a> {
    /// The value of `key`, if given.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value<'a>> {
        self.table.get(key)
    }

    /// The value of `key`; its absence is a problem.
    pub(crate) fn require(&self, key: &str, fix: &str) -> Option<&'a Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.source
                .note(self.offset, format!("`{key}` is missing"), fix);
        }
        value
    }

    /// A string.
    pub(crate) fn text(&self, key: &str, value: &'a Value<'a>) -> Option<&'a str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, value, "a string in quotes");
        }
        text
    }

    /// A whole number of `key`, `default` where the key is absent or wrong.
    pub(crate) fn size_or(&self, key: &str, range: RangeInclusive<usize>, default: usize) -> usize {
        let value = self.get(key);
        value
            .and_then(|value| self.size(key, value, range))
            .unwrap_or(default)
    }

    /// A whole number within `range`.
    pub(crate) fn size(
        &self,
        key: &str,
        value: &Value<'_>,
        range: RangeInclusive<usize>,
    ) -> Option<usize> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, &wanted);
            return None;
        };
        let size = i64::from_str_radix(integer.as_str(), integer.radix());
        let size = size.ok().and_then(|size| usize::try_from(size).ok());
        let within = size.filter(|size| range.contains(size));
        if within.is_none() {
            let what = format!("`{key}` is {}", integer.as_str());
            self.source
                .note(value.span().start, what, format!("give {wanted}"));
        }
        within
    }

    /// A finite number for which `right` holds; `wanted` says which those are.
    pub(crate) fn number(
        &self,
        key: &str,
        value: &Value<'_>,
        right: impl Fn(f64) -> bool,
        wanted: &str,
    ) -> Option<f64> {
        let literal = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.wrong_type(key, value, wanted);
                return None;
            }
        };
        let number = literal
            .parse()
            .ok()
            .filter(|&x: &f64| x.is_finite() && right(x));
        if number.is_none() {
            let what = format!("`{key}` holds {literal}");
            self.source
                .note(value.span().start, what, format!("give {wanted}"));
        }
        number
    }

    /// An array; its elements with their places.
    pub(crate) fn array(
        &self,
        key: &str,
        value: &'a Value<'a>,
        wanted: &str,
    ) -> Option<Vec<&'a Value<'a>>> {
        let array = value.get_ref().as_array();
        if array.is_none() {
            self.wrong_type(key, value, wanted);
        }
        array.map(|array| array.iter().collect())
    }

    /// A table inside this one.
    pub(crate) fn table(&self, key: &str, value: &'a Value<'a>) -> Option<Fields<'a>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(Fields {
            source: self.source,
            table,
            offset: value.span().start,
        })
    }

    /// Notes every key that is not among `known`.
    pub(crate) fn refuse_others(&self, subject: &str, known: &[&str]) {
        for key in self
            .table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
        {
            let what = format!("{subject} has no key `{}`", key.get_ref());
            let fix = format!("its keys are {}", known.join(", "));
            self.source.note(key.span().start, what, fix);
        }
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, wanted: &str) {
        let what = format!("`{key}` is of type {}", value.get_ref().type_str());
        self.source
            .note(value.span().start, what, format!("give {wanted}"));
    }
}
