//! What may go wrong, and the exit code it has.

use std::fmt;

use serde_json::{Value, json};

/// One thing that is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `file:line:column`, a file, or a part of one.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What would be right.
    pub fix: String,
}

impl Problem {
    /// A problem from its three parts.
    pub fn new(
        place: impl fmt::Display,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Problem {
        Problem {
            place: place.to_string(),
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// `{"where", "what", "fix"}`.
    pub fn to_json(&self) -> Value {
        json!({ "where": self.place, "what": self.what, "fix": self.fix })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.fix)
    }
}

/// Why a command gave no result. A mismatch is a result, see [`Outcome`](crate::Outcome).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The input is wrong: exit code 2. Never empty.
    BadInput(Vec<Problem>),
    /// A program is missing or too old: exit code 3.
    ToolMissing {
        /// The program, as people call it.
        tool: &'static str,
        /// What was looked for, and what was found.
        found: String,
        /// How to get it.
        remedy: String,
    },
    /// A program failed, or could not be given what it needs: exit code 4.
    ToolFailed {
        /// The program.
        tool: String,
        /// What it did: "exited with 1 after …".
        what: String,
        /// The last lines of what it said; may be empty.
        output: String,
    },
}

impl Error {
    /// One problem with the input.
    pub fn bad_input(
        place: impl fmt::Display,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        Error::BadInput(vec![Problem::new(place, what, fix)])
    }

    /// Both errors: their problems together if both are bad input, else the first.
    fn and(self, other: Error) -> Error {
        match (self, other) {
            (Error::BadInput(mut problems), Error::BadInput(more)) => {
                problems.extend(more);
                Error::BadInput(problems)
            }
            (first, _) => first,
        }
    }

    /// A file or folder of ours that could not be read or written.
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Error {
        Error::bad_input(
            path.display(),
            format!("cannot {what}: {error}"),
            "make it accessible",
        )
    }

    /// The object that `--json` prints: `{"error": {"code", "kind", …}}`.
    pub fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.exit_code() });
        match self {
            Error::BadInput(problems) => {
                error["kind"] = json!("bad_input");
                let problems: Vec<Value> = problems.iter().map(Problem::to_json).collect();
                error["problems"] = json!(problems);
            }
            Error::ToolMissing {
                tool,
                found,
                remedy,
            } => {
                error["kind"] = json!("tool_missing");
                error["tool"] = json!(tool);
                error["what"] = json!(found);
                error["fix"] = json!(remedy);
            }
            Error::ToolFailed { tool, what, output } => {
                error["kind"] = json!("tool_failed");
                error["tool"] = json!(tool);
                error["what"] = json!(what);
                error["output"] = json!(output);
            }
        }
        json!({ "error": error })
    }

    /// The exit code: 2 bad input, 3 tool missing or too old, 4 tool failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::BadInput(_) => 2,
            Error::ToolMissing { .. } => 3,
            Error::ToolFailed { .. } => 4,
        }
    }
}

/// Both, or what is wrong with both.
///
/// # Errors
/// Of either; of both, their problems together.
pub fn together<A, B>(
    one: Result<A, impl Into<Error>>,
    other: Result<B, impl Into<Error>>,
) -> Result<(A, B), Error> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.into().and(other.into())),
        (Err(one), Ok(_)) => Err(one.into()),
        (Ok(_), Err(other)) => Err(other.into()),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::BadInput(problems) => {
                let lines: Vec<_> = problems
                    .iter()
                    .map(|problem| format!("error: {problem}"))
                    .collect();
                write!(f, "{}", lines.join("\n"))
            }
            Error::ToolMissing {
                tool,
                found,
                remedy,
            } => {
                write!(f, "error: {tool}: {found}; {remedy}")
            }
            Error::ToolFailed { tool, what, output } if output.is_empty() => {
                write!(f, "error: {tool} {what}")
            }
            Error::ToolFailed { tool, what, output } => {
                write!(f, "error: {tool} {what}; it said:")?;
                output.lines().try_for_each(|line| write!(f, "\n  {line}"))
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<cromulent_design::Problem> for Problem {
    fn from(problem: cromulent_design::Problem) -> Problem {
        Problem {
            place: problem.place,
            what: problem.what,
            fix: problem.fix,
        }
    }
}

impl From<cromulent_network::Problem> for Problem {
    fn from(problem: cromulent_network::Problem) -> Problem {
        Problem {
            place: problem.place,
            what: problem.what,
            fix: problem.fix,
        }
    }
}

impl From<cromulent_design::Problems> for Error {
    fn from(problems: cromulent_design::Problems) -> Error {
        Error::BadInput(problems.0.into_iter().map(Problem::from).collect())
    }
}

impl From<cromulent_network::Problems> for Error {
    fn from(problems: cromulent_network::Problems) -> Error {
        Error::BadInput(problems.0.into_iter().map(Problem::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_names_what_to_do_and_has_its_code() {
        let bad = Error::bad_input("a.toml:1:2", "rows = 0 is out of range", "write 1 or more");
        assert_eq!(
            bad.to_string(),
            "error: a.toml:1:2: rows = 0 is out of range; write 1 or more"
        );
        assert_eq!(bad.exit_code(), 2);
        let missing = Error::ToolMissing {
            tool: "Verilator",
            found: "`verilator` is not on the PATH".to_owned(),
            remedy: "run `make setup`".to_owned(),
        };
        assert_eq!(
            missing.to_string(),
            "error: Verilator: `verilator` is not on the PATH; run `make setup`"
        );
        assert_eq!(missing.exit_code(), 3);
        let failed = Error::ToolFailed {
            tool: "Yosys".to_owned(),
            what: "exited with 1".to_owned(),
            output: "ERROR: a\nb".to_owned(),
        };
        assert_eq!(
            failed.to_string(),
            "error: Yosys exited with 1; it said:\n  ERROR: a\n  b"
        );
        assert_eq!(failed.exit_code(), 4);
        for (error, kind) in [
            (bad, "bad_input"),
            (missing, "tool_missing"),
            (failed, "tool_failed"),
        ] {
            let value = &error.to_json()["error"];
            assert_eq!(value["kind"], kind);
            assert_eq!(value["code"], error.exit_code());
        }
    }

    #[test]
    fn problems_of_the_other_crates_keep_their_place() {
        let design = cromulent_design::Design::parse("rows = 0", "d.toml").unwrap_err();
        let Error::BadInput(problems) = Error::from(design) else {
            panic!("a bad design is bad input")
        };
        assert_eq!(problems[0].place, "d.toml:1:8");
        assert_eq!(problems[0].to_json()["where"], "d.toml:1:8");
    }
}
