//! Where everything that is kept lies, and how the image is stored.

use cromulent_design::Design;
use cromulent_network::Network;

use super::layers::{input, mode, output};
use super::plan::{Plan, PlannedLayer};
use super::weights::geometry;
use super::{Choices, shape};
use crate::geometry::LayerGeometry;
use crate::image::{Image, MapShape, StreamValue, Tensor};
use crate::image_input;
use crate::layer::Storage;
use crate::memory::{Allocation, Maps, Uses, Values, allocate};

/// A place for everything that is kept, the image stored the fastest way with which everything fits, or else the way
/// that takes least.
pub(super) fn allocation(
    network: &Network,
    design: &Design,
    plan: &Plan,
    choices: &Choices,
) -> Allocation {
    let mut best: Option<((bool, u64), Allocation)> = None;
    let readers = image_readers(network, plan);
    for choice in image_input::choices(design, &readers, choices.image_digits) {
        let allocation = Allocation {
            image_input: choice.input,
            ..place(network, design, plan, Some(choice.words), choices.maps)
        };
        let cost = cost(design, choices.maps, &allocation);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, allocation));
        }
        if cost == (false, 0) {
            break;
        }
    }
    let best = best.map(|(_, allocation)| allocation);
    best.unwrap_or_else(|| place(network, design, plan, None, choices.maps))
}

/// What speaks against a way to store the image: that not everything fits, then how much is too much; or else the
/// lines that move for its sake.
fn cost(design: &Design, maps: Maps, allocation: &Allocation) -> (bool, u64) {
    let words = allocation.code_words;
    if words > design.code_depth as usize {
        return (true, words as u64);
    }
    let lines = allocation.moves.iter();
    let lines = lines.map(|given| u64::from(given.lines.lines)).sum();
    (false, if maps == Maps::Memory { 0 } else { lines })
}

/// The shapes of the layers that read the image.
fn image_readers(network: &Network, plan: &Plan) -> Vec<LayerGeometry> {
    let readers = plan.layers.iter();
    let readers = readers.filter(|planned| planned.input.is_none());
    readers.map(|planned| geometry(network, planned)).collect()
}

/// A place for everything that is kept, with an image of so many words.
fn place(
    network: &Network,
    design: &Design,
    plan: &Plan,
    image: Option<usize>,
    maps: Maps,
) -> Allocation {
    let batch = |shape: MapShape| shape.of_batch(design.batch as usize);
    let values = Values {
        image,
        tensors: plan.tensors.iter().map(|t| batch(t.shape)).collect(),
        integers: plan
            .tensors
            .iter()
            .map(|tensor| tensor.storage == Storage::Integers)
            .collect(),
        streams: plan
            .streams
            .iter()
            .map(|&s| batch(shape(network, s)))
            .collect(),
    };
    let uses = |planned: &PlannedLayer| {
        let (input, output) = (input(planned), output(planned, 1.0));
        Uses::of(&input, &output, mode(plan, planned))
    };
    let uses: Vec<Uses> = plan.layers.iter().map(uses).collect();
    allocate(design, maps, &values, &uses)
}

/// The image without its layers.
pub(super) fn frame(
    network: &Network,
    design: &Design,
    plan: &Plan,
    allocation: &Allocation,
) -> Image {
    let tensors = plan.tensors.iter().zip(&allocation.tensors);
    let streams = plan.streams.iter().zip(&allocation.streams);
    Image {
        design: design.clone(),
        network: network.name.clone(),
        input: shape(network, 0),
        input_address: allocation.input_address,
        image_input: allocation.image_input,
        tensors: tensors
            .map(|(tensor, &place)| Tensor {
                shape: tensor.shape,
                place,
                storage: tensor.storage,
            })
            .collect(),
        streams: streams
            .map(|(&node, &base)| StreamValue {
                shape: shape(network, node),
                base,
            })
            .collect(),
        moves: allocation.moves.clone(),
        layers: vec![],
    }
}
