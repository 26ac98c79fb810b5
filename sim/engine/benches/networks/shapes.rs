//! Programs of known shapes with random constants: as much work as a trained network, and no sense.

use cromulent_design::Design;
use cromulent_engine::compile::OutlineLayer;
use cromulent_engine::constants::{Channel, Constants, Frame};
use cromulent_engine::image::{Image, MapShape, Tensor};
use cromulent_engine::layer::{LayerMode, Operands, Storage, Task};
use cromulent_engine::layout::Place;
use cromulent_engine::random::Generator;
use cromulent_engine::{ImageInput, Layer, LayerGeometry, LayerInput, LayerOutput, Outline};
use cromulent_number::{Format, Quantizer, Threshold};

/// A network as an image, every layer in it. A pool behind a layer, which outlines leave out, is a 1×1 convolution
/// with stride 2: 0.7 % more multiply-accumulates in ResNet-18.
pub fn image(outline: &Outline, design: &Design) -> Image {
    let mut shapes: Vec<MapShape> = outline.tensors.iter().map(|tensor| tensor.shape).collect();
    let layers = with_stand_ins(outline, &mut shapes);
    let mut image = Image {
        design: design.clone(),
        network: outline.network.clone(),
        input: outline.input,
        input_address: 0,
        image_input: ImageInput::SHARED,
        tensors: tensors(&shapes, design),
        streams: outline.streams.clone(),
        moves: vec![],
        layers: vec![],
    };
    let mut generator = Generator::new(1);
    let layers: Vec<Layer> = layers
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

/// All code tensors, one behind the other.
fn tensors(shapes: &[MapShape], design: &Design) -> Vec<Tensor> {
    let mut address = 0;
    let mut tensor = |shape: &MapShape| {
        let place = Place {
            address,
            rotation: 0,
        };
        let planes = place.planes(design.rows as usize, shape.channels);
        address += planes * shape.height * shape.width;
        Tensor {
            shape: *shape,
            place,
            storage: Storage::Codes,
        }
    };
    shapes.iter().map(&mut tensor).collect()
}

/// The layers, each whose codes are a pooled map followed by one that stands for the pool.
fn with_stand_ins(outline: &Outline, shapes: &mut Vec<MapShape>) -> Vec<OutlineLayer> {
    let mut layers = Vec::new();
    for layer in &outline.layers {
        let computed = computed(layer);
        let pooled = layer
            .output
            .codes()
            .filter(|&codes| shapes[codes] != computed);
        let Some(codes) = pooled else {
            layers.push(layer.clone());
            continue;
        };
        let whole = shapes.len();
        shapes.push(computed);
        let last = layer.output.clone();
        layers.push(OutlineLayer {
            output: LayerOutput::Codes(whole),
            ..layer.clone()
        });
        layers.push(stand_in(layer, computed, shapes[codes], whole, last));
    }
    layers
}

/// What a layer computes.
fn computed(layer: &OutlineLayer) -> MapShape {
    MapShape {
        channels: layer.geometry.out_channels,
        height: layer.geometry.out_height(),
        width: layer.geometry.out_width(),
    }
}

/// A 1×1 convolution from the codes of a layer to the map that is pooled of it.
fn stand_in(
    layer: &OutlineLayer,
    from: MapShape,
    to: MapShape,
    codes: usize,
    output: LayerOutput,
) -> OutlineLayer {
    let geometry = LayerGeometry {
        height: from.height,
        width: from.width,
        channels: from.channels,
        out_channels: from.channels,
        kernel_height: 1,
        kernel_width: 1,
        stride: from.height / to.height,
        padding: 0,
    };
    OutlineLayer {
        name: "pool".to_owned(),
        geometry,
        mode: LayerMode {
            task: Task::Learnt,
            operands: Operands::Codes,
            pool: false,
            raw: false,
            storage: Storage::Codes,
        },
        input: LayerInput::Codes(vec![codes]),
        output,
        macs: geometry.macs(false),
        ..layer.clone()
    }
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
    if shape.mode.operands == Operands::Codes {
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
