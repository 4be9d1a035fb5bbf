use std::fmt;

use super::World;
use crate::SimError;

/// A relation, as [`World::integrate`] gives it back. Verbs also take an endpoint's name, such as `"db"` or `"web:db"`,
/// where that means one relation.
///
/// ```
/// # use juju_sim::{Charm, Revision, World};
/// # let web = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let pg = Charm::parse("{name: pg, provides: {database: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::played(web))?;
/// # juju.deploy("pg", Revision::played(pg))?;
/// let db = juju.integrate("web:db", "pg")?;
/// juju.write_bag(db, "pg/0", [("host", "10.0.0.9")])?;
/// assert_eq!(juju.bag("web:db", "pg/0")?["host"], "10.0.0.9");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationId(pub(crate) u32);

impl fmt::Display for RelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What names a relation: a [`RelationId`], or the name of an endpoint that has one relation only.
///
/// ```
/// # use juju_sim::{Charm, Revision, World};
/// # let web = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::played(web))?;
/// let first = juju.play("pg", "web:db")?;
/// assert!(juju.members("web/0", "db").is_ok()); // or "web:db", or `first`
/// juju.play("other-pg", "web:db")?;
/// let several = juju.members("web/0", "db").unwrap_err();
/// assert_eq!(several.to_string(), "endpoint db has 2 relations");
/// assert!(juju.members("web/0", first).is_ok());
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationName(pub(super) Named);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Id(RelationId),
    Endpoint(String),
}

impl From<RelationId> for RelationName {
    fn from(id: RelationId) -> RelationName {
        RelationName(Named::Id(id))
    }
}

impl From<&str> for RelationName {
    fn from(endpoint: &str) -> RelationName {
        RelationName(Named::Endpoint(endpoint.to_owned()))
    }
}

impl World {
    /// The relation that is named.
    pub(super) fn find(&self, name: impl Into<RelationName>) -> Result<RelationId, SimError> {
        match name.into().0 {
            Named::Id(id) => self.model().relation(id.0).map(|_| id),
            Named::Endpoint(endpoint) => self.relation(&endpoint),
        }
    }

    /// The relation of an endpoint: `"db"`, or `"web:db"` where several applications have an endpoint of that name.
    ///
    /// # Errors
    /// The endpoint has no relation, or several.
    pub fn relation(&self, endpoint: &str) -> Result<RelationId, SimError> {
        match self.relations(endpoint).as_slice() {
            [id] => Ok(*id),
            [] => Err(SimError::NoRelation(endpoint.to_owned())),
            ids => Err(SimError::ManyRelations { endpoint: endpoint.to_owned(), count: ids.len() }),
        }
    }

    /// All relations of an endpoint.
    pub fn relations(&self, endpoint: &str) -> Vec<RelationId> {
        let (app, endpoint) =
            endpoint.split_once(':').map_or((None, endpoint), |(app, endpoint)| (Some(app), endpoint));
        let model = self.model();
        let has = |side: &crate::model::Side| side.endpoint == endpoint && app.is_none_or(|app| side.app == app);
        let found = model.relations.iter().filter(|(_, relation)| relation.sides.iter().any(has));
        found.map(|(id, _)| RelationId(*id)).collect()
    }
}
