//! What tests share: programs, which are skipped loudly on a laptop and an error in CI, and seeds.

use std::ops::Range;

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

/// The seeds of a campaign: those of the variable `CROMULENT_SEEDS`, `first..last`, or the usual ones.
///
/// # Panics
/// The variable is no range.
pub fn seeds(usual: Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("CROMULENT_SEEDS") else {
        return usual;
    };
    let bounds = text.split_once("..").map(|(first, last)| {
        let number = |bound: &str| bound.parse().expect("a seed is a number");
        number(first)..number(last)
    });
    bounds.expect("CROMULENT_SEEDS is first..last")
}
