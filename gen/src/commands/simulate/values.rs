//! What the network says of each image.

use std::num::NonZeroUsize;
use std::time::Instant;

use cromulent_engine::Inference;
use cromulent_engine::fast::{FastRunner, Instructions, Path};

use crate::Error;
use crate::progress::Progress;
use crate::workload::Workload;

/// The values of a simulation, and what they took.
pub(super) struct Values {
    /// One per image.
    pub runs: Vec<Inference>,
    pub threads: usize,
    /// What multiplied.
    pub instructions: Instructions,
    /// Seconds, with preparing the constants.
    pub seconds: f64,
}

/// Runs all images of a workload.
///
/// # Errors
/// Threads that the system does not give.
pub(super) fn compute(
    workload: &Workload,
    threads: Option<NonZeroUsize>,
    progress: &Progress,
) -> Result<Values, Error> {
    let started = Instant::now();
    let threads = threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| {
        let what = format!("{threads} threads cannot be had ({error})");
        Error::bad_input("--threads", what, "ask for fewer")
    })?;
    let step = progress.step("preparing the constants");
    let runner = pool.install(|| FastRunner::new(&workload.image));
    drop(step);
    let examples = &workload.examples;
    let step = progress.steps("simulating", examples.len() as u64);
    let images: Vec<&[u8]> = examples
        .iter()
        .map(|example| example.image.pixels.as_slice())
        .collect();
    let runs = pool.install(|| runner.run_all(&images, || step.advance()))?;
    Ok(Values {
        runs,
        threads,
        instructions: Path::best().instructions(),
        seconds: started.elapsed().as_secs_f64(),
    })
}
