//! From a network and a design to words that are the same everywhere.

pub mod activations;
pub mod bounds;
pub mod compile;
pub mod constants;
pub mod cycle_model;
pub mod geometry;
pub mod image;
pub mod layer;
pub mod random;
pub mod reference;
pub mod run;
pub mod schedule;
mod term;
mod word;

pub use activations::{Activations, InputError};
pub use bounds::Bounds;
pub use compile::{Compiled, compile};
pub use geometry::LayerGeometry;
pub use image::{Image, ImageError, MapShape};
pub use layer::{Layer, LayerInput, LayerMode, LayerOutput, Operands};
pub use run::{Executor, LayerRun, NetworkRun, Runner, layer_input, run_network};
pub use word::OutputWord;
