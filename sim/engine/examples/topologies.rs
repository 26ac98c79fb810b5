//! How long each network known by name takes on a design, and how well it uses the array.
//!
//! ```text
//! cargo run --release -p cromulent-engine --example topologies -- DESIGN [LATENCY [INTERVAL]]
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use cromulent_design::Design;
use cromulent_engine::timing::{Memory, Timing, run};
use cromulent_engine::{Outline, outline};
use cromulent_network::{TOPOLOGIES, topology};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(design) = arguments.first() else {
        return Err("arguments: DESIGN [LATENCY [INTERVAL]]".into());
    };
    let design = Design::load(Path::new(design))?;
    let number = |n: usize| arguments.get(n).map_or(Ok(1), |text| text.parse());
    let memory = Memory {
        latency: number(1)?,
        interval: number(2)?,
    };
    for network in TOPOLOGIES.into_iter().filter_map(topology) {
        let start = Instant::now();
        let outline = outline(&network, &design)?;
        let timing = run(&design, &outline.steps, memory);
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        report(&design, &outline, &timing);
        println!("  computed in {milliseconds:.1} ms\n");
    }
    Ok(())
}

fn report(design: &Design, net: &Outline, timing: &Timing) {
    println!("{} on {}, {} MAC", net.network, design.name, net.macs());
    let line = |what: &str, macs: u64, cycles: u64| {
        let elements = u64::from(design.rows) * u64::from(design.columns);
        let share = 100.0 * macs as f64 / (elements * cycles) as f64;
        println!("  {what:22} {cycles:10} cycles {share:6.2} %");
    };
    line("whole program", net.macs(), timing.cycles);
    if let Some(image) = net.layers.first() {
        let macs = net.macs() - image.macs;
        line("behind the image layer", macs, timing.cycles_behind(1));
        let busy = image.busy_rows_millionths(design) as f64 / 1e4;
        println!("  rows busy in {}: {busy:.2} %", image.name);
    }
    println!("  {:?}", timing.causes);
    println!(
        "  beats: program {}, input {}",
        timing.program_beats, timing.input_beats
    );
    for problem in &net.problems.0 {
        println!("  problem: {problem}");
    }
}
