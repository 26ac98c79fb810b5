//! The executors of one design, and what each makes of a subject.

use std::time::Instant;

use cromulent_design::Design;
use cromulent_engine::Executor as EngineExecutor;
use cromulent_engine::by_image;
use cromulent_engine::timing::{self, Timing};

use super::compare::{compare_layer, compare_run};
use super::subject::Subject;
use super::trace::{RunTrace, totals};
use super::{LayerCheck, RunCheck};
use crate::Error;
use crate::cli::Executor;
use crate::executors::{HardwareRun, Job, Memory, MemoryMap, rust_hdl, verilator};
use crate::output::Files;
use crate::progress::Progress;

/// Elements times cycles that rust_hdl gets through in some seconds: more only if it is asked for.
const RUST_HDL_LIMIT: u64 = 2_500_000;

/// Under which conditions programs run.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// How the memory answers; with a seed, cycles are not compared.
    pub memory: Memory,
    /// The executors asked for; `None`: all of them, rust_hdl only where it takes seconds.
    pub executors: Option<Vec<Executor>>,
    /// Verilog to check in place of what the design generates.
    pub rtl: Option<Files>,
}

/// The executors of one design, built when first needed and kept.
pub struct Bench<'a> {
    design: &'a Design,
    conditions: Conditions,
    progress: &'a Progress,
    rust_hdl: Option<rust_hdl::Simulator>,
    verilator: Option<verilator::Simulator>,
}

impl<'a> Bench<'a> {
    /// A bench for a design.
    ///
    /// # Errors
    /// Executors that leave nothing to compare.
    pub fn new(
        design: &'a Design,
        mut conditions: Conditions,
        progress: &'a Progress,
    ) -> Result<Bench<'a>, Error> {
        if let Some(executors) = &mut conditions.executors {
            executors.sort_unstable();
            executors.dedup();
            if executors.len() < 2 {
                let what = "one executor alone leaves nothing to compare";
                let fix = "name two or more, such as reference,verilator";
                return Err(Error::bad_input("--executors", what, fix));
            }
        }
        Ok(Bench {
            design,
            conditions,
            progress,
            rust_hdl: None,
            verilator: None,
        })
    }

    /// Another memory for what follows.
    pub fn set_memory(&mut self, memory: Memory) {
        self.conditions.memory = memory;
    }

    /// Runs a subject on every executor and compares.
    ///
    /// # Errors
    /// A tool that is missing or fails.
    pub fn check(&mut self, subject: &Subject) -> Result<RunCheck, Error> {
        let memory = self.conditions.memory;
        let timing = timing::run(self.design, &subject.program.steps, fixed(memory));
        let (executors, skipped) = self.choose(&timing);
        let timed = memory.seed == 0;
        let mut runs = vec![];
        for &executor in &executors {
            let start = Instant::now();
            let mut run = self.run(executor, subject, &timing)?;
            run.seconds = start.elapsed();
            runs.push(run);
        }
        let layers = subject.layers.iter().enumerate();
        let layers = layers.map(|(place, layer)| LayerCheck {
            name: layer.name.clone(),
            macs: u64::from(self.design.batch) * layer.macs,
            out_width: layer.map_width(),
            image_words: match self.design.has_batch() {
                true => layer.registers.codes_of_channel() as usize / self.design.batch as usize,
                false => 0,
            },
            words: runs
                .first()
                .and_then(|run| run.layers.get(place))
                .map_or(0, |trace| trace.words.len()),
            comparisons: compare_layer(&runs, place),
        });
        Ok(RunCheck {
            image: subject.image,
            results: results(self.design, subject, &runs),
            labels: subject.labels.clone(),
            layers: layers.collect(),
            comparisons: compare_run(&runs, timed),
            runs,
            skipped,
            timed,
        })
    }

    /// The executors that run, in order, and why the others do not.
    fn choose(&self, timing: &Timing) -> (Vec<Executor>, Vec<(Executor, String)>) {
        let elements = u64::from(self.design.rows) * u64::from(self.design.columns);
        let long = elements.saturating_mul(timing.cycles) > RUST_HDL_LIMIT;
        let (mut chosen, mut skipped) = (vec![], vec![]);
        for executor in Executor::ALL {
            match &self.conditions.executors {
                Some(asked) if !asked.contains(&executor) => {
                    skipped.push((executor, "not among --executors".to_owned()));
                }
                None if executor == Executor::RustHdl && long => {
                    let cycles = timing.cycles;
                    let why = format!(
                        "{cycles} cycles of {elements} elements take it long: ask for it with --executors"
                    );
                    skipped.push((executor, why));
                }
                _ => chosen.push(executor),
            }
        }
        (chosen, skipped)
    }

    fn run(
        &mut self,
        executor: Executor,
        subject: &Subject,
        timing: &Timing,
    ) -> Result<RunTrace, Error> {
        match executor {
            Executor::Reference => {
                let computed = subject.compute(EngineExecutor::Reference)?;
                Ok(RunTrace::of_engine(
                    executor,
                    computed.layers,
                    computed.results,
                ))
            }
            Executor::Model => {
                let computed = subject.compute(EngineExecutor::CycleModel)?;
                let mut run = RunTrace::of_engine(executor, computed.layers, computed.results);
                run.set_timing(timing, totals(timing, computed.saturations));
                Ok(run)
            }
            Executor::RustHdl | Executor::Verilator => {
                let job = self.job(subject, timing)?;
                let run = match executor {
                    Executor::RustHdl => self.rust_hdl(&job)?,
                    _ => self.verilator(&job)?,
                };
                let timed = self.conditions.memory.seed == 0;
                Ok(RunTrace::of_hardware(executor, run, timed))
            }
        }
    }

    /// The subject as hardware gets it.
    fn job<'b>(&self, subject: &'b Subject, timing: &Timing) -> Result<Job<'b>, Error> {
        let memory = self.conditions.memory;
        // With pauses, a channel may be open as little as a fifth of the time.
        let slow = if memory.seed == 0 { 2 } else { 20 };
        Ok(Job {
            design: subject.design,
            program: &subject.program,
            input: &subject.input,
            map: MemoryMap::high(subject.design, &subject.program, subject.input.len() as u64)?,
            memory,
            limit: slow * timing.cycles + 100_000,
        })
    }

    fn rust_hdl(&mut self, job: &Job) -> Result<HardwareRun, Error> {
        let step = self.progress.step("simulating with rust_hdl");
        let mut simulator = match self.rust_hdl.take() {
            Some(simulator) => simulator,
            None => rust_hdl::Simulator::new(self.design)?,
        };
        let run = simulator.run(job, &mut |cycle| step.say(&format!("cycle {cycle}")));
        self.rust_hdl = Some(simulator);
        run
    }

    fn verilator(&mut self, job: &Job) -> Result<HardwareRun, Error> {
        let simulator = match self.verilator.take() {
            Some(simulator) => simulator,
            None => self.build()?,
        };
        let _step = self.progress.step("simulating with Verilator");
        let runs = simulator.run(std::slice::from_ref(job));
        self.verilator = Some(simulator);
        Ok(runs?.into_iter().next().unwrap_or_default())
    }

    fn build(&self) -> Result<verilator::Simulator, Error> {
        let step = self
            .progress
            .step("building the Verilog in Verilator (once per design)");
        let verilog = match &self.conditions.rtl {
            Some(files) => files.clone(),
            None => verilator::emit(self.design)?,
        };
        verilator::Simulator::new(self.design, verilog, &mut |what| step.say(what))
    }
}

/// The results of each image that was asked for, as the first executor gave them.
fn results(design: &Design, subject: &Subject, runs: &[RunTrace]) -> Vec<Vec<i64>> {
    let all = runs.first().map_or(&[][..], |run| &run.results);
    let mut images = by_image(design, all);
    images.truncate(subject.labels.len());
    images
}

/// The memory as the timing model knows it: without pauses.
fn fixed(memory: Memory) -> timing::Memory {
    let limited = |cycles: u64| u32::try_from(cycles).unwrap_or(u32::MAX);
    timing::Memory {
        latency: limited(memory.latency),
        interval: limited(memory.interval),
    }
}
