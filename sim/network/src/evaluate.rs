//! The network in floating point: what every executor is an approximation of.

use crate::graph::{Convolution, Linear, Network, Node, Op, Shape};
use crate::images::Image;
use crate::problem::Problems;

/// Computes every node for one image: `result[node][(y·width + x)·channels + c]`.
///
/// Convolutions that were loaded with a bias compute without it (see [`Network::load`]).
///
/// # Errors
/// An image whose size is not the network's.
pub fn evaluate(network: &Network, image: &Image) -> Result<Vec<Vec<f32>>, Problems> {
    network.accept(image)?;
    let mut maps: Vec<Vec<f32>> = Vec::with_capacity(network.nodes.len());
    for node in &network.nodes {
        let inputs: Vec<Map<'_>> = node
            .inputs
            .iter()
            .map(|&i| Map {
                shape: network.nodes[i].shape,
                values: &maps[i],
            })
            .collect();
        let map = match inputs.first() {
            Some(&first) => compute(node, first, &inputs),
            None => normalised(network, image),
        };
        maps.push(map);
    }
    Ok(maps)
}

/// A node's values with their shape, channel fastest.
#[derive(Clone, Copy)]
struct Map<'a> {
    shape: Shape,
    values: &'a [f32],
}

impl<'a> Map<'a> {
    /// The channels of one position.
    fn at(&self, y: usize, x: usize) -> &'a [f32] {
        let start = (y * self.shape.width + x) * self.shape.channels;
        &self.values[start..start + self.shape.channels]
    }

    /// The positions a window covers, from its output position; those in the padding left out.
    fn window(&self, out: (usize, usize), window: Window) -> impl Iterator<Item = Tap<'a>> {
        let map = *self;
        (0..window.height * window.width).filter_map(move |tap| {
            let (ky, kx) = (tap / window.width, tap % window.width);
            let y = (out.0 * window.stride + ky).checked_sub(window.padding)?;
            let x = (out.1 * window.stride + kx).checked_sub(window.padding)?;
            let inside = y < map.shape.height && x < map.shape.width;
            inside.then(|| Tap {
                index: tap,
                channels: map.at(y, x),
            })
        })
    }
}

/// A window over a map: kernel extents, stride and padding in pixels.
#[derive(Clone, Copy)]
struct Window {
    height: usize,
    width: usize,
    stride: usize,
    padding: usize,
}

/// One position of a window: its index in the kernel, row by row, and the values there.
struct Tap<'a> {
    index: usize,
    channels: &'a [f32],
}

fn normalised(network: &Network, image: &Image) -> Vec<f32> {
    let channels = image.channels;
    let pixels = image.pixels.iter().enumerate();
    pixels
        .map(|(i, &pixel)| network.input.normalise(i % channels, pixel) as f32)
        .collect()
}

fn compute(node: &Node, first: Map<'_>, inputs: &[Map<'_>]) -> Vec<f32> {
    match &node.op {
        Op::Image => first.values.to_vec(),
        Op::Relu => first.values.iter().map(|x| x.max(0.0)).collect(),
        Op::Convolution(c) => convolve(c, first, node.shape),
        Op::Linear(linear) => multiply(linear, first),
        Op::BatchNorm(bn) => {
            let values = first.values.iter().enumerate();
            let channels = first.shape.channels;
            values
                .map(|(i, &x)| (i % channels, f64::from(x)))
                .map(|(c, x)| bn.affine(c, bn.normalise(c, x)) as f32)
                .collect()
        }
        Op::Add => add(first, &inputs[1..]),
        Op::Concat => concatenate(inputs, node.shape),
        Op::GlobalAveragePool => {
            let Shape { height, width, .. } = first.shape;
            average(
                first,
                node.shape,
                Window {
                    height,
                    width,
                    stride: 1,
                    padding: 0,
                },
            )
        }
        &Op::AveragePool { kernel, stride } => {
            let window = Window {
                height: kernel,
                width: kernel,
                stride,
                padding: 0,
            };
            average(first, node.shape, window)
        }
        &Op::MaxPool {
            kernel,
            stride,
            padding,
        } => {
            let window = Window {
                height: kernel,
                width: kernel,
                stride,
                padding,
            };
            windowed(first, node.shape, window, f32::NEG_INFINITY, f32::max)
        }
    }
}

fn positions(shape: Shape) -> impl Iterator<Item = (usize, usize)> {
    (0..shape.height * shape.width).map(move |p| (p / shape.width, p % shape.width))
}

fn convolve(c: &Convolution, input: Map<'_>, shape: Shape) -> Vec<f32> {
    let (height, width) = (c.kernel_height(), c.kernel_width());
    let window = Window {
        height,
        width,
        stride: c.stride,
        padding: c.padding,
    };
    let weights = outputs_fastest(c);
    let (inputs, outputs) = (input.shape.channels, shape.channels);
    let mut result = vec![0.0; shape.values()];
    for (position, sums) in positions(shape).zip(result.chunks_mut(outputs)) {
        for tap in input.window(position, window) {
            let of_tap = &weights[tap.index * inputs * outputs..];
            for (&x, row) in tap.channels.iter().zip(of_tap.chunks(outputs)) {
                sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += x * w);
            }
        }
    }
    result
}

/// The weights as `[tap][input][output]`, so that the inner loop runs over outputs.
fn outputs_fastest(c: &Convolution) -> Vec<f32> {
    let (outputs, inputs) = (c.weight.shape[0], c.weight.shape[1]);
    let taps = c.kernel_height() * c.kernel_width();
    let mut weights = vec![0.0; c.weight.values.len()];
    for (i, &value) in c.weight.values.iter().enumerate() {
        let (output, input, tap) = (i / taps / inputs, i / taps % inputs, i % taps);
        weights[(tap * inputs + input) * outputs + output] = value;
    }
    weights
}

fn multiply(linear: &Linear, input: Map<'_>) -> Vec<f32> {
    let Shape {
        channels,
        height,
        width,
    } = input.shape;
    // The weights count channel, row, column; the map is stored row, column, channel.
    let flat: Vec<f32> = (0..channels)
        .flat_map(|c| (0..height * width).map(move |p| input.values[p * channels + c]))
        .collect();
    let rows = linear.weight.values.chunks(flat.len());
    let sums = rows.map(|row| row.iter().zip(&flat).map(|(w, x)| w * x).sum::<f32>());
    sums.zip(&linear.bias)
        .map(|(sum, bias)| sum + bias)
        .collect()
}

fn add(first: Map<'_>, others: &[Map<'_>]) -> Vec<f32> {
    let mut sums = first.values.to_vec();
    for other in others {
        sums.iter_mut()
            .zip(other.values)
            .for_each(|(sum, x)| *sum += x);
    }
    sums
}

fn concatenate(inputs: &[Map<'_>], shape: Shape) -> Vec<f32> {
    positions(shape)
        .flat_map(|(y, x)| inputs.iter().flat_map(move |input| input.at(y, x)).copied())
        .collect()
}

fn average(input: Map<'_>, shape: Shape, window: Window) -> Vec<f32> {
    let share = 1.0 / (window.height * window.width) as f32;
    windowed(input, shape, window, 0.0, |sum, x| sum + x * share)
}

/// Combines the values under each window, channel by channel, beginning with `start`.
fn windowed(
    input: Map<'_>,
    shape: Shape,
    window: Window,
    start: f32,
    combine: impl Fn(f32, f32) -> f32,
) -> Vec<f32> {
    let mut result = vec![start; shape.values()];
    for (position, values) in positions(shape).zip(result.chunks_mut(shape.channels)) {
        for tap in input.window(position, window) {
            values
                .iter_mut()
                .zip(tap.channels)
                .for_each(|(v, &x)| *v = combine(*v, x));
        }
    }
    result
}
