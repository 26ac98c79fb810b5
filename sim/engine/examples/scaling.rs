//! Time per multiply-accumulate and memory of a network as its images grow.
//!
//! ```text
//! cargo run --release -p cromulent-engine --example scaling -- DESIGN NAME SIDE…
//! ```
//!
//! The memories of the design are made as large as the network asks for. On one thread; the best of several runs.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use cromulent_design::Design;
use cromulent_engine::fast::{FastRunner, Workspace};
use cromulent_engine::timing::{self, Memory};
use cromulent_engine::{compile, outline};
use cromulent_network::{synthesise, synthetic_image, topology_at};

/// Runs of each size.
const RUNS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [design, name, sides @ ..] = &arguments[..] else {
        return Err("arguments: DESIGN NAME SIDE…".into());
    };
    let small = Design::load(Path::new(design))?;
    println!(
        "side    MAC            values               cycles             map, largest   workspace"
    );
    for side in sides {
        let mut network = topology_at(name, side.parse()?).ok_or("no such network or side")?;
        let macs = network.macs() as f64;
        let design = Design {
            map_side: small.map_side.max(network.input.height as u32),
            code_depth: 1 << 20,
            stream_depth: 1 << 20,
            ..small.clone()
        };
        let start = Instant::now();
        let outline = outline(&network, &design)?;
        let memory = Memory {
            latency: 1,
            interval: 1,
        };
        let cycles = timing::run(&design, &outline.steps, memory).cycles;
        let counted = start.elapsed();
        synthesise(&mut network, 1);
        let image = compile(&network, &design)?.image;
        let runner = FastRunner::new(&image);
        let pixels = synthetic_image(&network.input, 1).pixels;
        let mut workspace = Workspace::new();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let times = one.install(|| -> Result<Vec<Duration>, Box<dyn Error + Send + Sync>> {
            let run = |_| {
                let start = Instant::now();
                runner.run(&pixels, &mut workspace)?;
                Ok(start.elapsed())
            };
            (0..RUNS).map(run).collect()
        });
        let times = times.map_err(|error| error.to_string())?;
        let best = times.iter().min().ok_or("no run")?;
        let largest = image
            .tensors
            .iter()
            .map(|tensor| tensor.shape.values())
            .max();
        println!(
            "{side:<5} {:7.2} G {:8.1} ms {:6.2} ps {cycles:10} in {:5.1} ms {:10} KB {:10} KB",
            macs / 1e9,
            best.as_secs_f64() * 1e3,
            best.as_secs_f64() * 1e12 / macs,
            counted.as_secs_f64() * 1e3,
            largest.unwrap_or(0) / 1000,
            workspace.bytes() / 1000,
        );
    }
    Ok(())
}
