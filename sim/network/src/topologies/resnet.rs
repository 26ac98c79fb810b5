//! Residual networks, pre-activated (He et al., 2016), also wide ones (Zagoruyko and Komodakis, 2016).

use super::build::{Builder, same};
use crate::graph::Network;

/// Of depth 6·`blocks` + 2 for CIFAR-10, `widen` times as wide as usual. Shortcuts between stages have no parameters
/// in the narrow ones, and are projections in the wide ones, as in the two papers.
pub(super) fn cifar(name: &str, blocks: usize, widen: usize, side: usize) -> Network {
    let mut net = Builder::cifar(name, side);
    let mut stream = net.convolution("conv1", 0, 16, same(3, 1));
    for (stage, width) in (1..).zip([16, 32, 64].map(|width| width * widen)) {
        for block in 0..blocks {
            let name = format!("layer{stage}.{block}");
            let stride = if stage > 1 && block == 0 { 2 } else { 1 };
            let projects = widen > 1;
            stream = basic_block(&mut net, &name, stream, width, stride, projects);
        }
    }
    let last = net.rectified("last", stream);
    net.classify(last, 10);
    net.finish()
}

/// Of depth 18 for ImageNet, all layers after the first one `widen` times as wide.
pub(super) fn basic(name: &str, widen: usize, side: usize) -> Network {
    let (mut net, mut stream) = stem(name, side);
    for (stage, width) in (1..).zip([64, 128, 256, 512].map(|width| width * widen)) {
        for block in 0..2 {
            let name = format!("layer{stage}.{block}");
            let stride = if stage > 1 && block == 0 { 2 } else { 1 };
            stream = basic_block(&mut net, &name, stream, width, stride, true);
        }
    }
    classifier(net, stream)
}

/// Of depth 50 for ImageNet, of bottlenecks; where a block halves the map, its 3 × 3 convolution does.
pub(super) fn bottleneck(side: usize) -> Network {
    let (mut net, mut stream) = stem("resnet50", side);
    for (stage, (width, blocks)) in (1..).zip([(64, 3), (128, 4), (256, 6), (512, 3)]) {
        for block in 0..blocks {
            let name = format!("layer{stage}.{block}");
            let stride = if stage > 1 && block == 0 { 2 } else { 1 };
            stream = bottleneck_block(&mut net, &name, stream, width, stride);
        }
    }
    classifier(net, stream)
}

/// 64C7/2 – MP3/2: the max-pool right behind the convolution makes it cromulent (Graham, 2017, section 2.4).
fn stem(name: &str, side: usize) -> (Builder, usize) {
    let mut net = Builder::imagenet(name, side);
    let first = net.convolution("conv1", 0, 64, same(7, 2));
    let pooled = net.max_pool("maxpool", first);
    (net, pooled)
}

fn classifier(mut net: Builder, stream: usize) -> Network {
    let last = net.rectified("last", stream);
    net.classify(last, 1000);
    net.finish()
}

/// Two 3 × 3 convolutions.
fn basic_block(
    net: &mut Builder,
    name: &str,
    stream: usize,
    width: usize,
    stride: usize,
    projects: bool,
) -> usize {
    let part = |part: &str| format!("{name}.{part}");
    let entry = net.rectified(&part("1"), stream);
    let base = shortcut(
        net,
        &part("downsample"),
        [stream, entry],
        width,
        stride,
        projects,
    );
    let first = net.convolution(&part("conv1"), entry, width, same(3, stride));
    let inner = net.rectified(&part("2"), first);
    let second = net.convolution(&part("conv2"), inner, width, same(3, 1));
    net.add(&part("add"), [second, base])
}

/// 1 × 1, 3 × 3, and 1 × 1 to four times the width.
fn bottleneck_block(
    net: &mut Builder,
    name: &str,
    stream: usize,
    width: usize,
    stride: usize,
) -> usize {
    let part = |part: &str| format!("{name}.{part}");
    let entry = net.rectified(&part("1"), stream);
    let base = shortcut(
        net,
        &part("downsample"),
        [stream, entry],
        4 * width,
        stride,
        true,
    );
    let first = net.convolution(&part("conv1"), entry, width, same(1, 1));
    let inner = net.rectified(&part("2"), first);
    let second = net.convolution(&part("conv2"), inner, width, same(3, stride));
    let inner = net.rectified(&part("3"), second);
    let third = net.convolution(&part("conv3"), inner, 4 * width, same(1, 1));
    net.add(&part("add"), [third, base])
}

/// The stream itself where shapes agree; else a 1 × 1 convolution of the block's rectified input.
fn shortcut(
    net: &mut Builder,
    name: &str,
    [stream, entry]: [usize; 2],
    width: usize,
    stride: usize,
    projects: bool,
) -> usize {
    if net.channels(stream) == width && stride == 1 {
        stream
    } else if projects {
        net.convolution(name, entry, width, same(1, stride))
    } else {
        net.identity(name, entry, width, stride)
    }
}
