//! How the inputs of a layer lie in the code banks, and how the rows of an array serve them.
//!
//! There is a bank of codes for each of R rows. A map of H × W × K at a [`Place`] (address a, rotation ρ)
//! holds channel c in bank (ρ + c) mod R at address a + ⌊(ρ + c)/R⌋·H·W + y·W + x: one *plane* of H·W words
//! after another. A layer reads a list of maps, one after the other (a concatenation), and its *planes* are
//! the distinct plane addresses they touch, in that order. Row tile t serves tap ⌊t/planes⌋ and plane
//! t mod planes; row r of it serves the channel in bank r of that plane, if one of the maps has one there.
//!
//! Images that are computed together lie one after another in a plane, which has B·H·W words then: pixel (y, x) of image b
//! is word b·H·W + y·W + x of it.
//!
//! An image is laid out by software, in whatever way serves the rows best: see [`Deal`].

mod codes;
mod image;
#[cfg(test)]
mod tests;

pub use image::Deal;
pub(crate) use image::deals;

use codes::Codes;
use image::Image;

use cromulent_design::Design;

use crate::geometry::{LayerGeometry, Slot};

/// Where a code map begins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Place {
    /// Address of the plane that holds channel 0.
    pub address: usize,
    /// Bank of channel 0, below the rows.
    pub rotation: usize,
}

impl Place {
    /// Planes that a map of this many channels touches.
    pub fn planes(&self, rows: usize, channels: usize) -> usize {
        (self.rotation + channels).div_ceil(rows)
    }

    /// The plane, from 0, and the bank of a channel.
    pub fn seat(&self, rows: usize, channel: usize) -> (usize, usize) {
        let seat = self.rotation + channel;
        (seat / rows, seat % rows)
    }

    /// Where the map goes on that follows one of this many channels, in planes of this many words.
    pub fn after(&self, rows: usize, channels: usize, plane: usize) -> Place {
        let (planes, rotation) = self.seat(rows, channels);
        Place {
            address: self.address + planes * plane,
            rotation,
        }
    }
}

/// The code banks, as far as a layout has to know them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Banks {
    /// Rows of the array: a bank each.
    pub rows: usize,
    /// Images that are computed together.
    pub batch: usize,
}

impl Banks {
    /// The banks of a design.
    pub fn of(design: &Design) -> Banks {
        Banks {
            rows: design.rows as usize,
            batch: design.batch as usize,
        }
    }
}

/// A map in the code banks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Map {
    /// Channels.
    pub channels: usize,
    /// Where it lies.
    pub place: Place,
}

/// The input of a layer in the code banks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    geometry: LayerGeometry,
    of: Of,
}

/// What the input is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Of {
    Codes(Codes),
    Image(Image),
}

/// A channel, or a phase of one, in a bank: pixel (y, x) of its plane is pixel (y·step + i, x·step + j) of the
/// channel. The images of a batch count as one, each below the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The bank.
    pub bank: usize,
    /// The address of pixel (0, 0).
    pub address: usize,
    /// The channel.
    pub channel: usize,
    /// (i, j).
    pub phase: (usize, usize),
    /// Pixels of the channel from one stored pixel to the next.
    pub step: usize,
}

impl Layout {
    /// Code maps that are read one after the other. Their channels together are those of the layer.
    pub fn of_codes(banks: Banks, geometry: &LayerGeometry, maps: &[Map]) -> Layout {
        Layout {
            geometry: *geometry,
            of: Of::Codes(Codes::new(banks, geometry, maps)),
        }
    }

    /// An image at an address.
    pub fn of_image(banks: Banks, geometry: &LayerGeometry, address: usize, deal: Deal) -> Layout {
        Layout {
            geometry: *geometry,
            of: Of::Image(Image::new(banks, geometry, address, deal)),
        }
    }

    /// Whether every channel has words to itself, which overlapping maps do not give, and every slot a row.
    pub fn is_sound(&self) -> bool {
        match &self.of {
            Of::Codes(codes) => codes.is_sound(),
            Of::Image(image) => image.is_sound(),
        }
    }

    /// Number of row tiles: how often the array is filled to cover K.
    pub fn row_tiles(&self) -> usize {
        match &self.of {
            Of::Codes(codes) => codes.row_tiles(),
            Of::Image(image) => image.row_tiles(),
        }
    }

    /// What a row serves in a row tile; `None` if it idles.
    pub fn slot(&self, row_tile: usize, row: usize) -> Option<Slot> {
        match &self.of {
            Of::Codes(codes) => codes.slot(row_tile, row),
            Of::Image(image) => image.slot(row_tile, row),
        }
    }

    /// The row tile and row that serve a slot: the inverse of [`Layout::slot`].
    pub fn place(&self, slot: Slot) -> (usize, usize) {
        match &self.of {
            Of::Codes(codes) => codes.place(slot),
            Of::Image(image) => image.place(slot),
        }
    }

    /// The address of each plane of code maps; none of an image, whose banks differ.
    pub fn planes(&self) -> &[usize] {
        match &self.of {
            Of::Codes(codes) => codes.planes(),
            Of::Image(_) => &[],
        }
    }

    /// Height and width of an image in a plane, and the stride at which positions step over it.
    pub fn sides(&self) -> (usize, usize, usize) {
        let g = &self.geometry;
        match &self.of {
            Of::Codes(_) => (g.height, g.width, g.stride),
            Of::Image(image) => image.sides(),
        }
    }

    /// Where the pixel of a slot lies in its plane, relative to that of the position's upper left pixel: (dy, dx).
    pub fn offset(&self, slot: Slot) -> (isize, isize) {
        match &self.of {
            Of::Codes(_) => self.geometry.tap_offset(slot.tap),
            Of::Image(image) => image.offset(slot),
        }
    }

    /// A slot's address when the output position's upper left pixel is pixel 0. May be negative.
    pub fn base(&self, slot: Slot) -> isize {
        let (dy, dx) = self.offset(slot);
        let plane = match &self.of {
            Of::Codes(codes) => codes.plane(slot),
            Of::Image(image) => image.plane(slot),
        };
        let (_, width, _) = self.sides();
        plane.cast_signed() + dy * width.cast_signed() + dx
    }

    /// The first address there is a plane at, and the one after the last.
    pub fn range(&self) -> std::ops::Range<usize> {
        match &self.of {
            Of::Codes(codes) => codes.range(),
            Of::Image(image) => image.range(),
        }
    }

    /// Everything that is stored.
    pub fn stored(&self) -> Vec<Stored> {
        match &self.of {
            Of::Codes(codes) => codes.stored().collect(),
            Of::Image(image) => image.stored().collect(),
        }
    }
}
