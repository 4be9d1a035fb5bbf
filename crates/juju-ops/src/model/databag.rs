use std::collections::BTreeMap;
use std::fmt;

use crate::context::{Context, Member};
use crate::error::Error;
use crate::name::RelationId;

/// The bag of one member of a relation, to be read.
///
/// What is in it was written by somebody else and is untrusted: it may be missing, malformed, huge or hostile. Each
/// bag is read at most once in a dispatch. The bag of a unit that the running hook is not about may be stale: Juju
/// keeps the copy of that unit's last hook (Juju: freshness of reads).
#[derive(Clone)]
pub struct Databag {
    cx: Context,
    relation: RelationId,
    member: Member,
}

/// The own unit's bag, or for the leader the own application's: to be read and written.
///
/// Writes are held in the process, seen by later reads, and sent when the dispatch succeeds, as far as they change
/// something. Nobody else sees them before the hook has succeeded.
#[derive(Debug, Clone)]
pub struct OwnDatabag(Databag);

impl Databag {
    pub(crate) fn new(cx: &Context, relation: &RelationId, member: Member) -> Self {
        Self { cx: cx.clone(), relation: relation.clone(), member }
    }

    /// The value of one key. Juju knows no empty values: empty and absent are the same.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn get(&self, key: &str) -> Result<Option<String>, Error> {
        self.cx.bag_value(&self.relation, &self.member, key)
    }

    /// All keys and values.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn all(&self) -> Result<BTreeMap<String, String>, Error> {
        self.cx.bag(&self.relation, &self.member)
    }
}

impl OwnDatabag {
    pub(crate) fn new(cx: &Context, relation: &RelationId, member: Member) -> Self {
        Self(Databag::new(cx, relation, member))
    }

    /// The value of one key, with the writes of this dispatch.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn get(&self, key: &str) -> Result<Option<String>, Error> {
        self.0.get(key)
    }

    /// All keys and values, with the writes of this dispatch.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn all(&self) -> Result<BTreeMap<String, String>, Error> {
        self.0.all()
    }

    /// Writes one key; an empty value removes it.
    ///
    /// # Errors
    /// The key is empty, which Juju cannot store, or the hook that runs is one in which Juju takes no writes.
    pub fn set(&self, key: &str, value: impl Into<String>) -> Result<(), Error> {
        if key.is_empty() {
            return Err(Error::refused(format!(
                "databag of {} in {}: the key is empty",
                self.0.member, self.0.relation
            )));
        }
        self.0.cx.write_bag(&self.0.relation, &self.0.member, key, value.into())
    }

    /// Removes one key.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn remove(&self, key: &str) -> Result<(), Error> {
        self.set(key, "")
    }
}

impl fmt::Debug for Databag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Databag({} {})", self.relation, self.member)
    }
}
