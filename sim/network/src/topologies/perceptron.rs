//! Fully connected networks on CIFAR-10 (Graham, 2017, section 2.1).

use super::build::Builder;
use crate::graph::Network;

/// FC(width) – BN – ReLU – FC(width) – BN – ReLU – FC(10).
pub(super) fn two_layers(width: usize, side: usize) -> Network {
    let mut net = Builder::cifar(&format!("fc{width}"), side);
    let mut node = 0;
    for layer in ["fc1", "fc2"] {
        let sums = net.linear(layer, node, width);
        node = net.rectified(layer, sums);
    }
    net.linear("fc3", node, 10);
    net.finish()
}
