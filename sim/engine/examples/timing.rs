//! What each layer takes on a memory without latency, by the timing model, how busy the rows are, and how long
//! each step takes.
//!
//! ```text
//! cargo run --release -p cromulent-engine --example timing -- \
//!     constraints/designs/small-8x8.toml docs/examples/fashion-resnet8.toml
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use cromulent_design::Design;
use cromulent_engine::timing::{self, Memory};
use cromulent_engine::{Executor, Image, Program, Runner, compile};
use cromulent_network::Network;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [design, network] = &arguments[..] else {
        return Err("arguments: DESIGN NETWORK".into());
    };
    let network = Network::load(Path::new(network))?;
    let design = Design::load(Path::new(design))?;
    let milliseconds = |start: Instant| start.elapsed().as_secs_f64() * 1000.0;
    let start = Instant::now();
    let compiled = compile(&network, &design)?;
    println!("compile {:.1} ms", milliseconds(start));
    let start = Instant::now();
    let bytes = compiled.image.to_bytes();
    let image = Image::from_bytes(&bytes)?;
    println!(
        "image of {} bytes, written and read in {:.1} ms",
        bytes.len(),
        milliseconds(start)
    );
    let start = Instant::now();
    let program = Program::of(&image);
    println!(
        "program of {} bytes, written in {:.1} ms",
        program.bytes.len(),
        milliseconds(start)
    );
    let start = Instant::now();
    let memory = Memory {
        latency: 1,
        interval: 1,
    };
    let timing = timing::run(&design, &program.steps, memory);
    println!(
        "{} cycles, timed in {:.1} ms",
        timing.cycles,
        milliseconds(start)
    );
    let runner = Runner::new(&image);
    let pixels = network.examples(1)?.remove(0).image.pixels;
    let start = Instant::now();
    let reference = runner.run(&pixels, Executor::Reference)?;
    println!("reference {:.1} ms", milliseconds(start));
    let start = Instant::now();
    let model = runner.run(&pixels, Executor::CycleModel)?;
    println!("cycle model {:.1} ms", milliseconds(start));
    for ((layer, run), timed) in image.layers.iter().zip(&model.layers).zip(&timing.layers) {
        let counters = run.counters.unwrap_or_default();
        println!(
            "{:18} {:8} MAC {:7} cycles {:7} beats {:6} waiting for weights, active {} negative {}",
            layer.name,
            layer.macs,
            timed.cycles,
            timed.causes.beats,
            timed.causes.stall_weights,
            counters.active,
            counters.negative
        );
    }
    let mut layers = reference.layers.iter().zip(&model.layers);
    let same = layers.all(|(a, b)| a.words == b.words);
    println!("words are the same: {same}");
    Ok(())
}
