//! What travels down the rows with every position the sequencer issues.

use crate::shape::Shape;
use cromulent_kit::Word;

/// Marks of a beat, as the accumulators need them.
#[derive(Clone, Copy)]
pub(crate) struct Flags<W> {
    /// There is a beat this cycle.
    pub valid: W,
    /// First beat of a tile: start again at accumulator 0.
    pub tile_start: W,
    /// First beat of a word: start from the stored sum, or from zero in the first row tile.
    pub first: W,
    /// Last beat of a word: store it, or emit it in the last row tile.
    pub last: W,
    /// The first row tile.
    pub initial: W,
    /// The last row tile.
    pub terminal: W,
    /// First beat of a column tile: take the next set of quantizer constants.
    pub column_start: W,
}

/// Bits of the packed flags.
pub(crate) const FLAG_BITS: usize = 7;

impl<W: Word> Flags<W> {
    /// Packs the flags, `valid` lowest.
    pub fn pack(&self) -> W {
        let rest = [
            self.tile_start,
            self.first,
            self.last,
            self.initial,
            self.terminal,
            self.column_start,
        ];
        rest.into_iter()
            .fold(self.valid, |low, flag| flag.concat(low))
    }

    /// Reads packed flags.
    pub fn unpack(word: W) -> Flags<W> {
        Flags {
            valid: word.bit(0),
            tile_start: word.bit(1),
            first: word.bit(2),
            last: word.bit(3),
            initial: word.bit(4),
            terminal: word.bit(5),
            column_start: word.bit(6),
        }
    }
}

/// Where a beat reads: upper left corner of the window, its address, and whether it is the first
/// beat of its operand.
#[derive(Clone, Copy)]
pub(crate) struct Position<W> {
    /// First beat of an operand: read the code bank; later beats send the rest of the same integer.
    pub fresh: W,
    /// Row of the window's corner on the map, without padding.
    pub y: W,
    /// Column of the window's corner.
    pub x: W,
    /// Code-bank address of the corner.
    pub address: W,
}

impl<W: Word> Position<W> {
    /// Packs the position, `fresh` lowest.
    pub fn pack(&self) -> W {
        self.address
            .concat(self.x)
            .concat(self.y)
            .concat(self.fresh)
    }

    /// Reads a packed position.
    pub fn unpack(word: W, shape: &Shape) -> Position<W> {
        let (side, address) = (shape.coordinate_bits(), shape.address_bits());
        Position {
            fresh: word.bit(0),
            y: word.slice(1, side),
            x: word.slice(1 + side, side),
            address: word.slice(1 + 2 * side, address),
        }
    }
}

/// Bits of a packed position.
pub(crate) fn position_bits(shape: &Shape) -> usize {
    1 + 2 * shape.coordinate_bits() + shape.address_bits()
}
