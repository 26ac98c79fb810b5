//! Packs: code tensors that lie side by side because layers read them together.

use super::{Span, Uses, Values};
use crate::image::MapShape;
use crate::layout::Place;

/// Tensors that lie one after another, each going on in the bank where the one before ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Pack {
    /// The tensors, in the order in which they lie.
    pub members: Vec<Member>,
    /// Words of a plane: pixels of a map.
    pub plane: usize,
    /// Planes of all members together.
    pub planes: usize,
    /// The steps that write or read a member, rising. At least one.
    pub uses: Vec<usize>,
    /// It holds integers, and stays on chip.
    pub pinned: bool,
}

/// A tensor of a pack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Member {
    pub tensor: usize,
    /// Its place, addresses counted from the pack's.
    pub place: Place,
    /// The planes it touches, from the first to before the last.
    pub first: usize,
    pub end: usize,
}

impl Pack {
    /// The words it fills in every bank.
    pub fn words(&self) -> usize {
        self.planes * self.plane
    }

    /// From its first use to its last.
    pub fn span(&self) -> Span {
        let (first, last) = (self.uses.first(), self.uses.last());
        Span {
            first: first.copied().unwrap_or(0),
            last: last.copied().unwrap_or(0),
        }
    }

    /// The first use after a step.
    pub fn next_use(&self, step: usize) -> Option<usize> {
        self.uses.iter().copied().find(|&used| used > step)
    }
}

/// The packs of a program, in the order of their first use. Tensors that are never used are in none.
pub(super) fn packs(rows: usize, values: &Values, layers: &[Uses]) -> Vec<Pack> {
    let packs = together(values, layers);
    let pooled = layers.iter().filter(|uses| uses.max_pool);
    let pooled = pooled.flat_map(|uses| uses.tensors.iter().chain(&uses.codes));
    let pooled: Vec<usize> = pooled.copied().collect();
    let packs = packs
        .iter()
        .map(|tensors| pack(rows, values, layers, tensors, &pooled));
    let mut packs: Vec<Pack> = packs.filter(|pack| !pack.uses.is_empty()).collect();
    packs.sort_by_key(|pack| pack.span().first);
    packs
}

/// The pack of some tensors. Each goes on where the one before ends; what is pooled, or comes of a pool, begins in
/// bank 0.
fn pack(
    rows: usize,
    values: &Values,
    layers: &[Uses],
    tensors: &[usize],
    pooled: &[usize],
) -> Pack {
    let MapShape { height, width, .. } = values.tensors[tensors[0]];
    let plane = height * width;
    let mut place = Place::default();
    let mut pack = Pack {
        plane,
        ..Pack::default()
    };
    for &tensor in tensors {
        let channels = values.tensors[tensor].channels;
        if pooled.contains(&tensor) && place.rotation > 0 {
            place = Place {
                address: place.address + plane,
                rotation: 0,
            };
        }
        let first = place.address.checked_div(plane).unwrap_or(0);
        let end = first + place.planes(rows, channels);
        pack.planes = pack.planes.max(end);
        pack.members.push(Member {
            tensor,
            place,
            first,
            end,
        });
        place = place.after(rows, channels, plane);
    }
    let integers = |tensor: &usize| values.integers.get(*tensor) == Some(&true);
    pack.pinned = tensors.iter().any(integers);
    let used = |uses: &Uses| {
        let mut all = uses.tensors.iter().chain(&uses.codes);
        all.any(|tensor| tensors.contains(tensor))
    };
    let steps = layers.iter().enumerate().filter(|(_, uses)| used(uses));
    pack.uses = steps.map(|(layer, _)| layer + 1).collect();
    pack
}

/// The tensors that are read together, directly or through others, in the order in which they are read.
fn together(values: &Values, layers: &[Uses]) -> Vec<Vec<usize>> {
    let mut packs: Vec<Vec<usize>> = (0..values.tensors.len()).map(|t| vec![t]).collect();
    let shape = |tensor: usize| {
        let MapShape { height, width, .. } = values.tensors[tensor];
        (height, width)
    };
    for uses in layers {
        let Some((&first, rest)) = uses.tensors.split_first() else {
            continue;
        };
        for &tensor in rest {
            let find = |wanted| packs.iter().position(|pack| pack.contains(&wanted));
            let (Some(into), Some(from)) = (find(first), find(tensor)) else {
                continue;
            };
            if into != from && shape(first) == shape(tensor) {
                let moved = std::mem::take(&mut packs[from]);
                packs[into].extend(moved);
            }
        }
    }
    packs.retain(|pack| !pack.is_empty());
    packs
}
