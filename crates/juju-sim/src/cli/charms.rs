use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::archive;
use super::failure::Failure;
use crate::SimError;

/// Juju leaves these out of a charm's directory.
const LEFT_OUT: [&str; 5] = [".git", ".bzr", ".hg", ".svn", ".jujuignore"];
/// A directory with more than this is not taken for a charm's.
const MOST: u64 = 2 * 1024 * 1024 * 1024;

/// Brings a charm, an archive or a directory, to a place where nothing is yet. A directory that has the models in it is
/// brought without them.
pub(super) fn bring(path: &Path, to: &Path, models: &Path) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(SimError::file("read", path))?;
    fs::create_dir(to).map_err(SimError::file("create", to))?;
    if !metadata.is_dir() {
        return Ok(archive::unpack(path, to)?);
    }
    if !path.join("metadata.yaml").exists() {
        return Err(format!("{} is not a charm: it has no metadata.yaml", path.display()).into());
    }
    let models = models.canonicalize().map_err(SimError::file("find", models))?;
    let mut left = MOST;
    copy(path, to, &models, &mut left)
}

fn copy(from: &Path, to: &Path, models: &Path, left: &mut u64) -> Result<(), Failure> {
    for entry in fs::read_dir(from).map_err(SimError::file("read", from))? {
        let entry = entry.map_err(SimError::file("read", from))?;
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(SimError::file("read", &path))?;
        if kind.is_dir() {
            if path.canonicalize().is_ok_and(|path| path == models) {
                continue;
            }
            fs::create_dir(&target).map_err(SimError::file("create", &target))?;
            copy(&path, &target, models, left)?;
        } else if kind.is_symlink() {
            let link = fs::read_link(&path).map_err(SimError::file("read", &path))?;
            symlink(link, &target).map_err(SimError::file("link", &target))?;
        } else if kind.is_file() {
            let copied = fs::copy(&path, &target).map_err(SimError::file("copy", &path))?;
            *left = left.checked_sub(copied).ok_or("the charm's directory has more than 2 GiB")?;
        }
    }
    Ok(())
}
