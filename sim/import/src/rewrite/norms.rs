//! Batch-norms that are not followed by a ReLU and a learnt layer become part of the layer before them: its weights
//! times a/σ, and b − a·μ/σ as a bias.

use cromulent_network::{BatchNorm, Op};

use super::{Questions, Rewritten};
use crate::graph::Graph;

pub(super) fn rewrite(graph: &mut Graph, done: &mut Rewritten) {
    let mut folded = vec![];
    for norm in graph.order() {
        let readers = graph.readers();
        if graph.norm(norm).is_none() || is_followed(graph, norm, &readers) {
            continue;
        }
        let Some(layer) = layer(graph, norm, &readers) else {
            continue;
        };
        let Some(affine) = graph.norm(norm).cloned() else {
            continue;
        };
        fold(graph, layer, &affine);
        folded.push(graph.name(norm).to_owned());
        let before = graph.source(norm);
        graph.redirect(norm, before);
    }
    done.note(
        "batch-norm",
        folded,
        "folded into the layer before it: no learnt layer of its own follows",
    );
}

/// Whether ReLUs are all that reads a batch-norm, and learnt layers all that reads those.
fn is_followed(graph: &Graph, norm: usize, readers: &[Vec<usize>]) -> bool {
    let right = |&relu: &usize| {
        graph.op(relu) == Some(&Op::Relu)
            && relu != graph.output
            && readers[relu]
                .iter()
                .all(|&reader| graph.is_consumer(reader, readers))
    };
    norm != graph.output && readers[norm].iter().all(right)
}

/// The layer that a batch-norm can be folded into, past pools.
fn layer(graph: &Graph, norm: usize, readers: &[Vec<usize>]) -> Option<usize> {
    let scales = &graph.norm(norm)?.scale;
    let (mut reader, mut node) = (norm, graph.source(norm));
    loop {
        if readers[node] != [reader] {
            return None;
        }
        match graph.op(node)? {
            op if op.is_learnt() => return Some(node),
            Op::AveragePool { .. } | Op::GlobalAveragePool => {}
            Op::MaxPool { .. } if scales.iter().all(|&scale| scale >= 0.0) => {}
            _ => return None,
        }
        (reader, node) = (node, graph.source(node));
    }
}

fn fold(graph: &mut Graph, layer: usize, norm: &BatchNorm) {
    let (weight, bias) = match graph.op_mut(layer) {
        Some(Op::Convolution(c)) => (&mut c.weight, &mut c.bias),
        Some(Op::Linear(linear)) => (&mut linear.weight, &mut linear.bias),
        _ => return,
    };
    let channels = norm.channels();
    bias.resize(channels, 0.0);
    let inner = weight.values.len() / channels;
    for (c, (row, bias)) in weight.values.chunks_mut(inner).zip(bias).enumerate() {
        let factor = norm.scale[c] / norm.sigma(c);
        row.iter_mut()
            .for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
        *bias = (norm.shift[c] + (f64::from(*bias) - norm.mean[c]) * factor) as f32;
    }
}
