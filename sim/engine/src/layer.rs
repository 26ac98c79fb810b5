//! One layer of a program image: its shape, its registers, its parameter words and what becomes of its
//! output.

use cromulent_design::{Design, LARGEST_WINDOW, LayerRegisters, NormWord};
use cromulent_number::{Format, Quantizer, Subset, encode_in};

use crate::activations::InputError;
use crate::geometry::LayerGeometry;
use crate::image::MapShape;
use crate::image_input::ImageInput;
use crate::layout::{Banks, Layout, Map, Place};
use crate::words::WeightWords;

/// Beats of an 8-bit integer in signed digits: no value of −128..=127 needs more.
pub const PIXEL_BEATS: usize = 4;

/// What the rows of the array are fed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operands {
    /// Codes of the design's format.
    Codes,
    /// Integers −128..=127: pixels, less 128.
    Integers,
    /// Integers 0..=127: what a layer stored as [`Storage::Integers`].
    Uncoded,
}

impl Operands {
    /// Whether they are integers, which shifting elements take digit by digit.
    pub fn are_integers(self) -> bool {
        self != Operands::Codes
    }
}

/// How the values of a code tensor are stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Storage {
    /// As codes of the design's format.
    #[default]
    Codes,
    /// As codes of the design's format of which there are only those of a narrower one: see [`Format::subset`].
    Narrow(Format),
    /// Uncoded, as rectified integers 0..=127: numerics §6. Only in designs with `image_digits`: codes of int8 are
    /// such integers anyway.
    Integers,
}

impl Storage {
    /// The format of what is stored.
    pub fn format(self, design: &Design) -> Format {
        match self {
            Storage::Codes => design.format,
            Storage::Narrow(format) => format,
            Storage::Integers => Format::I8,
        }
    }

    /// The format of the bits that are stored, and which magnitudes of it there are: what [`encode_in`] takes. A
    /// narrower format that the design does not hold counts as its own.
    pub fn codes(self, design: &Design) -> (Format, Subset) {
        let format = match self {
            Storage::Integers => Format::I8,
            Storage::Codes | Storage::Narrow(_) => design.format,
        };
        let subset = format.subset(self.format(design));
        (format, subset.unwrap_or_else(|| format.whole()))
    }

    /// The code of a value.
    pub(crate) fn encode(self, design: &Design, value: i64, quantizer: &Quantizer) -> i64 {
        let (format, subset) = self.codes(design);
        encode_in(format, subset, value, quantizer).0.into()
    }

    /// What a layer is fed that reads such a tensor.
    pub fn operands(self) -> Operands {
        match self {
            Storage::Codes | Storage::Narrow(_) => Operands::Codes,
            Storage::Integers => Operands::Uncoded,
        }
    }
}

/// What a layer does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Task {
    /// Multiplies by weights someone learnt, or by those of a pool behind them.
    Learnt,
    /// Multiplies by 1: puts values, their affine and ReLU done, where other layers want them.
    Identity,
    /// Gives the largest code of each window, or the smallest, channel by channel. Nothing is multiplied.
    MaxPool,
}

/// Max-pooling of the codes a layer computes, as they leave: square windows over its output map.
///
/// A position ends one window at most each way and begins one at most: [`Pooling::is_possible`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pooling {
    /// Side of a window, positions.
    pub side: usize,
    /// From a window to the next, positions.
    pub stride: usize,
    /// Positions around the map that are in windows and have no code.
    pub padding: usize,
}

impl Pooling {
    /// The windows over the output map of a layer, channel by channel.
    pub fn windows(&self, layer: &LayerGeometry) -> LayerGeometry {
        LayerGeometry {
            height: layer.out_height(),
            width: layer.out_width(),
            channels: layer.out_channels,
            out_channels: layer.out_channels,
            kernel_height: self.side,
            kernel_width: self.side,
            stride: self.stride,
            padding: self.padding,
        }
    }

    /// Whether the output pool can do it for a layer: windows that overlap by a position at most, the first and the last
    /// of which have more of the map than what they share with the next; a map at least two positions wide.
    pub fn is_possible(&self, layer: &LayerGeometry) -> bool {
        let largest = LARGEST_WINDOW as usize;
        self.side <= largest
            && self.stride <= largest
            && self.side <= self.stride + 1
            && self.padding < self.stride
            && layer.out_width() >= 2
            && self.windows(layer).check().is_ok()
    }

    /// Whether the last window along a side of this length ends beyond it.
    fn is_cut(&self, length: usize) -> bool {
        let last = (length + 2 * self.padding).saturating_sub(self.side) / self.stride.max(1);
        last * self.stride + self.side > length + self.padding
    }
}

/// How a layer is run, beside its geometry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LayerMode {
    /// What it does.
    pub task: Task,
    /// What the rows are fed.
    pub operands: Operands,
    /// Whether all positions of an image add into one word: global pooling, 1×1 kernels without padding only.
    pub pool: bool,
    /// Whether words leave as integers in place of codes.
    pub raw: bool,
    /// How the codes it writes are stored; [`Storage::Codes`] if it writes none.
    pub storage: Storage,
    /// How they are pooled as they leave, if they are; and what goes into the residual stream, if
    /// [`ResidualStep::pooled`].
    pub pooling: Option<Pooling>,
}

impl LayerMode {
    /// Whether it is a max-pool.
    pub fn max_pool(self) -> bool {
        self.task == Task::MaxPool
    }

    /// The shape of the map that a layer of this mode writes as codes, or would.
    pub(crate) fn code_map(self, geometry: &LayerGeometry) -> MapShape {
        let windows = self.pooling.map(|pooling| pooling.windows(geometry));
        let written = windows.unwrap_or(*geometry);
        let (height, width) = match self.pool {
            true => (1, 1),
            false => (written.out_height(), written.out_width()),
        };
        MapShape {
            channels: geometry.out_channels,
            height,
            width,
        }
    }

    /// Multiply-accumulates as the network counts them, of which only learnt layers have any.
    pub fn macs(self, geometry: &LayerGeometry) -> u64 {
        match self.task {
            Task::Learnt => geometry.macs(self.pool),
            Task::Identity | Task::MaxPool => 0,
        }
    }
}

/// One layer, ready for any executor. Words are laid out as [`cromulent_design::layout`] says.
///
/// [`cromulent_design::layout`]: cromulent_design::RowWord
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// The name of the learnt layer in its network.
    pub name: String,
    /// The shape.
    pub geometry: LayerGeometry,
    /// Codes or integers in, codes or integers out.
    pub mode: LayerMode,
    /// Where its values lie on chip.
    pub places: Places,
    /// What the machine is told; follows from all of the above and the output, see [`registers`].
    pub registers: LayerRegisters,
    /// Row words by row tile·rows + row; of a max-pool by column tile·rows + row.
    pub row_words: Vec<u64>,
    /// Weight words by line: (column tile·row tiles + row tile)·rows + row.
    pub weight_words: WeightWords,
    /// Offset words by \[column\]\[column tile\].
    pub offset_words: Vec<Vec<u64>>,
    /// Norm words by \[column\]\[column tile\].
    pub norm_words: Vec<Vec<u64>>,
    /// Theta words by \[cut\]\[column\]\[column tile\].
    pub theta_words: Vec<Vec<Vec<u64>>>,
    /// Multiply-accumulates as the network counts them.
    pub macs: u64,
    /// Where the input comes from.
    pub input: LayerInput,
    /// What becomes of the words.
    pub output: LayerOutput,
}

/// Where a layer's input comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum LayerInput {
    /// The image: pixels less 128.
    Image,
    /// Code tensors of the program, by number: their channels one after the other.
    Codes(Vec<usize>),
}

/// What becomes of a layer's words.
#[derive(Clone, PartialEq, Debug)]
pub enum LayerOutput {
    /// They are the codes of this tensor.
    Codes(usize),
    /// They go into the residual stream, and what comes of it may be coded.
    Residual(ResidualStep),
    /// They are the network's outputs.
    Scores {
        /// What 1 is worth, the same for every output.
        unit: f64,
    },
    /// They leave and are not kept: layers of test benches.
    Nothing,
}

/// Align, add, clamp, write back, quantise: what becomes of a layer that feeds the residual stream.
///
/// `sum = saturate(base + align(word))`, `result = max(sum, floor)`, and the code or the integer of
/// `result − mean` leaves. Alignment, floor and mean are in the channel's offset and norm words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResidualStep {
    /// The stream value added to, by number; `None` where the words begin one.
    pub base: Option<usize>,
    /// The stream value written, by number.
    pub result: usize,
    /// Whether sums are raised to their channel's floor.
    pub clamp: bool,
    /// The code tensor that is written, by number; `None` where words leave raw.
    pub codes: Option<usize>,
    /// Whether the words written are pooled as the codes are ([`LayerMode::pooling`]): the largest of each window. The
    /// quantizer gets them before.
    pub pooled: bool,
}

impl LayerOutput {
    /// What goes into the residual stream.
    pub fn residual(&self) -> Option<&ResidualStep> {
        match self {
            LayerOutput::Residual(step) => Some(step),
            _ => None,
        }
    }

    /// The code tensor that is written, by number.
    pub fn codes(&self) -> Option<usize> {
        match self {
            LayerOutput::Codes(tensor) => Some(*tensor),
            LayerOutput::Residual(step) => step.codes,
            LayerOutput::Scores { .. } | LayerOutput::Nothing => None,
        }
    }
}

/// Where a layer's values lie on chip. Places of what a layer does not have are 0.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Places {
    /// The maps of its input; one for an image, without rotation.
    pub input: Vec<Map>,
    /// How the image is stored and streamed, if the input is the image.
    pub image: Option<ImageInput>,
    /// The codes it writes.
    pub codes: Place,
    /// The word of every column's stream where the value begins that is added to.
    pub read: usize,
    /// The word of every column's stream where the value begins that is written.
    pub write: usize,
}

impl Places {
    /// Signed digits of an integer of the input: those of the image's pixels, or as many as any has.
    pub fn digits(&self) -> usize {
        self.image.unwrap_or_default().digits
    }
}

impl Layer {
    /// What its words leave side by side: columns, or, in a max-pool, the rows.
    pub fn lanes(&self, design: &Design) -> usize {
        match self.mode.max_pool() {
            true => design.rows as usize,
            false => design.columns as usize,
        }
    }

    /// Width of the map whose positions its words are of: pooled, if its codes are as they leave.
    pub fn map_width(&self) -> usize {
        self.mode.code_map(&self.geometry).width
    }

    /// How the input lies in the banks.
    pub fn layout(&self, design: &Design) -> Layout {
        layout(design, &self.geometry, &self.places)
    }

    /// The stream value to add to: the one given, if the layer adds to one of this many words.
    pub(crate) fn base<'b>(
        &self,
        given: Option<&'b [i16]>,
        words: usize,
    ) -> Result<Option<&'b [i16]>, InputError> {
        let adds = |step: &ResidualStep| step.base.is_some();
        if !self.output.residual().is_some_and(adds) {
            return Ok(None);
        }
        let found = given.map_or(0, <[i16]>::len);
        if found == words {
            return Ok(given);
        }
        Err(InputError::new(format!(
            "layer {} adds to a stream value of {words} words, not {found}",
            self.name
        )))
    }

    /// The layer as it can be run alone: one that adds to the residual stream begins it instead.
    #[must_use]
    pub fn alone(&self) -> Layer {
        let mut layer = self.clone();
        if let LayerOutput::Residual(step) = &mut layer.output {
            step.base = None;
        }
        layer.places.read = 0;
        layer.registers.add = false;
        layer.registers.stream_read = 0;
        layer
    }
}

/// How the input of such a layer lies in the banks.
pub fn layout(design: &Design, geometry: &LayerGeometry, places: &Places) -> Layout {
    let bank = Banks::of(design);
    match places.image {
        None => Layout::of_codes(bank, geometry, &places.input),
        Some(image) => {
            let address = places.input.first().map_or(0, |map| map.place.address);
            Layout::of_image(bank, geometry, address, image.deal)
        }
    }
}

/// Bits of the mean that is subtracted from a word of the residual stream: one more than the word has, if the
/// difference then still fits the pipeline.
pub(crate) fn stream_mean_bits(design: &Design) -> u32 {
    NormWord::mean_bits(design).min(design.accumulator_bits)
}

/// The registers of a layer with this shape, mode and output, whose values lie in these places. They follow
/// from nothing else: every cycle count is a function of them.
///
/// Values too large for a register saturate at `u32::MAX`, which [`LayerRegisters::validate`] refuses.
pub fn registers(
    design: &Design,
    geometry: &LayerGeometry,
    mode: LayerMode,
    output: &LayerOutput,
    places: &Places,
) -> LayerRegisters {
    let batch = design.batch as usize;
    let positions = batch * geometry.positions();
    let words = if mode.pool { batch } else { positions };
    let depth = (design.tile_depth as usize).max(1);
    let passes = match (mode.max_pool(), mode.pool) {
        (true, _) => 1,
        (_, true) if batch == 1 => 1,
        _ => words.div_ceil(depth),
    };
    // Evenly filled, of a pool with whole images: a short last pass would not hide the load of the tile after it.
    let pass_positions = match mode.pool {
        true => words.div_ceil(passes) * geometry.positions(),
        false => positions.div_ceil(passes),
    };
    let layout = layout(design, geometry, places);
    let (height, width, stride) = layout.sides();
    let (row_tiles, column_tiles, last_columns) = if mode.max_pool() {
        (1, layout.planes().len(), 1)
    } else {
        let columns = design.columns as usize;
        let tiles = geometry.column_tiles(columns);
        let last = geometry.out_channels - (tiles - 1) * columns;
        (layout.row_tiles(), tiles, last)
    };
    let beats = match mode.max_pool() {
        true => geometry.kernel_width,
        false => beats(design, mode, places),
    };
    let step = output.residual();
    let codes = mode.code_map(geometry);
    let pooling = mode.pooling;
    let window = |value: fn(&Pooling) -> usize| word(pooling.as_ref().map_or(0, value));
    let cut = |length| pooling.is_some_and(|pooling| pooling.is_cut(length));
    let written = match mode.storage {
        Storage::Narrow(format) => design.codes_of(format),
        Storage::Codes | Storage::Integers => design.codes_of(design.format),
    };
    let (largest, spacing) = written.unwrap_or_default();
    LayerRegisters {
        height: word(height),
        width: word(width),
        stride: word(stride),
        output_width: word(geometry.out_width()),
        y_step: address(design, (stride * width).cast_signed()),
        pass_positions: word(pass_positions),
        last_positions: word(positions - (passes - 1) * pass_positions),
        passes: word(passes),
        beats: word(beats),
        row_tiles: word(row_tiles),
        column_tiles: word(column_tiles),
        output_address: word(places.codes.address),
        output_plane: word(batch * codes.height * codes.width),
        output_rotation: word(places.codes.rotation),
        last_columns: word(last_columns),
        stream_read: word(places.read),
        stream_write: word(places.write),
        positions: word(words),
        tile_lines: word(passes * row_tiles * design.rows as usize),
        digits: mode.operands.are_integers(),
        pool: mode.pool,
        raw: mode.raw,
        add: step.is_some_and(|step| step.base.is_some()),
        stream: step.is_some(),
        clamp: step.is_some_and(|step| step.clamp),
        codes: output.codes().is_some(),
        scores: matches!(output, LayerOutput::Scores { .. }),
        integers: mode.storage == Storage::Integers,
        max_pool: mode.max_pool(),
        largest,
        spacing,
        output_height: match (design.has_batch(), pooling) {
            (false, None) => 0,
            _ => word(geometry.out_height()),
        },
        image_step: of_batch(design, height * width),
        output_pool: pooling.is_some(),
        cut_right: cut(geometry.out_width()),
        cut_below: cut(geometry.out_height()),
        window: window(|pooling| pooling.side),
        window_stride: window(|pooling| pooling.stride),
        window_first: window(|pooling| (pooling.side).saturating_sub(1 + pooling.padding)),
        pool_stream: step.is_some_and(|step| step.pooled),
    }
}

/// What only a design of several images has a register for.
fn of_batch(design: &Design, value: usize) -> u32 {
    if design.has_batch() { word(value) } else { 0 }
}

/// Beats an operand takes in such a layer.
pub(crate) fn beats(design: &Design, mode: LayerMode, places: &Places) -> usize {
    match mode.operands {
        Operands::Codes => design.format.beats() as usize,
        _ if design.takes_whole_integers() => 1,
        _ => places.digits(),
    }
}

fn word(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A code-bank address or distance, modulo 2^`address_bits`.
pub(crate) fn address(design: &Design, value: isize) -> u32 {
    let mask = (1u64 << design.address_bits()) - 1;
    ((value as i64).cast_unsigned() & mask) as u32
}
