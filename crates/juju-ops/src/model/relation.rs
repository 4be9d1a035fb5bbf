use std::fmt;

use super::{Databag, Leader, OwnDatabag};
use crate::context::{Context, Member};
use crate::error::Error;
use crate::hook_command;
use crate::name::{AppName, RelationId, UnitName};
use crate::source::Role;

/// One relation of this application, as this unit sees it.
///
/// ```
/// use juju_ops::{BoxError, Observer, Observers, Status, hook, testing};
/// use juju_sim::Charm;
///
/// struct Web;
///
/// impl Observer for Web {
///     fn observe(&self, events: &mut Observers<Self>) {
///         events.requires("db", "pg");
///         events.on(&hook::any(), |_, _, cx| {
///             for relation in cx.relations("db")? {
///                 let (app, units) = (relation.app()?, relation.members()?.len());
///                 cx.unit().set_status(Status::active(format!("{app} with {units}")))?;
///             }
///             Ok(())
///         });
///     }
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let metadata = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// let mut juju = testing::in_process(Web, metadata)?;
/// juju.add_unit("web")?;
/// juju.play("pg", "web:db")?;
/// juju.settle()?;
/// assert_eq!(juju.status("web/0"), ("active", "pg with 1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Relation {
    cx: Context,
    id: RelationId,
}

impl Relation {
    fn new(cx: &Context, id: RelationId) -> Self {
        Self { cx: cx.clone(), id }
    }

    /// Its identity.
    pub fn id(&self) -> &RelationId {
        &self.id
    }

    /// The application at the other side; for a peer relation, the own one. Also where it has no unit yet: then it is the
    /// one that the hook names, or Juju is asked.
    ///
    /// # Errors
    /// `relation-list --app` fails.
    pub fn app(&self) -> Result<AppName, Error> {
        if self.cx.role(self.id.endpoint()) == Some(Role::Peer) {
            return Ok(self.cx.env().unit()?.app().clone());
        }
        self.cx.remote_app(&self.id)
    }

    /// The UUID of the model of the application at the other side: another one than this where the relation crosses
    /// models.
    ///
    /// # Errors
    /// `relation-model-get` fails; Juju has it from 3.6.2 on.
    pub fn model_uuid(&self) -> Result<String, Error> {
        hook_command::relation_model_get(&self.id).run(self.cx.transport())
    }

    /// The remote units that this unit was told of, sorted by number; for a peer relation, the other units. A unit
    /// that is listed need not be up, nor have seen this one; in its `relation-departed` a unit is no longer listed.
    ///
    /// # Errors
    /// `relation-list` fails.
    pub fn members(&self) -> Result<Vec<UnitName>, Error> {
        self.cx.members(&self.id)
    }

    /// The bag of a unit, listed or departed.
    pub fn bag(&self, unit: &UnitName) -> Databag {
        Databag::new(&self.cx, &self.id, Member::Unit(unit.clone()))
    }

    /// The bag of an application. That of the own one can be read by the leader, and in a peer relation by all.
    pub fn app_bag(&self, app: &AppName) -> Databag {
        Databag::new(&self.cx, &self.id, Member::App(app.clone()))
    }

    /// The bag of the application at the other side.
    ///
    /// # Errors
    /// As [`app`](Self::app).
    pub fn remote_app_bag(&self) -> Result<Databag, Error> {
        Ok(self.app_bag(&self.app()?))
    }

    /// The own unit's bag.
    ///
    /// # Errors
    /// The environment does not name the unit.
    pub fn own_bag(&self) -> Result<OwnDatabag, Error> {
        let unit = self.cx.env().unit()?.clone();
        Ok(OwnDatabag::new(&self.cx, &self.id, Member::Unit(unit)))
    }

    /// The own application's bag. Who holds a [`Leader`] may write it; Juju checks again when the hook is over, and
    /// fails the hook if leadership is lost by then.
    ///
    /// # Errors
    /// The environment does not name the unit.
    pub fn own_app_bag(&self, _: &Leader) -> Result<OwnDatabag, Error> {
        let app = self.cx.env().unit()?.app().clone();
        Ok(OwnDatabag::new(&self.cx, &self.id, Member::App(app)))
    }

    /// Reads the bags of several units in one batch, for later reads to find. One that cannot be read is left out: the
    /// log says so once, [`Databag::readable`] takes it for empty, and [`Databag::get`] tries again.
    pub fn read_ahead(&self, units: &[UnitName]) {
        let failed = self.cx.read_bags(&self.id, units).into_iter();
        self.cx.note_unreadable(failed.map(|(unit, error)| ((self.id.clone(), Member::Unit(unit)), error)).collect());
    }
}

impl Context {
    /// The relations of an endpoint, sorted by number. A peer endpoint has one, rarely several. One that is being broken
    /// by the hook that runs is not among them.
    ///
    /// # Errors
    /// The charm's registration does not name the endpoint, or `relation-ids` fails.
    pub fn relations(&self, endpoint: &str) -> Result<Vec<Relation>, Error> {
        self.check_endpoint(endpoint)?;
        Ok(self.relation_ids(endpoint)?.iter().map(|id| self.relation(id)).collect())
    }

    /// A relation by its identity, listed or not. Nothing is asked of Juju.
    pub fn relation(&self, id: &RelationId) -> Relation {
        Relation::new(self, id.clone())
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relation({})", self.id)
    }
}
