//! What runs on what: a design, a network compiled for it, and images.

use cromulent_design::Design;
use cromulent_engine::{Image, InputError, compile};
use cromulent_network::{Network, images::Example};

use crate::cli;
use crate::{Error, Problem};

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
}

impl Workload {
    /// Loads design, network and images, and compiles.
    ///
    /// # Errors
    /// Whatever is wrong with any of them; a layer that is not there.
    pub fn load(args: &cli::Workload) -> Result<Workload, Error> {
        let (design, network) = (Design::load(&args.design), Network::load(&args.network));
        let (design, network) = match (design, network) {
            (Ok(design), Ok(network)) => (design, network),
            (design, network) => return Err(both(design.err(), network.err())),
        };
        let compiled = compile(&network, &design)?;
        let layer = args
            .layer
            .as_deref()
            .map(|name| find_layer(&compiled.image, name))
            .transpose()?;
        let examples = match &args.input {
            Some(file) => network.read_images(file, None, None, args.images.get())?,
            None => network.examples(args.images.get())?,
        };
        if examples.len() < args.images.get() {
            let what = format!("there are only {} images", examples.len());
            let fix = format!("ask for no more with --images, not {}", args.images);
            return Err(Error::bad_input("--images", what, fix));
        }
        let bytes = compiled.image.to_bytes();
        let image = Image::from_bytes(&bytes).map_err(|error| Error::ToolFailed {
            tool: "the compiler".to_owned(),
            what: format!("wrote an image that cannot be read: {error}"),
            output: String::new(),
        })?;
        let notes = compiled
            .notes
            .iter()
            .map(|note| format!("{}: {}", note.place, note.what))
            .collect();
        Ok(Workload {
            image,
            image_bytes: bytes.len(),
            notes,
            examples,
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

/// The problems of design and network together.
fn both(
    design: Option<cromulent_design::Problems>,
    network: Option<cromulent_network::Problems>,
) -> Error {
    let errors = design
        .map(Error::from)
        .into_iter()
        .chain(network.map(Error::from));
    let problems = errors.flat_map(|error| match error {
        Error::BadInput(problems) => problems,
        other => vec![Problem::new("input", other.to_string(), "")],
    });
    Error::BadInput(problems.collect())
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
