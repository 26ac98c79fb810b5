//! A program through every executor, word by word and cycle by cycle.

mod bench;
mod compare;
mod report;
mod subject;
mod trace;

pub use bench::{Bench, Conditions};
pub use compare::{Comparison, Difference};
pub use report::{json, text};
pub use subject::Subject;
pub use trace::{Clock, RunTrace, Trace, totals};

use crate::cli::Executor;

/// What one program gave on one image.
#[derive(Clone, Debug)]
pub struct RunCheck {
    /// Which image, from 0; of a batch the first.
    pub image: usize,
    /// The true class of each image that was computed together, if they came with it. Where the last images are fewer
    /// than a batch, there are fewer of these.
    pub labels: Vec<Option<u8>>,
    /// The results of each of them, as the first executor gave them.
    pub results: Vec<Vec<i64>>,
    /// Layer by layer.
    pub layers: Vec<LayerCheck>,
    /// What each executor did, in the order they ran.
    pub runs: Vec<RunTrace>,
    /// How each of them but the first compares in what is of the whole program.
    pub comparisons: Vec<Comparison>,
    /// Why an executor did not run.
    pub skipped: Vec<(Executor, String)>,
    /// Whether cycles were compared.
    pub timed: bool,
}

/// What one layer gave on one image.
#[derive(Clone, Debug)]
pub struct LayerCheck {
    /// The layer.
    pub name: String,
    /// Multiply-accumulates of the layer, of all images computed together.
    pub macs: u64,
    /// Width of the output map, to say where a word lies.
    pub out_width: usize,
    /// Words of an image in each channel, where there are several; else 0.
    pub image_words: usize,
    /// Words compared: what the first executor gave.
    pub words: usize,
    /// How each executor but the first compares with the first.
    pub comparisons: Vec<Comparison>,
}

impl LayerCheck {
    /// Words or cycles that differ, over all executors.
    pub fn mismatches(&self) -> usize {
        self.comparisons.iter().map(Comparison::mismatches).sum()
    }
}

impl RunCheck {
    /// Everything that differs.
    pub fn mismatches(&self) -> usize {
        let layers: usize = self.layers.iter().map(LayerCheck::mismatches).sum();
        layers + self.own_mismatches()
    }

    /// What differs beside the layers: results, counters, a bad end.
    pub fn own_mismatches(&self) -> usize {
        self.comparisons.iter().map(Comparison::mismatches).sum()
    }

    /// What an executor did.
    pub fn run(&self, executor: Executor) -> Option<&RunTrace> {
        self.runs.iter().find(|run| run.executor == executor)
    }

    /// The cycles an executor's own counter gave a layer; none if it has no clock or did not run.
    pub fn cycles(&self, executor: Executor, layer: usize) -> Option<u64> {
        let clock = self.run(executor)?.layers.get(layer)?.clock.as_ref()?;
        Some(clock.counted)
    }
}
