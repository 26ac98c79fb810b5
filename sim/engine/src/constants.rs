//! The constants of a layer as plain tensors, and their words.
//!
//! [`Constants::assemble`] lays tensors out as the parameter memories of an array want them;
//! [`Constants::read`] finds each constant in the words again, by formula. Compiler and random layers go
//! one way, the reference the other.

use cromulent_design::{Design, DoesNotFit, OffsetWord, RowWord, ThetaWord, WeightWord};
use cromulent_number::{Format, Quantizer, Threshold};

use crate::geometry::{LayerGeometry, Slot};
use crate::layer::{Layer, LayerInput, LayerMode, LayerOutput, Operands, address, registers};

/// The constants of one layer. Index k = tap·channels + channel runs over the inner dimension, j over
/// the output channels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constants {
    /// By \[k\]: where the row edge cuts or clamps. A layer that streams integers: the position holds the
    /// pad value, see [`RowWord::pad`].
    pub edges: Vec<Threshold>,
    /// A·2^(i/root) by \[i\]\[k·out_channels + j\], i below [`Design::constants`].
    pub a: Vec<Vec<i32>>,
    /// B by \[k·out_channels + j\]; empty unless the form is exact.
    pub b: Vec<i32>,
    /// By \[j\]: what is subtracted and how the rest is coded.
    pub quantizers: Vec<Quantizer>,
}

impl Constants {
    /// All zero, and every input inactive: what is in the idle places of an array.
    pub fn idle(design: &Design, geometry: &LayerGeometry, mode: LayerMode) -> Constants {
        let products = geometry.inner() * geometry.out_channels;
        Constants {
            edges: vec![idle_edge(design, mode); geometry.inner()],
            a: vec![vec![0; products]; design.constants() as usize],
            b: if design.has_bias() {
                vec![0; products]
            } else {
                vec![]
            },
            quantizers: vec![Quantizer::default(); geometry.out_channels],
        }
    }

    /// The layer with these constants.
    ///
    /// # Errors
    /// A constant that does not fit its field of a word.
    pub fn assemble(
        &self,
        design: &Design,
        name: &str,
        geometry: LayerGeometry,
        mode: LayerMode,
        input: LayerInput,
        output: LayerOutput,
    ) -> Result<Layer, DoesNotFit> {
        let writer = Writer {
            constants: self,
            design,
            geometry: &geometry,
            mode,
        };
        Ok(Layer {
            name: name.to_owned(),
            registers: registers(design, &geometry, mode),
            row_words: writer.row_words()?,
            weight_words: writer.weight_words()?,
            offset_words: writer.offset_words()?,
            theta_words: writer.theta_words()?,
            macs: geometry.macs(mode.pool),
            geometry,
            mode,
            input,
            output,
        })
    }

    /// The constants in the words of a layer. Words that are missing count as 0.
    pub fn read(design: &Design, layer: &Layer) -> Constants {
        let g = &layer.geometry;
        let mut constants = Constants::idle(design, g, layer.mode);
        for k in 0..g.inner() {
            let (tile, row) = g.place(design.rows as usize, slot(g, k));
            let word = word_at(&layer.row_words, tile * design.rows as usize + row);
            let word = RowWord::unpack(word, design);
            constants.edges[k] = Threshold {
                position: word.threshold,
                descending: word.descending,
            };
            for j in 0..g.out_channels {
                constants.read_weight(design, layer, k, j);
            }
        }
        for (j, quantizer) in constants.quantizers.iter_mut().enumerate() {
            *quantizer = read_quantizer(design, layer, j);
        }
        constants
    }

    fn read_weight(&mut self, design: &Design, layer: &Layer, k: usize, j: usize) {
        let g = &layer.geometry;
        let (rows, columns) = (design.rows as usize, design.columns as usize);
        let (tile, row) = g.place(rows, slot(g, k));
        let at = (j / columns * g.row_tiles(rows) + tile) * rows + row;
        let word = layer.weight_words.get(j % columns);
        let word = WeightWord::unpack(word.map_or(0, |bank| word_at(bank, at)), design);
        let product = k * g.out_channels + j;
        for (constants, a) in self.a.iter_mut().zip(word.a) {
            constants[product] = a;
        }
        if let Some(b) = self.b.get_mut(product) {
            *b = word.b;
        }
    }
}

/// The quantizer of output channel j, from the offset and theta words.
pub(crate) fn read_quantizer(design: &Design, layer: &Layer, j: usize) -> Quantizer {
    let (column, at) = (j % design.columns as usize, j / design.columns as usize);
    let word = |banks: &Vec<Vec<u64>>| banks.get(column).map_or(0, |bank| word_at(bank, at));
    let offset = OffsetWord::unpack(word(&layer.offset_words), design);
    let mut thetas = [0; 4];
    for (theta, banks) in thetas.iter_mut().zip(&layer.theta_words) {
        let stored = ThetaWord::unpack(word(banks), design);
        *theta = match design.format {
            Format::I8 => stored.value,
            _ => stored.theta(design),
        };
    }
    Quantizer {
        mean: offset.mean,
        exponent: offset.exponent,
        thetas,
        fraction_bits: design.threshold_fraction_bits,
        negate: offset.negate,
    }
}

/// An edge whose rows stay inactive: the threshold that is never reached in the exact form, 0 otherwise.
fn idle_edge(design: &Design, mode: LayerMode) -> Threshold {
    let never = design.has_bias() && mode.operands == Operands::Codes;
    Threshold {
        position: if never { design.format.codes() } else { 0 },
        descending: false,
    }
}

fn slot(geometry: &LayerGeometry, k: usize) -> Slot {
    Slot {
        tap: k / geometry.channels,
        channel: k % geometry.channels,
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
    mode: LayerMode,
}

impl Writer<'_> {
    /// The inner index served by each row of each row tile, `None` where it idles.
    fn slots(&self) -> impl Iterator<Item = Option<Slot>> {
        let rows = self.design.rows as usize;
        let places = 0..self.geometry.row_tiles(rows) * rows;
        places.map(move |place| self.geometry.slot(rows, place / rows, place % rows))
    }

    fn row_words(&self) -> Result<Vec<u64>, DoesNotFit> {
        self.slots().map(|slot| self.row_word(slot)).collect()
    }

    fn row_word(&self, slot: Option<Slot>) -> Result<u64, DoesNotFit> {
        let mut word = RowWord::default();
        let mut edge = idle_edge(self.design, self.mode);
        if let Some(slot) = slot {
            let (dy, dx) = self.geometry.tap_offset(slot.tap);
            let base = self.geometry.base(self.design.rows as usize, slot);
            word.base = address(self.design, base);
            word.dy = i32::try_from(dy).unwrap_or(i32::MAX);
            word.dx = i32::try_from(dx).unwrap_or(i32::MAX);
            edge = self.constants.edges[slot.tap * self.geometry.channels + slot.channel];
        }
        word.threshold = edge.position;
        word.descending = edge.descending;
        word.pack(self.design)
    }

    fn weight_words(&self) -> Result<Vec<Vec<u64>>, DoesNotFit> {
        let bank = |column| {
            let channels = self.channels_of(column);
            let words = channels.flat_map(|j| self.slots().map(move |slot| (slot, j)));
            words.map(|(slot, j)| self.weight_word(slot, j)).collect()
        };
        (0..self.design.columns as usize).map(bank).collect()
    }

    /// The output channels of a column, one per column tile, beyond the last one where it idles.
    fn channels_of(&self, column: usize) -> impl Iterator<Item = usize> + use<> {
        let columns = self.design.columns as usize;
        (0..self.geometry.column_tiles(columns)).map(move |tile| tile * columns + column)
    }

    fn weight_word(&self, slot: Option<Slot>, j: usize) -> Result<u64, DoesNotFit> {
        let mut word = WeightWord::default();
        if let Some(slot) = slot.filter(|_| j < self.geometry.out_channels) {
            let k = slot.tap * self.geometry.channels + slot.channel;
            let product = k * self.geometry.out_channels + j;
            for (a, constants) in word.a.iter_mut().zip(&self.constants.a) {
                *a = constants[product];
            }
            word.b = self.constants.b.get(product).copied().unwrap_or(0);
        }
        word.pack(self.design)
    }

    fn quantizer(&self, j: usize) -> Quantizer {
        self.constants
            .quantizers
            .get(j)
            .copied()
            .unwrap_or_default()
    }

    fn offset_words(&self) -> Result<Vec<Vec<u64>>, DoesNotFit> {
        let word = |j| {
            let quantizer = self.quantizer(j);
            let word = OffsetWord {
                mean: quantizer.mean,
                exponent: quantizer.exponent,
                negate: quantizer.negate,
            };
            word.pack(self.design)
        };
        let bank = |column| self.channels_of(column).map(word).collect();
        (0..self.design.columns as usize).map(bank).collect()
    }

    fn theta_words(&self) -> Result<Vec<Vec<Vec<u64>>>, DoesNotFit> {
        let word = |cut: usize, j| {
            let theta = self.quantizer(j).thetas[cut];
            let word = match self.design.format {
                Format::I8 => ThetaWord { value: theta },
                _ => ThetaWord::from_theta(theta, self.design),
            };
            word.pack(self.design)
        };
        let bank = |cut, column| self.channels_of(column).map(|j| word(cut, j)).collect();
        let memory = |cut| {
            let columns = 0..self.design.columns as usize;
            columns.map(|column| bank(cut, column)).collect()
        };
        (0..self.design.theta_banks() as usize)
            .map(memory)
            .collect()
    }
}
