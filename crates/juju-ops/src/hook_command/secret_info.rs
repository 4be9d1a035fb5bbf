use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;

use super::{
    Command, Rotation, SecretOwner, SecretRef, argument, empty_is_none, json, json_or_default, null_is_empty, time,
};
use crate::error::{CommandError, Misfit};
use crate::gather::sort;
use crate::name::SecretId;
use crate::transport::Call;

/// What its owner knows of a secret.
///
/// ```
/// use juju_ops::hook_command::{Rotation, SecretInfo};
///
/// fn rotates(secret: &SecretInfo) -> bool {
///     secret.rotation != Rotation::Never
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretInfo {
    /// The secret.
    pub id: SecretId,
    /// The owner's name for it.
    pub label: Option<String>,
    /// Its latest revision. What this hook changed does not count yet.
    pub revision: u32,
    /// Whom it belongs to.
    pub owner: SecretOwner,
    /// What it is for.
    pub description: Option<String>,
    /// When its revision expires.
    pub expiry: Option<SystemTime>,
    /// How often it is to be changed.
    pub rotation: Rotation,
    /// When it is to be changed next.
    pub rotates: Option<SystemTime>,
    /// Who was granted it, in Juju's tags.
    pub access: Vec<SecretAccess>,
}

/// Who may read a secret. All parts are Juju's tags, such as `application-web` and `relation-web.db#pg.server`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SecretAccess {
    /// The application or unit.
    pub target: String,
    /// The relation, for as long as it is there.
    pub scope: String,
    /// What it may do: `view`.
    pub role: String,
}

/// What is known of a secret that this unit owns, or its application if it leads. `secret-info-get`. Where there is no
/// such secret, the error [is "not found"](crate::Error::is_not_found).
pub fn secret_info_get(secret: &SecretRef) -> Command<SecretInfo> {
    let mut call = Call::new("secret-info-get", ["--format=json"]);
    call.args.extend(match secret {
        SecretRef::Id(id) | SecretRef::Labelled(id, _) => ["--".to_owned(), id.to_string()],
        SecretRef::Label(label) => ["--label".to_owned(), argument(label)],
    });
    Command::new(call, secret, |stdout| {
        let mut secrets = json::<BTreeMap<SecretId, Details>>(stdout)?.into_iter();
        match (secrets.next(), secrets.next()) {
            (Some((id, details)), None) => Ok(details.of(id)),
            _ => Err(CommandError::Output(Misfit::no_answer("one secret"))),
        }
    })
}

/// The secrets that this unit owns, and its application if it leads, sorted. `secret-ids`.
pub fn secret_ids() -> Command<Vec<SecretId>> {
    Command::new(Call::new("secret-ids", ["--format=json"]), "", |stdout| {
        let mut ids: Vec<SecretId> = json_or_default(stdout)?;
        sort(&mut ids);
        Ok(ids)
    })
}

/// What Juju prints of a secret.
#[derive(Deserialize)]
struct Details {
    revision: u32,
    #[serde(default, deserialize_with = "empty_is_none")]
    label: Option<String>,
    owner: SecretOwner,
    #[serde(default, deserialize_with = "empty_is_none")]
    description: Option<String>,
    #[serde(default, deserialize_with = "time::optional")]
    expiry: Option<SystemTime>,
    #[serde(default, deserialize_with = "null_is_empty")]
    rotation: Rotation,
    #[serde(default, deserialize_with = "time::optional")]
    rotates: Option<SystemTime>,
    #[serde(default, deserialize_with = "null_is_empty")]
    access: Vec<SecretAccess>,
}

impl Details {
    fn of(self, id: SecretId) -> SecretInfo {
        let Self { revision, label, owner, description, expiry, rotation, rotates, access } = self;
        SecretInfo { id, label, revision, owner, description, expiry, rotation, rotates, access }
    }
}
