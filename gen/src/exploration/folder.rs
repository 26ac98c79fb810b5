//! The folder that results are kept in, and who may write there.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::journal::{Journal, records};
use crate::Error;

/// One of the equal parts that an exploration is cut into.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Shard {
    /// Which one, from 1 on.
    pub number: u64,
    /// How many there are.
    pub count: u64,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard {
        number: 1,
        count: 1,
    };

    /// Whether a point belongs to it, by the point's place.
    pub fn has(self, place: usize) -> bool {
        place as u64 % self.count == self.number - 1
    }

    /// The name of its file.
    pub fn file(self) -> String {
        format!("shard-{}-of-{}.jsonl", self.number, self.count)
    }

    /// The shard of a file of that name.
    fn of_file(name: &str) -> Option<Shard> {
        let middle = name.strip_prefix("shard-")?.strip_suffix(".jsonl")?;
        middle.replacen("-of-", "/", 1).parse().ok()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        let shard = parts.filter(|&(number, count)| (1..=count).contains(&number));
        let shard = shard.filter(|&(_, count)| count <= 100_000);
        let (number, count) = shard.ok_or("write K/N, such as 3/16, with K from 1 to N")?;
        Ok(Shard { number, count })
    }
}

/// Who writes into the folder now: a hash of the points, and the number of shards.
const LOCK: &str = "exploration.lock";

/// What else stands in it.
const OURS: [&str; 4] = [LOCK, "results.json", "results.csv", "details.json"];

/// A folder of results. As long as there is one, no other exploration writes into it, though other shards of this one may.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    shard: Shard,
    /// Locked, shared.
    _lock: File,
}

impl Folder {
    /// Opens a folder for a shard of the exploration of this name, or makes it. What others have written is kept with
    /// `resume` alone.
    ///
    /// # Errors
    /// Another exploration is at work there; there are results already, or files of others; it cannot be written.
    pub fn open(path: &Path, name: &str, shard: Shard, resume: bool) -> Result<Folder, Error> {
        fs::create_dir_all(path).map_err(|error| Error::io("be made", path, &error))?;
        foreign(path)?;
        let lock = path.join(LOCK);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock);
        let file = file.map_err(|error| Error::io("be opened", &lock, &error))?;
        let folder = Folder {
            path: path.to_owned(),
            shard,
            _lock: locked(file, &lock, &format!("{name} {}\n", shard.count))?,
        };
        if !resume {
            folder.refuse_results()?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All results there are, by the keys of their points.
    ///
    /// # Errors
    /// A file cannot be read, or has a line that is no result.
    pub fn records(&self) -> Result<BTreeMap<String, Value>, Error> {
        let mut all = BTreeMap::new();
        for (_, file) in shards(&self.path)? {
            for (key, record) in records(&file)? {
                if all
                    .insert(key.clone(), record.clone())
                    .is_some_and(|other| other != record)
                {
                    let what = format!("has another result for the point {key} than another shard");
                    let fix = "results of two versions were mixed: begin a new folder";
                    return Err(Error::bad_input(file.display(), what, fix));
                }
            }
        }
        Ok(all)
    }

    /// The file of this shard, to write to.
    ///
    /// # Errors
    /// Someone else writes to it; it cannot be opened.
    pub fn journal(&self) -> Result<Journal, Error> {
        Journal::open(&self.path.join(self.shard.file()))
    }

    /// Results of this shard, or of another cut, are there.
    fn refuse_results(&self) -> Result<(), Error> {
        for (shard, file) in shards(&self.path)? {
            let other = shard.count == self.shard.count && shard.number != self.shard.number;
            let empty = file.metadata().is_ok_and(|file| file.len() == 0);
            if !other && !empty {
                let fix = "go on with it with --resume, or name a new folder";
                return Err(Error::bad_input(
                    self.path.display(),
                    "has results already",
                    fix,
                ));
            }
        }
        Ok(())
    }
}

/// The files of shards in a folder, in order.
pub(super) fn shards(folder: &Path) -> Result<Vec<(Shard, PathBuf)>, Error> {
    let mut found: Vec<(Shard, PathBuf)> = names(folder)?
        .into_iter()
        .filter_map(|name| Some((Shard::of_file(&name)?, folder.join(name))))
        .collect();
    found.sort_by_key(|(shard, _)| (shard.count, shard.number));
    Ok(found)
}

fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let failed = |error| Error::io("be read", folder, &error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    let names = entries.map(|entry| {
        Ok(entry
            .map_err(failed)?
            .file_name()
            .to_string_lossy()
            .into_owned())
    });
    names.collect()
}

/// Refuses a folder with things of others.
fn foreign(folder: &Path) -> Result<(), Error> {
    let ours = |name: &String| {
        OURS.contains(&name.as_str()) || Shard::of_file(name).is_some() || name.ends_with(".part")
    };
    match names(folder)?.into_iter().find(|name| !ours(name)) {
        None => Ok(()),
        Some(name) => {
            let what = format!("holds {name}, which is of no exploration");
            Err(Error::bad_input(
                folder.display(),
                what,
                "name a folder of its own",
            ))
        }
    }
}

/// Locks the folder for the exploration of this name, together with others of that name only.
fn locked(mut file: File, path: &Path, name: &str) -> Result<File, Error> {
    let failed = |error: &std::io::Error| Error::io("be locked", path, error);
    // Whoever comes first writes the name; everybody then reads it under a lock that all may have.
    for attempt in 0..100 {
        match file.try_lock() {
            Ok(()) => {
                let written = file.set_len(0).and_then(|()| file.rewind());
                let written = written.and_then(|()| file.write_all(name.as_bytes()));
                written.map_err(|error| Error::io("be written", path, &error))?;
                file.unlock().map_err(|error| failed(&error))?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        match file.try_lock_shared() {
            Ok(()) => {
                let mut holder = String::new();
                let read = file
                    .rewind()
                    .and_then(|()| file.read_to_string(&mut holder));
                read.map_err(|error| Error::io("be read", path, &error))?;
                if holder == name {
                    return Ok(file);
                }
                file.unlock().map_err(|error| failed(&error))?;
                if attempt > 2 {
                    break;
                }
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let folder = path.parent().unwrap_or(path);
    let what =
        "another exploration is writing there, or this one cut into another number of shards";
    let fix = "wait until it has ended, or name another folder";
    Err(Error::bad_input(folder.display(), what, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_all_of_it() {
        for count in [1, 2, 16] {
            let of = |place| {
                (1..=count)
                    .filter(move |&number| Shard { number, count }.has(place))
                    .count()
            };
            assert!((0..100).all(|place| of(place) == 1));
        }
        let shard: Shard = "3/16".parse().unwrap();
        assert_eq!(Shard::of_file(&shard.file()), Some(shard));
        for bad in ["0/4", "5/4", "4", "a/b", "1/0", "-1/4", "1/1000000"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shards_share_a_folder_and_others_do_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("results");
        let shard = |number, count| Shard { number, count };
        let first = Folder::open(&path, "a", shard(1, 2), false).unwrap();
        let second = Folder::open(&path, "a", shard(2, 2), false).unwrap();
        for (name, shard) in [("b", shard(1, 2)), ("a", shard(1, 3))] {
            let error = Folder::open(&path, name, shard, false).unwrap_err();
            assert!(
                error.to_string().contains("another exploration is writing"),
                "{error}"
            );
        }
        let _journal = first.journal().unwrap();
        let error = Folder::open(&path, "a", shard(1, 2), true)
            .unwrap()
            .journal()
            .unwrap_err();
        assert!(error.to_string().contains("shard-1-of-2.jsonl"), "{error}");
        drop((first, second));
        Folder::open(&path, "b", shard(1, 2), false).unwrap();
    }

    #[test]
    fn results_and_files_of_others_are_not_touched() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path();
        let open = |resume| Folder::open(path, "a", Shard::WHOLE, resume);
        fs::write(path.join("shard-1-of-1.jsonl"), "{\"key\":\"k\"}\n").unwrap();
        let error = open(false).unwrap_err();
        assert!(error.to_string().contains("--resume"), "{error}");
        assert!(open(true).unwrap().records().unwrap().contains_key("k"));
        fs::write(
            path.join("shard-2-of-3.jsonl"),
            "{\"key\":\"k\",\"more\":1}\n",
        )
        .unwrap();
        let error = open(true).unwrap().records().unwrap_err();
        assert!(error.to_string().contains("another result"), "{error}");
        fs::write(path.join("thesis.tex"), "").unwrap();
        let error = open(true).unwrap_err();
        assert!(error.to_string().contains("holds thesis.tex"), "{error}");
    }
}
