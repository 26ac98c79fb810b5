//! Many images.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::activations::InputError;
use crate::fast::{FastRunner, Inference, Workspace};

impl FastRunner {
    /// Runs many images on the threads of the current pool, in the order given, and calls `done` after each.
    /// With fewer images than threads, the threads share the layers instead. Each thread has one workspace,
    /// however many images there are.
    ///
    /// # Errors
    /// The first of the images that is not the network's.
    pub fn run_all(
        &self,
        images: &[&[u8]],
        done: impl Fn() + Sync,
    ) -> Result<Vec<Inference>, InputError> {
        images.iter().try_for_each(|pixels| self.check(pixels))?;
        let threads = rayon::current_num_threads();
        if images.len() < threads {
            let mut workspace = Workspace::new();
            let run = |pixels: &&[u8]| {
                let run = self.run(pixels, &mut workspace);
                done();
                run
            };
            return images.iter().map(run).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut workspace = Workspace::new();
            let mut runs = vec![];
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(pixels) = images.get(place) else {
                    return Ok(runs);
                };
                runs.push((place, self.observe(pixels, &mut workspace, 1, |_, _| ())?));
                done();
            }
        };
        let parts: Result<Vec<_>, InputError> = rayon::broadcast(|_| work()).into_iter().collect();
        let mut runs: Vec<_> = parts?.into_iter().flatten().collect();
        runs.sort_unstable_by_key(|(place, _)| *place);
        Ok(runs.into_iter().map(|(_, run)| run).collect())
    }
}
