//! The file of a shard: a result a line, each on disk before the next.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use crate::Error;

/// A file that results are added to. Nobody else writes to it meanwhile.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    file: File,
    /// Bytes that are whole lines.
    length: u64,
    lines: u64,
    /// Nothing is written behind a line that could not be.
    failed: Option<String>,
}

impl Journal {
    /// Opens a file, or makes it; a last line that is not whole is cut off.
    pub(super) fn open(path: &Path) -> Result<Journal, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let mut file = file.map_err(|error| Error::io("be opened", path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = "another process is writing there";
                let fix = "wait until it has ended, or name another folder or shard";
                return Err(Error::bad_input(path.display(), what, fix));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("be locked", path, &error)),
        }
        let whole = whole_lines(&mut file).and_then(|(length, lines)| {
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            Ok((length, lines))
        });
        let (length, lines) = whole.map_err(|error| Error::io("be read", path, &error))?;
        Ok(Journal {
            path: path.to_owned(),
            writer: Mutex::new(Writer {
                file,
                length,
                lines,
                failed: None,
            }),
        })
    }

    /// Adds a result.
    ///
    /// # Errors
    /// It could not be written, and is not there; nor is any after it.
    pub fn add(&self, record: &Value) -> Result<(), Error> {
        let line = format!("{record}\n");
        let mut writer = self
            .writer
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        if writer.failed.is_none()
            && let Err(error) = writer.add(line.as_bytes())
        {
            writer.failed = Some(error.to_string());
        }
        match &writer.failed {
            None => Ok(()),
            Some(error) => {
                let what = format!(
                    "cannot be written: {error}; its {} results are kept",
                    writer.lines
                );
                let fix = "make room, and give the same command with --resume";
                Err(Error::bad_input(self.path.display(), what, fix))
            }
        }
    }
}

impl Writer {
    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self
            .file
            .write_all(line)
            .and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Best effort: what is left of the line is cut off when the file is opened again, too.
            _ = self.file.set_len(self.length);
            _ = self.file.sync_data();
            return written;
        }
        self.length += line.len() as u64;
        self.lines += 1;
        Ok(())
    }
}

/// Bytes up to the end of the last whole line, and how many lines these are.
fn whole_lines(file: &mut File) -> io::Result<(u64, u64)> {
    let (mut length, mut lines, mut read) = (0, 0, 0);
    let mut block = vec![0; 1 << 16];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            return Ok((length, lines));
        }
        let block = &block[..count];
        lines += block.iter().filter(|&&byte| byte == b'\n').count() as u64;
        if let Some(end) = block.iter().rposition(|&byte| byte == b'\n') {
            length = read + end as u64 + 1;
        }
        read += count as u64;
    }
}

/// The results in a file, by the keys of their points; a last line that is not whole, which someone may be writing, is none.
pub(super) fn records(path: &Path) -> Result<Vec<(String, Value)>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::io("be read", path, &error))?;
    let end = bytes.iter().rposition(|&byte| byte == b'\n');
    let lines = bytes[..end.unwrap_or(0)].split(|&byte| byte == b'\n');
    let lines = lines.enumerate().filter(|_| end.is_some());
    let records = lines.map(|(number, line)| {
        let record: Option<Value> = serde_json::from_slice(line).ok();
        let keyed =
            record.and_then(|record| Some((record.get("key")?.as_str()?.to_owned(), record)));
        keyed.ok_or_else(|| {
            let place = format!("{}:{}", path.display(), number + 1);
            let fix = "remove the line; its point is then computed again";
            Error::bad_input(place, "is no result of a point", fix)
        })
    });
    records.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_that_is_not_whole_is_cut_off_and_all_others_stay() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("shard");
        let record = |n: u64| json!({ "key": n.to_string(), "text": "x".repeat(40_000) });
        let journal = Journal::open(&path).unwrap();
        (0..5).for_each(|n| journal.add(&record(n)).unwrap());
        assert!(Journal::open(&path).is_err(), "it is locked");
        drop(journal);
        let whole = fs::read(&path).unwrap();
        // Cut anywhere in the last line, as by a process that was killed.
        let last = whole.len() / 5 * 4;
        for cut in [last, last + 1, last + 20_000, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(records(&path).unwrap().len(), 4);
            let journal = Journal::open(&path).unwrap();
            journal.add(&record(4)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
        fs::write(&path, "{\"key\": 1").unwrap();
        assert!(records(&path).unwrap().is_empty());
        fs::write(&path, "{\"key\":\"a\"}\n{\"kex\":1}\n").unwrap();
        let error = records(&path).unwrap_err().to_string();
        assert!(error.contains("shard:2: is no result"), "{error}");
    }

    #[test]
    fn a_full_disk_is_an_error_and_nothing_is_written_behind_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("shard");
        let journal = Journal::open(&path).unwrap();
        journal.add(&json!({ "key": "a" })).unwrap();
        {
            // The device is always full.
            let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut writer = journal.writer.lock().unwrap();
            let file = std::mem::replace(&mut writer.file, full);
            assert_eq!(file.metadata().unwrap().len(), writer.length);
        }
        let error = journal.add(&json!({ "key": "b" })).unwrap_err().to_string();
        assert!(
            error.contains("its 1 results are kept") && error.contains("--resume"),
            "{error}"
        );
        journal.writer.lock().unwrap().file = OpenOptions::new().append(true).open(&path).unwrap();
        assert!(journal.add(&json!({ "key": "c" })).is_err());
        assert_eq!(records(&path).unwrap().len(), 1);
    }
}
