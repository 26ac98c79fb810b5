//! `cromulent simulate`.

use crate::cli::SimulateArgs;
use crate::progress::Progress;
use crate::{Error, Outcome};

/// Not built yet.
///
/// # Errors
/// Always.
pub fn run(_args: &SimulateArgs, _progress: &Progress) -> Result<Outcome, Error> {
    Err(super::not_built_yet("simulate"))
}
