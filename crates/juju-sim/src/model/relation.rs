use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hook::{Hook, RelationHook, RelationKind};
use super::unit::Agent;
use crate::command::Settings;

/// A databag. Its version rises by one per effective change.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Bag {
    pub(crate) settings: Settings,
    pub(crate) version: u64,
}

impl Bag {
    /// Applies writes, of which an empty value deletes. No net difference, no new version.
    pub(crate) fn write(&mut self, changes: &Settings) {
        let before = self.settings.clone();
        overlay(&mut self.settings, changes);
        if self.settings != before {
            self.version += 1;
        }
    }
}

pub(crate) fn overlay(settings: &mut Settings, changes: &Settings) {
    for (key, value) in changes {
        if value.is_empty() {
            settings.remove(key);
        } else {
            settings.insert(key.clone(), value.clone());
        }
    }
}

/// A peer relation as the controller knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Relation {
    pub(crate) endpoint: String,
    pub(crate) app_bag: Bag,
    /// The bags of all units that ever entered scope; they stay readable after departure.
    pub(crate) unit_bags: BTreeMap<String, Bag>,
    /// The units that others may see: entered, and not departing.
    pub(crate) in_scope: BTreeSet<String>,
}

impl Relation {
    pub(crate) fn new(endpoint: &str) -> Relation {
        Relation {
            endpoint: endpoint.to_owned(),
            app_bag: Bag::default(),
            unit_bags: BTreeMap::new(),
            in_scope: BTreeSet::new(),
        }
    }

    fn version(&self, unit: &str) -> u64 {
        self.unit_bags.get(unit).map_or(0, |bag| bag.version)
    }

    pub(crate) fn hook(&self, id: u32, kind: RelationKind) -> RelationHook {
        let endpoint = self.endpoint.clone();
        RelationHook { kind, relation: id, endpoint, remote_unit: None, version: 0, departing: None }
    }

    fn hook_for(&self, id: u32, kind: RelationKind, remote: &str) -> RelationHook {
        RelationHook { remote_unit: Some(remote.to_owned()), version: self.version(remote), ..self.hook(id, kind) }
    }

    /// The next hook of this relation for a unit. Juju: first what is owed, then departures, then changes of the
    /// application's bag, joins, and changes of the units' bags, each in lexical order of the names.
    pub(crate) fn next(&self, id: u32, unit: &str, dying: bool, agent: &Agent) -> Option<Hook> {
        let state = agent.relations.get(&id)?;
        if let Some(remote) = &state.changed_pending {
            return Some(Hook::Relation(self.hook_for(id, RelationKind::Changed, remote)));
        }
        if let Some(remote) = state.members.keys().find(|member| dying || !self.in_scope.contains(*member)) {
            let departing = Some(if dying { unit.to_owned() } else { remote.clone() });
            let hook = self.hook_for(id, RelationKind::Departed, remote);
            return Some(Hook::Relation(RelationHook { departing, ..hook }));
        }
        if dying {
            // Juju: peer relations never break, but only a running agent knows that they are peer relations.
            let broken = || Hook::Relation(self.hook(id, RelationKind::Broken));
            return (!agent.memory.known.contains(&id)).then(broken);
        }
        if self.app_bag.version != state.app_version {
            let hook = self.hook(id, RelationKind::Changed);
            return Some(Hook::Relation(RelationHook { version: self.app_bag.version, ..hook }));
        }
        let joins = |name: &&String| *name != unit && !state.members.contains_key(*name);
        if let Some(remote) = self.in_scope.iter().find(joins) {
            return Some(Hook::Relation(self.hook_for(id, RelationKind::Joined, remote)));
        }
        let (remote, _) = state.members.iter().find(|(name, version)| self.version(name) != **version)?;
        Some(Hook::Relation(self.hook_for(id, RelationKind::Changed, remote)))
    }
}

/// What one agent has delivered of one relation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct RelationState {
    /// Joined and not departed, with the version last reported.
    pub(crate) members: BTreeMap<String, u64>,
    pub(crate) app_version: u64,
    /// The unit whose `changed` is owed after its `joined`.
    pub(crate) changed_pending: Option<String>,
}

impl RelationState {
    /// Records a hook as done; `created` and `broken` are the agent's affair.
    pub(crate) fn commit(&mut self, hook: &RelationHook) {
        match (hook.kind, &hook.remote_unit) {
            (RelationKind::Joined, Some(remote)) => {
                self.members.insert(remote.clone(), hook.version);
                self.changed_pending = Some(remote.clone());
            }
            (RelationKind::Changed, Some(remote)) => {
                self.members.insert(remote.clone(), hook.version);
                self.changed_pending = None;
            }
            (RelationKind::Changed, None) => self.app_version = hook.version,
            (RelationKind::Departed, Some(remote)) => {
                self.members.remove(remote);
            }
            _ => {}
        }
    }

    /// The members that a hook lists: fixed while it runs.
    pub(crate) fn listed(&self, hook: Option<&RelationHook>) -> Vec<String> {
        let mut members: BTreeSet<&String> = self.members.keys().collect();
        match hook.map(|hook| (hook.kind, &hook.remote_unit)) {
            Some((RelationKind::Joined, Some(remote))) => {
                members.insert(remote);
            }
            Some((RelationKind::Departed, Some(remote))) => {
                members.remove(remote);
            }
            _ => {}
        }
        members.into_iter().cloned().collect()
    }
}
