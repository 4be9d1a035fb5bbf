//! Files that a caller names: `--file` and `-o`, relative to the caller's directory.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Where a `--file` is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// `-`.
    Stdin,
    /// A path.
    File(&'a str),
}

impl<'a> Source<'a> {
    /// The meaning of a `--file` that is not empty.
    pub(super) fn of(value: &'a str) -> Self {
        if value == "-" { Source::Stdin } else { Source::File(value) }
    }
}

/// Reads a whole regular file. Devices and pipes are refused: they would be the simulator's, not the caller's.
pub(super) fn read(path: &str, cwd: &Path) -> Result<Vec<u8>, String> {
    let path = absolute(path, cwd);
    let metadata = std::fs::metadata(&path).map_err(|error| failed("open", &path, &error))?;
    if metadata.is_dir() {
        return Err(format!("read {}: is a directory", path.display()));
    }
    if !metadata.is_file() {
        return Err(format!("open {}: not a regular file", path.display()));
    }
    std::fs::read(&path).map_err(|error| failed("open", &path, &error))
}

/// Creates or replaces a file; a device other than `/dev/null` and a pipe are refused.
pub(super) fn write(path: &str, cwd: &Path, bytes: &[u8]) -> Result<(), String> {
    let path = absolute(path, cwd);
    if let Ok(metadata) = std::fs::metadata(&path)
        && !metadata.is_file()
        && path != Path::new("/dev/null")
    {
        let reason = if metadata.is_dir() { "is a directory" } else { "not a regular file" };
        return Err(format!("open {}: {reason}", path.display()));
    }
    std::fs::write(&path, bytes).map_err(|error| failed("open", &path, &error))
}

/// The path of a file that Juju's agent looks for by itself, in its own directory. Nothing that a charm means is there:
/// a relative path finds nothing.
pub(super) fn of_agent(path: &str) -> Result<String, String> {
    let clean = absolute(path, Path::new("")).display().to_string();
    if clean.starts_with('/') { Ok(clean) } else { Err(format!("open {clean}: no such file or directory")) }
}

/// The path with `~/` and the caller's directory put in, and `.` and `..` taken out of the text.
fn absolute(path: &str, cwd: &Path) -> PathBuf {
    let home = path.strip_prefix("~/").and_then(|rest| Some(std::env::home_dir()?.join(rest)));
    let joined = home.unwrap_or_else(|| cwd.join(path));
    let mut clean = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The text of an operating system's error as Go words it.
fn failed(act: &str, path: &Path, error: &io::Error) -> String {
    let reason = match error.raw_os_error() {
        None => "invalid argument".to_owned(),
        Some(code) => {
            let text = error.to_string().replace(&format!(" (os error {code})"), "");
            let mut chars = text.chars();
            chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
        }
    };
    format!("{act} {}: {reason}", path.display())
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};
    use super::*;

    #[test]
    fn paths_are_the_callers() {
        let cwd = Path::new("/charm/dir");
        assert_eq!(absolute("a/./b", cwd), Path::new("/charm/dir/a/b"));
        assert_eq!(absolute("../../../x", cwd), Path::new("/x"));
        assert_eq!(absolute("/y//z", cwd), Path::new("/y/z"));
        assert_eq!(absolute("~user", cwd), Path::new("/charm/dir/~user"));
    }

    #[test]
    fn paths_of_the_agent_are_absolute() {
        assert_eq!(of_agent("/a/./b/../c").as_deref(), Ok("/a/c"));
        for path in ["a", "-", "./a", "b/../a"] {
            let clean = path.trim_start_matches("./").trim_start_matches("b/../");
            assert_eq!(of_agent(path), Err(format!("open {clean}: no such file or directory")));
        }
    }

    #[test]
    fn unreadable_files_are_run_errors() {
        for (path, text) in [
            ("none.yaml", "open /nowhere/none.yaml: no such file or directory"),
            ("/", "read /: is a directory"),
            ("/dev/zero", "open /dev/zero: not a regular file"),
            ("a\0b", "open /nowhere/a\0b: invalid argument"),
        ] {
            for name in ["relation-set", "state-set"] {
                let stderr = format!("ERROR {text}\n");
                check_args(&mut Fake::in_relation(), name, &["--file", path], None, 1, "", &stderr);
            }
        }
    }

    #[test]
    fn output_goes_to_the_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        std::fs::write(&path, "something longer than before").unwrap();
        check(&mut Fake::new(), &format!("is-leader --format json -o {}", path.display()), None, 0, "", "");
        assert_eq!(std::fs::read(&path).unwrap(), b"true\n");
        check(&mut Fake::new(), "is-leader --output=/dev/null", None, 0, "", "");
        check(&mut Fake::new(), "is-leader -o=", None, 1, "", "ERROR open /nowhere/=: no such file or directory\n");
        check(&mut Fake::new(), "is-leader --output=", None, 0, "True\n", "");
        check(&mut Fake::new(), "is-leader -o /", None, 1, "", "ERROR open /: is a directory\n");
    }
}
