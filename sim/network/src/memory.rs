//! How much memory activations take, at test time and in training (sections 1.1 and 1.5 of Graham, 2017).
//!
//! Two ways to keep them. *Shared*: what a batch-norm reads is kept once, normalised, in the format asked for; affine,
//! ReLU and concatenation are done again wherever it is read, so they keep nothing. *Naive*: as frameworks do
//! it, every batch-norm keeps its input and every learnt layer its own, and a concatenation is a copy.

use crate::evaluate::last_readers;
use crate::graph::{Network, Op};

/// How wide values are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Widths {
    /// Bits of what a batch-norm reads.
    pub normalised: u64,
    /// Bits of other values: of the residual stream, and what is read behind a pool.
    pub other: u64,
    /// Bits of a pixel.
    pub pixel: u64,
}

impl Widths {
    /// Floating-point numbers of so many bits.
    pub fn float(bits: u64) -> Widths {
        Widths {
            normalised: bits,
            other: bits,
            pixel: bits,
        }
    }

    /// Codes of so many bits; other values have 16, pixels 8.
    pub fn codes(bits: u64) -> Widths {
        Widths {
            normalised: bits,
            other: 16,
            pixel: 8,
        }
    }
}

/// What one node keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeMemory {
    /// The node.
    pub node: usize,
    /// Bytes of its value at test time, one image; 0 if it keeps none.
    pub value: u64,
    /// Bytes of all values alive while it is computed, its own included.
    pub live: u64,
    /// Bytes kept of it for the backward pass, one image.
    pub training: u64,
}

/// What a network keeps, node by node, in the order they are computed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Memory {
    /// One per node.
    pub nodes: Vec<NodeMemory>,
}

impl Memory {
    /// The most bytes alive at one time, one image.
    pub fn test_peak(&self) -> u64 {
        self.nodes.iter().map(|node| node.live).max().unwrap_or(0)
    }

    /// Bytes kept for the backward pass, one image.
    pub fn training(&self) -> u64 {
        self.nodes.iter().map(|node| node.training).sum()
    }
}

/// Bits of where the largest value of a window was.
const INDEX_BITS: u64 = 8;

/// The memory of a network, each value kept once.
pub fn shared(network: &Network, widths: Widths) -> Memory {
    let plan = Shared::of(network);
    let value = |node: usize| plan.value(node, widths);
    let training = |node: usize| {
        let normalised = if plan.normalised[node] {
            widths.normalised
        } else {
            0
        };
        // A learnt layer that reads no ReLU of a batch-norm keeps what it reads.
        let fed = match network.nodes[node].op {
            Op::Image if plan.fed[node] => widths.pixel,
            _ if plan.fed[node] && !plan.normalised[node] => widths.other,
            _ => 0,
        };
        bytes(network, node, normalised + fed + indices(network, node))
    };
    memory(network, &plan.last, value, training)
}

/// The memory of a network as frameworks keep it.
pub fn naive(network: &Network, widths: Widths) -> Memory {
    let last = last_readers(network);
    let read_by = |node: usize, of: fn(&Op) -> bool| {
        let mut readers = network.readers(node).into_iter();
        readers.any(|reader| of(&network.nodes[reader].op))
    };
    let normalised = |node: usize| read_by(node, |op| matches!(op, Op::BatchNorm(_)));
    let summed = |node: usize| read_by(node, |op| *op == Op::Add);
    let width = |node: usize| match network.nodes[node].op {
        Op::Image => widths.pixel,
        // Floating-point numbers serve both.
        _ if normalised(node) && summed(node) && widths.normalised < widths.other => {
            widths.normalised + widths.other
        }
        _ if normalised(node) => widths.normalised,
        _ => widths.other,
    };
    // A ReLU is computed in the place of what it reads, if nothing else reads that.
    let in_place = |node: usize| {
        let input = network.nodes[node].inputs.first();
        network.nodes[node].op == Op::Relu && input.is_some_and(|&input| last[input] == node)
    };
    let value = |node: usize| match in_place(node) {
        true => 0,
        false => bytes(network, node, width(node)),
    };
    let training = |node: usize| {
        let of_norm = if normalised(node) {
            widths.normalised
        } else {
            0
        };
        let of_layer = match read_by(node, Op::is_learnt) {
            true if network.nodes[node].op == Op::Image => widths.pixel,
            true => widths.other,
            false => 0,
        };
        bytes(network, node, of_norm + of_layer + indices(network, node))
    };
    // What is in the place of another value lives where that one does.
    let mut lives = last.clone();
    for (node, &until) in last.iter().enumerate() {
        if let (true, Some(&input)) = (in_place(node), network.nodes[node].inputs.first()) {
            lives[input] = until;
        }
    }
    memory(network, &lives, value, training)
}

/// Bits a max-pool keeps of each of its values, to lead the gradient back.
fn indices(network: &Network, node: usize) -> u64 {
    match network.nodes[node].op {
        Op::MaxPool { .. } => INDEX_BITS,
        _ => 0,
    }
}

/// Bytes of a node's map at so many bits a value.
fn bytes(network: &Network, node: usize, bits: u64) -> u64 {
    (network.nodes[node].shape.values() as u64 * bits).div_ceil(8)
}

/// Walks the nodes in order; a value is alive from its node to the last that reads it. A sum is formed in the place of
/// the value of its inputs that nobody reads any more.
fn memory(
    network: &Network,
    last: &[usize],
    value: impl Fn(usize) -> u64,
    training: impl Fn(usize) -> u64,
) -> Memory {
    let values: Vec<u64> = (0..network.nodes.len()).map(&value).collect();
    let mut nodes = vec![];
    for (node, &value) in values.iter().enumerate() {
        let before = (0..node).filter(|&other| last[other] >= node);
        let alive: u64 = before.map(|other| values[other]).sum();
        let inputs = network.nodes[node].inputs.iter();
        let replaced = inputs
            .filter(|&&input| network.nodes[node].op == Op::Add && last[input] == node)
            .map(|&input| values[input].min(value));
        nodes.push(NodeMemory {
            node,
            value,
            live: alive + value - replaced.max().unwrap_or(0),
            training: training(node),
        });
    }
    Memory { nodes }
}

/// What reads each value once affine, ReLU and concatenation keep nothing.
struct Shared {
    /// By node: the last node that reads its value, directly or through what keeps nothing.
    last: Vec<usize>,
    /// By node: whether a batch-norm reads it, directly or through concatenations.
    normalised: Vec<bool>,
    /// By node: whether codes of it are read: normalised, or pooled and then normalised, as max-pools commute with codes.
    coded: Vec<bool>,
    /// By node: whether something reads it as it is, not normalised.
    plain: Vec<bool>,
    /// By node: whether a learnt layer reads it without a batch-norm between.
    fed: Vec<bool>,
    /// By node: whether it keeps no value.
    view: Vec<bool>,
    sizes: Vec<u64>,
    pixels: Vec<bool>,
}

impl Shared {
    fn of(network: &Network) -> Shared {
        let count = network.nodes.len();
        let is_view = |node: usize| {
            matches!(
                network.nodes[node].op,
                Op::BatchNorm(_) | Op::Relu | Op::Concat
            )
        };
        let is_pool = |node: usize| matches!(network.nodes[node].op, Op::MaxPool { .. });
        // The windows of an average pool are summed as a learnt layer computes them.
        let is_summed = |node: usize| {
            let readers = network.readers(node);
            let pooled =
                |&reader: &usize| matches!(network.nodes[reader].op, Op::AveragePool { .. });
            network.nodes[node].op.is_learnt() && readers.len() == 1 && readers.iter().all(pooled)
        };
        let mut plan = Shared {
            last: (0..count).collect(),
            normalised: vec![false; count],
            coded: vec![],
            plain: vec![false; count],
            fed: vec![false; count],
            view: (0..count)
                .map(|node| is_view(node) || is_summed(node))
                .collect(),
            sizes: network
                .nodes
                .iter()
                .map(|node| node.shape.values() as u64)
                .collect(),
            pixels: network
                .nodes
                .iter()
                .map(|node| node.op == Op::Image)
                .collect(),
        };
        // By node: the values it is made of, and whether a batch-norm stands between.
        let mut sources: Vec<Vec<(usize, bool)>> = vec![];
        for (node, of) in network.nodes.iter().enumerate() {
            let norm = matches!(of.op, Op::BatchNorm(_));
            let mut read: Vec<(usize, bool)> = vec![];
            for &input in &of.inputs {
                read.extend(
                    sources[input]
                        .iter()
                        .map(|&(value, normed)| (value, normed || norm)),
                );
            }
            for &(value, normed) in &read {
                plan.last[value] = node;
                plan.normalised[value] |= normed;
                plan.plain[value] |= !is_view(node) && !normed && !is_pool(node);
                plan.fed[value] |= of.op.is_learnt() && !normed;
            }
            sources.push(if is_view(node) {
                read
            } else {
                vec![(node, false)]
            });
        }
        if let Some(output) = count.checked_sub(1) {
            plan.plain[output] = true;
        }
        plan.coded = plan.normalised.clone();
        for pool in (0..count).rev().filter(|&node| is_pool(node)) {
            let read = network.nodes[pool].inputs.iter();
            for &(value, normed) in read.flat_map(|&input| &sources[input]) {
                plan.coded[value] |= plan.coded[pool];
                plan.plain[value] |= plan.plain[pool] && !normed;
            }
        }
        plan
    }

    fn value(&self, node: usize, widths: Widths) -> u64 {
        if self.view[node] {
            return 0;
        }
        let plain = if self.pixels[node] {
            widths.pixel
        } else {
            widths.other
        };
        let bits = match (self.coded[node], self.plain[node]) {
            // Floating-point numbers serve both.
            (true, true) if widths.normalised >= widths.other => widths.normalised,
            (true, true) => widths.normalised + plain,
            (true, false) => widths.normalised,
            (false, _) => plain,
        };
        (self.sizes[node] * bits).div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topologies::topology;

    #[test]
    fn a_multilayer_perceptron_keeps_one_layer_for_the_next() {
        let network = topology("fc8").unwrap();
        let widest = network.nodes.iter().map(|node| node.shape.values() as u64);
        let image = network.nodes[0].shape.values() as u64;
        let memory = shared(&network, Widths::float(32));
        assert!(memory.test_peak() <= 4 * (image + widest.max().unwrap()));
        // The image, and what each batch-norm reads.
        let normed = network
            .nodes
            .iter()
            .filter(|node| matches!(node.op, Op::BatchNorm(_)));
        let normed: u64 = normed.map(|node| node.shape.values() as u64).sum();
        assert_eq!(memory.training(), 4 * (image + normed));
    }

    #[test]
    fn a_densenet_keeps_features_once_or_a_copy_for_every_layer() {
        let network = topology("densenet-40-12").unwrap();
        let features = |widths| shared(&network, widths).training();
        let copies = |widths| naive(&network, widths).training();
        let (fp32, l4) = (Widths::float(32), Widths::codes(4));
        assert!(copies(fp32) > 8 * features(fp32));
        // An eighth, but for the image and what the classifier reads.
        let ratio = features(fp32) as f64 / features(l4) as f64;
        assert!((7.5..=8.0).contains(&ratio), "{ratio}");
        let peak = |widths| shared(&network, widths).test_peak() as f64;
        assert!(peak(fp32) / peak(l4) > 6.0);
    }

    #[test]
    fn a_residual_network_keeps_its_stream_beside_the_codes() {
        let network = topology("resnet20").unwrap();
        let memory = shared(&network, Widths::codes(4));
        let add = network
            .nodes
            .iter()
            .position(|node| node.op == Op::Add)
            .unwrap();
        let values = network.nodes[add].shape.values() as u64;
        assert_eq!(memory.nodes[add].value, values * (4 + 16) / 8);
        assert_eq!(memory.nodes[add].training, values * 4 / 8);
        let float = shared(&network, Widths::float(16));
        assert_eq!(float.nodes[add].value, values * 2);
        for node in &memory.nodes {
            assert!(node.live >= node.value);
        }
    }
}
