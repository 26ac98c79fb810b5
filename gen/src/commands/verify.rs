//! `cromulent verify`.

use crate::cli::VerifyArgs;
use crate::progress::Progress;
use crate::{Error, Outcome};

/// Not built yet.
///
/// # Errors
/// Always.
pub fn run(_args: &VerifyArgs, _progress: &Progress) -> Result<Outcome, Error> {
    Err(super::not_built_yet("verify"))
}
