//! Rewrites into the cromulent form: each leaves what the network computes as it is, in real numbers.
//!
//! In this order:
//!
//! 1. [`pools`]: max-pools before ReLU and batch-norm, average pools behind 1×1 convolutions and into linear layers;
//! 2. [`norms`]: batch-norms that no ReLU and learnt layer follow become part of the layer before them;
//! 3. [`views`]: shortcuts without parameters become residual streams of their own, or 1×1 convolutions;
//! 4. [`identities`]: a normalisation that changes nothing where a learnt layer reads a ReLU without one;
//! 5. [`statistics`]: one normalisation for each feature, whichever batch-norm reads it.

mod identities;
mod norms;
mod pools;
mod statistics;
#[cfg(test)]
mod tests;
mod views;

use cromulent_network::{BatchNorm, Op, Problem};

use crate::graph::Graph;

/// What a shortcut without parameters becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Shortcuts {
    /// A residual stream of its own, in fixed point: exact, for some more multiplications.
    #[default]
    Streams,
    /// A 1×1 convolution of ones and zeros, which reads codes.
    Codes,
}

/// What one rewrite did.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The rewrite, by name.
    pub rule: &'static str,
    /// The nodes it changed or put in, by name.
    pub nodes: Vec<String>,
    /// What it did, for a person.
    pub what: String,
}

/// A normalisation that was put in and changes nothing: its statistics are still to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// The batch-norm.
    pub norm: usize,
    /// The node whose values its statistics are of.
    pub of: usize,
}

/// What rewriting a network did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewritten {
    /// In the order it was done; empty if there was nothing to do.
    pub changes: Vec<Change>,
    /// Normalisations without statistics.
    pub inserted: Vec<Inserted>,
}

impl Rewritten {
    /// Notes what a rewrite did to some nodes, if there are any.
    fn note(&mut self, rule: &'static str, nodes: Vec<String>, what: &str) {
        if !nodes.is_empty() {
            let what = what.to_owned();
            self.changes.push(Change { rule, nodes, what });
        }
    }
}

/// Gives a network the cromulent form, as far as it can have it.
///
/// # Errors
/// Nodes that do not fit each other.
pub fn rewrite(graph: &mut Graph, shortcuts: Shortcuts) -> Result<Rewritten, Problem> {
    let mut done = Rewritten::default();
    pools::rewrite(graph, &mut done)?;
    norms::rewrite(graph, &mut done);
    views::rewrite(graph, shortcuts, &mut done)?;
    identities::rewrite(graph, &mut done)?;
    statistics::rewrite(graph, &mut done)?;
    Ok(done)
}

/// What is asked of a graph while it is rewritten.
trait Questions {
    /// What a node reads first.
    fn source(&self, node: usize) -> usize;
    /// Whether a node is a learnt layer, or an average pool that only learnt layers read: what a ReLU is for.
    fn is_consumer(&self, node: usize, readers: &[Vec<usize>]) -> bool;
    /// The batch-norm that a node is.
    fn norm(&self, node: usize) -> Option<&BatchNorm>;
    /// Swaps two nodes in a row, `up` being the first and read by `down` alone.
    fn swap(&mut self, up: usize, down: usize);
}

impl Questions for Graph {
    fn source(&self, node: usize) -> usize {
        self.nodes[node].inputs.first().copied().unwrap_or(0)
    }

    fn is_consumer(&self, node: usize, readers: &[Vec<usize>]) -> bool {
        let learnt = |&node: &usize| self.op(node).is_some_and(Op::is_learnt);
        match self.op(node) {
            Some(Op::AveragePool { .. } | Op::GlobalAveragePool) => {
                !readers[node].is_empty() && readers[node].iter().all(learnt)
            }
            _ => learnt(&node),
        }
    }

    fn norm(&self, node: usize) -> Option<&BatchNorm> {
        match self.op(node) {
            Some(Op::BatchNorm(norm)) => Some(norm),
            _ => None,
        }
    }

    fn swap(&mut self, up: usize, down: usize) {
        let source = self.source(up);
        self.redirect(down, up);
        self.nodes[up].inputs = vec![down];
        self.nodes[down].inputs = vec![source];
    }
}
