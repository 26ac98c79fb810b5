//! ReLUs on the residual stream, and the graph without them.
//!
//! A ReLU that reads a value (a learnt layer, an average pool behind one, a sum) is done with it: words of the
//! stream are raised to 0 as they are written. One behind a max-pool of the value is done before the pool, which is
//! the same. So whatever reads the ReLU reads the value, and the rest of the
//! plan need not know of the ReLU, only that the value is *clamped*.

use cromulent_network::{Network, Op};

/// Which nodes read which, once every ReLU on the stream is part of the value it reads.
pub(super) struct Rectified {
    /// By node: what it reads.
    pub inputs: Vec<Vec<usize>>,
    /// By node: what reads it, or through its ReLU. Of a ReLU: what reads it in the network.
    pub readers: Vec<Vec<usize>>,
    /// By node: whether a ReLU is done with its values.
    pub clamped: Vec<bool>,
}

impl Rectified {
    pub(super) fn of(network: &Network) -> Rectified {
        let count = network.nodes.len();
        let rectified: Vec<Option<usize>> = (0..count).map(|i| rectified(network, i)).collect();
        let below = |relu: usize| network.nodes[relu].inputs.first().copied();
        let value = (0..count).map(|i| rectified[i].and_then(|_| below(i)));
        let value: Vec<Option<usize>> = value.collect();
        let inputs = |node: usize| {
            let inputs = network.nodes[node].inputs.iter();
            inputs.map(|&i| value[i].unwrap_or(i)).collect()
        };
        let inputs: Vec<Vec<usize>> = (0..count).map(inputs).collect();
        let readers = |node: usize| match value[node] {
            Some(_) => network.readers(node),
            None => (0..count)
                .filter(|&i| value[i].is_none() && inputs[i].contains(&node))
                .collect(),
        };
        let mut clamped = vec![false; count];
        rectified
            .iter()
            .flatten()
            .for_each(|&node| clamped[node] = true);
        Rectified {
            readers: (0..count).map(readers).collect(),
            inputs,
            clamped,
        }
    }
}

/// The value that a ReLU on the stream reads, directly or through max-pools; `None` for any other node.
pub(super) fn rectified(network: &Network, relu: usize) -> Option<usize> {
    if network.nodes[relu].op != Op::Relu {
        return None;
    }
    let mut source = *network.nodes[relu].inputs.first()?;
    while let Op::MaxPool { .. } = network.nodes[source].op {
        source = *network.nodes[source].inputs.first()?;
    }
    let op = &network.nodes[source].op;
    let value = op.is_learnt() || matches!(op, Op::Add | Op::AveragePool { .. });
    value.then_some(source)
}
