//! Output folders: whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// Texts of files by their path relative to a folder.
pub type Files = BTreeMap<PathBuf, String>;

/// Writes a new folder: `fill` fills a temporary one beside it, which then gets its name.
///
/// # Errors
/// `folder` exists (bad input), cannot be written, or `fill` fails; nothing is left behind then.
pub fn write_folder(
    folder: &Path,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    refuse_existing(folder)?;
    let draft = Draft::beside(folder)?;
    fill(&draft.path)?;
    // Someone may have made it meanwhile, and renaming would replace an empty folder.
    refuse_existing(folder)?;
    fs::rename(&draft.path, folder).map_err(|error| Error::io("be written", folder, &error))
}

/// Writes a new file: `fill` writes one in a temporary folder beside it, which then gets its name.
///
/// # Errors
/// `file` exists (bad input), cannot be written, or `fill` fails; nothing is left behind then.
pub fn write_file(file: &Path, fill: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    refuse_existing(file)?;
    let draft = Draft::beside(file)?;
    let inside = draft.path.join("file");
    fill(&inside)?;
    refuse_existing(file)?;
    fs::rename(&inside, file).map_err(|error| Error::io("be written", file, &error))
}

/// Writes a text to a new file.
///
/// # Errors
/// `file` exists (bad input) or cannot be written; nothing is left behind then.
pub fn write_text(file: &Path, text: &str) -> Result<(), Error> {
    write_file(file, |part| {
        fs::write(part, text).map_err(|error| Error::io("be written", file, &error))
    })
}

/// Writes new files into one folder: all of them into a temporary one beside, where `check` may look at them, and then
/// under their names.
///
/// # Errors
/// One of them exists (bad input), cannot be written, or `check` fails; nothing is left behind then.
pub fn write_together(
    folder: &Path,
    files: &[(String, Vec<u8>)],
    check: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let names = || files.iter().map(|(name, _)| folder.join(name));
    names().try_for_each(|file| refuse_existing(&file))?;
    let first = names().next().unwrap_or_default();
    let draft = Draft::beside(&first)?;
    for (name, bytes) in files {
        let path = draft.path.join(name);
        fs::write(&path, bytes).map_err(|error| Error::io("be written", &path, &error))?;
    }
    check(&draft.path)?;
    let mut written: Vec<PathBuf> = vec![];
    for (name, file) in files.iter().map(|(name, _)| name).zip(names()) {
        let moved = refuse_existing(&file).and_then(|()| {
            let moved = fs::rename(draft.path.join(name), &file);
            moved.map_err(|error| Error::io("be written", &file, &error))
        });
        if let Err(error) = moved {
            written.iter().for_each(|file| _ = fs::remove_file(file));
            return Err(error);
        }
        written.push(file);
    }
    Ok(())
}

/// Writes files below a folder, which exists.
///
/// # Errors
/// A file cannot be written.
pub fn write_files(folder: &Path, files: &Files) -> Result<(), Error> {
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| Error::io("be written", &path, &error))?;
    }
    Ok(())
}

/// An error if there is anything of this name already.
///
/// # Errors
/// It exists.
pub fn refuse_existing(folder: &Path) -> Result<(), Error> {
    match folder.symlink_metadata() {
        Ok(_) => {
            let fix = "name a new one, or remove this one first";
            Err(Error::bad_input(folder.display(), "exists already", fix))
        }
        Err(_) => Ok(()),
    }
}

/// A folder under a temporary name; removed unless it got its own.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn beside(folder: &Path) -> Result<Draft, Error> {
        let Some(name) = folder.file_name() else {
            return Err(Error::bad_input(
                folder.display(),
                "names no folder",
                "end the path with a name",
            ));
        };
        let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        let path = folder.with_file_name(name);
        fs::create_dir_all(&path).map_err(|error| Error::io("be written", folder, &error))?;
        Ok(Draft { path })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it was renamed.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_folder_appears_whole() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("deep/rtl");
        let files = Files::from([("a.v".into(), "a".into()), ("tb/b.cpp".into(), "b".into())]);
        write_folder(&out, |folder| write_files(folder, &files)).unwrap();
        assert_eq!(fs::read_to_string(out.join("tb/b.cpp")).unwrap(), "b");
        assert_eq!(names(&home.path().join("deep")), ["rtl"]);
    }

    #[test]
    fn an_existing_folder_or_file_is_refused_and_kept() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "kept").unwrap();
        for existing in [home.path(), &file] {
            let error = write_folder(existing, |_| panic!("nothing to fill")).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains("exists already; name a new one"));
        }
        assert_eq!(fs::read_to_string(file).unwrap(), "kept");
    }

    #[test]
    fn files_appear_together() {
        let home = tempfile::tempdir().unwrap();
        let files =
            [("a.toml", "a"), ("a.bin", "b")].map(|(name, text)| (name.to_owned(), text.into()));
        let refused = |_: &Path| Err(Error::bad_input("x", "is wrong", "mend it"));
        assert!(write_together(home.path(), &files, refused).is_err());
        assert!(names(home.path()).is_empty());
        let look = |folder: &Path| {
            assert_eq!(fs::read_to_string(folder.join("a.bin")).unwrap(), "b");
            Ok(())
        };
        write_together(home.path(), &files, look).unwrap();
        assert_eq!(names(home.path()).len(), 2);
        fs::remove_file(home.path().join("a.bin")).unwrap();
        let error = write_together(home.path(), &files, |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("exists already"));
        assert_eq!(names(home.path()), ["a.toml"]);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("rtl");
        let fill = |folder: &Path| {
            fs::write(folder.join("half"), "written").unwrap();
            Err(Error::bad_input("x", "is wrong", "mend it"))
        };
        assert!(write_folder(&out, fill).is_err());
        assert!(names(home.path()).is_empty());
        assert!(write_folder(Path::new("/"), |_| Ok(())).is_err());
        assert!(write_folder(Path::new(""), |_| Ok(())).is_err());
    }
}
