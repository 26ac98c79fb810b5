//! Places for the values of a program.
//!
//! Code tensors that are read together form a *pack*: they lie one after another, each going on in the bank
//! where the one before ends, in the order in which layers first read them; a max-pool's input and output begin
//! in bank 0, as its rows keep their channels. A pack lives while any of its
//! members does and fills whole planes. Packs, and the image, are placed in the order of their first use,
//! each at the lowest address at which it overlaps nothing that lives at the same time. Values of the
//! residual stream likewise; one that is added to a value that dies there takes its place.

use super::{Span, Spans, Uses, Values, spans, stream_words};
use crate::image::MapShape;
use crate::image_input::ImageInput;
use crate::layout::Place;

/// Where everything lies, and how deep the memories have to be for it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Allocation {
    pub input_address: usize,
    /// How the image is stored.
    pub image_input: ImageInput,
    pub tensors: Vec<Place>,
    pub streams: Vec<usize>,
    /// Words of a code bank.
    pub code_words: usize,
    /// Words of a column's stream.
    pub stream_words: usize,
}

/// Finds a place for every value.
pub(crate) fn allocate(
    rows: usize,
    columns: usize,
    values: &Values,
    layers: &[Uses],
) -> Allocation {
    let spans = spans(values, layers);
    let mut allocation = Allocation {
        tensors: vec![Place::default(); values.tensors.len()],
        streams: vec![0; values.streams.len()],
        ..Allocation::default()
    };
    codes(&mut allocation, rows, values, layers, &spans);
    streams(&mut allocation, columns, values, layers, &spans);
    allocation
}

/// A block of words with its span.
#[derive(Clone, Copy)]
struct Block {
    span: Span,
    address: usize,
    words: usize,
}

/// The memory as far as it is filled.
#[derive(Default)]
struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// The lowest address at which this many words are free all through a span.
    fn first_fit(&self, span: Span, words: usize) -> usize {
        let others = || self.blocks.iter().filter(|block| block.span.meets(&span));
        let free = |address: usize| {
            others().all(|block| {
                address + words <= block.address || block.address + block.words <= address
            })
        };
        let ends = others().map(|block| block.address + block.words);
        let best = ends.filter(|&end| free(end)).min();
        // Behind the last block there is always room.
        if free(0) { 0 } else { best.unwrap_or(0) }
    }

    fn place(&mut self, span: Span, address: usize, words: usize) {
        self.blocks.push(Block {
            span,
            address,
            words,
        });
    }

    fn words(&self) -> usize {
        let ends = self.blocks.iter().map(|block| block.address + block.words);
        ends.max().unwrap_or(0)
    }
}

/// Places the image and the packs.
fn codes(
    allocation: &mut Allocation,
    rows: usize,
    values: &Values,
    layers: &[Uses],
    spans: &Spans,
) {
    let mut memory = Memory::default();
    if let Some(words) = values.image {
        memory.place(spans.image, 0, words);
    }
    let pooled: Vec<usize> = layers
        .iter()
        .filter(|uses| uses.max_pool)
        .flat_map(|uses| uses.tensors.iter().chain(&uses.codes))
        .copied()
        .collect();
    let mut packs = packs(values, layers);
    packs.retain(|pack| pack_span(pack, spans).is_some());
    packs.sort_by_key(|pack| pack_span(pack, spans).map(|span| span.first));
    for pack in packs {
        let Some(span) = pack_span(&pack, spans) else {
            continue;
        };
        let MapShape { height, width, .. } = values.tensors[pack[0]];
        let plane = height * width;
        let (places, planes) = seats(&pack, rows, values, plane, &pooled);
        let words = planes * plane;
        let address = memory.first_fit(span, words);
        memory.place(span, address, words);
        for (tensor, place) in pack.into_iter().zip(places) {
            allocation.tensors[tensor] = Place {
                address: address + place.address,
                ..place
            };
        }
    }
    allocation.code_words = memory.words();
}

/// Where the tensors of a pack lie from its beginning on, and how many planes they fill. Each goes on where the
/// one before ends; what is pooled, or comes of a pool, begins in bank 0.
fn seats(
    pack: &[usize],
    rows: usize,
    values: &Values,
    plane: usize,
    pooled: &[usize],
) -> (Vec<Place>, usize) {
    let mut place = Place::default();
    let mut places = vec![];
    for &tensor in pack {
        if pooled.contains(&tensor) && place.rotation > 0 {
            place = Place {
                address: place.address + plane,
                rotation: 0,
            };
        }
        places.push(place);
        place = place.after(rows, values.tensors[tensor].channels, plane);
    }
    let full = place.address / plane.max(1);
    (places, full + usize::from(place.rotation > 0))
}

/// The tensors that are read together, directly or through others, in the order in which they are read.
fn packs(values: &Values, layers: &[Uses]) -> Vec<Vec<usize>> {
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

fn pack_span(pack: &[usize], spans: &Spans) -> Option<Span> {
    let used = pack.iter().filter_map(|&tensor| spans.tensors[tensor]);
    used.reduce(|all, one| Span {
        first: all.first.min(one.first),
        last: all.last.max(one.last),
    })
}

/// Places the values of the residual stream.
fn streams(
    allocation: &mut Allocation,
    columns: usize,
    values: &Values,
    layers: &[Uses],
    spans: &Spans,
) {
    let mut memory = Memory::default();
    for (layer, uses) in layers.iter().enumerate() {
        let Some(result) = uses.result.filter(|&result| result < values.streams.len()) else {
            continue;
        };
        let Some(span) = spans.streams[result] else {
            continue;
        };
        let words = stream_words(columns, &values.streams[result]);
        let dies = |&base: &usize| {
            let ends = spans.streams.get(base).copied().flatten();
            ends.is_some_and(|ends| ends.last == layer + 1)
                && values.streams[base] == values.streams[result]
        };
        let address = match uses.base.filter(dies) {
            Some(base) => allocation.streams[base],
            None => memory.first_fit(span, words),
        };
        memory.place(span, address, words);
        allocation.streams[result] = address;
    }
    allocation.stream_words = memory.words();
}
