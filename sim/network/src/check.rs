//! The cromulent check: section 1.4 of Graham (2017), path by path.
//!
//! Every forward path must read ⋆ N A ReLU Learnt ⋆ N A ReLU Learnt ⋆ …, where N A is a
//! batch-norm and ⋆ any branches, sums, pools and concatenations. Three liberties: the image layer
//! is a learnt layer on the image itself; an average pool may stand between ReLU and a linear
//! layer or 1×1 convolution, because it commutes with those; and a ⋆ may hold ReLUs that lead to a
//! sum or to N, as the residual streams of post-activated networks do.
//!
//! Paths are not enumerated. Each node's values stand at one stage of the form, and the form
//! holds on every path if it holds on every edge.

use crate::graph::{Network, Op};
use crate::problem::Problem;

/// One N – A – ReLU – Learnt module. The image layer has neither ReLU nor batch-norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The convolution or linear layer.
    pub learnt: usize,
    /// The ReLU it reads, directly or through an average pool.
    pub relu: Option<usize>,
    /// The batch-norm that ReLU reads.
    pub batch_norm: Option<usize>,
    /// The node whose values are normalised: the input of the batch-norm, or where there is none
    /// that of the ReLU or of the learnt layer.
    pub source: usize,
}

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether every path has the cromulent form.
    pub cromulent: bool,
    /// One per learnt layer, in order, complete or not.
    pub modules: Vec<Module>,
    /// What breaks the form, by node, and the rewrite that mends it.
    pub problems: Vec<Problem>,
}

/// Checks that every forward path has the form ⋆ N A ReLU Learnt ⋆ N A ReLU Learnt ⋆ ….
pub fn check(network: &Network) -> Report {
    let check = Check {
        network,
        stages: stages(network),
    };
    let mut problems = Vec::new();
    for reader in 1..network.nodes.len() {
        let inputs = &network.nodes[reader].inputs;
        problems.extend(inputs.iter().filter_map(|&input| check.edge(input, reader)));
    }
    problems.extend(check.output());
    let learnt = (0..network.nodes.len()).filter(|&i| network.nodes[i].op.is_learnt());
    Report {
        cromulent: problems.is_empty(),
        modules: learnt.map(|i| module(network, i)).collect(),
        problems,
    }
}

/// Where in the form a node's values stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The image.
    Image,
    /// In a ⋆: after a learnt layer, before N.
    Summed,
    /// After N A.
    Normalised,
    /// After the ReLU.
    Rectified,
    /// After an average pool that follows the ReLU.
    Pooled,
}

fn stages(network: &Network) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::with_capacity(network.nodes.len());
    for node in &network.nodes {
        let first = node.inputs.first().map(|&i| stages[i]);
        stages.push(match (&node.op, first) {
            (Op::Image, _) => Stage::Image,
            (Op::BatchNorm(_), _) => Stage::Normalised,
            (Op::Relu, Some(Stage::Summed)) if in_star(network, stages.len()) => Stage::Summed,
            (Op::Relu, _) => Stage::Rectified,
            (op, Some(Stage::Rectified | Stage::Pooled)) if is_average(op) => Stage::Pooled,
            // Reported where it reads the ReLU; once it has moved, what reads it is right.
            (Op::MaxPool { .. } | Op::Concat, Some(Stage::Rectified)) => Stage::Rectified,
            _ => Stage::Summed,
        });
    }
    stages
}

/// Whether a node leads to a sum or a batch-norm, directly or through pools and concatenations.
fn in_star(network: &Network, node: usize) -> bool {
    let leads = |&reader: &usize| match network.nodes[reader].op {
        Op::Add | Op::BatchNorm(_) => true,
        Op::Concat | Op::MaxPool { .. } => in_star(network, reader),
        ref op if is_average(op) => in_star(network, reader),
        _ => false,
    };
    network.readers(node).iter().any(leads)
}

struct Check<'a> {
    network: &'a Network,
    stages: Vec<Stage>,
}

impl Check<'_> {
    /// What is wrong with `reader` reading `input`, if anything.
    fn edge(&self, input: usize, reader: usize) -> Option<Problem> {
        use Stage::*;
        match (self.stages[input], self.op(reader)) {
            (Image | Summed, Op::BatchNorm(_)) | (Normalised, Op::Relu) => None,
            (Image | Rectified, op) if op.is_learnt() => None,
            (Pooled, op) if op.is_learnt() => self.pooled(input, reader),
            (Summed, Op::Relu) if self.stages[reader] == Summed => None,
            (Image | Summed, Op::Relu) => Some(self.unnormalised_relu(input, reader)),
            (Summed, op) if op.is_learnt() => Some(self.unrectified(input, reader)),
            (Image | Summed, _) => None,
            (Rectified | Pooled, op) if is_average(op) => None,
            (Normalised, _) => Some(self.unrectified_norm(input, reader)),
            (Rectified | Pooled, _) => Some(self.relu_without_learnt(input, reader)),
        }
    }

    /// An average pool after a ReLU commutes with the learnt layer behind it only if that one
    /// looks at a single position.
    fn pooled(&self, input: usize, reader: usize) -> Option<Problem> {
        let Op::Convolution(c) = self.op(reader) else {
            return None;
        };
        if (c.kernel_height(), c.kernel_width(), c.padding) == (1, 1, 0) {
            return None;
        }
        let (pool, conv) = (self.name(input), self.name(reader));
        let what = format!(
            "`{pool}` averages between the ReLU and `{conv}`, which has a {}×{} kernel",
            c.kernel_height(),
            c.kernel_width()
        );
        Some(self.problem(reader, what, format!("move `{pool}` behind `{conv}`")))
    }

    fn unnormalised_relu(&self, input: usize, relu: usize) -> Problem {
        let what = format!(
            "the ReLU reads `{}` with no batch-norm between",
            self.name(input)
        );
        let fix = format!(
            "insert a batch-norm before `{}` with the calibrated mean μ and deviation σ of `{}` \
             as its statistics and σ, μ as its scale and shift: the result is the same",
            self.name(relu),
            self.name(input)
        );
        self.problem(relu, what, fix)
    }

    fn unrectified(&self, input: usize, learnt: usize) -> Problem {
        let what = format!(
            "the learnt layer reads `{}` with no batch-norm and no ReLU between",
            self.name(input)
        );
        let fix = if self.op(input).is_learnt() {
            let (first, second) = (self.name(input), self.name(learnt));
            format!("merge `{first}` and `{second}`, or put batch-norm and ReLU between them")
        } else {
            "put batch-norm and ReLU before it (pre-activated form)".into()
        };
        self.problem(learnt, what, fix)
    }

    fn unrectified_norm(&self, norm: usize, reader: usize) -> Problem {
        let (name, reader_name) = (self.name(norm), self.name(reader));
        let what = format!(
            "no ReLU follows the batch-norm: {} `{reader_name}` reads it",
            self.kind(reader)
        );
        let fix = match self.op(reader) {
            Op::BatchNorm(_) => {
                format!("merge it into `{reader_name}`: two affines in a row are one")
            }
            op if op.is_learnt() => {
                format!("put a ReLU between `{name}` and `{reader_name}`")
            }
            _ => self.fold_or_complete(norm),
        };
        self.problem(norm, what, fix)
    }

    /// The mend for a batch-norm whose values are used as they are.
    fn fold_or_complete(&self, norm: usize) -> String {
        let source = self.network.nodes[norm].inputs[0];
        let name = self.name(norm);
        if self.op(source).is_learnt() && self.network.readers(source) == [norm] {
            let source = self.name(source);
            return format!(
                "fold `{name}` into `{source}` (scale its weights by a/σ per output, keep \
                 b − a·mean/σ as a bias), or move it before `{source}` with its ReLU \
                 (pre-activated form)"
            );
        }
        format!("put a ReLU and a learnt layer behind `{name}`; a 1×1 identity is one")
    }

    fn relu_without_learnt(&self, input: usize, reader: usize) -> Problem {
        let (name, kind) = (self.name(reader), self.kind(reader));
        let relu = behind_pools(self.network, input);
        let what = format!("no learnt layer follows the ReLU: {kind} `{name}` reads it");
        let fix = match self.op(reader) {
            Op::Relu => format!("remove `{name}`: it changes nothing"),
            Op::MaxPool { .. } => format!(
                "move `{name}` before the batch-norm of `{}`: the same where its scale is not \
                 negative (elsewhere the largest becomes the smallest)",
                self.name(relu)
            ),
            Op::Concat => format!("let `{name}` join the maps before batch-norm and ReLU"),
            _ => "put a learnt layer between them; a 1×1 identity convolution changes nothing \
                  (the trivial learnt layer)"
                .into(),
        };
        self.problem(relu, what, fix)
    }

    /// What is wrong with the output: it must be that of a learnt layer, or a ⋆ behind one.
    fn output(&self) -> Option<Problem> {
        let last = self.network.nodes.len() - 1;
        match self.stages[last] {
            Stage::Summed | Stage::Image => None,
            Stage::Normalised => {
                let fix = self.fold_or_complete(last);
                Some(self.problem(last, "the network ends with a batch-norm".into(), fix))
            }
            Stage::Rectified | Stage::Pooled => {
                let fix = "end with a learnt layer; a 1×1 identity convolution changes nothing";
                let what = "the network ends with no learnt layer after the ReLU".into();
                Some(self.problem(behind_pools(self.network, last), what, fix.into()))
            }
        }
    }

    fn op(&self, node: usize) -> &Op {
        &self.network.nodes[node].op
    }

    fn name(&self, node: usize) -> &str {
        &self.network.nodes[node].name
    }

    fn kind(&self, node: usize) -> &str {
        self.op(node).name()
    }

    fn problem(&self, node: usize, what: String, fix: String) -> Problem {
        Problem::new(format!("node `{}`", self.name(node)), what, fix)
    }
}

fn is_average(op: &Op) -> bool {
    matches!(op, Op::AveragePool { .. } | Op::GlobalAveragePool)
}

/// The node before `node` and any average pools it is behind, itself included.
fn behind_pools(network: &Network, mut node: usize) -> usize {
    while matches!(
        network.nodes[node].op,
        Op::AveragePool { .. } | Op::GlobalAveragePool
    ) {
        node = network.nodes[node].inputs[0];
    }
    node
}

/// The module that ends with the learnt layer `learnt`, as far as it goes.
fn module(network: &Network, learnt: usize) -> Module {
    let input = network.nodes[learnt].inputs[0];
    let relu = behind_pools(network, input);
    if network.nodes[relu].op != Op::Relu {
        return Module {
            learnt,
            relu: None,
            batch_norm: None,
            source: input,
        };
    }
    let norm = network.nodes[relu].inputs[0];
    let is_norm = matches!(network.nodes[norm].op, Op::BatchNorm(_));
    Module {
        learnt,
        relu: Some(relu),
        batch_norm: is_norm.then_some(norm),
        source: if is_norm {
            network.nodes[norm].inputs[0]
        } else {
            norm
        },
    }
}
