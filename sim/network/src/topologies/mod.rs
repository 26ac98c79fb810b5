//! Networks known by name: those of the paper's experiments, without anyone's weights.
//!
//! [`topology`] gives a network whose weights have shapes but no values, enough to plan and to count cycles.
//! [`synthesise`] fills in random weights from a seed, and the statistics of the batch-norms from the network's
//! own forward pass, so that activations are spread like those of a trained network.

mod build;
mod densenet;
mod perceptron;
mod resnet;
mod synthesise;
#[cfg(test)]
mod tests;
mod vgg;

use std::ops::RangeInclusive;

use crate::graph::{Network, Op};

pub use synthesise::{synthesise, synthetic_image};

/// The names of all topologies, for [`topology`].
pub const TOPOLOGIES: [&str; 23] = [
    "fc1",
    "fc2",
    "fc4",
    "fc8",
    "fc16",
    "fc32",
    "fc64",
    "fc128",
    "fc256",
    "fc512",
    "fc1024",
    "vgg32",
    "vgg64",
    "resnet20",
    "resnet44",
    "wrn-40-4",
    "densenet-40-12",
    "densenet-100-12",
    "resnet18",
    "resnet50",
    "wrn-18-2",
    "densenet121",
    "densenet201",
];

/// The topology of a name, with weights that have no values; `None` if there is none.
///
/// Shapes are those of Graham (2017), section 2, and of the papers it cites, written in the cromulent form:
/// residual networks are pre-activated, ImageNet networks have their max-pool right behind the first
/// convolution (section 2.4), and CIFAR-10's shortcuts without parameters are 1×1 convolutions of fixed weights.
pub fn topology(name: &str) -> Option<Network> {
    let side = if IMAGENET.contains(&name) { 224 } else { 32 };
    build(name, side)
}

/// The topologies of ImageNet's size.
const IMAGENET: [&str; 5] = [
    "resnet18",
    "resnet50",
    "wrn-18-2",
    "densenet121",
    "densenet201",
];

/// The sides of images that a topology can be had for, pixels: all others leave no map, or maps beyond any
/// network this tool is for. `None` if there is no such topology.
pub fn resolutions(name: &str) -> Option<RangeInclusive<usize>> {
    if !TOPOLOGIES.contains(&name) {
        return None;
    }
    Some(match name {
        name if IMAGENET.contains(&name) => 32..=2048,
        // The first layer grows with the image.
        name if name.starts_with("fc") => 1..=256,
        _ => 32..=512,
    })
}

/// The topology of a name for images of another size, called `name@side`; `None` if there is none, or not of this
/// side ([`resolutions`]).
pub fn topology_at(name: &str, side: usize) -> Option<Network> {
    let side = Some(side).filter(|side| resolutions(name).is_some_and(|all| all.contains(side)))?;
    let mut network = build(name, side)?;
    network.name = format!("{name}@{side}");
    Some(network)
}

/// The topology of a name for images of so many pixels a side.
fn build(name: &str, side: usize) -> Option<Network> {
    if let Some(width) = name.strip_prefix("fc") {
        return TOPOLOGIES
            .contains(&name)
            .then(|| perceptron::two_layers(width.parse().unwrap_or(1), side));
    }
    match name {
        "vgg32" => Some(vgg::vgg(32, side)),
        "vgg64" => Some(vgg::vgg(64, side)),
        "resnet20" => Some(resnet::cifar(name, 3, 1, side)),
        "resnet44" => Some(resnet::cifar(name, 7, 1, side)),
        "wrn-40-4" => Some(resnet::cifar(name, 6, 4, side)),
        "resnet18" => Some(resnet::basic(name, 1, side)),
        "wrn-18-2" => Some(resnet::basic(name, 2, side)),
        "resnet50" => Some(resnet::bottleneck(side)),
        "densenet-40-12" => Some(densenet::plain(name, 12, side)),
        "densenet-100-12" => Some(densenet::plain(name, 32, side)),
        "densenet121" => Some(densenet::compressed(name, [6, 12, 24, 16], side)),
        "densenet201" => Some(densenet::compressed(name, [6, 12, 48, 32], side)),
        _ => None,
    }
}

impl Network {
    /// Whether a weight has a shape and no values: a network to plan with, not to compute.
    pub fn is_hollow(&self) -> bool {
        self.nodes.iter().any(|node| match &node.op {
            Op::Convolution(c) => c.weight.values.is_empty(),
            Op::Linear(linear) => linear.weight.values.is_empty(),
            _ => false,
        })
    }

    /// Multiply-accumulates for one image, as papers count them: those of learnt layers, average pools before
    /// a linear layer done first.
    pub fn macs(&self) -> u64 {
        let macs = |op: &Op, positions: usize| match op {
            Op::Convolution(c) => c.weight.shape.iter().product::<usize>() * positions,
            Op::Linear(linear) => linear.weight.shape.iter().product(),
            _ => 0,
        };
        let nodes = self.nodes.iter();
        nodes
            .map(|node| macs(&node.op, node.shape.height * node.shape.width) as u64)
            .sum()
    }

    /// Numbers learnt in training: weights, biases of linear layers, and a scale and a shift for every channel of a
    /// batch-norm.
    pub fn parameters(&self) -> u64 {
        let count = |op: &Op| match op {
            Op::Convolution(c) => c.weight.shape.iter().product::<usize>(),
            Op::Linear(linear) => {
                linear.weight.shape.iter().product::<usize>() + linear.weight.shape[0]
            }
            Op::BatchNorm(norm) => 2 * norm.channels(),
            _ => 0,
        };
        self.nodes.iter().map(|node| count(&node.op) as u64).sum()
    }
}
