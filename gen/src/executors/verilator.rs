//! The emitted Verilog in Verilator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cromulent_design::Design;

use super::hardware::{HardwareRun, Job, Leaving};
pub use super::harness::TOP;
use super::harness::harness_files;
use crate::Error;
use crate::output::Files;
use crate::tools::verilator::{Sources, VERILATOR, build};
use crate::tools::{Scratch, run};

/// A layer takes this long at most.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

/// A built simulator of one design.
#[derive(Debug)]
pub struct Simulator {
    program: PathBuf,
}

/// The Verilog of a design, by file name.
///
/// # Errors
/// [`Error::ToolFailed`] if a block of the design is described wrongly: a fault of this program.
pub fn emit(design: &Design) -> Result<Files, Error> {
    let modules = cromulent_core::verilog(design).map_err(|error| Error::ToolFailed {
        tool: "the emitter".to_owned(),
        what: error.to_string(),
        output: String::new(),
    })?;
    Ok(modules
        .into_iter()
        .map(|module| (format!("{}.v", module.name).into(), module.text))
        .collect())
}

impl Simulator {
    /// Builds a simulator of this Verilog, which has the ports of the design's core; `say` is told what
    /// the build is at.
    ///
    /// # Errors
    /// A missing Verilator, or a build that fails.
    pub fn new(
        design: &Design,
        verilog: Files,
        say: &mut dyn FnMut(&str),
    ) -> Result<Simulator, Error> {
        let verilator = VERILATOR.find()?;
        let sources = Sources {
            top: TOP.to_owned(),
            verilog,
            harness: harness_files(design),
            options: vec![],
        };
        Ok(Simulator {
            program: build(&verilator, &sources, say)?,
        })
    }

    /// Runs layers one after another on one core.
    ///
    /// # Errors
    /// A simulator that fails, or files that cannot be written.
    pub fn run(&self, jobs: &[Job]) -> Result<Vec<HardwareRun>, Error> {
        let folder = Scratch::new()?;
        let (input, output) = (folder.path().join("jobs"), folder.path().join("results"));
        fs::write(&input, encode(jobs)).map_err(|error| Error::io("write", &input, &error))?;
        let mut command = Command::new(&self.program);
        command.arg(&input).arg(&output);
        run("the Verilated core", &mut command, RUN_LIMIT, &mut |_| ())?;
        read(jobs, &output)
    }
}

/// The jobs as the harness reads them.
fn encode(jobs: &[Job]) -> Vec<u8> {
    let mut numbers = vec![jobs.len() as u64];
    for job in jobs {
        let loads = job.loads();
        numbers.push(loads.len() as u64);
        for load in loads {
            numbers.extend([
                u64::from(load.kind.number()),
                load.bank as u64,
                load.address as u64,
                load.data,
            ]);
        }
        numbers.extend(job.layer.registers.values().map(u64::from));
        numbers.push(job.patience());
    }
    numbers.into_iter().flat_map(u64::to_le_bytes).collect()
}

fn read(jobs: &[Job], path: &Path) -> Result<Vec<HardwareRun>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
    let chunks = bytes
        .chunks_exact(8)
        .map(|chunk| chunk.try_into().unwrap_or([0; 8]));
    let mut numbers = chunks.map(u64::from_le_bytes);
    let runs: Option<Vec<HardwareRun>> = jobs.iter().map(|job| decode(job, &mut numbers)).collect();
    runs.ok_or_else(|| Error::ToolFailed {
        tool: "the Verilated core".to_owned(),
        what: "wrote fewer results than jobs".to_owned(),
        output: String::new(),
    })
}

fn decode(job: &Job, numbers: &mut impl Iterator<Item = u64>) -> Option<HardwareRun> {
    let spare = 64 - job.design.total_bits();
    let mut leaving = vec![];
    for _ in 0..numbers.next()? {
        let (cycle, column, value) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let value = (value << spare).cast_signed() >> spare;
        leaving.push(Leaving {
            cycle,
            column: column as usize,
            value,
        });
    }
    let (words, leaves) = job.collect(&leaving);
    let (cycles, beats, load_stalls) = (numbers.next()?, numbers.next()?, numbers.next()?);
    Some(HardwareRun {
        words,
        leaves,
        cycles,
        beats,
        load_stalls,
        hung: numbers.next()? != 0,
    })
}
