//! The directory of the backups. Nothing here knows of Juju.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One directory for each backup, with the file `DONE` in those that are complete.
pub(crate) struct Store {
    root: PathBuf,
}

const DONE: &str = "DONE";

impl Store {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Whether another machine that has the same filesystem is at work on it.
    pub(crate) fn is_locked(&self) -> bool {
        self.root.join("LOCK").exists()
    }

    /// Copies a file into a backup; gives its size.
    pub(crate) fn copy(&self, backup: &str, source: &Path) -> io::Result<u64> {
        let name = source.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let to = self.root.join(backup);
        fs::create_dir_all(&to)?;
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", source.display()));
        fs::copy(source, to.join(name)).map_err(told)
    }

    /// Completes a backup, and removes all but the newest; gives how many.
    pub(crate) fn finish(&self, backup: &str, note: Option<&str>, keep: usize) -> io::Result<usize> {
        fs::create_dir_all(self.root.join(backup))?;
        fs::write(self.root.join(backup).join(DONE), note.unwrap_or_default())?;
        let all: Vec<String> = self.list()?.into_keys().collect();
        let old = &all[..all.len().saturating_sub(keep)];
        old.iter().try_for_each(|name| fs::remove_dir_all(self.root.join(name)))?;
        Ok(old.len())
    }

    /// The complete backups by name, which is by time, with their notes.
    pub(crate) fn list(&self) -> io::Result<BTreeMap<String, String>> {
        let mut backups = BTreeMap::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if let Ok(note) = fs::read_to_string(entry.path().join(DONE)) {
                backups.insert(entry.file_name().to_string_lossy().into_owned(), note);
            }
        }
        Ok(backups)
    }
}
