//! Pools: the form has max-pools before a batch-norm, and average pools behind what they commute with.

use cromulent_network::{Op, Problem};

use super::{Questions, Rewritten};
use crate::graph::Graph;

pub(super) fn rewrite(graph: &mut Graph, done: &mut Rewritten) -> Result<(), Problem> {
    let mut moved = vec![];
    while let Some(pool) = graph.order().into_iter().find_map(|node| lift(graph, node)) {
        if !moved.contains(&pool) {
            moved.push(pool);
        }
    }
    let names = moved
        .iter()
        .map(|&pool| graph.name(pool).to_owned())
        .collect();
    done.note(
        "max-pool",
        names,
        "moved before batch-norm and ReLU, channels of a negative scale with their sign changed",
    );
    let mut behind = vec![];
    while let Some(pool) = graph
        .order()
        .into_iter()
        .find_map(|node| lower(graph, node))
    {
        behind.push(graph.name(pool).to_owned());
    }
    done.note(
        "average-pool",
        behind,
        "moved behind the 1×1 convolution that reads it",
    );
    spread(graph, done)
}

/// Moves a max-pool one place up, if that helps; its number.
fn lift(graph: &mut Graph, pool: usize) -> Option<usize> {
    let Some(Op::MaxPool { .. }) = graph.op(pool) else {
        return None;
    };
    let before = graph.source(pool);
    let readers = graph.readers();
    if readers[before] != [pool] || before == graph.output {
        return None;
    }
    match graph.op(before)? {
        Op::Relu => {}
        Op::BatchNorm(norm) if norm.scale.iter().all(|&scale| scale >= 0.0) => {}
        Op::BatchNorm(_) => turn(graph, before, &readers)?,
        _ => return None,
    }
    graph.swap(before, pool);
    Some(pool)
}

/// Makes the scales of a batch-norm positive by changing signs in the layer before it.
fn turn(graph: &mut Graph, norm: usize, readers: &[Vec<usize>]) -> Option<()> {
    let source = graph.source(norm);
    if readers[source] != [norm] || !graph.op(source)?.is_learnt() {
        return None;
    }
    let Some(Op::BatchNorm(norm)) = graph.op_mut(norm) else {
        return None;
    };
    let negative: Vec<bool> = norm.scale.iter().map(|&scale| scale < 0.0).collect();
    for (c, _) in negative
        .iter()
        .enumerate()
        .filter(|(_, negative)| **negative)
    {
        norm.scale[c] = -norm.scale[c];
        norm.mean[c] = -norm.mean[c];
    }
    let (weight, bias) = match graph.op_mut(source)? {
        Op::Convolution(c) => (&mut c.weight, &mut c.bias),
        Op::Linear(linear) => (&mut linear.weight, &mut linear.bias),
        _ => return None,
    };
    let inner = weight.values.len() / negative.len();
    for (row, _) in weight
        .values
        .chunks_mut(inner)
        .zip(&negative)
        .filter(|(_, negative)| **negative)
    {
        row.iter_mut().for_each(|weight| *weight = -*weight);
    }
    for (bias, _) in bias
        .iter_mut()
        .zip(&negative)
        .filter(|(_, negative)| **negative)
    {
        *bias = -*bias;
    }
    Some(())
}

/// Moves an average pool that stands behind a ReLU behind the 1×1 convolution that reads it; its number.
fn lower(graph: &mut Graph, pool: usize) -> Option<usize> {
    let Some(Op::AveragePool { .. }) = graph.op(pool) else {
        return None;
    };
    let [reader] = graph.readers()[pool][..] else {
        return None;
    };
    let Some(Op::Convolution(c)) = graph.op(reader) else {
        return None;
    };
    let single = (c.kernel_height(), c.kernel_width(), c.stride, c.padding) == (1, 1, 1, 0);
    if !single || graph.op(graph.source(pool)) != Some(&Op::Relu) {
        return None;
    }
    graph.swap(pool, reader);
    Some(pool)
}

/// Spreads the weights of linear layers over the windows of the average pools that they read.
fn spread(graph: &mut Graph, done: &mut Rewritten) -> Result<(), Problem> {
    let (shapes, readers) = (graph.shapes()?, graph.readers());
    let mut merged = vec![];
    for linear in graph.order() {
        let pool = graph.source(linear);
        let (Some(Op::Linear(_)), Some(&Op::AveragePool { kernel, stride })) =
            (graph.op(linear), graph.op(pool))
        else {
            continue;
        };
        if readers[pool] != [linear] {
            continue;
        }
        let (map, pooled, source) = (shapes[graph.source(pool)], shapes[pool], graph.source(pool));
        let name = graph.name(pool).to_owned();
        let Some(Op::Linear(l)) = graph.op_mut(linear) else {
            continue;
        };
        let outputs = l.weight.shape[0];
        let mut values = vec![0.0f64; outputs * map.values()];
        let share = 1.0 / (kernel * kernel) as f64;
        for (place, &weight) in l.weight.values.iter().enumerate() {
            let (output, value) = (place / pooled.values(), place % pooled.values());
            let (channel, position) = (
                value / (pooled.height * pooled.width),
                value % (pooled.height * pooled.width),
            );
            let (y, x) = (
                position / pooled.width * stride,
                position % pooled.width * stride,
            );
            for window in 0..kernel * kernel {
                let (y, x) = (y + window / kernel, x + window % kernel);
                let to = (channel * map.height + y) * map.width + x;
                values[output * map.values() + to] += f64::from(weight) * share;
            }
        }
        l.weight.shape[1] = map.values();
        l.weight.values = values.into_iter().map(|value| value as f32).collect();
        graph.nodes[linear].inputs = vec![source];
        merged.push(name);
    }
    done.note(
        "average-pool-linear",
        merged,
        "made part of the linear layer that reads it",
    );
    Ok(())
}
