use std::fmt;
use std::num::NonZeroU32;

use super::{Application, Leader, Relation, Unit};
use crate::context::Context;
use crate::error::Error;
use crate::hook_command::{self, SecretContent, SecretInfo, SecretMetadata, SecretOwner, SecretRef, SecretRevision};
use crate::name::{SecretId, UnitName};

/// A secret: a name to ask and act through, by its identity or by the label that this unit gave it.
///
/// What is read, is read when it is asked for, each time: the content is not kept. What is changed goes out at once and
/// cannot be taken back by the handler; Juju acts on it when the hook has succeeded. Content is in no argument of a
/// process, no log, no error and no `Debug`.
///
/// ```
/// use juju_ops::hook_command::{SecretContent, SecretMetadata};
/// use juju_ops::{BoxError, Context, Observer, Observers, SecretId, Status, hook, testing};
/// use juju_sim::{Charm, World};
///
/// /// Gives its password to whoever is related.
/// struct Database;
///
/// impl Observer for Database {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.provides("db", "pg");
///         events.on(&hook::relation_created("db"), |_, event, cx| {
///             let Some(leader) = cx.app().leader()? else { return Ok(()) };
///             let content = SecretContent::new().with("password", "hunter2")?;
///             let secret = cx.app().add_secret(&leader, &content, &SecretMetadata::default())?;
///             let relation = cx.relation(event.relation());
///             secret.grant(&relation)?;
///             Ok(relation.own_app_bag(&leader)?.set("secret", secret.id()?.to_string())?)
///         });
///     }
/// }
///
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.requires("db", "pg");
///         events.on(&hook::relation_changed("db"), |_, event, cx| {
///             let Some(uri) = cx.relation(event.relation()).remote_app_bag()?.get("secret")? else { return Ok(()) };
///             let content = cx.secret(&uri.parse::<SecretId>()?).content()?;
///             let known = content.get("password").is_some();
///             Ok(cx.unit().set_status(Status::active(if known { "has a password" } else { "has none" }))?)
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let mut juju = World::new(0);
/// let (pg, web) = ("{name: pg, provides: {db: {interface: pg}}}", "{name: web, requires: {db: {interface: pg}}}");
/// juju.deploy("pg", testing::revision(Database, Charm::parse(pg, None, None)?)?)?;
/// juju.deploy("web", testing::revision(Web, Charm::parse(web, None, None)?)?)?;
/// juju.integrate("web:db", "pg:db")?;
/// juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "has a password"));
/// # Ok(())
/// # }
/// ```
///
/// Matches `Secret` of Python `ops`.
#[derive(Clone)]
pub struct Secret {
    cx: Context,
    secret: SecretRef,
}

impl Secret {
    pub(crate) fn new(cx: &Context, secret: SecretRef) -> Self {
        Self { cx: cx.clone(), secret }
    }

    /// Its identity. A secret that is known by its label alone is asked for, which only its owner may.
    ///
    /// # Errors
    /// `secret-info-get` fails.
    pub fn id(&self) -> Result<SecretId, Error> {
        match &self.secret {
            SecretRef::Id(id) | SecretRef::Labelled(id, _) => Ok(id.clone()),
            SecretRef::Label(_) => Ok(self.info()?.id),
        }
    }

    /// The same secret, which is given a label by the next read: this unit's own name for it, by which it is
    /// [found](Context::secret_by_label) without its identity, and which its events carry.
    #[must_use]
    pub fn labelled(&self, label: impl Into<String>) -> Self {
        let secret = match &self.secret {
            SecretRef::Id(id) | SecretRef::Labelled(id, _) => SecretRef::Labelled(id.clone(), label.into()),
            SecretRef::Label(_) => self.secret.clone(),
        };
        Self { cx: self.cx.clone(), secret }
    }

    /// The content of the revision that this unit tracks. The first read begins to track the latest, at once.
    ///
    /// # Errors
    /// `secret-get` fails: it is not there ([`is_not_found`](Error::is_not_found)), or not granted, or no longer
    /// ([`is_permission_denied`](Error::is_permission_denied)).
    pub fn content(&self) -> Result<SecretContent, Error> {
        self.get(SecretRevision::Tracked)
    }

    /// The content of the latest revision, which is tracked from now on, whatever becomes of the hook. The owner hears
    /// when nobody tracks the one before.
    ///
    /// # Errors
    /// As [`content`](Self::content).
    pub fn refresh(&self) -> Result<SecretContent, Error> {
        self.get(SecretRevision::Refresh)
    }

    /// The content of the latest revision, which is not tracked for that.
    ///
    /// # Errors
    /// As [`content`](Self::content).
    pub fn peek(&self) -> Result<SecretContent, Error> {
        self.get(SecretRevision::Peek)
    }

    /// What its owner knows of it.
    ///
    /// # Errors
    /// `secret-info-get` fails: for want of the secret, or because this unit does not own it, nor leads its owner.
    pub fn info(&self) -> Result<SecretInfo, Error> {
        hook_command::secret_info_get(&self.secret).run(self.cx.transport())
    }

    /// Gives it a new revision with this content. Content that is the same makes none. The owner, who reads it too,
    /// tracks the revision before until it [refreshes](Self::refresh).
    ///
    /// # Errors
    /// `secret-set` fails. That this unit may not is known when the hook is over: then the hook fails.
    pub fn set_content(&self, content: &SecretContent) -> Result<(), Error> {
        hook_command::secret_set(&self.id()?, Some(content), &SecretMetadata::default()).run(self.cx.transport())
    }

    /// Changes its label, description, expiry or rotation. What is none stays; Juju has no way to take one back.
    ///
    /// # Errors
    /// As [`set_content`](Self::set_content).
    pub fn set_metadata(&self, metadata: &SecretMetadata) -> Result<(), Error> {
        hook_command::secret_set(&self.id()?, None, metadata).run(self.cx.transport())
    }

    /// Lets the application at the other side of a relation read it, for as long as there is the relation.
    ///
    /// # Errors
    /// `secret-grant` fails.
    pub fn grant(&self, relation: &Relation) -> Result<(), Error> {
        hook_command::secret_grant(&self.id()?, relation.id(), None).run(self.cx.transport())
    }

    /// Lets one unit at the other side of a relation read it, for as long as there is the relation.
    ///
    /// # Errors
    /// `secret-grant` fails.
    pub fn grant_unit(&self, relation: &Relation, unit: &UnitName) -> Result<(), Error> {
        hook_command::secret_grant(&self.id()?, relation.id(), Some(unit)).run(self.cx.transport())
    }

    /// Takes back what [`grant`](Self::grant) gave.
    ///
    /// # Errors
    /// `secret-revoke` fails.
    pub fn revoke(&self, relation: &Relation) -> Result<(), Error> {
        hook_command::secret_revoke(&self.id()?, relation.id(), None).run(self.cx.transport())
    }

    /// Takes back what [`grant_unit`](Self::grant_unit) gave.
    ///
    /// # Errors
    /// `secret-revoke` fails.
    pub fn revoke_unit(&self, relation: &Relation, unit: &UnitName) -> Result<(), Error> {
        hook_command::secret_revoke(&self.id()?, relation.id(), Some(unit)).run(self.cx.transport())
    }

    /// Removes one revision, as the hooks `secret-remove` and `secret-expired` ask for.
    ///
    /// # Errors
    /// `secret-remove` fails, or the revision is 0, which Juju would take for all of them.
    pub fn remove_revision(&self, revision: u32) -> Result<(), Error> {
        let revision = NonZeroU32::new(revision).ok_or_else(|| Error::refused("secret revision 0: there is none"))?;
        hook_command::secret_remove_revision(&self.id()?, revision).run(self.cx.transport())
    }

    /// Removes it with all its revisions.
    ///
    /// # Errors
    /// `secret-remove` fails.
    pub fn remove(&self) -> Result<(), Error> {
        hook_command::secret_remove(&self.id()?).run(self.cx.transport())
    }

    fn get(&self, revision: SecretRevision) -> Result<SecretContent, Error> {
        hook_command::secret_get(&self.secret, revision).run(self.cx.transport())
    }
}

impl Context {
    /// A secret by its identity. Nothing is asked of Juju.
    pub fn secret(&self, id: &SecretId) -> Secret {
        Secret::new(self, SecretRef::Id(id.clone()))
    }

    /// A secret by the label that this unit, as its owner or as its reader, gave it. Nothing is asked of Juju.
    pub fn secret_by_label(&self, label: impl Into<String>) -> Secret {
        Secret::new(self, SecretRef::Label(label.into()))
    }

    /// The secrets that this unit owns, and those of its application where it leads.
    ///
    /// # Errors
    /// `secret-ids` fails.
    pub fn secrets(&self) -> Result<Vec<Secret>, Error> {
        let ids = hook_command::secret_ids().run(self.transport())?;
        Ok(ids.into_iter().map(|id| Secret::new(self, SecretRef::Id(id))).collect())
    }

    fn add_secret(
        &self,
        owner: SecretOwner,
        content: &SecretContent,
        metadata: &SecretMetadata,
    ) -> Result<Secret, Error> {
        let id = hook_command::secret_add(owner, content, metadata).run(self.transport())?;
        Ok(Secret::new(self, SecretRef::Id(id)))
    }
}

impl Unit {
    /// Makes a secret that this unit owns. It is another one each time: a handler that is repeated looks for it
    /// [by its label](Context::secret_by_label) first, or keeps its identity.
    ///
    /// # Errors
    /// `secret-add` fails, for instance because the label [is taken](Error::is_already_exists).
    pub fn add_secret(&self, content: &SecretContent, metadata: &SecretMetadata) -> Result<Secret, Error> {
        self.cx.add_secret(SecretOwner::Unit, content, metadata)
    }
}

impl Application {
    /// Makes a secret that the application owns, and its leader changes. As [`Unit::add_secret`].
    ///
    /// # Errors
    /// `secret-add` fails.
    pub fn add_secret(&self, _: &Leader, content: &SecretContent, metadata: &SecretMetadata) -> Result<Secret, Error> {
        self.cx.add_secret(SecretOwner::Application, content, metadata)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.secret)
    }
}
