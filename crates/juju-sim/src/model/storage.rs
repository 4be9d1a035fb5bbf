//! Storage instances.

use serde::{Deserialize, Serialize};

use super::Model;
use super::hook::{Hook, StorageHook, StorageHookKind};
use super::unit::{Agent, Unit};
use crate::SimError;
use crate::command::StorageKind;

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
        let spec = self.charm_of(unit).storage(storage);
        let spec = spec.ok_or_else(|| refuse("the charm has no storage of this name".to_owned()))?;
        let has = self.storage.values().filter(|it| it.name == storage && it.unit.as_deref() == Some(name)).count();
        let has = u32::try_from(has).unwrap_or(u32::MAX).saturating_add(count);
        if let Some(max) = spec.max.filter(|max| has > *max) {
            return Err(refuse(format!("{name} may have {max} at most")));
        }
        let (kind, place, single) = (spec.kind, spec.location.clone(), spec.max == Some(1));
        let mut ids = Vec::new();
        for _ in 0..count {
            let number = self.counters.storage;
            self.counters.storage += 1;
            let id = format!("{storage}/{number}");
            let location = match (kind, &place) {
                (StorageKind::Block, _) => format!("/dev/juju-{storage}-{number}"),
                (StorageKind::Filesystem, Some(place)) if single => place.clone(),
                (StorageKind::Filesystem, Some(place)) => format!("{place}/{id}"),
                (StorageKind::Filesystem, None) => format!("/var/lib/juju/storage/{id}"),
            };
            let instance = Storage {
                name: storage.to_owned(),
                number,
                kind,
                location: Some(location),
                unit: Some(name.to_owned()),
                detaching: false,
            };
            self.storage.insert(id.clone(), instance);
            ids.push(id);
        }
        self.wake(name);
        Ok(ids)
    }

    pub(crate) fn attach_storage(&mut self, name: &str, id: &str) -> Result<(), SimError> {
        self.unit(name)?;
        let storage = self.storage_mut("attach", id)?;
        if storage.unit.is_some() {
            return Err(SimError::Storage { act: "attach", storage: id.to_owned(), why: "it is attached".to_owned() });
        }
        storage.unit = Some(name.to_owned());
        self.wake(name);
        Ok(())
    }

    pub(crate) fn detach_storage(&mut self, id: &str) -> Result<(), SimError> {
        let storage = self.storage_mut("detach", id)?;
        let Some(unit) = storage.unit.clone() else {
            return Err(SimError::Storage { act: "detach", storage: id.to_owned(), why: "no unit has it".to_owned() });
        };
        storage.detaching = true;
        // Juju: storage that is not attached yet is dropped without a hook.
        let attached = self.units.get(&unit).is_some_and(|unit| unit.agent.attached.contains(id));
        if !attached {
            self.storage_detached(id);
        }
        self.wake(&unit);
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

    fn storage_mut(&mut self, act: &'static str, id: &str) -> Result<&mut Storage, SimError> {
        let none = || SimError::Storage { act, storage: id.to_owned(), why: "there is none of this id".to_owned() };
        self.storage.get_mut(id).ok_or_else(none)
    }
}
