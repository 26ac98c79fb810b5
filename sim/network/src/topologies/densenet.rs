//! Densely connected networks (Huang et al., 2017).

use super::build::{Builder, Kernel, same};
use crate::graph::Network;

/// Three blocks of `layers` 3 × 3 convolutions and growth 12 for CIFAR-10, without bottlenecks or compression.
pub(super) fn plain(name: &str, layers: usize, side: usize) -> Network {
    let mut net = Builder::cifar(name, side);
    let mut maps = vec![net.convolution("conv0", 0, 16, same(3, 1))];
    for block in 1..=3 {
        if block > 1 {
            maps = transition(&mut net, block - 1, &maps, 1);
        }
        for layer in 1..=layers {
            let name = format!("db{block}.l{layer}");
            let joined = net.concat(&format!("{name}.join"), &maps);
            maps.push(layer_of(&mut net, &name, joined, 12, same(3, 1)));
        }
    }
    classifier(net, &maps, 10)
}

/// Four blocks with bottlenecks, growth 32 and transitions that halve the channels, for ImageNet. The stem is
/// 64C7/2 – MP3/2, without the batch-norm and ReLU between, of which nothing learnt would come before the next
/// batch-norm.
pub(super) fn compressed(name: &str, blocks: [usize; 4], side: usize) -> Network {
    const GROWTH: usize = 32;
    let mut net = Builder::imagenet(name, side);
    let first = net.convolution("conv0", 0, 64, same(7, 2));
    let mut maps = vec![net.max_pool("pool0", first)];
    for (block, layers) in (1..).zip(blocks) {
        if block > 1 {
            maps = transition(&mut net, block - 1, &maps, 2);
        }
        for layer in 1..=layers {
            let part = |part: &str| format!("db{block}.l{layer}.{part}");
            let joined = net.concat(&part("join"), &maps);
            let inner = layer_of(&mut net, &part("1"), joined, 4 * GROWTH, same(1, 1));
            maps.push(layer_of(&mut net, &part("2"), inner, GROWTH, same(3, 1)));
        }
    }
    classifier(net, &maps, 1000)
}

/// BN – ReLU – 1 × 1 convolution – 2 × 2 average pool.
fn transition(net: &mut Builder, number: usize, maps: &[usize], compression: usize) -> Vec<usize> {
    let name = format!("transition{number}");
    let joined = net.concat(&format!("{name}.join"), maps);
    let channels = net.channels(joined) / compression;
    let sums = layer_of(net, &name, joined, channels, same(1, 1));
    vec![net.average_pool(&format!("{name}.pool"), sums)]
}

/// BN – ReLU – convolution.
fn layer_of(net: &mut Builder, name: &str, from: usize, channels: usize, kernel: Kernel) -> usize {
    let rectified = net.rectified(name, from);
    net.convolution(&format!("{name}.conv"), rectified, channels, kernel)
}

fn classifier(mut net: Builder, maps: &[usize], classes: usize) -> Network {
    let joined = net.concat("join", maps);
    let last = net.rectified("last", joined);
    net.classify(last, classes);
    net.finish()
}
