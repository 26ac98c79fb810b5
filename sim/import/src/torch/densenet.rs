//! torchvision's DenseNets: `features.conv0`, `features.denseblock1.denselayer1.norm1` …, `classifier`.

use cromulent_network::Op;

use super::Builder;

impl Builder<'_> {
    /// The stem, blocks with transitions between them, the last batch-norm and the classifier.
    pub(super) fn densenet(&mut self) -> usize {
        let mut x = self.stem(["features.conv0", "features.norm0", "features.relu0"]);
        x = self.max_pool("features.pool0", x, [3, 2, 1]);
        for block in 1.. {
            let name = format!("features.denseblock{block}");
            if !self.has(&dense_part(self, &format!("{name}.denselayer1"), "conv", 1)) {
                break;
            }
            x = self.dense_block(&name, x);
            let transition = format!("features.transition{block}");
            if self.has(&format!("{transition}.conv")) {
                x = self.transition(&transition, x);
            }
        }
        x = self.norm("features.norm5", x);
        x = self.relu("features.relu5", x);
        self.classify(&["classifier"], x)
    }

    /// Layers that each read all maps before them.
    fn dense_block(&mut self, name: &str, x: usize) -> usize {
        let mut joined = x;
        let mut maps = vec![x];
        for layer in 1.. {
            let name = format!("{name}.denselayer{layer}");
            let part = |builder: &Self, kind, number| dense_part(builder, &name, kind, number);
            if !self.has(&part(self, "conv", 1)) {
                break;
            }
            let mut y = joined;
            for number in [1, 2] {
                y = self.norm(&part(self, "norm", number), y);
                y = self.relu(&format!("{name}.relu{number}"), y);
                y = self.conv(&part(self, "conv", number), y, 1);
            }
            maps.push(y);
            joined = self
                .graph
                .push(&format!("{name}.join"), Op::Concat, maps.clone());
        }
        joined
    }

    /// Batch-norm, ReLU, 1×1 convolution and an average pool of 2×2.
    fn transition(&mut self, name: &str, x: usize) -> usize {
        let x = self.norm(&format!("{name}.norm"), x);
        let x = self.relu(&format!("{name}.relu"), x);
        let x = self.conv(&format!("{name}.conv"), x, 1);
        let pool = Op::AveragePool {
            kernel: 2,
            stride: 2,
        };
        self.graph.push(&format!("{name}.pool"), pool, vec![x])
    }
}

/// The name of a part of a layer: `norm1`, or `norm.1` as the first of torchvision's files have it.
fn dense_part(builder: &Builder, layer: &str, kind: &str, number: usize) -> String {
    let old = format!("{layer}.{kind}.{number}");
    match builder.has(&old) {
        true => old,
        false => format!("{layer}.{kind}{number}"),
    }
}
