//! Yosys: a script on files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Found, Scratch, Tool, Version, run};
use crate::Error;

/// Debian 12 has 0.23.
pub const YOSYS: Tool = Tool {
    name: "Yosys",
    program: "yosys",
    variable: Some("CROMULENT_YOSYS"),
    version_argument: "-V",
    minimum: Version(0, 23),
};

/// Runs a script with `folder` as the working directory, where its relative paths lead; the log.
///
/// # Errors
/// [`Error::ToolFailed`] with the last lines of the log if a command of the script fails or it all takes
/// longer than `limit`.
pub fn script(
    yosys: &Found,
    script: &str,
    folder: &Path,
    limit: Duration,
) -> Result<String, Error> {
    let scratch = Scratch::new()?;
    let file = scratch.path().join("script.ys");
    fs::write(&file, script).map_err(|error| Error::io("be written", &file, &error))?;
    let mut command = Command::new(&yosys.path);
    command
        .args(["-Q", "-T", "-s"])
        .arg(&file)
        .current_dir(folder);
    run(yosys.name, &mut command, limit, &mut |_| ()).map(|run| run.output)
}
