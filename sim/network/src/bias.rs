//! Convolution biases: carried forward to the batch-norms, whose means take them up.
//!
//! A bias is a constant per channel. Sums, pools and concatenations pass constants on, and
//! `(x + d) − mean = x − (mean − d)`, so a network whose biases all meet a batch-norm computes
//! the same without them.

use crate::graph::{Network, Node, Op};

/// What a node's true values exceed its computed values by, per channel; `None`: nothing.
pub(crate) type Offset = Option<Vec<f64>>;

/// Moves the biases (per node, the image first) into the batch-norms they reach. Nodes between
/// compute their values less the constant from then on.
///
/// Returns the nodes where a bias meets something else, with what is wrong and what would be
/// right; the network is then of no use.
pub(crate) fn fold(network: &mut Network, biases: Vec<Offset>) -> Vec<(usize, String, String)> {
    let mut problems = Vec::new();
    let channels: Vec<usize> = network
        .nodes
        .iter()
        .map(|node| node.shape.channels)
        .collect();
    let mut offsets = biases;
    for i in 1..network.nodes.len() {
        let node = &mut network.nodes[i];
        let Some(arriving) = arriving(node, &offsets, &channels) else {
            continue;
        };
        match &mut node.op {
            Op::BatchNorm(bn) => {
                bn.mean
                    .iter_mut()
                    .zip(arriving)
                    .for_each(|(mean, offset)| *mean -= offset);
            }
            op if op.is_learnt() || *op == Op::Relu => {
                let what = format!(
                    "a convolution's bias reaches this {} unnormalised",
                    op.name()
                );
                let fix = "put a batch-norm before it, or remove the bias";
                problems.push((i, what, fix.into()));
            }
            _ => offsets[i] = Some(arriving),
        }
    }
    let last = network.nodes.len() - 1;
    if offsets[last].is_some() {
        let what = "a convolution's bias reaches the output unnormalised";
        let fix = "put a batch-norm after it, or make the last layer linear";
        problems.push((last, what.into(), fix.into()));
    }
    problems
}

/// The constant per channel that `node`'s inputs leave out; `None` if they leave out nothing.
fn arriving(node: &Node, inputs: &[Offset], channels: &[usize]) -> Option<Vec<f64>> {
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
