//! The network in floating point: what every executor is an approximation of.

mod learnt;
mod map;

use crate::batch_norm::BatchNorm;
use crate::graph::{Network, Node, Op, Shape};
use crate::images::Image;
use crate::problem::{Problem, Problems};
pub(crate) use learnt::Matrix;
use map::{Map, Window, positions};

/// Computes every node for one image: `result[node][(y·width + x)·channels + c]`.
///
/// Convolutions compute without a bias that [`Network::load`] has moved into batch-norms.
///
/// # Errors
/// An image whose size is not the network's; a hollow network.
pub fn evaluate(network: &Network, image: &Image) -> Result<Vec<Vec<f32>>, Problems> {
    Evaluator::new(network).all(image)
}

/// A network ready to compute many images in single precision.
///
/// Sums are formed in the same order on any number of threads.
pub struct Evaluator<'a> {
    network: &'a Network,
    /// By node: the weights of learnt ones.
    matrices: Vec<Option<Matrix>>,
    /// By node: the last node that reads it; itself if none does.
    last_reader: Vec<usize>,
}

impl<'a> Evaluator<'a> {
    /// Prepares a network.
    pub fn new(network: &'a Network) -> Evaluator<'a> {
        let matrix = |node: &Node| Matrix::of(&node.op, input_shape(network, node));
        Evaluator {
            network,
            matrices: network.nodes.iter().map(matrix).collect(),
            last_reader: last_readers(network),
        }
    }

    /// Computes every node: `result[node][(y·width + x)·channels + c]`.
    ///
    /// # Errors
    /// An image whose size is not the network's; a hollow network.
    pub fn all(&self, image: &Image) -> Result<Vec<Vec<f32>>, Problems> {
        self.accept(image)?;
        let mut maps = Vec::with_capacity(self.matrices.len());
        for _ in 0..self.matrices.len() {
            maps.push(self.next(&maps, image));
        }
        Ok(maps)
    }

    /// Computes the last node, keeping no map longer than it is read.
    ///
    /// # Errors
    /// An image whose size is not the network's; a hollow network.
    pub fn output(&self, image: &Image) -> Result<Vec<f32>, Problems> {
        self.accept(image)?;
        let mut maps: Vec<Vec<f32>> = Vec::with_capacity(self.matrices.len());
        for node in 0..self.matrices.len() {
            maps.push(self.next(&maps, image));
            for &input in &self.network.nodes[node].inputs {
                if self.last_reader[input] == node {
                    maps[input] = vec![];
                }
            }
        }
        Ok(maps.pop().unwrap_or_default())
    }

    fn accept(&self, image: &Image) -> Result<(), Problems> {
        if self.network.is_hollow() {
            let what = "has no weights";
            let place = format!("network {}", self.network.name);
            return Err(Problem::new(place, what, "synthesise them, or load a network").into());
        }
        self.network.accept(image)
    }

    /// The node after those whose maps are there.
    fn next(&self, maps: &[Vec<f32>], image: &Image) -> Vec<f32> {
        let matrix = self.matrices[maps.len()].as_ref();
        step(self.network, maps.len(), matrix, maps, image)
    }
}

/// The shape of what a node reads first.
pub(crate) fn input_shape(network: &Network, node: &Node) -> Option<Shape> {
    node.inputs.first().map(|&input| network.nodes[input].shape)
}

/// By node: the last node that reads it; itself if none does.
pub(crate) fn last_readers(network: &Network) -> Vec<usize> {
    let mut last: Vec<usize> = (0..network.nodes.len()).collect();
    for (reader, node) in network.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|&input| last[input] = reader);
    }
    last
}

/// Computes a node from the maps of those before it; `matrix` belongs to a learnt one.
pub(crate) fn step(
    network: &Network,
    node: usize,
    matrix: Option<&Matrix>,
    maps: &[Vec<f32>],
    image: &Image,
) -> Vec<f32> {
    let node = &network.nodes[node];
    let map = |&input: &usize| Map {
        shape: network.nodes[input].shape,
        values: &maps[input],
    };
    let inputs: Vec<Map<'_>> = node.inputs.iter().map(map).collect();
    match inputs.first() {
        Some(&first) => compute(node, matrix, first, &inputs),
        None => normalised(network, image),
    }
}

/// The image as it enters the network.
fn normalised(network: &Network, image: &Image) -> Vec<f32> {
    let channels = image.channels;
    let pixels = image.pixels.iter().enumerate();
    pixels
        .map(|(i, &pixel)| network.input.normalise(i % channels, pixel) as f32)
        .collect()
}

fn compute(node: &Node, matrix: Option<&Matrix>, first: Map<'_>, inputs: &[Map<'_>]) -> Vec<f32> {
    match (&node.op, matrix) {
        (Op::Convolution(c), Some(matrix)) => matrix.convolve(c, first, node.shape),
        (Op::Linear(linear), Some(matrix)) => matrix.multiply(linear, first),
        // A learnt layer always comes with its matrix.
        (Op::Image | Op::Convolution(_) | Op::Linear(_), _) => first.values.to_vec(),
        (Op::Relu, _) => first.values.iter().map(|x| x.max(0.0)).collect(),
        (Op::BatchNorm(norm), _) => normalise(norm, first),
        (Op::Add, _) => add(first, &inputs[1..]),
        (Op::Concat, _) => concatenate(inputs, node.shape),
        (Op::GlobalAveragePool, _) => {
            let Shape { height, width, .. } = first.shape;
            let window = Window {
                height,
                width,
                ..Window::square(1, 1, 0)
            };
            average(first, node.shape, window)
        }
        (&Op::AveragePool { kernel, stride }, _) => {
            average(first, node.shape, Window::square(kernel, stride, 0))
        }
        (
            &Op::MaxPool {
                kernel,
                stride,
                padding,
            },
            _,
        ) => {
            let window = Window::square(kernel, stride, padding);
            windowed(first, node.shape, window, f32::NEG_INFINITY, f32::max)
        }
    }
}

/// Batch-normalisation, each channel as one factor and one offset.
fn normalise(norm: &BatchNorm, input: Map<'_>) -> Vec<f32> {
    let factor = |c: usize| norm.scale[c] / norm.sigma(c);
    let offset = |c: usize| norm.shift[c] - norm.mean[c] * factor(c);
    let lines: Vec<(f64, f64)> = (0..norm.channels())
        .map(|c| (factor(c), offset(c)))
        .collect();
    let mut values = input.values.to_vec();
    for position in values.chunks_mut(lines.len()) {
        for (x, &(factor, offset)) in position.iter_mut().zip(&lines) {
            *x = (f64::from(*x) * factor + offset) as f32;
        }
    }
    values
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
    let mut values = Vec::with_capacity(shape.values());
    for (y, x) in positions(shape) {
        inputs
            .iter()
            .for_each(|input| values.extend_from_slice(input.at(y, x)));
    }
    values
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
