//! From a network and a design to words that are the same everywhere.

pub mod activations;
pub mod constants;
pub mod cycle_model;
pub mod geometry;
pub mod layer;
pub mod random;
pub mod reference;
pub mod schedule;
mod word;

pub use activations::{Activations, InputError};
pub use geometry::LayerGeometry;
pub use layer::{Layer, LayerInput, LayerMode, LayerOutput, Operands};
pub use word::OutputWord;
