//! The program of a network in memory: what the accelerator is given, byte by byte.
//!
//! A header, one command after another, and behind each LAYER its constants and weights in the order of
//! use: for each column tile a constant line, then for each pass, row tile and row a tile line. Every line
//! begins at a beat of the bus. `docs/program-image.md` is the same for the reader of a program.

use std::ops::Range;

pub use cromulent_design::Command as Step;
use cromulent_design::{
    BURST_BEATS, Bits, Design, Fetch, Header, LayerRegisters, NormWord, OffsetWord, RowWord,
    ThetaWord, WeightWord,
};

use crate::activations::{Activations, InputError};
use crate::image::Image;
use crate::layer::{Layer, LayerOutput};
use crate::memory::{MapMove, Pending};

/// A program in memory, and what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// The bytes, filled with zeros to a multiple of [`BURST_BEATS`] beats. It is to lie at a multiple of
    /// as many.
    pub bytes: Vec<u8>,
    /// The layers, in the order they run.
    pub layers: Vec<ProgramLayer>,
    /// How the input gets on chip.
    pub fetch: Option<Fetch>,
    /// 64-bit words of the result.
    pub result_words: usize,
    /// Bytes of the scratch region it moves maps to and from.
    pub scratch_bytes: u64,
    /// The commands.
    pub steps: Vec<Step>,
}

/// One layer of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramLayer {
    /// The name of the layer.
    pub name: String,
    /// What the machine is told.
    pub registers: LayerRegisters,
}

impl Program {
    /// The program of a network: fetch the image, run the layers, end.
    pub fn of(image: &Image) -> Program {
        let fetch = fetch_of_image(image);
        write(&image.design, fetch, &image.moves, &image.layers)
    }

    /// The commands of that program, without its bytes.
    pub fn steps_of(image: &Image) -> Vec<Step> {
        let fetch = fetch_of_image(image);
        let layers = image.layers.iter().map(|layer| layer.registers);
        steps(fetch, &image.moves, layers)
    }

    /// Beats of the program, the fill behind its end left out: what its header says.
    pub fn beats(&self) -> u32 {
        let lane = self.bytes.get(16..20).and_then(|lane| lane.try_into().ok());
        lane.map_or(0, u32::from_le_bytes)
    }
}

/// The bytes of an image, or a batch of images, as the program fetches it: a code line for each pixel of each plane.
///
/// # Errors
/// Pixels that are not the network's image, or not as many of them as are computed together.
pub fn input_lines(image: &Image, pixels: &[u8]) -> Result<Vec<u8>, InputError> {
    let activations = image.activations(pixels)?;
    let first = image.image_readers().next();
    Ok(first.map_or(vec![], |layer| lines(&image.design, layer, &activations)))
}

/// The program that runs one layer alone ([`Layer::alone`]) on an input, and the bytes of the input.
///
/// # Errors
/// Activations that are no input of the layer.
pub fn single(
    design: &Design,
    layer: &Layer,
    activations: &Activations,
) -> Result<(Program, Vec<u8>), InputError> {
    activations.check(design, layer)?;
    let fetch = fetch_of(design, layer);
    let input = lines(design, layer, activations);
    let program = write(design, Some(fetch), &[], &[layer.alone()]);
    Ok((program, input))
}

/// The command that fetches the image, if a layer reads it.
fn fetch_of_image(image: &Image) -> Option<Fetch> {
    let first = image.image_readers().next();
    first.map(|layer| fetch_of(&image.design, layer))
}

/// The command that fetches a layer's input from the beginning of the input in memory.
fn fetch_of(design: &Design, layer: &Layer) -> Fetch {
    fetch(design, &layer.layout(design).range())
}

/// The command that fetches the words of this range of every code bank.
pub(crate) fn fetch(design: &Design, words: &Range<usize>) -> Fetch {
    Fetch::new(design, words.start as u32, words.len() as u32, 0)
}

/// The commands of a program of these layers, and of the moves before each of them.
pub(crate) fn steps(
    fetch: Option<Fetch>,
    moves: &[MapMove],
    layers: impl Iterator<Item = LayerRegisters>,
) -> Vec<Step> {
    let mut steps: Vec<Step> = fetch.map(Step::Fetch).into_iter().collect();
    let mut moves = Pending::new(moves);
    for (number, registers) in layers.enumerate() {
        steps.extend(moves.before(number).map(Step::Move));
        steps.push(Step::Layer(registers));
    }
    steps.push(Step::End);
    steps
}

/// The code lines of a layer's input, each in whole beats.
fn lines(design: &Design, layer: &Layer, activations: &Activations) -> Vec<u8> {
    let lines = activations.lines(design, &layer.layout(design));
    let bytes = |line: Vec<u64>| {
        let mut bits = Bits::new();
        for word in line {
            bits.push(word, design.code_word_bits());
        }
        bits.to_beats(beat_bytes(design))
    };
    lines.into_iter().flat_map(bytes).collect()
}

fn beat_bytes(design: &Design) -> usize {
    design.bus_bits as usize / 8
}

fn write(design: &Design, fetch: Option<Fetch>, moves: &[MapMove], layers: &[Layer]) -> Program {
    let mut writer = Writer {
        design,
        bytes: vec![],
    };
    // The header's place; it is written when the length is known.
    writer.lanes(&Header::new(design, 0).to_lanes());
    let steps = steps(fetch, moves, layers.iter().map(|layer| layer.registers));
    let mut following = layers.iter();
    for step in &steps {
        writer.lanes(&step.to_lanes());
        if matches!(step, Step::Layer(_))
            && let Some(layer) = following.next()
        {
            writer.layer(layer);
        }
    }
    Program {
        bytes: writer.finish(),
        layers: layers.iter().map(ProgramLayer::of).collect(),
        fetch,
        result_words: layers.iter().map(|layer| result_words(design, layer)).sum(),
        scratch_bytes: scratch_bytes(design, &steps),
        steps,
    }
}

/// Where the last byte ends that the moves among these commands reach in the scratch region.
pub fn scratch_bytes(design: &Design, steps: &[Step]) -> u64 {
    let ends = steps.iter().map(|step| match step {
        Step::Move(to) => {
            u64::from(to.offset) + u64::from(to.beats) * u64::from(design.bus_bits / 8)
        }
        Step::Layer(_) | Step::Fetch(_) | Step::End => 0,
    });
    ends.max().unwrap_or(0)
}

impl ProgramLayer {
    fn of(layer: &Layer) -> ProgramLayer {
        ProgramLayer {
            name: layer.name.clone(),
            registers: layer.registers,
        }
    }
}

/// Words of the result that a layer gives: for each column tile those of each image.
fn result_words(design: &Design, layer: &Layer) -> usize {
    match layer.output {
        LayerOutput::Scores { .. } => design.batch as usize * layer.geometry.out_channels,
        _ => 0,
    }
}

/// Writes lines, one behind the other.
struct Writer<'a> {
    design: &'a Design,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn lanes(&mut self, lanes: &[u32]) {
        self.bytes
            .extend(lanes.iter().flat_map(|lane| lane.to_le_bytes()));
    }

    fn line(&mut self, bits: &Bits) {
        self.bytes.extend(bits.to_beats(beat_bytes(self.design)));
    }

    /// What follows the command of a layer.
    fn layer(&mut self, layer: &Layer) {
        let registers = &layer.registers;
        let (row_tiles, rows) = (registers.row_tiles as usize, self.design.rows as usize);
        for column_tile in 0..registers.column_tiles as usize {
            self.constants(layer, column_tile);
            let first = self.bytes.len();
            for row in 0..row_tiles * rows {
                let at = column_tile * row_tiles * rows + row;
                // A max-pool reads another plane in each column tile.
                let row = if registers.max_pool { at } else { row };
                self.tile_line(layer, at, row);
            }
            // Every pass takes the same weights again.
            let pass = first..self.bytes.len();
            for _ in 1..registers.passes {
                self.bytes.extend_from_within(pass.clone());
            }
        }
    }

    /// The constant line of a column tile.
    fn constants(&mut self, layer: &Layer, column_tile: usize) {
        let mut bits = Bits::new();
        for column in 0..self.design.columns as usize {
            let word = |banks: &[Vec<u64>]| word(banks, column, column_tile);
            bits.push(word(&layer.offset_words), OffsetWord::bits(self.design));
            bits.push(word(&layer.norm_words), NormWord::bits(self.design));
            for thetas in &layer.theta_words {
                bits.push(word(thetas), ThetaWord::bits(self.design));
            }
        }
        self.line(&bits);
    }

    /// A row word and the weight word of every column.
    fn tile_line(&mut self, layer: &Layer, at: usize, row: usize) {
        let mut bits = Bits::new();
        let row_word = layer.row_words.get(row).copied().unwrap_or(0);
        bits.push(row_word, RowWord::bits(self.design));
        for weights in layer.weight_words.line(at) {
            bits.push(weights, WeightWord::bits(self.design));
        }
        self.line(&bits);
    }

    /// The program with its header, filled up.
    fn finish(mut self) -> Vec<u8> {
        let beat = beat_bytes(self.design);
        let beats = u32::try_from(self.bytes.len() / beat).unwrap_or(u32::MAX);
        let header = Header::new(self.design, beats).to_lanes();
        for (bytes, lane) in self.bytes.chunks_exact_mut(4).zip(header) {
            bytes.copy_from_slice(&lane.to_le_bytes());
        }
        let whole = beat * BURST_BEATS as usize;
        let length = self.bytes.len().next_multiple_of(whole);
        self.bytes.resize(length, 0);
        self.bytes
    }
}

fn word(banks: &[Vec<u64>], bank: usize, at: usize) -> u64 {
    let word = banks.get(bank).and_then(|bank| bank.get(at));
    word.copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
