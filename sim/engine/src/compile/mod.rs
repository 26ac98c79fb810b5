//! From a network and a design to a program image.
//!
//! 1. `plan`: which layers run in which order, and what becomes of each one's words; `storage`: in which
//!    format each value is stored; `forms`: values that are stored in several.
//! 2. `limits`: whether each layer, and what is kept between them, fits the memories of the design.
//! 3. `norms`, `form`: each channel's normalisation, affine and ReLU in the form of the design.
//! 4. `columns`: weights times affines as integers, each column on its own scale (`scales`), or as a few values
//!    (`restrict`).
//! 5. `quantizer`: each channel's mean and cuts, on the scale of its column.
//! 6. `layers`: the words, and proof that no sum overflows.
//!
//! `outline` takes the steps that need no weights, for those who only ask how long a network takes.
//!
//! Floating point ends here: an image holds integers only, but for what a score of 1 is worth.

mod coded;
mod columns;
mod form;
mod forms;
mod layers;
mod limits;
mod norms;
mod outline;
mod places;
mod plan;
mod probes;
mod quantizer;
mod restrict;
mod scales;
mod step;
mod storage;
#[cfg(test)]
mod tests;
mod weights;

use cromulent_design::Design;
use cromulent_network::{Network, Problem, Problems};
use cromulent_number::Format;

use crate::image::{Image, MapShape};
use crate::layer::PIXEL_BEATS;
use crate::memory::Maps;

pub use coded::{CodedMap, coded_maps};
pub use outline::{Outline, OutlineLayer, outline, outline_with};
pub use probes::{Kept, Probe};
pub use restrict::WeightValues;

/// A compiled network, and what about it deserves a look.
#[derive(Clone, PartialEq, Debug)]
pub struct Compiled {
    /// The program.
    pub image: Image,
    /// Channels that lose much of their signal in this format and form, one note per batch-norm; what is computed more
    /// than once.
    pub notes: Vec<Problem>,
    /// What is kept between layers, and what it stands for.
    pub probes: Vec<Probe>,
}

/// What the compiler is free to choose.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Choices {
    /// How the first normalisation is stored.
    pub first: First,
    /// Signed digits of a pixel, 1..=4: fewer take fewer beats, and round pixels. 4 are exact.
    pub image_digits: usize,
    /// The format in which the values of a batch-norm are stored, by its name, in place of what the network says of
    /// it; of several the last.
    pub formats: Vec<(String, Format)>,
    /// Where maps are kept.
    pub maps: Maps,
    /// Which values the constants of learnt layers take.
    pub weights: WeightValues,
    /// Whether every max-pool is a pass of its own through the rows, even where the layer before it can pool its codes
    /// as they leave: to compare the two.
    pub pool_in_rows: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Choices {
            first: First::default(),
            image_digits: PIXEL_BEATS,
            formats: vec![],
            maps: Maps::default(),
            weights: WeightValues::default(),
            pool_in_rows: false,
        }
    }
}

/// How the values of the first batch-norm, in the order of the network, are stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum First {
    /// As codes, like all others.
    #[default]
    Coded,
    /// Rectified, as integers 0..=127, which the next layer takes as digits: the paper's "all but the first".
    Uncoded,
}

/// Compiles a network for a design, every normalisation coded; maps that do not fit the code banks move to memory
/// and back.
///
/// # Errors
/// As [`compile_with`].
pub fn compile(network: &Network, design: &Design) -> Result<Compiled, Problems> {
    compile_with(network, design, &Choices::default())
}

/// Compiles a network for a design.
///
/// # Errors
/// Every node that cannot run yet; or everything that does not fit the design, each with the layer and
/// the field that would have to change.
pub fn compile_with(
    network: &Network,
    design: &Design,
    choices: &Choices,
) -> Result<Compiled, Problems> {
    let mut plan = plan::plan(network, design, choices)?;
    let mut problems = Problems::default();
    limits::check_choices(design, choices, &mut problems);
    storage::apply(network, design, choices, &mut plan, &mut problems);
    norms::check(network, design, &plan, &mut problems);
    for planned in &plan.layers {
        limits::check_layer(network, design, planned, &mut problems);
    }
    let allocation = places::allocation(network, design, &plan, choices);
    limits::check_memories(design, &allocation, &mut problems);
    problems.or(())?;
    let image = layers::image(network, design, &plan, &allocation, choices.weights)?;
    let mut problems = Problems::default();
    let registers = image.layers.iter().map(|l| (l.name.as_str(), &l.registers));
    limits::check_registers(design, registers, &mut problems);
    problems.or(())?;
    let invalid = |error: crate::ImageError| {
        Problem::new("compiler", error.to_string(), "please report this as a bug")
    };
    // No sum of the words just made can overflow: `layers` has proved it from their constants.
    image.check_but_words().map_err(invalid)?;
    let mut notes = limits::notes(network, design, &plan, choices);
    notes.extend(forms::notes(network, design, &plan));
    Ok(Compiled {
        image,
        notes,
        probes: probes::probes(network, design, &plan),
    })
}

/// The shape of a node's values.
fn shape(network: &Network, node: usize) -> MapShape {
    let shape = network.nodes[node].shape;
    MapShape {
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
    }
}
