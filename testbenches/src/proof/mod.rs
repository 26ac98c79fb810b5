//! Equality for all inputs: an emitted module beside a golden one, and a SAT solver.
//!
//! A *miter* feeds both the same inputs and asserts that their outputs agree, from the cycle on at which
//! what the golden module knows is known. Registers start in any state, inputs are free in every cycle.

mod array;
mod edge;
mod golden;
mod pe;
mod quantizer;
mod small_array;
mod table;

use cromulent::Error;
use cromulent::tools::{Found, Scratch, yosys};
use cromulent_kit::emit::{EmitError, Module};
use std::fs;
use std::time::Duration;

pub use array::array;
pub use edge::{layers, row_edge};
pub use pe::processing_element;
pub use quantizer::quantizer;
pub use small_array::SmallArray;
pub use table::table_head;

/// What the rows are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Codes.
    Codes,
    /// Integers, as digits.
    Integers,
}

/// One claim about an emitted module.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The emitted modules.
    pub emitted: Vec<Module>,
    /// The golden modules and the miter, whose name is `miter`. Its wire `reached` is 1 in cycles in
    /// which outputs are compared.
    pub miter: String,
    /// Cycles of the run.
    pub cycles: u32,
    /// Options of the solver's `sat` that together allow every input, one case each; none is one case.
    pub cases: Vec<String>,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No input breaks it.
    Holds,
    /// Some input breaks it: the solver's table of it.
    Fails(String),
}

/// One proof takes this long at most.
const LIMIT: Duration = Duration::from_secs(300);

impl Claim {
    /// Asks Yosys' SAT solver.
    ///
    /// # Errors
    /// Yosys fails or takes too long, or no input at all meets the miter's assumptions.
    pub fn prove(&self, yosys: &Found) -> Result<Verdict, Error> {
        let folder = Scratch::new()?;
        for (name, text) in [("emitted.v", &self.text()), ("miter.v", &self.miter)] {
            let path = folder.path().join(name);
            fs::write(&path, text).map_err(|error| Error::io("be written", &path, &error))?;
        }
        let log = yosys::script(yosys, &self.script(), folder.path(), LIMIT)?;
        verdict(&log, self.cases().len())
    }

    fn script(&self) -> String {
        let cycles = self.cycles;
        let run = format!("-set-assumes -seq {cycles}");
        let mut script = format!(
            "read_verilog emitted.v
read_verilog -formal miter.v
hierarchy -check -top miter
proc
flatten
memory
opt -full -nodffe -nosdff
sat {run} -set-at {cycles} reached 1 miter
"
        );
        for case in self.cases() {
            script +=
                &format!("sat -prove-asserts {run} {case} -show-inputs -show-outputs miter\n");
        }
        script
    }

    fn cases(&self) -> &[String] {
        static WHOLE: [String; 1] = [String::new()];
        match self.cases.is_empty() {
            true => &WHOLE,
            false => &self.cases,
        }
    }

    /// The claim with `from` replaced by `to` in the emitted Verilog: a planted fault.
    ///
    /// # Panics
    /// When `from` does not occur exactly once.
    #[track_caller]
    pub fn with_fault(mut self, from: &str, to: &str) -> Claim {
        let text = self.text();
        let count = text.matches(from).count();
        assert!(count == 1, "`{from}` occurs {count} times in\n{text}");
        for module in &mut self.emitted {
            module.text = module.text.replace(from, to);
        }
        self
    }

    fn text(&self) -> String {
        self.emitted.iter().map(|m| m.text.as_str()).collect()
    }

    /// What the claim is about: equal texts, comments aside, are equal claims.
    pub fn subject(&self) -> String {
        let text = self.text() + &self.miter;
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        code.flat_map(|line| [line, "\n"]).collect()
    }
}

/// Reads the log: first a run that reaches a compare must exist, then none may break it in any case.
fn verdict(log: &str, cases: usize) -> Result<Verdict, Error> {
    let failed = |what: &str| Error::ToolFailed {
        tool: "Yosys".to_owned(),
        what: what.to_owned(),
        output: log.to_owned(),
    };
    if !log.contains("SAT solving finished - model found") {
        return Err(failed("found no input that meets the assumptions"));
    }
    if let Some((_, table)) = log.split_once("SAT proof finished - model found: FAIL!") {
        return Ok(Verdict::Fails(table.trim().to_owned()));
    }
    let proved = log
        .matches("SAT proof finished - no model found: SUCCESS!")
        .count();
    if proved == cases {
        return Ok(Verdict::Holds);
    }
    Err(failed("neither proved nor refuted the claim"))
}

/// A mistake in the description of a block, as an error of the proof.
fn not_emitted(error: EmitError) -> Error {
    Error::ToolFailed {
        tool: "the emitter".to_owned(),
        what: "refused a block".to_owned(),
        output: error.to_string(),
    }
}
