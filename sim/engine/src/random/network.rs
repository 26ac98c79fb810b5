//! Random networks: layers that pass codes and stream values on, as a whole program.

use cromulent_design::Design;
use cromulent_number::Format;

use super::shape::{MAX_POOL, Shape, image_input, random_pooling};
use super::{Generator, Limits, constants, design};
use crate::activations::Activations;
use crate::geometry::LayerGeometry;
use crate::image::{Image, MapShape, StreamValue, Tensor};
use crate::layer::{
    LayerInput, LayerMode, LayerOutput, Operands, Places, ResidualStep, Storage, Task,
};
use crate::layout::{Banks, Layout};
use crate::memory::{Maps, Uses, Values as Kept, allocate};
use crate::reference::Reference;
use crate::values::Values;

/// A network compiled for a design, and an image for it.
#[derive(Clone, PartialEq, Debug)]
pub struct NetworkCase {
    /// The network, and its design.
    pub image: Image,
    /// Pixels 0..=255, row by row, channel fastest; of a batch of images one after another.
    pub pixels: Vec<u8>,
}

/// The network of a seed: two to seven layers, concatenations and sums among them, on a design with memories
/// just deep enough. Of three seeds one keeps its maps on chip, one in memory, and one has code banks so small
/// that maps which are not needed for a while go to memory.
pub fn network(seed: u64, limits: &Limits) -> NetworkCase {
    let mut generator = Generator::new(seed);
    let mut draft = design::draft(&mut generator, limits, true);
    if seed % 3 == 2 {
        draft.code_depth = 1;
    }
    let sketch = Sketch::draw(&mut generator, draft.max_pool, limits);
    let (mut image, shapes) = sketch.place(&mut generator, &draft, maps(seed));
    image.design = design::fit(&mut generator, draft, &shapes);
    fill(&mut generator, image, &shapes)
}

/// The network of a seed on exactly this design: the first one drawn that fits it, if one of a hundred does.
/// None does if the design takes no images.
pub fn network_within(seed: u64, design: &Design, limits: &Limits) -> Option<NetworkCase> {
    let mut generator = Generator::new(seed);
    (0..100).find_map(|_| {
        let sketch = Sketch::draw(&mut generator, design.max_pool, limits);
        let (image, shapes) = sketch.place(&mut generator, design, maps(seed));
        let fits = shapes.iter().all(|shape| design::holds(design, shape));
        fits.then(|| fill(&mut generator, image, &shapes))
    })
}

/// Where the network of a seed keeps its maps.
fn maps(seed: u64) -> Maps {
    match seed % 3 {
        1 => Maps::Memory,
        _ => Maps::Chip,
    }
}

/// Draws the constants of every layer, by what reaches it.
fn fill(generator: &mut Generator, mut image: Image, shapes: &[Shape]) -> NetworkCase {
    let pixels: Vec<u8> = (0..image.batch() * image.input.values())
        .map(|_| generator.range(0, 255) as u8)
        .collect();
    let MapShape {
        channels,
        height,
        width,
    } = image.input;
    let empty = image.clone();
    let height = image.batch() * height;
    let input =
        Activations::from_pixels(channels, height, width, &pixels, image.image_input.digits);
    let mut values = Values::new(&empty, input);
    for (number, shape) in shapes.iter().enumerate() {
        let name = format!("layer{number}");
        let input = values.input(&shape.input, &name);
        let input = input.expect("layers read what was written");
        let base = shape.output.residual().and_then(|step| step.base);
        let base = values.stream(base);
        let mut layer = constants::layer(generator, &empty.design, shape, &input, base);
        layer.name = name;
        let reference = Reference::new(&empty.design, &layer);
        values.step(&layer, &reference).expect("the same input");
        image.layers.push(layer);
    }
    debug_assert_eq!(image.check(), Ok(()));
    NetworkCase { image, pixels }
}

/// A network without places.
struct Sketch {
    image: MapShape,
    tensors: Vec<MapShape>,
    /// By tensor: whether it is left uncoded, if the design can.
    uncoded: Vec<bool>,
    /// By tensor: a number that chooses among the formats a design can store.
    formats: Vec<usize>,
    streams: Vec<MapShape>,
    layers: Vec<Layer>,
    /// Whether the design can pool.
    max_pool: bool,
}

/// A layer without places.
struct Layer {
    geometry: LayerGeometry,
    mode: LayerMode,
    input: LayerInput,
    output: LayerOutput,
}

impl Sketch {
    /// Draws layers, max-pools among them where the design can do them.
    fn draw(generator: &mut Generator, max_pool: bool, limits: &Limits) -> Sketch {
        let mut size = |limit: u32| generator.range(1, limit.into()) as usize;
        let mut sketch = Sketch {
            image: MapShape {
                channels: size(limits.channels.min(3)),
                height: size(limits.side),
                width: size(limits.side),
            },
            tensors: vec![],
            uncoded: vec![],
            formats: vec![],
            streams: vec![],
            layers: vec![],
            max_pool,
        };
        for _ in 0..generator.range(1, 6) {
            let coded = sketch.coded();
            if max_pool && !coded.is_empty() && generator.chance(1, 3) {
                let tensor = *generator.pick(&coded);
                sketch.max_pool(generator, tensor);
            } else {
                sketch.layer(generator, limits);
            }
        }
        sketch.last(generator, limits);
        sketch
    }

    /// The shape of a layer's input and where it comes from: the image, or tensors of one size.
    fn input(&self, generator: &mut Generator) -> (MapShape, LayerInput) {
        if self.tensors.is_empty() || generator.chance(1, 8) {
            return (self.image, LayerInput::Image);
        }
        let last = self.tensors.len() as i64 - 1;
        let chosen = generator.range(generator.clone().range(0, last), last) as usize;
        let mut shape = self.tensors[chosen];
        let size = (shape.height, shape.width);
        let mut read: Vec<usize> = (0..self.tensors.len())
            .filter(|&t| (self.tensors[t].height, self.tensors[t].width) == size)
            .filter(|&t| self.uncoded[t] == self.uncoded[chosen])
            .filter(|&t| t == chosen || generator.chance(2, 3))
            .collect();
        if generator.chance(1, 4) {
            read.reverse();
        }
        shape.channels = read.iter().map(|&t| self.tensors[t].channels).sum();
        (shape, LayerInput::Codes(read))
    }

    fn layer(&mut self, generator: &mut Generator, limits: &Limits) {
        let (shape, input) = self.input(generator);
        let channels = generator.range(1, limits.out_channels.into()) as usize;
        let mut geometry = geometry(generator, shape, channels);
        let output = MapShape {
            channels,
            height: geometry.out_height(),
            width: geometry.out_width(),
        };
        let same = |s: &usize| {
            (self.streams[*s].height, self.streams[*s].width) == (output.height, output.width)
        };
        let base = (0..self.streams.len()).rfind(same);
        let base = base.filter(|_| generator.chance(3, 4));
        // A sum has the channels of what it adds to.
        let output = base.map_or(output, |base| self.streams[base]);
        geometry.out_channels = output.channels;
        let tensor = self.tensors.len();
        let stream = base.is_some() || generator.chance(2, 5);
        let mut output_kind = if stream {
            LayerOutput::Residual(ResidualStep {
                base,
                result: self.streams.len(),
                clamp: generator.chance(1, 4),
                codes: generator.chance(3, 4).then_some(tensor),
                pooled: false,
            })
        } else {
            LayerOutput::Codes(tensor)
        };
        let (mut pooling, mut pooled) = (None, output);
        if output_kind.codes().is_some() {
            pooling = random_pooling(generator, self.max_pool, &geometry);
            if let Some(windows) = pooling.map(|pooling| pooling.windows(&geometry)) {
                pooled = MapShape {
                    height: windows.out_height(),
                    width: windows.out_width(),
                    ..output
                };
            }
            self.tensors.push(pooled);
            self.uncoded.push(generator.chance(1, 3));
            self.formats.push(generator.range(0, 11) as usize);
        }
        if let LayerOutput::Residual(step) = &mut output_kind {
            step.pooled = pooling.is_some() && base.is_none() && generator.chance(1, 2);
            self.streams.push(if step.pooled { pooled } else { output });
        }
        self.push(geometry, false, input, output_kind);
        if let Some(layer) = self.layers.last_mut() {
            layer.mode.pooling = pooling;
        }
    }

    /// The tensors that are codes on any design.
    fn coded(&self) -> Vec<usize> {
        let tensors = 0..self.tensors.len();
        tensors.filter(|&tensor| !self.uncoded[tensor]).collect()
    }

    /// A max-pool of a tensor.
    fn max_pool(&mut self, generator: &mut Generator, tensor: usize) {
        let input = self.tensors[tensor];
        let geometry = loop {
            let kinds = [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 1, 0), (1, 2, 0)];
            let geometry = square(input, input.channels, *generator.pick(&kinds));
            if geometry.check().is_ok() {
                break geometry;
            }
        };
        self.tensors.push(MapShape {
            channels: input.channels,
            height: geometry.out_height(),
            width: geometry.out_width(),
        });
        self.uncoded.push(false);
        self.formats.push(self.formats[tensor]);
        self.layers.push(Layer {
            geometry,
            mode: MAX_POOL,
            input: LayerInput::Codes(vec![tensor]),
            output: LayerOutput::Codes(self.tensors.len() - 1),
        });
    }

    /// The layer that gives the scores.
    fn last(&mut self, generator: &mut Generator, limits: &Limits) {
        let (shape, input) = self.input(generator);
        let pool = generator.chance(1, 2);
        let side = |side| if pool { 1 } else { side };
        let geometry = LayerGeometry {
            height: shape.height,
            width: shape.width,
            channels: shape.channels,
            out_channels: generator.range(1, limits.out_channels.into()) as usize,
            kernel_height: side(shape.height),
            kernel_width: side(shape.width),
            stride: 1,
            padding: 0,
        };
        self.push(geometry, pool, input, LayerOutput::Scores { unit: 0.5 });
    }

    fn push(
        &mut self,
        geometry: LayerGeometry,
        pool: bool,
        input: LayerInput,
        output: LayerOutput,
    ) {
        let operands = match input {
            LayerInput::Image => Operands::Integers,
            LayerInput::Codes(_) => Operands::Codes,
        };
        self.layers.push(Layer {
            geometry,
            mode: LayerMode {
                task: Task::Learnt,
                operands,
                pool,
                raw: output.codes().is_none(),
                storage: Storage::Codes,
                pooling: None,
            },
            input,
            output,
        });
    }

    /// The network with its places, its layers still without constants.
    fn place(self, generator: &mut Generator, design: &Design, maps: Maps) -> (Image, Vec<Shape>) {
        let reads_image = |layer: &&Layer| layer.input == LayerInput::Image;
        let readers = self.layers.iter().filter(reads_image);
        let readers: Vec<LayerGeometry> = readers.map(|layer| layer.geometry).collect();
        let image_input = image_input(generator, design, &readers);
        let banks = Banks::of(design);
        let words = readers.first().map(|first| {
            let layout = Layout::of_image(banks, first, 0, image_input.deal);
            layout.range().len()
        });
        let narrower: Vec<Format> = design.format.narrower().collect();
        let storage = |(&uncoded, &number): (&bool, &usize)| match uncoded & design.image_digits {
            true => Storage::Integers,
            // Half of them are stored in full.
            false if number % 2 == 0 || narrower.is_empty() => Storage::Codes,
            false => Storage::Narrow(narrower[number / 2 % narrower.len()]),
        };
        let stored = self.uncoded.iter().zip(&self.formats).map(storage);
        let stored: Vec<Storage> = stored.collect();
        let all = |shapes: &[MapShape]| {
            let images = shapes.iter().map(|shape| shape.of_batch(banks.batch));
            images.collect()
        };
        let kept = Kept {
            image: words,
            tensors: all(&self.tensors),
            streams: all(&self.streams),
            integers: stored.iter().map(|&s| s == Storage::Integers).collect(),
        };
        let layers = self.layers.iter();
        let uses: Vec<Uses> = layers
            .map(|l| Uses::of(&l.input, &l.output, l.mode))
            .collect();
        let found = allocate(design, maps, &kept, &uses);
        let tensors = self.tensors.iter().zip(found.tensors).zip(stored);
        let streams = self.streams.iter().zip(found.streams);
        let image = Image {
            design: design.clone(),
            network: "random".to_owned(),
            input: self.image,
            input_address: found.input_address,
            image_input,
            tensors: tensors
                .map(|((&shape, place), storage)| Tensor {
                    shape,
                    place,
                    storage,
                })
                .collect(),
            streams: streams
                .map(|(&shape, base)| StreamValue { shape, base })
                .collect(),
            moves: found.moves,
            layers: vec![],
        };
        let shape = |layer: Layer| {
            let places: Places = image.places(&layer.input, &layer.output);
            let mut mode = layer.mode;
            mode.storage = image.storage(&layer.output);
            if let LayerInput::Codes(read) = &layer.input {
                mode.operands = image.tensors[read[0]].storage.operands();
            }
            Shape {
                geometry: layer.geometry,
                mode,
                input: layer.input,
                output: layer.output,
                places,
            }
        };
        let shapes = self.layers.into_iter().map(shape).collect();
        (image, shapes)
    }
}

/// A convolution of a map: often one that keeps its size.
fn geometry(generator: &mut Generator, input: MapShape, out_channels: usize) -> LayerGeometry {
    loop {
        let kinds = [
            (1, 1, 0),
            (3, 1, 1),
            (3, 1, 1),
            (3, 2, 1),
            (2, 2, 0),
            (2, 1, 0),
        ];
        let geometry = square(input, out_channels, *generator.pick(&kinds));
        if geometry.check().is_ok() {
            return geometry;
        }
    }
}

/// A square window, with its stride and padding, over a map.
fn square(
    input: MapShape,
    out_channels: usize,
    (kernel, stride, padding): (usize, usize, usize),
) -> LayerGeometry {
    LayerGeometry {
        height: input.height,
        width: input.width,
        channels: input.channels,
        out_channels,
        kernel_height: kernel,
        kernel_width: kernel,
        stride,
        padding,
    }
}
