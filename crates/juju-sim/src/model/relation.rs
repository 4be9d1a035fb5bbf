//! Relations: what the controller knows of them, and what one agent has delivered.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::iter::Peekable;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::application::Life;
use super::hook::{RelationHook, RelationKind};
use crate::charm::{Role, Scope};
use crate::command::Settings;

/// A databag. Its version rises by one per effective change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bag {
    pub(crate) settings: Arc<Settings>,
    pub(crate) version: u64,
}

impl Bag {
    /// Applies writes, of which an empty value deletes. Whether anything differs; no net difference, no new version.
    pub(crate) fn write(&mut self, changes: &Settings) -> bool {
        let differs =
            |(key, value): (&String, &String)| self.settings.get(key).map_or("", String::as_str) != value.as_str();
        if !changes.iter().any(differs) {
            return false;
        }
        overlay(Arc::make_mut(&mut self.settings), changes);
        self.version += 1;
        true
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

/// A relation as the controller knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relation {
    /// One for a peer relation; else the requirer's, then the provider's.
    pub(crate) sides: Vec<Side>,
    pub(crate) interface: String,
    pub(crate) scope: Scope,
    pub(crate) life: Life,
    pub(crate) suspended: bool,
    /// The model at the other side, where that is another one.
    pub(crate) remote_model: Option<String>,
}

/// One application's side of a relation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Side {
    pub(crate) app: String,
    pub(crate) endpoint: String,
    pub(crate) role: Role,
    pub(crate) app_bag: Bag,
    /// The bags of all units that ever entered scope; they stay readable after departure.
    pub(crate) unit_bags: BTreeMap<String, Bag>,
    /// The units that others may see, entered and not departing, with the unit whose container they are in.
    pub(crate) in_scope: BTreeMap<String, String>,
    /// The units that entered and have not left: they hold the relation.
    pub(crate) entered: BTreeSet<String>,
}

impl Side {
    pub(crate) fn new(app: &str, endpoint: &str, role: Role) -> Side {
        Side {
            app: app.to_owned(),
            endpoint: endpoint.to_owned(),
            role,
            app_bag: Bag::default(),
            unit_bags: BTreeMap::new(),
            in_scope: BTreeMap::new(),
            entered: BTreeSet::new(),
        }
    }

    pub(crate) fn leave(&mut self, unit: &str) {
        self.in_scope.remove(unit);
        self.entered.remove(unit);
    }

    fn version(&self, unit: &str) -> u64 {
        self.unit_bags.get(unit).map_or(0, |bag| bag.version)
    }
}

impl Relation {
    pub(crate) fn is_peer(&self) -> bool {
        self.sides.len() == 1
    }

    /// The side of an application that takes part.
    pub(crate) fn own(&self, app: &str) -> Option<&Side> {
        self.sides.iter().find(|side| side.app == app)
    }

    pub(crate) fn own_mut(&mut self, app: &str) -> Option<&mut Side> {
        self.sides.iter_mut().find(|side| side.app == app)
    }

    /// The side that an application's units look at: the other one, or the only one.
    pub(crate) fn remote(&self, app: &str) -> Option<&Side> {
        match self.sides.as_slice() {
            [only] => (only.app == app).then_some(only),
            [one, other] if one.app == app => Some(other),
            [other, one] if one.app == app => Some(other),
            _ => None,
        }
    }

    /// Juju's name of the relation: `magpie:magpie`, or `web:db postgresql:db`.
    pub(crate) fn key(&self) -> String {
        let ends: Vec<String> = self.sides.iter().map(|side| format!("{}:{}", side.app, side.endpoint)).collect();
        ends.join(" ")
    }

    /// Juju's tag of the relation: `relation-web.db#postgresql.db`.
    pub(crate) fn tag(&self) -> String {
        format!("relation-{}", self.key().replace(':', ".").replace(' ', "#"))
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.life == Life::Alive && !self.suspended
    }

    /// The hook of a kind for a unit of an application, about no unit.
    pub(crate) fn hook(&self, id: u32, kind: RelationKind, app: &str) -> RelationHook {
        let endpoint = self.own(app).map_or("", |side| side.endpoint.as_str()).to_owned();
        let remote_app = self.remote(app).map_or("", |side| side.app.as_str()).to_owned();
        RelationHook { kind, relation: id, endpoint, remote_app, remote_unit: None, version: 0, departing: None }
    }

    /// The next hook of this relation for a unit.
    ///
    /// Juju: first what is owed, then departures, the end of the relation, changes of the application's bag, joins, and
    /// changes of the units' bags, each in lexical order of the names.
    pub(crate) fn next(&self, id: u32, viewer: &Viewer<'_>, state: &RelationState) -> Option<RelationHook> {
        let remote = self.remote(viewer.app)?;
        let about = |kind, unit: &str, version| RelationHook {
            remote_unit: Some(unit.to_owned()),
            version,
            ..self.hook(id, kind, viewer.app)
        };
        let version = |unit: &str| match viewer.held {
            Some(held) => held.members.get(unit).copied().unwrap_or_else(|| remote.version(unit)),
            None => remote.version(unit),
        };
        if let Some(unit) = &state.changed_pending {
            return Some(about(RelationKind::Changed, unit, version(unit)));
        }
        let mut in_scope = InOrder::of(&remote.in_scope);
        let mut seen = |unit: &String| match viewer.held {
            Some(held) => held.members.contains_key(unit),
            None => in_scope.get(unit).is_some_and(|container| self.sees(viewer, container)),
        };
        let over = viewer.dying || viewer.held.map_or(!self.is_alive(), |held| held.over);
        if let Some(unit) = state.members.keys().find(|member| over || !seen(member)) {
            let departing = if viewer.dying || viewer.app_dying { viewer.unit } else { unit };
            let hook = about(RelationKind::Departed, unit, version(unit));
            return Some(RelationHook { departing: Some(departing.to_owned()), ..hook });
        }
        if over {
            // Juju: peer relations never break, but only a running agent knows that they are peer relations.
            let breaks = !self.is_peer() || !viewer.knows;
            return breaks.then(|| self.hook(id, RelationKind::Broken, viewer.app));
        }
        let app_version = viewer.held.map_or(remote.app_bag.version, |held| held.app_version);
        if app_version != state.app_version {
            let hook = self.hook(id, RelationKind::Changed, viewer.app);
            return Some(RelationHook { version: app_version, ..hook });
        }
        let mut known = InOrder::of(&state.members);
        let mut joins = |unit: &&String| *unit != viewer.unit && known.get(unit).is_none();
        let joined = match viewer.held {
            Some(held) => held.members.keys().find(joins),
            None if state.members.len() + usize::from(self.is_peer()) == remote.in_scope.len()
                && self.scope == Scope::Global =>
            {
                None
            }
            None => {
                let mut visible = remote.in_scope.iter().filter(|(_, container)| self.sees(viewer, container));
                visible.find(|(unit, _)| joins(unit)).map(|(unit, _)| unit)
            }
        };
        if let Some(unit) = joined {
            return Some(about(RelationKind::Joined, unit, version(unit)));
        }
        let mut bags = InOrder::of(&remote.unit_bags);
        let mut changed = |unit: &String, known: u64| match viewer.held {
            Some(_) => version(unit) != known,
            None => bags.get(unit).map_or(0, |bag| bag.version) != known,
        };
        let (unit, _) = state.members.iter().find(|(unit, known)| changed(unit, **known))?;
        Some(about(RelationKind::Changed, unit, version(unit)))
    }

    /// Whether a unit in some container is in the viewer's scope.
    fn sees(&self, viewer: &Viewer<'_>, container: &str) -> bool {
        self.scope == Scope::Global || container == viewer.container
    }

    /// What a unit of an application sees now.
    pub(crate) fn snapshot(&self, unit: &str, app: &str, container: &str) -> Snapshot {
        let Some(remote) = self.remote(app) else { return Snapshot::default() };
        let seen = |(other, within): &(&String, &String)| {
            *other != unit && (self.scope == Scope::Global || *within == container)
        };
        Snapshot {
            over: !self.is_alive(),
            members: remote
                .in_scope
                .iter()
                .filter(seen)
                .map(|(name, _)| (name.clone(), remote.version(name)))
                .collect(),
            app_version: remote.app_bag.version,
        }
    }
}

/// A map that is asked for keys in rising order: one walk over it, however many they are.
struct InOrder<'a, V>(Peekable<btree_map::Iter<'a, String, V>>);

impl<'a, V> InOrder<'a, V> {
    fn of(map: &'a BTreeMap<String, V>) -> Self {
        Self(map.iter().peekable())
    }

    fn get(&mut self, key: &String) -> Option<&'a V> {
        while self.0.next_if(|(at, _)| *at < key).is_some() {}
        self.0.next_if(|(at, _)| *at == key).map(|(_, value)| value)
    }
}

/// What was to be seen of a relation at some moment: an observation that is late shows this instead of what is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    over: bool,
    members: BTreeMap<String, u64>,
    app_version: u64,
}

impl Snapshot {
    /// Whether the relation was over.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }
}

/// The unit that looks at a relation.
#[derive(Debug)]
pub(crate) struct Viewer<'a> {
    pub(crate) unit: &'a str,
    pub(crate) app: &'a str,
    /// The unit whose container it is in.
    pub(crate) container: &'a str,
    pub(crate) dying: bool,
    pub(crate) app_dying: bool,
    /// Whether its agent has seen the relation appear, and so knows its kind and the remote application.
    pub(crate) knows: bool,
    pub(crate) held: Option<&'a Snapshot>,
}

/// What one agent has delivered of one relation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
                // The owed one, or one of a member.
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

    /// Whether a hook lists a unit: fixed while it runs.
    pub(crate) fn lists(&self, unit: &str, hook: Option<&RelationHook>) -> bool {
        match hook.map(|hook| (hook.kind, hook.remote_unit.as_deref())) {
            Some((RelationKind::Joined, Some(remote))) if remote == unit => true,
            Some((RelationKind::Departed, Some(remote))) if remote == unit => false,
            _ => self.members.contains_key(unit),
        }
    }

    /// The members that a hook lists.
    pub(crate) fn listed(&self, hook: Option<&RelationHook>) -> Vec<String> {
        let about = hook.and_then(|hook| Some((hook.kind, hook.remote_unit.as_ref()?)));
        let gone = about.and_then(|(kind, remote)| (kind == RelationKind::Departed).then_some(remote));
        let mut members: Vec<String> = self.members.keys().filter(|unit| Some(*unit) != gone).cloned().collect();
        if let Some((RelationKind::Joined, remote)) = about
            && let Err(place) = members.binary_search(remote)
        {
            members.insert(place, remote.clone());
        }
        members
    }
}
