//! What was synthesised before, by content.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::netlist::{Cells, Netlist};
use crate::Error;
use crate::tools::{Scratch, cache_failed};

/// A folder with a file for each netlist. A file that is damaged counts as absent.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// The SHA-256 of parts, each after its length, in hexadecimal.
pub(super) fn key(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hexadecimal(&hash.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Cache {
    /// The cache in a folder, which is made once there is something to keep.
    pub fn within(root: &Path) -> Cache {
        Cache {
            folder: root.join("synthesis"),
        }
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// The netlist of a key, if it is there and whole.
    pub fn get(&self, key: &str) -> Option<Netlist> {
        let entry: Value = serde_json::from_slice(&fs::read(self.file(key)).ok()?).ok()?;
        let netlist = entry.get("netlist")?;
        (entry.get("sum")?.as_str()? == sum(key, netlist))
            .then(|| read(netlist))
            .flatten()
    }

    /// Keeps a netlist: a file appears whole under its name.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if it cannot be written.
    pub fn put(&self, key: &str, netlist: &Netlist) -> Result<(), Error> {
        let netlist = json!({ "top": netlist.top, "modules": netlist.modules });
        let entry = json!({ "sum": sum(key, &netlist), "netlist": netlist });
        let draft = Scratch::within(&self.folder).map_err(cache_failed)?;
        let part = draft.path().join("entry");
        let kept =
            fs::write(&part, entry.to_string()).and_then(|()| fs::rename(&part, self.file(key)));
        kept.map_err(|error| cache_failed(Error::io("be written", &self.file(key), &error)))
    }
}

/// What an entry says of itself, so that a damaged one is known.
fn sum(key: &str, netlist: &Value) -> String {
    self::key(&[key.as_bytes(), netlist.to_string().as_bytes()])
}

fn read(netlist: &Value) -> Option<Netlist> {
    let modules = netlist.get("modules")?.as_object()?.iter();
    let modules: Option<_> = modules
        .map(|(name, cells)| {
            let cells = cells.as_object()?.iter();
            let cells: Option<Cells> = cells
                .map(|(cell, count)| Some((cell.clone(), count.as_u64()?)))
                .collect();
            Some((name.clone(), cells?))
        })
        .collect();
    Some(Netlist {
        top: netlist.get("top")?.as_str()?.to_owned(),
        modules: modules?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn netlist() -> Netlist {
        let cells = Cells::from([("LUT4".to_owned(), 3), ("FF".to_owned(), 1)]);
        Netlist {
            top: "pe".to_owned(),
            modules: [("pe".to_owned(), cells)].into(),
        }
    }

    #[test]
    fn what_was_put_is_got() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::within(home.path());
        let (a, b) = (key(&[b"a", b"b"]), key(&[b"ab", b""]));
        assert_ne!(a, b);
        assert_eq!(cache.get(&a), None);
        cache.put(&a, &netlist()).unwrap();
        assert_eq!(cache.get(&a), Some(netlist()));
        assert_eq!(cache.get(&b), None);
        // Nothing but the entry is left.
        assert_eq!(
            fs::read_dir(home.path().join("synthesis")).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_damaged_entry_counts_as_absent_and_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::within(home.path());
        let key = key(&[b"a"]);
        cache.put(&key, &netlist()).unwrap();
        let whole = fs::read_to_string(cache.file(&key)).unwrap();
        for damaged in [
            &whole[..whole.len() / 2],
            &whole.replace(":3", ":4"),
            "",
            "{}",
        ] {
            fs::write(cache.file(&key), damaged).unwrap();
            assert_eq!(cache.get(&key), None, "{damaged}");
        }
        // That of another key is none of this one.
        fs::write(cache.file("other"), &whole).unwrap();
        assert_eq!(cache.get("other"), None);
        cache.put(&key, &netlist()).unwrap();
        assert_eq!(cache.get(&key), Some(netlist()));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Cache::within(file.path()).put("a", &netlist()).unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("set CROMULENT_CACHE"));
    }
}
