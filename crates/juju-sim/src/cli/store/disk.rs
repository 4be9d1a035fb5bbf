use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

use crate::SimError;

/// What the store writes to. All of its writes go through here, so that a test can have the machine stop at any of
/// them, or have no room left for a while.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Disk {
    /// What goes wrong; without it, nothing does.
    trouble: Option<Rc<Cell<Trouble>>>,
}

/// What goes wrong with a disk.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "tests alone make trouble"))]
enum Trouble {
    /// It stops in the last of so many writes; at 0 it has.
    Stops(u32),
    /// It is full after so many writes, for so many.
    Full { after: u32, writes: u32 },
}

/// How a write ends that goes wrong.
enum Wrong {
    /// Half of it is there.
    Broken(io::Error),
    /// Nothing of it is there.
    Refused(io::Error),
}

impl Disk {
    /// One that stops in the middle of the write after so many.
    #[cfg(test)]
    pub(in crate::cli) fn stopping_after(writes: u32) -> Disk {
        Disk { trouble: Some(Rc::new(Cell::new(Trouble::Stops(writes)))) }
    }

    /// One that has no room after so many writes, for so many.
    #[cfg(test)]
    pub(in crate::cli) fn full_after(after: u32, writes: u32) -> Disk {
        Disk { trouble: Some(Rc::new(Cell::new(Trouble::Full { after, writes }))) }
    }

    /// Whether it has stopped, or has been full.
    #[cfg(test)]
    pub(in crate::cli) fn had_trouble(&self) -> bool {
        match self.trouble.as_ref().map(|it| it.get()) {
            None => false,
            Some(Trouble::Stops(left)) => left == 0,
            Some(Trouble::Full { after, .. }) => after == 0,
        }
    }

    /// Whether the next write, which makes something larger, goes wrong.
    fn grow(&self) -> Result<(), Wrong> {
        let Some(trouble) = &self.trouble else { return Ok(()) };
        match trouble.get() {
            Trouble::Stops(0) => Err(Wrong::Refused(stopped())),
            Trouble::Stops(left) => {
                trouble.set(Trouble::Stops(left - 1));
                if left == 1 { Err(Wrong::Broken(stopped())) } else { Ok(()) }
            }
            Trouble::Full { after: 0, writes: 0 } => Ok(()),
            Trouble::Full { after: 0, writes } => {
                trouble.set(Trouble::Full { after: 0, writes: writes - 1 });
                Err(Wrong::Broken(rustix::io::Errno::NOSPC.into()))
            }
            Trouble::Full { after, writes } => {
                trouble.set(Trouble::Full { after: after - 1, writes });
                Ok(())
            }
        }
    }

    /// Does something that needs no room, and is done whole or not at all.
    fn whole(&self, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let stops = self.trouble.as_ref().is_some_and(|it| matches!(it.get(), Trouble::Stops(_)));
        match if stops { self.grow() } else { Ok(()) } {
            Ok(()) => act(),
            Err(Wrong::Broken(error) | Wrong::Refused(error)) => Err(error),
        }
    }

    /// Writes at the end of a file.
    pub(super) fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        match self.grow() {
            Ok(()) => file.write_all(bytes),
            Err(Wrong::Broken(error)) => {
                file.write_all(&bytes[..bytes.len() / 2])?;
                Err(error)
            }
            Err(Wrong::Refused(error)) => Err(error),
        }
    }

    /// Cuts a file off.
    pub(super) fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.whole(|| file.set_len(length))
    }

    /// Gives a file a content, in place of the one it may have: readers see one or the other.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = path.with_extension("new");
        let written = File::create(&new).and_then(|mut file| {
            self.append(&mut file, bytes)?;
            file.sync_all()
        });
        written.and_then(|()| self.rename(&new, path)).inspect_err(|_| {
            // What is left of it is in nobody's way; the next one is written over it.
            let _ = self.remove(&new);
        })
    }

    /// Moves a file or directory.
    pub(in crate::cli) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.whole(|| fs::rename(from, to))
    }

    /// Makes a directory, and those above it, for this user alone.
    pub(in crate::cli) fn create_dir(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        match self.grow() {
            Ok(()) => fs::DirBuilder::new().recursive(true).mode(0o700).create(path),
            Err(Wrong::Broken(error) | Wrong::Refused(error)) => Err(error),
        }
    }

    /// Removes all in a directory but what is to stay, by its name.
    pub(in crate::cli) fn clear(&self, dir: &Path, stays: impl Fn(&str) -> bool) -> Result<(), SimError> {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(&stays) {
                self.remove(&entry.path()).map_err(SimError::file("remove", entry.path()))?;
            }
        }
        Ok(())
    }

    /// Removes a file, or a directory with all that is in it; nothing where it is gone already.
    pub(in crate::cli) fn remove(&self, path: &Path) -> io::Result<()> {
        self.whole(|| {
            let removed = match path.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
                Ok(_) => fs::remove_file(path),
                Err(error) => Err(error),
            };
            match removed {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        })
    }
}

fn stopped() -> io::Error {
    io::Error::other("the machine has stopped")
}
