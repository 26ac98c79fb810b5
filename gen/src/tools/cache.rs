//! Where results of slow programs are kept.

use std::env;
use std::path::{Path, PathBuf};

use crate::Error;

/// `$CROMULENT_CACHE`, or `cromulent` in `$XDG_CACHE_HOME` or `~/.cache`.
///
/// # Errors
/// [`Error::ToolFailed`] if none of the three variables is set.
pub fn cache_root() -> Result<PathBuf, Error> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let root = set("CROMULENT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|home| home.join("cromulent")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/cromulent")));
    let relative = root.ok_or_else(|| Error::ToolFailed {
        tool: "the build cache".to_owned(),
        what: "has no place: set CROMULENT_CACHE to a folder".to_owned(),
        output: String::new(),
    })?;
    let absolute = |path: &Path| std::path::absolute(path);
    absolute(&relative).map_err(|error| Error::io("be found", &relative, &error))
}

/// A cache that cannot be written is no fault of the input.
pub fn cache_failed(error: Error) -> Error {
    Error::ToolFailed {
        tool: "the build cache".to_owned(),
        what: "cannot be written: set CROMULENT_CACHE to a folder that can".to_owned(),
        output: error.to_string(),
    }
}
