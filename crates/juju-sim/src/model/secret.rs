//! Secrets: what the controller keeps, and what a hook has asked for and not flushed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Model;
use super::hook::{Hook, SecretHook, SecretHookKind};
use super::unit::{Agent, Unit};
use crate::command::{RotatePolicy, SecretAccess, SecretChanges, SecretContent, SecretInfo, SecretOwner};

/// Juju: what is not seen to is due again after this.
const AGAIN: u64 = 300;

/// A secret as the controller keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Secret {
    pub(crate) owner: Owner,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) rotate: Option<RotatePolicy>,
    pub(crate) next_rotate: Option<u64>,
    /// When the newest revision expires.
    pub(crate) expire: Option<u64>,
    /// When `secret-expired` is due next.
    pub(crate) expire_due: Option<u64>,
    pub(crate) latest: u64,
    pub(crate) revisions: BTreeMap<u64, SecretContent>,
    /// When each revision was made, in seconds from the Unix epoch.
    #[serde(default)]
    pub(crate) made: BTreeMap<u64, u64>,
    /// Whether revisions go that nobody reads: an operator's wish.
    #[serde(default)]
    pub(crate) prunes: bool,
    /// Which unit reads which revision, and under which label.
    pub(crate) consumers: BTreeMap<String, Consumer>,
    pub(crate) grants: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owner {
    Application(String),
    Unit(String),
    /// An operator's.
    Model,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consumer {
    /// 0 before the first read.
    pub(crate) tracked: u64,
    pub(crate) label: String,
}

/// Leave to read a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) subject: Subject,
    /// The relation that it lasts as long as; none for an operator's grant.
    pub(crate) relation: Option<u32>,
    /// Juju's tag of that.
    pub(crate) scope: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Subject {
    Application(String),
    Unit(String),
}

impl Subject {
    /// Juju's tag: `application-web` or `unit-web-0`.
    pub(crate) fn tag(&self) -> String {
        match self {
            Subject::Application(name) => format!("application-{name}"),
            Subject::Unit(name) => format!("unit-{}", name.replace('/', "-")),
        }
    }
}

/// What a hook has asked for and not flushed.
#[derive(Debug, Clone, Default)]
pub(crate) struct PendingSecrets {
    pub(crate) creates: BTreeMap<String, Create>,
    pub(crate) updates: BTreeMap<String, Update>,
    pub(crate) removes: BTreeMap<String, Revisions>,
    pub(crate) grants: Vec<(String, Grant)>,
    pub(crate) revokes: Vec<(String, Subject)>,
    pub(crate) track_latest: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub(crate) owner: SecretOwner,
    pub(crate) content: SecretContent,
    pub(crate) changes: SecretChanges,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Update {
    pub(crate) content: Option<SecretContent>,
    pub(crate) changes: SecretChanges,
}

/// What is removed of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revisions {
    All,
    Some(BTreeSet<u64>),
}

impl PendingSecrets {
    /// Forgets all that was asked for of a secret.
    pub(crate) fn cancel(&mut self, id: &str) {
        self.creates.remove(id);
        self.updates.remove(id);
        self.grants.retain(|(secret, _)| secret != id);
        self.revokes.retain(|(secret, _)| secret != id);
        self.track_latest.remove(id);
    }
}

/// Takes over what is given; the rest stays.
pub(crate) fn merge(into: &mut SecretChanges, from: SecretChanges) {
    let SecretChanges { label, description, rotate, expire } = from;
    into.label = label.or(into.label.take());
    into.description = description.or(into.description.take());
    into.rotate = rotate.or(into.rotate.take());
    into.expire = expire.or(into.expire.take());
}

/// The seconds between two rotations.
fn period(policy: RotatePolicy) -> Option<u64> {
    const DAY: u64 = 24 * 60 * 60;
    match policy {
        RotatePolicy::Never => None,
        RotatePolicy::Hourly => Some(60 * 60),
        RotatePolicy::Daily => Some(DAY),
        RotatePolicy::Weekly => Some(7 * DAY),
        RotatePolicy::Monthly => Some(30 * DAY),
        RotatePolicy::Quarterly => Some(90 * DAY),
        RotatePolicy::Yearly => Some(365 * DAY),
    }
}

impl Secret {
    pub(crate) fn new(owner: Owner, content: SecretContent, changes: SecretChanges, now: u64) -> Secret {
        let mut secret = Secret {
            owner,
            label: String::new(),
            description: String::new(),
            rotate: Some(RotatePolicy::Never),
            next_rotate: None,
            expire: None,
            expire_due: None,
            latest: 1,
            revisions: BTreeMap::from([(1, content)]),
            made: BTreeMap::from([(1, now)]),
            prunes: false,
            consumers: BTreeMap::new(),
            grants: Vec::new(),
        };
        secret.change(changes, now);
        secret
    }

    /// Changes what is known of it.
    pub(crate) fn change(&mut self, changes: SecretChanges, now: u64) {
        let SecretChanges { label, description, rotate, expire } = changes;
        if let Some(label) = label {
            self.label = label;
        }
        if let Some(description) = description {
            self.description = description;
        }
        if let Some(rotate) = rotate {
            self.rotate = Some(rotate);
            self.next_rotate = period(rotate).map(|seconds| now + seconds);
        }
        if expire.is_some() {
            self.expire = expire;
            self.expire_due = expire;
        }
    }

    /// Adds a revision, unless its content is that of the newest.
    pub(crate) fn revise(&mut self, content: SecretContent, now: u64) {
        if self.revisions.get(&self.latest) == Some(&content) {
            return;
        }
        self.latest += 1;
        self.revisions.insert(self.latest, content);
        self.made.insert(self.latest, now);
        self.expire = None;
        self.expire_due = None;
    }

    /// Whether a unit may write it, look at what is known of it, and remove it.
    pub(crate) fn is_managed_by(&self, unit: &str, app: &str, leads: bool) -> bool {
        match &self.owner {
            Owner::Application(owner) => owner == app && leads,
            Owner::Unit(owner) => owner == unit,
            Owner::Model => false,
        }
    }

    /// Whether a unit may read it.
    pub(crate) fn is_readable_by(&self, unit: &str, app: &str) -> bool {
        let owned = match &self.owner {
            Owner::Application(owner) => owner == app,
            Owner::Unit(owner) => owner == unit,
            Owner::Model => false,
        };
        let granted = |grant: &Grant| match &grant.subject {
            Subject::Application(name) => name == app,
            Subject::Unit(name) => name == unit,
        };
        owned || self.grants.iter().any(granted)
    }

    pub(crate) fn info(&self) -> SecretInfo {
        let access = |grant: &Grant| SecretAccess {
            target: grant.subject.tag(),
            scope: grant.scope.clone(),
            role: "view".to_owned(),
        };
        SecretInfo {
            revision: self.latest,
            label: self.label.clone(),
            owner: match self.owner {
                Owner::Application(_) | Owner::Model => SecretOwner::Application,
                Owner::Unit(_) => SecretOwner::Unit,
            },
            description: self.description.clone(),
            rotation: self.rotate,
            expiry: self.expire,
            rotates: self.next_rotate,
            access: self.grants.iter().map(access).collect(),
        }
    }

    /// Removes the revisions that nobody reads, where they are to go.
    #[cfg(feature = "cli")]
    pub(crate) fn prune(&mut self) {
        if self.prunes {
            let obsolete: Vec<u64> = self.obsolete().collect();
            self.revisions.retain(|revision, _| !obsolete.contains(revision));
        }
    }

    /// The revisions that nobody reads any more, and nobody will.
    pub(crate) fn obsolete(&self) -> impl Iterator<Item = u64> + '_ {
        let tracked = |revision: &u64| self.consumers.values().any(|consumer| consumer.tracked == *revision);
        self.revisions.keys().copied().filter(move |revision| *revision != self.latest && !tracked(revision))
    }
}

impl Model {
    /// The hooks of secrets that a unit could run now. Juju: expired, rotate, changed, remove.
    pub(super) fn secret_hooks(&self, name: &str, unit: &Unit, agent: &Agent) -> Vec<Hook> {
        if unit.late.secrets || self.secrets.is_empty() {
            return Vec::new();
        }
        let leads = self.leads(name, &unit.app);
        let now = self.unix_seconds();
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        let managed = || self.secrets.iter().filter(|(_, secret)| secret.is_managed_by(name, &unit.app, leads));
        let hook = |kind, id: &str, label: &str, revision| {
            Hook::Secret(SecretHook { kind, id: id.to_owned(), label: label.to_owned(), revision })
        };
        let expired = managed().filter(|(_, secret)| due(secret.expire_due));
        let expired: Vec<_> = expired.map(|(id, it)| hook(SecretHookKind::Expired, id, &it.label, it.latest)).collect();
        if !expired.is_empty() {
            return expired;
        }
        let rotate = managed().filter(|(_, secret)| due(secret.next_rotate));
        let rotate: Vec<_> = rotate.map(|(id, it)| hook(SecretHookKind::Rotate, id, &it.label, it.latest)).collect();
        if !rotate.is_empty() {
            return rotate;
        }
        let changed = |(id, secret): (&String, &Secret)| {
            let consumer = secret.consumers.get(name).filter(|consumer| consumer.tracked > 0)?;
            let reported = agent.secrets.get(id).copied().unwrap_or(consumer.tracked);
            (secret.latest > 1 && secret.latest != reported)
                .then(|| hook(SecretHookKind::Changed, id, &consumer.label, secret.latest))
        };
        let changed: Vec<_> = self.secrets.iter().filter_map(changed).collect();
        if !changed.is_empty() {
            return changed;
        }
        let mut removes = Vec::new();
        for (id, secret) in managed() {
            for revision in secret.obsolete().filter(|it| !agent.obsolete.contains(&(id.clone(), *it))) {
                removes.push(hook(SecretHookKind::Remove, id, &secret.label, revision));
            }
        }
        removes
    }

    /// What a committed hook of a secret brings about.
    pub(super) fn secret_hook_done(&mut self, unit: &str, hook: &SecretHook) {
        let now = self.unix_seconds();
        let secret = self.secrets.get_mut(&hook.id);
        match hook.kind {
            SecretHookKind::Expired => {
                if let Some(secret) = secret.filter(|it| it.expire_due.is_some_and(|at| at <= now)) {
                    secret.expire_due = Some(now + AGAIN);
                }
            }
            SecretHookKind::Rotate => {
                if let Some(secret) = secret {
                    // Juju: without a new revision it is due again soon.
                    let seconds =
                        if secret.latest == hook.revision { Some(AGAIN) } else { secret.rotate.and_then(period) };
                    secret.next_rotate = seconds.map(|seconds| now + seconds);
                }
            }
            SecretHookKind::Changed => {
                if let Some(unit) = self.units.get_mut(unit) {
                    unit.agent.secrets.insert(hook.id.clone(), hook.revision);
                }
            }
            SecretHookKind::Remove => {
                if let Some(unit) = self.units.get_mut(unit) {
                    unit.agent.obsolete.insert((hook.id.clone(), hook.revision));
                }
            }
        }
    }

    /// A new secret's id. Juju: an xid of 20 characters, the last of which is `0` or `g`.
    pub(crate) fn new_secret_id(&mut self) -> String {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        if !self.given_secret_ids.is_empty() {
            return self.given_secret_ids.remove(0);
        }
        let mut id: String = (0..19).map(|_| char::from(DIGITS[self.choose(32)])).collect();
        id.push(if self.choose(2) == 0 { '0' } else { 'g' });
        id
    }

    /// Removes the secrets of one that is gone, and the leave it had to read others: another of its name has none.
    pub(super) fn forget_secrets_of(&mut self, owner: &Owner, subject: &Subject) {
        let owned: Vec<String> =
            self.secrets.iter().filter(|(_, secret)| secret.owner == *owner).map(|(id, _)| id.clone()).collect();
        for id in owned {
            self.wake_secret(&id);
            self.secrets.remove(&id);
        }
        for secret in self.secrets.values_mut() {
            secret.grants.retain(|grant| grant.subject != *subject);
        }
    }

    /// Wakes all that a secret may concern: its owner and those who read it.
    pub(super) fn wake_secret(&mut self, id: &str) {
        let Some(secret) = self.secrets.get(id) else { return };
        let mut units: Vec<String> = secret.consumers.keys().cloned().collect();
        match &secret.owner {
            Owner::Application(app) => units.extend(self.units_of(app)),
            Owner::Unit(unit) => units.push(unit.clone()),
            Owner::Model => {}
        }
        for unit in units {
            self.wake(&unit);
        }
    }
}
