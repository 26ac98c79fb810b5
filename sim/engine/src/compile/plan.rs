//! Which layers run in which order, and what becomes of each one's words.
//!
//! Every learnt layer is one layer of the program. What it computes goes one of three ways: straight into
//! the codes of the one batch-norm that reads it, into the residual stream, or out as scores. An addition
//! is done by the last of its inputs that nothing else reads: its words are added to the other input.

use cromulent_network::{Network, Op, Problem, Problems};

/// The program of a network, before any number is known.
pub(super) struct Plan {
    /// In the order they run.
    pub layers: Vec<PlannedLayer>,
    /// The batch-norm that codes each tensor.
    pub tensors: Vec<usize>,
    /// The node each value of the residual stream stands for.
    pub streams: Vec<usize>,
    /// Stream values that are added up share a group, named by its first value, and so a unit.
    pub groups: Vec<usize>,
}

/// One learnt layer in the program.
pub(super) struct PlannedLayer {
    /// The learnt node.
    pub node: usize,
    /// The code tensor it reads; `None` for the image.
    pub input: Option<usize>,
    /// Whether a global average pool stands before it.
    pub pooled: bool,
    pub output: PlannedOutput,
}

pub(super) enum PlannedOutput {
    /// Codes of this tensor.
    Codes(usize),
    /// Stream value `result` = words + `base`, coded as each of `tensors`.
    Residual {
        base: Option<usize>,
        result: usize,
        tensors: Vec<usize>,
    },
    Scores,
}

/// Plans the program.
///
/// # Errors
/// Every node that this engine cannot run yet, by name, with what is missing.
pub(super) fn plan(network: &Network) -> Result<Plan, Problems> {
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
    readers: Vec<Vec<usize>>,
    tensors: Vec<usize>,
    streams: Vec<usize>,
}

impl<'a> Planner<'a> {
    fn new(network: &'a Network) -> Planner<'a> {
        let nodes = 0..network.nodes.len();
        let mut planner = Planner {
            network,
            readers: nodes.clone().map(|i| network.readers(i)).collect(),
            tensors: vec![],
            streams: vec![],
        };
        planner.tensors = nodes
            .clone()
            .filter(|&i| matches!(planner.op(i), Op::BatchNorm(_)))
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
        &self.network.nodes[node].inputs
    }

    fn is_norm(&self, node: usize) -> bool {
        matches!(self.op(node), Op::BatchNorm(_))
    }

    fn is_sum(&self, node: usize) -> bool {
        *self.op(node) == Op::Add || self.op(node).is_learnt()
    }

    fn is_output(&self, node: usize) -> bool {
        node + 1 == self.network.nodes.len()
    }

    /// Whether a node's values are kept as words of the residual stream: sums, and learnt layers read by
    /// anything but one batch-norm.
    fn is_stream(&self, node: usize) -> bool {
        match self.op(node) {
            Op::Add => true,
            op if op.is_learnt() && !self.is_output(node) && self.adder(node).is_none() => {
                let readers = &self.readers[node];
                readers.len() != 1 || !self.is_norm(readers[0])
            }
            _ => false,
        }
    }

    /// The addition that a learnt node does itself.
    fn adder(&self, node: usize) -> Option<usize> {
        let [add] = self.readers[node][..] else {
            return None;
        };
        (self.finisher(add) == Some(node)).then_some(add)
    }

    /// The learnt input that does an addition: the last one read by nothing else.
    fn finisher(&self, add: usize) -> Option<usize> {
        if *self.op(add) != Op::Add {
            return None;
        }
        let private = |&&i: &&usize| self.op(i).is_learnt() && self.readers[i] == [add];
        self.inputs(add).iter().filter(private).max().copied()
    }

    /// What is missing to run a node and what would help, if anything.
    fn unsupported(&self, node: usize) -> Option<(String, String)> {
        let inputs = self.inputs(node);
        let reads = |right: bool, wanted: &str| {
            let found = inputs.first().map_or("nothing", |&i| self.name(i));
            (!right).then(|| {
                let kind = self.op(node).name();
                (
                    format!("a {kind} that reads `{found}` cannot run yet"),
                    format!("let it read {wanted}"),
                )
            })
        };
        let all = |kind: &dyn Fn(&Op) -> bool| inputs.iter().all(|&i| kind(self.op(i)));
        match self.op(node) {
            Op::Image => None,
            Op::Concat | Op::MaxPool { .. } | Op::AveragePool { .. } => Some((
                format!("{} cannot run yet", self.op(node).name()),
                "use a network of convolutions, batch-norms, ReLUs, sums, and a global average pool \
                 before the last layer"
                    .to_owned(),
            )),
            Op::BatchNorm(_) => {
                let sum = inputs.iter().all(|&i| self.is_sum(i));
                reads(sum, "a learnt layer or a sum").or_else(|| self.unread(node, "a ReLU", &|op| *op == Op::Relu))
            }
            Op::Relu => reads(all(&|op| matches!(op, Op::BatchNorm(_))), "a batch-norm").or_else(|| {
                self.unread(node, "a learnt layer or a global average pool", &|op| {
                    op.is_learnt() || *op == Op::GlobalAveragePool
                })
            }),
            Op::GlobalAveragePool => reads(all(&|op| *op == Op::Relu), "a ReLU").or_else(|| {
                self.unread(node, "a linear layer", &|op| matches!(op, Op::Linear(_)))
            }),
            Op::Convolution(_) | Op::Linear(_) => {
                let right = |op: &Op| matches!(op, Op::Image | Op::Relu | Op::GlobalAveragePool);
                reads(all(&right), "the image, a ReLU or a global average pool")
                    .or_else(|| self.unread_sum(node))
            }
            Op::Add => self.unsupported_sum(node).or_else(|| self.unread_sum(node)),
        }
    }

    /// A node must be read, and by these only.
    fn unread(
        &self,
        node: usize,
        wanted: &str,
        right: &dyn Fn(&Op) -> bool,
    ) -> Option<(String, String)> {
        let readers = &self.readers[node];
        let wrong = readers.iter().find(|&&i| !right(self.op(i)));
        let what = match wrong {
            Some(&reader) => format!("`{}` cannot read it yet", self.name(reader)),
            None if readers.is_empty() => "nothing reads it".to_owned(),
            None => return None,
        };
        Some((what, format!("let {wanted} read it")))
    }

    /// A learnt layer or sum must be normalised or added, or be the output and learnt.
    fn unread_sum(&self, node: usize) -> Option<(String, String)> {
        if self.is_output(node) && self.op(node).is_learnt() {
            let shape = self.network.nodes[node].shape;
            return (shape.height * shape.width != 1).then(|| {
                (
                    format!("the output is a map of {shape} values, which cannot be given yet"),
                    "end with a linear layer".to_owned(),
                )
            });
        }
        self.unread(node, "a batch-norm or a sum", &|op| {
            matches!(op, Op::BatchNorm(_) | Op::Add)
        })
    }

    fn unsupported_sum(&self, add: usize) -> Option<(String, String)> {
        let inputs = self.inputs(add);
        let right = inputs.len() == 2
            && inputs[0] != inputs[1]
            && inputs.iter().all(|&i| self.is_sum(i))
            && self.finisher(add).is_some();
        (!right).then(|| {
            (
                "this sum cannot run yet".to_owned(),
                "add a learnt layer that nothing else reads to another learnt layer or sum"
                    .to_owned(),
            )
        })
    }

    fn tensor(&self, norm: usize) -> Option<usize> {
        self.tensors.iter().position(|&i| i == norm)
    }

    fn stream(&self, node: usize) -> Option<usize> {
        self.streams.iter().position(|&i| i == node)
    }

    /// The program of a network that is supported throughout.
    fn plan(self) -> Plan {
        let mut layers = Vec::new();
        for node in 0..self.network.nodes.len() {
            match self.finisher(node) {
                // Only at the sum is its other input there for sure.
                Some(learnt) => layers.push(self.layer(learnt)),
                None if self.op(node).is_learnt() && self.adder(node).is_none() => {
                    layers.push(self.layer(node));
                }
                None => {}
            }
        }
        Plan {
            layers,
            groups: self.groups(),
            tensors: self.tensors,
            streams: self.streams,
        }
    }

    fn layer(&self, node: usize) -> PlannedLayer {
        let mut source = self.inputs(node)[0];
        let pooled = *self.op(source) == Op::GlobalAveragePool;
        if pooled {
            source = self.inputs(source)[0];
        }
        PlannedLayer {
            node,
            // Behind a ReLU stands a batch-norm, behind nothing else than the image.
            input: self
                .inputs(source)
                .first()
                .and_then(|&norm| self.tensor(norm)),
            pooled,
            output: self.output(node),
        }
    }

    fn output(&self, node: usize) -> PlannedOutput {
        let value = self.adder(node).unwrap_or(node);
        if let Some(result) = self.stream(value) {
            let mut others = self.inputs(value).iter().filter(|&&i| i != node);
            return PlannedOutput::Residual {
                base: others.next().and_then(|&i| self.stream(i)),
                result,
                tensors: self.readers[value]
                    .iter()
                    .filter_map(|&reader| self.tensor(reader))
                    .collect(),
            };
        }
        let norm = self.readers[node].first();
        match norm.and_then(|&norm| self.tensor(norm)) {
            Some(tensor) => PlannedOutput::Codes(tensor),
            None => PlannedOutput::Scores,
        }
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
