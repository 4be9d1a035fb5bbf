use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::belongings::Belongings;
use crate::SimError;
use crate::jujuc;
use crate::model::Place;

/// Where the units' directories are in a directory that is kept.
pub(crate) const AGENTS: &str = "agents";
/// Where the charms are in it.
pub(crate) const CHARMS: &str = "charms";

/// The directories of the units, as they are on machines. All revisions of a charm share them: what a charm keeps in
/// its directory is still there after an upgrade.
#[derive(Debug)]
pub(crate) struct Ground {
    /// Made when it is first needed.
    own: OnceCell<Own>,
    /// Where the units' directories stay when this is gone, and the charms they came from.
    kept: Option<PathBuf>,
    /// Which charm each unit's directory has.
    laid: RefCell<BTreeMap<String, Rc<Source>>>,
}

/// What is there as long as the ground, and no longer.
#[derive(Debug)]
struct Own {
    belongings: Arc<Belongings>,
    /// The program that hook commands are links to.
    jujuc: PathBuf,
}

/// A charm as it is brought to the units.
#[derive(Debug)]
pub(super) struct Source {
    dir: PathBuf,
    /// All that it has, as paths in it.
    manifest: BTreeSet<PathBuf>,
}

impl Source {
    /// The charm in a directory. Its name is for the error.
    ///
    /// # Errors
    /// It has no code, as Juju finds when a local charm is deployed.
    pub(super) fn open(charm: &str, dir: &Path) -> Result<Source, SimError> {
        let dir = dir.canonicalize().map_err(SimError::file("find", dir))?;
        let mut manifest = BTreeSet::new();
        list(&dir, Path::new(""), &mut manifest).map_err(SimError::file("read", &dir))?;
        let has_hooks = manifest.iter().any(|path| path.parent() == Some(Path::new("hooks")));
        if !has_hooks && !manifest.contains(Path::new("dispatch")) {
            return Err(SimError::NoCode(charm.to_owned()));
        }
        Ok(Source { dir, manifest })
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.manifest.contains(Path::new(path))
    }

    /// Copies the charm to a unit's directory, over the one that is there. What only the old one had is removed; what
    /// the charm itself has made stays.
    fn lay(&self, old: Option<&Source>, to: &Path) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for path in old.map(|old| old.manifest.difference(&self.manifest)).into_iter().flatten() {
            let path = to.join(path);
            // A directory that the charm has made a link of leads elsewhere.
            if path.parent().is_some_and(|parent| parent.canonicalize().is_ok_and(|real| real == parent)) {
                clear(&path)?;
            }
        }
        for path in &self.manifest {
            // Files keep their permissions, links stay what they are; sockets, pipes and devices are left out.
            let (from, to) = (self.dir.join(path), to.join(path));
            let kind = from.symlink_metadata()?.file_type();
            if kind.is_dir() {
                if !to.symlink_metadata().is_ok_and(|there| there.is_dir()) {
                    clear(&to)?;
                    fs::create_dir(&to)?;
                }
            } else if kind.is_symlink() {
                clear(&to)?;
                symlink(fs::read_link(&from)?, &to)?;
            } else if kind.is_file() {
                // A program that still runs cannot be written to, and a link that the charm has made is not followed.
                clear(&to)?;
                fs::copy(&from, &to)?;
                if path.parent() == Some(Path::new("hooks")) {
                    make_executable(&to)?;
                }
            }
        }
        Ok(())
    }
}

impl Ground {
    pub(super) fn new() -> Result<Ground, SimError> {
        let ground = Ground { own: OnceCell::new(), kept: None, laid: RefCell::default() };
        ground.own()?;
        Ok(ground)
    }

    /// Ground whose directories stay: those of the units in `agents`, beside the charms in `charms`.
    #[cfg(feature = "cli")]
    pub(crate) fn kept(dir: &Path) -> Result<Ground, SimError> {
        let dir = dir.canonicalize().map_err(SimError::file("find", dir))?;
        Ok(Ground { own: OnceCell::new(), kept: Some(dir), laid: RefCell::default() })
    }

    fn own(&self) -> Result<&Own, SimError> {
        if let Some(own) = self.own.get() {
            return Ok(own);
        }
        let belongings = Belongings::new()?;
        let jujuc = belongings.path().join("jujuc");
        let installed = install(&jujuc);
        installed.map_err(|source| SimError::Process { act: "run", program: jujuc.display().to_string(), source })?;
        Ok(self.own.get_or_init(|| Own { belongings, jujuc }))
    }

    /// The program that hook commands are links to.
    pub(super) fn jujuc(&self) -> io::Result<&Path> {
        self.own().map(|own| own.jujuc.as_path()).map_err(io::Error::other)
    }

    pub(super) fn belongings(&self) -> io::Result<&Belongings> {
        self.own().map(|own| own.belongings.as_ref()).map_err(io::Error::other)
    }

    /// A unit's directories, with this charm in them.
    pub(super) fn place(&self, unit: &str, source: &Rc<Source>) -> io::Result<Place> {
        let tag = Place::tag(unit);
        let place = match &self.kept {
            None => {
                let agent_dir = self.belongings()?.path().join(&tag);
                Place::of_agent(agent_dir.clone(), agent_dir.join("tools"))
            }
            // The address of a socket is short, and what the hook commands lead to is gone with this.
            Some(kept) => Place {
                socket: self.belongings()?.path().join(format!("{tag}.socket")),
                ..Place::of_agent(kept.join(AGENTS).join(&tag), self.belongings()?.path().join(format!("{tag}-tools")))
            },
        };
        let laid = match self.laid.borrow().get(unit) {
            Some(laid) => Some(laid.clone()),
            None => self.laid_before(&tag),
        };
        if laid.as_ref().is_none_or(|laid| !Rc::ptr_eq(laid, source) && laid.dir != source.dir) {
            for dir in [&place.agent_dir, &place.resources_dir, &place.deployer_dir] {
                fs::create_dir_all(dir)?;
            }
            source.lay(laid.as_deref(), &place.charm_dir)?;
            // Last, so that a copy that broke off is made anew.
            if let Some(mark) = self.mark(&tag) {
                let id = source.dir.file_name().unwrap_or_default();
                fs::write(mark, id.as_encoded_bytes())?;
            }
        }
        fs::create_dir_all(&place.tools_dir)?;
        self.laid.borrow_mut().insert(unit.to_owned(), source.clone());
        Ok(place)
    }

    /// The file that says which charm a unit's directory has.
    fn mark(&self, tag: &str) -> Option<PathBuf> {
        self.kept.as_ref().map(|kept| kept.join(AGENTS).join(tag).join("laid"))
    }

    /// The charm that a unit's directory had when this was made.
    fn laid_before(&self, tag: &str) -> Option<Rc<Source>> {
        let id = fs::read_to_string(self.mark(tag)?).ok()?;
        let dir = self.kept.as_ref()?.join(CHARMS).join(&id);
        // A charm that is gone is not there to be compared with: all of the new one is laid.
        Path::new(&id).file_name().and_then(|_| Source::open("", &dir).ok()).map(Rc::new)
    }
}

/// Puts the program of the hook commands at a path, and sees that it can be run from there.
pub(crate) fn install(path: &Path) -> io::Result<()> {
    const TRIES: u32 = 100;
    fs::write(path, jujuc::EXECUTABLE)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut tries = 0;
    loop {
        match command.status() {
            // Another thread's child, between its fork and its exec, still holds it open for writing. A charm would find
            // it so.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < TRIES => {
                tries += 1;
                thread::sleep(Duration::from_millis(5));
            }
            ran => return ran.map(drop),
        }
    }
}

fn list(dir: &Path, inner: &Path, into: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir.join(inner))? {
        let entry = entry?;
        let path = inner.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(dir, &path, into)?;
        }
        into.insert(path);
    }
    Ok(())
}

/// Makes a path free.
fn clear(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Juju: the files in `hooks` need not be stored as executable; `dispatch` has to be.
fn make_executable(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_mode(permissions.mode() | 0o100);
    fs::set_permissions(path, permissions)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn source(files: &[(&str, &str)]) -> (TempDir, Rc<Source>) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let source = Rc::new(Source::open("app", dir.path()).unwrap());
        (dir, source)
    }

    #[test]
    fn an_upgrade_replaces_the_charm_and_keeps_what_it_has_made() {
        let (_old_dir, old) = source(&[("dispatch", "1"), ("lib/old", ""), ("lib/both", "1"), ("kind/x", "")]);
        let (_new_dir, new) = source(&[("dispatch", "2"), ("lib/both", "2"), ("lib/new/x", ""), ("kind", "file")]);
        let ground = Ground::new().unwrap();
        let place = ground.place("app/0", &old).unwrap();
        let charm = |path: &str| fs::read_to_string(place.charm_dir.join(path)).ok();
        let mine = || Some("mine".to_owned());
        fs::write(place.charm_dir.join(".unit-state.db"), "mine").unwrap();
        fs::write(place.resources_dir.join("r"), "mine").unwrap();
        // It may have put links where the charm had files and directories.
        fs::create_dir(place.charm_dir.join("own")).unwrap();
        fs::write(place.charm_dir.join("own/x"), "mine").unwrap();
        fs::remove_dir_all(place.charm_dir.join("kind")).unwrap();
        symlink("own", place.charm_dir.join("kind")).unwrap();
        fs::remove_file(place.charm_dir.join("lib/both")).unwrap();
        symlink("../.unit-state.db", place.charm_dir.join("lib/both")).unwrap();
        assert_eq!(ground.place("app/0", &old).unwrap().charm_dir, place.charm_dir);
        assert_eq!(charm("dispatch").unwrap(), "1");

        ground.place("app/0", &new).unwrap();
        assert_eq!(["dispatch", "lib/both", "lib/new/x", "kind"].map(|p| charm(p).unwrap()), ["2", "2", "", "file"]);
        assert_eq!((charm("lib/old"), charm(".unit-state.db"), charm("own/x")), (None, mine(), mine()));
        assert!(place.resources_dir.join("r").exists() && place.deployer_dir.is_dir());
    }

    #[test]
    fn a_charm_without_code_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Source::open("app", dir.path()).map(drop).map_err(|error| error.to_string());
        let refused = Err("invalid charm \"app\": has no hooks nor dispatch file".to_owned());
        assert_eq!(open(), refused);
        fs::create_dir(dir.path().join("hooks")).unwrap();
        assert_eq!(open(), refused);
        fs::write(dir.path().join("hooks/install"), "").unwrap();
        assert_eq!(open(), Ok(()));
        let missing = Source::open("app", Path::new("/nowhere")).unwrap_err().to_string();
        assert_eq!(missing, "find /nowhere: No such file or directory (os error 2)");
    }

    #[test]
    fn hooks_become_executable() {
        let (_dir, source) = source(&[("hooks/install", ""), ("src/x", "")]);
        let ground = Ground::new().unwrap();
        let place = ground.place("app/0", &source).unwrap();
        let mode = |path: &str| fs::metadata(place.charm_dir.join(path)).unwrap().permissions().mode() & 0o100;
        assert_eq!([mode("hooks/install"), mode("src/x")], [0o100, 0]);
    }
}
