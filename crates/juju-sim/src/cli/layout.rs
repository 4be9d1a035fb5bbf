use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_yaml::Value;
use tempfile::TempDir;

use super::archive;
use crate::cargo::{self, Profile};
use crate::{Charm, Error};

/// A charm ready to run; an unpacked one of our own goes away with it.
pub(super) struct Layout {
    pub(super) charm: Charm,
    pub(super) dir: PathBuf,
    _unpacked: Option<TempDir>,
}

impl Layout {
    /// An unpacked charm, or an archive, which is unpacked.
    pub(super) fn of_charm(path: &Path) -> Result<Layout, Error> {
        if path.is_dir() {
            return Ok(Layout { charm: Charm::from_dir(path)?, dir: path.to_owned(), _unpacked: None });
        }
        let unpacked = temp_dir()?;
        archive::unpack(path, unpacked.path())?;
        Layout::of_temp(unpacked)
    }

    /// The charm of the workspace around the current directory, else of the one that this program was built in.
    pub(super) fn of_workspace() -> Result<Layout, Error> {
        let root = find_root().unwrap_or_else(cargo::workspace_root);
        let executable = cargo::binary_in(&root, "magpie", Profile::Release)?;
        let unpacked = temp_dir()?;
        let dir = unpacked.path();
        let dispatch = dir.join("dispatch");
        fs::copy(&executable, &dispatch).map_err(Error::file("copy", &executable))?;
        fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755)).map_err(Error::file("chmod", &dispatch))?;
        for name in ["metadata.yaml", "config.yaml", "actions.yaml"] {
            if root.join(name).exists() {
                fs::copy(root.join(name), dir.join(name)).map_err(Error::file("copy", root.join(name)))?;
            }
        }
        write_sections(&root, dir)?;
        Layout::of_temp(unpacked)
    }

    fn of_temp(unpacked: TempDir) -> Result<Layout, Error> {
        let dir = unpacked.path().to_owned();
        Ok(Layout { charm: Charm::from_dir(&dir)?, dir, _unpacked: Some(unpacked) })
    }
}

/// Writes what `charmcraft.yaml` has in place of `config.yaml` and `actions.yaml`, as charmcraft does.
fn write_sections(root: &Path, dir: &Path) -> Result<(), Error> {
    let path = root.join("charmcraft.yaml");
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let yaml_error = |source| Error::Yaml { what: "charmcraft.yaml", source };
    let project: Value = serde_yaml::from_str(&text).map_err(yaml_error)?;
    for section in ["config", "actions"] {
        let file = dir.join(format!("{section}.yaml"));
        if let (Some(value), false) = (project.get(section), file.exists()) {
            let text = serde_yaml::to_string(value).map_err(yaml_error)?;
            fs::write(&file, text).map_err(Error::file("write", &file))?;
        }
    }
    Ok(())
}

fn find_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let is_root = |dir: &&Path| {
        dir.join("Cargo.toml").exists() && dir.join("charm").is_dir() && dir.join("metadata.yaml").exists()
    };
    here.ancestors().find(is_root).map(Path::to_owned)
}

fn temp_dir() -> Result<TempDir, Error> {
    tempfile::tempdir().map_err(Error::file("create a directory in", std::env::temp_dir()))
}
