//! Where models are kept: a directory, in which a killed command leaves nothing half done.

mod disk;
mod documents;
mod history;
mod lock;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub(super) use disk::Disk;
pub(super) use documents::Documents;
pub(super) use history::{Extent, History};

use crate::SimError;
use crate::process::orphans;
use lock::Lock;

/// The form of the index. One of a later form is not touched.
const FORM: u32 = 1;
const INDEX: &str = "index.json";
const MODELS: &str = "models";

/// The models of a directory.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    disk: Disk,
    /// None where this only reads.
    lock: Option<Lock>,
    index: Index,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Index {
    form: u32,
    /// The model that commands are about which name none.
    current: Option<String>,
    models: BTreeMap<String, Entry>,
    /// How many there have ever been.
    made: u64,
}

/// A model of a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) uuid: String,
    pub(super) seed: u64,
}

/// The directory of the models: `$JUJU_DATA/juju-sim`, or without that variable the user's data directory.
///
/// # Errors
/// Neither can be known.
pub(super) fn directory(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, SimError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(data) = set("JUJU_DATA") {
        return Ok(data.join("juju-sim"));
    }
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    let why = "neither JUJU_DATA nor HOME is set".to_owned();
    data.map(|data| data.join("juju-sim")).ok_or_else(|| SimError::Store { path: PathBuf::from("juju-sim"), why })
}

impl Store {
    /// The store of a directory, to be read. Without the directory it is one without models.
    pub(super) fn read(dir: &Path) -> Result<Store, SimError> {
        Ok(Store { dir: dir.to_owned(), disk: Disk::default(), lock: None, index: Index::read(dir)? })
    }

    /// The store of a directory, to be changed. Another command that changes it is waited for.
    pub(super) fn open(
        dir: &Path,
        disk: &Disk,
        patience: Duration,
        waits: &mut dyn FnMut(&str),
    ) -> Result<Store, SimError> {
        if !dir.is_dir() {
            disk.create_dir(dir).map_err(SimError::file("create", dir))?;
        }
        let lock = Lock::take(&dir.join("lock"), patience, waits)?;
        let mut store = Store { dir: dir.to_owned(), disk: disk.clone(), lock: Some(lock), index: Index::read(dir)? };
        // It is there before the first model: where it is not, nobody can say which models are whole.
        if !dir.join(INDEX).exists() {
            if fs::read_dir(dir.join(MODELS)).is_ok_and(|mut models| models.next().is_some()) {
                let why = "it is missing, and there are models".to_owned();
                return Err(SimError::Store { path: dir.join(INDEX), why });
            }
            store.change(|_| ())?;
        }
        store.clear()?;
        Ok(store)
    }

    /// Removes the models that a killed command has not made, or not removed, to the end.
    fn clear(&self) -> Result<(), SimError> {
        let known: BTreeSet<&str> = self.index.models.values().map(|entry| entry.uuid.as_str()).collect();
        self.disk.clear(&self.dir.join(MODELS), |name| known.contains(name))
    }

    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock.is_some()
    }

    /// The models, by name.
    pub(super) fn models(&self) -> &BTreeMap<String, Entry> {
        &self.index.models
    }

    /// The model that commands are about which name none.
    pub(super) fn current(&self) -> Option<&str> {
        self.index.current.as_deref()
    }

    /// The directory of a model.
    pub(super) fn model_dir(&self, entry: &Entry) -> PathBuf {
        self.dir.join(MODELS).join(&entry.uuid)
    }

    /// A new entry, and its directory. It counts when it is [added](Self::add).
    pub(super) fn make(&mut self, seed: u64) -> Result<Entry, SimError> {
        let entry = Entry { uuid: uuid(seed, self.index.made), seed };
        let dir = self.model_dir(&entry);
        self.disk.create_dir(&dir).map_err(SimError::file("create", &dir))?;
        Ok(entry)
    }

    /// Adds a model whose directory is complete.
    pub(super) fn add(&mut self, name: &str, entry: Entry, switch: bool) -> Result<(), SimError> {
        self.change(|index| {
            index.made += 1;
            index.models.insert(name.to_owned(), entry);
            if switch {
                index.current = Some(name.to_owned());
            }
        })
    }

    pub(super) fn switch(&mut self, name: &str) -> Result<(), SimError> {
        self.change(|index| index.current = Some(name.to_owned()))
    }

    /// Removes a model, and all that it has.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), SimError> {
        let Some(entry) = self.index.models.get(name).cloned() else { return Ok(()) };
        self.change(|index| {
            index.models.remove(name);
            if index.current.as_deref() == Some(name) {
                index.current = None;
            }
        })?;
        let dir = self.model_dir(&entry);
        orphans::kill_charms_in(&dir);
        self.disk.remove(&dir).map_err(SimError::file("remove", &dir))
    }

    fn change(&mut self, verb: impl FnOnce(&mut Index)) -> Result<(), SimError> {
        let mut index = self.index.clone();
        index.form = FORM;
        verb(&mut index);
        let path = self.dir.join(INDEX);
        let refuse = |why: String| SimError::Store { path: path.clone(), why };
        let text = serde_json::to_vec_pretty(&index).map_err(|error| refuse(error.to_string()))?;
        self.disk.replace(&path, &text).map_err(SimError::file("write", &path))?;
        self.index = index;
        Ok(())
    }
}

impl Index {
    fn read(dir: &Path) -> Result<Index, SimError> {
        let path = dir.join(INDEX);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Index::default()),
            Err(error) => return Err(SimError::file("read", &path)(error)),
        };
        let refuse = |why: String| SimError::Store { path: path.clone(), why };
        let form: Form = serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
        if form.form != FORM {
            return Err(refuse(format!("it is of form {}, and this juju-sim knows form {FORM}", form.form)));
        }
        serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))
    }
}

#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// A uuid (version 4) that follows from a model's seed and its place among all of the store.
fn uuid(seed: u64, place: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(place + 1);
    let bits: u128 = rng.random();
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
