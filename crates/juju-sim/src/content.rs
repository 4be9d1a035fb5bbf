//! What units share, and which hook told of it or changed it: the facts behind "this hook ran because of that one".

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that units are told of by hooks. Its changes are counted: each makes a new version.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Content, Publication};
///
/// # let charm = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::in_process(charm, |charm| {
/// #     if charm.var("JUJU_HOOK_NAME") != Some("db-relation-created") { return ProgramEnd::Exit(0); }
/// #     ProgramEnd::Exit(charm.tools.call(&["relation-set", "database=shop"], None).code)
/// # }))?;
/// # juju.play("pg", "web:db")?;
/// juju.settle()?;
/// let created = juju.runs().iter().find(|run| run.hook == "db-relation-created").expect("it has run");
/// // The first version has the addresses, which Juju writes.
/// let of = Content::Databag { relation: 0, owner: "web/0".to_owned() };
/// assert_eq!(created.published, [Publication { of, version: 2 }]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Content {
    /// A databag.
    Databag {
        /// The relation's number.
        relation: u32,
        /// The unit or application whose it is.
        owner: String,
    },
    /// A secret, by its id; its versions are its revisions.
    Secret(String),
    /// The settings that an application's leader has set.
    LeaderSettings(String),
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Databag { relation, owner } => write!(f, "databag of {owner} in relation {relation}"),
            Content::Secret(id) => write!(f, "secret:{id}"),
            Content::LeaderSettings(app) => write!(f, "leader's settings of {app}"),
        }
    }
}

/// A version that a hook has made, which others are told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Of what.
    pub of: Content,
    /// Counts the changes, also those that no hook makes.
    pub version: u64,
}

/// What a hook tells its unit of: that something has changed, or is to be seen for the first time.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Content, Told};
///
/// # let charm = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// # let db = juju.play("pg", "web:db")?;
/// # juju.settle()?;
/// juju.write_bag(db, "pg/0", [("host", "10.0.0.9")])?;
/// let run = juju.step().expect("relation-changed is due");
/// let of = Content::Databag { relation: 0, owner: "pg/0".to_owned() };
/// assert_eq!(run.told, Some(Told { of, version: 2, since: Some(1) }));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Of what.
    pub of: Content,
    /// The version that was there when the hook was chosen.
    pub version: u64,
    /// The version that it was told of before; none where it sees this for the first time. The same version again is
    /// no news: a `changed` follows each `joined`.
    pub since: Option<u64>,
}

impl Told {
    /// Whether a version is part of the news.
    pub(crate) fn has(&self, version: u64) -> bool {
        version <= self.version && self.since.is_none_or(|since| version > since)
    }
}
