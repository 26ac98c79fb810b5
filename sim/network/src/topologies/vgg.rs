//! VGG-like networks on CIFAR-10 (Graham, 2017, section 2.2).

use super::build::{Builder, same, valid};
use crate::graph::Network;

/// M(k) – M(2k) – M(4k) – (8k)C4, where M(k) is kC3 – BN – ReLU – kC3 – MP3/2 – BN – ReLU.
pub(super) fn vgg(k: usize, side: usize) -> Network {
    let mut net = Builder::cifar(&format!("vgg{k}"), side);
    let mut node = 0;
    for (module, width) in [k, 2 * k, 4 * k].into_iter().enumerate() {
        let name = |part: &str| format!("m{}.{part}", module + 1);
        let first = net.convolution(&name("conv1"), node, width, same(3, 1));
        let inner = net.rectified(&name("1"), first);
        let second = net.convolution(&name("conv2"), inner, width, same(3, 1));
        let pooled = net.max_pool(&name("pool"), second);
        node = net.rectified(&name("2"), pooled);
    }
    let last = net.convolution("conv", node, 8 * k, valid(4));
    let last = net.rectified("last", last);
    net.classify(last, 10);
    net.finish()
}
