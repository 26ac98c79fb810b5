//! Values of a TOML file, and what is wrong with them, each with its place.

use std::ops::Range;

use cromulent_design::line_and_column;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Error, Problem};

/// A value and where it stands.
pub(super) type Item<'a> = Spanned<DeValue<'a>>;

/// A text that is read.
pub(super) struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    /// Problems with the byte they are at.
    problems: Vec<(usize, Problem)>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str, file: &'a str) -> Reader<'a> {
        Reader {
            text,
            file,
            problems: vec![],
        }
    }

    /// The table that the text is, as far as it is one.
    pub fn table(&mut self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span: Range<usize>| span.start);
            let what = error.message().lines().next().unwrap_or_default();
            let what = format!("is no TOML: {what}");
            self.problem(
                at,
                what,
                "write key = value lines, and [fields] above lists",
            );
        }
        table.into_inner()
    }

    /// Where a byte of the text stands: `file:line:column`.
    pub fn place(&self, at: usize) -> String {
        let (line, column) = line_and_column(self.text, at);
        format!("{}:{line}:{column}", self.file)
    }

    pub fn problem(&mut self, at: usize, what: impl Into<String>, fix: impl Into<String>) {
        let problem = Problem::new(self.place(at), what, fix);
        self.problems.push((at, problem));
    }

    /// Notes keys that are none of these.
    pub fn known(&mut self, table: &DeTable, what: &str, keys: &[&str]) {
        for key in table
            .keys()
            .filter(|key| !keys.contains(&key.get_ref().as_ref()))
        {
            let fix = format!("the keys of {what} are {}", keys.join(", "));
            let unknown = format!("unknown key `{}`", key.get_ref());
            self.problem(key.span().start, unknown, fix);
        }
    }

    /// Notes that a key is not there.
    pub fn missing(&mut self, key: &str, fix: &str) {
        self.problem(self.text.len(), format!("`{key}` is missing"), fix);
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &str, item: &Item) -> Option<String> {
        match item.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            _ => {
                let what = format!("{key} is empty, or no text");
                self.problem(item.span().start, what, "write a text in quotes");
                None
            }
        }
    }

    /// A whole number in a range, both ends included.
    pub fn integer(&mut self, key: &str, item: &Item, (low, high): (u64, u64)) -> Option<u64> {
        let number = match item.get_ref() {
            DeValue::Integer(n) => u64::from_str_radix(n.as_str(), n.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| (low..=high).contains(number));
        if number.is_none() {
            let fix = format!("write a whole number from {low} to {high}");
            self.problem(item.span().start, format!("{key} is no such number"), fix);
        }
        number
    }

    /// A table of its own.
    pub fn section<'b, 'c>(&mut self, key: &str, item: &'b Item<'c>) -> Option<&'b DeTable<'c>> {
        let table = item.get_ref().as_table();
        if table.is_none() {
            let fix = format!("write [{key}], and its keys below");
            self.problem(item.span().start, format!("{key} is no table"), fix);
        }
        table
    }

    /// A list with a value at least, none of them twice; only the good ones.
    pub fn list<T: PartialEq>(
        &mut self,
        key: &str,
        item: &Item,
        mut each: impl FnMut(&mut Self, &Item) -> Option<T>,
    ) -> Vec<T> {
        let at = item.span().start;
        let Some(items) = item.get_ref().as_array() else {
            let fix = format!("write {key} = [ … ]");
            self.problem(at, format!("{key} is no list"), fix);
            return vec![];
        };
        if items.is_empty() {
            let fix = "write the values to try, or leave the key out";
            self.problem(at, format!("{key} is empty: there is nothing to try"), fix);
        }
        let mut found = vec![];
        for item in items.iter() {
            let value = each(self, item);
            if value.as_ref().is_some_and(|value| found.contains(value)) {
                let what = format!("{key} has this value twice");
                self.problem(item.span().start, what, "write it once");
            } else {
                found.extend(value);
            }
        }
        found
    }

    /// What was read, unless something is wrong with it.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Error> {
        self.problems.sort_by_key(|&(at, _)| at);
        let problems: Vec<Problem> = self.problems.into_iter().map(|(_, p)| p).collect();
        match read {
            Some(read) if problems.is_empty() => Ok(read),
            _ => Err(Error::BadInput(problems)),
        }
    }
}
