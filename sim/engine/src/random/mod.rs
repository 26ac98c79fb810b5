//! Random designs and layers, for test benches.
//!
//! [`case`] turns a seed into a small valid design, a layer that fits it and an input for the layer: every
//! format with every affine form, image digits, odd arrays, K that does not fill the rows, one-pixel maps,
//! strides, padding, several passes, pooling, raw words. The same seed gives the same case everywhere.
//! Sums never overflow, so every executor must agree on every word.

mod constants;
mod design;
mod generator;

use cromulent_design::Design;

pub use generator::Generator;

use crate::activations::{Activations, operand_range};
use crate::geometry::LayerGeometry;
use crate::layer::{Layer, LayerInput, LayerMode, LayerOutput, Operands};

/// Largest sizes of a random case, each at least 1. The smallest are always 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Rows of the array.
    pub rows: u32,
    /// Columns of the array.
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
}

/// The case of a seed.
pub fn case(seed: u64, limits: &Limits) -> Case {
    let mut generator = Generator::new(seed);
    let draft = design::draft(&mut generator, limits);
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
        let mode = mode(&mut generator, design);
        let geometry = geometry(&mut generator, mode, limits);
        let fits = design::holds(design, &geometry, mode);
        fits.then(|| case_of(&mut generator, design.clone(), geometry, mode))
    })
}

fn case_on(generator: &mut Generator, draft: Design, limits: &Limits) -> Case {
    let mode = mode(generator, &draft);
    let geometry = geometry(generator, mode, limits);
    let design = design::fit(generator, draft, &geometry, mode);
    case_of(generator, design, geometry, mode)
}

fn case_of(
    generator: &mut Generator,
    design: Design,
    geometry: LayerGeometry,
    mode: LayerMode,
) -> Case {
    let activations = activations(generator, &design, &geometry, mode);
    let layer = constants::layer(generator, &design, geometry, mode, &activations);
    Case {
        design,
        layer,
        activations,
    }
}

fn mode(generator: &mut Generator, design: &Design) -> LayerMode {
    let multiply = design.pe == cromulent_design::PeKind::Multiply;
    let integers = (design.image_digits || multiply) && generator.chance(2, 5);
    LayerMode {
        operands: if integers {
            Operands::Integers
        } else {
            Operands::Codes
        },
        pool: generator.chance(1, 7),
        raw: generator.chance(1, 4),
    }
}

fn geometry(generator: &mut Generator, mode: LayerMode, limits: &Limits) -> LayerGeometry {
    loop {
        let (kernel_height, kernel_width) = if mode.pool {
            (1, 1)
        } else {
            *generator.pick(&[(1, 1), (1, 1), (3, 3), (3, 3), (3, 3), (1, 3), (2, 2)])
        };
        let mut size = |limit: u32| generator.range(1, limit.into()) as usize;
        let mut geometry = LayerGeometry {
            height: size(limits.side),
            width: size(limits.side),
            channels: size(limits.channels),
            out_channels: size(limits.out_channels),
            kernel_height,
            kernel_width,
            stride: 1,
            padding: 0,
        };
        if !mode.pool {
            geometry.stride = *generator.pick(&[1, 1, 1, 2, 2, 3]);
            geometry.padding = *generator.pick(&[0, 1]);
        }
        if geometry.check().is_ok() {
            return geometry;
        }
    }
}

fn activations(
    generator: &mut Generator,
    design: &Design,
    geometry: &LayerGeometry,
    mode: LayerMode,
) -> Activations {
    let range = operand_range(design, mode);
    let (low, high) = (i64::from(*range.start()), i64::from(*range.end()));
    let count = geometry.channels * geometry.height * geometry.width;
    Activations {
        channels: geometry.channels,
        height: geometry.height,
        width: geometry.width,
        values: (0..count)
            .map(|_| generator.range(low, high) as i16)
            .collect(),
    }
}

/// Where a random layer's input comes from and its words go.
fn ends(mode: LayerMode) -> (LayerInput, LayerOutput) {
    let input = match mode.operands {
        Operands::Codes => LayerInput::Codes(0),
        Operands::Integers => LayerInput::Image,
    };
    let output = if mode.raw {
        LayerOutput::Scores { unit: 1.0 }
    } else {
        LayerOutput::Codes(1)
    };
    (input, output)
}

#[cfg(test)]
mod tests;
