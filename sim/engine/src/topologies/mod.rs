//! Networks known by their shapes alone: what an array would need for them, and how long they would take.
//!
//! A [`Topology`] has layers without weights. Laid out for a design ([`Topology::plan`]) it gives the same commands
//! as a compiled network of these shapes, for [`mod@crate::timing`] to run. What the machine cannot do yet is left
//! out and named in [`Topology::left_out`]; nothing of it multiplies.

mod build;
mod densenet;
mod plan;
mod resnet;

#[cfg(test)]
mod tests;

use crate::geometry::LayerGeometry;
use crate::image::MapShape;
use crate::layer::{LayerInput, LayerMode, LayerOutput, Operands};

pub use densenet::densenet121;
pub use plan::{Plan, PlannedLayer, Usage};
pub use resnet::{resnet18, resnet20};

/// The names of all topologies, for [`topology`].
pub const TOPOLOGIES: [&str; 3] = ["resnet18", "resnet20", "densenet121"];

/// The topology of a name; `None` if there is none.
pub fn topology(name: &str) -> Option<Topology> {
    match name {
        "resnet18" => Some(resnet18()),
        "resnet20" => Some(resnet20()),
        "densenet121" => Some(densenet121()),
        _ => None,
    }
}

/// A network without weights.
#[derive(Clone, PartialEq, Debug)]
pub struct Topology {
    /// Its name.
    pub name: &'static str,
    /// The shape of its image.
    pub image: MapShape,
    /// The layers, in the order they run.
    pub layers: Vec<TopologyLayer>,
    /// The shapes of the code tensors, by number.
    pub tensors: Vec<MapShape>,
    /// The shapes of the values of the residual stream, by number.
    pub streams: Vec<MapShape>,
    /// What is not run.
    pub left_out: Vec<LeftOut>,
}

/// A layer of a topology.
#[derive(Clone, PartialEq, Debug)]
pub struct TopologyLayer {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub geometry: LayerGeometry,
    /// How it is run.
    pub mode: LayerMode,
    /// Where its input comes from.
    pub input: LayerInput,
    /// What becomes of its words.
    pub output: LayerOutput,
}

/// An operation of the network that the machine has no unit for. It has no multiply-accumulates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LeftOut {
    /// Its name.
    pub name: &'static str,
    /// What is missing.
    pub why: &'static str,
}

impl TopologyLayer {
    /// Multiply-accumulates as the network counts them; a pooled layer's after the pool.
    pub fn macs(&self) -> u64 {
        self.geometry.macs(self.mode.pool)
    }

    /// Whether it reads the image.
    pub fn is_image(&self) -> bool {
        self.mode.operands == Operands::Integers
    }
}

impl Topology {
    /// Multiply-accumulates of all layers.
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(TopologyLayer::macs).sum()
    }
}
