//! Networks, and nothing about the hardware that will run them.
//!
//! A network is a graph of nodes in the order they are computed ([`Network`]), read from a
//! description file (TOML) and a weights file (safetensors) by [`Network::load`]. The story in
//! four steps:
//!
//! 1. [`Network::load`] reads both files and reports every problem it finds, each with its place
//!    and what would be right ([`Problems`]);
//! 2. [`check`] says whether the network is cromulent (section 1.4 of Graham, 2017) and, path by
//!    path, what would make it so;
//! 3. [`BatchNorm`] splits into the normalisation N and the affine that follows it;
//! 4. [`evaluate`] computes the network in floating point, to compare against.
//!
//! The description file is documented in `docs/network-files.md`.

mod batch_norm;
mod bias;
mod check;
mod description;
mod evaluate;
mod examples;
mod fields;
mod generator;
mod graph;
pub mod images;
mod load;
pub mod memory;
mod paths;
mod problem;
mod shape;
mod topologies;
mod weights;

pub use batch_norm::{Affine, BatchNorm};
pub use check::{Module, Report, check};
pub use evaluate::{Evaluator, evaluate};
pub use generator::Generator;
pub use graph::{Convolution, Examples, Input, Linear, Network, Node, Op, Shape, Step, Tensor};
pub use images::{Example, Image, Layout};
pub use problem::{Problem, Problems};
pub use shape::infer;
pub use topologies::{TOPOLOGIES, resolutions, synthesise, synthetic_image, topology, topology_at};
pub use weights::safetensors;
