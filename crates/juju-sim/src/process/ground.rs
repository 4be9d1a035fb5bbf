use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
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
use crate::command::NAMES;
use crate::model::Place;
use crate::systemd;

/// Where the units' directories are in a directory that is kept.
#[cfg(feature = "cli")]
pub(crate) const AGENTS: &str = "agents";
/// Where the charms are in it.
#[cfg(feature = "cli")]
pub(crate) const CHARMS: &str = "charms";
/// The directory of the hook commands.
const TOOLS: &str = "tools";
/// The file that says which of the charms a unit's directory has.
const LAID: &str = "laid";

/// The directories of the units, as they are on machines. All revisions of a charm share them: what a charm keeps in
/// its directory is still there after an upgrade.
#[derive(Debug)]
pub(crate) struct Ground {
    /// Made when it is first needed; a copy has that of its original.
    own: OnceCell<Rc<Own>>,
    base: Base,
    /// The directory of charms that were deployed before, where there are such.
    charms: Option<PathBuf>,
    /// Why the directories could not be copied.
    flaw: Option<String>,
    /// Which charm each unit's directory has.
    laid: RefCell<BTreeMap<String, Rc<Source>>>,
}

/// Where the units' directories are.
#[derive(Debug)]
enum Base {
    /// In what is there as long as the ground.
    Own,
    /// In a directory in that: a copy of another ground.
    Copy(PathBuf),
    /// In a directory that stays.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "the command line keeps them"))]
    Kept(PathBuf),
}

/// What is there as long as the ground and its copies, and no longer.
#[derive(Debug)]
struct Own {
    belongings: Arc<Belongings>,
    /// The program that hook commands are links to.
    jujuc: PathBuf,
    /// The directories with these links, each by the names that are left out in it.
    tools: RefCell<BTreeMap<Vec<&'static str>, PathBuf>>,
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
        let ground = Ground::at(Base::Own, None);
        ground.own()?;
        Ok(ground)
    }

    /// Ground whose directories stay: those of the units in `agents`, beside the charms in `charms`.
    #[cfg(feature = "cli")]
    pub(crate) fn kept(dir: &Path) -> Result<Ground, SimError> {
        let dir = dir.canonicalize().map_err(SimError::file("find", dir))?;
        Ok(Ground::at(Base::Kept(dir.join(AGENTS)), Some(dir.join(CHARMS))))
    }

    fn at(base: Base, charms: Option<PathBuf>) -> Ground {
        Ground { own: OnceCell::new(), base, charms, flaw: None, laid: RefCell::default() }
    }

    fn own(&self) -> Result<&Rc<Own>, SimError> {
        if let Some(own) = self.own.get() {
            return Ok(own);
        }
        let belongings = Belongings::new()?;
        let jujuc = belongings.path().join("jujuc");
        let installed = install(&jujuc);
        installed.map_err(|source| SimError::Process { act: "run", program: jujuc.display().to_string(), source })?;
        Ok(self.own.get_or_init(|| Rc::new(Own { belongings, jujuc, tools: RefCell::default() })))
    }

    /// A directory with the links of all hook commands but these. Units and copies share it: to make one takes half a
    /// hundred files.
    pub(super) fn tools(&self, absent: Vec<&'static str>) -> io::Result<PathBuf> {
        let own = self.own().map_err(io::Error::other)?;
        if let Some(dir) = own.tools.borrow().get(&absent) {
            return Ok(dir.clone());
        }
        let dir = own.belongings.path().join(match absent.is_empty() {
            true => TOOLS.to_owned(),
            false => format!("{TOOLS}-{}", own.tools.borrow().len()),
        });
        fs::create_dir(&dir)?;
        for name in NAMES.iter().chain(systemd::NAMES).filter(|name| !absent.contains(name)) {
            symlink(&own.jujuc, dir.join(name))?;
        }
        own.tools.borrow_mut().insert(absent, dir.clone());
        Ok(dir)
    }

    pub(super) fn belongings(&self) -> io::Result<&Belongings> {
        self.own().map(|own| own.belongings.as_ref()).map_err(io::Error::other)
    }

    /// The directory of the units' directories.
    pub(super) fn dir(&self) -> io::Result<&Path> {
        match &self.base {
            Base::Own => Ok(self.belongings()?.path()),
            Base::Copy(dir) | Base::Kept(dir) => Ok(dir),
        }
    }

    /// The same directories once more, for a model that goes on on its own.
    fn copy(&self) -> Ground {
        let (dir, flaw) = match self.try_copy() {
            Ok(dir) => (dir, None),
            Err(error) => (PathBuf::new(), Some(format!("the directories of a fork cannot be made: {error}"))),
        };
        let laid = self.laid.clone();
        Ground { own: self.own.clone(), base: Base::Copy(dir), charms: self.charms.clone(), flaw, laid }
    }

    fn try_copy(&self) -> io::Result<PathBuf> {
        let belongings = self.belongings()?.path();
        let mut number = 0_u32;
        let dir = loop {
            // Short: the address of a socket has little room.
            let dir = belongings.join(format!("f{number}"));
            match fs::create_dir(&dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                result => break result.map(|()| dir)?,
            }
        };
        let tags: Vec<OsString> = match &self.base {
            Base::Kept(agents) => {
                fs::read_dir(agents)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?
            }
            _ => self.laid.borrow().keys().map(|unit| Place::tag(unit).into()).collect(),
        };
        for tag in tags {
            copy_all(&self.dir()?.join(&tag), &dir.join(&tag))?;
        }
        Ok(dir)
    }

    /// A unit's directories, with this charm in them.
    pub(super) fn place(&self, unit: &str, source: &Rc<Source>) -> io::Result<Place> {
        if let Some(flaw) = &self.flaw {
            return Err(io::Error::other(flaw.clone()));
        }
        let tag = Place::tag(unit);
        let agent_dir = self.dir()?.join(&tag);
        let mut place = Place::of_agent(agent_dir, self.belongings()?.path().join(TOOLS));
        if let Base::Kept(_) = &self.base {
            // The address of a socket is short.
            place.socket = self.belongings()?.path().join(format!("{tag}.socket"));
        }
        let laid = match self.laid.borrow().get(unit) {
            Some(laid) => Some(laid.clone()),
            None => self.laid_before(&place),
        };
        if laid.as_ref().is_none_or(|laid| !Rc::ptr_eq(laid, source) && laid.dir != source.dir) {
            for dir in [&place.agent_dir, &place.resources_dir, &place.deployer_dir] {
                fs::create_dir_all(dir)?;
            }
            source.lay(laid.as_deref(), &place.charm_dir)?;
            // Last, so that a copy that broke off is made anew.
            if self.charms.is_some() {
                let id = source.dir.file_name().unwrap_or_default();
                fs::write(place.agent_dir.join(LAID), id.as_encoded_bytes())?;
            }
        }
        self.laid.borrow_mut().insert(unit.to_owned(), source.clone());
        Ok(place)
    }

    /// The charm that a unit's directory had when this was made.
    fn laid_before(&self, place: &Place) -> Option<Rc<Source>> {
        let charms = self.charms.as_ref()?;
        let id = fs::read_to_string(place.agent_dir.join(LAID)).ok()?;
        // A charm that is gone is not there to be compared with: all of the new one is laid.
        Path::new(&id).file_name().and_then(|name| Source::open("", &charms.join(name)).ok()).map(Rc::new)
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

/// The copies that a fork has of the grounds of its original: one of each, however many revisions share it.
#[derive(Debug, Default)]
pub(crate) struct Copies(Vec<(Rc<Ground>, Rc<Ground>)>);

impl Copies {
    pub(super) fn of(&mut self, ground: &Rc<Ground>) -> Rc<Ground> {
        if let Some((_, copy)) = self.0.iter().find(|(original, _)| Rc::ptr_eq(original, ground)) {
            return copy.clone();
        }
        let copy = Rc::new(ground.copy());
        self.0.push((ground.clone(), copy.clone()));
        copy
    }
}

/// Copies a directory: files with their permissions, links as they are. Sockets and pipes are left out.
fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, from, to) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_all(&from, &to)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&from)?, &to)?;
        } else if kind.is_file() {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
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
    fn a_copy_has_what_the_charm_has_made_and_goes_on_on_its_own() {
        let (_dir, source) = source(&[("dispatch", "1"), ("lib/x", "")]);
        let ground = Rc::new(Ground::new().unwrap());
        let place = ground.place("app/0", &source).unwrap();
        fs::write(place.charm_dir.join("made"), "before").unwrap();
        symlink("made", place.charm_dir.join("link")).unwrap();
        let mut copies = Copies::default();
        let copy = copies.of(&ground);
        assert!(Rc::ptr_eq(&copy, &copies.of(&ground)));
        let other = copy.place("app/0", &source).unwrap();
        fs::write(place.charm_dir.join("made"), "after").unwrap();
        let made = |place: &Place, path: &str| fs::read_to_string(place.charm_dir.join(path)).unwrap();
        assert_eq!(
            (made(&place, "link"), made(&other, "link"), made(&other, "dispatch")),
            ("after".to_owned(), "before".to_owned(), "1".to_owned())
        );
        // And a unit that comes later has its own in both.
        let (one, two) = (ground.place("app/1", &source).unwrap(), copy.place("app/1", &source).unwrap());
        assert_ne!(one.charm_dir, two.charm_dir);
        assert_ne!(Copies::default().of(&copy).place("app/0", &source).unwrap().charm_dir, other.charm_dir);
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
