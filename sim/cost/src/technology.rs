//! What single operations cost in a technology, with the source of each number.
//!
//! A technology table is one TOML file: entries `[[add]]`, `[[multiply]]`, `[[sram]]` and `[[dram]]`, each with what it
//! is of, its energy in picojoules, one number or `[least, most]`, and where that was published. `docs/energy.md`
//! describes it.

mod read;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use cromulent_design::{Problem, Problems};

use crate::range::Range;

/// The tables that are built in, by name.
pub const SHIPPED: [(&str, &str); 3] = [
    (
        "horowitz-45nm",
        include_str!("../../../constraints/technology/horowitz-45nm.toml"),
    ),
    (
        "jouppi-7nm",
        include_str!("../../../constraints/technology/jouppi-7nm.toml"),
    ),
    (
        "jouppi-7nm-hbm2",
        include_str!("../../../constraints/technology/jouppi-7nm-hbm2.toml"),
    ),
];

/// One published number.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Bits of the operands, or of the word that is moved.
    pub bits: u32,
    /// Bytes of the memory; 0 where there is none, or none on chip.
    pub bytes: u64,
    /// Energy of one operation.
    pub energy: Range,
    /// Where it was published.
    pub source: String,
}

impl Entry {
    fn per_bit(&self) -> Range {
        self.energy * (1.0 / f64::from(self.bits))
    }
}

fn by_bits(entry: &Entry) -> u64 {
    entry.bits.into()
}

/// A table. Every list has an entry at least, in the order of their sizes.
#[derive(Clone, PartialEq, Debug)]
pub struct Technology {
    /// Its name.
    pub name: String,
    /// Additions of integers.
    pub add: Vec<Entry>,
    /// Multiplications of two integers of the same width.
    pub multiply: Vec<Entry>,
    /// Reads and writes of memories on chip.
    pub sram: Vec<Entry>,
    /// Transfers to and from the memory outside.
    pub dram: Vec<Entry>,
}

impl Technology {
    /// A table by its name, or the one in a file.
    ///
    /// # Errors
    /// Neither is there; every problem of the file, placed at `file:line:column`.
    pub fn load(given: &Path) -> Result<Technology, Problems> {
        let name = given.to_string_lossy();
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Technology::parse(text, &name);
        }
        let text = fs::read_to_string(given).map_err(|error| {
            let names = SHIPPED.map(|(name, _)| name).join(", ");
            Problems(vec![Problem {
                place: name.to_string(),
                what: format!("cannot be read: {error}"),
                fix: format!("give a technology table, or one of {names}"),
            }])
        })?;
        Technology::parse(&text, &name)
    }

    /// Reads the text of a table; `file` is its path, for messages.
    ///
    /// # Errors
    /// Every problem at once, placed at `file:line:column`.
    pub fn parse(text: &str, file: &str) -> Result<Technology, Problems> {
        read::technology(text, file)
    }

    /// Adding integers of so many bits: their number, times the energy of a bit in the entries on both sides, or in
    /// the nearest one.
    pub fn add(&self, bits: u32) -> Range {
        around(&self.add, (by_bits, bits.into()), Entry::per_bit) * f64::from(bits)
    }

    /// Multiplying integers of these widths: the entry for the wider one, or the nearest, times the share of its
    /// partial products that there are.
    pub fn multiply(&self, a: u32, b: u32) -> Range {
        let energy = |entry: &Entry| {
            let share = f64::from(a) * f64::from(b) / f64::from(entry.bits).powi(2);
            entry.energy * share
        };
        around(&self.multiply, (by_bits, a.max(b).into()), energy)
    }

    /// Reading or writing a word of so many bits in a memory of so many bytes: per bit as the entries on both sides
    /// say. Of a memory smaller than all of them, at most what the smallest takes, and at least that by the square root
    /// of its size: the length of its lines.
    pub fn sram(&self, bytes: u64, bits: u32) -> Range {
        let per_bit = around(
            &self.sram,
            (|entry: &Entry| entry.bytes, bytes),
            Entry::per_bit,
        );
        let smaller = self.sram.first().filter(|entry| entry.bytes > bytes);
        let low = smaller.map_or(1.0, |entry| {
            (bytes.max(1) as f64 / entry.bytes as f64).sqrt()
        });
        per_bit.from(low) * f64::from(bits)
    }

    /// Moving so many bits from or to the memory outside.
    pub fn dram(&self, bits: u32) -> Range {
        around(&self.dram, (by_bits, bits.into()), Entry::per_bit) * f64::from(bits)
    }

    /// Every entry, with what it is of.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &Entry)> {
        let kinds = [
            ("add", &self.add),
            ("multiply", &self.multiply),
            ("sram", &self.sram),
            ("dram", &self.dram),
        ];
        kinds
            .into_iter()
            .flat_map(|(kind, entries)| entries.iter().map(move |entry| (kind, entry)))
    }
}

/// What the entries on both sides of a size say; one of just this size alone, and beyond the last the last.
fn around(
    entries: &[Entry],
    (size, wanted): (impl Fn(&Entry) -> u64, u64),
    value: impl Fn(&Entry) -> Range,
) -> Range {
    let last = entries.len().saturating_sub(1);
    let (from, to) = match entries.iter().position(|entry| size(entry) >= wanted) {
        Some(place) if size(&entries[place]) == wanted => (place, place),
        Some(place) => (place.saturating_sub(1), place),
        None => (last, last),
    };
    let near = entries.iter().take(to + 1).skip(from).map(value);
    near.reduce(Range::hull).unwrap_or_default()
}
