//! Unpacking a charm archive that may come from anywhere.

use std::fs::{self, File, Permissions};
use std::io::{Read, Seek};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::SimError;

const MAX_ENTRIES: usize = 20_000;
const MAX_BYTES: u64 = 512 * 1024 * 1024;
const MAX_LINK: u64 = 4096;

/// Unpacks an archive into an empty directory, which nothing in it can get out of.
pub(super) fn unpack(archive: &Path, into: &Path) -> Result<(), SimError> {
    unpack_at_most(MAX_BYTES, archive, into)
}

fn unpack_at_most(bytes: u64, archive: &Path, into: &Path) -> Result<(), SimError> {
    let zip_error = |error: ZipError| SimError::Zip { path: archive.to_owned(), why: error.to_string() };
    // A pipe has no end, and opening one waits.
    if !fs::metadata(archive).map_err(SimError::file("open", archive))?.is_file() {
        return Err(SimError::Archive(format!("{} is not a file", archive.display())));
    }
    let file = File::open(archive).map_err(SimError::file("open", archive))?;
    let mut zip = ZipArchive::new(file).map_err(zip_error)?;
    if zip.len() > MAX_ENTRIES {
        return Err(SimError::Archive(format!("{} entries are too many", zip.len())));
    }
    let too_big = || SimError::Archive(format!("it has more than {bytes} bytes"));
    // Before any of them is written. That an entry is larger than it says, copying finds.
    if zip.decompressed_size().is_some_and(|size| size > bytes.into()) {
        return Err(too_big());
    }
    let mut left = bytes;
    let mut links = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(zip_error)?;
        let path = inner_path(&entry)?;
        let mode = entry.unix_mode().unwrap_or(0o644);
        let target = into.join(&path);
        if entry.is_dir() {
            fs::create_dir_all(&target).map_err(SimError::file("create", &target))?;
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(SimError::file("create", parent))?;
        }
        if entry.is_symlink() {
            links.push((target, link_target(&mut entry, &path)?));
        } else {
            left = left.checked_sub(copy(&mut entry, &target, left)?).ok_or_else(too_big)?;
            let mode = Permissions::from_mode(mode & 0o777);
            fs::set_permissions(&target, mode).map_err(SimError::file("chmod", &target))?;
        }
    }
    // Last, so that no file is written through one.
    for (link, target) in links {
        symlink(target, &link).map_err(SimError::file("link", &link))?;
    }
    Ok(())
}

fn inner_path<R: Read + Seek>(entry: &ZipFile<'_, R>) -> Result<PathBuf, SimError> {
    let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    match entry.enclosed_name() {
        Some(path) if plain(&path) && plain(Path::new(entry.name())) => Ok(path),
        _ => Err(SimError::Archive(format!("entry {:?} leaves the archive", entry.name()))),
    }
}

/// The target of a link: relative, `..` only in front, and no further up than the archive's top.
fn link_target<R: Read + Seek>(entry: &mut ZipFile<'_, R>, path: &Path) -> Result<PathBuf, SimError> {
    let refuse = || SimError::Archive(format!("link {} leaves the archive", path.display()));
    let mut target = String::new();
    entry.take(MAX_LINK).read_to_string(&mut target).map_err(SimError::file("read", path))?;
    let target = PathBuf::from(target);
    let ups = target.components().take_while(|part| *part == Component::ParentDir).count();
    let depth = path.components().count().saturating_sub(1);
    let inward = target.components().skip(ups).all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if ups > depth || !inward || target.as_os_str().is_empty() {
        return Err(refuse());
    }
    Ok(target)
}

/// Copies so many bytes of an entry at most, and one more, to a new file; how many they were.
fn copy(entry: &mut impl Read, target: &Path, most: u64) -> Result<u64, SimError> {
    let mut file = File::create_new(target).map_err(SimError::file("create", target))?;
    std::io::copy(&mut entry.take(most + 1), &mut file).map_err(SimError::file("unpack", target))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    enum Entry {
        File(&'static str, u32),
        Link(&'static str, &'static str),
    }

    fn unpacked(entries: &[Entry]) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.charm");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        let options = SimpleFileOptions::default();
        for entry in entries {
            match entry {
                Entry::File(name, mode) => {
                    zip.start_file(*name, options.unix_permissions(*mode)).unwrap();
                    zip.write_all(b"x").unwrap();
                }
                Entry::Link(name, target) => zip.add_symlink(*name, *target, options).unwrap(),
            }
        }
        zip.finish().unwrap();
        let into = dir.path().join("into");
        fs::create_dir(&into).unwrap();
        unpack(&path, &into).map_err(|error| error.to_string())?;
        let mut names: Vec<_> =
            fs::read_dir(&into).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        Ok(names)
    }

    #[test]
    fn keeps_modes_and_stays_inside() {
        let dispatch = || Entry::File("dispatch", 0o755);
        let names = unpacked(&[dispatch(), Entry::File("src/a", 0o644), Entry::Link("hooks/install", "../dispatch")]);
        assert_eq!(names.unwrap(), ["dispatch", "hooks", "src"]);
        assert_eq!(unpacked(&[Entry::File("hooks/install", 0o644)]).unwrap(), ["hooks"]);
        for bad in ["../x", "/etc/x", "a/../../x"] {
            let error = unpacked(&[dispatch(), Entry::File(bad, 0o644)]).unwrap_err();
            assert!(error.contains("leaves the archive"), "{bad}: {error}");
        }
        for (name, bad) in [("x", "../y"), ("x", "/etc"), ("a/x", "../../y"), ("x", "a/../..")] {
            let error = unpacked(&[dispatch(), Entry::Link(name, bad)]).unwrap_err();
            assert!(error.contains("leaves the archive"), "{bad}: {error}");
        }
        let error = unpacked(&[dispatch(), Entry::Link("a", "dispatch"), Entry::File("a/b", 0o644)]).unwrap_err();
        assert!(error.contains("link "), "{error}");
    }

    #[test]
    fn an_archive_is_not_unpacked_past_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.charm");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("zeros", SimpleFileOptions::default()).unwrap();
        zip.write_all(&[0; 10_000]).unwrap();
        zip.finish().unwrap();
        let unpack = |name: &str, most| {
            let into = dir.path().join(name);
            fs::create_dir(&into).unwrap();
            unpack_at_most(most, &path, &into).map_err(|error| error.to_string())
        };
        assert_eq!(unpack("whole", 10_000), Ok(()));
        assert_eq!(unpack("less", 9_999), Err("unpack charm archive: it has more than 9999 bytes".to_owned()));
        assert_eq!(fs::read_dir(dir.path().join("less")).unwrap().count(), 0);
        // One that says that it is small: the size stands in the entry's header and in the directory at the end.
        let mut bytes = fs::read(&path).unwrap();
        let size = 10_000_u32.to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == size).collect();
        for at in places {
            bytes[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
        }
        fs::write(&path, bytes).unwrap();
        assert!(unpack("lies", 9_999).is_err());
        let written = fs::metadata(dir.path().join("lies/zeros")).unwrap().len();
        assert!(written <= 10_000, "{written}");
    }

    #[test]
    fn refuses_what_is_no_archive() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.charm");
        fs::write(&path, b"nothing").unwrap();
        let error = unpack(&path, dir.path()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("read charm archive {}: ", path.display())), "{error}");
    }
}
