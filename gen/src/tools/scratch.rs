//! Folders for the time of a call.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Error;

/// A new folder that is removed when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

/// Tells the folders of one process apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    /// A folder in the system's folder for temporary files.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new() -> Result<Scratch, Error> {
        Scratch::within(&std::env::temp_dir())
    }

    /// A folder in this one, which is made if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn within(parent: &Path) -> Result<Scratch, Error> {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("cromulent-{}-{count}", std::process::id()));
        // Another process of this number may have died here.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).map_err(|error| Error::io("be written", &path, &error))?;
        Ok(Scratch { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Gone already if it was renamed.
        let _ = fs::remove_dir_all(&self.path);
    }
}
