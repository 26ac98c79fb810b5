//! Random weights, and statistics to go with them.

use rayon::prelude::*;

use crate::evaluate::{Matrix, input_shape, last_readers, step};
use crate::generator::Generator;
use crate::graph::{Input, Network, Op, Tensor};
use crate::images::Image;

/// Positions of a normalised map that its statistics come from, at least.
const SAMPLES: usize = 48;
/// Multiply-accumulates of an image below which several images cost nothing to speak of.
const SMALL: u64 = 200_000_000;
/// Farthest a channel's threshold lies from its mean, standard deviations. A normal distribution is active with
/// a chance of 31 to 69 % then.
const REACH: f64 = 0.5;

/// Fills a network with random weights (those it has stay) and gives every batch-norm a random affine and the
/// statistics that its input has in the forward pass of synthetic images.
///
/// Weights have mean 0 and the variance 2/(terms of a sum) (He et al., 2015); scales lie between 1/2 and 3/2, one
/// in eight of them negative. The same seed gives the same network everywhere but for the last bits of statistics.
pub fn synthesise(network: &mut Network, seed: u64) {
    let mut generator = Generator::new(seed);
    let mut weights = vec![];
    for node in &mut network.nodes {
        match &mut node.op {
            Op::Convolution(c) => weights.push((&mut c.weight, generator.bits())),
            Op::Linear(linear) => weights.push((&mut linear.weight, generator.bits())),
            Op::BatchNorm(norm) => {
                for (scale, shift) in norm.scale.iter_mut().zip(&mut norm.shift) {
                    let sign = if generator.chance(1, 8) { -1.0 } else { 1.0 };
                    *scale = sign * generator.uniform(0.5, 1.5);
                    *shift = *scale * generator.uniform(-REACH, REACH);
                }
            }
            _ => {}
        }
    }
    // Each has a seed of its own, so it does not matter which is filled first.
    let weights = weights.into_par_iter();
    weights.for_each(|(weight, seed)| fill(weight, seed));
    let images: Vec<Image> = (0..images(network))
        .map(|_| synthetic_image(&network.input, generator.bits()))
        .collect();
    calibrate(network, &images);
}

/// An image of coarse patches with noise over them, so that neighbours are alike as in photographs.
pub fn synthetic_image(input: &Input, seed: u64) -> Image {
    const PATCH: usize = 8;
    let mut generator = Generator::new(seed);
    let across = input.width.div_ceil(PATCH);
    let patches = across * input.height.div_ceil(PATCH) * input.channels;
    let levels: Vec<i64> = (0..patches).map(|_| generator.range(24, 231)).collect();
    let mut pixels = Vec::with_capacity(input.shape().values());
    for place in 0..input.height * input.width {
        let (y, x) = (place / input.width, place % input.width);
        let patch = (y / PATCH * across + x / PATCH) * input.channels;
        for level in &levels[patch..patch + input.channels] {
            pixels.push((level + generator.range(-24, 24)) as u8);
        }
    }
    Image {
        channels: input.channels,
        height: input.height,
        width: input.width,
        pixels,
    }
}

fn fill(weight: &mut Tensor, seed: u64) {
    if !weight.values.is_empty() {
        return;
    }
    let mut generator = Generator::new(seed);
    let terms: usize = weight.shape.iter().skip(1).product();
    let deviation = (2.0 / terms as f32).sqrt();
    let count = weight.shape.iter().product();
    weight.values = (0..count).map(|_| deviation * generator.normal()).collect();
}

/// How many images the statistics take: a few where that costs nothing.
fn images(network: &Network) -> usize {
    let few = if network.macs() < SMALL { 4 } else { 1 };
    let norms = network.nodes.iter();
    let norms = norms.filter(|node| matches!(node.op, Op::BatchNorm(_)));
    let smallest = norms.map(|node| node.shape.height * node.shape.width).min();
    SAMPLES.div_ceil(smallest.unwrap_or(SAMPLES)).max(few)
}

/// Runs all images through the network side by side; each batch-norm takes its statistics when its turn comes.
fn calibrate(network: &mut Network, images: &[Image]) {
    let last_reader = last_readers(network);
    let mut maps: Vec<Vec<Vec<f32>>> = vec![vec![]; images.len()];
    // What comes behind the last batch-norm needs no statistics.
    let mut norms = network.nodes.iter();
    let nodes = norms.rposition(|node| matches!(node.op, Op::BatchNorm(_)));
    for node in 0..=nodes.unwrap_or(0) {
        if let Some(&input) = network.nodes[node].inputs.first() {
            let inputs: Vec<&[f32]> = maps.iter().map(|maps| maps[input].as_slice()).collect();
            take_statistics(&mut network.nodes[node].op, &inputs);
        }
        let this = &network.nodes[node];
        let matrix = Matrix::of(&this.op, input_shape(network, this));
        maps.par_iter_mut().zip(images).for_each(|(maps, image)| {
            maps.push(step(network, node, matrix.as_ref(), maps, image));
            let done = this.inputs.iter().filter(|&&i| last_reader[i] == node);
            done.for_each(|&input| maps[input] = vec![]);
        });
    }
}

/// Mean and variance of each channel over all maps, if the operation is a batch-norm. A channel that does not vary
/// takes the variance 1.
fn take_statistics(op: &mut Op, maps: &[&[f32]]) {
    let Op::BatchNorm(norm) = op else {
        return;
    };
    let channels = norm.channels();
    let mut sums = vec![(0.0, 0.0); channels];
    for position in maps.iter().flat_map(|map| map.chunks(channels)) {
        for (sum, &x) in sums.iter_mut().zip(position) {
            let x = f64::from(x);
            *sum = (sum.0 + x, sum.1 + x * x);
        }
    }
    let count = maps.iter().map(|map| map.len()).sum::<usize>() as f64 / channels as f64;
    for (c, (sum, squares)) in sums.into_iter().enumerate() {
        norm.mean[c] = sum / count;
        let variance = squares / count - norm.mean[c] * norm.mean[c];
        norm.variance[c] = if variance > 1e-12 { variance } else { 1.0 };
    }
}
