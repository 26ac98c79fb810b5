//! Programs of known shapes with random constants: as much work as a trained network, and no sense.

use cromulent_design::Design;
use cromulent_engine::compile::OutlineLayer;
use cromulent_engine::constants::{Channel, Constants, Frame};
use cromulent_engine::image::Image;
use cromulent_engine::layer::Operands;
use cromulent_engine::random::Generator;
use cromulent_engine::{ImageInput, Layer, Outline};
use cromulent_number::{Format, Quantizer, Threshold};

/// A network as an image, every layer in it.
pub fn image(outline: &Outline, design: &Design) -> Image {
    let mut image = Image {
        design: design.clone(),
        network: outline.network.clone(),
        input: outline.input,
        input_address: 0,
        image_input: ImageInput::SHARED,
        tensors: outline.tensors.clone(),
        streams: outline.streams.clone(),
        moves: vec![],
        layers: vec![],
    };
    let mut generator = Generator::new(1);
    let layers: Vec<Layer> = outline
        .layers
        .iter()
        .map(|shape| layer(&mut generator, &image, shape))
        .collect();
    image.layers = layers;
    image
}

/// Pixels of any kind.
pub fn pixels(image: &Image) -> Vec<u8> {
    let mut generator = Generator::new(2);
    let pixel = |_| generator.range(0, 255) as u8;
    (0..image.input.values()).map(pixel).collect()
}

/// A layer with random constants, whose words spread over the codes.
fn layer(generator: &mut Generator, image: &Image, shape: &OutlineLayer) -> Layer {
    let design = &image.design;
    let places = image.places(&shape.input, &shape.output);
    let mut constants = Constants::idle(design, &shape.geometry, shape.mode);
    let mut weight = || generator.range(-127, 127) as i32;
    for a in constants.a.iter_mut().flatten() {
        *a = weight();
    }
    if shape.mode.operands == Operands::Codes && !shape.mode.max_pool() {
        constants.b.fill_with(&mut weight);
        // A threshold is a channel's, the same for all taps.
        let channels = shape.geometry.channels;
        let channel = |_| threshold(generator, design.format);
        let thresholds: Vec<Threshold> = (0..channels).map(channel).collect();
        for edges in constants.edges.chunks_mut(channels) {
            edges.copy_from_slice(&thresholds);
        }
    }
    let spread = shape.geometry.inner().ilog2() / 2 + 8;
    for channel in &mut constants.channels {
        *channel = Channel {
            align: 5,
            quantizer: Quantizer {
                exponent: spread as i32 + design.format.lowest_step(),
                thetas: [1 << design.threshold_fraction_bits; 4],
                fraction_bits: design.threshold_fraction_bits,
                ..Quantizer::default()
            },
            ..Channel::default()
        };
    }
    let frame = Frame {
        name: &shape.name,
        geometry: shape.geometry,
        mode: shape.mode,
        places: &places,
        input: &shape.input,
        output: &shape.output,
    };
    constants
        .assemble(design, &frame)
        .expect("constants in range")
}

/// Around the middle of the codes, in either direction.
fn threshold(generator: &mut Generator, format: Format) -> Threshold {
    let quarter = i64::from(format.codes() / 4);
    Threshold {
        position: generator.range(quarter, 3 * quarter) as u32,
        descending: generator.range(0, 1) == 1,
    }
}
