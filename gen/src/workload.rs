//! What runs on what: a design, a network compiled for it, and images.

use std::fs;
use std::path::Path;

use cromulent_design::Design;
use cromulent_engine::{Compiled, Image, InputError, compile_with};
use cromulent_network::{Network, images::Example};

use crate::Error;
use crate::cli;
use crate::error::together;
use crate::networks::{self, Source};

/// A compiled network and the images it is to run on.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The program, read back from the bytes every executor is given.
    pub image: Image,
    /// Its size in bytes.
    pub image_bytes: usize,
    /// What compiling found worth knowing.
    pub notes: Vec<String>,
    /// The images; at least one.
    pub examples: Vec<Example>,
    /// The layer asked for, by its place among the layers; all of them if none was.
    pub layer: Option<usize>,
    /// Whether the weights are random.
    pub synthetic: bool,
}

impl Workload {
    /// Loads design, network and images, and compiles, or reads the program image in `file`.
    ///
    /// # Errors
    /// Whatever is wrong with any of them; a layer that is not there.
    pub fn load(args: &cli::Workload, file: Option<&Path>) -> Result<Workload, Error> {
        let (design, source) = load_both(&args.design, &args.network, args.seed)?;
        let network = &source.network;
        let (image, image_bytes, notes) = match file {
            Some(file) => {
                let (image, bytes) = read_image(file, &design, network)?;
                (image, bytes, source.note().into_iter().collect())
            }
            None => {
                let compiled = compile_with(network, &design, &(&args.choices).into())?;
                let (image, bytes) = read_back(&compiled.image)?;
                (image, bytes, notes(&source, &compiled))
            }
        };
        let layer = args
            .layer
            .as_deref()
            .map(|name| find_layer(&image, name))
            .transpose()?;
        Ok(Workload {
            examples: examples(&source, args)?,
            synthetic: source.seed.is_some(),
            image,
            image_bytes,
            notes,
            layer,
        })
    }

    /// The layers asked for, by place.
    pub fn layers(&self) -> Vec<usize> {
        match self.layer {
            Some(layer) => vec![layer],
            None => (0..self.image.layers.len()).collect(),
        }
    }
}

/// Design and network from their files; a known network gets random weights.
///
/// # Errors
/// What is wrong with either, or with both.
pub fn load_both(
    design: &Path,
    network: &Path,
    seed: Option<u64>,
) -> Result<(Design, Source), Error> {
    together(Design::load(design), networks::load(network, seed))
}

/// The same without weights: of a known network it has none, and no seed is needed.
///
/// # Errors
/// What is wrong with either, or with both.
pub fn load_shapes(
    design: &Path,
    network: &Path,
    seed: Option<u64>,
) -> Result<(Design, Source), Error> {
    together(Design::load(design), networks::shapes(network, seed))
}

/// What a network and compiling it make worth knowing, a sentence each.
pub fn notes(source: &Source, compiled: &Compiled) -> Vec<String> {
    let notes = compiled.notes.iter();
    let notes = notes.map(|note| format!("{}: {}", note.place, note.what));
    source.note().into_iter().chain(notes).collect()
}

/// A program image as its bytes say it, so that nothing travels beside them, and how many they are.
pub(crate) fn read_back(image: &Image) -> Result<(Image, usize), Error> {
    let bytes = image.to_bytes();
    let image = Image::from_bytes(&bytes).map_err(|error| Error::ToolFailed {
        tool: "the compiler".to_owned(),
        what: format!("wrote an image that cannot be read: {error}"),
        output: String::new(),
    })?;
    Ok((image, bytes.len()))
}

/// The program image in a file, which is for this design and holds this network, and its size in bytes.
fn read_image(file: &Path, design: &Design, network: &Network) -> Result<(Image, usize), Error> {
    let bytes = fs::read(file).map_err(|error| Error::io("be read", file, &error))?;
    let image = Image::from_bytes(&bytes);
    let image = image.and_then(|image| image.require_design(design).map(|()| image));
    let refuse = |what: String| {
        let fix = "give a program image that `cromulent compile` wrote for this design and network";
        Error::bad_input(file.display(), what, fix)
    };
    let image = image.map_err(|error| refuse(error.to_string()))?;
    if image.network != network.name {
        return Err(refuse(format!("holds the network {}", image.network)));
    }
    Ok((image, bytes.len()))
}

/// The images asked for.
fn examples(source: &Source, args: &cli::Workload) -> Result<Vec<Example>, Error> {
    let wanted = args.images.get();
    let examples = match &args.input {
        Some(file) => source.network.read_images(file, None, None, wanted)?,
        None => source.examples(wanted)?,
    };
    if examples.len() < wanted {
        let what = format!("there are only {} images", examples.len());
        let fix = format!("ask for no more with --images, not {wanted}");
        return Err(Error::bad_input("--images", what, fix));
    }
    Ok(examples)
}

fn find_layer(image: &Image, name: &str) -> Result<usize, Error> {
    image
        .layers
        .iter()
        .position(|layer| layer.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = image
                .layers
                .iter()
                .map(|layer| layer.name.as_str())
                .collect();
            let fix = format!("choose one of {}", names.join(", "));
            Error::bad_input(
                "--layer",
                format!(
                    "`{name}` is no convolution or linear layer of {}",
                    image.network
                ),
                fix,
            )
        })
}

impl From<InputError> for Error {
    /// Images were checked against the network, so what reaches a layer wrongly is a fault of ours.
    fn from(error: InputError) -> Error {
        Error::ToolFailed {
            tool: "the engine".to_owned(),
            what: error.to_string(),
            output: String::new(),
        }
    }
}
