//! `cromulent generate`.

use crate::cli::GenerateArgs;
use crate::progress::Progress;
use crate::{Error, Outcome};

/// Not built yet.
///
/// # Errors
/// Always.
pub fn run(_args: &GenerateArgs, _progress: &Progress) -> Result<Outcome, Error> {
    Err(super::not_built_yet("generate"))
}
