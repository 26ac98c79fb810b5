//! What an `explore.toml` says.

use std::fs;
use std::path::{Path, PathBuf};

use cromulent_design::{FIELDS, Field, Kind};
use cromulent_engine::timing::Memory;
use cromulent_number::Format;
use toml::de::{DeTable, DeValue};

use super::reader::{Item, Reader};
use crate::Error;

/// An exploration as its file describes it. Paths are as they stand there.
#[derive(Clone, PartialEq, Debug)]
pub struct Description {
    /// The file of the design that all points are variants of.
    pub design: Named,
    /// Networks, by file or name.
    pub networks: Vec<Named>,
    /// Formats that the design is tried in; empty: in its own.
    pub formats: Vec<Format>,
    /// What is varied, in the order of [`FIELDS`].
    pub fields: Vec<Axis>,
    /// What operations cost: a name or a file.
    pub technology: Option<Named>,
    /// Megahertz.
    pub clock: u64,
    /// The memory outside.
    pub memory: Memory,
    /// Which points of the grid.
    pub sample: Sample,
    /// What fronts are made of; empty: all that is measured.
    pub objectives: Vec<Objective>,
    /// The images that accuracy is measured on.
    pub accuracy: Option<Data>,
}

/// Something by its name or its file.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Where the file has it: `file:line:column`.
    pub place: String,
}

/// Wherever it stands.
impl PartialEq for Named {
    fn eq(&self, other: &Named) -> bool {
        self.name == other.name
    }
}

/// A field of a design, and its values.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    /// The field.
    pub field: &'static Field,
    /// Its values, as TOML.
    pub values: Vec<String>,
}

/// Which points of a grid are measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sample {
    /// All.
    Grid,
    /// So many, chosen by a seed.
    Random {
        /// How many, at most.
        points: u64,
        /// The seed.
        seed: u64,
    },
}

/// Labelled images.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Data {
    /// Their file; `None`: a network's own.
    pub images: Option<PathBuf>,
    /// The file of their labels, if they are in one of their own.
    pub labels: Option<PathBuf>,
    /// How many, from the first on; `None`: all.
    pub count: Option<usize>,
    /// Where the file asks for them.
    pub place: String,
}

/// What is to be as little as possible, or in one case as much.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Objective {
    /// Cycles of an image.
    Time,
    /// Picojoules of an image.
    Energy,
    /// Bytes of an image on the memory bus.
    Dram,
    /// Top-1.
    Accuracy,
}

impl Objective {
    /// All of them, in the order they are shown.
    pub const ALL: [Objective; 4] = [
        Objective::Time,
        Objective::Energy,
        Objective::Dram,
        Objective::Accuracy,
    ];

    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Objective::Time => "time",
            Objective::Energy => "energy",
            Objective::Dram => "dram",
            Objective::Accuracy => "accuracy",
        }
    }
}

const KEYS: [&str; 10] = [
    "design",
    "networks",
    "formats",
    "technology",
    "clock",
    "sample",
    "objectives",
    "fields",
    "memory",
    "accuracy",
];

/// Points of a grid that is taken whole, at most, and of a sample.
pub(super) const MOST: u64 = 1_000_000;

impl Description {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read; every problem of it at once, placed at `file:line:column`.
    pub fn load(path: &Path) -> Result<Description, Error> {
        let text = fs::read_to_string(path).map_err(|error| {
            let fix = "give an exploration file, such as constraints/explorations/fashion.toml";
            Error::bad_input(path.display(), format!("cannot be read: {error}"), fix)
        })?;
        Description::parse(&text, &path.display().to_string())
    }

    /// Reads a text; `file` is its path, for messages.
    ///
    /// # Errors
    /// Every problem at once, placed at `file:line:column`.
    pub fn parse(text: &str, file: &str) -> Result<Description, Error> {
        let mut reader = Reader::new(text, file);
        let table = reader.table();
        reader.known(&table, "an exploration", &KEYS);
        let read = description(&mut reader, &table);
        reader.finish(read)
    }
}

/// Whatever can be read; `None` without a design or networks.
fn description(reader: &mut Reader, table: &DeTable) -> Option<Description> {
    let design = table
        .get("design")
        .map(|item| named(reader, "design", item));
    if !table.contains_key("design") {
        reader.missing("design", "add a line design = \"…\", a design file");
    }
    let networks = table.get("networks").map_or(vec![], |item| {
        reader.list("networks", item, |reader, item| {
            named(reader, "networks", item)
        })
    });
    if !table.contains_key("networks") {
        let fix = "add a line networks = [\"…\"], network files or names";
        reader.missing("networks", fix);
    }
    let formats = table.get("formats").map_or(vec![], |item| {
        reader.list("formats", item, |reader, item| format(reader, item))
    });
    let fields = table.get("fields").and_then(|item| {
        let fields = reader.section("fields", item)?;
        Some(axes(reader, fields))
    });
    let clock = table.get("clock");
    let clock = clock.map_or(Some(100), |item| {
        reader.integer("clock", item, (1, 100_000))
    });
    let memory = table
        .get("memory")
        .map_or(MEMORY, |item| memory(reader, item));
    let sample = table
        .get("sample")
        .map_or(Some(Sample::Grid), |item| sample(reader, item));
    let accuracy = table
        .get("accuracy")
        .and_then(|item| accuracy(reader, item));
    let objectives = table.get("objectives").map_or(vec![], |item| {
        reader.list("objectives", item, |reader, item| {
            objective(reader, item, table)
        })
    });
    let technology = table
        .get("technology")
        .map(|item| named(reader, "technology", item));
    Some(Description {
        design: design??,
        networks,
        formats,
        fields: fields.unwrap_or_default(),
        technology: technology.flatten(),
        clock: clock?,
        memory,
        sample: sample?,
        objectives,
        accuracy,
    })
}

/// A memory that always has a beat.
const MEMORY: Memory = Memory {
    latency: 1,
    interval: 1,
};

/// A text with its place.
fn named(reader: &mut Reader, key: &str, item: &Item) -> Option<Named> {
    let name = reader.text(key, item)?;
    let place = reader.place(item.span().start);
    Some(Named { name, place })
}

/// A format by its name, or int8 and the like.
fn format(reader: &mut Reader, item: &Item) -> Option<Format> {
    let name = reader.text("formats", item)?;
    let format = name.replacen("int", "I", 1).parse().ok();
    if format.is_none() {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        let fix = format!("write int8 or one of {}", names.join(", "));
        reader.problem(item.span().start, format!("unknown format `{name}`"), fix);
    }
    format
}

/// What is varied, in the order of [`FIELDS`].
fn axes(reader: &mut Reader, table: &DeTable) -> Vec<Axis> {
    let varied = |field: &&Field| !["name", "format"].contains(&field.name);
    let names: Vec<&str> = FIELDS
        .iter()
        .filter(varied)
        .map(|field| field.name)
        .collect();
    for (key, _) in table.iter().filter(|(key, _)| key.get_ref() == "format") {
        let what = "`format` is no field to vary here";
        let fix = "write formats = [ … ] above: affine and pe then follow each format";
        reader.problem(key.span().start, what, fix);
    }
    let mut rest = table.clone();
    rest.remove("format");
    reader.known(&rest, "[fields]", &names);
    let axes = FIELDS.iter().filter(varied).filter_map(|field| {
        let item = table.get(field.name)?;
        let values = reader.list(field.name, item, |reader, item| value(reader, field, item));
        Some(Axis { field, values })
    });
    axes.collect()
}

/// A value of a field, as TOML.
fn value(reader: &mut Reader, field: &Field, item: &Item) -> Option<String> {
    match field.kind {
        Kind::Integer { low, high } => {
            let value = reader.integer(field.name, item, (low.into(), high.into()))?;
            Some(value.to_string())
        }
        Kind::Flag => {
            let flag = item.get_ref().as_bool();
            if flag.is_none() {
                let what = format!("{} is no flag", field.name);
                reader.problem(item.span().start, what, "write true or false");
            }
            flag.map(|flag| flag.to_string())
        }
        Kind::Choice(words) => {
            let word = reader.text(field.name, item)?;
            if !words.contains(&word.as_str()) {
                let what = format!("{} = {word:?} is unknown", field.name);
                let fix = format!("write one of {}", words.join(", "));
                reader.problem(item.span().start, what, fix);
                return None;
            }
            Some(format!("\"{word}\""))
        }
        Kind::Name => None,
    }
}

fn memory(reader: &mut Reader, item: &Item) -> Memory {
    let Some(table) = reader.section("memory", item) else {
        return MEMORY;
    };
    reader.known(table, "[memory]", &["latency", "interval"]);
    let mut cycles = |key: &str| {
        let read = table
            .get(key)
            .map(|item| reader.integer(key, item, (1, 1_000_000)));
        read.flatten().map_or(1, |cycles| cycles as u32)
    };
    Memory {
        latency: cycles("latency"),
        interval: cycles("interval"),
    }
}

fn sample(reader: &mut Reader, item: &Item) -> Option<Sample> {
    let fix = "write \"grid\", or { random = 500, seed = 1 }";
    match item.get_ref() {
        DeValue::String(word) if word == "grid" => Some(Sample::Grid),
        DeValue::Table(table) => {
            reader.known(table, "sample", &["random", "seed"]);
            let Some(points) = table.get("random") else {
                reader.problem(item.span().start, "sample says no number of points", fix);
                return None;
            };
            let points = reader.integer("random", points, (1, MOST));
            let seed = table.get("seed");
            let seed = seed.map_or(Some(1), |item| reader.integer("seed", item, (0, u64::MAX)));
            Some(Sample::Random {
                points: points?,
                seed: seed?,
            })
        }
        _ => {
            reader.problem(item.span().start, "sample is neither grid nor random", fix);
            None
        }
    }
}

fn accuracy(reader: &mut Reader, item: &Item) -> Option<Data> {
    let table = reader.section("accuracy", item)?;
    reader.known(table, "[accuracy]", &["data", "labels", "images"]);
    let mut path = |key: &str| table.get(key).map(|item| reader.text(key, item));
    let (images, labels) = (path("data"), path("labels"));
    let count = table.get("images");
    let count = count.map(|item| reader.integer("images", item, (1, MOST)));
    if let (None, Some(labels)) = (&images, table.get("labels")) {
        let at = labels.span().start;
        reader.problem(
            at,
            "there are labels and no data",
            "add data = \"…\", the images",
        );
    }
    let path = |given: Option<Option<String>>| given.flatten().map(PathBuf::from);
    Some(Data {
        images: path(images),
        labels: path(labels),
        count: count.flatten().map(|count| count as usize),
        place: reader.place(item.span().start),
    })
}

/// An objective, if what it takes is there.
fn objective(reader: &mut Reader, item: &Item, table: &DeTable) -> Option<Objective> {
    let name = reader.text("objectives", item)?;
    let found = Objective::ALL
        .into_iter()
        .find(|objective| objective.name() == name);
    let at = item.span().start;
    let Some(objective) = found else {
        let names = Objective::ALL.map(Objective::name).join(", ");
        reader.problem(
            at,
            format!("unknown objective `{name}`"),
            format!("write one of {names}"),
        );
        return None;
    };
    let wants = match objective {
        Objective::Energy => Some(("technology", "a line technology = \"horowitz-45nm\"")),
        Objective::Accuracy => Some(("accuracy", "a section [accuracy]")),
        Objective::Time | Objective::Dram => None,
    };
    if let Some((key, fix)) = wants.filter(|(key, _)| !table.contains_key(*key)) {
        let what = format!("`{name}` is not measured without `{key}`");
        reader.problem(at, what, format!("add {fix}"));
    }
    Some(objective)
}
