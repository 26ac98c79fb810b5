//! What this engine cannot run yet, node by node.

use cromulent_network::Op;

use super::Planner;
use super::rectify::rectified;

/// What is wrong, and what would help.
type Refusal = (String, String);

/// What may read a value.
const STAR: &str = "a batch-norm, a sum, a concatenation or a max-pool";

fn is_star(op: &Op) -> bool {
    matches!(
        op,
        Op::BatchNorm(_) | Op::Add | Op::Concat | Op::MaxPool { .. }
    )
}

/// Whether it may read a ReLU behind a batch-norm.
fn is_fed(op: &Op) -> bool {
    op.is_learnt() || *op == Op::GlobalAveragePool
}

impl Planner<'_> {
    /// What is missing to run a node and what would help, if anything.
    pub(super) fn unsupported(&self, node: usize) -> Option<Refusal> {
        match self.op(node) {
            Op::Image => None,
            Op::MaxPool { .. } => self.unsupported_max_pool(node),
            Op::AveragePool { .. } => {
                let right = self.averaged(node).is_some();
                self.reads(node, right, "a convolution that nothing else reads")
                    .or_else(|| self.unread_sum(node))
            }
            Op::Concat => self.unsupported_concat(node),
            Op::BatchNorm(_) => {
                let right = self.features(node).iter().all(|f| self.is_sum(f.value));
                self.reads(
                    node,
                    right,
                    "a learnt layer, a sum, a concatenation or a max-pool of them",
                )
                .or_else(|| self.unread(node, "a ReLU", &|op| *op == Op::Relu))
            }
            Op::Relu => match rectified(self.network, node) {
                Some(value) => self.unsupported_clamp(node, value),
                None => self.unsupported_relu(node),
            },
            Op::GlobalAveragePool => {
                let right = self.activated(self.inputs(node)[0]).is_some();
                self.reads(node, right, "a ReLU or a max-pool of one")
                    .or_else(|| {
                        self.unread(node, "a linear layer", &|op| matches!(op, Op::Linear(_)))
                    })
            }
            Op::Convolution(_) | Op::Linear(_) => {
                let source = self.network.nodes[node].inputs[0];
                let op = self.op(source);
                let right = matches!(op, Op::Image | Op::Relu | Op::GlobalAveragePool)
                    || self.activated(source).is_some();
                let wanted = "the image, a ReLU, or a max-pool or global average pool of one";
                self.reads(node, right, wanted)
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
                let wanted = "a learnt layer, a pool, a batch-norm, a sum or a concatenation";
                self.unread(relu, wanted, &|op| is_star(op) || is_fed(op))
            })
    }

    /// A max-pool, of values or of what a ReLU leaves of them.
    fn unsupported_max_pool(&self, pool: usize) -> Option<Refusal> {
        if *self.op(self.inputs(pool)[0]) == Op::Image {
            return Some((
                "a max-pool of the image cannot run: rows pool codes, not pixels".to_owned(),
                "let a convolution read the image first".to_owned(),
            ));
        }
        if self.activated(pool).is_some() {
            let wanted = "a learnt layer, a pool, a batch-norm, a sum or a concatenation";
            return self.unread(pool, wanted, &|op| is_star(op) || is_fed(op));
        }
        let features = self.features(pool);
        let right = features.iter().all(|f| self.is_sum(f.value));
        let uncoded = features.iter().find(|f| self.norms[f.value].is_empty());
        let scaleless = uncoded.filter(|_| self.is_identity(pool)).map(|feature| {
            (
                format!(
                    "it enters a sum, and no batch-norm reads it or `{}`: its codes would have no scale",
                    self.name(feature.value)
                ),
                "let a batch-norm read it too, or pool what one reads".to_owned(),
            )
        });
        self.reads(
            pool,
            right,
            "a ReLU, a learnt layer, a sum or a concatenation of them",
        )
        .or_else(|| self.unread(pool, STAR, &is_star))
        .or(scaleless)
    }

    /// A ReLU on the stream: only its result is kept, so nothing else may read the value.
    fn unsupported_clamp(&self, relu: usize, value: usize) -> Option<Refusal> {
        // Max-pools may stand between the two.
        let mut way = vec![relu];
        while let Some(&last) = way.last().filter(|&&last| last != value) {
            way.push(self.network.nodes[last].inputs[0]);
        }
        let others = way.windows(2).flat_map(|pair| {
            let readers = self.network.readers(pair[1]).into_iter();
            readers.filter(move |&reader| reader != pair[0])
        });
        let Some(other) = others.into_iter().next() else {
            return self.unread(relu, STAR, &is_star);
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
        self.unread(node, STAR, &is_star)
    }

    fn unsupported_concat(&self, node: usize) -> Option<Refusal> {
        let mut features = self.features(node);
        let right = features.iter().all(|f| self.is_sum(f.value));
        features.sort_unstable();
        let twice = features.windows(2).find(|pair| pair[0] == pair[1]);
        let again = twice.map(|pair| {
            (
                format!(
                    "it joins `{}` twice, which cannot run yet",
                    self.name(pair[0].value)
                ),
                "join every map once".to_owned(),
            )
        });
        self.reads(node, right, "learnt layers, sums and pools")
            .or(again)
            .or_else(|| {
                let wanted = "a batch-norm, a concatenation or a max-pool";
                self.unread(node, wanted, &|op| is_star(op) && *op != Op::Add)
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
