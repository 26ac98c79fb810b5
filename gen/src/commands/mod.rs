//! One module per command: from arguments to an outcome.

pub mod check;
pub mod generate;
pub mod simulate;
pub mod verify;

use crate::Error;

/// For what is still to come.
fn not_built_yet(command: &str) -> Error {
    Error::ToolFailed {
        tool: format!("cromulent {command}"),
        what: "is not built yet".to_owned(),
        output: String::new(),
    }
}
