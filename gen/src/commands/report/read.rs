//! What is shown: files of JSON that commands wrote.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Error, Problem};

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// The points of `explore`.
    Exploration,
    /// Its best points, layer by layer.
    Details,
    /// What `estimate` printed.
    Estimate,
    /// What `simulate` printed.
    Simulation,
    /// What `compare` printed.
    Comparison,
}

/// A file.
#[derive(Clone, Debug)]
pub(super) struct Results {
    /// Its name, without a folder.
    pub name: String,
    /// In hexadecimal digits.
    pub sha256: String,
    pub kind: Kind,
    pub value: Value,
}

impl Results {
    /// Where a figure's numbers come from.
    pub fn origin(&self) -> String {
        let hash = self.sha256.get(..16).unwrap_or_default();
        let version = self.value["version"]
            .as_str()
            .map_or(String::new(), |version| format!(", cromulent {version}"));
        format!("{} (SHA-256 {hash}…){version}", self.name)
    }
}

/// Reads a file, or all of a folder that end in `.json`: in the order of their kinds, then of their names.
///
/// # Errors
/// What is no result; an exploration that has not ended; nothing.
pub(super) fn read(path: &Path) -> Result<Vec<Results>, Error> {
    let paths = match path.is_dir() {
        true => inside(path)?,
        false => vec![path.to_owned()],
    };
    let (mut files, mut problems) = (vec![], vec![]);
    for path in paths {
        match file(&path) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(Error::BadInput(problems));
    }
    files.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(files)
}

/// The files of a folder.
fn inside(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::io("be read", folder, &error);
    let mut names = vec![];
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.path());
    }
    let ends = |path: &Path, end: &str| path.extension().is_some_and(|extension| extension == end);
    let files: Vec<PathBuf> = names
        .iter()
        .filter(|path| ends(path, "json"))
        .cloned()
        .collect();
    let parts = names.iter().any(|path| ends(path, "jsonl"));
    if parts && !folder.join("results.json").exists() {
        let what = "has an exploration that has not ended";
        let fix = "end it with `cromulent explore FILE --out FOLDER --resume`";
        return Err(Error::bad_input(folder.display(), what, fix));
    }
    if files.is_empty() {
        let what = "holds no file that ends in .json";
        let fix = "give a folder of `explore`, or of what other commands print with --json";
        return Err(Error::bad_input(folder.display(), what, fix));
    }
    Ok(files)
}

fn file(path: &Path) -> Result<Results, Problem> {
    let fix = "give what `explore` wrote, or what `estimate`, `simulate` or `compare` printed with --json";
    let problem = |what: String| Problem::new(path.display(), what, fix);
    let bytes = fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| problem(format!("is no JSON: {error}")))?;
    let kind = kind(&value).ok_or_else(|| problem("is no result that can be shown".to_owned()))?;
    let digits = Sha256::digest(&bytes);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Results {
        name: name.into_owned(),
        sha256: digits.iter().map(|byte| format!("{byte:02x}")).collect(),
        kind,
        value,
    })
}

/// What an object is, by the fields that docs/json.md calls stable.
fn kind(value: &Value) -> Option<Kind> {
    let has = |keys: &[&str]| {
        keys.iter()
            .all(|key| value.get(key).is_some_and(|value| !value.is_null()))
    };
    let list = |key: &str| value[key].as_array().and_then(|list| list.first());
    match () {
        () if value["complete"] == true && has(&["points", "networks"]) => Some(Kind::Exploration),
        () if list("points").is_some_and(|point| point.get("estimate").is_some()) => {
            Some(Kind::Details)
        }
        () if has(&["rows", "targets"]) => Some(Kind::Comparison),
        () if has(&["dram_bytes", "layers", "sources"]) => Some(Kind::Estimate),
        () if has(&["program", "layers", "total"]) => Some(Kind::Simulation),
        () => None,
    }
}
