//! Secrets of operators, as they are named on a command line and as Juju shows them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::call::Call;
use super::failure::Failure;
use super::session::Session;
use super::{options, time};
use crate::command::SecretContent;
use crate::model::{EPOCH, Owner, Secret, Subject};

/// The content that a command line gives: `key=value`, `key#base64=…`, `key#file=PATH`, and a YAML file.
pub(super) fn content(call: &Call<'_, '_>) -> Result<Option<SecretContent>, Failure> {
    let mut pairs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if let Some(file) = call.matches.get_one::<String>("file") {
        for (key, value) in options::read_yaml(&options::read_text(&call.path(file))?, file)? {
            put(&mut pairs, call, &key, &super::view::plain(&value))?;
        }
    }
    for text in call.texts("content") {
        // The text may hold a secret: it is not repeated.
        let (key, value) = text
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or("secret content must be given as key=value")?;
        put(&mut pairs, call, key, value)?;
    }
    if pairs.is_empty() {
        return Ok(None);
    }
    Ok(Some(SecretContent::of(pairs)?))
}

fn put(pairs: &mut BTreeMap<String, Vec<u8>>, call: &Call<'_, '_>, key: &str, value: &str) -> Result<(), Failure> {
    let (key, bytes) = match key.rsplit_once('#') {
        Some((key, "base64")) => {
            let bytes = STANDARD.decode(value).map_err(|_| format!("the value of key {key:?} is no base64"))?;
            (key, bytes)
        }
        Some((key, "file")) => (key, options::read_text(&call.path(value))?.into_bytes()),
        _ => (key, value.as_bytes().to_vec()),
    };
    pairs.insert(key.to_owned(), bytes);
    Ok(())
}

/// The id of a secret that is named by its URI, its id, or the name that an operator gave it.
pub(super) fn find(session: &Session, named: &str) -> Result<String, Failure> {
    let model = session.world.model();
    let id = named.rsplit('/').next().unwrap_or(named);
    let id = id.strip_prefix("secret:").unwrap_or(id);
    if model.secrets.contains_key(id) {
        return Ok(id.to_owned());
    }
    let of_name = |(_, secret): &(&String, &Secret)| secret.owner == Owner::Model && secret.label == named;
    let found = model.secrets.iter().find(of_name).map(|(id, _)| id.clone());
    found.ok_or_else(|| format!("secret {named:?} not found").into())
}

/// As [`find`], of one that is an operator's.
pub(super) fn find_own(session: &Session, named: &str) -> Result<String, Failure> {
    let id = find(session, named)?;
    let is_own = session.world.model().secrets.get(&id).is_some_and(|secret| secret.owner == Owner::Model);
    if is_own { Ok(id) } else { Err("permission denied: the secret is a charm's".into()) }
}

/// Whether an operator has another secret of a name.
pub(super) fn name_is_free(session: &Session, name: &str, but: Option<&str>) -> Result<(), Failure> {
    let model = session.world.model();
    let has = |(id, secret): (&String, &Secret)| {
        secret.owner == Owner::Model && secret.label == name && Some(id.as_str()) != but
    };
    match model.secrets.iter().any(has) {
        true => Err(format!("secret with name {name:?} already exists").into()),
        false => Ok(()),
    }
}

/// A secret as `juju show-secret` gives it.
#[derive(Debug, Serialize)]
pub(super) struct SecretView {
    pub(super) revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rotation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotates: Option<String>,
    pub(super) owner: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    created: String,
    pub(super) updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revisions: Option<Vec<RevisionView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access: Option<Vec<AccessView>>,
}

/// The values of a secret. Juju's JSON has them one level deeper than its YAML.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content {
    Json {
        #[serde(rename = "Data")]
        data: BTreeMap<String, String>,
    },
    Yaml(BTreeMap<String, String>),
}

#[derive(Debug, Serialize)]
pub(super) struct RevisionView {
    revision: u64,
    backend: &'static str,
    created: String,
    updated: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AccessView {
    target: String,
    scope: String,
    role: &'static str,
}

impl SecretView {
    pub(super) fn of(secret: &Secret) -> SecretView {
        let made = |revision: u64| secret.made.get(&revision).copied().unwrap_or(EPOCH) - EPOCH;
        let (owner, is_own) = match &secret.owner {
            Owner::Application(owner) | Owner::Unit(owner) => (owner.clone(), false),
            Owner::Model => ("<model>".to_owned(), true),
        };
        let label = Some(secret.label.clone()).filter(|label| !label.is_empty());
        let date = |at: u64| time::rfc3339(at.saturating_sub(EPOCH));
        SecretView {
            revision: secret.latest,
            expires: secret.expire.map(date),
            rotation: secret.next_rotate.and(secret.rotate).map(|rotate| rotate.to_string()),
            rotates: secret.next_rotate.map(date),
            owner,
            description: secret.description.clone(),
            name: label.clone().filter(|_| is_own),
            label: label.filter(|_| !is_own),
            created: time::rfc3339(made(1)),
            updated: time::rfc3339(made(secret.latest)),
            content: None,
            revisions: None,
            access: None,
        }
    }

    /// With those who may read it.
    pub(super) fn with_access(self, secret: &Secret) -> SecretView {
        let view = |grant: &crate::model::Grant| {
            let target = match &grant.subject {
                Subject::Application(name) | Subject::Unit(name) => name.clone(),
            };
            AccessView { target, scope: grant.scope.clone(), role: "view" }
        };
        let access: Vec<AccessView> = secret.grants.iter().map(view).collect();
        SecretView { access: Some(access).filter(|it| !it.is_empty()), ..self }
    }

    /// With the revisions that are kept.
    pub(super) fn with_revisions(self, secret: &Secret) -> SecretView {
        let view = |revision: &u64| {
            let made = secret.made.get(revision).copied().unwrap_or(EPOCH) - EPOCH;
            let (created, updated) = (time::rfc3339(made), time::rfc3339(made));
            RevisionView { revision: *revision, backend: "internal", created, updated }
        };
        SecretView { revisions: Some(secret.revisions.keys().map(view).collect()), ..self }
    }
}

/// The values of a revision.
pub(super) fn values(content: &SecretContent) -> BTreeMap<String, String> {
    let text = |value: &String| match STANDARD.decode(value).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        _ => value.clone(),
    };
    content.0.iter().map(|(key, value)| (key.clone(), text(value))).collect()
}
