//! How the inputs of a layer lie in the code banks, and how the rows of an array serve them.
//!
//! There is a bank of codes for each of R rows. A map of H × W × K at a [`Place`] (address a, rotation ρ)
//! holds channel c in bank (ρ + c) mod R at address a + ⌊(ρ + c)/R⌋·H·W + y·W + x: one *plane* of H·W words
//! after another. A layer reads a list of maps, one after the other (a concatenation), and its *planes* are
//! the distinct plane addresses they touch, in that order. Row tile t serves tap ⌊t/planes⌋ and plane
//! t mod planes; row r of it serves the channel in bank r of that plane, if one of the maps has one there.
//!
//! An image is laid out by software, and may be stored more than once: with fewer channels than rows there
//! are ⌊R/K⌋ copies side by side in one plane, copy q in the banks from q·K on, and one row tile serves as
//! many taps.

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
    rows: usize,
    geometry: LayerGeometry,
    /// How many times the input is stored, side by side.
    copies: usize,
    /// The address of each plane.
    planes: Vec<usize>,
    /// By channel: plane, from 0, and bank, of the first copy.
    seats: Vec<(usize, usize)>,
    /// By plane·rows + bank: the channel there, of the first copy.
    channels: Vec<Option<usize>>,
}

impl Layout {
    /// Code maps that are read one after the other. Their channels together are those of the layer.
    pub fn of_codes(rows: usize, geometry: &LayerGeometry, maps: &[Map]) -> Layout {
        let plane_words = geometry.height * geometry.width;
        let mut layout = Layout::empty(rows, geometry, 1);
        for map in maps {
            for channel in 0..map.channels {
                let (plane, bank) = map.place.seat(rows, channel);
                layout.seat(map.place.address + plane * plane_words, bank);
            }
        }
        layout
    }

    /// An image at an address.
    pub fn of_image(rows: usize, geometry: &LayerGeometry, address: usize) -> Layout {
        let copies = (rows / geometry.channels.max(1)).max(1);
        let map = Map {
            channels: geometry.channels,
            place: Place {
                address,
                rotation: 0,
            },
        };
        Layout {
            copies,
            ..Layout::of_codes(rows, geometry, &[map])
        }
    }

    /// Planes that an image of this many channels fills.
    pub fn image_planes(rows: usize, channels: usize) -> usize {
        Place::default().planes(rows, channels)
    }

    fn empty(rows: usize, geometry: &LayerGeometry, copies: usize) -> Layout {
        Layout {
            rows,
            geometry: *geometry,
            copies,
            planes: vec![],
            seats: vec![],
            channels: vec![],
        }
    }

    /// Puts the next channel into a bank of the plane at an address.
    fn seat(&mut self, address: usize, bank: usize) {
        let known = self.planes.iter().rposition(|&plane| plane == address);
        let plane = known.unwrap_or_else(|| {
            self.planes.push(address);
            self.channels.resize(self.planes.len() * self.rows, None);
            self.planes.len() - 1
        });
        self.channels[plane * self.rows + bank] = Some(self.seats.len());
        self.seats.push((plane, bank));
    }

    /// Whether every channel has a bank to itself, which overlapping maps do not give.
    pub fn is_sound(&self) -> bool {
        let taken = self.channels.iter().flatten().count();
        taken == self.seats.len() && taken == self.geometry.channels
    }

    /// How many times the input is stored, side by side.
    pub fn copies(&self) -> usize {
        self.copies
    }

    /// The address of each plane.
    pub fn planes(&self) -> &[usize] {
        &self.planes
    }

    /// Number of row tiles: how often the array is filled to cover K.
    pub fn row_tiles(&self) -> usize {
        self.geometry.taps().div_ceil(self.copies) * self.planes.len()
    }

    /// What a row serves in a row tile; `None` if it idles.
    pub fn slot(&self, row_tile: usize, row: usize) -> Option<Slot> {
        let (group, plane) = (row_tile / self.planes.len(), row_tile % self.planes.len());
        let (copy, bank) = self.copy_of(row)?;
        let slot = Slot {
            tap: group * self.copies + copy,
            channel: (*self.channels.get(plane * self.rows + bank)?)?,
        };
        (slot.tap < self.geometry.taps()).then_some(slot)
    }

    /// The copy a row reads, and the bank of the first copy it stands for.
    fn copy_of(&self, row: usize) -> Option<(usize, usize)> {
        if self.copies == 1 {
            return Some((0, row));
        }
        let channels = self.geometry.channels;
        let copy = row / channels;
        (copy < self.copies).then_some((copy, row % channels))
    }

    /// The row tile and row that serve a slot: the inverse of [`Layout::slot`].
    pub fn place(&self, slot: Slot) -> (usize, usize) {
        let (plane, bank) = self.seats.get(slot.channel).copied().unwrap_or_default();
        let (group, copy) = (slot.tap / self.copies, slot.tap % self.copies);
        let row = bank + copy * self.geometry.channels;
        (group * self.planes.len() + plane, row)
    }

    /// The channel a bank holds in a plane, copies included.
    pub fn channel(&self, plane: usize, bank: usize) -> Option<usize> {
        let (_, bank) = self.copy_of(bank)?;
        self.channels
            .get(plane * self.rows + bank)
            .copied()
            .flatten()
    }

    /// A slot's address when the output position's upper left pixel is pixel 0. May be negative.
    pub fn base(&self, slot: Slot) -> isize {
        let (dy, dx) = self.geometry.tap_offset(slot.tap);
        let (plane, _) = self.seats.get(slot.channel).copied().unwrap_or_default();
        let address = self.planes.get(plane).copied().unwrap_or_default();
        address.cast_signed() + dy * self.geometry.width.cast_signed() + dx
    }

    /// The first address there is a plane at, and the one after the last.
    pub fn range(&self) -> std::ops::Range<usize> {
        let words = self.geometry.height * self.geometry.width;
        let first = self.planes.iter().min().copied().unwrap_or(0);
        let last = self.planes.iter().max().copied().unwrap_or(0);
        first..last + words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(channels: usize, kernel: usize) -> LayerGeometry {
        LayerGeometry {
            height: 5,
            width: 4,
            channels,
            out_channels: 3,
            kernel_height: kernel,
            kernel_width: kernel,
            stride: 1,
            padding: 0,
        }
    }

    /// Every slot is served once, and `place` finds it.
    fn assert_serves(layout: &Layout, g: &LayerGeometry, rows: usize) {
        let mut served = vec![0; g.inner()];
        for tile in 0..layout.row_tiles() {
            for row in 0..rows {
                let Some(slot) = layout.slot(tile, row) else {
                    continue;
                };
                assert_eq!(layout.place(slot), (tile, row));
                served[g.inner_index(slot)] += 1;
            }
        }
        assert!(served.iter().all(|&n| n == 1), "{rows} rows, {g:?}");
        assert!(layout.is_sound());
    }

    #[test]
    fn every_slot_of_an_image_is_served_exactly_once() {
        for rows in 1..=9 {
            for channels in 1..=20 {
                for kernel in [1, 3] {
                    let g = geometry(channels, kernel);
                    let layout = Layout::of_image(rows, &g, 7);
                    assert_serves(&layout, &g, rows);
                }
            }
        }
    }

    #[test]
    fn every_slot_of_every_small_concatenation_is_served_exactly_once() {
        for rows in 1..=5 {
            for (first, second) in (1..=6).flat_map(|a| (0..=6).map(move |b| (a, b))) {
                for rotation in 0..rows {
                    // Following the first map densely, in planes of its own behind it, and before it.
                    let apart = |address| Place { address, rotation };
                    let place = apart(400);
                    let places = [place.after(rows, first, 20), apart(1000), apart(0)];
                    for (next, kernel) in places.into_iter().zip([1, 3, 3]) {
                        let g = geometry(first + second, kernel);
                        let maps = [(first, place), (second, next)]
                            .map(|(channels, place)| Map { channels, place });
                        let layout = Layout::of_codes(rows, &g, &maps);
                        assert_serves(&layout, &g, rows);
                    }
                }
            }
        }
    }

    #[test]
    fn maps_that_follow_each_other_fill_their_planes() {
        let g = geometry(16 + 12 + 12, 3);
        let mut place = Place::default();
        let maps = [16, 12, 12].map(|channels| {
            let map = Map { channels, place };
            place = place.after(8, channels, 20);
            map
        });
        let layout = Layout::of_codes(8, &g, &maps);
        assert_eq!(layout.planes(), [0, 20, 40, 60, 80]);
        assert_eq!(layout.row_tiles(), 45);
        let slot = Slot {
            tap: 4,
            channel: 28,
        };
        assert_eq!(layout.place(slot), (4 * 5 + 3, 4));
        assert_eq!(layout.base(slot), 60 + 4 + 1);
    }

    #[test]
    fn overlapping_maps_are_noticed() {
        let g = geometry(4, 1);
        let map = Map {
            channels: 2,
            place: Place::default(),
        };
        assert!(!Layout::of_codes(4, &g, &[map, map]).is_sound());
        assert!(!Layout::of_codes(4, &g, &[map]).is_sound());
    }

    #[test]
    fn three_channels_on_32_rows_are_stored_ten_times() {
        let g = geometry(3, 3);
        let layout = Layout::of_image(32, &g, 0);
        assert_eq!((layout.copies(), layout.row_tiles()), (10, 1));
        assert_eq!(
            (layout.channel(0, 29), layout.channel(0, 30)),
            (Some(2), None)
        );
    }
}
