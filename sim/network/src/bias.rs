//! Convolution biases: carried forward to the batch-norms, whose means take them up.
//!
//! A bias is a constant per channel. Sums, pools and concatenations pass constants on, and
//! `(x + d) − mean = x − (mean − d)`, so a network whose biases all meet a batch-norm computes
//! the same without them. One that meets anything else too, such as the ReLU of a residual stream, stays.

use crate::graph::{Network, Node, Op};

/// What a node's true values exceed its computed values by, per channel; `None`: nothing.
type Offset = Option<Vec<f64>>;

/// Moves the biases that only batch-norms see into their means. Nodes between compute their values less the
/// constant from then on.
pub(crate) fn fold(network: &mut Network) {
    let ends = ends_in_norms(network);
    let channels = network.nodes.iter().map(|node| node.shape.channels);
    let channels: Vec<usize> = channels.collect();
    let mut offsets: Vec<Offset> = vec![None; network.nodes.len()];
    for (i, node) in network.nodes.iter_mut().enumerate().skip(1) {
        let arriving = arriving(node, &offsets, &channels);
        match (&mut node.op, arriving) {
            (Op::Convolution(c), _) if ends[i] && !c.bias.is_empty() => {
                let bias = std::mem::take(&mut c.bias);
                offsets[i] = Some(bias.into_iter().map(f64::from).collect());
            }
            (Op::BatchNorm(bn), Some(arriving)) => {
                let means = bn.mean.iter_mut().zip(arriving);
                means.for_each(|(mean, offset)| *mean -= offset);
            }
            // Only what passes constants on can be here: see `ends_in_norms`.
            (_, arriving) => offsets[i] = arriving,
        }
    }
}

/// By node: whether every path from it leads to a batch-norm through sums, pools and concatenations only.
fn ends_in_norms(network: &Network) -> Vec<bool> {
    let mut ends = vec![false; network.nodes.len()];
    for i in (0..network.nodes.len()).rev() {
        let readers = network.readers(i);
        let right = |&reader: &usize| match &network.nodes[reader].op {
            Op::BatchNorm(_) => true,
            op if op.is_learnt() || *op == Op::Relu => false,
            _ => ends[reader],
        };
        ends[i] = !readers.is_empty() && readers.iter().all(right);
    }
    ends
}

/// The constant per channel that `node`'s inputs leave out; `None` if they leave out nothing.
fn arriving(node: &Node, inputs: &[Offset], channels: &[usize]) -> Offset {
    let read: Vec<&Offset> = node.inputs.iter().map(|&i| &inputs[i]).collect();
    read.iter().find(|offset| offset.is_some())?;
    let constants = node.inputs.iter().map(|&i| match &inputs[i] {
        Some(offset) => offset.clone(),
        None => vec![0.0; channels[i]],
    });
    Some(match node.op {
        Op::Concat => constants.flatten().collect(),
        _ => constants.reduce(|sum, more| sum.iter().zip(more).map(|(a, b)| a + b).collect())?,
    })
}
