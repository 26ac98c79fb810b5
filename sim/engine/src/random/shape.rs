//! What a random layer is like, before its constants: shape, mode, ends and places.

use cromulent_design::Design;
use cromulent_number::Format;

use super::{Generator, Limits};
use crate::geometry::LayerGeometry;
use crate::image_input::{ImageInput, choices};
use crate::layer::{
    LayerInput, LayerMode, LayerOutput, Operands, PIXEL_BEATS, Places, Pooling, ResidualStep,
    Storage, Task, layout,
};
use crate::layout::{Layout, Map, Place};

/// How a max-pool is run.
pub(super) const MAX_POOL: LayerMode = LayerMode {
    task: Task::MaxPool,
    operands: Operands::Codes,
    pool: false,
    raw: false,
    storage: Storage::Codes,
    pooling: None,
};

/// All of a random layer but its constants.
pub(super) struct Shape {
    pub geometry: LayerGeometry,
    pub mode: LayerMode,
    pub input: LayerInput,
    pub output: LayerOutput,
    pub places: Places,
}

impl Shape {
    /// Draws a layer.
    pub fn draw(generator: &mut Generator, design: &Design, limits: &Limits) -> Shape {
        if design.max_pool && generator.chance(1, 6) {
            return Shape::draw_max_pool(generator, design, limits);
        }
        let (operands, pool) = operands_and_pool(generator, design);
        let geometry = geometry(generator, pool, limits);
        let words = if pool { 1 } else { geometry.positions() };
        let input = input(generator, design, operands, &geometry);
        let maps = input.len();
        let mut output = output(generator, maps, words);
        let mode = LayerMode {
            task: Task::Learnt,
            operands,
            pool,
            raw: output.codes().is_none(),
            storage: storage(generator, design, &output),
            pooling: None,
        };
        let mode = LayerMode {
            pooling: match mode.storage {
                _ if pool || mode.raw => None,
                _ => random_pooling(generator, design.max_pool, &geometry),
            },
            ..mode
        };
        if let LayerOutput::Residual(step) = &mut output {
            let can = mode.pooling.is_some() && step.base.is_none();
            step.pooled = can && generator.chance(1, 2);
        }
        let mut shape = Shape {
            geometry,
            mode,
            input: match operands {
                Operands::Integers => LayerInput::Image,
                Operands::Codes | Operands::Uncoded => LayerInput::Codes((0..maps).collect()),
            },
            output,
            places: Places {
                input,
                ..Places::default()
            },
        };
        if operands == Operands::Integers {
            let readers = [geometry, geometry];
            let readers = &readers[..*generator.pick(&[1, 1, 2])];
            shape.places.image = Some(image_input(generator, design, readers));
        }
        shape.place_output(generator, design);
        shape
    }

    /// Draws a max-pool: input and output begin in bank 0.
    fn draw_max_pool(generator: &mut Generator, design: &Design, limits: &Limits) -> Shape {
        let mut geometry = window(generator, limits);
        geometry.out_channels = geometry.channels;
        let place = Place {
            address: generator.range(0, 20) as usize,
            rotation: 0,
        };
        let mut shape = Shape {
            geometry,
            mode: MAX_POOL,
            input: LayerInput::Codes(vec![0]),
            output: LayerOutput::Codes(1),
            places: Places {
                input: vec![Map {
                    channels: geometry.channels,
                    place,
                }],
                ..Places::default()
            },
        };
        shape.place_output(generator, design);
        shape
    }

    /// How the input lies in the banks.
    pub fn layout(&self, design: &Design) -> Layout {
        layout(design, &self.geometry, &self.places)
    }

    /// Whether the layer adds to a stream value.
    pub fn adds(&self) -> bool {
        let step = self.output.residual();
        step.is_some_and(|step| step.base.is_some())
    }

    /// Words of all output channels.
    pub fn words(&self, design: &Design) -> usize {
        self.positions(design) * self.geometry.out_channels
    }

    /// Words of one output channel, of all images.
    pub fn positions(&self, design: &Design) -> usize {
        let own = if self.mode.pool {
            1
        } else {
            self.geometry.positions()
        };
        own * design.batch as usize
    }

    /// Codes of one output channel.
    pub fn code_positions(&self, design: &Design) -> usize {
        let map = self.mode.code_map(&self.geometry);
        map.height * map.width * design.batch as usize
    }

    /// The word of a code bank behind all that the layer reads and writes there.
    pub fn code_end(&self, design: &Design) -> usize {
        let rows = design.rows as usize;
        let planes = self.places.codes.planes(rows, self.geometry.out_channels);
        let written = planes * self.code_positions(design);
        let written = match self.output.codes() {
            Some(_) => self.places.codes.address + written,
            None => 0,
        };
        self.layout(design).range().end.max(written)
    }

    /// The word of the stream behind all that the layer reads and writes there.
    pub fn stream_end(&self, design: &Design) -> usize {
        let words = self.geometry.column_tiles(design.columns as usize) * self.positions(design);
        match self.output.residual() {
            Some(_) => self.places.read.max(self.places.write) + words,
            None => 0,
        }
    }

    /// Puts codes behind or before the input, and the stream's values in place or apart.
    fn place_output(&mut self, generator: &mut Generator, design: &Design) {
        let rows = design.rows as usize;
        if self.output.codes().is_some() {
            let range = self.layout(design).range();
            let rotation = match self.mode.max_pool() {
                true => 0,
                false => generator.range(0, rows as i64 - 1) as usize,
            };
            let mut place = Place {
                address: range.end + generator.range(0, 2) as usize,
                rotation,
            };
            let planes = place.planes(rows, self.geometry.out_channels);
            let words = planes * self.code_positions(design);
            if words <= range.start && generator.chance(1, 2) {
                place.address = range.start - words;
            }
            self.places.codes = place;
        }
        if self.output.residual().is_some() {
            let words =
                self.geometry.column_tiles(design.columns as usize) * self.positions(design);
            self.places.write = generator.range(0, 2) as usize;
            self.places.read = self.places.write;
            if self.adds() && generator.chance(1, 2) {
                self.places.read += words + generator.range(0, 2) as usize;
                if generator.chance(1, 2) {
                    std::mem::swap(&mut self.places.read, &mut self.places.write);
                }
            }
            if !self.adds() {
                self.places.read = 0;
            }
        }
    }
}

/// Windows over what a layer computes, now and then, if the design can pool and there are any.
pub(super) fn random_pooling(
    generator: &mut Generator,
    max_pool: bool,
    layer: &LayerGeometry,
) -> Option<Pooling> {
    if !max_pool || !generator.chance(1, 3) {
        return None;
    }
    let kinds = [
        (2, 2, 0),
        (3, 2, 1),
        (3, 2, 0),
        (2, 1, 0),
        (3, 3, 1),
        (1, 2, 0),
    ];
    let (side, stride, padding) = *generator.pick(&kinds);
    let pooling = Pooling {
        side,
        stride,
        padding,
    };
    pooling.is_possible(layer).then_some(pooling)
}

/// The shape of a max-pool, its output channels left out.
fn window(generator: &mut Generator, limits: &Limits) -> LayerGeometry {
    loop {
        let (kernel, padding) = *generator.pick(&[(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 1)]);
        let mut size = |limit: u32| generator.range(1, limit.into()) as usize;
        let geometry = LayerGeometry {
            height: size(limits.side),
            width: size(limits.side),
            channels: size(limits.channels),
            out_channels: 1,
            kernel_height: kernel,
            kernel_width: kernel,
            stride: *generator.pick(&[1, 2, 2, 3]),
            padding,
        };
        if geometry.check().is_ok() {
            return geometry;
        }
    }
}

/// Any way to store an image for the layers that read it, and any number of digits that the design can take.
pub(super) fn image_input(
    generator: &mut Generator,
    design: &Design,
    readers: &[LayerGeometry],
) -> ImageInput {
    let digits = match design.takes_whole_integers() {
        false => *generator.pick(&[PIXEL_BEATS, PIXEL_BEATS, 3, 2, 1]),
        true => PIXEL_BEATS,
    };
    let choices = choices(design, readers, digits);
    if choices.is_empty() {
        return ImageInput::SHARED;
    }
    generator.pick(&choices).input
}

fn operands_and_pool(generator: &mut Generator, design: &Design) -> (Operands, bool) {
    let integers = design.takes_integers() && generator.chance(2, 5);
    let operands = match integers {
        true if design.image_digits && generator.chance(1, 2) => Operands::Uncoded,
        true => Operands::Integers,
        false => Operands::Codes,
    };
    (operands, generator.chance(1, 7))
}

fn geometry(generator: &mut Generator, pool: bool, limits: &Limits) -> LayerGeometry {
    loop {
        let (kernel_height, kernel_width) = if pool {
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
        if !pool {
            geometry.stride = *generator.pick(&[1, 1, 1, 2, 2, 3]);
            geometry.padding = *generator.pick(&[0, 1]);
        }
        if geometry.check().is_ok() {
            return geometry;
        }
    }
}

/// The maps of the input: one for an image; for codes up to three, dense or in planes of their own.
fn input(
    generator: &mut Generator,
    design: &Design,
    operands: Operands,
    geometry: &LayerGeometry,
) -> Vec<Map> {
    let rows = design.rows as usize;
    let plane = design.batch as usize * geometry.height * geometry.width;
    let mut place = Place {
        address: generator.range(0, 3) as usize * generator.range(0, 20) as usize,
        rotation: 0,
    };
    if operands == Operands::Integers {
        let channels = geometry.channels;
        return vec![Map { channels, place }];
    }
    place.rotation = generator.range(0, rows as i64 - 1) as usize;
    let mut maps = Vec::new();
    for channels in parts(generator, geometry.channels) {
        maps.push(Map { channels, place });
        let next = place.after(rows, channels, plane);
        place = if generator.chance(2, 3) {
            next
        } else {
            Place {
                address: next.address + plane + generator.range(0, 2) as usize,
                rotation: generator.range(0, rows as i64 - 1) as usize,
            }
        };
    }
    if generator.chance(1, 4) {
        maps.reverse();
    }
    maps
}

/// A number as the sum of one to three.
fn parts(generator: &mut Generator, whole: usize) -> Vec<usize> {
    let mut parts = vec![];
    let mut left = whole;
    for _ in 0..generator.range(0, 2) {
        if left > 1 {
            let part = generator.range(1, left as i64 - 1) as usize;
            parts.push(part);
            left -= part;
        }
    }
    parts.push(left);
    parts
}

/// How codes are stored: often uncoded, if the banks are wide enough, or in a narrower format.
fn storage(generator: &mut Generator, design: &Design, output: &LayerOutput) -> Storage {
    if output.codes().is_none() {
        return Storage::Codes;
    }
    match generator.range(0, 5) {
        0 | 1 if design.image_digits => Storage::Integers,
        2 | 3 => narrow(generator, design),
        _ => Storage::Codes,
    }
}

/// A format narrower than the design's, if there is one.
fn narrow(generator: &mut Generator, design: &Design) -> Storage {
    let narrower: Vec<Format> = design.format.narrower().collect();
    match narrower[..] {
        [] => Storage::Codes,
        _ => Storage::Narrow(*generator.pick(&narrower)),
    }
}

/// What becomes of the words. The input's tensors are numbered below `tensor`.
fn output(generator: &mut Generator, tensor: usize, positions: usize) -> LayerOutput {
    match generator.range(0, 9) {
        0..=3 => LayerOutput::Codes(tensor),
        4 if positions == 1 => LayerOutput::Scores { unit: 1.0 },
        4 | 5 => LayerOutput::Nothing,
        _ => LayerOutput::Residual(ResidualStep {
            base: generator.chance(2, 3).then_some(0),
            result: 1,
            clamp: generator.chance(1, 3),
            codes: generator.chance(2, 3).then_some(tensor),
            pooled: false,
        }),
    }
}
