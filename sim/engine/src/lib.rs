//! From a network and a design to words that are the same everywhere.
//!
//! 1. [`compile()`] folds batch-norms and ReLUs into integer constants in the design's form, finds a place on
//!    chip for every value, proves that no sum can overflow, and writes an [`Image`], the one thing every
//!    executor reads. [`Program::of`] is the same as the machine is given it, byte by byte.
//! 2. Two executors live here. [`mod@reference`] computes each layer as a plain convolution;
//!    [`cycle_model`] walks the tiles of the array, with the machine's memories. They share the number
//!    contract and the words of the image, and nothing else. [`timing`] says in which cycle what happens,
//!    [`traffic`] how many words move.
//!    [`fast`] is a third: the reference's values, as fast as the CPU multiplies.
//! 3. [`Runner`] runs a whole network, or gives one layer's real input ([`Runner::layer_input`]) so that
//!    any other executor can be held against these two.
//! 4. [`random`] makes small designs, layers and networks from seeds, for the same purpose. [`outline()`] lays a
//!    network out without its weights, to be timed; [`peers`] is how others count the same layers.
//!
//! Floating point ends in [`mod@compile`]. The engine knows nothing of circuits: the circuit simulations
//! that its words are compared with are independent of it.
//!
//! In reading order: [`geometry`] and [`mod@layout`] (where everything lies), [`layer`] (what a layer is),
//! [`mod@reference`], [`cycle_model`], [`mod@compile`], [`program`], [`timing`].

pub mod activations;
pub mod bounds;
pub mod compile;
pub mod constants;
pub mod cycle_model;
pub mod fast;
pub mod geometry;
pub mod image;
mod image_input;
pub mod layer;
pub mod layout;
mod memory;
pub mod peers;
pub mod program;
pub mod random;
pub mod reference;
pub mod run;
mod term;
pub mod timing;
pub mod traffic;
mod values;
mod word;
pub mod words;

pub use activations::{Activations, InputError};
pub use bounds::Bounds;
pub use compile::{
    Choices, Compiled, First, Outline, WeightValues, compile, compile_with, outline, outline_with,
};
pub use fast::{FastRunner, Inference};
pub use geometry::LayerGeometry;
pub use image::{Image, ImageError, MapShape, StreamValue, Tensor};
pub use image_input::ImageInput;
pub use layer::{
    Layer, LayerInput, LayerMode, LayerOutput, Operands, Places, Pooling, ResidualStep, Storage,
    Task,
};
pub use layout::{Deal, Layout, Map, Place};
pub use memory::{MapMove, Maps};
pub use program::{Program, ProgramLayer, Step};
pub use run::{Executor, LayerRun, NetworkRun, Runner, by_image, layer_input, run_network};
pub use word::OutputWord;
