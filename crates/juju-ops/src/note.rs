//! The one file that a charm's process leaves beside the charm: a note, and a seal that says for whom it counts.
//!
//! What is found there may be anything. It counts only as it was written by this program since the machine was started:
//! a power cut can leave the file of a moment ago, whole, and a refresh can bring another charm and back. So the seal has
//! the machine's boot in it and when the program's files last changed, which is at each refresh. That, and no `fsync`.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::OnceLock;

const FILE: &str = ".juju-ops-note";
/// What becomes the file once it is whole.
const NEW: &str = ".juju-ops-note.new";
/// The most bytes that the file may have.
const LIMIT: usize = 256 << 10;
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const PROGRAM: &str = "/proc/self/exe";

/// The note in a charm's directory; none where there is none that counts.
///
/// # Errors
/// What is there is no file, too large, or cannot be read; or it cannot be told for whom it counts.
pub(crate) fn read(charm_dir: &Path) -> io::Result<Option<Vec<u8>>> {
    let path = charm_dir.join(FILE);
    // Not what a link leads to, and nothing that waits for a writer.
    let metadata = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{FILE} is no file")));
    }
    let mut bytes = Vec::new();
    File::open(&path)?.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{FILE} has more than {LIMIT} bytes")));
    }
    let seal = seal(charm_dir)?;
    Ok(bytes.strip_prefix(seal.as_bytes()).map(<[u8]>::to_owned))
}

/// Puts a note in place of what is there, whole or not at all. Only this user can read it.
pub(crate) fn write(charm_dir: &Path, note: &[u8]) -> io::Result<()> {
    let seal = seal(charm_dir)?;
    if seal.len() + note.len() > LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{FILE} would have more than {LIMIT} bytes")));
    }
    let (path, new) = (charm_dir.join(FILE), charm_dir.join(NEW));
    if append(&path, seal.as_bytes(), note).is_ok_and(|done| done) {
        return Ok(());
    }
    remove_file(&new)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written =
        file.write_all(seal.as_bytes()).and_then(|()| file.write_all(note)).and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        drop(fs::remove_file(&new));
    }
    written
}

/// Where a note only becomes longer by a few bytes, puts these behind it: that costs a tenth of a new file. Whether that is
/// so. A process that is killed has written all of so few bytes or none.
fn append(path: &Path, seal: &[u8], note: &[u8]) -> io::Result<bool> {
    const FEW: usize = 8;
    if !path.symlink_metadata()?.is_file() {
        return Ok(false);
    }
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let mut there = Vec::with_capacity(seal.len() + note.len() + 1);
    Read::by_ref(&mut file).take((seal.len() + note.len()) as u64 + 1).read_to_end(&mut there)?;
    let more = there.strip_prefix(seal).and_then(|there| note.strip_prefix(there));
    let Some(more) = more.filter(|more| more.len() <= FEW && more.len() < note.len()) else { return Ok(false) };
    Ok(file.write(more)? == more.len())
}

/// Removes what is there, or what it says.
///
/// # Errors
/// The note is still there and would count.
pub(crate) fn remove(charm_dir: &Path) -> io::Result<()> {
    let path = charm_dir.join(FILE);
    let Err(error) = remove_file(&path) else { return Ok(()) };
    // In a directory that cannot be written to, the file still may be.
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        drop(OpenOptions::new().write(true).truncate(true).open(&path));
    }
    if read(charm_dir).is_ok_and(|note| note.is_some()) { Err(error) } else { Ok(()) }
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A line for this boot of the machine and this program as it was installed.
fn seal(charm_dir: &Path) -> io::Result<String> {
    let mut seal = of_this_process()?.to_owned();
    // What Juju runs may be a script that starts the program.
    if let Ok(dispatch) = fs::metadata(charm_dir.join("dispatch")) {
        stamp(&mut seal, &dispatch);
    }
    seal.push('\n');
    Ok(seal)
}

/// The part that stays for as long as this process: to find a file in `/proc` takes as long as a hook command.
fn of_this_process() -> io::Result<&'static str> {
    static PART: OnceLock<String> = OnceLock::new();
    if let Some(part) = PART.get() {
        return Ok(part);
    }
    let mut part = fs::read_to_string(BOOT)?.trim().to_owned();
    stamp(&mut part, &fs::metadata(PROGRAM)?);
    Ok(PART.get_or_init(|| part))
}

/// When a file's content, its mode or its links last changed: no program can set that.
fn stamp(seal: &mut String, file: &fs::Metadata) {
    let (dev, inode, size) = (file.dev(), file.ino(), file.size());
    // Writing to a String does not fail.
    let _ = write!(seal, " {dev}:{inode}:{size}:{}.{:09}", file.ctime(), file.ctime_nsec());
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn dir() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn file(dir: &tempfile::TempDir) -> std::path::PathBuf {
        dir.path().join(FILE)
    }

    #[test]
    fn what_was_written_is_read_and_is_for_this_user_alone() {
        let dir = dir();
        assert_eq!(read(dir.path()).unwrap(), None);
        for note in [&b"one\ntwo"[..], b"", b"\xff"] {
            write(dir.path(), note).unwrap();
            assert_eq!(read(dir.path()).unwrap().as_deref(), Some(note));
        }
        assert_eq!(fs::metadata(file(&dir)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        remove(dir.path()).unwrap();
        remove(dir.path()).unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
    }

    #[test]
    fn what_becomes_a_little_longer_stays_in_its_file() {
        let dir = dir();
        write(dir.path(), b"one").unwrap();
        let inode = || fs::metadata(file(&dir)).unwrap().ino();
        for (note, stays) in
            [(&b"one."[..], true), (b"one..", true), (b"one..", true), (b"one", false), (b"two", false)]
        {
            let before = inode();
            write(dir.path(), note).unwrap();
            assert_eq!(read(dir.path()).unwrap().as_deref(), Some(note));
            assert_eq!(inode() == before, stays, "{note:?}");
        }
    }

    #[test]
    fn a_file_that_is_damaged_or_of_another_boot_or_program_has_no_note() {
        let dir = dir();
        write(dir.path(), b"note").unwrap();
        let whole = fs::read(file(&dir)).unwrap();
        for damaged in [&b""[..], b"\0\0\0\0", &whole[1..], &whole[..10], b"another boot 1:2:3:4.5\nnote"] {
            fs::write(file(&dir), damaged).unwrap();
            assert_eq!(read(dir.path()).unwrap(), None);
        }
        // A refresh brings a program in place of this one.
        fs::write(dir.path().join("dispatch"), "one").unwrap();
        write(dir.path(), b"note").unwrap();
        assert!(read(dir.path()).unwrap().is_some());
        fs::write(dir.path().join("two"), "two").unwrap();
        fs::rename(dir.path().join("two"), dir.path().join("dispatch")).unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
    }

    #[test]
    fn what_is_no_file_or_too_large_is_not_read_and_gives_way() {
        let dir = dir();
        let elsewhere = dir.path().join("elsewhere");
        write(dir.path(), b"note").unwrap();
        fs::rename(file(&dir), &elsewhere).unwrap();
        symlink(&elsewhere, file(&dir)).unwrap();
        symlink(&elsewhere, dir.path().join(NEW)).unwrap();
        assert_eq!(read(dir.path()).unwrap_err().to_string(), ".juju-ops-note is no file");
        let before = fs::read(&elsewhere).unwrap();
        write(dir.path(), b"own").unwrap();
        assert_eq!((read(dir.path()).unwrap().as_deref(), fs::read(&elsewhere).unwrap()), (Some(&b"own"[..]), before));

        fs::write(file(&dir), vec![b'x'; LIMIT + 1]).unwrap();
        assert_eq!(read(dir.path()).unwrap_err().to_string(), ".juju-ops-note has more than 262144 bytes");
        assert!(write(dir.path(), &vec![b'x'; LIMIT]).is_err());
        remove(dir.path()).unwrap();

        fs::create_dir(file(&dir)).unwrap();
        assert!(read(dir.path()).is_err() && write(dir.path(), b"own").is_err());
        // It says nothing, so nothing is left to remove.
        remove(dir.path()).unwrap();
        assert!(!dir.path().join(NEW).exists());
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_note_and_takes_none() {
        let absent = Path::new("/nowhere/at/all");
        assert_eq!(read(absent).unwrap(), None);
        assert!(write(absent, b"note").is_err());
        remove(absent).unwrap();
    }
}
