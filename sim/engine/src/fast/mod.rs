//! The values of a network as fast as this CPU multiplies, to the bit those of the [reference].
//!
//! 1. [`FastRunner::new`] prepares an image once: it works out what each code adds as operands
//!    (`operands`), packs the constants into panels, and proves how wide their sums are.
//! 2. For an image, layer by layer: codes become operands in a map with its border, the kernels multiply the
//!    patches of that map in place, and each tile of sums becomes codes and words of the residual stream while
//!    it is in the first cache (`convolution`). A value is forgotten after its last use (`workspace`).
//!    A max-pool compares codes as they lie (`max_pool`).
//! 3. [`FastRunner::run_all`] runs many images, an image a thread; few images are run one after the other,
//!    the positions of each layer shared among the threads. No result depends on that.
//!
//! It reads the same image as all executors, and shares with the reference what a constant is and what a code
//! adds, but no loop. Integers only.
//!
//! [reference]: crate::reference

mod batch;
mod convolution;
mod layer;
mod max_pool;
mod operands;
mod pooled;
#[cfg(test)]
mod tests;
mod workspace;

pub use cromulent_kernels::{Instructions, Path};
pub use workspace::Workspace;

use crate::activations::InputError;
use crate::image::{Image, MapShape};
use crate::layer::{LayerInput, LayerOutput};
use crate::run::class_of;
use layer::FastLayer;
use rayon::prelude::*;

/// A network prepared for many images.
#[derive(Debug)]
pub struct FastRunner {
    network: String,
    input: MapShape,
    layers: Vec<FastLayer>,
    tensors: usize,
    streams: usize,
    score_unit: f64,
}

/// What a network says of one image.
#[derive(Clone, PartialEq, Debug)]
pub struct Inference {
    /// The network's outputs, in units of [`Inference::score_unit`].
    pub scores: Vec<i64>,
    /// What a score of 1 is worth.
    pub score_unit: f64,
    /// Words of the residual stream that saturated.
    pub saturations: u64,
}

impl Inference {
    /// The class with the largest score, the first of them if there are several.
    pub fn class(&self) -> usize {
        class_of(&self.scores)
    }
}

/// What a layer gave, by \[position·channels + channel\]; empty where it gives nothing of the kind.
#[derive(Clone, Copy, Debug)]
pub struct LayerValues<'a> {
    /// The codes it writes.
    pub codes: &'a [u8],
    /// The value of the residual stream it writes.
    pub stream: &'a [i16],
    /// The scores.
    pub scores: &'a [i64],
    /// Words of the stream that saturated.
    pub saturations: u64,
}

impl FastRunner {
    /// Prepares an image that passed [`Image::check`], as every image does that was compiled or read, for the
    /// fastest instructions of this CPU.
    pub fn new(image: &Image) -> FastRunner {
        FastRunner::with_path(image, Path::best())
    }

    /// The same for the instructions wanted.
    pub fn with_path(image: &Image, path: Path) -> FastRunner {
        let mut layers: Vec<FastLayer> = image
            .layers
            .par_iter()
            .map(|layer| FastLayer::new(&image.design, layer, path))
            .collect();
        forget_after_last_use(&mut layers);
        FastRunner {
            network: image.network.clone(),
            input: image.input,
            tensors: image.tensors.len(),
            streams: image.streams.len(),
            score_unit: match image.layers.last().map(|layer| &layer.output) {
                Some(LayerOutput::Scores { unit }) => *unit,
                _ => 1.0,
            },
            layers,
        }
    }

    /// Runs one image: pixels 0..=255, row by row, channel fastest. The threads of the current pool share it.
    ///
    /// # Errors
    /// Pixels that are not the network's image.
    pub fn run(&self, pixels: &[u8], workspace: &mut Workspace) -> Result<Inference, InputError> {
        self.observe(pixels, workspace, rayon::current_num_threads(), |_, _| ())
    }

    /// Runs one image on so many threads and shows what each layer gives, by its place.
    ///
    /// # Errors
    /// Pixels that are not the network's image.
    pub fn observe(
        &self,
        pixels: &[u8],
        workspace: &mut Workspace,
        threads: usize,
        mut seen: impl FnMut(usize, &LayerValues),
    ) -> Result<Inference, InputError> {
        self.check(pixels)?;
        workspace.begin(self.tensors, self.streams);
        let mut inference = Inference {
            scores: vec![],
            score_unit: self.score_unit,
            saturations: 0,
        };
        for (place, layer) in self.layers.iter().enumerate() {
            let (scores, saturations) = layer.run(pixels, workspace, threads);
            let values = workspace.values(layer, &scores, saturations);
            seen(place, &values);
            inference.saturations += saturations;
            inference.scores = scores;
            workspace.forget(&layer.forgets);
        }
        Ok(inference)
    }

    /// Whether the pixels are an image of the network.
    fn check(&self, pixels: &[u8]) -> Result<(), InputError> {
        if pixels.len() == self.input.values() {
            return Ok(());
        }
        Err(InputError::new(format!(
            "network {} takes images of {} pixels (channels × height × width), not {} values",
            self.network,
            self.input,
            pixels.len()
        )))
    }
}

/// Notes at each layer which values nobody reads behind it.
fn forget_after_last_use(layers: &mut [FastLayer]) {
    let (mut tensors, mut streams) = (vec![], vec![]);
    let first = |seen: &mut Vec<usize>, value: usize| {
        let is_first = !seen.contains(&value);
        seen.push(value);
        is_first
    };
    for layer in layers.iter_mut().rev() {
        // A value that is only written is read by nobody: it goes at once.
        let written = layer.codes.into_iter();
        let read = match &layer.input {
            LayerInput::Codes(tensors) => tensors.as_slice(),
            LayerInput::Image => &[],
        };
        for tensor in read.iter().copied().chain(written) {
            if first(&mut tensors, tensor) {
                layer.forgets.tensors.push(tensor);
            }
        }
        let step = layer.residual;
        let used = step
            .into_iter()
            .flat_map(|step| [step.base, Some(step.result)]);
        for stream in used.flatten() {
            if first(&mut streams, stream) {
                layer.forgets.streams.push(stream);
            }
        }
    }
}
