use std::fmt;

use super::{Databag, Leader, OwnDatabag};
use crate::context::{Context, Member};
use crate::error::Error;
use crate::name::{AppName, RelationId, UnitName};

/// One relation of this application, as this unit sees it.
#[derive(Clone)]
pub struct Relation {
    cx: Context,
    id: RelationId,
}

impl Relation {
    pub(crate) fn new(cx: &Context, id: RelationId) -> Self {
        Self { cx: cx.clone(), id }
    }

    /// Its identity.
    pub fn id(&self) -> &RelationId {
        &self.id
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

    /// Reads the bags of several units in one batch, for later reads to find.
    ///
    /// # Errors
    /// `relation-get` fails.
    pub fn read_ahead(&self, units: &[UnitName]) -> Result<(), Error> {
        self.cx.read_bags(&self.id, units)
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relation({})", self.id)
    }
}
