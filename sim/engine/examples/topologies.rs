//! How long each built-in topology takes on a design, and how well it uses the array.
//!
//! ```text
//! cargo run --release -p cromulent-engine --example topologies -- DESIGN [LATENCY [INTERVAL]]
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use cromulent_design::Design;
use cromulent_engine::timing::{Memory, Timing, run};
use cromulent_engine::topologies::{Plan, TOPOLOGIES, Topology, Usage, topology};

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
    for net in TOPOLOGIES.into_iter().filter_map(topology) {
        let start = Instant::now();
        let plan = net.plan(&design);
        let timing = run(&design, &plan.steps, memory);
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        report(&design, &net, &plan, &timing);
        println!("  computed in {milliseconds:.1} ms\n");
    }
    Ok(())
}

fn report(design: &Design, net: &Topology, plan: &Plan, timing: &Timing) {
    println!("{} on {}, {} MAC", net.name, design.name, net.macs());
    let line = |what: &str, usage: Usage| {
        let share = usage.millionths(design) as f64 / 1e4;
        println!("  {what:22} {:10} cycles {share:6.2} %", usage.cycles);
    };
    line("whole program", plan.usage(timing));
    line("behind the image layer", plan.usage_behind_image(timing));
    if let Some(image) = plan.layers.first() {
        let busy = image.busy_rows_millionths(design) as f64 / 1e4;
        println!("  rows busy in {}: {busy:.2} %", image.name);
    }
    println!("  {:?}", timing.causes);
    println!(
        "  beats: program {}, input {}",
        timing.program_beats, timing.input_beats
    );
    for left in &net.left_out {
        println!("  left out: {} ({})", left.name, left.why);
    }
    for problem in &plan.problems.0 {
        println!("  problem: {problem}");
    }
}
