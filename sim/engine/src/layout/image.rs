//! How an image is dealt out to the code banks.
//!
//! An image is laid out by software, so any bank may hold any part of it. With a stride of s it is stored as
//! its s² *phases*, if both its sides are multiples of s: phase (i, j) is every s-th pixel of every s-th line
//! from (i, j) on. A tap sees pixels of one phase only, and sees them one after another: the layer then runs
//! with a stride of 1 over maps of a phase's size. A *part* is one phase of one channel, and fills a plane.
//!
//! The slots of the layer, part by part, are dealt to the banks in order: a bank takes slots until it has one
//! for each row tile, or of as many parts as it has planes. More planes make fewer row tiles and longer
//! fetches. An image that several layers read, with kernels of their own, lies in every bank, all of it.

use super::{Banks, Stored};
use crate::geometry::{LayerGeometry, Slot};

/// The most slots an image layer may have: a linear layer on four million pixels.
const MOST_SLOTS: usize = 1 << 22;

/// How the parts of an image are dealt to the banks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deal {
    /// Every bank holds every channel, in one phase: for any number of layers.
    Shared,
    /// A bank holds at most this many parts, for the slots of one layer.
    Planes(usize),
}

/// One phase of one channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Part {
    channel: usize,
    phase: (usize, usize),
}

/// An image in the banks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Image {
    geometry: LayerGeometry,
    rows: usize,
    batch: usize,
    address: usize,
    /// The stride of the phases.
    step: usize,
    tiles: usize,
    /// By \[bank\]: its parts, a plane each.
    banks: Vec<Vec<Part>>,
    /// By [`LayerGeometry::inner_index`]: row tile, row and plane.
    seats: Vec<(usize, usize, usize)>,
    /// By \[row tile·rows + row\].
    slots: Vec<Option<Slot>>,
}

impl Image {
    pub fn new(banks: Banks, geometry: &LayerGeometry, address: usize, deal: Deal) -> Image {
        let Banks { rows, batch } = banks;
        let step = match deal {
            Deal::Shared => 1,
            Deal::Planes(_) => phases(geometry),
        };
        // A shape beyond all reason, from a damaged file, gets no places.
        let reasonable = geometry.inner() <= MOST_SLOTS;
        let mut image = Image {
            geometry: *geometry,
            rows,
            batch,
            address,
            step,
            tiles: 0,
            banks: vec![vec![]; rows],
            seats: vec![(0, 0, 0); if reasonable { geometry.inner() } else { 0 }],
            slots: vec![],
        };
        match deal {
            _ if !reasonable => {}
            Deal::Shared => image.share(),
            Deal::Planes(planes) => image.deal(planes),
        }
        image.slots = vec![None; image.tiles * rows];
        for (k, &(tile, row, _)) in image.seats.iter().enumerate() {
            if let Some(slot) = image.slots.get_mut(tile * rows + row) {
                *slot = Some(geometry.slot(k));
            }
        }
        image
    }

    /// Every channel in every bank; slot n in bank n mod rows.
    fn share(&mut self) {
        let part = |channel| Part {
            channel,
            phase: (0, 0),
        };
        let all: Vec<Part> = (0..self.geometry.channels).map(part).collect();
        self.banks.fill(all);
        for (k, seat) in self.seats.iter_mut().enumerate() {
            *seat = (k / self.rows, k % self.rows, k % self.geometry.channels);
        }
        self.tiles = self.geometry.inner().div_ceil(self.rows);
    }

    fn deal(&mut self, planes: usize) {
        let parts = parts(&self.geometry, self.step);
        let sizes: Vec<usize> = parts.iter().map(|(_, slots)| slots.len()).collect();
        // As many tiles as there are slots would do with one part a bank, were there banks enough.
        self.tiles = fewest_tiles(&sizes, self.rows, planes).unwrap_or(0);
        let (mut bank, mut taken) = (0, 0);
        for (part, slots) in parts {
            for k in slots {
                let full = |held: &Vec<Part>| held.last() != Some(&part) && held.len() == planes;
                if taken == self.tiles || self.banks.get(bank).is_some_and(full) {
                    (bank, taken) = (bank + 1, 0);
                }
                let Some(held) = self.banks.get_mut(bank) else {
                    return;
                };
                if held.last() != Some(&part) {
                    held.push(part);
                }
                self.seats[k] = (taken, bank, held.len() - 1);
                taken += 1;
            }
        }
    }

    /// Whether every slot has a place.
    pub fn is_sound(&self) -> bool {
        self.slots.iter().flatten().count() == self.geometry.inner()
    }

    pub fn row_tiles(&self) -> usize {
        self.tiles
    }

    pub fn slot(&self, row_tile: usize, row: usize) -> Option<Slot> {
        self.slots
            .get(row_tile * self.rows + row)
            .copied()
            .flatten()
    }

    pub fn place(&self, slot: Slot) -> (usize, usize) {
        let seat = self.seats.get(self.geometry.inner_index(slot));
        seat.map_or((0, 0), |&(tile, row, _)| (tile, row))
    }

    /// Words of a plane.
    fn words(&self) -> usize {
        let (height, width, _) = self.sides();
        self.batch * height * width
    }

    pub fn sides(&self) -> (usize, usize, usize) {
        let LayerGeometry {
            height,
            width,
            stride,
            ..
        } = self.geometry;
        (height / self.step, width / self.step, stride / self.step)
    }

    pub fn offset(&self, slot: Slot) -> (isize, isize) {
        let (dy, dx) = self.geometry.tap_offset(slot.tap);
        let step = self.step.cast_signed();
        (dy.div_euclid(step), dx.div_euclid(step))
    }

    pub fn plane(&self, slot: Slot) -> usize {
        let seat = self.seats.get(self.geometry.inner_index(slot));
        let plane = seat.map_or(0, |&(_, _, plane)| plane);
        self.address + plane * self.words()
    }

    pub fn range(&self) -> std::ops::Range<usize> {
        let planes = self.banks.iter().map(Vec::len).max().unwrap_or(0);
        self.address..self.address + planes * self.words()
    }

    pub fn stored(&self) -> impl Iterator<Item = Stored> {
        let banks = self.banks.iter().enumerate();
        let parts = banks.flat_map(|(bank, parts)| {
            let parts = parts.iter().enumerate();
            parts.map(move |(plane, part)| (bank, plane, part))
        });
        parts.map(|(bank, plane, part)| Stored {
            bank,
            address: self.address + plane * self.words(),
            channel: part.channel,
            phase: part.phase,
            step: self.step,
        })
    }
}

/// The stride of the phases: the layer's, if the sides of its map are multiples of it, else 1.
fn phases(geometry: &LayerGeometry) -> usize {
    let stride = geometry.stride.max(1);
    let whole = geometry.height.is_multiple_of(stride) && geometry.width.is_multiple_of(stride);
    if whole { stride } else { 1 }
}

/// The parts of an image that a tap sees, each with its slots by [`LayerGeometry::inner_index`].
fn parts(geometry: &LayerGeometry, step: usize) -> Vec<(Part, Vec<usize>)> {
    let phase_of = |tap| {
        let (dy, dx) = geometry.tap_offset(tap);
        let phase = |d: isize| d.rem_euclid(step.cast_signed()).cast_unsigned();
        (phase(dy), phase(dx))
    };
    // A phase further out than the kernel is long has no taps; sorted, the phases lie in order.
    let mut taps: Vec<_> = (0..geometry.taps())
        .map(|tap| (phase_of(tap), tap))
        .collect();
    taps.sort_unstable();
    let phases: Vec<_> = taps.chunk_by(|a, b| a.0 == b.0).collect();
    let part = |channel: usize| {
        phases.iter().map(move |taps| {
            let slots = taps.iter();
            let slots = slots.map(|&(_, tap)| geometry.inner_index(Slot { tap, channel }));
            let phase = taps[0].0;
            (Part { channel, phase }, slots.collect())
        })
    };
    (0..geometry.channels).flat_map(part).collect()
}

/// The fewest row tiles with which parts of these many slots fit so many banks of so many planes; `None` if
/// none do.
fn fewest_tiles(parts: &[usize], banks: usize, planes: usize) -> Option<usize> {
    let slots: usize = parts.iter().sum();
    let largest = parts.iter().copied().max().unwrap_or(0).max(1);
    let (mut least, mut enough) = (
        slots.div_ceil(banks.max(1)),
        largest.saturating_mul(planes.max(1)),
    );
    if !fits(parts, banks, planes, enough) {
        return None;
    }
    while least < enough {
        let middle = least.midpoint(enough);
        if fits(parts, banks, planes, middle) {
            enough = middle;
        } else {
            least = middle + 1;
        }
    }
    Some(enough)
}

/// Whether dealing takes no more than these banks.
fn fits(parts: &[usize], banks: usize, planes: usize, tiles: usize) -> bool {
    if tiles == 0 || planes == 0 {
        return false;
    }
    let (mut bank, mut held, mut taken) = (0, 0, 0);
    for &part in parts {
        let mut left = part;
        while left > 0 {
            if taken == tiles || held == planes {
                (bank, held, taken) = (bank + 1, 0, 0);
            }
            let here = left.min(tiles - taken);
            left -= here;
            taken += here;
            held += 1;
        }
    }
    bank < banks
}

/// The ways to deal an image to so many banks for one layer, fewest planes first: the planes of a bank, the
/// words they fill, and the row tiles. Each has fewer row tiles than the one before.
pub(crate) fn deals(banks: Banks, geometry: &LayerGeometry) -> Vec<(usize, usize, usize)> {
    let Banks { rows, batch } = banks;
    let step = phases(geometry);
    let words = batch * (geometry.height / step) * (geometry.width / step);
    let parts = parts(geometry, step);
    let sizes: Vec<usize> = parts.iter().map(|(_, slots)| slots.len()).collect();
    let best = geometry.inner().div_ceil(rows.max(1));
    let mut deals: Vec<(usize, usize, usize)> = Vec::new();
    for planes in sizes.len().div_ceil(rows.max(1))..=sizes.len() {
        let Some(tiles) = fewest_tiles(&sizes, rows, planes) else {
            continue;
        };
        if deals.last().is_none_or(|last| tiles < last.2) {
            deals.push((planes, planes * words, tiles));
        }
        if tiles == best {
            break;
        }
    }
    deals
}
