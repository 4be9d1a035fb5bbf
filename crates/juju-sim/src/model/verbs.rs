//! What operators, the cloud and other units do to a model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Model;
use super::application::{Application, Life};
use super::hook::Hook;
use super::relation::{Relation, Side};
use super::secret::{Grant, Owner, Secret, Subject};
use super::storage::most_of;
use super::unit::{Agent, Configured, Late, Operation, Retry, Status, Unit};
use crate::SimError;
use crate::charm::{Charm, Endpoint, Role, Scope, StorageSpec};
use crate::command::{Network, SecretChanges, SecretContent, Settings};

/// What a new unit is like.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewUnit {
    pub(crate) played: bool,
    /// The machine of another unit, in place of a new one.
    pub(crate) beside: Option<String>,
    pub(crate) principal: Option<String>,
    /// A machine, in place of a new one.
    pub(crate) machine: Option<u32>,
}

impl Model {
    /// Adds an application with its peer relations, and no unit.
    pub(crate) fn deploy(&mut self, name: &str, application: Application) -> Result<(), SimError> {
        let refuse = |why: String| Err(SimError::Deploy { application: name.to_owned(), why });
        if !crate::charm::is_application_name(name) {
            return refuse("this is no name for an application".to_owned());
        }
        if self.applications.contains_key(name) {
            return refuse("there is one of this name already".to_owned());
        }
        let charm = application.charm().clone();
        for (key, value) in &application.config {
            check_option(&charm, key, value)?;
        }
        for (binding, space) in &application.bindings {
            if !binding.is_empty() && !charm.has_binding(binding) {
                return refuse(format!("the charm has no endpoint or extra binding {binding:?}"));
            }
            if !self.spaces.contains_key(space) {
                return refuse(format!("there is no space {space:?}"));
            }
        }
        if let Err(why) = check_storage(&charm, &application.storage) {
            return refuse(why);
        }
        for resource in application.resources.keys() {
            if charm.resource(resource).is_none() {
                return refuse(format!("the charm has no resource {resource:?}"));
            }
        }
        self.applications.insert(name.to_owned(), application);
        self.add_missing_peer_relations(name);
        self.observe();
        Ok(())
    }

    fn add_missing_peer_relations(&mut self, app: &str) {
        let Some(application) = self.applications.get(app) else { return };
        let peers: Vec<Endpoint> =
            application.charm().endpoints().filter(|it| it.role == Role::Peer).cloned().collect();
        for endpoint in peers {
            let has = |relation: &Relation| relation.own(app).is_some_and(|side| side.endpoint == endpoint.name);
            if !self.relations.values().any(|relation| relation.is_peer() && has(relation)) {
                self.new_relation(
                    vec![Side::new(app, &endpoint.name, Role::Peer)],
                    &endpoint.interface,
                    endpoint.scope,
                );
            }
        }
        self.wake_app(app);
    }

    fn new_relation(&mut self, sides: Vec<Side>, interface: &str, scope: Scope) -> u32 {
        let id = self.counters.relation;
        self.counters.relation += 1;
        let relation = Relation {
            sides,
            interface: interface.to_owned(),
            scope,
            life: Life::Alive,
            suspended: false,
            remote_model: None,
        };
        self.relations.insert(id, relation);
        id
    }

    pub(crate) fn add_unit(&mut self, app: &str, new: NewUnit) -> Result<String, SimError> {
        let refuse = |why: &str| Err(SimError::Deploy { application: app.to_owned(), why: why.to_owned() });
        let application = self.application(app)?;
        if application.life == Life::Dying {
            return refuse("the application is being removed");
        }
        let (revision, modified) = (application.charms.len() - 1, application.modified);
        let played = new.played || application.played;
        let subordinate = application.charm().is_subordinate();
        if subordinate && new.principal.is_none() && !new.played {
            return refuse("a subordinate gets its units by its relations");
        }
        let storage: Vec<(StorageSpec, u32)> = application
            .charm()
            .storages()
            .map(|spec| (spec.clone(), application.storage.get(&spec.name).copied().unwrap_or(spec.min)))
            .collect();
        let beside = new.beside.as_ref().or(new.principal.as_ref()).map(|unit| self.unit(unit)).transpose()?;
        let beside = beside.map(|unit| (unit.machine, unit.network.clone(), unit.public_address.clone()));
        let (machine, network, public_address) = beside.unwrap_or_else(|| {
            let machine = new.machine.unwrap_or_else(|| self.take_machine());
            let network = Network::of_machine(machine);
            let public = network.ingress_addresses.first().cloned();
            (machine, network, public)
        });
        let number = self.counters.units.entry(app.to_owned()).or_default();
        let name = format!("{app}/{number}");
        let unit = Unit {
            app: app.to_owned(),
            number: *number,
            machine,
            principal: new.principal,
            played,
            dying: false,
            down_since: None,
            network,
            networks: BTreeMap::new(),
            private_address: None,
            public_address,
            state: Settings::new(),
            ports: BTreeSet::new(),
            status: Status::new("waiting", "waiting for machine"),
            since: self.seconds,
            resolved: None,
            late: Late::default(),
            note: None,
            agent: Agent { revision, modified, ..Agent::default() },
        };
        *number += 1;
        self.units.insert(name.clone(), unit);
        if !played {
            for (spec, count) in storage {
                self.new_storage(&name, &spec, count);
            }
        }
        if let Some(application) = self.applications.get_mut(app) {
            application.leader.get_or_insert_with(|| name.clone());
        }
        self.wake(&name);
        self.observe();
        self.add_subordinates(&name)?;
        Ok(name)
    }

    /// The number of a new machine.
    pub(crate) fn take_machine(&mut self) -> u32 {
        self.counters.machine += 1;
        self.counters.machine - 1
    }

    /// Adds the units of subordinates that a principal's relations ask for. Juju: one that is going is waited for.
    pub(super) fn add_subordinates(&mut self, principal: &str) -> Result<(), SimError> {
        let unit = self.unit(principal)?;
        if unit.dying {
            return Ok(());
        }
        let app = unit.app.clone();
        if self.applications.get(&app).is_some_and(|it| it.charm().is_subordinate()) {
            return Ok(());
        }
        let mut wanted: Vec<String> = Vec::new();
        for relation in self.relations.values().filter(|it| it.scope == Scope::Container && it.life == Life::Alive) {
            if let (Some(_), Some(remote)) = (relation.own(&app), relation.remote(&app))
                && self.applications.get(&remote.app).is_some_and(|it| it.charm().is_subordinate())
                && !wanted.contains(&remote.app)
            {
                wanted.push(remote.app.clone());
            }
        }
        for subordinate in wanted {
            let has = |unit: &Unit| unit.app == subordinate && unit.principal.as_deref() == Some(principal);
            if !self.units.values().any(has) {
                let principal = Some(principal.to_owned());
                self.add_unit(&subordinate, NewUnit { principal, ..NewUnit::default() })?;
            }
        }
        Ok(())
    }

    /// Relates two applications; each end is `application:endpoint`, or an application where only one pair of
    /// endpoints fits.
    pub(crate) fn integrate(&mut self, one: &str, other: &str) -> Result<u32, SimError> {
        let refuse = |why: String| SimError::Integrate { ends: [one.to_owned(), other.to_owned()], why };
        let mut found = Vec::new();
        let (ends, others) = (self.ends(one).map_err(refuse)?, self.ends(other).map_err(refuse)?);
        for (app, endpoint) in &ends {
            for (other_app, other_endpoint) in &others {
                let roles = (endpoint.role, other_endpoint.role);
                let opposite = matches!(roles, (Role::Requires, Role::Provides) | (Role::Provides, Role::Requires));
                if opposite
                    && endpoint.interface == other_endpoint.interface
                    && self.scopes_fit(app, endpoint, other_app, other_endpoint)
                {
                    found.push(((app, endpoint), (other_app, other_endpoint)));
                }
            }
        }
        // Juju: the implicit endpoint counts only where nothing else fits.
        if found.len() > 1 {
            let explicit = |((_, one), (_, other)): &((&String, &Endpoint), (&String, &Endpoint))| {
                one.name != "juju-info" && other.name != "juju-info"
            };
            if found.iter().any(explicit) {
                found.retain(explicit);
            }
        }
        let ((app, endpoint), (other_app, other_endpoint)) = match found.as_slice() {
            [one] => *one,
            [] => return Err(refuse("no relations found".to_owned())),
            _ => {
                let pair = |((app, one), (other_app, other)): &((&String, &Endpoint), (&String, &Endpoint))| {
                    format!("\"{app}:{} {other_app}:{}\"", one.name, other.name)
                };
                let pairs: Vec<String> = found.iter().map(pair).collect();
                return Err(refuse(format!("ambiguous relation: could refer to {}", pairs.join("; "))));
            }
        };
        if app == other_app {
            return Err(refuse("an application is not related to itself".to_owned()));
        }
        let mut sides = vec![
            Side::new(app, &endpoint.name, endpoint.role),
            Side::new(other_app, &other_endpoint.name, other_endpoint.role),
        ];
        sides.sort_by_key(|side| side.role != Role::Requires);
        let same = |relation: &Relation| {
            relation
                .sides
                .iter()
                .map(|side| (&side.app, &side.endpoint))
                .eq(sides.iter().map(|side| (&side.app, &side.endpoint)))
        };
        if let Some(relation) = self.relations.values().find(|relation| same(relation)) {
            let why = match relation.life {
                Life::Alive => "they are related already",
                // Juju names relations by their ends: there is no second one of a name.
                Life::Dying => "their relation is dying, but not yet removed",
            };
            return Err(refuse(why.to_owned()));
        }
        for (app, endpoint) in [(app, endpoint), (other_app, other_endpoint)] {
            let uses = |relation: &&Relation| relation.own(app).is_some_and(|side| side.endpoint == endpoint.name);
            let count = self.relations.values().filter(uses).count();
            if let Some(limit) = endpoint.limit.filter(|limit| count >= *limit as usize) {
                return Err(refuse(format!("{app}:{} takes {limit} relations at most", endpoint.name)));
            }
            if self.application(app)?.life == Life::Dying {
                return Err(refuse(format!("{app} is being removed")));
            }
        }
        let container = [endpoint, other_endpoint].iter().any(|endpoint| endpoint.scope == Scope::Container);
        let scope = if container { Scope::Container } else { Scope::Global };
        let apps = [app.clone(), other_app.clone()];
        let id = self.new_relation(sides, &endpoint.interface.clone(), scope);
        for app in &apps {
            for unit in self.units_of(app) {
                self.add_subordinates(&unit)?;
            }
            self.wake_app(app);
        }
        self.observe();
        Ok(id)
    }

    /// Juju: within a container one side is a subordinate.
    fn scopes_fit(&self, app: &str, endpoint: &Endpoint, other_app: &str, other: &Endpoint) -> bool {
        if endpoint.scope == Scope::Global && other.scope == Scope::Global {
            return true;
        }
        let subordinate = |app: &str| self.applications.get(app).is_some_and(|it| it.charm().is_subordinate());
        subordinate(app) || subordinate(other_app)
    }

    /// The endpoints that one end of a relation may mean.
    fn ends(&self, end: &str) -> Result<Vec<(String, Endpoint)>, String> {
        let (app, endpoint) = end.split_once(':').map_or((end, None), |(app, endpoint)| (app, Some(endpoint)));
        let application = self.applications.get(app).ok_or_else(|| format!("no application {app:?}"))?;
        let charm = application.charm();
        match endpoint {
            Some(endpoint) => {
                let found = charm.implicit_or(endpoint);
                Ok(vec![(app.to_owned(), found.ok_or_else(|| format!("{app} has no endpoint {endpoint:?}"))?)])
            }
            None => {
                let all = charm.endpoints().filter(|it| it.role != Role::Peer).cloned();
                Ok(all.chain(charm.implicit_or("juju-info")).map(|endpoint| (app.to_owned(), endpoint)).collect())
            }
        }
    }

    /// Adds a further relation to a peer endpoint, as Juju has done after some upgrades.
    pub(crate) fn add_peer_relation(&mut self, app: &str, endpoint: &str) -> Result<u32, SimError> {
        let charm = self.application(app)?.charm();
        let spec = charm.endpoint(endpoint).filter(|it| it.role == Role::Peer).cloned();
        let spec = spec.ok_or_else(|| SimError::NoPeerEndpoint(endpoint.to_owned()))?;
        let id = self.new_relation(vec![Side::new(app, endpoint, Role::Peer)], &spec.interface, spec.scope);
        self.wake_app(app);
        self.observe();
        Ok(id)
    }

    /// Juju: a relation with other applications only; peer relations go with the application.
    pub(crate) fn remove_relation(&mut self, id: u32, force: bool) -> Result<(), SimError> {
        let relation = self.relation(id)?;
        if relation.is_peer() {
            return Err(SimError::Relation { act: "remove", relation: relation.key(), why: "is a peer relation" });
        }
        self.end_relation(id, force);
        self.observe();
        Ok(())
    }

    fn end_relation(&mut self, id: u32, force: bool) {
        self.wake_relation(id);
        let Some(relation) = self.relations.get_mut(&id) else { return };
        relation.life = Life::Dying;
        let apps: Vec<String> = relation.sides.iter().map(|side| side.app.clone()).collect();
        if force {
            for unit in self.units.values_mut() {
                unit.agent.relations.remove(&id);
            }
            self.remove_relation_document(id);
        }
        self.drop_relation_if_over(id);
        // A subordinate's units go when nothing ties them to their principals any more.
        for app in apps {
            self.remove_loose_subordinates(&app);
        }
    }

    fn remove_loose_subordinates(&mut self, app: &str) {
        if !self.applications.get(app).is_some_and(|it| it.charm().is_subordinate()) {
            return;
        }
        for name in self.units_of(app) {
            let Some(principal) = self.units[&name].principal.as_ref().and_then(|it| self.units.get(it)) else {
                continue;
            };
            let tied = |relation: &Relation| {
                relation.scope == Scope::Container
                    && relation.life == Life::Alive
                    && relation.remote(app).is_some_and(|side| side.app == principal.app)
            };
            if !self.relations.values().any(tied) {
                self.mark_dying(&name);
            }
        }
    }

    pub(crate) fn suspend_relation(&mut self, id: u32, suspended: bool) -> Result<(), SimError> {
        let relation = self.relations.get_mut(&id).ok_or_else(|| SimError::NoRelation(id.to_string()))?;
        let act = if suspended { "suspend" } else { "resume" };
        if relation.is_peer() {
            return Err(SimError::Relation { act, relation: relation.key(), why: "is a peer relation" });
        }
        relation.suspended = suspended;
        let apps: Vec<String> = relation.sides.iter().map(|side| side.app.clone()).collect();
        for app in apps {
            self.wake_app(&app);
        }
        self.observe();
        Ok(())
    }

    /// Juju: the controller lets the unit depart from every relation at once; the unit learns in its own time.
    pub(crate) fn remove_unit(&mut self, name: &str, force: bool) -> Result<(), SimError> {
        if self.unit(name)?.principal.is_some() {
            let why = "it is a subordinate's, and goes with its relation or its principal";
            return Err(SimError::Unit { act: "remove", unit: name.to_owned(), why });
        }
        self.mark_dying(name);
        if force {
            self.remove_unit_now(name);
        }
        self.observe();
        Ok(())
    }

    fn mark_dying(&mut self, name: &str) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.dying = true;
        let app = unit.app.clone();
        let ids: Vec<u32> = self.relations.keys().copied().collect();
        for id in ids {
            if self.departures_are_lost && self.relations[&id].is_peer() {
                continue;
            }
            let side = self.relations.get_mut(&id).and_then(|relation| relation.own_mut(&app));
            if side.is_some_and(|side| side.in_scope.remove(name).is_some()) {
                self.wake_relation(id);
            }
        }
        self.wake(name);
        for subordinate in self.subordinates_of(name) {
            if !self.units[&subordinate].dying {
                self.mark_dying(&subordinate);
            }
        }
    }

    fn subordinates_of(&self, principal: &str) -> Vec<String> {
        let of_it = self.units.iter().filter(|(_, unit)| unit.principal.as_deref() == Some(principal));
        of_it.map(|(name, _)| name.clone()).collect()
    }

    /// Juju: a unit that is removed by force takes its subordinates along.
    fn remove_unit_now(&mut self, name: &str) {
        for subordinate in self.subordinates_of(name) {
            self.remove_unit_document(&subordinate);
        }
        self.remove_unit_document(name);
    }

    pub(crate) fn remove_application(&mut self, name: &str, force: bool) -> Result<(), SimError> {
        self.application_mut(name)?.life = Life::Dying;
        let related: Vec<u32> =
            self.relations.iter().filter(|(_, relation)| relation.own(name).is_some()).map(|(id, _)| *id).collect();
        for id in related {
            if !self.relations.get(&id).is_some_and(Relation::is_peer) {
                self.end_relation(id, force);
            }
        }
        for unit in self.units_of(name) {
            self.mark_dying(&unit);
            if force {
                self.remove_unit_now(&unit);
            }
        }
        self.drop_application_if_over(name);
        self.observe();
        Ok(())
    }

    pub(crate) fn set_config(&mut self, app: &str, key: &str, value: Option<Value>) -> Result<(), SimError> {
        let charm = self.application(app)?.charm();
        match value {
            Some(value) => {
                check_option(charm, key, &value)?;
                self.application_mut(app)?.config.insert(key.to_owned(), value);
            }
            None if charm.options().contains_key(key) => {
                self.application_mut(app)?.config.remove(key);
            }
            None => return Err(SimError::Config { key: key.to_owned(), why: "no such option".to_owned() }),
        }
        self.wake_app(app);
        Ok(())
    }

    pub(crate) fn set_leader(&mut self, name: &str) -> Result<(), SimError> {
        let app = self.unit(name)?.app.clone();
        self.application_mut(&app)?.leader = Some(name.to_owned());
        self.wake_app(&app);
        Ok(())
    }

    /// Gives a unit other addresses, or one of its bindings its own.
    pub(crate) fn set_network(&mut self, name: &str, binding: Option<&str>, network: Network) -> Result<(), SimError> {
        let unit = self.unit(name)?;
        let played = unit.played;
        if binding.is_some_and(|binding| !self.charm_of(unit).has_binding(binding)) {
            let why = "its charm has no such endpoint or extra binding";
            return Err(SimError::Unit { act: "set a network of", unit: name.to_owned(), why });
        }
        let unit = self.unit_mut(name)?;
        match binding {
            None => unit.network = network,
            Some(binding) => {
                unit.networks.insert(binding.to_owned(), network);
            }
        }
        if played {
            self.rewrite_addresses(name);
        }
        self.wake(name);
        Ok(())
    }

    /// Juju: an application that is refreshed, or has a new resource, lets its units run `upgrade-charm`.
    pub(crate) fn refresh(&mut self, app: &str, charm: Charm) -> Result<(), SimError> {
        let refuse = |why: String| Err(SimError::Refresh { application: app.to_owned(), why });
        let old = self.application(app)?.charm();
        if old.is_subordinate() != charm.is_subordinate() {
            return refuse("a charm does not become a subordinate, or cease to be one".to_owned());
        }
        for relation in self.relations.values() {
            let Some(side) = relation.own(app) else { continue };
            let fits = charm
                .implicit_or(&side.endpoint)
                .is_some_and(|it| it.role == side.role && it.interface == relation.interface);
            if !fits && !relation.is_peer() {
                return refuse(format!("would break relation {:?}", relation.key()));
            }
        }
        for spec in old.storages() {
            let has = self.storage.values().any(|it| {
                it.name == spec.name && it.unit.as_ref().is_some_and(|unit| unit.split('/').next() == Some(app))
            });
            if has && charm.storage(&spec.name).is_none_or(|it| it.kind != spec.kind) {
                return refuse(format!("storage {:?} is in use and is not in the new charm as it was", spec.name));
            }
        }
        let mut given = self.application(app)?.storage.clone();
        given.retain(|storage, _| charm.storage(storage).is_some());
        if let Err(why) = check_storage(&charm, &given) {
            return refuse(why);
        }
        let wanted: Vec<StorageSpec> = charm.storages().cloned().collect();
        let application = self.application_mut(app)?;
        application
            .config
            .retain(|key, value| charm.options().get(key).is_some_and(|option| option.kind.admits(value)));
        application.charms.push(charm);
        application.modified += 1;
        application.storage = given;
        // Juju: units get at once what the new charm needs more, and may be told before they have gone over to it.
        for unit in self.units_of(app) {
            if self.units[&unit].dying || self.units[&unit].played {
                continue;
            }
            for spec in &wanted {
                let lacks = spec.min.saturating_sub(self.count_of(&unit, &spec.name));
                self.new_storage(&unit, spec, lacks);
            }
        }
        self.add_missing_peer_relations(app);
        self.observe();
        Ok(())
    }

    /// Forgets the oldest revisions that no unit runs any more. How many these were.
    #[cfg(feature = "cli")]
    pub(crate) fn forget_revisions(&mut self, app: &str) -> usize {
        let Some(application) = self.applications.get_mut(app) else { return 0 };
        let newest = application.charms.len() - 1;
        let units = self.units.values_mut().filter(|unit| unit.app == app);
        let mut agents: Vec<_> = units.map(|unit| &mut unit.agent).collect();
        let oldest = agents.iter().map(|agent| agent.revision).min().unwrap_or(newest).min(newest);
        application.charms.drain(..oldest);
        for agent in &mut agents {
            agent.revision -= oldest;
        }
        oldest
    }

    pub(crate) fn attach_resource(&mut self, app: &str, name: &str, content: Vec<u8>) -> Result<(), SimError> {
        let application = self.application_mut(app)?;
        if application.charm().resource(name).is_none() {
            let why = format!("the charm has no resource {name:?}");
            return Err(SimError::Refresh { application: app.to_owned(), why });
        }
        application.resources.insert(name.to_owned(), content);
        application.modified += 1;
        self.wake_app(app);
        Ok(())
    }

    pub(crate) fn bag(&self, id: u32, owner: &str) -> Option<&Settings> {
        let relation = self.relations.get(&id)?;
        if let Some(side) = relation.own(owner) {
            return Some(&side.app_bag.settings);
        }
        let side = relation.own(owner.split_once('/')?.0)?;
        side.unit_bags.get(owner).map(|bag| &*bag.settings)
    }

    pub(crate) fn write_bag(&mut self, id: u32, owner: &str, changes: &Settings) -> Result<(), SimError> {
        let relation = self.relations.get_mut(&id).ok_or_else(|| SimError::NoRelation(id.to_string()))?;
        if changes.contains_key("") {
            let (act, why) = ("write into a bag of", "a key is empty");
            return Err(SimError::Relation { act, relation: relation.key(), why });
        }
        let none = || SimError::NoBag { relation: id, owner: owner.to_owned() };
        let bag = if relation.own(owner).is_some() {
            relation.own_mut(owner).map(|side| &mut side.app_bag)
        } else {
            let app = owner.split_once('/').map_or("", |(app, _)| app);
            relation.own_mut(app).and_then(|side| side.unit_bags.get_mut(owner))
        };
        if bag.ok_or_else(none)?.write(changes) {
            self.wake_relation(id);
        }
        Ok(())
    }

    pub(crate) fn members(&self, name: &str, id: u32) -> Vec<String> {
        let state = self.units.get(name).and_then(|unit| unit.agent.relations.get(&id));
        state.map(|state| state.listed(None)).unwrap_or_default()
    }

    pub(crate) fn set_tick(&mut self, name: &str) -> Result<(), SimError> {
        let unit = self.unit_mut(name)?;
        // Juju: no update-status in error; the timer belongs to the running agent.
        unit.agent.memory.tick = unit.is_up() && unit.agent.failed().is_none();
        self.wake(name);
        Ok(())
    }

    pub(crate) fn pause(&mut self, name: &str) -> Result<(), SimError> {
        let now = self.seconds;
        self.unit_mut(name)?.down_since.get_or_insert(now);
        self.drop_commands(name);
        self.wake(name);
        Ok(())
    }

    /// Starts the agent anew, whether it was down or not.
    pub(crate) fn restart(&mut self, name: &str) -> Result<(), SimError> {
        let unit = self.unit_mut(name)?;
        unit.down_since = None;
        unit.agent.restart();
        self.drop_commands(name);
        self.wake(name);
        self.observe();
        Ok(())
    }

    pub(crate) fn resolve(&mut self, name: &str, retry: Retry) -> Result<(), SimError> {
        let unit = self.unit_mut(name)?;
        if unit.agent.failed().is_none() {
            return Err(SimError::Unit { act: "resolve", unit: name.to_owned(), why: "it is not in error" });
        }
        unit.resolved = Some(retry);
        self.wake(name);
        self.observe();
        Ok(())
    }

    /// What `juju status` shows of the workload: the charm's word, or the agent's when a hook has failed.
    pub(crate) fn status(&self, name: &str) -> Option<Status> {
        let unit = self.units.get(name)?;
        Some(match unit.agent.failed() {
            Some(hook) => failed_status(hook),
            None => unit.status.clone(),
        })
    }

    /// What `juju status` shows of the agent.
    pub(crate) fn agent_status(&self, name: &str) -> &'static str {
        match self.units.get(name) {
            None => "gone",
            Some(unit) if unit.down_since.is_some() => "lost",
            Some(unit) if !unit.agent.installed && unit.agent.operation == Operation::Idle && !unit.played => {
                "allocating"
            }
            Some(_) => "idle",
        }
    }

    pub(crate) fn configured_as_is(&self, name: &str) -> Result<Configured, SimError> {
        Ok(self.configured(self.unit(name)?))
    }

    /// Adds a secret of the model or of an application that the test plays.
    pub(crate) fn add_secret(&mut self, owner: Owner, content: SecretContent, label: &str) -> Result<String, SimError> {
        let owned_by = match &owner {
            Owner::Application(app) => self.application(app).map(|_| ()),
            Owner::Unit(unit) => self.unit(unit).map(|_| ()),
            Owner::Model => Ok(()),
        };
        owned_by?;
        let id = self.new_secret_id();
        let changes = SecretChanges { label: Some(label.to_owned()), ..SecretChanges::default() };
        let secret = Secret::new(owner, content, changes, self.unix_seconds());
        self.secrets.insert(id.clone(), secret);
        Ok(id)
    }

    pub(crate) fn secret_mut(&mut self, id: &str) -> Result<&mut Secret, SimError> {
        self.secrets.get_mut(id).ok_or_else(|| SimError::NoSecret(id.to_owned()))
    }

    pub(crate) fn revise_secret(&mut self, id: &str, content: SecretContent) -> Result<(), SimError> {
        let now = self.unix_seconds();
        self.secret_mut(id)?.revise(content, now);
        self.wake_secret(id);
        Ok(())
    }

    pub(crate) fn grant_secret(&mut self, id: &str, to: &str, relation: Option<u32>) -> Result<(), SimError> {
        let subject = if to.contains('/') {
            self.unit(to)?;
            Subject::Unit(to.to_owned())
        } else {
            self.application(to)?;
            Subject::Application(to.to_owned())
        };
        let scope = match relation {
            Some(relation) => self.relation(relation)?.tag(),
            None => format!("model-{}", self.uuid),
        };
        let secret = self.secret_mut(id)?;
        if relation.is_none() && secret.owner != Owner::Model {
            let why = "an operator grants secrets of the model alone; an application grants its own over a relation";
            return Err(SimError::Secret { act: "grant a secret", why: why.to_owned() });
        }
        secret.grants.retain(|grant| grant.subject != subject);
        secret.grants.push(Grant { subject, relation, scope });
        Ok(())
    }

    pub(crate) fn revoke_secret(&mut self, id: &str, from: &str) -> Result<(), SimError> {
        let named = |grant: &Grant| match &grant.subject {
            Subject::Application(name) | Subject::Unit(name) => name == from,
        };
        self.secret_mut(id)?.grants.retain(|grant| !named(grant));
        Ok(())
    }

    pub(crate) fn remove_secret(&mut self, id: &str) -> Result<(), SimError> {
        self.secret_mut(id)?;
        self.wake_secret(id);
        self.secrets.remove(id);
        Ok(())
    }
}

/// Whether a charm admits the storage that an application was deployed with.
fn check_storage(charm: &Charm, given: &BTreeMap<String, u32>) -> Result<(), String> {
    if let Some(unknown) = given.keys().find(|storage| charm.storage(storage).is_none()) {
        return Err(format!("the charm has no storage {unknown:?}"));
    }
    for spec in charm.storages() {
        let (name, count, most) = (&spec.name, given.get(&spec.name).copied().unwrap_or(spec.min), most_of(spec));
        if count < spec.min {
            return Err(format!("storage {name:?}: {} instances required, {count} specified", spec.min));
        }
        if count > most {
            return Err(format!("storage {name:?}: at most {most} instances supported, {count} specified"));
        }
    }
    Ok(())
}

fn check_option(charm: &Charm, key: &str, value: &Value) -> Result<(), SimError> {
    let refuse = |why: String| Err(SimError::Config { key: key.to_owned(), why });
    match charm.options().get(key) {
        None => refuse("no such option".to_owned()),
        Some(option) if !option.kind.admits(value) => refuse(format!("expected {}", option.kind)),
        Some(_) => Ok(()),
    }
}

/// Juju: the status of a unit whose hook has failed, with what the hook was about.
fn failed_status(hook: &Hook) -> Status {
    let mut status = Status::new("error", &format!("hook failed: \"{hook}\""));
    status.data.insert("hook".to_owned(), hook.to_string().into());
    match hook {
        Hook::Relation(hook) => {
            status.data.insert("relation-id".to_owned(), hook.relation.into());
            if let Some(unit) = &hook.remote_unit {
                status.data.insert("remote-unit".to_owned(), unit.as_str().into());
            }
        }
        Hook::Secret(hook) => {
            status.data.insert("secret-uri".to_owned(), format!("secret:{}", hook.id).into());
            status.data.insert("secret-label".to_owned(), hook.label.as_str().into());
        }
        _ => {}
    }
    status
}
