//! One normalisation for each feature: where several batch-norms read it, the later ones take the statistics of the
//! first, and their affines make up for it.

use std::collections::BTreeMap;

use cromulent_network::{Op, Problem};

use super::{Questions, Rewritten};
use crate::graph::Graph;

/// A channel of a node that is no concatenation.
type Feature = (usize, usize);

pub(super) fn rewrite(graph: &mut Graph, done: &mut Rewritten) -> Result<(), Problem> {
    let shapes = graph.shapes()?;
    let mut known: BTreeMap<Feature, (f64, f64)> = BTreeMap::new();
    let mut changed = vec![];
    for node in graph.order() {
        let Some(norm) = graph.norm(node).cloned() else {
            continue;
        };
        let features = features(
            graph,
            graph.source(node),
            &shapes.iter().map(|s| s.channels).collect::<Vec<_>>(),
        );
        let mut shared = norm.clone();
        shared.epsilon = 0.0;
        let mut differs = false;
        for (c, feature) in features.into_iter().enumerate() {
            let own = (norm.mean[c], norm.sigma(c));
            let (mean, sigma) = *known.entry(feature).or_insert(own);
            differs |= (mean, sigma) != own;
            let affine = norm.affine_over(c, mean, sigma);
            (shared.mean[c], shared.variance[c]) = (mean, sigma * sigma);
            (shared.scale[c], shared.shift[c]) = (affine.a, affine.b);
        }
        if differs {
            if let Some(Op::BatchNorm(norm)) = graph.op_mut(node) {
                *norm = shared;
            }
            changed.push(graph.name(node).to_owned());
        }
    }
    done.note(
        "statistics",
        changed,
        "given the statistics of the first batch-norm that reads each feature, their affines adapted",
    );
    Ok(())
}

/// The features of a node, in the order of its channels.
fn features(graph: &Graph, node: usize, channels: &[usize]) -> Vec<Feature> {
    // Depth first, without recursion; what is read last is stacked first.
    let (mut features, mut open) = (vec![], vec![node]);
    while let Some(node) = open.pop() {
        match graph.op(node) {
            Some(Op::Concat) => open.extend(graph.nodes[node].inputs.iter().rev()),
            _ => features.extend((0..channels[node]).map(|channel| (node, channel))),
        }
    }
    features
}
