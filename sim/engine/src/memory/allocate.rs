//! Places for the values of a program.
//!
//! Code tensors that are read together form a *pack*: they lie one after another, each going on in the bank
//! where the one before ends, in the order in which layers first read them; a max-pool's input and output begin
//! in bank 0, as its rows keep their channels. A pack lives while any of its
//! members does and fills whole planes. Packs, and the image, are placed in the order of their first use,
//! each at the lowest address at which it overlaps nothing that lives at the same time. Values of the
//! residual stream likewise; one that is added to a value that dies there takes its place.

use cromulent_design::Design;

use super::moves::{MapMove, Plan};
use super::packs::packs;
use super::spill::{Fixed, Memory, place};
use super::{Maps, Spans, Uses, Values, spans, stream_words};
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
    /// Packs that leave the chip and come back, in the order of the program.
    pub moves: Vec<MapMove>,
    /// Words of a code bank.
    pub code_words: usize,
    /// Words of a column's stream.
    pub stream_words: usize,
}

/// What is to be placed, and when it lives.
#[derive(Clone, Copy)]
struct Program<'a> {
    values: &'a Values,
    layers: &'a [Uses],
    spans: &'a Spans,
}

/// Finds a place for every value.
pub(crate) fn allocate(
    design: &Design,
    maps: Maps,
    values: &Values,
    layers: &[Uses],
) -> Allocation {
    let spans = spans(values, layers);
    let mut allocation = Allocation {
        tensors: vec![Place::default(); values.tensors.len()],
        streams: vec![0; values.streams.len()],
        ..Allocation::default()
    };
    let program = Program {
        values,
        layers,
        spans: &spans,
    };
    codes(&mut allocation, design, maps, &program);
    let columns = design.columns as usize;
    streams(&mut allocation, columns, values, layers, &spans);
    allocation
}

/// Places the image and the packs, and moves packs where not all of them are to be on chip.
fn codes(allocation: &mut Allocation, design: &Design, maps: Maps, program: &Program) {
    let rows = design.rows as usize;
    let Program {
        values,
        layers,
        spans,
    } = *program;
    let image = values.image.map(|words| Fixed {
        span: spans.image,
        words,
    });
    let packs = packs(rows, values, layers);
    let placement = place(&packs, image, design.code_depth as usize, maps);
    for (pack, address) in packs.iter().zip(&placement.addresses) {
        for member in &pack.members {
            allocation.tensors[member.tensor] = Place {
                address: address + member.place.address,
                ..member.place
            };
        }
    }
    let plan = Plan {
        design,
        maps,
        layers,
        spans,
    };
    allocation.moves = plan.moves(&packs, &placement);
    allocation.code_words = placement.words;
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
            None => memory.first_fit(&[span], words),
        };
        memory.place(vec![span], address, words);
        allocation.streams[result] = address;
    }
    allocation.stream_words = memory.words();
}
