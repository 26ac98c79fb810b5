//! Accuracy of the bit-exact reference on the first N images of a network's examples, or of a file.
//!
//! ```text
//! cargo run --release -p cromulent-engine --example accuracy -- \
//!     constraints/designs/small-8x8.toml docs/examples/fashion-resnet8.toml 100
//! ```
//!
//! Two more arguments name other images and labels; `--first uncoded` before them all leaves the first normalisation
//! uncoded. Prints the correct answers, those of the network in
//! floating point, how often the two agree, saturated stream words, and milliseconds an image by the reference and
//! by the fast executor, which must say the same of every image.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use cromulent_design::Design;
use cromulent_engine::fast::Workspace;
use cromulent_engine::{Choices, Executor, FastRunner, First, Runner, compile_with};
use cromulent_network::{Example, Network, evaluate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments = &arguments[..];
    let mut choices = Choices::default();
    if let [option, first, rest @ ..] = arguments
        && option == "--first"
    {
        choices.first = match first.as_str() {
            "coded" => First::Coded,
            "uncoded" => First::Uncoded,
            _ => return Err("--first takes coded or uncoded".into()),
        };
        arguments = rest;
    }
    let [design, network, count, rest @ ..] = arguments else {
        return Err(
            "arguments: [--first coded|uncoded] DESIGN NETWORK COUNT [IMAGES LABELS]".into(),
        );
    };
    let network = Network::load(Path::new(network))?;
    let count = count.parse()?;
    let examples = match rest {
        [images, labels] => {
            network.read_images(Path::new(images), Some(Path::new(labels)), None, count)?
        }
        _ => network.examples(count)?,
    };
    let compiled = compile_with(&network, &Design::load(Path::new(design))?, &choices)?;
    for note in &compiled.notes {
        println!("note: {note}");
    }
    let runner = Runner::new(&compiled.image);
    let fast = FastRunner::new(&compiled.image);
    let mut tally = Tally::default();
    for example in &examples {
        tally.add(&network, &runner, &fast, example)?;
    }
    println!(
        "{} of {}, in floating point {}, agreed on {}; {} words saturated; {:.1} ms an image, {:.2} fast",
        tally.right,
        examples.len(),
        tally.right_in_floating_point,
        tally.agreed,
        tally.saturations,
        tally.time.as_secs_f64() * 1000.0 / examples.len() as f64,
        tally.fast_time.as_secs_f64() * 1000.0 / examples.len() as f64
    );
    Ok(())
}

#[derive(Default)]
struct Tally {
    right: usize,
    right_in_floating_point: usize,
    agreed: usize,
    saturations: u64,
    time: Duration,
    fast_time: Duration,
    workspace: Workspace,
}

impl Tally {
    fn add(
        &mut self,
        network: &Network,
        runner: &Runner,
        fast: &FastRunner,
        example: &Example,
    ) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        let run = runner.run(&example.image.pixels, Executor::Reference)?;
        self.time += start.elapsed();
        let start = Instant::now();
        let values = fast.run(&example.image.pixels, &mut self.workspace)?;
        self.fast_time += start.elapsed();
        if values.scores != run.scores {
            return Err("the fast executor says something else than the reference".into());
        }
        let label = example.label.map(usize::from);
        self.right += usize::from(Some(run.class()) == label);
        self.saturations += run
            .layers
            .iter()
            .map(|layer| layer.saturations)
            .sum::<u64>();
        // Slow, so left out where nobody needs it.
        if std::env::var_os("NO_FLOAT").is_none() {
            let values = evaluate(network, &example.image)?;
            let scores = values.last().map_or(&[][..], Vec::as_slice);
            let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            self.right_in_floating_point += usize::from(best == label);
            self.agreed += usize::from(best == Some(run.class()));
        }
        Ok(())
    }
}
