//! Identities: where a learnt layer reads a ReLU without a batch-norm, one that changes nothing is put in. It takes off
//! a mean, divides by a deviation, and its affine undoes both; what is left is a place where values are coded.

use cromulent_network::{BatchNorm, Convolution, Op, Problem, Tensor};

use super::{Inserted, Questions, Rewritten};
use crate::graph::Graph;

pub(super) fn rewrite(graph: &mut Graph, done: &mut Rewritten) -> Result<(), Problem> {
    let shapes = graph.shapes()?;
    let (mut put_in, mut layers) = (vec![], vec![]);
    for node in graph.order().into_iter().skip(1) {
        let readers = graph.readers();
        let (consumers, others): (Vec<usize>, Vec<usize>) = readers[node]
            .iter()
            .partition(|&&reader| graph.is_consumer(reader, &readers));
        let channels = shapes[node].channels;
        let source = graph.source(node);
        match graph.op(node) {
            // An average pool between belongs to what reads it.
            Some(Op::AveragePool { .. } | Op::GlobalAveragePool) => {}
            Some(Op::Relu) if graph.norm(source).is_some() && others.is_empty() => {}
            Some(Op::Relu) if graph.norm(source).is_some() => {
                let name = format!("{}.identity", graph.name(node));
                let layer = graph.push(&name, identity(channels), vec![node]);
                graph.redirect_some(node, layer, |reader| others.contains(&reader));
                layers.push(graph.name(layer).to_owned());
            }
            Some(Op::Relu)
                if !consumers.is_empty() && others.is_empty() && node != graph.output =>
            {
                let name = format!("{}.norm", graph.name(node));
                let norm = graph.push(&name, unit(channels), vec![source]);
                graph.nodes[node].inputs = vec![norm];
                put_in.push(Inserted { norm, of: source });
            }
            Some(op) if !consumers.is_empty() && !op.is_learnt() && is_positive(graph, node) => {
                let of = if *op == Op::Relu { source } else { node };
                let name = format!("{}.norm", graph.name(node));
                let norm = graph.push(&name, unit(channels), vec![node]);
                let relu = graph.push(&format!("{name}.relu"), Op::Relu, vec![norm]);
                graph.redirect_some(node, relu, |reader| consumers.contains(&reader));
                put_in.push(Inserted { norm, of });
            }
            _ => {}
        }
    }
    let names = put_in
        .iter()
        .map(|put_in| graph.name(put_in.norm).to_owned())
        .collect();
    done.note(
        "identity-norm",
        names,
        "put in: normalisations that change nothing, between a ReLU and the learnt layers that read it",
    );
    done.inserted.extend(put_in);
    done.note(
        "identity-layer",
        layers,
        "put in: 1×1 convolutions of ones, where no learnt layer read a ReLU behind a batch-norm",
    );
    Ok(())
}

/// Whether a node's values are never below 0.
fn is_positive(graph: &Graph, node: usize) -> bool {
    let mut open = vec![node];
    let mut seen = vec![];
    while let Some(node) = open.pop() {
        match graph.op(node) {
            Some(Op::Relu) => {}
            Some(
                Op::Concat
                | Op::Add
                | Op::MaxPool { .. }
                | Op::AveragePool { .. }
                | Op::GlobalAveragePool,
            ) => {
                if !seen.contains(&node) {
                    seen.push(node);
                    open.extend(&graph.nodes[node].inputs);
                }
            }
            _ => return false,
        }
    }
    true
}

/// A normalisation that is still the identity.
fn unit(channels: usize) -> Op {
    Op::BatchNorm(BatchNorm {
        scale: vec![1.0; channels],
        shift: vec![0.0; channels],
        mean: vec![0.0; channels],
        variance: vec![1.0; channels],
        epsilon: 0.0,
        format: None,
    })
}

/// A 1×1 convolution of ones from each channel to itself.
fn identity(channels: usize) -> Op {
    let one = |place: usize| f32::from(u8::from(place / channels == place % channels));
    Op::Convolution(Convolution {
        weight: Tensor {
            shape: vec![channels, channels, 1, 1],
            values: (0..channels * channels).map(one).collect(),
        },
        bias: vec![],
        stride: 1,
        padding: 0,
    })
}
