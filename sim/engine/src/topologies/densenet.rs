//! Densely connected networks with bottlenecks (Huang et al., 2017).

use super::Topology;
use super::build::{Builder, POOLED, Tensor, same};

/// Channels that each layer adds.
const GROWTH: usize = 32;
/// Channels between the two convolutions of a layer.
const BOTTLENECK: usize = 4 * GROWTH;

/// DenseNet-121 for 224 × 224 images and 1000 classes. The average pools between its blocks are part of the
/// convolutions before them.
pub fn densenet121() -> Topology {
    let mut net = Builder::new("densenet121", 224);
    let stem = net.image("conv0", 64, same(7, 2));
    let mut channels = 64;
    let mut maps = vec![net.max_pool("pool0", stem)];
    for (number, layers) in (1..).zip([6, 12, 24, 16]) {
        if number > 1 {
            let name = format!("transition{}.conv", number - 1);
            channels /= 2;
            maps = vec![net.codes(&name, &maps, channels, POOLED)];
        }
        block(&mut net, number, layers, &mut maps);
        channels += layers * GROWTH;
    }
    net.scores("classifier", &maps, 1000);
    net.finish()
}

/// A block: each layer reads all maps there are and adds one.
fn block(net: &mut Builder, number: usize, layers: usize, maps: &mut Vec<Tensor>) {
    for layer in 1..=layers {
        let name = |part: &str| format!("db{number}.l{layer}.{part}");
        let inner = net.codes(&name("conv1"), maps, BOTTLENECK, same(1, 1));
        maps.push(net.codes(&name("conv2"), &[inner], GROWTH, same(3, 1)));
    }
}
