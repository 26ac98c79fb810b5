//! `cromulent simulate`.

mod report;

use cromulent_design::{Command, Design};
use cromulent_engine::timing::{self, Timing};
use cromulent_engine::{Executor, NetworkRun, Program, Runner, compile};
use cromulent_network::images::Example;

use crate::cli::{MemoryArgs, SimulateArgs};
use crate::progress::Progress;
use crate::verification::commands;
use crate::workload::{Workload, load_both};
use crate::{Error, Outcome};
use report::Report;

/// Runs the whole network in the cycle model: every value and every cycle. With `--layer`, only that
/// layer's row is printed; with `--timing-only`, only cycles are counted.
///
/// # Errors
/// Bad input.
pub fn run(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    match args.timing_only {
        true => only_timing(args, progress),
        false => everything(args, progress),
    }
}

/// A layer as the report names it.
struct Named {
    name: String,
    macs: u64,
    /// Whether it is fed with the image.
    image: bool,
}

fn everything(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    if let Some(name) = args.workload.network.to_str().filter(|name| builtin(name).is_some()) {
        let fix = "add --timing-only, or give a network file";
        return Err(Error::bad_input("--network", format!("{name} has no weights"), fix));
    }
    let workload = Workload::load(&args.workload, None)?;
    let image = &workload.image;
    let step = progress.steps("simulating", workload.examples.len() as u64);
    let runner = Runner::new(image);
    let mut runs = vec![];
    for example in &workload.examples {
        runs.push(runner.run(&example.image.pixels, Executor::CycleModel)?);
        step.advance();
    }
    drop(step);
    let steps = commands(&Program::of(image));
    let named = image.layers.iter().map(|layer| Named {
        name: layer.name.clone(),
        macs: layer.macs,
        image: layer.registers.digits,
    });
    let report = Report {
        network: &image.network,
        design: &image.design,
        layers: named.collect(),
        shown: workload.layers(),
        timing: time(&image.design, &steps, args.memory)?,
        program_bytes: Some(workload.image_bytes),
        runs: &runs,
        labels: labels(&workload.examples),
        notes: &workload.notes,
    };
    Ok(Outcome::good(report.text(), report.json()))
}

fn labels(examples: &[Example]) -> Vec<Option<u8>> {
    examples.iter().map(|example| example.label).collect()
}

fn only_timing(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let workload = &args.workload;
    let _step = progress.step("counting cycles");
    let (design, network, layers, steps) = match builtin(&workload.network.to_string_lossy()) {
        Some(topology) => {
            let design = Design::load(&workload.design)?;
            let program = topology.program(&design)?;
            let named = program.layers.into_iter().map(|layer| Named {
                name: layer.name,
                macs: layer.macs,
                image: layer.registers.digits,
            });
            let name = topology.name().to_owned();
            (design, name, named.collect(), program.commands)
        }
        None => {
            let (design, network) = load_both(&workload.design, &workload.network)?;
            let image = compile(&network, &design)?.image;
            let steps = commands(&Program::of(&image));
            let named = image.layers.into_iter().map(|layer| Named {
                name: layer.name,
                macs: layer.macs,
                image: layer.registers.digits,
            });
            (design, image.network, named.collect::<Vec<_>>(), steps)
        }
    };
    let report = Report {
        network: &network,
        design: &design,
        shown: (0..layers.len()).collect(),
        layers,
        timing: time(&design, &steps, args.memory)?,
        program_bytes: None,
        runs: &[] as &[NetworkRun],
        labels: vec![],
        notes: &[],
    };
    Ok(Outcome::good(report.text(), report.json()))
}

/// The cycles of a program behind a memory.
fn time(design: &Design, steps: &[Command], memory: MemoryArgs) -> Result<Timing, Error> {
    let cycles = |cycles: u64| u32::try_from(cycles).unwrap_or(u32::MAX);
    let memory = timing::Memory {
        latency: cycles(memory.latency),
        interval: cycles(memory.interval),
    };
    let timing = timing::run(design, steps, memory);
    if timing.finished {
        return Ok(timing);
    }
    Err(Error::ToolFailed {
        tool: "the timing model".to_owned(),
        what: "came to no end: the program hangs".to_owned(),
        output: String::new(),
    })
}
