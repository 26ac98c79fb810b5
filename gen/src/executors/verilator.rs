//! The emitted Verilog in Verilator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cromulent_design::Design;
use cromulent_kit::COLLISIONS;

use super::hardware::HardwareRun;
use super::harness::harness_files;
pub use super::harness::{STREAM_TOP, TOP};
use super::job::Job;
use super::script::{Record, Step, decode};
use crate::Error;
use crate::output::Files;
use crate::tools::verilator::{Sources, VERILATOR, build};
use crate::tools::{Scratch, run};

/// A script takes this long at most.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

/// A built simulator of one design.
#[derive(Debug)]
pub struct Simulator {
    program: PathBuf,
}

/// The Verilog of a design, by file name: the accelerator with its buses, and the core that is a top of its
/// own for those who bring their streams.
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
    /// Builds a simulator of this Verilog, which has the ports of the design's accelerator; `say` is told
    /// what the build is at.
    ///
    /// # Errors
    /// A missing Verilator, or a build that fails.
    pub fn new(
        design: &Design,
        verilog: Files,
        say: &mut dyn FnMut(&str),
    ) -> Result<Simulator, Error> {
        Simulator::built(design, verilog, vec![], say)
    }

    /// The same, able to write waveforms ([`Simulator::perform_traced`]).
    ///
    /// # Errors
    /// A missing Verilator, or a build that fails.
    pub fn with_waves(
        design: &Design,
        verilog: Files,
        say: &mut dyn FnMut(&str),
    ) -> Result<Simulator, Error> {
        Simulator::built(design, verilog, vec!["--trace".to_owned()], say)
    }

    fn built(
        design: &Design,
        verilog: Files,
        mut options: Vec<String>,
        say: &mut dyn FnMut(&str),
    ) -> Result<Simulator, Error> {
        options.push(format!("+define+{COLLISIONS}"));
        let verilator = VERILATOR.find()?;
        let sources = Sources {
            top: TOP.to_owned(),
            verilog,
            harness: harness_files(design),
            options,
        };
        Ok(Simulator {
            program: build(&verilator, &sources, say)?,
        })
    }

    /// Runs programs one after another on one accelerator.
    ///
    /// # Errors
    /// A simulator that fails, or files that cannot be written.
    pub fn run(&self, jobs: &[Job]) -> Result<Vec<HardwareRun>, Error> {
        // A broken rule ends a script, so each program has its own.
        jobs.iter()
            .map(|job| Ok(job.gather(&self.perform(&job.steps())?)))
            .collect()
    }

    /// Performs a script on an accelerator after reset.
    ///
    /// # Errors
    /// A simulator that fails, or files that cannot be written.
    pub fn perform(&self, steps: &[Step]) -> Result<Vec<Record>, Error> {
        self.perform_with(steps, None)
    }

    /// The same, with everything it did in a new file (VCD), a cycle being a unit of time.
    ///
    /// # Errors
    /// As [`Simulator::perform`].
    pub fn perform_traced(&self, steps: &[Step], waves: &Path) -> Result<Vec<Record>, Error> {
        self.perform_with(steps, Some(waves))
    }

    fn perform_with(&self, steps: &[Step], waves: Option<&Path>) -> Result<Vec<Record>, Error> {
        let folder = Scratch::new()?;
        let (script, records) = (folder.path().join("script"), folder.path().join("records"));
        let mut bytes = vec![];
        for step in steps {
            step.encode(&mut bytes);
        }
        fs::write(&script, bytes).map_err(|error| Error::io("be written", &script, &error))?;
        let mut command = Command::new(&self.program);
        command.arg(&script).arg(&records).args(waves);
        run(
            "the Verilated accelerator",
            &mut command,
            RUN_LIMIT,
            &mut |_| (),
        )?;
        let bytes = fs::read(&records).map_err(|error| Error::io("be read", &records, &error))?;
        decode(&bytes).ok_or_else(|| Error::ToolFailed {
            tool: "the Verilated accelerator".to_owned(),
            what: "wrote records that cannot be read".to_owned(),
            output: String::new(),
        })
    }
}
