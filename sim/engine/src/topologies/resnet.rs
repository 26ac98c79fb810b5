//! Residual networks of basic blocks, pre-activation (He et al., 2016).

use super::Topology;
use super::build::{Builder, Tensor, same};

/// ResNet-18 for 224 × 224 images and 1000 classes.
pub fn resnet18() -> Topology {
    let mut net = Builder::new("resnet18", 224);
    let stem = net.image("conv1", 64, same(7, 2));
    let codes = net.max_pool("maxpool", stem);
    stages(net, codes, 64, &[64, 128, 256, 512], 2, 1000)
}

/// ResNet-20 for 32 × 32 images and 10 classes, with convolutions as shortcuts.
pub fn resnet20() -> Topology {
    let mut net = Builder::new("resnet20", 32);
    let codes = net.image("conv1", 16, same(3, 1));
    stages(net, codes, 16, &[16, 32, 64], 3, 10)
}

/// Stages of blocks on the codes of a stream value, and the linear layer. The first block of a stage that is
/// wider than what comes before halves height and width.
fn stages(
    mut net: Builder,
    mut codes: Tensor,
    mut channels: usize,
    widths: &[usize],
    blocks: usize,
    classes: usize,
) -> Topology {
    let mut stream = net.beginning(codes);
    for (stage, &width) in (1..).zip(widths) {
        for block in 0..blocks {
            let name = |layer: &str| format!("layer{stage}.{block}.{layer}");
            let stride = if width > channels { 2 } else { 1 };
            if width > channels {
                stream = net.shortcut(&name("downsample"), codes, width, stride);
            }
            let inner = net.codes(&name("conv1"), &[codes], width, same(3, stride));
            (stream, codes) = net.residual(&name("conv2"), inner, width, same(3, 1), Some(stream));
            channels = width;
        }
    }
    net.scores("fc", &[codes], classes);
    net.finish()
}
