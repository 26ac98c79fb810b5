//! Which layers run in which order, and what becomes of each one's words.
//!
//! Every learnt layer is one layer of the program, together with an average pool behind it: that is the same
//! convolution with its kernel spread over the window. What a layer computes is a *value*. It goes into the
//! residual stream if a sum reads it, and into a code tensor if a batch-norm does, directly or through
//! concatenations; or out as scores. An addition is done by the last of its inputs that nothing else reads:
//! its words are added to the other input.
//!
//! A value is normalised and stored once, with the statistics of its first reader, the first batch-norm in
//! the network's order. Every other batch-norm that reads it is folded onto these (numerics §4). Where batch-norms want
//! different formats, [`super::forms`] has it stored again.
//!
//! A max-pool pools codes, which commutes with normalising them (numerics §4): a value is coded by the batch-norm
//! behind the pool, and its code tensor pooled, if possible as it leaves the layer that computes it (`output_pool`). Where that is not enough, because a sum reads the pooled value, or
//! because no learnt layer stands between a ReLU and the next batch-norm, a layer of identities puts the value
//! there: it multiplies codes by 1.
//!
//! A ReLU that reads a value itself is done as the value enters the residual stream (numerics §5).

mod output_pool;
mod pools;
mod rectify;
mod support;

use cromulent_design::Design;
use cromulent_network::{Network, Op, Problem, Problems};

use super::{Choices, shape};
use crate::image::MapShape;
use crate::layer::{Pooling, Storage, Task};
use pools::Feature;
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

impl Plan {
    /// Whether a ReLU is done with a node's values as they enter the residual stream.
    pub fn rectifies(&self, node: usize) -> bool {
        let mut layers = self.layers.iter();
        layers.any(|layer| match layer.output {
            PlannedOutput::Residual {
                result,
                clamp: true,
                codes,
                pooled,
                ..
            } => {
                // A value that is pooled on its way into the stream is none of the stream's.
                let coded = codes.is_some_and(|codes| self.tensors[codes].value == node);
                self.streams[result] == node || (pooled && coded)
            }
            _ => false,
        })
    }
}

/// A value that batch-norms read, or what max-pools make of it.
#[derive(Clone)]
pub(in crate::compile) struct PlannedTensor {
    /// The node whose values it holds.
    pub node: usize,
    /// The node whose values these are, before they were pooled.
    pub value: usize,
    /// Its shape: of a pool behind a concatenation it is a part of what the node gives.
    pub shape: MapShape,
    /// The batch-norms that read the value, pooled or not, the one first whose statistics it is stored with.
    /// Never empty.
    pub readers: Vec<Reader>,
    /// Where it comes from, if it is pooled.
    pub pooled: Option<Pooled>,
    /// How it is stored.
    pub storage: Storage,
}

impl PlannedTensor {
    /// Whether its codes come from a quantizer, not from another tensor.
    pub fn is_coded(&self) -> bool {
        self.pooled.is_none_or(|pooled| pooled.from.is_none())
    }
}

/// What a max-pool makes a tensor of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::compile) struct Pooled {
    /// The tensor it pools; `None` if that is pooled as it leaves its layer, and so is no tensor.
    pub from: Option<usize>,
    /// The batch-norm before the pool, whose ReLU it reads; `None` if the value itself is pooled.
    pub activated: Option<Reader>,
}

/// A batch-norm that reads a tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::compile) struct Reader {
    /// The batch-norm.
    pub norm: usize,
    /// The channel in it that is channel 0 of the tensor.
    pub offset: usize,
}

/// One layer of the program.
#[derive(Clone)]
pub(in crate::compile) struct PlannedLayer {
    /// Its name: the node's, or one made of it.
    pub name: String,
    /// The learnt node, or the one whose values an identity or a max-pool gives.
    pub node: usize,
    /// What it does.
    pub task: Task,
    /// The batch-norm before it, and the tensors it reads, in the order of their channels; `None` for the image.
    pub input: Option<(Option<usize>, Vec<usize>)>,
    /// The shape of the maps it reads, side by side.
    pub map: MapShape,
    /// Whether a global average pool stands before it.
    pub pooled: bool,
    /// The window and the step of an average pool behind it.
    pub average: Option<(usize, usize)>,
    /// A max-pool that is done with its codes as they leave.
    pub pooling: Option<Pooling>,
    pub output: PlannedOutput,
}

impl PlannedLayer {
    /// Whether it rectifies this value of the residual stream as it writes it.
    pub fn clamps(&self, stream: usize) -> bool {
        matches!(self.output, PlannedOutput::Residual { result, clamp: true, .. } if result == stream)
    }
}

#[derive(Clone)]
pub(in crate::compile) enum PlannedOutput {
    /// Codes of this tensor.
    Codes(usize),
    /// Stream value `result` = words + `base`, or 0 if `clamp` and that is less, coded as tensor `codes`.
    Residual {
        base: Option<usize>,
        result: usize,
        clamp: bool,
        codes: Option<usize>,
        /// Its words are pooled, as the codes are, before they are written.
        pooled: bool,
    },
    Scores,
}

/// Plans the program, for a design only so far as it pools.
///
/// # Errors
/// Every node that this engine cannot run yet, by name, with what is missing.
pub(in crate::compile) fn plan(
    network: &Network,
    design: &Design,
    choices: &Choices,
) -> Result<Plan, Problems> {
    let planner = Planner::new(network);
    let mut problems = Problems::default();
    for node in 0..network.nodes.len() {
        if let Some((what, fix)) = planner.unsupported(node) {
            let place = format!("node `{}`", network.nodes[node].name);
            problems.0.push(Problem::new(place, what, fix));
        }
    }
    problems.or(())?;
    let mut plan = planner.plan();
    if design.max_pool && !choices.pool_in_rows {
        plan.pool_on_the_way_out(network);
    }
    Ok(plan)
}

struct Planner<'a> {
    network: &'a Network,
    /// By node, ReLUs on the stream resolved.
    inputs: Vec<Vec<usize>>,
    /// By node, ReLUs on the stream resolved.
    readers: Vec<Vec<usize>>,
    /// By node: whether a ReLU on the stream is done with its values.
    clamped: Vec<bool>,
    /// By node: the batch-norms that read its values, directly or through concatenations and max-pools.
    norms: Vec<Vec<Reader>>,
    /// What has a code tensor.
    tensors: Vec<Feature>,
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
            for feature in planner.features(norm) {
                norms[feature.value].push(Reader { norm, offset });
                offset += network.nodes[feature.value].shape.channels;
            }
        }
        planner.norms = norms;
        planner.tensors = nodes.clone().flat_map(|i| planner.coded(i)).collect();
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

    /// A learnt layer, an average pool behind one that nothing else reads, or a node whose values a layer of
    /// identities puts where they are read.
    fn is_computed(&self, node: usize) -> bool {
        self.op(node).is_learnt() || self.averaged(node).is_some() || self.is_identity(node)
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

    fn tensor(&self, feature: &Feature) -> Option<usize> {
        self.tensors.iter().position(|known| known == feature)
    }

    /// The tensors of features.
    fn tensors(&self, features: &[Feature]) -> Vec<usize> {
        let tensors = features.iter().filter_map(|feature| self.tensor(feature));
        tensors.collect()
    }

    fn stream(&self, value: usize) -> Option<usize> {
        self.streams.iter().position(|&i| i == value)
    }

    /// The program of a network that is supported throughout.
    fn plan(self) -> Plan {
        let mut layers = Vec::new();
        for node in 0..self.network.nodes.len() {
            layers.extend(self.pool_layers(node));
            match self.finisher(node) {
                // Only at the sum is its other input there for sure.
                Some(value) => layers.push(self.layer(self.averaged(value).unwrap_or(value))),
                None if self.op(node).is_learnt() || self.is_identity(node) => {
                    let value = self.average(node).unwrap_or(node);
                    if self.adder(value).is_none() {
                        layers.push(self.layer(node));
                    }
                }
                None => {}
            }
        }
        let groups = self.groups();
        let tensors = self.tensors.iter();
        Plan {
            layers,
            groups,
            tensors: tensors.map(|feature| self.planned(feature)).collect(),
            streams: self.streams,
        }
    }

    fn layer(&self, node: usize) -> PlannedLayer {
        if !self.op(node).is_learnt() {
            return self.identity_layer(node);
        }
        let mut source = self.inputs(node)[0];
        let pooled = *self.op(source) == Op::GlobalAveragePool;
        if pooled {
            source = self.inputs(source)[0];
        }
        // What is no ReLU, pooled or not, is the image.
        let read = |(norm, features): (usize, Vec<Feature>)| {
            let tensors = self.tensors(&features);
            (Some(norm), tensors)
        };
        let window = |pool: usize| match *self.op(pool) {
            Op::AveragePool { kernel, stride } => Some((kernel, stride)),
            _ => None,
        };
        PlannedLayer {
            name: self.name(node).to_owned(),
            node,
            task: Task::Learnt,
            input: self.activated(source).map(read),
            map: shape(self.network, source),
            pooled,
            average: self.average(node).and_then(window),
            pooling: None,
            output: self.output(self.average(node).unwrap_or(node)),
        }
    }

    /// What becomes of what a layer computes.
    fn output(&self, computed: usize) -> PlannedOutput {
        let value = self.adder(computed).unwrap_or(computed);
        let codes = self.tensor(&Feature::of(value));
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
                pooled: false,
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
