use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

/// What the store writes to. All of its writes go through here, so that a test can have the machine stop at any of
/// them.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Disk {
    /// How many writes there are until it stops; without it, it does not.
    left: Option<Rc<Cell<u32>>>,
}

impl Disk {
    /// One that stops in the middle of the write after so many.
    #[cfg(test)]
    pub(in crate::cli) fn stopping_after(writes: u32) -> Disk {
        Disk { left: Some(Rc::new(Cell::new(writes))) }
    }

    /// Whether it has stopped.
    #[cfg(test)]
    pub(in crate::cli) fn has_stopped(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.get() == 0)
    }

    /// Whether the next write is the one it stops in; an error after it.
    fn stops(&self) -> io::Result<bool> {
        let Some(left) = &self.left else { return Ok(false) };
        match left.get() {
            0 => Err(stopped()),
            1 => {
                left.set(0);
                Ok(true)
            }
            more => {
                left.set(more - 1);
                Ok(false)
            }
        }
    }

    /// Does something that is done whole or not at all.
    fn whole(&self, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.stops()? { Err(stopped()) } else { act() }
    }

    /// Writes at the end of a file.
    pub(super) fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if self.stops()? {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(stopped());
        }
        file.write_all(bytes)
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
            let _ = if self.left.is_none() { fs::remove_file(&new) } else { Ok(()) };
        })
    }

    /// Moves a file or directory.
    pub(in crate::cli) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.whole(|| fs::rename(from, to))
    }

    /// Makes a directory, and those above it, for this user alone.
    pub(in crate::cli) fn create_dir(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        self.whole(|| fs::DirBuilder::new().recursive(true).mode(0o700).create(path))
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
