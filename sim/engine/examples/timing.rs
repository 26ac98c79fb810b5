//! Cycles and utilisation of each layer by the cycle model, and how long each step takes.
//!
//! ```text
//! cargo run --release -p cromulent-engine --example timing -- \
//!     constraints/designs/small-8x8.toml docs/examples/fashion-resnet8.toml
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use cromulent_design::Design;
use cromulent_engine::{Executor, Image, Runner, compile};
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
        "{} bytes, written and read in {:.1} ms",
        bytes.len(),
        milliseconds(start)
    );
    let runner = Runner::new(&image);
    let pixels = network.examples(1)?.remove(0).image.pixels;
    for executor in [Executor::Reference, Executor::CycleModel] {
        let start = Instant::now();
        let run = runner.run(&pixels, executor)?;
        println!("{executor:?} {:.1} ms", milliseconds(start));
        for layer in &run.layers {
            let Some(counters) = layer.counters else {
                continue;
            };
            println!(
                "{:18} {:8} MAC {:7} cycles {:6.2} % weight load {} fill {} drain {} active {} negative {}",
                layer.name,
                counters.macs,
                counters.cycles,
                counters.utilization_millionths(&design) as f64 / 1e4,
                counters.weight_load,
                counters.fill,
                counters.drain,
                counters.active,
                counters.negative
            );
        }
    }
    Ok(())
}
