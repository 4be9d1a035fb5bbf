use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::Result;

/// What a line of a weighed dispatch begins with.
pub(crate) const WEIGHT: &str = "max-rss-kib ";

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
    /// The charm within a script that tells its peak memory.
    Weighed,
    /// A script that does nothing.
    Idle,
}

impl CharmDir {
    /// A new directory under `base`, in which there is nothing but `dispatch`: this executable.
    pub(crate) fn create(base: &Path, dispatch: &Path) -> Result<Self> {
        if base.exists() {
            fs::remove_dir_all(base)?;
        }
        fs::create_dir_all(base.join("charm"))?;
        write_script(&base.join("idle"), "#!/bin/sh\n")?;
        symlink(base.join("now"), base.join("charm/dispatch"))?;
        let dir = Self { base: base.to_owned(), dispatch: dispatch.to_owned(), weighed: None };
        dir.switch(Runs::Idle)?;
        Ok(dir)
    }

    /// As [`create`](Self::create), with a script.
    pub(crate) fn create_script(base: &Path, script: &str) -> Result<Self> {
        let path = base.join("script");
        let dir = Self::create(base, &path)?;
        write_script(&path, script)?;
        Ok(dir)
    }

    /// Lets dispatches be weighed, by a Python interpreter.
    pub(crate) fn weighed_by(self, python: &Path) -> Result<Self> {
        let path = self.base.join("weighed");
        // The shell is replaced by Python, which so inherits what the shell knows of its children. Were Python the
        // one to start the charm, its own memory would be counted: Linux counts what was before the exec.
        let program = format!(
            "import resource, sys\n\
             print(\"{WEIGHT}\", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, sep=\"\")\n\
             sys.exit(int(sys.argv[1]))"
        );
        let (charm, python, program) = (quoted(&self.dispatch), quoted(python), quoted(Path::new(&program)));
        write_script(&path, &format!("#!/bin/sh\n{charm}\nexec {python} -I -S -c {program} $?\n"))?;
        Ok(Self { weighed: Some(path), ..self })
    }

    /// The charm's directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.base.join("charm")
    }

    pub(crate) fn can_weigh(&self) -> bool {
        self.weighed.is_some()
    }

    /// Decides what runs for the next hooks, of any unit.
    pub(crate) fn switch(&self, to: Runs) -> Result<()> {
        let target = match to {
            Runs::Charm => self.dispatch.clone(),
            Runs::Weighed => self.weighed.clone().ok_or("no Python to weigh with")?,
            Runs::Idle => self.base.join("idle"),
        };
        let next = self.base.join("next");
        symlink(target, &next)?;
        Ok(fs::rename(next, self.base.join("now"))?)
    }
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

/// A word for a shell.
pub(crate) fn quoted(word: &Path) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}
