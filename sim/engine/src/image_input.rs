//! How the image is stored for the layers that read it, and how its pixels are streamed.

use cromulent_design::Design;

use crate::geometry::LayerGeometry;
use crate::layer::PIXEL_BEATS;
use crate::layout::{Banks, Deal, Layout, deals};

/// How an image is stored in the code banks, and streamed from there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ImageInput {
    /// Which bank holds what.
    pub deal: Deal,
    /// Signed digits of a pixel less 128, 1..=[`PIXEL_BEATS`]: a beat each unless elements take them whole. With fewer than
    /// [`PIXEL_BEATS`] pixels, and what stands for the padding, are rounded to integers that have no more.
    pub digits: usize,
}

impl ImageInput {
    /// Pixels that every layer can read, exact.
    pub const SHARED: ImageInput = ImageInput {
        deal: Deal::Shared,
        digits: PIXEL_BEATS,
    };

    /// Beats of a pixel on this design.
    pub fn beats(&self, design: &Design) -> usize {
        match design.takes_whole_integers() {
            true => 1,
            false => self.digits,
        }
    }
}

impl Default for ImageInput {
    fn default() -> Self {
        ImageInput::SHARED
    }
}

/// A way to store the image, and the words of a code bank it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    pub input: ImageInput,
    pub words: usize,
}

/// The ways to store the image for the layers of these shapes that read it, the fastest first: by the cycles of its
/// fetch and of the layer, as far as they depend on the way. Empty if no layer reads it.
pub(crate) fn choices(design: &Design, readers: &[LayerGeometry], digits: usize) -> Vec<Choice> {
    let banks = Banks::of(design);
    let choice = |deal, words| Choice {
        input: ImageInput { deal, digits },
        words,
    };
    match readers {
        [] => vec![],
        // One layer, or one that runs several times.
        [reader, others @ ..] if others.iter().all(|other| other == reader) => {
            let beats = ImageInput {
                digits,
                ..ImageInput::SHARED
            }
            .beats(design);
            let column_tiles = reader.column_tiles(design.columns as usize);
            let tile = beats * banks.batch * reader.positions() * column_tiles * readers.len();
            let line = design.beats(design.code_line_bits()) as usize;
            let mut deals = deals(banks, reader);
            deals.sort_by_key(|&(_, words, tiles)| words * line + tiles * tile);
            let deals = deals.into_iter();
            deals
                .map(|(planes, words, _)| choice(Deal::Planes(planes), words))
                .collect()
        }
        [first, ..] => {
            let layout = Layout::of_image(banks, first, 0, Deal::Shared);
            vec![choice(Deal::Shared, layout.range().len())]
        }
    }
}
