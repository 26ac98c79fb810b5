//! Random designs, layers and networks, for test benches.
//!
//! [`case`] turns a seed into a small valid design, a layer that fits it and an input for the layer: every
//! format with every affine form, image digits, odd arrays, K that does not fill the rows, one-pixel maps,
//! strides, padding, several passes, pooling, max-pools, raw words, concatenated inputs in any place, the residual
//! stream with everything it can do, batches of images. [`network()`] strings such layers together to whole programs. The
//! same seed gives the same case everywhere. Sums never overflow, so every executor must agree on every word.

mod constants;
mod design;

mod network;
mod shape;

use cromulent_design::Design;
use cromulent_number::nearest;

pub use cromulent_network::Generator;
pub use network::{NetworkCase, network, network_within};

use crate::activations::{Activations, operand_range};
use crate::layer::{Layer, LayerMode};
use shape::Shape;

/// Largest sizes of a random case, each at least 1. The smallest are always 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Rows of the array.
    pub rows: u32,
    /// Columns of the array, of which there are never more than rows.
    pub columns: u32,
    /// Height and width of the input map, pixels.
    pub side: u32,
    /// Input channels.
    pub channels: u32,
    /// Output channels.
    pub out_channels: u32,
}

impl Default for Limits {
    /// Arrays up to 6×6, maps up to 7×7, up to 9 channels in and out.
    fn default() -> Self {
        Limits {
            rows: 6,
            columns: 6,
            side: 7,
            channels: 9,
            out_channels: 9,
        }
    }
}

/// A design, a layer compiled for it, and an input of the layer.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// The design.
    pub design: Design,
    /// The layer.
    pub layer: Layer,
    /// The input.
    pub activations: Activations,
    /// The value of the residual stream it adds to, by \[position·channels + channel\], if it adds to one.
    pub base: Option<Vec<i16>>,
}

/// The case of a seed.
pub fn case(seed: u64, limits: &Limits) -> Case {
    let mut generator = Generator::new(seed);
    let draft = design::draft(&mut generator, limits, false);
    case_on(&mut generator, draft, limits)
}

/// The case of a seed on a design with its numeric fields (format, form, widths, rows, columns) as given;
/// accumulators are widened and memories made just deep enough for the layer.
pub fn case_for(seed: u64, design: &Design, limits: &Limits) -> Case {
    case_on(&mut Generator::new(seed), design.clone(), limits)
}

/// The case of a seed on exactly this design: the first layer drawn that fits it, if one of a hundred
/// does. Many such cases can run on one build of the design.
pub fn case_within(seed: u64, design: &Design, limits: &Limits) -> Option<Case> {
    let mut generator = Generator::new(seed);
    (0..100).find_map(|_| {
        let shape = Shape::draw(&mut generator, design, limits);
        let fits = design::holds(design, &shape);
        fits.then(|| case_of(&mut generator, design.clone(), &shape))
    })
}

fn case_on(generator: &mut Generator, draft: Design, limits: &Limits) -> Case {
    let shapes = [Shape::draw(generator, &draft, limits)];
    let design = design::fit(generator, draft, &shapes);
    case_of(generator, design, &shapes[0])
}

fn case_of(generator: &mut Generator, design: Design, shape: &Shape) -> Case {
    let activations = activations(generator, &design, shape);
    let base = shape
        .adds()
        .then(|| stream(generator, &design, shape.words(&design)));
    let layer = constants::layer(generator, &design, shape, &activations, base.as_deref());
    Case {
        design,
        layer,
        activations,
        base,
    }
}

fn activations(generator: &mut Generator, design: &Design, shape: &Shape) -> Activations {
    let geometry = &shape.geometry;
    let height = geometry.height * design.batch as usize;
    let size = (geometry.channels, height, geometry.width);
    let mut drawn = values(generator, design, shape.mode, size);
    if let Some(image) = shape.places.image {
        for value in &mut drawn.values {
            *value = nearest((*value).into(), image.digits) as i16;
        }
    }
    drawn
}

/// Any values that operands of a mode may have.
fn values(
    generator: &mut Generator,
    design: &Design,
    mode: LayerMode,
    (channels, height, width): (usize, usize, usize),
) -> Activations {
    let range = operand_range(design, mode);
    let (low, high) = (i64::from(*range.start()), i64::from(*range.end()));
    Activations {
        channels,
        height,
        width,
        values: (0..channels * height * width)
            .map(|_| generator.range(low, high) as i16)
            .collect(),
    }
}

/// Words of the residual stream: small ones, any, and the ends.
fn stream(generator: &mut Generator, design: &Design, words: usize) -> Vec<i16> {
    let (least, most) = design.stream_range().into_inner();
    let mut word = || match generator.range(0, 9) {
        0 => most,
        1 => least,
        2 | 3 => generator.range(least, most),
        _ => generator.range(least.max(-600), most.min(600)),
    };
    (0..words).map(|_| word() as i16).collect()
}

#[cfg(test)]
mod tests;
