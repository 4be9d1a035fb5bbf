//! What is sent to the controller at the end of a hook, and what that changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Model;
use super::hook::Hook;
use super::port::OpenPort;
use super::relation::overlay;
use super::running::{Running, Work};
use super::secret::{Create, Grant, Owner, Revisions, Secret, Subject, Update};
use super::storage::most_of;
use super::unit::Status;
use crate::command::{SecretOwner, Settings};

/// Juju's default for `max-charm-state-size`.
const STATE_QUOTA: usize = 2 * 1024 * 1024;

/// All that a hook sends at its end. Nothing is sent where there is nothing to send.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flush {
    /// By relation: all keys of the own unit's bag and of the own application's; an empty value deletes.
    pub(crate) relations: BTreeMap<u32, (Option<Settings>, Option<Settings>)>,
    pub(crate) state: Option<Settings>,
    pub(crate) open_ports: Vec<OpenPort>,
    pub(crate) close_ports: Vec<OpenPort>,
    pub(crate) storage: Vec<(String, u64)>,
    pub(crate) secret_creates: Vec<(String, Create)>,
    pub(crate) secret_updates: Vec<(String, Update)>,
    pub(crate) secret_track_latest: Vec<String>,
    pub(crate) secret_grants: Vec<(String, Grant)>,
    pub(crate) secret_revokes: Vec<(String, Subject)>,
    pub(crate) secret_removes: Vec<(String, Revisions)>,
    /// Juju: a `config-changed` that succeeds rewrites the addresses in the unit's bags.
    pub(crate) addresses: bool,
}

impl Flush {
    pub(crate) fn is_empty(&self) -> bool {
        self.relations.is_empty()
            && self.state.is_none()
            && self.open_ports.is_empty()
            && self.close_ports.is_empty()
            && self.storage.is_empty()
            && self.secret_creates.is_empty()
            && self.secret_updates.is_empty()
            && self.secret_track_latest.is_empty()
            && self.secret_grants.is_empty()
            && self.secret_revokes.is_empty()
            && self.secret_removes.is_empty()
            && !self.addresses
    }
}

impl Running {
    /// A bag as this hook first read it.
    fn first_read(&self, id: u32, owner: &str) -> Settings {
        let bag = self.reads.get(&id).and_then(|bags| bags.get(owner));
        bag.map(|bag| Settings::clone(bag)).unwrap_or_default()
    }

    /// What this hook would send.
    pub(crate) fn flush(&self) -> Flush {
        let mut flush = Flush::default();
        for id in &self.touched {
            let mut bag = self.first_read(*id, &self.unit);
            bag.extend(self.unit_writes.get(id).cloned().unwrap_or_default());
            flush.relations.entry(*id).or_default().0 = Some(bag);
        }
        for (id, writes) in &self.app_writes {
            let mut bag = self.first_read(*id, &self.app);
            bag.extend(writes.clone());
            flush.relations.entry(*id).or_default().1 = Some(bag);
        }
        flush.state = self.state.clone().filter(|_| self.state_changed);
        flush.open_ports = self.ports.open.iter().cloned().collect();
        flush.close_ports = self.ports.close.iter().cloned().collect();
        flush.storage = self.new_storage.clone();
        let secrets = &self.secrets;
        flush.secret_creates = secrets.creates.clone().into_iter().collect();
        flush.secret_updates = secrets.updates.clone().into_iter().collect();
        flush.secret_track_latest = secrets.track_latest.iter().cloned().collect();
        flush.secret_grants = secrets.grants.clone();
        flush.secret_revokes = secrets.revokes.clone();
        flush.secret_removes = secrets.removes.clone().into_iter().collect();
        flush.addresses = matches!(self.work, Work::Hook(Hook::ConfigChanged));
        flush
    }
}

impl Model {
    /// Publishes what a hook has buffered. Juju: secrets first, and they stay even if the rest is refused; then all
    /// else, or nothing.
    pub(super) fn flush(&mut self, running: &Running, flush: &Flush) -> Result<(), String> {
        self.flush_secrets(running, flush)?;
        let name = &running.unit;
        let writes_app = flush.relations.values().any(|(_, app)| app.is_some());
        if writes_app && !self.leads(name, &running.app) {
            return Err(format!("checking leadership continuity: {name:?} is not leader of {:?}", running.app));
        }
        if flush.state.as_ref().is_some_and(|state| bson_size(state) > STATE_QUOTA) {
            return Err(format!("persisting charm state: max allowed size ({STATE_QUOTA}) exceeded"));
        }
        self.check_storage(running, flush)?;
        if !self.units.contains_key(name) {
            return Ok(());
        }
        for (storage, count) in &flush.storage {
            let count = u32::try_from(*count).unwrap_or(u32::MAX);
            // Checked above.
            let _ = self.add_storage(name, storage, count);
        }
        let Some(unit) = self.units.get_mut(name) else { return Ok(()) };
        if let Some(state) = &flush.state {
            unit.state = state.clone();
        }
        for port in &flush.close_ports {
            unit.ports.remove(port);
        }
        unit.ports.extend(flush.open_ports.iter().cloned());
        if flush.addresses {
            self.rewrite_addresses(name);
        }
        for (id, (unit_bag, app_bag)) in &flush.relations {
            self.write_own_bags(*id, running, unit_bag.as_ref(), app_bag.as_ref());
        }
        Ok(())
    }

    fn write_own_bags(&mut self, id: u32, running: &Running, unit_bag: Option<&Settings>, app_bag: Option<&Settings>) {
        let Some(side) = self.relations.get_mut(&id).and_then(|relation| relation.own_mut(&running.app)) else {
            return;
        };
        let mut changed = false;
        if let (Some(changes), Some(bag)) = (unit_bag, side.unit_bags.get_mut(&running.unit)) {
            changed |= bag.write(changes);
        }
        if let Some(changes) = app_bag {
            changed |= side.app_bag.write(changes);
        }
        if changed {
            self.wake_relation(id);
        }
    }

    /// Writes what a unit's bindings say into its bags.
    pub(super) fn rewrite_addresses(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let app = unit.app.clone();
        let ids: Vec<u32> = unit.agent.relations.keys().copied().collect();
        for id in ids {
            let Some(endpoint) = self.relations.get(&id).and_then(|it| it.own(&app)).map(|it| it.endpoint.clone())
            else {
                continue;
            };
            let keys = self.network_of(name, &endpoint).bag_keys();
            let side = self.relations.get_mut(&id).and_then(|relation| relation.own_mut(&app));
            let bag = side.and_then(|side| side.unit_bags.get_mut(name));
            if bag.is_some_and(|bag| bag.write(&keys)) {
                self.wake_relation(id);
            }
        }
    }

    fn check_storage(&self, running: &Running, flush: &Flush) -> Result<(), String> {
        let Some(unit) = self.units.get(&running.unit) else { return Ok(()) };
        let charm = self.charm_of(unit);
        let tag = Subject::Unit(running.unit.clone()).tag();
        for (name, _) in &flush.storage {
            let refuse = |why: String| Err(format!("adding storage {name} for {tag}: {why}"));
            let Some(spec) = charm.storage(name) else { return refuse(format!("storage {name:?} not found")) };
            if unit.dying {
                return refuse("unit is not found or not alive".to_owned());
            }
            let has = u64::from(self.count_of(&running.unit, name));
            let asked = flush.storage.iter().filter(|(other, _)| other == name);
            let asked = asked.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
            let most = most_of(spec);
            if has.saturating_add(asked) > u64::from(most) {
                return refuse(format!("{name:?} can have {most} instances at most"));
            }
        }
        Ok(())
    }

    fn flush_secrets(&mut self, running: &Running, flush: &Flush) -> Result<(), String> {
        let (unit, app) = (running.unit.clone(), running.app.clone());
        let leads = self.leads(&unit, &app);
        let now = self.unix_seconds();
        for (id, Create { owner, content, changes }) in &flush.secret_creates {
            let owner = match owner {
                SecretOwner::Application if leads => Owner::Application(app.clone()),
                SecretOwner::Application => return Err("permission denied".to_owned()),
                SecretOwner::Unit => Owner::Unit(unit.clone()),
            };
            self.label_is_free(id, &owner, changes.label.as_deref())?;
            self.secrets.insert(id.clone(), Secret::new(owner, content.clone(), changes.clone(), now));
        }
        for (id, Update { content, changes }) in &flush.secret_updates {
            let owner = self.managed(id, &unit, &app, leads)?.owner.clone();
            self.label_is_free(id, &owner, changes.label.as_deref())?;
            let secret = self.managed(id, &unit, &app, leads)?;
            if let Some(content) = content {
                secret.revise(content.clone(), now);
            }
            secret.change(changes.clone(), now);
            self.wake_secret(id);
        }
        for id in &flush.secret_track_latest {
            let secret = self.managed(id, &unit, &app, leads)?;
            let latest = secret.latest;
            secret.consumers.entry(unit.clone()).or_default().tracked = latest;
            self.wake_secret(id);
        }
        for (id, grant) in &flush.secret_grants {
            let secret = self.managed(id, &unit, &app, leads)?;
            secret.grants.retain(|old| old.subject != grant.subject);
            secret.grants.push(grant.clone());
        }
        for (id, subject) in &flush.secret_revokes {
            let secret = self.managed(id, &unit, &app, leads)?;
            secret.grants.retain(|grant| grant.subject != *subject);
        }
        for (id, revisions) in &flush.secret_removes {
            // Juju: what is not there needs no removal.
            if !self.secrets.contains_key(id) {
                continue;
            }
            let secret = self.managed(id, &unit, &app, leads)?;
            match revisions {
                Revisions::All => secret.revisions.clear(),
                Revisions::Some(some) => secret.revisions.retain(|revision, _| !some.contains(revision)),
            }
            let gone = secret.revisions.is_empty();
            if !secret.revisions.contains_key(&secret.latest) {
                secret.expire_due = None;
            }
            self.wake_secret(id);
            if gone {
                self.secrets.remove(id);
            }
        }
        Ok(())
    }

    fn managed(&mut self, id: &str, unit: &str, app: &str, leads: bool) -> Result<&mut Secret, String> {
        let secret = self.secrets.get_mut(id).ok_or_else(|| format!("secret {id:?} not found"))?;
        if secret.is_managed_by(unit, app, leads) { Ok(secret) } else { Err("permission denied".to_owned()) }
    }

    fn label_is_free(&self, id: &str, owner: &Owner, label: Option<&str>) -> Result<(), String> {
        let Some(label) = label.filter(|label| !label.is_empty()) else { return Ok(()) };
        let taken =
            |(other, secret): (&String, &Secret)| other != id && secret.owner == *owner && secret.label == label;
        if !self.secrets.iter().any(taken) {
            return Ok(());
        }
        let subject = match owner {
            Owner::Application(app) => Subject::Application(app.clone()).tag(),
            Owner::Unit(unit) => Subject::Unit(unit.clone()).tag(),
            Owner::Model => "the model".to_owned(),
        };
        Err(format!("secret label {label:?} for {subject} already exists"))
    }

    /// The application's status; the most pressing one of its units while the charm has set none.
    pub(crate) fn derived_app_status(&self, app: &str) -> Status {
        const PRESSING: [&str; 5] = ["error", "blocked", "waiting", "maintenance", "active"];
        let rank = |word: &str| PRESSING.iter().position(|p| *p == word).unwrap_or(PRESSING.len());
        let of_units = || {
            let units = self.units_of(app);
            units.iter().filter_map(|name| self.status(name)).min_by_key(|status| rank(&status.current))
        };
        let set = self.applications.get(app).and_then(|application| application.status.clone());
        set.or_else(of_units).unwrap_or(Status::new("unknown", ""))
    }
}

/// A bag with this hook's own writes.
pub(super) fn with_writes(mut settings: Arc<Settings>, writes: Option<&Settings>) -> Arc<Settings> {
    if let Some(writes) = writes {
        overlay(Arc::make_mut(&mut settings), writes);
    }
    settings
}

/// The size of a map of strings as the controller's database measures it.
fn bson_size(settings: &Settings) -> usize {
    5 + settings.iter().map(|(key, value)| 1 + key.len() + 1 + 4 + value.len() + 1).sum::<usize>()
}
