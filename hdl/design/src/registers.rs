//! What the sequencer is told about a layer.

mod order;
mod pooling;
mod validate;

use crate::design::Design;
use crate::widths::{COORDINATE_MARGIN, bits_for};
use cromulent_number::Format;

/// The registers of one layer, in the order of [`REGISTERS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct LayerRegisters {
    /// Height of the input map, pixels.
    pub height: u32,
    /// Width of the input map, pixels.
    pub width: u32,
    /// Pixels between neighbouring output positions, both ways.
    pub stride: u32,
    /// Width of the output map, positions.
    pub output_width: u32,
    /// Code-bank words between vertical neighbours: stride·width, modulo 2^`address_bits`.
    pub y_step: u32,
    /// Positions of every pass but the last.
    pub pass_positions: u32,
    /// Positions of the last pass, 1..=`pass_positions`.
    pub last_positions: u32,
    /// Passes over the output positions.
    pub passes: u32,
    /// Beats an operand takes: 1, or the digits of an integer. In a max-pool the side of the window, and a
    /// position takes as many beats as the window has taps.
    pub beats: u32,
    /// Tiles along K: taps × planes of the input.
    pub row_tiles: u32,
    /// Tiles along the output channels.
    pub column_tiles: u32,
    /// Where the codes go: code-bank address of the plane of output channel 0.
    pub output_address: u32,
    /// Code-bank words from one plane of the output to the next: its positions, or its windows if `output_pool`.
    pub output_plane: u32,
    /// Bank of output channel 0, below `rows`.
    pub output_rotation: u32,
    /// Output channels of the last column tile, 1..=`columns`.
    pub last_columns: u32,
    /// Where the words of the residual stream are read that are added to.
    pub stream_read: u32,
    /// Where the words of the residual stream are written.
    pub stream_write: u32,
    /// Words a column gives in a column tile: the positions of all passes, or one an image if `pool`.
    pub positions: u32,
    /// Tile lines of a column tile: `passes`·`row_tiles`·`rows`.
    pub tile_lines: u32,
    /// Whether the layer streams integers in place of codes.
    pub digits: bool,
    /// Whether all positions of an image add into one output word: global pooling.
    pub pool: bool,
    /// Whether a word leaves as a difference, in place of its code.
    pub raw: bool,
    /// Whether words are added to the residual stream at `stream_read`.
    pub add: bool,
    /// Whether words are written to the residual stream.
    pub stream: bool,
    /// Whether words of the residual stream are raised to their channel's floor.
    pub clamp: bool,
    /// Whether codes are written to the code banks.
    pub codes: bool,
    /// Whether words leave as results.
    pub scores: bool,
    /// Whether the rows pool: the largest code of each window goes to their own banks, a plane a column tile.
    pub max_pool: bool,
    /// Whether the codes are rectified integers 0 to 127, left uncoded.
    pub integers: bool,
    /// Largest magnitude index of the codes; 0 for formats that are no logarithm.
    pub largest: u32,
    /// How far apart the magnitude indices of the codes are, as a power of two: every one, every second, every fourth.
    pub spacing: u32,
    /// Height of the output map, positions; only with `batch` and where codes are pooled as they leave, else 0.
    pub output_height: u32,
    /// Code-bank words from an image of the input to the next; only with `batch`, else 0.
    pub image_step: u32,
    /// Whether codes are pooled as they leave: the largest of each window is written, or the smallest where its norm
    /// word says *descending*.
    pub output_pool: bool,
    /// Whether the last window of a row reaches beyond the output map.
    pub cut_right: bool,
    /// Whether the last row of windows does.
    pub cut_below: bool,
    /// Side of a window, positions; 0 unless `output_pool`.
    pub window: u32,
    /// Positions between neighbouring windows, both ways; 0 unless `output_pool`.
    pub window_stride: u32,
    /// The position at which the first window ends, both ways: its side, less one and the padding.
    pub window_first: u32,
    /// Whether words of the residual stream are pooled by the same windows before they are written: the largest.
    pub pool_stream: bool,
}

/// A register of a layer and its field in the LAYER command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LayerField {
    /// The register's name, a field of [`LayerRegisters`].
    pub name: &'static str,
    /// The lane of the command.
    pub lane: usize,
    /// The lowest bit in the lane.
    pub low: u32,
    /// Bits of the field; those beyond the register's own must be 0.
    pub bits: u32,
    /// Whether 0 is no value: a count.
    pub counts: bool,
}

impl LayerField {
    /// Whether 0 is no value in a design: it has the register, and that counts there.
    pub fn counts_in(&self, design: &Design) -> bool {
        // Without batches the height is needed only where codes are pooled as they leave.
        let always = self.name != "output_height" || design.has_batch();
        self.counts && always && has(design, self.name)
    }
}

const fn field(name: &'static str, lane: usize, low: u32, bits: u32) -> LayerField {
    LayerField {
        name,
        lane,
        low,
        bits,
        counts: false,
    }
}

const fn count(name: &'static str, lane: usize, low: u32, bits: u32) -> LayerField {
    LayerField {
        name,
        lane,
        low,
        bits,
        counts: true,
    }
}

/// Registers of a layer.
pub const REGISTER_COUNT: usize = 40;

/// The registers and their fields in the LAYER command, in the order of the fields of [`LayerRegisters`].
#[rustfmt::skip] // A table.
pub const REGISTERS: [LayerField; REGISTER_COUNT] = [
    count("height", 1, 0, 16),
    count("width", 1, 16, 16),
    count("stride", 2, 0, 15),
    count("output_width", 2, 16, 16),
    field("y_step", 3, 0, 32),
    count("pass_positions", 4, 0, 32),
    count("last_positions", 5, 0, 32),
    count("passes", 6, 0, 16),
    count("beats", 6, 16, 8),
    count("row_tiles", 7, 0, 16),
    count("column_tiles", 7, 16, 16),
    field("output_address", 8, 0, 32),
    count("output_plane", 9, 0, 32),
    field("output_rotation", 10, 0, 16),
    count("last_columns", 10, 16, 16),
    field("stream_read", 11, 0, 32),
    field("stream_write", 12, 0, 32),
    count("positions", 13, 0, 32),
    count("tile_lines", 14, 0, 32),
    field("digits", 0, 8, 1),
    field("pool", 0, 9, 1),
    field("raw", 0, 10, 1),
    field("add", 0, 11, 1),
    field("stream", 0, 12, 1),
    field("clamp", 0, 13, 1),
    field("codes", 0, 14, 1),
    field("scores", 0, 15, 1),
    field("max_pool", 0, 16, 1),
    field("integers", 0, 17, 1),
    field("largest", 0, 18, 5),
    field("spacing", 0, 23, 2),
    count("output_height", 15, 0, 12),
    field("image_step", 15, 12, 20),
    field("output_pool", 0, 25, 1),
    field("cut_right", 0, 26, 1),
    field("cut_below", 0, 27, 1),
    field("window", 0, 28, 4),
    field("window_stride", 6, 24, 4),
    field("window_first", 6, 28, 4),
    field("pool_stream", 2, 15, 1),
];

/// Largest stride, pixels: one less than [`COORDINATE_MARGIN`].
const LARGEST_STRIDE: u32 = COORDINATE_MARGIN - 1;

/// Most beats of an operand.
const MOST_BEATS: u32 = 7;

/// Largest side of the window of a max-pool, pixels.
pub const LARGEST_WINDOW: u32 = COORDINATE_MARGIN - 1;

/// Largest width of an output map: padding may make it wider than the input.
fn output_side(design: &Design) -> u32 {
    design.map_side.saturating_add(COORDINATE_MARGIN - 1)
}

/// Largest magnitude index of a design's codes; 0 for uniform and level formats, whose codes are no magnitudes of a
/// logarithm.
fn largest(design: &Design) -> u32 {
    match design.format {
        format if format.is_scaled() => 0,
        format => format.magnitudes() - 1,
    }
}

/// Largest side of a map with `batch` or `max_pool`: the height of an output map, padding included, fits its field.
pub(crate) const LARGEST_COUNTED_SIDE: u32 = (1 << 12) - COORDINATE_MARGIN;

/// Most output positions of a layer, over all images.
fn positions(design: &Design) -> u32 {
    let image = output_side(design).saturating_mul(output_side(design));
    image.saturating_mul(design.batch)
}

/// Whether a design has a register: some only serve `batch` or `max_pool`.
fn has(design: &Design, register: &str) -> bool {
    match register {
        "output_height" => design.has_batch() || design.max_pool,
        "image_step" => design.has_batch(),
        "pool_stream" => design.max_pool && design.has_stream(),
        "output_pool" | "cut_right" | "cut_below" | "window" | "window_stride" | "window_first" => {
            design.max_pool
        }
        _ => true,
    }
}

/// Name and width in bits of each register, all unsigned, in the order of [`REGISTERS`]. One that the design does not
/// have has no bits, and is 0.
pub fn register_bits(design: &Design) -> [(&'static str, u32); REGISTER_COUNT] {
    let position = bits_for(positions(design));
    let address = design.address_bits();
    let stream = design.stream_address_bits();
    let side = bits_for(design.map_side);
    let passes = bits_for(positions(design).div_ceil(design.tile_depth.max(1))).min(16);
    REGISTERS.map(|field| {
        let bits = match field.name {
            "height" | "width" => side,
            "stride" => bits_for(LARGEST_STRIDE),
            name if !has(design, name) => 0,
            "output_width" | "output_height" => bits_for(output_side(design)),
            "window" | "window_stride" | "window_first" => bits_for(LARGEST_WINDOW),
            "y_step" | "output_address" | "image_step" => address,
            "pass_positions" | "last_positions" | "positions" | "output_plane" => position,
            "passes" => passes,
            "beats" if design.max_pool => bits_for(LARGEST_WINDOW),
            "beats" => bits_for(MOST_BEATS),
            "row_tiles" | "column_tiles" => 16,
            "output_rotation" => bits_for(design.rows.saturating_sub(1)),
            "last_columns" => bits_for(design.columns),
            "stream_read" | "stream_write" => stream,
            "tile_lines" => 32,
            "largest" => bits_for(largest(design)),
            "spacing" => bits_for(design.root_bits()),
            _ => 1,
        };
        (field.name, bits)
    })
}

impl Design {
    /// The registers `largest` and `spacing` of a layer that writes codes of this format; `None` if the codes of the
    /// design do not hold them, see [`Format::subset`].
    pub fn codes_of(&self, format: Format) -> Option<(u32, u32)> {
        let subset = self.format.subset(format)?;
        Some(match format {
            format if format.is_scaled() => (0, 0),
            _ => (subset.largest, subset.step.ilog2()),
        })
    }
}

impl LayerRegisters {
    /// The values, in the order of [`REGISTERS`].
    pub fn values(&self) -> [u32; REGISTER_COUNT] {
        [
            self.height,
            self.width,
            self.stride,
            self.output_width,
            self.y_step,
            self.pass_positions,
            self.last_positions,
            self.passes,
            self.beats,
            self.row_tiles,
            self.column_tiles,
            self.output_address,
            self.output_plane,
            self.output_rotation,
            self.last_columns,
            self.stream_read,
            self.stream_write,
            self.positions,
            self.tile_lines,
            u32::from(self.digits),
            u32::from(self.pool),
            u32::from(self.raw),
            u32::from(self.add),
            u32::from(self.stream),
            u32::from(self.clamp),
            u32::from(self.codes),
            u32::from(self.scores),
            u32::from(self.max_pool),
            u32::from(self.integers),
            self.largest,
            self.spacing,
            self.output_height,
            self.image_step,
            u32::from(self.output_pool),
            u32::from(self.cut_right),
            u32::from(self.cut_below),
            self.window,
            self.window_stride,
            self.window_first,
            u32::from(self.pool_stream),
        ]
    }

    /// The registers with these values; a flag is set by anything but 0.
    pub fn from_values(values: [u32; REGISTER_COUNT]) -> LayerRegisters {
        let [
            height,
            width,
            stride,
            output_width,
            y_step,
            pass_positions,
            last_positions,
            passes,
            beats,
            row_tiles,
            column_tiles,
            output_address,
            output_plane,
            output_rotation,
            last_columns,
            stream_read,
            stream_write,
            positions,
            tile_lines,
            digits,
            pool,
            raw,
            add,
            stream,
            clamp,
            codes,
            scores,
            max_pool,
            integers,
            largest,
            spacing,
            output_height,
            image_step,
            output_pool,
            cut_right,
            cut_below,
            window,
            window_stride,
            window_first,
            pool_stream,
        ] = values;
        LayerRegisters {
            height,
            width,
            stride,
            output_width,
            y_step,
            pass_positions,
            last_positions,
            passes,
            beats,
            row_tiles,
            column_tiles,
            output_address,
            output_plane,
            output_rotation,
            last_columns,
            stream_read,
            stream_write,
            positions,
            tile_lines,
            digits: digits != 0,
            pool: pool != 0,
            raw: raw != 0,
            add: add != 0,
            stream: stream != 0,
            clamp: clamp != 0,
            codes: codes != 0,
            scores: scores != 0,
            max_pool: max_pool != 0,
            integers: integers != 0,
            largest,
            spacing,
            output_height,
            image_step,
            output_pool: output_pool != 0,
            cut_right: cut_right != 0,
            cut_below: cut_below != 0,
            window,
            window_stride,
            window_first,
            pool_stream: pool_stream != 0,
        }
    }
}

#[cfg(test)]
mod tests;
