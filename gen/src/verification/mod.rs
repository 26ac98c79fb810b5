//! One layer through every executor, word by word and cycle by cycle.

mod compare;
mod report;

pub use compare::{Comparison, Difference, Trace, compare};
pub use report::{json, text};

use std::time::Duration;

use cromulent_design::Design;
use cromulent_engine::{cycle_model, reference};

use crate::Error;
use crate::cli::Executor;
use crate::executors::{HardwareRun, Job, rust_hdl, verilator};
use crate::output::Files;
use crate::progress::Progress;

/// The executors of one design, built when first needed and kept for further layers.
pub struct Bench<'a> {
    design: &'a Design,
    executors: Vec<Executor>,
    progress: &'a Progress,
    rtl: Option<Files>,
    rust_hdl: Option<rust_hdl::Simulator>,
    verilator: Option<verilator::Simulator>,
}

/// What one layer gave on one image.
#[derive(Clone, Debug)]
pub struct LayerCheck {
    /// The layer.
    pub name: String,
    /// Which image, from 0.
    pub image: usize,
    /// Multiply-accumulates of the layer.
    pub macs: u64,
    /// Width of the output map, to say where a word lies.
    pub out_width: usize,
    /// What each executor did, in the order they ran.
    pub traces: Vec<Trace>,
    /// How each of them but the first compares with the first.
    pub comparisons: Vec<Comparison>,
}

impl LayerCheck {
    /// Words or cycles that differ, over all executors.
    pub fn mismatches(&self) -> usize {
        self.comparisons.iter().map(Comparison::mismatches).sum()
    }

    /// The cycles one executor took; none if it has no clock or did not run.
    pub fn cycles(&self, executor: Executor) -> Option<u64> {
        self.traces
            .iter()
            .find(|trace| trace.executor == executor)?
            .cycles
    }
}

impl<'a> Bench<'a> {
    /// A bench of these executors; `rtl` is Verilog to check in place of what the design generates.
    pub fn new(
        design: &'a Design,
        executors: &[Executor],
        rtl: Option<Files>,
        progress: &'a Progress,
    ) -> Bench<'a> {
        let mut executors = executors.to_vec();
        executors.sort_unstable();
        executors.dedup();
        Bench {
            design,
            executors,
            progress,
            rtl,
            rust_hdl: None,
            verilator: None,
        }
    }

    /// The executors, in the order they run.
    pub fn executors(&self) -> &[Executor] {
        &self.executors
    }

    /// Runs a layer on every executor and compares.
    ///
    /// # Errors
    /// A tool that is missing or fails.
    pub fn check(&mut self, job: &Job, image: usize) -> Result<LayerCheck, Error> {
        let executors = self.executors.clone();
        let traces = executors
            .iter()
            .map(|&executor| self.trace(executor, job))
            .collect::<Result<Vec<_>, _>>()?;
        let comparisons = match traces.split_first() {
            Some((first, rest)) => rest
                .iter()
                .map(|trace| compare(first, &traces, trace))
                .collect(),
            None => vec![],
        };
        Ok(LayerCheck {
            name: job.layer.name.clone(),
            image,
            macs: job.layer.macs,
            out_width: job.layer.geometry.out_width(),
            traces,
            comparisons,
        })
    }

    fn trace(&mut self, executor: Executor, job: &Job) -> Result<Trace, Error> {
        let start = std::time::Instant::now();
        let mut trace = match executor {
            Executor::Reference => {
                let words = reference::run(job.design, job.layer, job.activations)
                    .map_err(|e| wrong_input(&e))?;
                Trace {
                    words,
                    ..Trace::empty(executor)
                }
            }
            Executor::Model => {
                let run = cycle_model::run(job.design, job.layer, job.activations)
                    .map_err(|e| wrong_input(&e))?;
                let cycles = Some(run.counters.cycles);
                let counters = Some((run.counters.issued, run.counters.weight_load));
                Trace {
                    words: run.words,
                    leaves: Some(run.leaves),
                    cycles,
                    counters,
                    ..Trace::empty(executor)
                }
            }
            Executor::RustHdl => hardware(executor, self.rust_hdl(job)?),
            Executor::Verilator => hardware(executor, self.verilator(job)?),
        };
        trace.seconds = start.elapsed();
        Ok(trace)
    }

    fn rust_hdl(&mut self, job: &Job) -> Result<HardwareRun, Error> {
        let step = self
            .progress
            .step(&format!("{}: simulating with rust_hdl", job.layer.name));
        if self.rust_hdl.is_none() {
            self.rust_hdl = Some(rust_hdl::Simulator::new(self.design)?);
        }
        match &mut self.rust_hdl {
            Some(simulator) => simulator.run(job, &mut |cycle| step.say(&format!("cycle {cycle}"))),
            None => Err(wrong_input(&"no simulator")),
        }
    }

    fn verilator(&mut self, job: &Job) -> Result<HardwareRun, Error> {
        if self.verilator.is_none() {
            let step = self
                .progress
                .step("building the Verilog in Verilator (once per design)");
            let verilog = match &self.rtl {
                Some(files) => files.clone(),
                None => verilator::emit(self.design)?,
            };
            self.verilator = Some(verilator::Simulator::new(
                self.design,
                verilog,
                &mut |what| step.say(what),
            )?);
        }
        let _step = self
            .progress
            .step(&format!("{}: simulating with Verilator", job.layer.name));
        let runs = match &self.verilator {
            Some(simulator) => simulator.run(&[*job])?,
            None => vec![],
        };
        runs.into_iter()
            .next()
            .ok_or_else(|| wrong_input(&"no result"))
    }
}

fn hardware(executor: Executor, run: HardwareRun) -> Trace {
    Trace {
        words: run.words,
        leaves: Some(run.leaves),
        cycles: Some(run.cycles),
        counters: Some((run.beats, run.load_stalls)),
        hung: run.hung,
        ..Trace::empty(executor)
    }
}

/// Activations that do not fit their layer can only come from a fault of this program.
fn wrong_input(what: &dyn std::fmt::Display) -> Error {
    Error::ToolFailed {
        tool: "the bench".to_owned(),
        what: what.to_string(),
        output: String::new(),
    }
}

impl Trace {
    fn empty(executor: Executor) -> Trace {
        Trace {
            executor,
            words: vec![],
            leaves: None,
            cycles: None,
            counters: None,
            hung: false,
            seconds: Duration::ZERO,
        }
    }
}
