//! An image as bytes.
//!
//! Header: `CROM`, version (32 bits), design fingerprint, length of the body, FNV-1a checksum of the body
//! (64 bits each), all little-endian. The body is the fields of [`Image`] in order; sizes and words take
//! 8 bytes, weight words as many as they need, flags 1, lists and texts begin with their length. Registers
//! and operation counts are not stored: they follow from the rest.

use cromulent_design::{Design, Direction, LayerRegisters, Move};

use super::bytes::{Malformed, Reader, Writer};
use super::{Image, ImageError, MapShape, StreamValue, Tensor, VERSION};
use crate::geometry::LayerGeometry;
use crate::image_input::ImageInput;
use crate::layer::{
    Layer, LayerInput, LayerMode, LayerOutput, Operands, Places, Pooling, ResidualStep, Storage,
    Task, registers,
};
use crate::layout::Deal;
use crate::layout::Place;
use crate::memory::MapMove;
use crate::words::WeightWords;

const MAGIC: &[u8; 4] = b"CROM";
/// Bytes of the header.
const HEADER: usize = 32;

impl Image {
    /// The image as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Writer::default();
        write_body(&mut body, self);
        let mut file = Writer::default();
        file.bytes.extend(MAGIC);
        file.bytes.extend(VERSION.to_le_bytes());
        file.u64(self.design.fingerprint());
        file.size(body.bytes.len());
        file.u64(checksum(&body.bytes));
        file.bytes.extend(body.bytes);
        file.bytes
    }

    /// Reads and checks an image.
    ///
    /// # Errors
    /// Anything but the bytes of an image that can run.
    pub fn from_bytes(bytes: &[u8]) -> Result<Image, ImageError> {
        let (fingerprint, body) = open(bytes)?;
        let mut reader = Reader::new(body);
        let read = read_body(&mut reader).and_then(|image| reader.end().map(|()| image));
        let image = read.map_err(|Malformed { at, what }| ImageError::Malformed {
            at: HEADER + at,
            what: what.to_owned(),
        })?;
        if image.design.fingerprint() != fingerprint {
            return Err(ImageError::Invalid {
                place: "header".to_owned(),
                what: "the fingerprint is not that of the design inside".to_owned(),
            });
        }
        image.check()?;
        Ok(image)
    }
}

/// The fingerprint and the body of a file whose header is sound.
fn open(bytes: &[u8]) -> Result<(u64, &[u8]), ImageError> {
    if !bytes.starts_with(MAGIC) {
        return Err(if MAGIC.starts_with(bytes) {
            truncated(bytes, HEADER as u64)
        } else {
            ImageError::NotAnImage
        });
    }
    if let Some(found) = bytes.get(4..8) {
        let found = u32::from_le_bytes([found[0], found[1], found[2], found[3]]);
        if found != VERSION {
            return Err(ImageError::Version { found });
        }
    }
    if bytes.len() < HEADER {
        return Err(truncated(bytes, HEADER as u64));
    }
    let mut header = Reader::new(&bytes[8..HEADER]);
    let mut number = || header.u64().unwrap_or(0);
    let (fingerprint, length, sum) = (number(), number(), number());
    let body = &bytes[HEADER..];
    if (body.len() as u64) < length {
        return Err(truncated(bytes, length.saturating_add(HEADER as u64)));
    }
    if body.len() as u64 > length {
        return Err(ImageError::Malformed {
            at: HEADER + length as usize,
            what: "goes on after its end".to_owned(),
        });
    }
    if checksum(body) != sum {
        return Err(ImageError::Checksum);
    }
    Ok((fingerprint, body))
}

fn truncated(bytes: &[u8], expected: u64) -> ImageError {
    ImageError::Truncated {
        found: bytes.len(),
        expected,
    }
}

/// FNV-1a in 64 bits, taken over numbers of 64 bits; the last is filled up with zeros.
///
/// Each step maps hashes one to one, so any change within one of the numbers is noticed.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325, |hash, chunk| {
        let mut number = [0; 8];
        number[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(number)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn write_body(writer: &mut Writer, image: &Image) {
    writer.string(&image.design.to_toml());
    writer.string(&image.network);
    write_shape(writer, &image.input);
    writer.size(image.input_address);
    // 0: shared.
    writer.size(match image.image_input.deal {
        Deal::Shared => 0,
        Deal::Planes(planes) => planes,
    });
    writer.size(image.image_input.digits);
    writer.list(&image.tensors, |writer, tensor| {
        write_shape(writer, &tensor.shape);
        writer.size(tensor.place.address);
        writer.size(tensor.place.rotation);
        write_storage(writer, tensor.storage);
    });
    writer.list(&image.streams, |writer, value| {
        write_shape(writer, &value.shape);
        writer.size(value.base);
    });
    writer.list(&image.moves, write_move);
    writer.list(&image.layers, write_layer);
}

fn read_body(reader: &mut Reader) -> Result<Image, Malformed> {
    let text = reader.string()?;
    let design = Design::parse(&text, "program image")
        .map_err(|_| reader.malformed("its design is not valid"))?;
    let mut image = Image {
        design,
        network: reader.string()?,
        input: read_shape(reader)?,
        input_address: reader.address()?,
        image_input: ImageInput {
            deal: match reader.size()? {
                0 => Deal::Shared,
                planes => Deal::Planes(planes),
            },
            digits: reader.size()?,
        },
        tensors: reader.list(41, read_tensor)?,
        streams: reader.list(32, read_stream)?,
        moves: vec![],
        layers: vec![],
    };
    image.moves = reader.list(33, |reader| read_move(reader, &image.design))?;
    image.layers = reader.list(100, |reader| read_layer(reader, &image))?;
    Ok(image)
}

fn write_move(writer: &mut Writer, given: &MapMove) {
    let lines = &given.lines;
    writer.size(given.before);
    writer.u8((lines.direction == Direction::Store).into());
    for number in [lines.address, lines.lines, lines.offset] {
        writer.u64(number.into());
    }
}

fn read_move(reader: &mut Reader, design: &Design) -> Result<MapMove, Malformed> {
    let before = reader.size()?;
    let direction = match reader.flag()? {
        true => Direction::Store,
        false => Direction::Fetch,
    };
    let mut number = || {
        let number = reader.u64()?;
        u32::try_from(number)
            .map_err(|_| reader.malformed("a move has a number of more than 32 bits"))
    };
    let (address, lines, offset) = (number()?, number()?, number()?);
    Ok(MapMove {
        before,
        lines: Move::new(design, direction, address, lines, offset),
    })
}

fn read_tensor(reader: &mut Reader) -> Result<Tensor, Malformed> {
    Ok(Tensor {
        shape: read_shape(reader)?,
        place: Place {
            address: reader.address()?,
            rotation: reader.address()?,
        },
        storage: read_storage(reader)?,
    })
}

fn write_storage(writer: &mut Writer, storage: Storage) {
    match storage {
        Storage::Codes => writer.u8(0),
        Storage::Integers => writer.u8(1),
        Storage::Narrow(format) => {
            writer.u8(2);
            writer.string(format.name());
        }
    }
}

fn read_storage(reader: &mut Reader) -> Result<Storage, Malformed> {
    Ok(match reader.u8()? {
        0 => Storage::Codes,
        1 => Storage::Integers,
        2 => match reader.string()?.parse() {
            Ok(format) => Storage::Narrow(format),
            Err(_) => return Err(reader.malformed("a code tensor has a format there is not")),
        },
        _ => return Err(reader.malformed("a code tensor is stored in no known way")),
    })
}

fn read_stream(reader: &mut Reader) -> Result<StreamValue, Malformed> {
    Ok(StreamValue {
        shape: read_shape(reader)?,
        base: reader.address()?,
    })
}

fn write_shape(writer: &mut Writer, shape: &MapShape) {
    writer.size(shape.channels);
    writer.size(shape.height);
    writer.size(shape.width);
}

fn read_shape(reader: &mut Reader) -> Result<MapShape, Malformed> {
    Ok(MapShape {
        channels: reader.size()?,
        height: reader.size()?,
        width: reader.size()?,
    })
}

fn write_layer(writer: &mut Writer, layer: &Layer) {
    writer.string(&layer.name);
    let g = &layer.geometry;
    for size in [
        g.height,
        g.width,
        g.channels,
        g.out_channels,
        g.kernel_height,
        g.kernel_width,
        g.stride,
        g.padding,
    ] {
        writer.size(size);
    }
    writer.u8(match layer.mode.task {
        Task::Learnt => 0,
        Task::Identity => 1,
        Task::MaxPool => 2,
    });
    writer.u8(match layer.mode.operands {
        Operands::Codes => 0,
        Operands::Integers => 1,
        Operands::Uncoded => 2,
    });
    writer.u8(layer.mode.pool.into());
    writer.u8(layer.mode.raw.into());
    let pooling = layer.mode.pooling;
    writer.option(pooling.map(|pooling| pooling.side));
    if let Some(pooling) = pooling {
        writer.size(pooling.stride);
        writer.size(pooling.padding);
    }
    writer.words(&layer.row_words);
    writer.raw(layer.weight_words.bytes());
    writer.list(&layer.offset_words, |writer, bank| writer.words(bank));
    writer.list(&layer.norm_words, |writer, bank| writer.words(bank));
    writer.list(&layer.theta_words, |writer, memory| {
        writer.list(memory, |writer, bank| writer.words(bank));
    });
    match &layer.input {
        LayerInput::Image => writer.u8(0),
        LayerInput::Codes(tensors) => {
            writer.u8(1);
            writer.list(tensors, |writer, &tensor| writer.size(tensor));
        }
    }
    write_output(writer, &layer.output);
}

fn read_layer(reader: &mut Reader, image: &Image) -> Result<Layer, Malformed> {
    let name = reader.string()?;
    let geometry = read_geometry(reader)?;
    if geometry.check().is_err() {
        return Err(reader.malformed("a layer has an impossible shape"));
    }
    let mode = LayerMode {
        task: match reader.u8()? {
            0 => Task::Learnt,
            1 => Task::Identity,
            2 => Task::MaxPool,
            _ => return Err(reader.malformed("a layer's task is of no known kind")),
        },
        operands: match reader.u8()? {
            0 => Operands::Codes,
            1 => Operands::Integers,
            2 => Operands::Uncoded,
            _ => return Err(reader.malformed("the input of a layer is of no known kind")),
        },
        pool: reader.flag()?,
        raw: reader.flag()?,
        pooling: read_pooling(reader)?,
        // That of the tensor it writes, once it is known.
        storage: Storage::Codes,
    };
    if mode
        .pooling
        .is_some_and(|pooling| !pooling.is_possible(&geometry))
    {
        return Err(reader.malformed("a layer pools its codes by impossible windows"));
    }
    let mut layer = Layer {
        name,
        registers: LayerRegisters::default(),
        row_words: reader.words()?,
        weight_words: WeightWords::of_bytes(&image.design, reader.raw()?),
        offset_words: reader.list(8, Reader::words)?,
        norm_words: reader.list(8, Reader::words)?,
        theta_words: reader.list(8, |reader| reader.list(8, Reader::words))?,
        macs: mode.macs(&geometry),
        input: read_input(reader)?,
        output: read_output(reader)?,
        places: Places::default(),
        geometry,
        mode,
    };
    layer.places = image.places(&layer.input, &layer.output);
    layer.mode.storage = image.storage(&layer.output);
    let mode = layer.mode;
    let maps = layer.places.input.iter();
    let channels = maps.fold(0usize, |sum, map| sum.saturating_add(map.channels));
    if channels != geometry.channels {
        return Err(reader.malformed("the channels of a layer are not those of its input"));
    }
    layer.registers = registers(&image.design, &geometry, mode, &layer.output, &layer.places);
    Ok(layer)
}

fn read_pooling(reader: &mut Reader) -> Result<Option<Pooling>, Malformed> {
    let Some(side) = reader.option()? else {
        return Ok(None);
    };
    let (stride, padding) = (reader.size()?, reader.size()?);
    Ok(Some(Pooling {
        side,
        stride,
        padding,
    }))
}

fn read_input(reader: &mut Reader) -> Result<LayerInput, Malformed> {
    Ok(if reader.flag()? {
        LayerInput::Codes(reader.list(8, Reader::size)?)
    } else {
        LayerInput::Image
    })
}

fn read_geometry(reader: &mut Reader) -> Result<LayerGeometry, Malformed> {
    Ok(LayerGeometry {
        height: reader.size()?,
        width: reader.size()?,
        channels: reader.size()?,
        out_channels: reader.size()?,
        kernel_height: reader.size()?,
        kernel_width: reader.size()?,
        stride: reader.size()?,
        padding: reader.size()?,
    })
}

fn write_output(writer: &mut Writer, output: &LayerOutput) {
    match output {
        LayerOutput::Codes(tensor) => {
            writer.u8(0);
            writer.size(*tensor);
        }
        LayerOutput::Residual(step) => {
            writer.u8(1);
            writer.option(step.base);
            writer.size(step.result);
            writer.u8(step.clamp.into());
            writer.option(step.codes);
            writer.u8(step.pooled.into());
        }
        LayerOutput::Scores { unit } => {
            writer.u8(2);
            writer.u64(unit.to_bits());
        }
        LayerOutput::Nothing => writer.u8(3),
    }
}

fn read_output(reader: &mut Reader) -> Result<LayerOutput, Malformed> {
    Ok(match reader.u8()? {
        0 => LayerOutput::Codes(reader.size()?),
        1 => LayerOutput::Residual(ResidualStep {
            base: reader.option()?,
            result: reader.size()?,
            clamp: reader.flag()?,
            codes: reader.option()?,
            pooled: reader.flag()?,
        }),
        2 => LayerOutput::Scores {
            unit: f64::from_bits(reader.u64()?),
        },
        3 => LayerOutput::Nothing,
        _ => return Err(reader.malformed("a layer's output is of no known kind")),
    })
}
