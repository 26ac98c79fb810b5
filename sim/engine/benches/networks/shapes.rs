//! Programs of known shapes with random constants: as much work as a trained network, and no sense.

use cromulent_design::Design;
use cromulent_engine::constants::{Channel, Constants, Frame};
use cromulent_engine::image::{Image, MapShape, StreamValue, Tensor};
use cromulent_engine::layer::{LayerMode, Operands};
use cromulent_engine::layout::Place;
use cromulent_engine::random::Generator;
use cromulent_engine::topologies::{Topology, TopologyLayer};
use cromulent_engine::{Layer, LayerGeometry, LayerInput, LayerOutput, ResidualStep};
use cromulent_number::{Format, Quantizer, Threshold};

/// A topology as an image, every layer in it. The pool behind the first layer, which topologies leave out, is a
/// 1×1 convolution with stride 2: 0.7 % more multiply-accumulates in ResNet-18.
pub fn image(topology: &Topology, design: &Design) -> Image {
    let layers = with_stand_in(topology);
    let mut image = Image {
        design: design.clone(),
        network: topology.name.to_owned(),
        input: topology.image,
        input_address: 0,
        tensors: tensors(topology, design),
        streams: topology.streams.iter().map(stream).collect(),
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

fn stream(shape: &MapShape) -> StreamValue {
    StreamValue {
        shape: *shape,
        base: 0,
    }
}

/// All code tensors, one behind the other.
fn tensors(topology: &Topology, design: &Design) -> Vec<Tensor> {
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
        }
    };
    topology.tensors.iter().map(&mut tensor).collect()
}

/// The layers, and one behind the first that writes what no layer writes.
fn with_stand_in(topology: &Topology) -> Vec<TopologyLayer> {
    let mut layers = topology.layers.clone();
    let is_written = |tensor: &usize| {
        let mut written = layers.iter().filter_map(|layer| layer.output.codes());
        written.any(|written| written == *tensor)
    };
    let missing = (0..topology.tensors.len()).find(|tensor| !is_written(tensor));
    let (Some(codes), Some(from)) = (missing, layers[0].output.codes()) else {
        return layers;
    };
    let writes = |layer: &TopologyLayer, stream| {
        layer
            .output
            .residual()
            .is_some_and(|step| step.result == stream)
    };
    let stream = (0..topology.streams.len())
        .find(|&stream| !layers.iter().any(|layer| writes(layer, stream)));
    let shape = topology.tensors[from];
    let stand_in = TopologyLayer {
        name: "pool".to_owned(),
        geometry: LayerGeometry {
            height: shape.height,
            width: shape.width,
            channels: shape.channels,
            out_channels: shape.channels,
            kernel_height: 1,
            kernel_width: 1,
            stride: 2,
            padding: 0,
        },
        mode: LayerMode {
            operands: Operands::Codes,
            pool: false,
            raw: false,
        },
        input: LayerInput::Codes(vec![from]),
        output: match stream {
            None => LayerOutput::Codes(codes),
            Some(result) => LayerOutput::Residual(ResidualStep {
                base: None,
                result,
                clamp: false,
                codes: Some(codes),
            }),
        },
    };
    layers.insert(1, stand_in);
    layers
}

/// A layer with random constants, whose words spread over the codes.
fn layer(generator: &mut Generator, image: &Image, shape: &TopologyLayer) -> Layer {
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
