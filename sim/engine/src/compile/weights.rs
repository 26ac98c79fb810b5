//! The weights of a planned layer, and its shape.

use cromulent_network::{Network, Op};

use super::plan::PlannedLayer;
use crate::geometry::LayerGeometry;
use crate::layer::Task;

/// A layer's weights, as a convolution.
pub(super) struct Weights<'a> {
    pub values: Values<'a>,
    pub geometry: LayerGeometry,
}

/// Weights by \[(output·channels + channel)·taps + tap\].
pub(super) enum Values<'a> {
    /// As the network has them.
    Learnt(&'a [f32]),
    /// With an average pool, or of an identity.
    Spread(Vec<f64>),
}

impl Values<'_> {
    pub fn at(&self, place: usize) -> f64 {
        match self {
            Values::Learnt(values) => values[place].into(),
            Values::Spread(values) => values[place],
        }
    }
}

impl<'a> Weights<'a> {
    /// The weights of a layer.
    pub fn of(network: &'a Network, planned: &PlannedLayer) -> Weights<'a> {
        if planned.task == Task::Identity {
            return Weights::identity(geometry(network, planned));
        }
        let values: &[f32] = match &network.nodes[planned.node].op {
            Op::Convolution(c) => &c.weight.values,
            Op::Linear(l) => &l.weight.values,
            _ => &[],
        };
        let learnt = Weights {
            values: Values::Learnt(values),
            geometry: learnt(network, planned),
        };
        match planned.average {
            None => learnt,
            Some((kernel, stride)) => learnt.spread(kernel, stride),
        }
    }

    /// Ones from each channel to itself.
    fn identity(geometry: LayerGeometry) -> Weights<'static> {
        let channels = geometry.channels;
        let one = |place: usize| f64::from(u8::from(place / channels == place % channels));
        Weights {
            values: Values::Spread((0..channels * channels).map(one).collect()),
            geometry,
        }
    }

    /// The same convolution with an average pool behind it, as one convolution.
    fn spread(&self, kernel: usize, stride: usize) -> Weights<'static> {
        let before = &self.geometry;
        let after = averaged(before, kernel, stride);
        let mut values = vec![0.0; after.out_channels * after.inner()];
        let share = 1.0 / (kernel * kernel) as f64;
        for place in 0..before.out_channels * before.inner() {
            let weight = self.values.at(place);
            let (map, tap) = (place / before.taps(), place % before.taps());
            let (ky, kx) = (tap / before.kernel_width, tap % before.kernel_width);
            for window in 0..kernel * kernel {
                let y = ky + before.stride * (window / kernel);
                let x = kx + before.stride * (window % kernel);
                values[map * after.taps() + y * after.kernel_width + x] += weight * share;
            }
        }
        Weights {
            values: Values::Spread(values),
            geometry: after,
        }
    }
}

/// The shape of a planned layer, the average pool behind it included.
pub(super) fn geometry(network: &Network, planned: &PlannedLayer) -> LayerGeometry {
    match planned.task {
        Task::Learnt => {}
        Task::Identity => return unlearnt(planned, (1, 1, 0)),
        Task::MaxPool => {
            let Op::MaxPool {
                kernel,
                stride,
                padding,
            } = network.nodes[planned.node].op
            else {
                return unlearnt(planned, (1, 1, 0));
            };
            return unlearnt(planned, (kernel, stride, padding));
        }
    }
    let learnt = learnt(network, planned);
    match planned.average {
        None => learnt,
        Some((kernel, stride)) => averaged(&learnt, kernel, stride),
    }
}

/// The shape of a layer that gives as many channels as it reads, with a square window, its stride and padding.
fn unlearnt(
    planned: &PlannedLayer,
    (kernel, stride, padding): (usize, usize, usize),
) -> LayerGeometry {
    let map = planned.map;
    LayerGeometry {
        height: map.height,
        width: map.width,
        channels: map.channels,
        out_channels: map.channels,
        kernel_height: kernel,
        kernel_width: kernel,
        stride,
        padding,
    }
}

/// The shape of a convolution and an average pool behind it. Its padding is zero padding, of which the pool
/// sees nothing: windows lie inside its map.
fn averaged(before: &LayerGeometry, kernel: usize, stride: usize) -> LayerGeometry {
    let spread = |side: usize| side + before.stride * (kernel - 1);
    LayerGeometry {
        kernel_height: spread(before.kernel_height),
        kernel_width: spread(before.kernel_width),
        stride: before.stride * stride,
        ..*before
    }
}

/// The shape of the learnt node. A linear layer is a convolution whose kernel is the map, or 1×1 behind a
/// global pool.
fn learnt(network: &Network, planned: &PlannedLayer) -> LayerGeometry {
    let node = &network.nodes[planned.node];
    let input = planned.map;
    let (kernel_height, kernel_width, stride, padding) = match &node.op {
        Op::Convolution(c) => (c.kernel_height(), c.kernel_width(), c.stride, c.padding),
        _ if planned.pooled => (1, 1, 1, 0),
        _ => (input.height, input.width, 1, 0),
    };
    LayerGeometry {
        height: input.height,
        width: input.width,
        channels: input.channels,
        out_channels: node.shape.channels,
        kernel_height,
        kernel_width,
        stride,
        padding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Generator;

    impl Weights<'_> {
        /// The weight of an inner index for an output channel.
        fn at(&self, k: usize, j: usize) -> f64 {
            let g = &self.geometry;
            let (tap, channel) = (k / g.channels, k % g.channels);
            self.values.at((j * g.channels + channel) * g.taps() + tap)
        }
    }

    /// A plain convolution in real numbers, by \[output\]\[position\].
    fn convolve(weights: &Weights, input: &[f64]) -> Vec<f64> {
        let g = &weights.geometry;
        let sum = |(j, position): (usize, usize)| {
            let value = |k: usize| {
                let at = g.source_index(position, k / g.channels, k % g.channels);
                at.map_or(0.0, |at| input[at] * weights.at(k, j))
            };
            (0..g.inner()).map(value).sum()
        };
        let places = (0..g.out_channels).flat_map(|j| (0..g.positions()).map(move |p| (j, p)));
        places.map(sum).collect()
    }

    #[test]
    fn an_average_behind_a_convolution_is_a_larger_kernel() {
        let mut generator = Generator::new(3);
        let mut real = move |_| generator.range(-1000, 1000) as f64 / 1000.0;
        for (side, step, padding, kernel, stride) in [
            (1, 1, 0, 2, 2),
            (3, 1, 1, 2, 2),
            (3, 2, 1, 2, 1),
            (2, 1, 0, 3, 2),
        ] {
            let geometry = LayerGeometry {
                height: 9,
                width: 8,
                channels: 2,
                out_channels: 3,
                kernel_height: side,
                kernel_width: side,
                stride: step,
                padding,
            };
            let learnt = Weights {
                values: Values::Spread((0..6 * side * side).map(&mut real).collect()),
                geometry,
            };
            let input: Vec<f64> = (0..9 * 8 * 2).map(&mut real).collect();
            let spread = learnt.spread(kernel, stride);
            let (plain, g) = (convolve(&learnt, &input), &spread.geometry);
            let found = convolve(&spread, &input);
            let (height, width) = (
                (geometry.out_height() - kernel) / stride + 1,
                (geometry.out_width() - kernel) / stride + 1,
            );
            assert_eq!((g.out_height(), g.out_width()), (height, width));
            for (place, found) in found.iter().enumerate() {
                let (j, position) = (place / g.positions(), place % g.positions());
                let (y, x) = (position / width * stride, position % width * stride);
                let window = (0..kernel * kernel).map(|w| {
                    let at = (y + w / kernel) * geometry.out_width() + x + w % kernel;
                    plain[j * geometry.positions() + at]
                });
                let mean = window.sum::<f64>() / (kernel * kernel) as f64;
                assert!((found - mean).abs() < 1e-9, "{found} {mean}");
            }
        }
    }
}
