use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Disk;
use crate::SimError;

/// How long one file gets before another is begun.
const FILE: u64 = 4 * 1024 * 1024;
/// How many files are kept.
const FILES: u64 = 4;

/// What happened, one JSON object a line, over some files of which the oldest go: 16 MiB at most, or what happened in one
/// step where that is more.
///
/// How far it goes is kept elsewhere, with what it belongs to: what a program that was killed wrote beyond that does not
/// count.
#[derive(Debug)]
pub(in crate::cli) struct History {
    dir: PathBuf,
    name: &'static str,
    disk: Disk,
    extent: Extent,
    file: Option<File>,
}

/// How far a history goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Extent {
    first: u64,
    last: u64,
    /// Of the last file.
    length: u64,
}

impl History {
    pub(in crate::cli) fn new(dir: &Path, name: &'static str, disk: &Disk, extent: Extent) -> History {
        History { dir: dir.to_owned(), name, disk: disk.clone(), extent, file: None }
    }

    pub(in crate::cli) fn extent(&self) -> Extent {
        self.extent
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{}-{number}.jsonl", self.name))
    }

    /// Adds to it.
    pub(in crate::cli) fn append<T: Serialize>(&mut self, all: impl IntoIterator<Item = T>) -> Result<(), SimError> {
        let mut bytes = Vec::new();
        for one in all {
            let written = serde_json::to_writer(&mut bytes, &one);
            written.map_err(|error| SimError::Store { path: self.path(self.extent.last), why: error.to_string() })?;
            bytes.push(b'\n');
        }
        if bytes.is_empty() {
            return Ok(());
        }
        if self.extent.length > 0 && self.extent.length + bytes.len() as u64 > FILE {
            self.file = None;
            self.extent.last += 1;
            self.extent.length = 0;
        }
        let path = self.path(self.extent.last);
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => self.open(&path),
        };
        let append = |mut file: File| self.disk.append(&mut file, &bytes).map(|()| file);
        self.file = Some(file.and_then(append).map_err(SimError::file("write", &path))?);
        self.extent.length += bytes.len() as u64;
        Ok(())
    }

    /// The last file, without what does not count.
    fn open(&self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        if file.metadata()?.len() > self.extent.length {
            self.disk.truncate(&file, self.extent.length)?;
        }
        Ok(file)
    }

    /// Forgets the oldest where there is too much. To be called when the extent is kept.
    pub(in crate::cli) fn forget(&mut self) -> Result<(), SimError> {
        let length = |path: PathBuf| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut all: u64 = (self.extent.first..=self.extent.last).map(|number| length(self.path(number))).sum();
        while self.extent.first < self.extent.last
            && (self.extent.last - self.extent.first >= FILES || all > FILES * FILE)
        {
            let path = self.path(self.extent.first);
            all = all.saturating_sub(length(path.clone()));
            self.disk.remove(&path).map_err(SimError::file("remove", &path))?;
            self.extent.first += 1;
        }
        Ok(())
    }

    /// All that is kept, oldest first. What cannot be read is passed over: it is for information.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self) -> Vec<T> {
        let mut all = Vec::new();
        for number in self.extent.first..=self.extent.last {
            let Ok(mut bytes) = fs::read(self.path(number)) else { continue };
            if number == self.extent.last {
                bytes.truncate(usize::try_from(self.extent.length).unwrap_or(usize::MAX));
            }
            all.extend(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_what_was_not_kept_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::new(dir.path(), "log", &Disk::default(), Extent::default());
        let long = "x".repeat(1024 * 1024);
        for number in 0..30 {
            history.append([format!("{number} {long}")]).unwrap();
            history.forget().unwrap();
        }
        let kept: Vec<String> = history.read();
        assert!(kept.len() <= 20 && kept.last().is_some_and(|it| it.starts_with("29 ")), "{}", kept.len());
        assert!(fs::read_dir(dir.path()).unwrap().count() <= 5);

        let extent = history.extent();
        history.append(["lost"]).unwrap();
        let mut again = History::new(dir.path(), "log", &Disk::default(), extent);
        again.append(["next"]).unwrap();
        let lines: Vec<String> = again.read();
        assert_eq!(lines.last().map(String::as_str), Some("next"));
        assert!(!lines.contains(&"lost".to_owned()));
    }
}
