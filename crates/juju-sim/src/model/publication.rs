//! What the end of a hook makes public, told by the versions before and after it.

use std::collections::BTreeMap;

use super::Model;
use super::hook::{Hook, RelationKind, SecretHookKind};
use super::running::Running;
use crate::content::{Content, Publication, Told};
use crate::waits::{Waits, waiting};

/// What a unit shares, before a hook of its ends.
#[derive(Debug)]
pub(crate) struct Shown {
    /// By relation: the version of the own unit's bag and of the own application's.
    bags: Vec<(u32, u64, u64)>,
    secrets: BTreeMap<String, u64>,
    /// The events that wait, where the hook writes the state.
    waiting: Option<Vec<String>>,
}

impl Model {
    /// What a hook tells its unit of; asked before it begins.
    pub(crate) fn told(&self, name: &str, hook: &Hook) -> Option<Told> {
        let agent = &self.units.get(name)?.agent;
        match hook {
            Hook::Relation(hook) if matches!(hook.kind, RelationKind::Joined | RelationKind::Changed) => {
                let known = agent.relations.get(&hook.relation);
                let since = match (hook.kind, &hook.remote_unit) {
                    (RelationKind::Joined, _) => None,
                    (_, Some(unit)) => known.and_then(|known| known.members.get(unit).copied()),
                    (_, None) => known.map(|known| known.app_version),
                };
                let owner = hook.remote_unit.as_ref().unwrap_or(&hook.remote_app).clone();
                let of = Content::Databag { relation: hook.relation, owner };
                Some(Told { of, version: hook.version, since })
            }
            Hook::Secret(hook) if hook.kind == SecretHookKind::Changed => {
                let since = agent.secrets.get(&hook.id).copied();
                Some(Told { of: Content::Secret(hook.id.clone()), version: hook.revision, since })
            }
            Hook::LeaderSettingsChanged => {
                let app = self.units.get(name)?.app.clone();
                let version = self.leader_settings_version(&app);
                Some(Told { of: Content::LeaderSettings(app), version, since: agent.memory.leader_settings })
            }
            _ => None,
        }
    }

    /// What the unit shares, to be compared when the hook has ended.
    pub(crate) fn shown(&self, running: &Running) -> Shown {
        let unit = self.units.get(&running.unit);
        let ids = unit.into_iter().flat_map(|unit| unit.agent.relations.keys());
        let bags = ids.filter_map(|id| self.versions(*id, running).map(|(unit, app)| (*id, unit, app))).collect();
        let revision = |id: &String| (id.clone(), self.secrets.get(id).map_or(0, |secret| secret.latest));
        let secrets = running.secrets.creates.keys().chain(running.secrets.updates.keys()).map(revision).collect();
        let waiting = unit.filter(|_| running.state_changed).map(|unit| waiting(&unit.state));
        Shown { bags, secrets, waiting }
    }

    /// The versions that differ from those before.
    pub(crate) fn published(&self, running: &Running, before: &Shown) -> Vec<Publication> {
        let mut published = Vec::new();
        for &(relation, unit, app) in &before.bags {
            let Some((unit_now, app_now)) = self.versions(relation, running) else { continue };
            let bag = |owner: &str, version| Publication {
                of: Content::Databag { relation, owner: owner.to_owned() },
                version,
            };
            published.extend((unit_now != unit).then(|| bag(&running.unit, unit_now)));
            published.extend((app_now != app).then(|| bag(&running.app, app_now)));
        }
        for (id, revision) in &before.secrets {
            let Some(secret) = self.secrets.get(id).filter(|secret| secret.latest != *revision) else { continue };
            published.push(Publication { of: Content::Secret(id.clone()), version: secret.latest });
        }
        // They are written at once.
        if running.immediate.iter().any(|(call, _)| *call == "merge-leader-settings") {
            let version = self.leader_settings_version(&running.app);
            published.push(Publication { of: Content::LeaderSettings(running.app.clone()), version });
        }
        published
    }

    /// How the hook has changed what waits for an acknowledgement.
    pub(crate) fn waits(&self, running: &Running, before: &Shown) -> Option<Waits> {
        let after = self.units.get(&running.unit).map(|unit| waiting(&unit.state)).unwrap_or_default();
        Waits::between(before.waiting.as_ref()?, &after)
    }

    fn versions(&self, relation: u32, running: &Running) -> Option<(u64, u64)> {
        let side = self.relations.get(&relation)?.own(&running.app)?;
        Some((side.unit_bags.get(&running.unit).map_or(0, |bag| bag.version), side.app_bag.version))
    }
}
