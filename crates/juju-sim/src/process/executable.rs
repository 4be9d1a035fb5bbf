//! What a hook or action runs, and why it cannot be started: in the words of Go, as Juju's agent asks Go's library.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jujuc::words;
use rustix::fs::{Access, access};

/// Juju's text when the agent finds no charm in its directory.
pub(super) const NO_CHARM: &str = "charm missing from disk";

/// What of the charm runs; none where it has nothing for it. `path` is the hook's or action's own file, such as
/// `hooks/install`.
///
/// # Errors
/// Why it cannot be started. Juju: what is there and cannot be run is not passed over.
pub(super) fn find(charm_dir: &Path, path: &str) -> Result<Option<PathBuf>, String> {
    for candidate in ["dispatch", path] {
        let candidate = charm_dir.join(candidate);
        if is_program(&candidate)? {
            return match is_format_error(&candidate) {
                true => Err(not_started(&candidate, "exec format error")),
                false => Ok(Some(candidate)),
            };
        }
    }
    Ok(None)
}

/// The text for a program that the system did not start.
pub(super) fn not_started(program: &Path, why: &str) -> String {
    format!("fork/exec {}: {why}", program.display())
}

/// Whether there is a program at a path, as Go's `exec.LookPath` sees it.
fn is_program(path: &Path) -> Result<bool, String> {
    let refuse = |why: &str| Err(format!("exec: {:?}: {why}", path.display().to_string()));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => refuse("is a directory"),
        Ok(_) => match access(path, Access::EXEC_OK) {
            Ok(()) => Ok(true),
            Err(error) => refuse(&words(&error.into())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => refuse(&format!("stat {}: {}", path.display(), words(&error))),
    }
}

/// Whether Linux would not know how to run a file. Asked here, because the C library's `execvp`, which the standard
/// library goes through, hands such a file to a shell, as Go does not.
fn is_format_error(path: &Path) -> bool {
    // One that may be run and not be read is left to the system.
    let Ok(head) = Head::read(path) else { return false };
    match head.bytes() {
        [b'#', b'!', rest @ ..] => {
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            line.iter().all(|byte| b" \t".contains(byte))
        }
        [0x7f, b'E', b'L', b'F', ..] => match (head.machine(), Head::read(Path::new("/proc/self/exe"))) {
            (Some(machine), Ok(own)) => !own.machine().is_none_or(|own| may_run(machine, own)),
            (Some(_), Err(_)) => false,
            (None, _) => true,
        },
        _ => true,
    }
}

/// The first bytes of a file.
struct Head {
    bytes: [u8; 256],
    length: usize,
}

/// What an ELF file is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Machine {
    /// The width of its words and the order of their bytes.
    words: [u8; 2],
    kind: [u8; 2],
}

impl Head {
    fn read(path: &Path) -> io::Result<Head> {
        let mut head = Head { bytes: [0; 256], length: 0 };
        let mut file = File::open(path)?;
        while head.length < head.bytes.len() {
            match file.read(&mut head.bytes[head.length..])? {
                0 => break,
                count => head.length += count,
            }
        }
        Ok(head)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn machine(&self) -> Option<Machine> {
        let two = |at: usize| self.bytes().get(at..at + 2)?.try_into().ok();
        Some(Machine { words: two(4)?, kind: two(18)? })
    }
}

/// Whether a program for one machine may run on another: it is the same, a smaller one of its kind, or an emulator is
/// registered.
fn may_run(program: Machine, own: Machine) -> bool {
    const X86: [u8; 2] = [3, 0];
    const X86_64: [u8; 2] = [62, 0];
    const NOT_EMULATORS: [&str; 2] = ["register", "status"];
    let emulators = || fs::read_dir("/proc/sys/fs/binfmt_misc").into_iter().flatten().flatten();
    program == own
        || (program.kind == X86 && own.kind == X86_64)
        || emulators().any(|entry| NOT_EMULATORS.iter().all(|name| entry.file_name() != *name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What is found of a charm whose `dispatch` has this content and mode, with `$CHARM` for its directory.
    fn found(content: &[u8], mode: u32) -> Result<Option<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dispatch");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let here = dir.path().to_str().unwrap();
        let said = |text: &str| text.replace(here, "$CHARM");
        match find(dir.path(), "hooks/install") {
            Ok(path) => Ok(path.map(|path| said(path.to_str().unwrap()))),
            Err(text) => Err(said(&text)),
        }
    }

    #[test]
    fn programs_and_scripts_are_found() {
        let program = Ok(Some("$CHARM/dispatch".to_owned()));
        assert_eq!(found(b"#!/bin/sh", 0o755), program);
        assert_eq!(found(b"#! /bin/sh -e\n", 0o100), program);
        assert_eq!(found(&fs::read("/proc/self/exe").unwrap(), 0o755), program);
    }

    #[test]
    fn what_cannot_be_run_is_told_in_gos_words() {
        assert_eq!(found(b"#!/bin/sh", 0o644), Err("exec: \"$CHARM/dispatch\": permission denied".to_owned()));
        for no_program in [&b""[..], b"echo", b"#!", b"#! \t\n/bin/sh", b"\x7fELF", b"#", b"\n#!/bin/sh"] {
            let text = "fork/exec $CHARM/dispatch: exec format error".to_owned();
            assert_eq!(found(no_program, 0o755), Err(text), "{no_program:?}");
        }
    }

    #[test]
    fn a_program_for_another_machine_is_not_given_to_a_shell() {
        let mut program = fs::read("/proc/self/exe").unwrap();
        let own = Machine { words: [program[4], program[5]], kind: [program[18], program[19]] };
        program[18..20].copy_from_slice(&[0xfe, 0xfe]);
        let emulated = may_run(Machine { kind: [0xfe, 0xfe], ..own }, own);
        assert_eq!(found(&program, 0o755).is_ok(), emulated);
    }

    #[test]
    fn without_dispatch_the_own_file_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let find = || find(dir.path(), "hooks/install");
        assert_eq!(find(), Ok(None));
        std::os::unix::fs::symlink("nowhere", dir.path().join("dispatch")).unwrap();
        assert_eq!(find(), Ok(None));
        fs::write(dir.path().join("hooks"), "").unwrap();
        let hook = dir.path().join("hooks/install").display().to_string();
        assert_eq!(find(), Err(format!("exec: {hook:?}: stat {hook}: not a directory")));
        fs::remove_file(dir.path().join("hooks")).unwrap();
        fs::create_dir_all(&hook).unwrap();
        assert_eq!(find(), Err(format!("exec: {hook:?}: is a directory")));
        fs::remove_dir(&hook).unwrap();
        fs::write(&hook, "#!/bin/sh").unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find(), Ok(Some(hook.into())));
    }
}
