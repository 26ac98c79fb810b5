//! The cromulent check of section 1.4.

use crate::graph::Network;
use crate::problem::Problem;

/// One N – A – ReLU – Learnt module. The image layer has neither ReLU nor batch-norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The convolution or linear layer.
    pub learnt: usize,
    /// The ReLU it reads.
    pub relu: Option<usize>,
    /// The batch-norm that ReLU reads.
    pub batch_norm: Option<usize>,
    /// The node whose values are normalised: the input of the batch-norm, or of the learnt
    /// layer where there is none.
    pub source: usize,
}

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether every path has the cromulent form.
    pub cromulent: bool,
    /// One per learnt layer, in order.
    pub modules: Vec<Module>,
    /// What breaks the form, by node, and the rewrite that mends it.
    pub problems: Vec<Problem>,
}

/// Checks that every forward path has the form ⋆ N A ReLU Learnt ⋆ N A ReLU Learnt ⋆ ….
pub fn check(network: &Network) -> Report {
    let _ = network;
    Report {
        cromulent: false,
        modules: vec![],
        problems: vec![],
    }
}
