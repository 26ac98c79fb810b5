//! An exploration with everything it names read.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use cromulent_cost::Technology;
use cromulent_design::Design;
use cromulent_network::images::Example;
use cromulent_network::{Input, Network};
use sha2::{Digest, Sha256};

use super::read::{Data, Description, Named, Objective};
use crate::error::together;
use crate::networks::{self, Source};
use crate::{Error, Problem};

/// What is explored.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the file says.
    pub description: Description,
    /// The design that all points are variants of.
    pub base: Design,
    /// The networks.
    pub subjects: Vec<Subject>,
    /// What operations cost.
    pub technology: Option<Technology>,
    /// What fronts are made of.
    pub objectives: Vec<Objective>,
    /// All that a result depends on beside its network and its design, in words.
    pub terms: String,
}

/// A network.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The network; one known by name is without values.
    pub network: Network,
    /// The images that accuracy is measured on; empty if it is not.
    pub examples: Vec<Example>,
    /// All of the network and its images that a result depends on, in words.
    pub identity: String,
}

impl Plan {
    /// Reads a file and all that it names, by paths from its own folder.
    ///
    /// # Errors
    /// What is wrong with any of them.
    pub fn load(path: &Path) -> Result<Plan, Error> {
        let description = Description::load(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let file = folder.join(&description.design.name);
        let design = Design::load(&file).map_err(Error::from);
        let design = design.map_err(|error| named_at(error, &file, &description.design));
        let technology = description.technology.as_ref();
        let technology = technology.map(|table| {
            let path = near(folder, &table.name);
            let found = Technology::load(&path).map_err(Error::from);
            found.map_err(|error| named_at(error, &path, table))
        });
        let subjects = subjects(folder, &description);
        let (files, subjects) = together(together(design, technology.transpose()), subjects)?;
        let (base, technology) = files;
        let objectives = match description.objectives.as_slice() {
            [] => measured(&description),
            chosen => chosen.to_vec(),
        };
        Ok(Plan {
            terms: terms(&description, technology.as_ref()),
            objectives,
            description,
            base,
            subjects,
            technology,
        })
    }
}

/// A file beside the description, or else a name, or a path that leads somewhere from here.
fn near(folder: &Path, name: &str) -> PathBuf {
    let beside = folder.join(name);
    match beside.exists() {
        true => beside,
        false => PathBuf::from(name),
    }
}

/// A file that cannot be had is named where the description names it; what is wrong in it stands there.
fn named_at(error: Error, path: &Path, named: &Named) -> Error {
    let Error::BadInput(problems) = error else {
        return error;
    };
    let path = path.display().to_string();
    let problems = problems.into_iter().map(|problem| {
        let Problem { place, what, fix } = problem;
        match place == path || place.starts_with("--") {
            true => Problem::new(&named.place, format!("{}: {what}", named.name), fix),
            false => Problem { place, what, fix },
        }
    });
    Error::BadInput(problems.collect())
}

/// Everything that is measured.
fn measured(description: &Description) -> Vec<Objective> {
    let measured = |objective: &Objective| match objective {
        Objective::Time => true,
        Objective::Energy => description.technology.is_some(),
        // Bytes of memory are in the energy, where there is one.
        Objective::Dram => description.technology.is_none(),
        Objective::Accuracy => description.accuracy.is_some(),
    };
    Objective::ALL.into_iter().filter(measured).collect()
}

fn terms(description: &Description, technology: Option<&Technology>) -> String {
    let table = technology.map_or("none".to_owned(), |table| {
        format!("{} {}", table.name, digest(format_args!("{table:?}")))
    });
    format!(
        "cromulent {}, {} MHz, latency {}, interval {}, technology {table}",
        env!("CARGO_PKG_VERSION"),
        description.clock,
        description.memory.latency,
        description.memory.interval,
    )
}

/// All networks, or what is wrong with all of them.
fn subjects(folder: &Path, description: &Description) -> Result<Vec<Subject>, Error> {
    let (mut found, mut problems) = (vec![], vec![]);
    for named in &description.networks {
        let path = near(folder, &named.name);
        let data = description.accuracy.as_ref();
        match subject(&path, folder, data).map_err(|error| named_at(error, &path, named)) {
            Ok(subject) => found.push(subject),
            Err(Error::BadInput(more)) => problems.extend(more),
            Err(error) => return Err(error),
        }
    }
    // Results are told apart by the names of networks.
    for (place, subject) in found.iter().enumerate() {
        let name = &subject.network.name;
        if found[..place]
            .iter()
            .any(|other| other.network.name == *name)
        {
            let at = description
                .networks
                .get(place)
                .map_or("", |named| &named.place);
            let what = format!("a second network has the name {name}");
            problems.push(Problem::new(at, what, "give it another name in its file"));
        }
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Error::BadInput(problems)),
    }
}

fn subject(path: &Path, folder: &Path, data: Option<&Data>) -> Result<Subject, Error> {
    let source = networks::shapes(path, None)?;
    let examples = data.map_or(Ok(vec![]), |data| examples(&source, folder, data))?;
    let Source { network, seed } = source;
    let mut identity = match seed {
        Some(_) => network.name.clone(),
        None => {
            let Input {
                channels,
                height,
                width,
                mean,
                std,
                ..
            } = &network.input;
            let input = (channels, height, width, mean, std);
            format!(
                "{} {}",
                network.name,
                digest(format_args!("{input:?} {:?}", network.nodes))
            )
        }
    };
    if data.is_some() {
        let mut hash = Sha256::new();
        for example in &examples {
            hash.update(&example.image.pixels);
            hash.update([example.label.unwrap_or_default()]);
        }
        _ = write!(
            identity,
            ", {} images {}",
            examples.len(),
            hexadecimal(hash)
        );
    }
    Ok(Subject {
        network,
        examples,
        identity,
    })
}

/// The labelled images that a network is measured on.
fn examples(source: &Source, folder: &Path, data: &Data) -> Result<Vec<Example>, Error> {
    let network = &source.network;
    if source.seed.is_some() {
        let what = format!(
            "{} has random weights, which are right by chance only",
            network.name
        );
        let fix = "name network files alone, or leave [accuracy] out";
        return Err(Error::bad_input(&data.place, what, fix));
    }
    let count = data.count.unwrap_or(usize::MAX);
    let examples = match &data.images {
        Some(file) => {
            let labels = data.labels.as_ref().map(|file| folder.join(file));
            network.read_images(&folder.join(file), labels.as_deref(), None, count)?
        }
        None => network.examples(count)?,
    };
    let unlabelled = examples.iter().position(|example| example.label.is_none());
    let problem = match (data.count, unlabelled) {
        (Some(wanted), _) if examples.len() < wanted => format!(
            "there are only {} images for {}, not {wanted}",
            examples.len(),
            network.name
        ),
        (_, Some(place)) => format!("image {place} for {} has no label", network.name),
        _ if examples.is_empty() => format!("there are no images for {}", network.name),
        _ => return Ok(examples),
    };
    let fix = "give labelled images with data = \"…\", and as many as there are";
    Err(Error::bad_input(&data.place, problem, fix))
}

/// The SHA-256 of a text, which need not be in memory.
pub(crate) fn digest(text: fmt::Arguments) -> String {
    struct Into(Sha256);
    impl fmt::Write for Into {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let mut hash = Into(Sha256::new());
    // Hashing does not fail.
    _ = hash.write_fmt(text);
    hexadecimal(hash.0)
}

/// The first 128 bits: enough that no two are alike.
fn hexadecimal(hash: Sha256) -> String {
    let bytes = hash.finalize();
    bytes
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
