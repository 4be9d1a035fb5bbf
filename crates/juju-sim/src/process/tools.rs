//! Finding the `juju-sim` executable, which is the hook commands.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::wire;
use crate::SimError;
use crate::cargo;

/// The one argument to which the executable answers with the version of the protocol that it speaks.
pub(crate) const QUESTION: &str = "--hook-command-protocol";
const NAME: &str = "juju-sim";

/// The executable for the hook commands.
///
/// # Errors
/// What to do, where there is none.
pub(crate) fn find() -> Result<PathBuf, SimError> {
    let surroundings = Surroundings {
        variable: std::env::var_os("JUJU_SIM"),
        current: std::env::current_exe().ok(),
        manifest_dir: std::env::var_os("CARGO_MANIFEST_DIR"),
        path: std::env::var_os("PATH"),
        root: cargo::workspace_root(),
    };
    surroundings.find(&cargo::dependency_in)
}

/// Refuses an executable that is not `juju-sim`, or not one that fits this library: what the two say to each other is
/// private to one version.
pub(super) fn check(path: &Path) -> Result<(), SimError> {
    let refuse = |why: String| Err(SimError::Tools(why));
    let run = Command::new(path).arg(QUESTION).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = run.map_err(|source| SimError::Process { act: "run", program: path.display().to_string(), source })?;
    let (theirs, ours) = (String::from_utf8_lossy(&output.stdout), wire::version());
    if theirs.trim_end() == ours {
        return Ok(());
    }
    let advice = advice();
    match output.status.success() && theirs.lines().count() == 1 {
        true => refuse(format!(
            "{} is of another juju-sim ({}) than this library ({ours}): {advice}",
            path.display(),
            theirs.trim_end()
        )),
        false => refuse(format!("{} is not the juju-sim of this library ({ours}): {advice}", path.display())),
    }
}

/// What to do without the executable. Where this library came from, its command line is too.
fn advice() -> String {
    let source = env!("CARGO_MANIFEST_DIR");
    format!("install it with \"cargo install --path {source}\", or set JUJU_SIM to where it is")
}

/// What is around this process.
struct Surroundings {
    variable: Option<OsString>,
    /// This process's executable.
    current: Option<PathBuf>,
    /// The package that cargo runs.
    manifest_dir: Option<OsString>,
    path: Option<OsString>,
    /// The workspace that this crate was compiled in.
    root: PathBuf,
}

impl Surroundings {
    /// The executable, which `build` makes for the package in a directory that depends on this crate.
    fn find(&self, build: &dyn Fn(&Path) -> Result<PathBuf, SimError>) -> Result<PathBuf, SimError> {
        if let Some(variable) = self.variable.as_ref().filter(|variable| !variable.is_empty()) {
            let path = PathBuf::from(variable);
            return match is_executable(&path) {
                true => Ok(path),
                false => Err(SimError::Tools(format!("JUJU_SIM: {} is not an executable file", path.display()))),
            };
        }
        if let Some(current) = self.current.as_ref().filter(|path| path.file_name().is_some_and(|name| name == NAME)) {
            return Ok(current.clone());
        }
        // Before what is beside: that may be what another commit has left behind.
        let unbuilt = match self.to_build_for().map(build) {
            Some(Ok(path)) => return Ok(path),
            Some(Err(error)) if self.in_workspace() => return Err(error),
            Some(Err(error)) => format!("\n{error}"),
            None => String::new(),
        };
        // Cargo has executables in `target/debug`, and those of tests in `target/debug/deps`.
        let beside = self.current.iter().flat_map(|current| current.ancestors().skip(1).take(2)).map(Path::to_owned);
        let path = self.path.iter().flat_map(std::env::split_paths).filter(|dir| dir.is_absolute());
        let found = beside.chain(path).map(|dir| dir.join(NAME)).find(|path| is_executable(path));
        found.ok_or_else(|| SimError::Tools(format!("no juju-sim executable: {}{unbuilt}", advice())))
    }

    /// The directory of the package whose dependency the executable can be built as: the one that cargo runs. Where
    /// cargo runs none, a program of the workspace that this crate was compiled in has that.
    fn to_build_for(&self) -> Option<&Path> {
        let running = self.manifest_dir.as_deref().map(Path::new);
        running.or_else(|| self.in_workspace().then_some(self.root.as_path()))
    }

    /// Whether this is a test or a program of the workspace that this crate was compiled in.
    fn in_workspace(&self) -> bool {
        let manifest_dir = self.manifest_dir.as_ref().map(Path::new);
        let inside =
            [manifest_dir, self.current.as_deref()].into_iter().flatten().any(|path| path.starts_with(&self.root));
        inside && cargo::is_workspace(&self.root)
    }
}

pub(super) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// An executable of this text at a path in a directory.
    fn executable(dir: &TempDir, path: &str, text: &str) -> PathBuf {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn outside(dir: &TempDir) -> Surroundings {
        Surroundings {
            variable: None,
            current: Some(dir.path().join("target/debug/deps/it-123")),
            manifest_dir: Some(dir.path().into()),
            path: Some(dir.path().join("bin").into()),
            root: dir.path().join("registry"),
        }
    }

    /// Cargo where it can build nothing.
    fn fails(dir: &Path) -> Result<PathBuf, SimError> {
        Err(SimError::Build { package: NAME.to_owned(), why: format!("not in {}", dir.display()) })
    }

    #[test]
    fn the_first_that_there_is_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let mut around = outside(&dir);
        let nothing = around.find(&fails).unwrap_err().to_string();
        let source = env!("CARGO_MANIFEST_DIR");
        let advice = format!("install it with \"cargo install --path {source}\", or set JUJU_SIM to where it is");
        let unbuilt = format!("build package juju-sim: not in {}", dir.path().display());
        assert_eq!(nothing, format!("no juju-sim executable: {advice}\n{unbuilt}"));
        let on_path = executable(&dir, "bin/juju-sim", "");
        assert_eq!(around.find(&fails).unwrap(), on_path);
        let above = executable(&dir, "target/debug/juju-sim", "");
        assert_eq!(around.find(&fails).unwrap(), above);
        let beside = executable(&dir, "target/debug/deps/juju-sim", "");
        assert_eq!(around.find(&fails).unwrap(), beside);
        // What was built fits; the others may be of another commit.
        assert_eq!(around.find(&|dir| Ok(dir.join("built"))).unwrap(), dir.path().join("built"));
        around.current = Some(above.clone());
        assert_eq!(around.find(&|_| panic!("it is one itself")).unwrap(), above);
        around.variable = Some(on_path.clone().into());
        assert_eq!(around.find(&|_| panic!("it was told")).unwrap(), on_path);
        around.variable = Some(dir.path().into());
        let bad = around.find(&fails).unwrap_err().to_string();
        assert_eq!(bad, format!("JUJU_SIM: {} is not an executable file", dir.path().display()));
    }

    #[test]
    fn it_is_built_for_the_package_that_cargo_runs() {
        let dir = tempfile::tempdir().unwrap();
        let mut around = outside(&dir);
        let beside = executable(&dir, "target/debug/juju-sim", "");
        fs::create_dir(&around.root).unwrap();
        fs::write(around.root.join("Cargo.toml"), "members = [\"crates/juju-sim\"]").unwrap();
        let built = |dir: &Path| Ok(dir.join("built"));
        // A package elsewhere wants nothing built in a workspace that it depends on a crate of.
        assert_eq!(around.find(&built).unwrap(), dir.path().join("built"));
        // A program that is run by hand takes what is there.
        around.manifest_dir = None;
        assert_eq!(around.find(&built).unwrap(), beside);
        let member = around.root.join("crates/x");
        around.manifest_dir = Some(member.clone().into());
        assert_eq!(around.find(&built).unwrap(), member.join("built"));
        assert!(matches!(around.find(&fails), Err(SimError::Build { .. })));
        around.manifest_dir = None;
        around.current = Some(around.root.join("target/debug/deps/it-123"));
        assert_eq!(around.find(&built).unwrap(), around.root.join("built"));
        fs::write(around.root.join("Cargo.toml"), "").unwrap();
        assert!(around.find(&built).is_err());
    }

    #[test]
    fn one_of_another_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let check = |text: &str| check(&executable(&dir, "juju-sim", text)).map_err(|error| error.to_string());
        let ours = wire::version();
        assert_eq!(check(&format!("#!/bin/sh\necho {ours}\n")), Ok(()));
        let path = dir.path().join("juju-sim");
        let advice = advice();
        let text = check("#!/bin/sh\necho 0.0.1 abc\n").unwrap_err();
        let start = format!("{} is of another juju-sim (0.0.1 abc) than this library ({ours}): ", path.display());
        assert!(text.starts_with(&start) && text.ends_with(&advice), "{text}");
        for other in ["#!/bin/sh\nexit 2\n", "#!/bin/sh\necho a; echo b\n", "#!/bin/true\n"] {
            let text = check(other).unwrap_err();
            assert!(text.starts_with(&format!("{} is not the juju-sim of", path.display())), "{text}");
        }
        assert!(check("#!/nowhere").unwrap_err().starts_with("run "));
    }
}
