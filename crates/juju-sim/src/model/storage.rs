//! Storage instances.

use serde::{Deserialize, Serialize};

use super::Model;
use super::hook::{Hook, StorageHook, StorageHookKind};
use super::unit::{Agent, Unit};
use crate::SimError;
use crate::charm::StorageSpec;
use crate::command::StorageKind;

const NO_SUCH: &str = "the charm has no storage of this name";
/// The most instances of a storage that a unit has here. Juju has no such limit, and no cloud as much to give.
const MOST: u32 = 10_000;

/// How many instances of a storage a unit may have.
pub(super) fn most_of(spec: &StorageSpec) -> u32 {
    spec.max.unwrap_or(MOST).min(MOST)
}

/// A storage instance, such as `data/0`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Storage {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) kind: StorageKind,
    /// The mount point or the device; none before it is provisioned.
    pub(crate) location: Option<String>,
    /// The unit that has it, or is to get it.
    pub(crate) unit: Option<String>,
    /// It is to be detached.
    pub(crate) detaching: bool,
}

impl Model {
    /// The hooks of storage that a unit could run now.
    pub(super) fn storage_hooks(&self, name: &str, unit: &Unit, agent: &Agent) -> Vec<Hook> {
        // Juju: a dying unit detaches what it has, whatever it sees.
        if unit.late.storage && !unit.dying {
            return Vec::new();
        }
        let hook = |kind, id: &str, storage: &Storage| {
            Hook::Storage(StorageHook { kind, name: storage.name.clone(), id: id.to_owned() })
        };
        let owned = self.storage.iter().filter(|(_, storage)| storage.unit.as_deref() == Some(name));
        let next = |(id, storage): (&String, &Storage)| {
            let leaves = storage.detaching || unit.dying;
            match (agent.attached.contains(id), leaves) {
                (false, false) if storage.location.is_some() => Some(hook(StorageHookKind::Attached, id, storage)),
                (true, true) => Some(hook(StorageHookKind::Detaching, id, storage)),
                _ => None,
            }
        };
        owned.filter_map(next).collect()
    }

    pub(super) fn has_storage(&self, name: &str, id: &str) -> bool {
        self.storage.get(id).is_some_and(|storage| storage.unit.as_deref() == Some(name))
    }

    /// Whether storage that a unit got with its deployment is still on its way. Juju: `install` waits for it.
    pub(super) fn awaits_storage(&self, name: &str, agent: &Agent) -> bool {
        let of_unit = |storage: &&Storage| storage.unit.as_deref() == Some(name) && !storage.detaching;
        self.storage.iter().any(|(id, storage)| of_unit(&storage) && !agent.attached.contains(id))
    }

    /// Gives a unit so many instances of a storage of its charm. Their ids.
    pub(crate) fn add_storage(&mut self, name: &str, storage: &str, count: u32) -> Result<Vec<String>, SimError> {
        let refuse = |why: String| SimError::Storage { act: "add", storage: storage.to_owned(), why };
        let unit = self.unit(name)?;
        if unit.dying {
            return Err(refuse(format!("{name} is being removed")));
        }
        let spec = self.charm_of(unit).storage(storage).cloned();
        let spec = spec.ok_or_else(|| refuse(NO_SUCH.to_owned()))?;
        let most = most_of(&spec);
        if self.count_of(name, storage).saturating_add(count) > most {
            return Err(refuse(format!("{name} may have {most} at most")));
        }
        Ok(self.new_storage(name, &spec, count))
    }

    pub(super) fn new_storage(&mut self, name: &str, spec: &StorageSpec, count: u32) -> Vec<String> {
        let (storage, single) = (&spec.name, spec.max == Some(1));
        let mut ids = Vec::new();
        for _ in 0..count {
            let number = self.counters.storage;
            self.counters.storage += 1;
            let id = format!("{storage}/{number}");
            let location = match (spec.kind, &spec.location) {
                (StorageKind::Block, _) => format!("/dev/juju-{storage}-{number}"),
                (StorageKind::Filesystem, Some(place)) if single => place.clone(),
                (StorageKind::Filesystem, Some(place)) => format!("{place}/{id}"),
                (StorageKind::Filesystem, None) => format!("/var/lib/juju/storage/{id}"),
            };
            let instance = Storage {
                name: storage.to_owned(),
                number,
                kind: spec.kind,
                location: Some(location),
                unit: Some(name.to_owned()),
                detaching: false,
            };
            self.storage.insert(id.clone(), instance);
            ids.push(id);
        }
        self.wake(name);
        ids
    }

    /// How many instances of a storage a unit has, but for those that it is to give up.
    pub(super) fn count_of(&self, name: &str, storage: &str) -> u32 {
        let of_it = |it: &&Storage| it.name == storage && it.unit.as_deref() == Some(name) && !it.detaching;
        u32::try_from(self.storage.values().filter(of_it).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn attach_storage(&mut self, name: &str, id: &str) -> Result<(), SimError> {
        let storage = self.storage_mut("attach", id)?.clone();
        let unit = self.unit(name)?;
        let refuse = |why: String| Err(SimError::Storage { act: "attach", storage: id.to_owned(), why });
        if storage.unit.is_some() {
            return refuse("it is attached".to_owned());
        }
        if unit.dying {
            return refuse(format!("{name} is being removed"));
        }
        let Some(spec) = self.charm_of(unit).storage(&storage.name).filter(|spec| spec.kind == storage.kind) else {
            return refuse(format!("{NO_SUCH} and kind"));
        };
        let most = most_of(spec);
        if self.count_of(name, &storage.name) >= most {
            return refuse(format!("{name} may have {most} at most"));
        }
        self.storage_mut("attach", id)?.unit = Some(name.to_owned());
        self.wake(name);
        Ok(())
    }

    pub(crate) fn detach_storage(&mut self, id: &str) -> Result<(), SimError> {
        let storage = self.storage_mut("detach", id)?.clone();
        let refuse = |why: String| Err(SimError::Storage { act: "detach", storage: id.to_owned(), why });
        let Some(name) = storage.unit else { return refuse("no unit has it".to_owned()) };
        let unit = self.unit(&name)?;
        let least = self.charm_of(unit).storage(&storage.name).map_or(0, |spec| spec.min);
        if !unit.dying && !storage.detaching && self.count_of(&name, &storage.name) <= least {
            return refuse(format!("{name} needs {least} of it"));
        }
        // Juju: storage that is not attached yet is dropped without a hook.
        let attached = unit.agent.attached.contains(id);
        self.storage_mut("detach", id)?.detaching = true;
        if !attached {
            self.storage_detached(id);
        }
        self.wake(&name);
        Ok(())
    }

    /// What a committed `storage-detaching` brings about.
    pub(super) fn storage_detached(&mut self, id: &str) {
        if let Some(storage) = self.storage.get_mut(id) {
            storage.unit = None;
            storage.detaching = false;
        }
    }

    pub(crate) fn set_storage_location(&mut self, id: &str, location: Option<&str>) -> Result<(), SimError> {
        let storage = self.storage_mut("provision", id)?;
        storage.location = location.map(str::to_owned);
        if let Some(unit) = storage.unit.clone() {
            self.wake(&unit);
        }
        Ok(())
    }

    /// Removes storage that no unit has. Whether it could be.
    #[cfg(feature = "cli")]
    pub(crate) fn destroy_storage(&mut self, id: &str) -> bool {
        let is_free = self.storage.get(id).is_some_and(|storage| storage.unit.is_none());
        is_free && self.storage.remove(id).is_some()
    }

    fn storage_mut(&mut self, act: &'static str, id: &str) -> Result<&mut Storage, SimError> {
        let none = || SimError::Storage { act, storage: id.to_owned(), why: "there is none of this id".to_owned() };
        self.storage.get_mut(id).ok_or_else(none)
    }
}
