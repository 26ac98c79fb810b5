//! A library that was checked.

use std::collections::BTreeMap;
use std::path::Path;

use super::check::check;
use super::function::Function;
use super::read::{Group, parse};
use super::source::Source;
use super::units::{Quantity, unit};
use crate::Error;

/// A library of standard cells that synthesis can use.
#[derive(Clone, Debug)]
pub struct Library {
    /// Its text and where that came from.
    pub source: Source,
    /// Everything it says.
    pub root: Group,
    cells: BTreeMap<String, Cell>,
}

/// What synthesis wants to know of a cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Its name.
    pub name: String,
    /// Its area, µm² by convention: the format has no unit for it.
    pub area: f64,
    /// Whether it is a flip-flop.
    pub is_flip_flop: bool,
    /// Whether tools are told not to use it.
    pub is_not_used: bool,
    /// Its pins, power pins apart.
    pub pins: Vec<Pin>,
    /// Its place among the groups of the library.
    place: usize,
}

/// A pin of a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pin {
    /// Its name.
    pub name: String,
    /// Whether it drives.
    pub is_output: bool,
    /// What it computes, if it is an output that computes something of inputs.
    pub function: Option<Function>,
}

impl Library {
    /// Reads and checks a file, plain or gzip.
    ///
    /// # Errors
    /// Bad input, all at once: what is no Liberty, units that are unknown, areas that are missing, no flip-flop.
    pub fn load(file: &Path) -> Result<Library, Error> {
        Library::of(Source::load(file)?)
    }

    /// Checks a text that was read.
    ///
    /// # Errors
    /// As [`Library::load`].
    pub fn of(source: Source) -> Result<Library, Error> {
        let file = source.file.display().to_string();
        let root = parse(&source.text, &file).map_err(|problem| Error::BadInput(vec![problem]))?;
        let problems = check(&root, &file);
        if !problems.is_empty() {
            return Err(Error::BadInput(problems));
        }
        let groups = root.groups.iter().enumerate();
        let cells = groups
            .filter(|(_, group)| group.kind == "cell")
            .map(|(place, group)| (group.name().to_owned(), Cell::of(group, place)))
            .collect();
        Ok(Library {
            source,
            root,
            cells,
        })
    }

    /// The library's own name.
    pub fn name(&self) -> &str {
        self.root.name()
    }

    /// A cell.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.get(name)
    }

    /// All cells, by name.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.values()
    }

    /// Everything that is said of a cell.
    pub fn group(&self, cell: &Cell) -> &Group {
        &self.root.groups[cell.place]
    }

    /// What 1 is worth in seconds, volts, amperes, watts or farads.
    ///
    /// # Errors
    /// The library does not say.
    pub fn unit(&self, quantity: Quantity) -> Result<f64, Error> {
        let file = self.source.file.display();
        let found = unit(&self.root, quantity, &file.to_string());
        let found = found.map_err(|problem| Error::BadInput(vec![problem]))?;
        found.ok_or_else(|| {
            let what = format!("has no {}", quantity.attribute());
            Error::bad_input(&file, what, "give a library that says its units")
        })
    }

    /// The smallest cell whose outputs are these counts of its inputs.
    pub(crate) fn smallest_counter(
        &self,
        inputs: usize,
        outputs: [fn(u32) -> bool; 2],
    ) -> Option<(&Cell, [&Pin; 2])> {
        let fits = |cell: &&Cell| !cell.is_not_used && !cell.is_flip_flop;
        let found = self.cells().filter(fits).filter_map(|cell| {
            let driven: Vec<&Pin> = cell.pins.iter().filter(|pin| pin.is_output).collect();
            let of = |value: fn(u32) -> bool| {
                let mut pins = driven.iter().copied();
                pins.find(|pin| {
                    pin.function
                        .as_ref()
                        .is_some_and(|f| f.counts(inputs, value))
                })
            };
            let all = cell.pins.len() == inputs + outputs.len();
            let pins = [of(outputs[0])?, of(outputs[1])?];
            all.then_some((cell, pins))
        });
        found.min_by(|a, b| a.0.area.total_cmp(&b.0.area))
    }
}

impl Cell {
    fn of(group: &Group, place: usize) -> Cell {
        let area = group.value("area").and_then(|area| area.parse().ok());
        Cell {
            name: group.name().to_owned(),
            area: area.unwrap_or(0.0),
            is_flip_flop: is_flip_flop(group),
            is_not_used: group.value("dont_use") == Some("true"),
            pins: group.of_kind("pin").flat_map(pins).collect(),
            place,
        }
    }
}

/// Whether a cell is a flip-flop.
pub(super) fn is_flip_flop(cell: &Group) -> bool {
    cell.of_kind("ff")
        .any(|ff| ff.value("clocked_on").is_some())
}

/// The pins that a `pin` group is of.
fn pins(group: &Group) -> impl Iterator<Item = Pin> {
    let is_output = matches!(group.value("direction"), Some("output" | "inout"));
    let function = group.value("function").and_then(Function::parse);
    group.names.iter().map(move |name| Pin {
        name: name.clone(),
        is_output,
        function: function.clone().filter(|_| is_output),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A library of seven cells.
    pub(crate) const SMALL: &str = r#"library (small) {
  time_unit : "1ns"; voltage_unit : "1V"; capacitive_load_unit (1, ff);
  cell (buf_1) { area : 1.5; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (inv_1) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
  cell (nand2_1) { area : 2; pin (A, B) { direction : input; } pin (Y) { direction : output; function : "!(A B)"; } }
  cell (dff_1) { area : 8; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (D) { direction : input; } pin (C) { direction : input; clock : true; }
    pin (Q) { direction : output; function : "IQ"; } }
  cell (fa_2) { area : 12; pin (A, B, CI) { direction : input; }
    pin (S) { direction : output; function : "A^B^CI"; }
    pin (CO) { direction : output; function : "(A B) | (A CI) | (B CI)"; } }
  cell (fa_1) { area : 10; pin (A, B, CI) { direction : input; }
    pin (S) { direction : output; function : "A^B^CI"; }
    pin (CO) { direction : output; function : "(A B) | (A CI) | (B CI)"; } }
  cell (fill) { area : 3; }
}
"#;

    pub(crate) fn library(text: &str) -> Result<Library, Error> {
        Library::of(Source {
            file: PathBuf::from("small.lib"),
            text: text.to_owned(),
        })
    }

    #[test]
    fn cells_are_known_with_area_and_function() {
        let library = library(SMALL).unwrap();
        assert_eq!(library.cells().count(), 7);
        let dff = library.cell("dff_1").unwrap();
        assert!(dff.is_flip_flop && dff.area == 8.0);
        assert_eq!(library.group(dff).name(), "dff_1");
        assert!((library.unit(Quantity::Capacitance).unwrap() / 1e-15 - 1.0).abs() < 1e-9);
        let error = library.unit(Quantity::Leakage).unwrap_err().to_string();
        assert!(
            error.contains("small.lib: has no leakage_power_unit"),
            "{error}"
        );
    }

    #[test]
    fn the_smallest_full_adder_is_found_by_what_it_computes() {
        let library = library(SMALL).unwrap();
        let (cell, [sum, carry]) = library
            .smallest_counter(3, [|ones| ones % 2 == 1, |ones| ones >= 2])
            .unwrap();
        assert_eq!([&cell.name, &sum.name, &carry.name], ["fa_1", "S", "CO"]);
        assert!(
            library
                .smallest_counter(2, [|ones| ones == 1, |ones| ones == 2])
                .is_none()
        );
    }
}
