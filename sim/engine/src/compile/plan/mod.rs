//! Which layers run in which order, and what becomes of each one's words.
//!
//! Every learnt layer is one layer of the program, together with an average pool behind it: that is the same
//! convolution with its kernel spread over the window. What a layer computes is a *value*. It goes into the
//! residual stream if a sum reads it, and into a code tensor if a batch-norm does, directly or through
//! concatenations; or out as scores. An addition is done by the last of its inputs that nothing else reads:
//! its words are added to the other input.
//!
//! A value is normalised and stored once, with the statistics of its first reader, the first batch-norm in
//! the network's order. Every other batch-norm that reads it is folded onto these (numerics §4).
//!
//! A ReLU that reads a value itself is done as the value enters the residual stream (numerics §5).

mod rectify;
mod support;

use cromulent_network::{Network, Op, Problem, Problems};

use crate::layer::Storage;
use rectify::Rectified;

/// The program of a network, before any number is known.
pub(in crate::compile) struct Plan {
    /// In the order they run.
    pub layers: Vec<PlannedLayer>,
    /// The code tensors.
    pub tensors: Vec<PlannedTensor>,
    /// The node each value of the residual stream stands for.
    pub streams: Vec<usize>,
    /// Stream values that are added up share a group, named by its first value, and so a unit.
    pub groups: Vec<usize>,
}

/// A value that batch-norms read.
pub(in crate::compile) struct PlannedTensor {
    /// The node whose values it holds.
    pub node: usize,
    /// The batch-norms that read it, the one first whose statistics it is stored with. Never empty.
    pub readers: Vec<Reader>,
    /// How it is stored.
    pub storage: Storage,
}

/// A batch-norm that reads a tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::compile) struct Reader {
    /// The batch-norm.
    pub norm: usize,
    /// The channel in it that is channel 0 of the tensor.
    pub offset: usize,
}

/// One learnt layer in the program.
pub(in crate::compile) struct PlannedLayer {
    /// The learnt node.
    pub node: usize,
    /// The batch-norm before it, and the tensors that one reads, in the order of its channels; `None` for
    /// the image.
    pub input: Option<(usize, Vec<usize>)>,
    /// Whether a global average pool stands before it.
    pub pooled: bool,
    /// The window and the step of an average pool behind it.
    pub average: Option<(usize, usize)>,
    pub output: PlannedOutput,
}

pub(in crate::compile) enum PlannedOutput {
    /// Codes of this tensor.
    Codes(usize),
    /// Stream value `result` = words + `base`, or 0 if `clamp` and that is less, coded as tensor `codes`.
    Residual {
        base: Option<usize>,
        result: usize,
        clamp: bool,
        codes: Option<usize>,
    },
    Scores,
}

/// Plans the program.
///
/// # Errors
/// Every node that this engine cannot run yet, by name, with what is missing.
pub(in crate::compile) fn plan(network: &Network) -> Result<Plan, Problems> {
    let planner = Planner::new(network);
    let mut problems = Problems::default();
    for node in 0..network.nodes.len() {
        if let Some((what, fix)) = planner.unsupported(node) {
            let place = format!("node `{}`", network.nodes[node].name);
            problems.0.push(Problem::new(place, what, fix));
        }
    }
    problems.or(())?;
    Ok(planner.plan())
}

struct Planner<'a> {
    network: &'a Network,
    /// By node, ReLUs on the stream resolved.
    inputs: Vec<Vec<usize>>,
    /// By node, ReLUs on the stream resolved.
    readers: Vec<Vec<usize>>,
    /// By node: whether a ReLU on the stream is done with its values.
    clamped: Vec<bool>,
    /// By node: the batch-norms that read its values, directly or through concatenations.
    norms: Vec<Vec<Reader>>,
    /// The values with a code tensor.
    tensors: Vec<usize>,
    /// The values in the residual stream.
    streams: Vec<usize>,
}

impl<'a> Planner<'a> {
    fn new(network: &'a Network) -> Planner<'a> {
        let nodes = 0..network.nodes.len();
        let graph = Rectified::of(network);
        let mut planner = Planner {
            network,
            inputs: graph.inputs,
            readers: graph.readers,
            clamped: graph.clamped,
            norms: vec![],
            tensors: vec![],
            streams: vec![],
        };
        let mut norms = vec![vec![]; network.nodes.len()];
        for norm in nodes.clone().filter(|&i| planner.is_norm(i)) {
            let mut offset = 0;
            for value in planner.features(norm) {
                norms[value].push(Reader { norm, offset });
                offset += network.nodes[value].shape.channels;
            }
        }
        planner.norms = norms;
        planner.tensors = nodes
            .clone()
            .filter(|&i| !planner.norms[i].is_empty())
            .collect();
        planner.streams = nodes.filter(|&i| planner.is_stream(i)).collect();
        planner
    }

    fn op(&self, node: usize) -> &Op {
        &self.network.nodes[node].op
    }

    fn name(&self, node: usize) -> &str {
        &self.network.nodes[node].name
    }

    fn inputs(&self, node: usize) -> &[usize] {
        &self.inputs[node]
    }

    fn is_norm(&self, node: usize) -> bool {
        matches!(self.op(node), Op::BatchNorm(_))
    }

    /// A learnt layer, or an average pool behind one that nothing else reads.
    fn is_computed(&self, node: usize) -> bool {
        self.op(node).is_learnt() || self.averaged(node).is_some()
    }

    /// Whether a node is a value, or would be but for an average pool behind it.
    fn is_sum(&self, node: usize) -> bool {
        *self.op(node) == Op::Add || self.is_computed(node)
    }

    fn is_output(&self, node: usize) -> bool {
        node + 1 == self.network.nodes.len()
    }

    /// The learnt layer that an average pool is done with.
    fn averaged(&self, pool: usize) -> Option<usize> {
        let Op::AveragePool { .. } = self.op(pool) else {
            return None;
        };
        let source = *self.inputs(pool).first()?;
        let own = matches!(self.op(source), Op::Convolution(_)) && self.readers[source] == [pool];
        (own && !self.clamped[source]).then_some(source)
    }

    /// The average pool that is done with a learnt layer.
    fn average(&self, learnt: usize) -> Option<usize> {
        let [pool] = self.readers[learnt][..] else {
            return None;
        };
        (self.averaged(pool) == Some(learnt)).then_some(pool)
    }

    /// The nodes whose channels a node reads, concatenations resolved.
    fn features(&self, node: usize) -> Vec<usize> {
        let resolve = |&input: &usize| match self.op(input) {
            Op::Concat => self.features(input),
            _ => vec![input],
        };
        self.inputs(node).iter().flat_map(resolve).collect()
    }

    /// Whether a node's values are words of the residual stream: sums, what sums read, and what is clamped.
    fn is_stream(&self, node: usize) -> bool {
        let added = |&reader: &usize| *self.op(reader) == Op::Add;
        match self.op(node) {
            Op::Add => true,
            _ => {
                self.is_computed(node)
                    && self.adder(node).is_none()
                    && (self.clamped[node] || self.readers[node].iter().any(added))
            }
        }
    }

    /// The addition that is done with a value.
    fn adder(&self, value: usize) -> Option<usize> {
        let [add] = self.readers[value][..] else {
            return None;
        };
        (self.finisher(add) == Some(value)).then_some(add)
    }

    /// The input with which an addition is done: the last one read by nothing else.
    fn finisher(&self, add: usize) -> Option<usize> {
        if *self.op(add) != Op::Add {
            return None;
        }
        let private =
            |&&i: &&usize| self.is_computed(i) && self.readers[i] == [add] && !self.clamped[i];
        self.inputs(add).iter().filter(private).max().copied()
    }

    fn tensor(&self, value: usize) -> Option<usize> {
        self.tensors.iter().position(|&i| i == value)
    }

    fn stream(&self, value: usize) -> Option<usize> {
        self.streams.iter().position(|&i| i == value)
    }

    /// The program of a network that is supported throughout.
    fn plan(mut self) -> Plan {
        let mut layers = Vec::new();
        for node in 0..self.network.nodes.len() {
            match self.finisher(node) {
                // Only at the sum is its other input there for sure.
                Some(value) => layers.push(self.layer(self.averaged(value).unwrap_or(value))),
                None if self.op(node).is_learnt() => {
                    let value = self.average(node).unwrap_or(node);
                    if self.adder(value).is_none() {
                        layers.push(self.layer(node));
                    }
                }
                None => {}
            }
        }
        let groups = self.groups();
        let tensor = |&node: &usize| PlannedTensor {
            node,
            readers: std::mem::take(&mut self.norms[node]),
            storage: Storage::Codes,
        };
        Plan {
            layers,
            groups,
            tensors: self.tensors.iter().map(tensor).collect(),
            streams: self.streams,
        }
    }

    fn layer(&self, node: usize) -> PlannedLayer {
        let mut source = self.inputs(node)[0];
        let pooled = *self.op(source) == Op::GlobalAveragePool;
        if pooled {
            source = self.inputs(source)[0];
        }
        // Behind a ReLU stands a batch-norm, behind nothing else than the image.
        let norm = self.inputs(source).first().filter(|&&i| self.is_norm(i));
        let read = |norm: usize| {
            let tensors = self.features(norm);
            let tensors = tensors.into_iter().filter_map(|value| self.tensor(value));
            (norm, tensors.collect())
        };
        let window = |pool: usize| match *self.op(pool) {
            Op::AveragePool { kernel, stride } => Some((kernel, stride)),
            _ => None,
        };
        PlannedLayer {
            node,
            input: norm.copied().map(read),
            pooled,
            average: self.average(node).and_then(window),
            output: self.output(self.average(node).unwrap_or(node)),
        }
    }

    /// What becomes of what a layer computes.
    fn output(&self, computed: usize) -> PlannedOutput {
        let value = self.adder(computed).unwrap_or(computed);
        let codes = self.tensor(value);
        if let Some(result) = self.stream(value) {
            let added = value != computed;
            let others = self
                .inputs(value)
                .iter()
                .filter(|&&i| added && i != computed);
            return PlannedOutput::Residual {
                base: others.copied().find_map(|i| self.stream(i)),
                result,
                clamp: self.clamped[value],
                codes,
            };
        }
        codes.map_or(PlannedOutput::Scores, PlannedOutput::Codes)
    }

    /// The group of each stream value. A value comes after those it is the sum of.
    fn groups(&self) -> Vec<usize> {
        let mut groups: Vec<usize> = (0..self.streams.len()).collect();
        for (value, &node) in self.streams.iter().enumerate() {
            if *self.op(node) == Op::Add {
                for term in self.inputs(node).iter().filter_map(|&i| self.stream(i)) {
                    let (from, to) = (groups[value], groups[term]);
                    groups
                        .iter_mut()
                        .filter(|g| **g == from)
                        .for_each(|g| *g = to);
                }
            }
        }
        groups
    }
}
