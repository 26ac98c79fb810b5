//! Programs that tests need: skipped loudly on a laptop, an error in CI.

use cromulent::tools::{Found, Tool, verilator::VERILATOR, yosys::YOSYS};

/// Yosys; see [`required`].
pub fn yosys() -> Option<Found> {
    required(&YOSYS)
}

/// Verilator; see [`required`].
pub fn verilator() -> Option<Found> {
    required(&VERILATOR)
}

/// A program, if it is there. Without it a test is skipped, and says so; where the variable `CI` is
/// set, it fails.
///
/// # Panics
/// The program is missing or too old, and `CI` is set.
pub fn required(tool: &Tool) -> Option<Found> {
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    match tool.find() {
        Ok(found) => Some(found),
        Err(error) if ci => panic!("CI must not skip: {error}"),
        Err(error) => {
            eprintln!("SKIPPED, for want of {}: {error}", tool.name);
            None
        }
    }
}
