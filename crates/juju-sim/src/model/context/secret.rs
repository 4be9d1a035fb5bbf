use serde_json::json;

use super::{Context, NOT_LEADER};
use crate::command::{Look, SecretChanges, SecretContent, SecretInfo, SecretOwner, SecretTarget};
use crate::model::secret::{Consumer, Create, Grant, Owner, Revisions, Secret, Subject, Update, merge};

fn not_found(id: &str) -> String {
    format!("secret {id:?} not found")
}

impl Context<'_> {
    fn manages(&mut self, id: &str) -> bool {
        let leads = self.leads();
        let (unit, app) = (&self.running.unit, &self.running.app);
        self.model.secrets.get(id).is_some_and(|secret| secret.is_managed_by(unit, app, leads))
    }

    /// The secrets that this unit may look after, pending changes included.
    pub(super) fn managed_secrets(&mut self) -> Vec<(String, SecretInfo)> {
        let leads = self.leads();
        let pending = &self.running.secrets;
        let (unit, app) = (&self.running.unit, &self.running.app);
        let gone = |id: &String| pending.removes.get(id) == Some(&Revisions::All);
        let stored = self.model.secrets.iter().filter(|(id, it)| it.is_managed_by(unit, app, leads) && !gone(id));
        let mut secrets: Vec<(String, SecretInfo)> = stored
            .map(|(id, secret)| {
                let mut info = secret.info();
                if let Some(update) = pending.updates.get(id) {
                    show(&mut info, &update.changes);
                }
                (id.clone(), info)
            })
            .collect();
        for (id, create) in &pending.creates {
            let mut info = SecretInfo {
                revision: 1,
                label: String::new(),
                owner: create.owner,
                description: String::new(),
                rotation: None,
                expiry: None,
                rotates: None,
                access: Vec::new(),
            };
            show(&mut info, &create.changes);
            secrets.push((id.clone(), info));
        }
        secrets
    }

    pub(super) fn create_secret(
        &mut self,
        owner: SecretOwner,
        content: SecretContent,
        changes: SecretChanges,
    ) -> Result<String, String> {
        if owner == SecretOwner::Application {
            self.leads_or_err()?;
        }
        if let Some(label) = &changes.label
            && self.running.secrets.creates.values().any(|create| create.changes.label.as_ref() == Some(label))
        {
            return Err(format!("secret with label {label:?} already exists"));
        }
        let id = self.model.new_secret_id();
        self.running.secrets.creates.insert(id.clone(), Create { owner, content, changes });
        Ok(id)
    }

    pub(super) fn update_secret(
        &mut self,
        id: &str,
        content: Option<SecretContent>,
        changes: SecretChanges,
    ) -> Result<(), String> {
        if let Some(create) = self.running.secrets.creates.get_mut(id) {
            merge(&mut create.changes, changes);
            if let Some(content) = content {
                create.content = content;
            }
            return Ok(());
        }
        let manages = self.manages(id);
        let secret = self.model.secrets.get(id);
        // Juju: a unit that led when the hook began knows the application's secrets; any other sends blindly.
        let knows = |secret: &Secret| secret.owner == Owner::Application(self.running.app.clone());
        if self.running.led && !manages && secret.is_some_and(knows) {
            return Err(NOT_LEADER.to_owned());
        }
        // Juju: content that is as it was is no new revision.
        let newest = secret.filter(|_| manages).and_then(|secret| secret.revisions.get(&secret.latest));
        let content = content.filter(|content| newest != Some(content));
        if content.is_none() && changes == SecretChanges::default() {
            return Ok(());
        }
        let update: &mut Update = self.running.secrets.updates.entry(id.to_owned()).or_default();
        merge(&mut update.changes, changes);
        update.content = content.or(update.content.take());
        Ok(())
    }

    pub(super) fn read_secret(
        &mut self,
        id: Option<&str>,
        label: Option<&str>,
        look: Look,
    ) -> Result<SecretContent, String> {
        let id = match (id, label) {
            (Some(id), _) => id.to_owned(),
            (None, Some(label)) => self.secret_by_label(label)?,
            (None, None) => return Err(not_found("")),
        };
        if let Some(create) = self.running.secrets.creates.get_mut(&id) {
            if let Some(label) = label {
                create.changes.label = Some(label.to_owned());
            }
            return Ok(create.content.clone());
        }
        let (unit, app) = (self.running.unit.clone(), self.running.app.clone());
        let secret = self.model.secrets.get(&id).ok_or_else(|| not_found(&id))?;
        if !secret.is_readable_by(&unit, &app) {
            return Err("permission denied".to_owned());
        }
        let (latest, tracked) = (secret.latest, secret.consumers.get(&unit).map_or(0, |consumer| consumer.tracked));
        if let Some(label) = label {
            let known = secret.consumers.get(&unit).is_some_and(|consumer| consumer.label == label);
            let owned = secret.label == label && self.manages(&id);
            if !(known || owned) {
                self.at_once("label-consumed-secret", json!({"id": id, "label": label}));
                self.consumer(&id, |consumer| label.clone_into(&mut consumer.label));
            }
        }
        let pending = self.running.secrets.updates.get(&id).and_then(|update| update.content.clone());
        if let Some(content) = pending.filter(|_| look != Look::Tracked) {
            if look == Look::Refresh {
                self.running.secrets.track_latest.insert(id);
            }
            return Ok(content);
        }
        let revision = match look {
            Look::Peek => latest,
            Look::Refresh => latest,
            Look::Tracked if tracked == 0 => latest,
            Look::Tracked => tracked,
        };
        if look != Look::Peek && revision != tracked {
            self.at_once("track-secret", json!({"id": id, "revision": revision}));
            self.consumer(&id, |consumer| consumer.tracked = revision);
            self.model.wake_secret(&id);
        }
        let secret = &self.model.secrets[&id];
        let gone = || format!("secret revision {id:?}/{revision} not found");
        secret.revisions.get(&revision).cloned().ok_or_else(gone)
    }

    fn consumer(&mut self, id: &str, change: impl FnOnce(&mut Consumer)) {
        if let Some(secret) = self.model.secrets.get_mut(id) {
            change(secret.consumers.entry(self.running.unit.clone()).or_default());
        }
    }

    /// Juju: the label of an owned secret first, then that of a consumed one.
    fn secret_by_label(&mut self, label: &str) -> Result<String, String> {
        let owned = self.managed_secrets().into_iter().find(|(_, info)| info.label == label);
        if let Some((id, _)) = owned {
            return Ok(id);
        }
        let unit = &self.running.unit;
        let consumed = |secret: &Secret| secret.consumers.get(unit).is_some_and(|consumer| consumer.label == label);
        let consumed = self.model.secrets.iter().find(|(_, secret)| consumed(secret));
        consumed.map(|(id, _)| id.clone()).ok_or_else(|| format!("consumer label {label:?} not found"))
    }

    pub(super) fn describe_secret(
        &mut self,
        id: Option<&str>,
        label: Option<&str>,
    ) -> Result<(String, SecretInfo), String> {
        let secrets = self.managed_secrets();
        let wanted = |(known, info): &(String, SecretInfo)| match id {
            Some(id) => known == id,
            None => Some(info.label.as_str()) == label,
        };
        secrets.into_iter().find(wanted).ok_or_else(|| not_found(id.or(label).unwrap_or_default()))
    }

    pub(super) fn buffer_grant(&mut self, id: &str, relation: u32, unit: Option<&str>) -> Result<(), String> {
        if !self.managed_secrets().iter().any(|(known, _)| known == id) {
            return Err(not_found(id));
        }
        let found = self.model.relations.get(&relation).ok_or("relation not found")?;
        let app = found.remote(&self.running.app).map(|side| side.app.clone()).unwrap_or_default();
        let subject = match unit {
            Some(unit) => Subject::Unit(unit.to_owned()),
            None => Subject::Application(app.clone()),
        };
        let stored = self.model.secrets.get(id).map(|secret| secret.grants.as_slice()).unwrap_or_default();
        let whole = Subject::Application(app.clone());
        if stored.iter().any(|grant| grant.subject == subject || grant.subject == whole) {
            return Ok(());
        }
        let of_app = |grant: &Grant| match &grant.subject {
            Subject::Unit(unit) => unit.split_once('/').is_some_and(|(owner, _)| owner == app),
            Subject::Application(_) => false,
        };
        if unit.is_none() && stored.iter().any(of_app) {
            let text =
                "any unit level grants need to be revoked before granting access to the corresponding application";
            return Err(text.to_owned());
        }
        let grant = Grant { subject, relation: Some(relation), scope: found.tag() };
        // Juju keeps one grant for a secret and a relation: the last.
        let grants = &mut self.running.secrets.grants;
        grants.retain(|(secret, old)| !(secret == id && old.relation == grant.relation));
        grants.push((id.to_owned(), grant));
        Ok(())
    }

    pub(super) fn buffer_revoke(&mut self, id: &str, from: SecretTarget) -> Result<(), String> {
        let subject = match from {
            SecretTarget::Relation(relation) => {
                let relation = self.model.relations.get(&relation).ok_or("relation not found")?;
                Subject::Application(
                    relation.remote(&self.running.app).map(|side| side.app.clone()).unwrap_or_default(),
                )
            }
            SecretTarget::Application(app) => Subject::Application(app),
            SecretTarget::RelationUnit(_, unit) | SecretTarget::Unit(unit) => Subject::Unit(unit),
        };
        let revoke = (id.to_owned(), subject);
        if !self.running.secrets.revokes.contains(&revoke) {
            self.running.secrets.revokes.push(revoke);
        }
        Ok(())
    }

    pub(super) fn buffer_remove(&mut self, id: &str, revision: Option<u64>) -> Result<(), String> {
        let app_owned = self.running.secrets.creates.get(id).is_some_and(|it| it.owner == SecretOwner::Application);
        if app_owned {
            self.leads_or_err()?;
        }
        self.running.secrets.cancel(id);
        let removes = &mut self.running.secrets.removes;
        match (revision, removes.remove(id)) {
            (Some(revision), Some(Revisions::Some(mut revisions))) => {
                revisions.insert(revision);
                removes.insert(id.to_owned(), Revisions::Some(revisions));
            }
            (Some(revision), None) => {
                removes.insert(id.to_owned(), Revisions::Some([revision].into()));
            }
            (None, _) | (Some(_), Some(Revisions::All)) => {
                removes.insert(id.to_owned(), Revisions::All);
            }
        }
        Ok(())
    }
}

/// Shows pending changes.
fn show(info: &mut SecretInfo, changes: &SecretChanges) {
    if let Some(label) = &changes.label {
        info.label.clone_from(label);
    }
    if let Some(description) = &changes.description {
        info.description.clone_from(description);
    }
    info.rotation = changes.rotate.or(info.rotation);
    info.expiry = changes.expire.or(info.expiry);
}
