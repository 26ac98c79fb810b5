//! The memories that live from layer to layer: which value lies where, and from when to when.
//!
//! A value lives from the layer that writes it to the last layer that reads it, both included: a layer's
//! output never lies where its input does. One exception: a value of the residual stream may be written in
//! place over the one it is added to, if that is read for the last time there.

mod allocate;
mod moves;
mod overlap;
mod packs;
mod resident;
mod spill;
#[cfg(test)]
mod tests;

pub(crate) use allocate::{Allocation, allocate};
pub use moves::MapMove;
pub(crate) use moves::Pending;
pub(crate) use overlap::check;

use crate::image::MapShape;
use crate::layer::{LayerInput, LayerMode, LayerOutput};

/// Where the maps of codes are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Maps {
    /// On chip; what does not fit goes to memory and comes back before it is read.
    #[default]
    Chip,
    /// In memory: every map is stored as it is written and fetched for each layer that reads it.
    Memory,
}

/// What one layer reads and writes, by number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Uses {
    /// Whether it reads the image.
    pub image: bool,
    /// The code tensors it reads, in the order of their channels.
    pub tensors: Vec<usize>,
    /// Whether it is a max-pool, whose rows keep their channels.
    pub max_pool: bool,
    /// The code tensor it writes.
    pub codes: Option<usize>,
    /// The stream value it adds to.
    pub base: Option<usize>,
    /// The stream value it writes.
    pub result: Option<usize>,
}

impl Uses {
    pub fn of(input: &LayerInput, output: &LayerOutput, mode: LayerMode) -> Uses {
        let step = output.residual();
        Uses {
            image: *input == LayerInput::Image,
            tensors: match input {
                LayerInput::Image => vec![],
                LayerInput::Codes(tensors) => tensors.clone(),
            },
            max_pool: mode.max_pool(),
            codes: output.codes(),
            base: step.and_then(|step| step.base),
            result: step.map(|step| step.result),
        }
    }
}

/// The values a program keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Values {
    /// Words of a code bank that the image fills.
    pub image: Option<usize>,
    /// The shape of each code tensor; of a batch that of all images.
    pub tensors: Vec<MapShape>,
    /// Whether each code tensor holds integers in place of codes; those there is no flag for hold codes. Integers
    /// have more bits than lines in memory, and stay on chip.
    pub integers: Vec<bool>,
    /// The shape of each stream value.
    pub streams: Vec<MapShape>,
}

/// From the first use of a value to its last, as steps of the program: the image is fetched in step 0, layer
/// n runs in step n + 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub first: usize,
    pub last: usize,
}

impl Span {
    /// A single step.
    fn at(step: usize) -> Span {
        Span {
            first: step,
            last: step,
        }
    }

    fn including(span: Option<Span>, step: usize) -> Span {
        span.map_or(Span::at(step), |span| Span {
            first: span.first.min(step),
            last: span.last.max(step),
        })
    }

    fn meets(&self, other: &Span) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// When each value lives; `None`: never used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Spans {
    pub image: Span,
    pub tensors: Vec<Option<Span>>,
    pub streams: Vec<Option<Span>>,
}

/// The spans of the values of a program. Numbers of values there are not are passed over.
pub(crate) fn spans(values: &Values, layers: &[Uses]) -> Spans {
    let mut spans = Spans {
        image: Span { first: 0, last: 0 },
        tensors: vec![None; values.tensors.len()],
        streams: vec![None; values.streams.len()],
    };
    for (layer, uses) in layers.iter().enumerate() {
        let step = layer + 1;
        if uses.image {
            spans.image.last = step;
        }
        for &tensor in uses.tensors.iter().chain(&uses.codes) {
            if let Some(span) = spans.tensors.get_mut(tensor) {
                *span = Some(Span::including(*span, step));
            }
        }
        for &stream in uses.base.iter().chain(&uses.result) {
            if let Some(span) = spans.streams.get_mut(stream) {
                *span = Some(Span::including(*span, step));
            }
        }
    }
    spans
}

/// Words that a value of the stream fills in every column.
pub(crate) fn stream_words(columns: usize, shape: &MapShape) -> usize {
    let column_tiles = shape.channels.div_ceil(columns);
    column_tiles
        .saturating_mul(shape.height)
        .saturating_mul(shape.width)
}
