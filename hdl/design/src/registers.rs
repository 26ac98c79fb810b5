//! What the sequencer is told about a layer.

use crate::design::{Design, PeKind};
use crate::widths::{COORDINATE_MARGIN, bits_for};

/// The registers of one layer, in the order of [`REGISTERS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct LayerRegisters {
    /// Height of the input map, pixels.
    pub height: u32,
    /// Width of the input map, pixels.
    pub width: u32,
    /// Pixels between neighbouring output positions, both ways.
    pub stride: u32,
    /// Code-bank words between horizontal neighbours: stride·groups, modulo 2^`address_bits`.
    pub x_step: u32,
    /// Code-bank words between vertical neighbours: stride·width·groups, modulo 2^`address_bits`.
    pub y_step: u32,
    /// Width of the output map, positions.
    pub output_width: u32,
    /// Positions of every pass but the last.
    pub pass_positions: u32,
    /// Positions of the last pass, 1..=`pass_positions`.
    pub last_positions: u32,
    /// Passes over the output positions.
    pub passes: u32,
    /// Tiles along K: taps × channel groups.
    pub row_tiles: u32,
    /// Tiles along the output channels.
    pub column_tiles: u32,
    /// Beats an operand takes: 1, or the digits of an integer.
    pub beats: u32,
    /// Whether the layer streams integers in place of codes.
    pub digits: bool,
    /// Whether all positions add into one output word: global pooling.
    pub pool: bool,
    /// Whether a word leaves as the difference of accumulator and mean, in place of its code.
    pub raw: bool,
}

/// The names of the registers, in the order of the fields of [`LayerRegisters`].
pub const REGISTERS: [&str; 15] = [
    "height",
    "width",
    "stride",
    "x_step",
    "y_step",
    "output_width",
    "pass_positions",
    "last_positions",
    "passes",
    "row_tiles",
    "column_tiles",
    "beats",
    "digits",
    "pool",
    "raw",
];

/// Largest stride, pixels: one less than [`COORDINATE_MARGIN`].
const LARGEST_STRIDE: u32 = COORDINATE_MARGIN - 1;

/// Most beats of an operand.
const MOST_BEATS: u32 = 7;

/// Largest width of an output map: padding may make it wider than the input.
fn output_side(design: &Design) -> u32 {
    design.map_side.saturating_add(COORDINATE_MARGIN - 1)
}

/// Most output positions of a layer.
fn positions(design: &Design) -> u32 {
    output_side(design).saturating_mul(output_side(design))
}

/// Name and width in bits of each register, all unsigned, in the order of [`REGISTERS`].
pub fn register_bits(design: &Design) -> [(&'static str, u32); 15] {
    let position = bits_for(positions(design));
    let tiles = bits_for(design.tile_capacity());
    let address = design.address_bits();
    let side = bits_for(design.map_side);
    let bits = [
        side,
        side,
        bits_for(LARGEST_STRIDE),
        address,
        address,
        bits_for(output_side(design)),
        position,
        position,
        bits_for(positions(design).div_ceil(design.tile_depth.max(1))),
        tiles,
        bits_for(design.channel_depth).min(tiles),
        bits_for(MOST_BEATS),
        1,
        1,
        1,
    ];
    std::array::from_fn(|i| (REGISTERS[i], bits[i]))
}

impl LayerRegisters {
    /// The values, in the order of [`REGISTERS`].
    pub fn values(&self) -> [u32; 15] {
        [
            self.height,
            self.width,
            self.stride,
            self.x_step,
            self.y_step,
            self.output_width,
            self.pass_positions,
            self.last_positions,
            self.passes,
            self.row_tiles,
            self.column_tiles,
            self.beats,
            u32::from(self.digits),
            u32::from(self.pool),
            u32::from(self.raw),
        ]
    }

    /// The registers with these values, in the order of [`REGISTERS`]; a flag is set unless 0.
    pub fn from_values(values: [u32; 15]) -> LayerRegisters {
        let [
            height,
            width,
            stride,
            x_step,
            y_step,
            output_width,
            pass_positions,
            last_positions,
            passes,
            row_tiles,
            column_tiles,
            beats,
            digits,
            pool,
            raw,
        ] = values;
        LayerRegisters {
            height,
            width,
            stride,
            x_step,
            y_step,
            output_width,
            pass_positions,
            last_positions,
            passes,
            row_tiles,
            column_tiles,
            beats,
            digits: digits != 0,
            pool: pool != 0,
            raw: raw != 0,
        }
    }

    /// Output positions of the layer, over all passes.
    pub fn positions(&self) -> u64 {
        u64::from(self.passes.saturating_sub(1)) * u64::from(self.pass_positions)
            + u64::from(self.last_positions)
    }

    /// Whether the sequencer of this design can run the layer.
    ///
    /// # Errors
    /// What is out of range, one sentence each, naming the register and the design's field.
    pub fn validate(&self, design: &Design) -> Result<(), Vec<String>> {
        let mut faults = self.too_wide(design);
        let mut require = |holds: bool, fault: String| {
            if !holds {
                faults.push(fault);
            }
        };
        let counted = [
            ("height", self.height),
            ("width", self.width),
            ("stride", self.stride),
            ("output_width", self.output_width),
            ("pass_positions", self.pass_positions),
            ("last_positions", self.last_positions),
            ("passes", self.passes),
            ("row_tiles", self.row_tiles),
            ("column_tiles", self.column_tiles),
            ("beats", self.beats),
        ];
        for (name, value) in counted {
            require(value > 0, format!("{name} is 0, at least 1 is needed"));
        }
        self.check_memories(design, &mut require);
        self.check_modes(design, &mut require);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Registers whose value needs more bits than they have.
    fn too_wide(&self, design: &Design) -> Vec<String> {
        let registers = register_bits(design).into_iter().zip(self.values());
        registers
            .filter(|&((_, bits), value)| bits_for(value) > bits)
            .map(|((name, bits), value)| format!("{name} = {value} does not fit its {bits} bits"))
            .collect()
    }

    fn check_memories(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        for (name, side) in [("height", self.height), ("width", self.width)] {
            let limit = design.map_side;
            require(
                side <= limit,
                format!("{name} = {side} exceeds map_side = {limit}"),
            );
        }
        let tiles = u64::from(self.row_tiles) * u64::from(self.column_tiles);
        let (words, depth) = (tiles * u64::from(design.rows), design.weight_depth);
        require(
            words <= u64::from(depth),
            format!("{tiles} tiles need {words} words a weight bank, weight_depth = {depth}"),
        );
        let (sets, depth) = (self.column_tiles, design.channel_depth);
        require(
            sets <= depth,
            format!(
                "{sets} column tiles need as many quantizer constants, channel_depth = {depth}"
            ),
        );
        let (positions, depth) = (self.pass_positions, design.tile_depth);
        require(
            self.pool || positions <= depth,
            format!("pass_positions = {positions} exceeds tile_depth = {depth}"),
        );
    }

    fn check_modes(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        let LayerRegisters {
            pass_positions,
            last_positions,
            passes,
            beats,
            ..
        } = *self;
        require(
            last_positions <= pass_positions,
            format!("last_positions = {last_positions} exceeds pass_positions = {pass_positions}"),
        );
        require(
            !self.pool || passes == 1,
            format!("a pooled layer is one pass, not {passes}"),
        );
        let integers = design.image_digits || design.pe == PeKind::Multiply;
        require(
            !self.digits || integers,
            "the layer streams integers, which needs image_digits = true or pe = \"multiply\""
                .to_owned(),
        );
        require(
            beats <= 1 || (self.digits && design.pe == PeKind::Shift),
            format!("beats = {beats}: only digits take more than one"),
        );
    }
}

#[cfg(test)]
mod tests;
