//! torchvision's VGGs: `features.0` … and `classifier.0`, `classifier.3`, `classifier.6`.
//!
//! The numbers are places in a row of layers, of which those without weights, ReLUs and max-pools, have no tensors: a
//! place more than a convolution, its batch-norm and its ReLU take is a max-pool's.

use cromulent_network::{Op, Tensor};

use super::Builder;

impl Builder<'_> {
    /// Convolutions, a max-pool behind each group of them, and linear layers.
    pub(super) fn vgg(&mut self) -> usize {
        let mut x = 0;
        let places = self.places("features", 4);
        for (number, &place) in places.iter().enumerate() {
            x = self.conv(&format!("features.{place}"), x, 1);
            let mut free = place + 1;
            let norm = format!("features.{free}");
            if self.tensors.contains_key(&format!("{norm}.running_mean")) {
                x = self.norm(&norm, x);
                free += 1;
            }
            x = self.relu(&format!("features.{free}"), x);
            free += 1;
            // The last of them is followed by a max-pool too.
            let next = places.get(number + 1);
            if next.is_none_or(|&next| next > free) {
                x = self.max_pool(&format!("features.{free}"), x, [2, 2, 0]);
            }
        }
        let linear = self.places("classifier", 2);
        x = self.adaptive_pool(x, linear.first().copied().unwrap_or(0));
        for (number, place) in linear.iter().enumerate() {
            x = self.linear(&format!("classifier.{place}"), x);
            if number + 1 < linear.len() {
                x = self.relu(&format!("classifier.{}", place + 1), x);
            }
        }
        x
    }

    /// The average pool that leaves a linear layer as many positions as it reads, 7 × 7 in torchvision: none where
    /// there are no more of them, as of images of 224 × 224. What does not divide is left to the check of shapes.
    fn adaptive_pool(&mut self, x: usize, linear: usize) -> usize {
        self.graph.output = x;
        let Ok(shapes) = self.graph.shapes() else {
            return x;
        };
        let (map, weight) = (shapes[x], format!("classifier.{linear}.weight"));
        let inputs = self
            .tensors
            .get(&weight)
            .and_then(|weight| weight.shape.get(1));
        let inputs = inputs.copied().unwrap_or(0);
        let side = (inputs / map.channels.max(1)).isqrt();
        let kernel = map.height / side.max(1);
        let divides = (side * kernel, side * kernel) == (map.height, map.width);
        if !divides || kernel < 2 {
            return x;
        }
        let pool = Op::AveragePool {
            kernel,
            stride: kernel,
        };
        self.graph.push("avgpool", pool, vec![x])
    }

    /// The numbers of the layers of a row whose weights have so many indices, in order.
    fn places(&self, row: &str, rank: usize) -> Vec<usize> {
        let place = |(name, tensor): (&String, &Tensor)| {
            let place = name.strip_prefix(row)?.strip_prefix('.')?;
            let place: u16 = place.strip_suffix(".weight")?.parse().ok()?;
            (tensor.shape.len() == rank).then_some(place.into())
        };
        let mut places: Vec<usize> = self.tensors.iter().filter_map(place).collect();
        places.sort_unstable();
        places
    }
}
