use std::collections::BTreeMap;

use super::{EPOCH, Model};
use crate::command::{GoalState, GoalStatus};

impl Model {
    /// Juju: all units of an application, dying ones as such, and by endpoint the applications and units at the other
    /// side. Peer relations are left out.
    pub(super) fn goal_state(&self, app: &str) -> GoalState {
        let of_unit = |name: &String| {
            let unit = &self.units[name];
            let status = if unit.dying { "dying" } else { unit.status.current.as_str() };
            GoalStatus { status: status.to_owned(), since: Some(EPOCH + unit.since) }
        };
        let units = |app: &str| self.units_of(app).into_iter().map(|name| (name.clone(), of_unit(&name)));
        let mut relations: BTreeMap<String, BTreeMap<String, GoalStatus>> = BTreeMap::new();
        for relation in self.relations.values().filter(|relation| !relation.is_peer()) {
            let (Some(own), Some(remote)) = (relation.own(app), relation.remote(app)) else { continue };
            let status = match () {
                () if relation.suspended => "suspended",
                () if remote.in_scope.is_empty() => "joining",
                () => "joined",
            };
            let entry = relations.entry(own.endpoint.clone()).or_default();
            entry.insert(remote.app.clone(), GoalStatus { status: status.to_owned(), since: Some(EPOCH) });
            entry.extend(units(&remote.app));
        }
        GoalState { units: units(app).collect(), relations }
    }
}
