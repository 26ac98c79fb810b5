//! Residual networks: post-activation as torchvision and akamaster name them, pre-activation as this project does.

use cromulent_network::Op;

use super::Builder;
use crate::graph::{Kind, View};

impl Builder<'_> {
    /// `conv1`, `bn1`, `layer1.0.conv1` …
    pub(super) fn post_activation(&mut self) -> usize {
        let mut x = self.stem(["conv1", "bn1", "relu"]);
        if self.is_large("conv1") {
            x = self.max_pool("maxpool", x, [3, 2, 1]);
        }
        let mut channels = self.channels("conv1");
        for stage in 1.. {
            if !self.has(&format!("layer{stage}.0.conv1")) {
                break;
            }
            for block in 0.. {
                let name = format!("layer{stage}.{block}");
                if !self.has(&format!("{name}.conv1")) {
                    break;
                }
                let stride = if stage > 1 && block == 0 { 2 } else { 1 };
                (x, channels) = self.post_block(&name, x, channels, stride);
            }
        }
        self.classify(&["linear", "fc"], x)
    }

    /// A block, its output and its channels.
    fn post_block(
        &mut self,
        name: &str,
        x: usize,
        channels: usize,
        stride: usize,
    ) -> (usize, usize) {
        let layers = if self.has(&format!("{name}.conv3")) {
            3
        } else {
            2
        };
        let (mut y, mut outputs) = (x, channels);
        for layer in 1..=layers {
            // The 3×3 convolution of a bottleneck moves, the first of a plain block.
            let step = if layer == layers - 1 { stride } else { 1 };
            let conv = format!("{name}.conv{layer}");
            outputs = self.channels(&conv);
            y = self.conv(&conv, y, step);
            y = self.norm(&format!("{name}.bn{layer}"), y);
            if layer < layers {
                y = self.relu(&format!("{name}.relu{layer}"), y);
            }
        }
        let projection = ["downsample", "shortcut"].map(|kind| format!("{name}.{kind}"));
        let projection = projection
            .into_iter()
            .find(|kind| self.has(&format!("{kind}.0")));
        let shortcut = match projection {
            Some(kind) => {
                let conv = self.conv(&format!("{kind}.0"), x, stride);
                self.norm(&format!("{kind}.1"), conv)
            }
            None if (stride, outputs) == (1, channels) => x,
            None => {
                let more = outputs.saturating_sub(channels);
                let view = View {
                    rows: stride,
                    columns: stride,
                    before: more / 2,
                    behind: more - more / 2,
                };
                self.graph
                    .add(&format!("{name}.shortcut"), Kind::View(view), vec![x])
            }
        };
        let sum = self
            .graph
            .push(&format!("{name}.add"), Op::Add, vec![y, shortcut]);
        (self.relu(&format!("{name}.relu"), sum), outputs)
    }

    /// `conv1`, `blocks.0.bn1` …
    pub(super) fn pre_activation(&mut self) -> usize {
        let mut x = self.conv("conv1", 0, 1);
        for block in 0.. {
            let name = format!("blocks.{block}");
            if !self.has(&format!("{name}.conv1")) {
                break;
            }
            let shortcut = format!("{name}.shortcut");
            let projected = self.has(&shortcut);
            let stride = if projected { 2 } else { 1 };
            let mut y = self.norm(&format!("{name}.bn1"), x);
            y = self.relu(&format!("{name}.relu1"), y);
            let base = if projected {
                self.conv(&shortcut, y, stride)
            } else {
                x
            };
            y = self.conv(&format!("{name}.conv1"), y, stride);
            y = self.norm(&format!("{name}.bn2"), y);
            y = self.relu(&format!("{name}.relu2"), y);
            y = self.conv(&format!("{name}.conv2"), y, 1);
            x = self
                .graph
                .push(&format!("{name}.add"), Op::Add, vec![y, base]);
        }
        x = self.norm("bn", x);
        x = self.relu("relu", x);
        self.classify(&["linear", "fc"], x)
    }
}
