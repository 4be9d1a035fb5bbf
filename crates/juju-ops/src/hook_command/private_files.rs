//! Files for values that must not be arguments: the process list shows those to everybody on the machine.

use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{self, PathBuf};

/// A directory of this process alone, which is removed with everything in it when this is dropped.
///
/// It is new: one that was there, or a link in its place, is never taken. Juju's agent, which is root or the charm's
/// own user, reads the files by their absolute paths.
pub(super) struct PrivateFiles {
    dir: PathBuf,
    count: usize,
}

impl PrivateFiles {
    pub(super) fn new() -> io::Result<Self> {
        let parent = path::absolute(std::env::temp_dir())?;
        for _ in 0..100 {
            // Not a secret: who guesses it gets a directory that is not taken.
            let name = format!("juju-ops-{:016x}", RandomState::new().hash_one(std::process::id()));
            let dir = parent.join(name);
            match DirBuilder::new().mode(0o700).create(&dir) {
                Ok(()) => return Ok(Self { dir, count: 0 }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes one more file; gives back its path.
    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<String> {
        let path = self.dir.join(self.count.to_string());
        self.count += 1;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(bytes)?;
        path.into_os_string().into_string().map_err(|_| io::ErrorKind::InvalidFilename.into())
    }
}

impl Drop for PrivateFiles {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.dir));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_private_and_go() {
        let mut files = PrivateFiles::new().unwrap();
        let (one, two) = (files.add(b"one").unwrap(), files.add(b"").unwrap());
        let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let dir = files.dir.display().to_string();
        assert_eq!((mode(&one), mode(&two), mode(&dir)), (0o600, 0o600, 0o700));
        assert_eq!((fs::read(&one).unwrap(), fs::read(&two).unwrap()), (b"one".to_vec(), Vec::new()));
        assert!(path::Path::new(&one).is_absolute());
        drop(files);
        assert!(!fs::exists(&dir).unwrap());
    }
}
