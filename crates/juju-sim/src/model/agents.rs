//! What agents do of themselves, without a hook, and who has something to do.

use std::collections::BTreeSet;

use super::application::Life;
use super::hook::Hook;
use super::relation::{Bag, Snapshot};
use super::running::{Running, Work};
use super::unit::{Operation, Retry};
use super::{Awake, Model};

impl Model {
    /// The units that have a hook to run now, by name.
    pub(crate) fn ready(&mut self) -> &BTreeSet<String> {
        self.observe();
        &self.ready
    }

    /// Notes that a unit may have something to do that it had not before.
    pub(crate) fn wake(&mut self, unit: &str) {
        if let Awake::Some(units) = &mut self.awake
            && !units.contains(unit)
        {
            units.insert(unit.to_owned());
        }
    }

    pub(crate) fn wake_all(&mut self) {
        self.awake = Awake::All;
    }

    pub(super) fn wake_app(&mut self, app: &str) {
        for unit in self.units_of(app) {
            self.wake(&unit);
        }
    }

    /// Wakes all that take part in a relation.
    pub(super) fn wake_relation(&mut self, id: u32) {
        let Awake::Some(units) = &mut self.awake else { return };
        let sides = self.relations.get(&id).into_iter().flat_map(|relation| &relation.sides);
        units.extend(sides.flat_map(|side| &side.entered).cloned());
    }

    /// Lets the agents that were woken do what they do of themselves: commit what was resolved without retry, enter
    /// the scopes of new relations, and go when all is done; and finds who has a hook to run.
    pub(crate) fn observe(&mut self) {
        loop {
            let awake = match std::mem::replace(&mut self.awake, Awake::Some(BTreeSet::new())) {
                Awake::All => {
                    self.ready.clear();
                    self.units.keys().cloned().collect()
                }
                Awake::Some(units) => units,
            };
            if awake.is_empty() {
                break;
            }
            for name in &awake {
                self.commit_resolved(name);
                self.skip_what_is_in_vain(name);
                self.claim(name);
                self.enter_scopes(name);
                self.leave_silent_scopes(name);
                self.bury(name);
            }
            for name in awake {
                if self.is_due(&name) {
                    self.ready.insert(name);
                } else {
                    self.ready.remove(&name);
                }
            }
        }
    }

    fn commit_resolved(&mut self, name: &str) {
        let Some(unit) = self.units.get_mut(name).filter(|unit| unit.is_up()) else { return };
        if unit.resolved != Some(Retry::NoRetry) {
            return;
        }
        unit.resolved = None;
        if let Operation::Pending(hook) = unit.agent.operation.clone() {
            let unit = &self.units[name];
            let configured = self.configured(unit);
            let running = Running::new(name, String::new(), Work::Hook(hook.clone()), unit, configured);
            self.commit(&running, &hook);
        }
    }

    /// Skips a hook that would run now in vain. Nothing else may be due after it.
    fn skip_what_is_in_vain(&mut self, name: &str) {
        let Some(unit) = self.units.get(name).filter(|unit| unit.is_up()) else { return };
        let in_vain = match &unit.agent.operation {
            // Juju: a dying unit that is not installed does not install any more.
            Operation::Queued(Hook::Install) if unit.dying => true,
            Operation::Queued(hook) => self.is_over(name, hook),
            Operation::Pending(hook) => unit.resolved == Some(Retry::Retry) && self.is_over(name, hook),
            Operation::Idle => false,
        };
        if in_vain && let Some(unit) = self.units.get_mut(name) {
            unit.resolved = None;
            unit.agent.operation = Operation::Idle;
        }
    }

    /// Juju: all scopes are entered before the first `relation-created`, so others can see the unit before it has
    /// run any. Entry replaces the whole bag. A unit that the test plays enters at once.
    fn enter_scopes(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let agent = &unit.agent;
        let at_rest = unit.is_up() && agent.installed && agent.operation == Operation::Idle;
        if unit.dying || !(at_rest || unit.played) {
            return;
        }
        let charm = self.charm_of(unit);
        let app = unit.app.clone();
        let enters = |(id, relation): &(&u32, &super::Relation)| {
            let side = relation.own(&app).filter(|_| relation.is_alive());
            // What it sees late may be over for it still.
            let over = unit.late.relations.get(id).is_some_and(Snapshot::is_over);
            !agent.relations.contains_key(id)
                && !over
                && side.is_some_and(|side| unit.played || charm.implicit_or(&side.endpoint).is_some())
                && self.shares_container(name, relation)
        };
        let new: Vec<u32> = self.relations.iter().filter(enters).map(|(id, _)| *id).collect();
        for id in new {
            self.enter(name, &app, id);
        }
    }

    /// Whether a relation within containers concerns a unit: a unit of the other side is in the same one.
    fn shares_container(&self, name: &str, relation: &super::Relation) -> bool {
        if relation.scope == crate::charm::Scope::Global {
            return true;
        }
        let Some(unit) = self.units.get(name) else { return false };
        let Some(remote) = relation.remote(&unit.app) else { return false };
        match &unit.principal {
            // A subordinate's unit is there for one principal; other relations of its container are allowed.
            Some(principal) => {
                self.units.get(principal).is_some_and(|it| it.app == remote.app)
                    || self.lives_in(principal, &remote.app)
            }
            None => true,
        }
    }

    /// Whether an application has a unit in a container.
    fn lives_in(&self, container: &str, app: &str) -> bool {
        self.units_of(app).iter().any(|name| self.units[name].container(name) == container)
    }

    fn enter(&mut self, name: &str, app: &str, id: u32) {
        let Some(unit) = self.units.get(name) else { return };
        let container = unit.container(name).to_owned();
        let endpoint = self.relations.get(&id).and_then(|it| it.own(app)).map(|it| it.endpoint.clone());
        let mut bag = Bag::default();
        bag.write(&self.network_of(name, &endpoint.unwrap_or_default()).bag_keys());
        let Some(side) = self.relations.get_mut(&id).and_then(|relation| relation.own_mut(app)) else { return };
        // The version goes on, so that others notice an entry under a known name.
        bag.version += side.unit_bags.get(name).map_or(0, |old| old.version);
        side.unit_bags.insert(name.to_owned(), bag);
        side.in_scope.insert(name.to_owned(), container);
        side.entered.insert(name.to_owned());
        if let Some(unit) = self.units.get_mut(name) {
            unit.agent.relations.insert(id, super::relation::RelationState::default());
            unit.agent.memory.known.insert(id);
        }
        self.wake_relation(id);
    }

    /// Of the implicit endpoint no hook tells the end.
    fn leave_silent_scopes(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let over = |id: &&u32| {
            let relation = self.relations.get(id);
            relation.is_none_or(|relation| {
                (unit.played || self.is_silent(unit, **id)) && (!relation.is_alive() || unit.dying)
            })
        };
        let left: Vec<u32> = unit.agent.relations.keys().filter(over).copied().collect();
        for id in left {
            self.leave(name, id);
        }
    }

    /// Takes a unit out of a relation, which goes with the last one where it is dying.
    pub(super) fn leave(&mut self, name: &str, id: u32) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.agent.relations.remove(&id);
        let app = unit.app.clone();
        if let Some(side) = self.relations.get_mut(&id).and_then(|relation| relation.own_mut(&app)) {
            side.leave(name);
        }
        self.wake_relation(id);
        self.drop_relation_if_over(id);
    }

    /// Removes a dying relation that no unit is in any more.
    pub(super) fn drop_relation_if_over(&mut self, id: u32) {
        let over = |relation: &super::Relation| {
            relation.life == Life::Dying && relation.sides.iter().all(|side| side.entered.is_empty())
        };
        if self.relations.get(&id).is_some_and(over) {
            self.remove_relation_document(id);
        }
    }

    /// Removes a relation with all that lasts as long as it does.
    pub(super) fn remove_relation_document(&mut self, id: u32) {
        let Some(relation) = self.relations.remove(&id) else { return };
        for secret in self.secrets.values_mut() {
            secret.grants.retain(|grant| grant.relation != Some(id));
        }
        for side in &relation.sides {
            self.wake_app(&side.app);
            self.drop_application_if_over(&side.app);
        }
    }

    /// Removes a dead unit, and what is over with it. Juju: leadership is free only now, and goes to whoever claims it
    /// first. A principal waits for its subordinates.
    fn bury(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let agent = &unit.agent;
        let never_ran = !agent.installed && agent.failed().is_none() && agent.attached.is_empty();
        let done = agent.removed || never_ran || unit.played;
        let subordinates = || self.units.values().any(|other| other.principal.as_deref() == Some(name));
        if unit.dying && done && !subordinates() {
            self.remove_unit_document(name);
        }
    }

    pub(super) fn remove_unit_document(&mut self, name: &str) {
        let Some(unit) = self.units.remove(name) else { return };
        self.ready.remove(name);
        self.drop_timers_of_gone(name, unit.machine);
        let ids: Vec<u32> = self.relations.keys().copied().collect();
        for id in ids {
            let lost = self.departures_are_lost;
            let Some(side) = self.relations.get_mut(&id).and_then(|relation| relation.own_mut(&unit.app)) else {
                continue;
            };
            if lost {
                side.entered.remove(name);
            } else {
                side.leave(name);
            }
            self.wake_relation(id);
            self.drop_relation_if_over(id);
        }
        for storage in self.storage.values_mut().filter(|storage| storage.unit.as_deref() == Some(name)) {
            storage.unit = None;
            storage.detaching = false;
        }
        self.forget_secrets_of(&super::Owner::Unit(name.to_owned()), &super::Subject::Unit(name.to_owned()));
        let read: Vec<String> =
            self.secrets.iter().filter(|(_, it)| it.consumers.contains_key(name)).map(|(id, _)| id.clone()).collect();
        for id in read {
            // What it alone has read can be removed now.
            self.wake_secret(&id);
            if let Some(secret) = self.secrets.get_mut(&id) {
                secret.consumers.remove(name);
            }
        }
        if let Some(app) = self.applications.get_mut(&unit.app).filter(|app| app.leader.as_deref() == Some(name)) {
            app.leader = None;
        }
        if let Some(principal) = &unit.principal {
            self.wake(principal);
            // Related anew while it was going: now there is room. A principal that is gone needs none.
            let _ = self.add_subordinates(principal);
        }
        self.elect(&unit.app);
        self.drop_application_if_over(&unit.app);
    }

    /// Juju: every agent that is up claims the leadership that nobody has.
    fn claim(&mut self, name: &str) {
        let Some(unit) = self.units.get(name).filter(|unit| unit.may_lead()) else { return };
        if self.applications.get(&unit.app).is_some_and(|app| app.leader.is_none()) {
            let app = unit.app.clone();
            self.elect(&app);
        }
    }

    /// Lets a unit lead where none does.
    pub(super) fn elect(&mut self, app: &str) {
        if self.applications.get(app).is_some_and(|it| it.leader.is_none()) {
            let heir = self.heir(app, "");
            self.lead(app, heir);
        }
    }

    fn lead(&mut self, app: &str, leader: Option<String>) {
        if let Some(application) = self.applications.get_mut(app) {
            application.leader = leader;
        }
        self.wake_app(app);
    }

    /// Lets another unit lead in place of this one; where there is no other, nobody until agents look again.
    pub(crate) fn depose(&mut self, name: &str) {
        let Some(app) = self.units.get(name).map(|unit| unit.app.clone()) else { return };
        if self.leads(name, &app) {
            let heir = self.heir(&app, name);
            self.lead(&app, heir);
        }
    }

    /// A random unit, other than this one, that could lead; one that the test plays only where there is no other.
    fn heir(&mut self, app: &str, name: &str) -> Option<String> {
        let mut heirs = self.units_of(app);
        heirs.retain(|heir| heir != name && self.units[heir].may_lead());
        let code: Vec<String> = heirs.iter().filter(|heir| !self.units[*heir].played).cloned().collect();
        let mut heirs = if code.is_empty() { heirs } else { code };
        let chosen = self.choose(heirs.len());
        (!heirs.is_empty()).then(|| heirs.swap_remove(chosen))
    }

    /// Removes a dying application when nothing of it is left.
    pub(super) fn drop_application_if_over(&mut self, name: &str) {
        let dying = self.applications.get(name).is_some_and(|app| app.life == Life::Dying);
        if !dying || !self.units_of(name).is_empty() {
            return;
        }
        let related = self.relations.values().any(|relation| {
            relation.own(name).is_some()
                && (!relation.is_peer() || relation.sides.iter().any(|side| !side.entered.is_empty()))
        });
        if related {
            return;
        }
        self.relations.retain(|_, relation| !(relation.is_peer() && relation.own(name).is_some()));
        self.forget_secrets_of(
            &super::Owner::Application(name.to_owned()),
            &super::Subject::Application(name.to_owned()),
        );
        self.applications.remove(name);
    }
}
