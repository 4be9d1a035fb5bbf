use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_yaml::Value;

use super::archive;
use crate::cargo::{self, Profile};
use crate::process::belongings::Belongings;
use crate::{Charm, SimError};

/// The package of the workspace's charm.
const CHARM: &str = "magpie-charm";

/// The files of a charm; an unpacked one of our own goes away with it.
pub(super) struct Files {
    pub(super) dir: PathBuf,
    _unpacked: Option<Arc<Belongings>>,
}

impl Files {
    /// Of an unpacked charm, or of an archive, which is unpacked.
    pub(super) fn of_charm(path: &Path) -> Result<Files, SimError> {
        if path.is_dir() {
            return Ok(Files { dir: path.to_owned(), _unpacked: None });
        }
        let unpacked = Belongings::new()?;
        archive::unpack(path, unpacked.path())?;
        Ok(Files::of_temp(unpacked))
    }

    fn of_temp(unpacked: Arc<Belongings>) -> Files {
        Files { dir: unpacked.path().to_owned(), _unpacked: Some(unpacked) }
    }

    /// Whether there is a `dispatch` that cannot be run. Juju deploys such a charm, because only the modes of hooks are
    /// repaired, and then all of its hooks fail.
    pub(super) fn dispatch_lacks_mode(&self) -> bool {
        let dispatch = fs::metadata(self.dir.join("dispatch"));
        dispatch.is_ok_and(|dispatch| dispatch.is_file() && dispatch.permissions().mode() & 0o111 == 0)
    }
}

/// A charm ready to run.
pub(super) struct Layout {
    pub(super) charm: Charm,
    pub(super) files: Files,
}

impl Layout {
    /// An unpacked charm, or an archive, which is unpacked.
    pub(super) fn of_charm(path: &Path) -> Result<Layout, SimError> {
        let files = Files::of_charm(path)?;
        if files.dispatch_lacks_mode() {
            return Err(SimError::Charm("dispatch is stored without an executable mode".to_owned()));
        }
        Ok(Layout { charm: Charm::from_dir(&files.dir)?, files })
    }

    /// The charm of the workspace around the current directory, else of the one that this program was built in.
    pub(super) fn of_workspace() -> Result<Layout, SimError> {
        let own = || Some(cargo::workspace_root()).filter(|root| is_root(root));
        let Some(root) = find_root().or_else(own) else {
            let why = "no charm is here to be built; give one with --charm".to_owned();
            return Err(SimError::Build { package: CHARM.to_owned(), why });
        };
        let executable = cargo::binary_in(&root, CHARM, Profile::Release)?;
        let unpacked = Belongings::new()?;
        let dir = unpacked.path();
        let dispatch = dir.join("dispatch");
        fs::copy(&executable, &dispatch).map_err(SimError::file("copy", &executable))?;
        fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755))
            .map_err(SimError::file("chmod", &dispatch))?;
        for name in ["metadata.yaml", "config.yaml", "actions.yaml"] {
            if root.join(name).exists() {
                fs::copy(root.join(name), dir.join(name)).map_err(SimError::file("copy", root.join(name)))?;
            }
        }
        write_sections(&root, dir)?;
        Ok(Layout { charm: Charm::from_dir(dir)?, files: Files::of_temp(unpacked) })
    }
}

/// Writes what `charmcraft.yaml` has in place of `config.yaml` and `actions.yaml`, as charmcraft does.
fn write_sections(root: &Path, dir: &Path) -> Result<(), SimError> {
    let path = root.join("charmcraft.yaml");
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).map_err(SimError::file("read", &path))?;
    let yaml_error = |error| SimError::Charm(format!("charmcraft.yaml: {error}"));
    let project: Value = serde_yaml::from_str(&text).map_err(yaml_error)?;
    for section in ["config", "actions"] {
        let file = dir.join(format!("{section}.yaml"));
        if let (Some(value), false) = (project.get(section), file.exists()) {
            let text = serde_yaml::to_string(value).map_err(yaml_error)?;
            fs::write(&file, text).map_err(SimError::file("write", &file))?;
        }
    }
    Ok(())
}

fn find_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().find(|dir| is_root(dir)).map(Path::to_owned)
}

fn is_root(dir: &Path) -> bool {
    dir.join("Cargo.toml").exists() && dir.join("charm").is_dir() && dir.join("metadata.yaml").exists()
}
