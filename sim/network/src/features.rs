//! Features that several batch-norms normalise, as in DenseNets.

use crate::graph::{Network, Op};
use crate::problem::Problems;

/// Refuses a network in which one feature goes through several batch-norms (DenseNets): an engine
/// that stores one code per feature needs them folded onto one normalisation first
/// ([`crate::BatchNorm::affine_over`]).
///
/// # Errors
/// Each node whose values several batch-norms normalise.
pub fn one_norm_per_feature(network: &Network) -> Result<(), Problems> {
    // Per node, the batch-norms that see its values, through maxima and concatenations too.
    let mut norms: Vec<Vec<usize>> = vec![vec![]; network.nodes.len()];
    for (i, node) in network.nodes.iter().enumerate().rev() {
        let seen = match node.op {
            Op::BatchNorm(_) => vec![i],
            ref op if passes_features(op) => norms[i].clone(),
            _ => vec![],
        };
        node.inputs
            .iter()
            .for_each(|&input| norms[input].extend(&seen));
    }
    let mut problems = Problems::default();
    for (node, norms) in network.nodes.iter().zip(norms) {
        if norms.len() > 1 && !passes_features(&node.op) {
            let names: Vec<&str> = norms
                .iter()
                .rev()
                .map(|&i| network.nodes[i].name.as_str())
                .collect();
            problems.add(
                format!("node `{}`", node.name),
                format!(
                    "several batch-norms normalise its values: {}",
                    names.join(", ")
                ),
                "not supported yet (DenseNets); give every feature one batch-norm",
            );
        }
    }
    problems.or(())
}

/// Whether the values of `op` are among those of its inputs. Averages are values of their own.
fn passes_features(op: &Op) -> bool {
    matches!(op, Op::Concat | Op::MaxPool { .. })
}
