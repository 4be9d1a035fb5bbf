use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::Result;

/// What a line of a weighed dispatch begins with.
pub(crate) const WEIGHED: &str = "weighed ";

/// The directory of a charm whose `dispatch` can be changed while there are units.
///
/// Each unit has a copy of the directory, in which symbolic links stay what they are: `dispatch` is one, to a link
/// outside that is the same for all units.
pub(crate) struct CharmDir {
    base: PathBuf,
    dispatch: PathBuf,
    weighed: Option<PathBuf>,
}

/// What runs for a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// The charm.
    Charm,
    /// The charm as the child of a program that tells what it took.
    Weighed,
}

impl CharmDir {
    /// A new directory under `base`, in which there is nothing but `dispatch`: this executable.
    pub(crate) fn create(base: &Path, dispatch: &Path) -> Result<Self> {
        if base.exists() {
            fs::remove_dir_all(base)?;
        }
        fs::create_dir_all(base.join("charm"))?;
        symlink(base.join("now"), base.join("charm/dispatch"))?;
        let dir = Self { base: base.to_owned(), dispatch: dispatch.to_owned(), weighed: None };
        dir.switch(Runs::Charm)?;
        Ok(dir)
    }

    /// As [`create`](Self::create), with a script.
    pub(crate) fn create_script(base: &Path, script: &str) -> Result<Self> {
        let path = base.join("script");
        let dir = Self::create(base, &path)?;
        write_script(&path, script)?;
        Ok(dir)
    }

    /// Lets dispatches be weighed, by a program that runs them, with its arguments.
    pub(crate) fn weighed_by(self, weigh: &Path, args: &str) -> Result<Self> {
        let path = self.base.join("weighed");
        write_script(&path, &format!("#!/bin/sh\nexec {} {args} {}\n", quoted(weigh), quoted(&self.dispatch)))?;
        Ok(Self { weighed: Some(path), ..self })
    }

    /// The charm's directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.base.join("charm")
    }

    /// Decides what runs for the next hooks, of any unit.
    pub(crate) fn switch(&self, to: Runs) -> Result<()> {
        let target = match to {
            Runs::Charm => self.dispatch.clone(),
            Runs::Weighed => self.weighed.clone().ok_or("nothing to weigh with")?,
        };
        let next = self.base.join("next");
        symlink(target, &next)?;
        Ok(fs::rename(next, self.base.join("now"))?)
    }
}

pub(crate) fn write_script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

/// A word for a shell.
pub(crate) fn quoted(word: &Path) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}
