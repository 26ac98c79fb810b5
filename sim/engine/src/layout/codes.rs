//! Code maps in the code banks, read one after the other.

use super::{Banks, Map, Stored};
use crate::geometry::{LayerGeometry, Slot};

/// The maps that a layer reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Codes {
    rows: usize,
    /// Words of a plane.
    words: usize,
    geometry: LayerGeometry,
    /// The address of each plane.
    planes: Vec<usize>,
    /// By channel: plane, from 0, and bank.
    seats: Vec<(usize, usize)>,
    /// By plane·rows + bank: the channel there.
    channels: Vec<Option<usize>>,
}

impl Codes {
    pub fn new(banks: Banks, geometry: &LayerGeometry, maps: &[Map]) -> Codes {
        let Banks { rows, batch } = banks;
        let words = batch * geometry.height * geometry.width;
        let mut codes = Codes {
            rows,
            words,
            geometry: *geometry,
            planes: vec![],
            seats: vec![],
            channels: vec![],
        };
        for map in maps {
            for channel in 0..map.channels {
                let (plane, bank) = map.place.seat(rows, channel);
                codes.seat(map.place.address + plane * words, bank);
            }
        }
        codes
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

    pub fn is_sound(&self) -> bool {
        let taken = self.channels.iter().flatten().count();
        taken == self.seats.len() && taken == self.geometry.channels
    }

    /// The address of each plane.
    pub fn planes(&self) -> &[usize] {
        &self.planes
    }

    pub fn row_tiles(&self) -> usize {
        self.geometry.taps() * self.planes.len()
    }

    pub fn slot(&self, row_tile: usize, row: usize) -> Option<Slot> {
        let planes = self.planes.len();
        let (tap, plane) = (row_tile / planes, row_tile % planes);
        let channel = (*self.channels.get(plane * self.rows + row)?)?;
        (tap < self.geometry.taps()).then_some(Slot { tap, channel })
    }

    pub fn place(&self, slot: Slot) -> (usize, usize) {
        let (plane, bank) = self.seats.get(slot.channel).copied().unwrap_or_default();
        (slot.tap * self.planes.len() + plane, bank)
    }

    /// The address of the plane of a slot.
    pub fn plane(&self, slot: Slot) -> usize {
        let (plane, _) = self.seats.get(slot.channel).copied().unwrap_or_default();
        self.planes.get(plane).copied().unwrap_or_default()
    }

    pub fn range(&self) -> std::ops::Range<usize> {
        let first = self.planes.iter().min().copied().unwrap_or(0);
        let last = self.planes.iter().max().copied().unwrap_or(0);
        first..last + self.words
    }

    pub fn stored(&self) -> impl Iterator<Item = Stored> {
        let seats = self.seats.iter().enumerate();
        seats.map(|(channel, &(plane, bank))| Stored {
            bank,
            address: self.planes.get(plane).copied().unwrap_or_default(),
            channel,
            phase: (0, 0),
            step: 1,
        })
    }
}
