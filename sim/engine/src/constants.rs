//! The constants of a layer as plain tensors, and their words.
//!
//! [`Constants::assemble`] lays tensors out as the lines of a program want them; [`Constants::read`] finds
//! each constant in the words again, by formula. Compiler and random layers go one way, the reference the
//! other.

use cromulent_design::{Design, DoesNotFit, NormWord, OffsetWord, RowWord, ThetaWord};
use cromulent_number::{Quantizer, Threshold};

use crate::geometry::{LayerGeometry, Slot};
use crate::layer::{
    Layer, LayerInput, LayerMode, LayerOutput, Places, Storage, address, layout, registers,
};
use crate::layout::Layout;
use crate::words::{self, WeightWords};

/// The constants of one layer. Index k = tap·channels + channel runs over the inner dimension, j over
/// the output channels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constants {
    /// By \[k\]: where the row edge cuts or clamps. A layer that streams integers: the position holds the
    /// pad value, see [`RowWord::pad`].
    /// In a max-pool only the direction counts, the same for all taps of a channel.
    pub edges: Vec<Threshold>,
    /// A·2^(i/root) by \[i\]\[k·out_channels + j\], i below [`Design::constants`].
    pub a: Vec<Vec<i32>>,
    /// B by \[k·out_channels + j\]; empty unless the form is exact.
    pub b: Vec<i32>,
    /// By \[j\]: what becomes of the sum.
    pub channels: Vec<Channel>,
}

/// What becomes of one output channel's sum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Channel {
    /// Subtracted from the accumulator.
    pub offset: i64,
    /// Shift to the right that brings the difference to the unit of the residual stream, rounding half up;
    /// to the left if negative.
    pub align: i32,
    /// The least word of the stream, where the layer clamps.
    pub floor: i32,
    /// How the difference, or the word of the stream, is coded, in the format of [`Storage::format`]. Its mean is
    /// 0 unless it codes the stream.
    pub quantizer: Quantizer,
    /// Whether the smallest code of each window is kept, where codes are pooled as they leave.
    pub descending: bool,
}

/// All of a layer but its constants.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The name of the layer.
    pub name: &'a str,
    /// The shape.
    pub geometry: LayerGeometry,
    /// Codes or integers in, codes or integers out.
    pub mode: LayerMode,
    /// Where its values lie on chip.
    pub places: &'a Places,
    /// Where the input comes from.
    pub input: &'a LayerInput,
    /// What becomes of the words.
    pub output: &'a LayerOutput,
}

impl<'a> Frame<'a> {
    /// The frame of a layer there is.
    pub fn of(layer: &'a Layer) -> Frame<'a> {
        Frame {
            name: &layer.name,
            geometry: layer.geometry,
            mode: layer.mode,
            places: &layer.places,
            input: &layer.input,
            output: &layer.output,
        }
    }
}

impl Constants {
    /// All zero, and every input inactive: what is in the idle places of an array.
    pub fn idle(design: &Design, geometry: &LayerGeometry, mode: LayerMode) -> Constants {
        let products = match mode.max_pool() {
            true => 0,
            false => geometry.inner() * geometry.out_channels,
        };
        Constants {
            edges: vec![idle_edge(design, mode); geometry.inner()],
            a: vec![vec![0; products]; design.constants() as usize],
            b: if design.has_bias() {
                vec![0; products]
            } else {
                vec![]
            },
            channels: vec![Channel::default(); geometry.out_channels],
        }
    }

    /// The layer with these constants.
    ///
    /// # Errors
    /// A constant that does not fit its field of a word.
    pub fn assemble(&self, design: &Design, frame: &Frame) -> Result<Layer, DoesNotFit> {
        let writer = Writer::new(self, design, frame);
        let weight_words = writer.weight_words()?;
        Ok(Layer {
            weight_words,
            ..self.assemble_without_weights(design, frame)?
        })
    }

    /// The same with no weight words.
    ///
    /// # Errors
    /// A constant that does not fit its field of a word.
    pub(crate) fn assemble_without_weights(
        &self,
        design: &Design,
        frame: &Frame,
    ) -> Result<Layer, DoesNotFit> {
        let Frame {
            geometry,
            mode,
            places,
            output,
            ..
        } = *frame;
        let writer = Writer::new(self, design, frame);
        let cuts = 0..design.theta_banks() as usize;
        let cuts = cuts.map(|cut| writer.by_column(|j| writer.theta_word(cut, j)));
        Ok(Layer {
            name: frame.name.to_owned(),
            registers: registers(design, &geometry, mode, output, places),
            row_words: writer.row_words()?,
            weight_words: WeightWords::default(),
            offset_words: writer.by_column(|j| writer.offset_word(j))?,
            norm_words: writer.by_column(|j| writer.norm_word(j))?,
            theta_words: cuts.collect::<Result<_, _>>()?,
            macs: mode.macs(&geometry),
            geometry,
            mode,
            places: places.clone(),
            input: frame.input.clone(),
            output: output.clone(),
        })
    }

    /// The constants in the words of a layer. Words that are missing count as 0.
    pub fn read(design: &Design, layer: &Layer) -> Constants {
        let g = &layer.geometry;
        let layout = layer.layout(design);
        let mut constants = Constants::idle(design, g, layer.mode);
        let fields = words::fields(design);
        let places = layout.row_tiles() * design.rows as usize;
        for k in 0..g.inner() {
            let mut slot = g.slot(k);
            if layer.mode.max_pool() {
                // A row reads all taps by the word of the first.
                slot.tap = 0;
            }
            let (tile, row) = layout.place(slot);
            let place = tile * design.rows as usize + row;
            let word = RowWord::unpack(word_at(&layer.row_words, place), design);
            constants.edges[k] = Threshold {
                position: word.threshold,
                descending: word.descending,
            };
            if layer.mode.max_pool() {
                continue;
            }
            let products = k * g.out_channels..(k + 1) * g.out_channels;
            for (set, field) in constants.sets_mut().zip(&fields) {
                let tiles = set[products.clone()].chunks_mut(design.columns as usize);
                for (column_tile, constants) in tiles.enumerate() {
                    let line = column_tile * places + place;
                    layer.weight_words.read(line, *field, constants);
                }
            }
        }
        for (j, channel) in constants.channels.iter_mut().enumerate() {
            *channel = read_channel(design, layer, j);
        }
        constants
    }

    /// The sets of constants in the order of their fields: A for each root, then B if the form has it.
    fn sets(&self) -> impl Iterator<Item = &Vec<i32>> {
        self.a.iter().chain((!self.b.is_empty()).then_some(&self.b))
    }

    fn sets_mut(&mut self) -> impl Iterator<Item = &mut Vec<i32>> {
        let bias = (!self.b.is_empty()).then_some(&mut self.b);
        self.a.iter_mut().chain(bias)
    }
}

/// What becomes of output channel j, from the offset, norm and theta words.
pub(crate) fn read_channel(design: &Design, layer: &Layer, j: usize) -> Channel {
    let (column, at) = (j % design.columns as usize, j / design.columns as usize);
    let word = |banks: &Vec<Vec<u64>>| banks.get(column).map_or(0, |bank| word_at(bank, at));
    let offset = OffsetWord::unpack(word(&layer.offset_words), design);
    let norm = NormWord::unpack(word(&layer.norm_words), design);
    let mut thetas = [0; 4];
    let integers = layer.mode.storage == Storage::Integers;
    for (theta, banks) in thetas.iter_mut().zip(&layer.theta_words) {
        let stored = ThetaWord::unpack(word(banks), design);
        *theta = match design.format {
            format if format.is_scaled() => stored.value,
            // Nothing is compared, and nothing multiplied.
            _ if integers => 0,
            _ => stored.theta(design),
        };
    }
    if integers && !design.format.is_scaled() {
        thetas[0] = 1;
    }
    Channel {
        offset: offset.mean,
        align: offset.align,
        floor: norm.floor,
        quantizer: Quantizer {
            mean: norm.mean.into(),
            exponent: norm.exponent,
            thetas,
            fraction_bits: design.threshold_fraction_bits,
            negate: norm.negate,
        },
        descending: norm.descending,
    }
}

/// An edge whose rows stay inactive: the threshold that is never reached in the exact form, 0 otherwise, and in
/// max-pools, which have none.
fn idle_edge(design: &Design, mode: LayerMode) -> Threshold {
    let never = design.has_bias() && !mode.operands.are_integers() && !mode.max_pool();
    Threshold {
        position: if never { design.format.codes() } else { 0 },
        descending: false,
    }
}

fn word_at(bank: &[u64], at: usize) -> u64 {
    bank.get(at).copied().unwrap_or(0)
}

/// Writes tensors into words, in the order of the memories.
struct Writer<'a> {
    constants: &'a Constants,
    design: &'a Design,
    geometry: &'a LayerGeometry,
    layout: Layout,
    mode: LayerMode,
}

impl<'a> Writer<'a> {
    fn new(constants: &'a Constants, design: &'a Design, frame: &'a Frame) -> Writer<'a> {
        Writer {
            constants,
            design,
            geometry: &frame.geometry,
            layout: layout(design, &frame.geometry, frame.places),
            mode: frame.mode,
        }
    }

    /// The slot served by each row of each row tile, `None` where it idles.
    fn slots(&self) -> impl Iterator<Item = Option<Slot>> {
        let rows = self.design.rows as usize;
        // A max-pool has one for each plane, of its first tap.
        let tiles = match self.mode.max_pool() {
            true => self.layout.planes().len(),
            false => self.layout.row_tiles(),
        };
        let places = 0..tiles * rows;
        places.map(move |place| self.layout.slot(place / rows, place % rows))
    }

    fn row_words(&self) -> Result<Vec<u64>, DoesNotFit> {
        self.slots().map(|slot| self.row_word(slot)).collect()
    }

    fn row_word(&self, slot: Option<Slot>) -> Result<u64, DoesNotFit> {
        let mut word = RowWord {
            // An idle row is always off the map: what lies in its bank may never have been written.
            dy: -(1 << (self.design.coordinate_bits() - 1)),
            ..RowWord::default()
        };
        let mut edge = idle_edge(self.design, self.mode);
        if let Some(slot) = slot {
            let (dy, dx) = self.layout.offset(slot);
            word.base = address(self.design, self.layout.base(slot));
            word.dy = i32::try_from(dy).unwrap_or(i32::MAX);
            word.dx = i32::try_from(dx).unwrap_or(i32::MAX);
            edge = self.constants.edges[self.geometry.inner_index(slot)];
        }
        word.threshold = edge.position;
        word.descending = edge.descending;
        word.pack(self.design)
    }

    /// A line for each column tile and place; those of idle rows, of max-pools, and words beyond the last output
    /// channel, are 0.
    fn weight_words(&self) -> Result<WeightWords, DoesNotFit> {
        if self.mode.max_pool() {
            return Ok(WeightWords::zeros(self.design, self.slots().count()));
        }
        let columns = self.design.columns as usize;
        let channels = self.geometry.out_channels;
        let places = self.layout.row_tiles() * self.design.rows as usize;
        let fields = words::fields(self.design);
        let tiles = self.geometry.column_tiles(columns);
        let mut words = WeightWords::zeros(self.design, tiles * places);
        for (place, slot) in self.slots().enumerate() {
            let Some(slot) = slot else { continue };
            let k = self.geometry.inner_index(slot);
            for tile in 0..tiles {
                let first = k * channels + tile * columns;
                let constants = first..(first + columns).min((k + 1) * channels);
                let sets = self.constants.sets().map(|set| &set[constants.clone()]);
                words.write(tile * places + place, &fields, sets)?;
            }
        }
        Ok(words)
    }

    /// The output channels of a column, one per column tile, beyond the last one where it idles.
    fn channels_of(&self, column: usize) -> impl Iterator<Item = usize> + use<> {
        let columns = self.design.columns as usize;
        // No word of a max-pool leaves a column: they all idle.
        let (tiles, first) = match self.mode.max_pool() {
            true => (self.layout.planes().len(), self.geometry.out_channels),
            false => (self.geometry.column_tiles(columns), 0),
        };
        (0..tiles).map(move |tile| first + tile * columns + column)
    }

    /// A word for each output channel, by \[column\]\[column tile\].
    fn by_column(
        &self,
        word: impl Fn(usize) -> Result<u64, DoesNotFit>,
    ) -> Result<Vec<Vec<u64>>, DoesNotFit> {
        let bank = |column| self.channels_of(column).map(&word).collect();
        (0..self.design.columns as usize).map(bank).collect()
    }

    fn channel(&self, j: usize) -> Channel {
        self.constants.channels.get(j).copied().unwrap_or_default()
    }

    fn offset_word(&self, j: usize) -> Result<u64, DoesNotFit> {
        let Channel { offset, align, .. } = self.channel(j);
        let word = OffsetWord {
            mean: offset,
            align,
        };
        word.pack(self.design)
    }

    fn norm_word(&self, j: usize) -> Result<u64, DoesNotFit> {
        let Channel {
            floor,
            quantizer,
            descending,
            ..
        } = self.channel(j);
        let word = NormWord {
            // Too large a mean stays too large for its field.
            mean: i32::try_from(quantizer.mean).unwrap_or(i32::MAX),
            exponent: quantizer.exponent,
            negate: quantizer.negate,
            floor,
            descending,
        };
        word.pack(self.design)
    }

    fn theta_word(&self, cut: usize, j: usize) -> Result<u64, DoesNotFit> {
        let theta = self.channel(j).quantizer.thetas[cut];
        let word = match self.design.format {
            format if format.is_scaled() => ThetaWord { value: theta },
            _ if self.mode.storage == Storage::Integers => ThetaWord { value: 0 },
            _ => ThetaWord::from_theta(theta, self.design),
        };
        word.pack(self.design)
    }
}
