//! What this engine cannot run yet, node by node.

use cromulent_network::Op;

use super::Planner;
use super::rectify::rectified;

/// What is wrong, and what would help.
type Refusal = (String, String);

impl Planner<'_> {
    /// What is missing to run a node and what would help, if anything.
    pub(super) fn unsupported(&self, node: usize) -> Option<Refusal> {
        match self.op(node) {
            Op::Image => None,
            Op::MaxPool { .. } => Some((
                "max-pool cannot run yet".to_owned(),
                "use a network of convolutions, batch-norms, ReLUs, sums, concatenations and average \
                 pools behind convolutions"
                    .to_owned(),
            )),
            Op::AveragePool { .. } => {
                let right = self.averaged(node).is_some();
                self.reads(node, right, "a convolution that nothing else reads")
                    .or_else(|| self.unread_sum(node))
            }
            Op::Concat => self.unsupported_concat(node),
            Op::BatchNorm(_) => {
                let right = self.features(node).iter().all(|&i| self.is_sum(i));
                self.reads(node, right, "a learnt layer, a sum or a concatenation of them")
                    .or_else(|| self.unread(node, "a ReLU", &|op| *op == Op::Relu))
            }
            Op::Relu => match rectified(self.network, node) {
                Some(value) => self.unsupported_clamp(node, value),
                None => self.unsupported_relu(node),
            },
            Op::GlobalAveragePool => self
                .reads_only(node, "a ReLU", &|op| *op == Op::Relu)
                .or_else(|| {
                    self.unread(node, "a linear layer", &|op| matches!(op, Op::Linear(_)))
                }),
            Op::Convolution(_) | Op::Linear(_) => {
                let right = |op: &Op| matches!(op, Op::Image | Op::Relu | Op::GlobalAveragePool);
                self.reads_only(node, "the image, a ReLU or a global average pool", &right)
                    .or_else(|| self.unread_sum(node))
            }
            Op::Add => self.unsupported_sum(node).or_else(|| self.unread_sum(node)),
        }
    }

    /// A ReLU before a learnt layer.
    fn unsupported_relu(&self, relu: usize) -> Option<Refusal> {
        let norm = |op: &Op| matches!(op, Op::BatchNorm(_));
        self.reads_only(relu, "a batch-norm, a learnt layer or a sum", &norm)
            .or_else(|| {
                self.unread(relu, "a learnt layer or a global average pool", &|op| {
                    op.is_learnt() || *op == Op::GlobalAveragePool
                })
            })
    }

    /// A ReLU on the stream: only its result is kept, so nothing else may read the value.
    fn unsupported_clamp(&self, relu: usize, value: usize) -> Option<Refusal> {
        let readers = self.network.readers(value);
        let Some(&other) = readers.iter().find(|&&i| i != relu) else {
            return self.unread(relu, "a batch-norm, a sum or a concatenation", &|op| {
                matches!(op, Op::BatchNorm(_) | Op::Add | Op::Concat)
            });
        };
        let (relu, value, other) = (self.name(relu), self.name(value), self.name(other));
        Some((
            format!(
                "it rectifies `{value}`, which `{other}` reads as it is; the residual stream keeps one of the two"
            ),
            format!("let nothing but `{relu}` read `{value}`"),
        ))
    }

    /// A node must read what is right.
    fn reads(&self, node: usize, right: bool, wanted: &str) -> Option<Refusal> {
        let inputs = &self.network.nodes[node].inputs;
        let found = inputs.first().map_or("nothing", |&i| self.name(i));
        (!right).then(|| {
            let kind = self.op(node).name();
            let article = if kind.starts_with('a') { "an" } else { "a" };
            (
                format!("{article} {kind} that reads `{found}` cannot run yet"),
                format!("let it read {wanted}"),
            )
        })
    }

    fn reads_only(
        &self,
        node: usize,
        wanted: &str,
        right: &dyn Fn(&Op) -> bool,
    ) -> Option<Refusal> {
        let inputs = &self.network.nodes[node].inputs;
        let right = inputs.iter().all(|&i| right(self.op(i)));
        self.reads(node, right, wanted)
    }

    /// A node must be read, and by these only.
    fn unread(&self, node: usize, wanted: &str, right: &dyn Fn(&Op) -> bool) -> Option<Refusal> {
        let readers = &self.readers[node];
        let wrong = readers.iter().find(|&&i| !right(self.op(i)));
        let what = match wrong {
            Some(&reader) => format!("`{}` cannot read it yet", self.name(reader)),
            None if readers.is_empty() => "nothing reads it".to_owned(),
            None => return None,
        };
        Some((what, format!("let {wanted} read it")))
    }

    /// A value must be normalised, joined or added, or be the output and learnt. What reads a clamped value is
    /// the matter of its ReLU.
    fn unread_sum(&self, node: usize) -> Option<Refusal> {
        if self.clamped[node] {
            return None;
        }
        if self.is_output(node) && self.op(node).is_learnt() {
            let shape = self.network.nodes[node].shape;
            return (shape.height * shape.width != 1).then(|| {
                (
                    format!("the output is a map of {shape} values, which cannot be given yet"),
                    "end with a linear layer".to_owned(),
                )
            });
        }
        if self.op(node).is_learnt() && self.average(node).is_some() {
            return None;
        }
        self.unread(node, "a batch-norm, a sum or a concatenation", &|op| {
            matches!(op, Op::BatchNorm(_) | Op::Add | Op::Concat)
        })
    }

    fn unsupported_concat(&self, node: usize) -> Option<Refusal> {
        let mut features = self.features(node);
        let right = features.iter().all(|&i| self.is_sum(i));
        features.sort_unstable();
        let twice = features.windows(2).find(|pair| pair[0] == pair[1]);
        let again = twice.map(|pair| {
            (
                format!(
                    "it joins `{}` twice, which cannot run yet",
                    self.name(pair[0])
                ),
                "join every map once".to_owned(),
            )
        });
        self.reads(node, right, "learnt layers, sums and average pools")
            .or(again)
            .or_else(|| {
                self.unread(node, "a batch-norm or a concatenation", &|op| {
                    matches!(op, Op::BatchNorm(_) | Op::Concat)
                })
            })
    }

    fn unsupported_sum(&self, add: usize) -> Option<Refusal> {
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
}
