use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::{Context, Member};
use crate::encoding::Encoding;
use crate::error::{Error, of_member};
use crate::name::RelationId;

/// The bag of one member of a relation, to be read.
///
/// What is in it was written by somebody else and is untrusted: it may be missing, malformed, huge or hostile. Each
/// bag is read at most once in a dispatch. The bag of a unit that the running hook is not about may be stale: Juju
/// keeps the copy of that unit's last hook (Juju: freshness of reads).
///
/// ```
/// use juju_ops::{BoxError, Encoding, Observer, Observers, Status, hook, testing};
/// use juju_sim::{Charm, World};
/// use serde::{Deserialize, Serialize};
///
/// /// What the interface has in the bags of its servers.
/// #[derive(Serialize, Deserialize)]
/// struct Server {
///     host: String,
///     port: u16,
/// }
///
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.requires("db", "pg");
///         events.on(&hook::relation_changed("db"), |_, event, cx| {
///             let Some(unit) = event.unit() else { return Ok(()) };
///             let server: Server = cx.relation(event.relation()).bag(unit).load(Encoding::Json)?;
///             Ok(cx.unit().set_status(Status::active(format!("{}:{}", server.host, server.port)))?)
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// let mut juju = testing::in_process(Web, metadata)?;
/// juju.add_unit("web")?;
/// let db = juju.play("pg", "web:db")?;
/// let server = Encoding::Json.encode(&Server { host: "10.0.0.9".into(), port: 5432 })?;
/// juju.write_bag(db, "pg/0", &server)?;
/// juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "10.0.0.9:5432"));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// use juju_ops::{BoxError, Encoding, Observer, Observers, hook, testing};
/// use juju_sim::Charm;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Server {
///     host: String,
///     port: u16,
/// }
///
/// struct Database;
///
/// impl Observer for Database {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.provides("db", "pg");
///         events.on(&hook::relation_created("db"), |_, event, cx| {
///             let server = Server { host: "10.0.0.9".into(), port: 5432 };
///             Ok(cx.relation(event.relation()).own_bag()?.save(&server, Encoding::Json)?)
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let metadata = Charm::parse("{name: pg, provides: {db: {interface: pg}}}", None, None)?;
/// let mut juju = testing::in_process(Database, metadata)?;
/// juju.add_unit("pg")?;
/// let db = juju.play("web", "pg:db")?;
/// juju.settle()?;
/// assert_eq!(Encoding::Json.decode::<Server>(&juju.bag(db, "pg/0")?)?.port, 5432);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OwnDatabag(Databag);

impl Databag {
    pub(crate) fn new(cx: &Context, relation: &RelationId, member: Member) -> Self {
        Self { cx: cx.clone(), relation: relation.clone(), member }
    }

    /// Its name as a part of a state area's.
    pub(super) fn area(&self) -> String {
        let relation = format!("bag.{}.{}", self.relation.endpoint(), self.relation.number());
        match &self.member {
            Member::Unit(unit) => format!("{relation}.{}.{}", unit.app(), unit.number()),
            Member::App(app) => format!("{relation}.{app}"),
        }
    }

    /// The value of one key. Juju knows no empty values: empty and absent are the same.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn get(&self, key: &str) -> Result<Option<String>, Error> {
        self.cx.bag_value(&self.relation, &self.member, key)
    }

    /// All keys and values. Juju's own are among those of a unit, from the start: `ingress-address`, `private-address`
    /// and `egress-subnets`. So a bag that is not empty is no sign that the other side has written.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn all(&self) -> Result<BTreeMap<String, String>, Error> {
        self.cx.bag(&self.relation, &self.member)
    }

    /// All keys and values as far as they can be had: a bag that Juju refuses, or that is beyond what this library
    /// reads, counts as empty, and the log says so once in a dispatch. For what is read for information, of many
    /// members, where one must not fail the rest.
    pub fn readable(&self) -> Rc<BTreeMap<String, String>> {
        self.cx.readable_bag(&self.relation, &self.member)
    }

    /// The bag as a struct.
    ///
    /// # Errors
    /// `relation-get` fails, or what is there does not fit ([`is_misfit`](Error::is_misfit)); see [`Encoding::decode`].
    pub fn load<T: DeserializeOwned>(&self, encoding: Encoding) -> Result<T, Error> {
        let what = || format!("databag {}", of_member(&self.relation, &self.member));
        encoding.read(&self.all()?).map_err(|misfit| Error::parse(what(), misfit))
    }
}

impl Databag {
    /// The bag as a struct; none where its writer has written no key of it yet.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_if_any<T: DeserializeOwned>(&self, encoding: Encoding) -> Result<Option<T>, Error> {
        let (bag, keys) = (self.all()?, encoding.keys::<T>());
        if keys.iter().any(|key| bag.contains_key(*key)) { self.load(encoding).map(Some) } else { Ok(None) }
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

    /// The bag as a struct, with the writes of this dispatch.
    ///
    /// # Errors
    /// As [`Databag::load`].
    pub fn load<T: DeserializeOwned>(&self, encoding: Encoding) -> Result<T, Error> {
        self.0.load(encoding)
    }

    /// Writes one key; an empty value removes it.
    ///
    /// # Errors
    /// The key is empty, which Juju cannot store; or an event that waited writes to a relation that is gone.
    pub fn set(&self, key: &str, value: impl Into<String>) -> Result<(), Error> {
        let Databag { cx, relation, member } = &self.0;
        if key.is_empty() {
            return Err(Error::refused(format!("databag {}: the key is empty", of_member(relation, member))));
        }
        cx.write_bag(relation, member, key, value.into())
    }

    /// Removes one key.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn remove(&self, key: &str) -> Result<(), Error> {
        self.set(key, "")
    }

    /// Writes the fields of a struct; one that is null is removed. Keys that are no field of it stay as they are.
    ///
    /// # Errors
    /// The struct has no such form, see [`Encoding::encode`], or as [`set`](Self::set).
    pub fn save<T: Serialize + DeserializeOwned>(&self, value: &T, encoding: Encoding) -> Result<(), Error> {
        let values = encoding.encode(value)?;
        for key in encoding.keys::<T>() {
            if !values.contains_key(key) {
                self.remove(key)?;
            }
        }
        values.into_iter().try_for_each(|(key, value)| self.set(&key, value))
    }
}

impl fmt::Debug for Databag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Databag({} {})", self.relation, self.member)
    }
}
