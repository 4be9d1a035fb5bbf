//! Building executables: those that the tests of this crate's own workspace and the demonstration run.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::SimError;

/// How an executable is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// As tests are built.
    Dev,
    /// Optimised; cargo's progress is shown on standard error.
    Release,
    /// As a charm of this workspace is packed: its profile `charm`, linked statically with musl, for which rustup
    /// installs the target. Progress is shown too.
    Charm,
}

/// The workspace that this crate was compiled in.
pub(crate) fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Whether there is still a workspace with this crate in a directory.
pub(crate) fn is_workspace(root: &Path) -> bool {
    fs::read_to_string(root.join("Cargo.toml")).is_ok_and(|text| text.contains("crates/juju-sim"))
}

/// Builds a package of this crate's own workspace with `cargo build`, and gives the path of its executable. Each is
/// built at most once per process.
///
/// For the workspace's own tests. Those of a charm elsewhere have no use for it: cargo gives them the path of their
/// executables in `CARGO_BIN_EXE_<name>`.
///
/// # Errors
/// Cargo fails, the package has no executable, or this crate was not compiled in its workspace.
pub fn binary(package: &str, profile: Profile) -> Result<PathBuf, SimError> {
    let root = workspace_root();
    if !is_workspace(&root) {
        let why = format!("{} is not the workspace of juju-sim", root.display());
        return Err(SimError::Build { package: package.to_owned(), why });
    }
    binary_in(&root, package, profile)
}

/// Calls `cargo build` in the root of a workspace, at most once per process where it succeeds.
pub(crate) fn binary_in(root: &Path, package: &str, profile: Profile) -> Result<PathBuf, SimError> {
    type Built = HashMap<(PathBuf, String, Profile), PathBuf>;
    static BUILT: Mutex<Option<Built>> = Mutex::new(None);
    // The lock is held while cargo runs: tests that need the same executable wait for it.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let built = built.get_or_insert_default();
    let key = (root.to_owned(), package.to_owned(), profile);
    if let Some(path) = built.get(&key) {
        return Ok(path.clone());
    }
    let path = build(root, package, profile)?;
    built.insert(key, path.clone());
    Ok(path)
}

fn build(root: &Path, package: &str, profile: Profile) -> Result<PathBuf, SimError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.current_dir(root);
    command.args(["build", "--message-format", "json-render-diagnostics", "--package", package]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    match profile {
        Profile::Dev => command.stderr(Stdio::piped()),
        Profile::Release => command.arg("--release").stderr(Stdio::inherit()),
        Profile::Charm => {
            let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
            let rustup = Command::new("rustup").args(["target", "add", &target]).current_dir(root).output();
            let added =
                rustup.map_err(|source| SimError::Process { act: "run", program: "rustup".to_owned(), source })?;
            if !added.status.success() {
                let why = String::from_utf8_lossy(&added.stderr).trim_end().to_owned();
                return Err(SimError::Build { package: package.to_owned(), why });
            }
            command.args(["--profile", "charm", "--target", &target]).stderr(Stdio::inherit())
        }
    };
    let program = cargo.to_string_lossy().into_owned();
    let output = command.output().map_err(|source| SimError::Process { act: "run", program, source })?;
    let fail = |why: String| SimError::Build { package: package.to_owned(), why };
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(fail(format!("cargo ended with {}\n{}", output.status, stderr.trim_end())));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    executable(&messages, package).ok_or_else(|| fail("it has no executable".to_owned()))
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The executable named for the package, else the only one there is.
fn executable(messages: &str, package: &str) -> Option<PathBuf> {
    let mut found = None;
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Message>(line) else { continue };
        let (Some(target), Some(path)) = (message.target, message.executable) else { continue };
        if message.reason != "compiler-artifact" || !target.kind.iter().any(|kind| kind == "bin") {
            continue;
        }
        if target.name == package {
            return Some(path);
        }
        found.get_or_insert(path);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_executable_in_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"magpie"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"other"},"executable":"/t/other"}
{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"magpie"},"executable":"/t/magpie"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "magpie"), Some(PathBuf::from("/t/magpie")));
        assert_eq!(executable(messages, "charm"), Some(PathBuf::from("/t/other")));
        assert_eq!(executable("", "charm"), None);
    }
}
