use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::SimError;

/// The crates that a new charm depends on, or they do, and that are released together with this program.
const NAMES: [&str; 3] = ["juju-ops", "juju-sim", "jujuc"];

/// The part of a `Cargo.toml` that takes the crates from a directory in place of crates.io. The paths are relative to
/// the project where the directory is within it.
///
/// # Errors
/// The directory has not got them.
pub(super) fn patch(dir: &Path, project: &Path) -> Result<String, SimError> {
    let dir = dir.canonicalize().map_err(SimError::file("find", dir))?;
    let mut text = "\n# Until the crates are on crates.io.\n[patch.crates-io]\n".to_owned();
    for name in NAMES {
        let path = find(&dir, name).ok_or_else(|| {
            let why = format!("neither a checkout of juju-ops nor a directory of packages: it has no {name}");
            SimError::Init { what: format!("use the crates in {}", dir.display()), why }
        })?;
        let path = path.strip_prefix(project).unwrap_or(&path);
        let _ = writeln!(text, "{name} = {{ path = {} }}", quoted(path)?);
    }
    Ok(text)
}

/// Whether what is there is packed with the project.
pub(super) fn is_within(dir: &Path, project: &Path) -> bool {
    dir.canonicalize().is_ok_and(|dir| dir.starts_with(project))
}

/// The crate in a checkout, or its package.
fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    let version = env!("CARGO_PKG_VERSION");
    let places = [dir.join("crates").join(name), dir.join(format!("{name}-{version}")), dir.join(name)];
    places.into_iter().find(|place| place.join("Cargo.toml").is_file())
}

/// A path as a string of TOML, whose escapes are among those of JSON.
fn quoted(path: &Path) -> Result<String, SimError> {
    let refuse = || SimError::Init { what: format!("name {}", path.display()), why: "it is not UTF-8".to_owned() };
    Ok(serde_json::Value::from(path.to_str().ok_or_else(refuse)?).to_string())
}
