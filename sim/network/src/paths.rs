//! Paths in a description file: relative to its folder, or below the folder of large data.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variable that names the folder of networks and data sets too large to ship.
const VARIABLE: &str = "CROMULENT_DATA";
/// What a path below that folder begins with.
const PREFIX: &str = "${CROMULENT_DATA}/";

/// The file a description means by `path`, or what is wrong and what would be right.
pub(crate) fn resolve(path: &str, folder: &Path) -> Result<PathBuf, (String, String)> {
    below(path, folder, std::env::var_os(VARIABLE))
}

fn below(path: &str, folder: &Path, data: Option<OsString>) -> Result<PathBuf, (String, String)> {
    let Some(rest) = path.strip_prefix(PREFIX) else {
        if path.contains("${") {
            let what = format!("`{path}` names a variable");
            return Err((what, format!("only paths that begin with {PREFIX} may")));
        }
        return Ok(folder.join(path));
    };
    match data.as_deref().filter(|data| !data.is_empty()) {
        Some(data) => Ok(Path::new::<OsStr>(data).join(rest)),
        None => Err((
            format!("`{path}` lies below {VARIABLE}, which is not set"),
            format!("set the environment variable {VARIABLE} to the folder with models and data"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_in_the_folder_or_below_the_variable() {
        let folder = Path::new("nets");
        let data = || Some(OsString::from("/data"));
        assert_eq!(below("a.bin", folder, None), Ok("nets/a.bin".into()));
        assert_eq!(below("/a.bin", folder, data()), Ok("/a.bin".into()));
        assert_eq!(
            below("${CROMULENT_DATA}/x/a.bin", folder, data()),
            Ok("/data/x/a.bin".into())
        );
    }

    #[test]
    fn an_unset_or_unknown_variable_is_named() {
        let folder = Path::new("nets");
        for data in [None, Some(OsString::new())] {
            let (what, fix) = below("${CROMULENT_DATA}/a.bin", folder, data).unwrap_err();
            assert_eq!(
                what,
                "`${CROMULENT_DATA}/a.bin` lies below CROMULENT_DATA, which is not set"
            );
            assert!(fix.starts_with("set the environment variable CROMULENT_DATA"));
        }
        let (what, _) = below("${HOME}/a.bin", folder, None).unwrap_err();
        assert_eq!(what, "`${HOME}/a.bin` names a variable");
    }
}
