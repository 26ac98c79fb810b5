//! What a command found, for a person and for a program.

use serde_json::Value;

/// The result of a command: printed on standard output, as text or with `--json` as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// For a person: whole lines without the last newline.
    pub text: String,
    /// For a program: the documented object.
    pub json: Value,
    /// 0, or 1 if things that should be equal differ, or 2 if the answer is that the input is wrong.
    pub exit_code: u8,
}

impl Outcome {
    /// All is as it should be.
    pub fn good(text: impl Into<String>, json: Value) -> Outcome {
        Outcome {
            text: text.into(),
            json,
            exit_code: 0,
        }
    }

    /// Things that should be equal differ.
    pub fn mismatch(text: impl Into<String>, json: Value) -> Outcome {
        Outcome {
            exit_code: 1,
            ..Outcome::good(text, json)
        }
    }

    /// The answer is that the input is wrong.
    pub fn refused(text: impl Into<String>, json: Value) -> Outcome {
        Outcome {
            exit_code: 2,
            ..Outcome::good(text, json)
        }
    }

    /// What goes to standard output, its last newline included.
    pub fn render(&self, json: bool) -> String {
        if json {
            format!("{:#}\n", self.json)
        } else if self.text.is_empty() {
            String::new()
        } else {
            format!("{}\n", self.text)
        }
    }
}
