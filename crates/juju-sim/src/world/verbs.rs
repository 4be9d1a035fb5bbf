use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::revision::Door;
use super::{Deployment, Fault, RelationId, RelationName, Revision, World};
use crate::SimError;
use crate::command::{Network, Settings};
use crate::model::{Application, Model, NewUnit, Retry};

/// What operators, the cloud and other units do. What Juju would refuse is an error that says why.
///
/// ```
/// # use juju_sim::{Charm, Deployment, ProgramEnd, Revision, World};
/// # let quiet = |metadata: &str| Ok::<_, juju_sim::SimError>(Revision::in_process(
/// #     Charm::parse(metadata, Some("options: {mtu: {type: int}}"), None)?, |_| ProgramEnd::Exit(0)));
/// # let web = quiet("{name: web, requires: {db: {interface: pg}}}")?;
/// # let pg = quiet("{name: pg, provides: {database: {interface: pg}}}")?;
/// let mut juju = World::new(0);
/// juju.deploy("web", Deployment::of(web).units(2))?;
/// juju.deploy("pg", pg)?;
/// juju.integrate("web:db", "pg")?;
/// juju.settle()?;
///
/// juju.set_config("web", "mtu", Some(9000.into()))?;
/// juju.pause("web/1")?; // its agent is down
/// juju.remove_unit("web/0")?;
/// juju.settle()?;
/// assert_eq!(juju.units(), ["pg/0", "web/1"]);
///
/// let refused = juju.set_config("web", "mtu", Some("large".into())).unwrap_err();
/// assert_eq!(refused.to_string(), "set option \"mtu\": expected int");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
impl World {
    /// Deploys an application. Its units.
    ///
    /// # Errors
    /// The name is taken or none for an application, or an option, binding, storage or resource is not what the charm
    /// declares. Then nothing is deployed.
    pub fn deploy(&mut self, app: &str, deployment: impl Into<Deployment>) -> Result<Vec<String>, SimError> {
        let deployment = deployment.into();
        let Deployment { revision, units, config, bindings, storage, resources, cloud_spec, machines } = deployment;
        let count = units.unwrap_or(u32::from(!revision.charm.is_subordinate()));
        let application = Application {
            config,
            bindings,
            storage,
            resources,
            cloud_spec,
            played: revision.is_played(),
            ..Application::new(revision.charm)
        };
        let units = self.whole(|model| {
            model.deploy(app, application)?;
            let machines = machines.into_iter().map(Some).chain(std::iter::repeat(None));
            let new = |machine| NewUnit { machine, ..NewUnit::default() };
            machines.take(count as usize).map(|machine| model.add_unit(app, new(machine))).collect()
        })?;
        self.doors.insert(app.to_owned(), vec![revision.door]);
        Ok(units)
    }

    /// Makes a change of several parts, all of them or none.
    fn whole<T>(&self, verb: impl FnOnce(&mut Model) -> Result<T, SimError>) -> Result<T, SimError> {
        self.change(|model| {
            let before = model.clone();
            verb(model).inspect_err(|_| *model = before)
        })
    }

    /// Adds a unit; the first one leads. Its name; numbers are never used again.
    ///
    /// # Errors
    /// There is no such application, it is being removed, or it is a subordinate.
    pub fn add_unit(&mut self, app: &str) -> Result<String, SimError> {
        self.change(|model| model.add_unit(app, NewUnit::default()))
    }

    /// Adds a unit on a machine, or on a new one.
    #[cfg(feature = "cli")]
    pub(crate) fn add_unit_on(&mut self, app: &str, machine: Option<u32>) -> Result<String, SimError> {
        self.change(|model| model.add_unit(app, NewUnit { machine, ..NewUnit::default() }))
    }

    /// Adds a unit on the machine of another one (`--to`): they share its ports and its reboots.
    ///
    /// # Errors
    /// As [`add_unit`](World::add_unit), or there is no such other unit.
    pub fn add_unit_beside(&mut self, app: &str, other: &str) -> Result<String, SimError> {
        let new = NewUnit { beside: Some(other.to_owned()), ..NewUnit::default() };
        self.change(|model| model.add_unit(app, new))
    }

    /// Adds a unit without code to an application that has some: the test plays it.
    ///
    /// # Errors
    /// As [`add_unit`](World::add_unit).
    pub fn add_played_unit(&mut self, app: &str) -> Result<String, SimError> {
        self.change(|model| model.add_unit(app, NewUnit { played: true, ..NewUnit::default() }))
    }

    /// Removes a unit: it is dying at once, has departed for the others at once, and goes when its last hook ran.
    ///
    /// # Errors
    /// There is no such unit, or it is a subordinate's: those go with their relation, or with their principal.
    pub fn remove_unit(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.remove_unit(unit, false))
    }

    /// Removes a unit by force: it is gone at once, whatever hooks it had to run, and its subordinates with it.
    ///
    /// # Errors
    /// As [`remove_unit`](World::remove_unit).
    pub fn remove_unit_by_force(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.remove_unit(unit, true))
    }

    /// Removes an application with its units and relations, each in its own time.
    ///
    /// # Errors
    /// There is no such application.
    pub fn remove_application(&mut self, app: &str) -> Result<(), SimError> {
        self.change(|model| model.remove_application(app, false))
    }

    /// Removes an application by force: all of it is gone at once.
    ///
    /// # Errors
    /// There is no such application.
    pub fn remove_application_by_force(&mut self, app: &str) -> Result<(), SimError> {
        self.change(|model| model.remove_application(app, true))
    }

    /// Relates two applications. Each end is `application:endpoint`, or an application where one endpoint fits.
    ///
    /// # Errors
    /// Juju would refuse it: no endpoints fit, several do, a limit is reached, or they are related already.
    pub fn integrate(&mut self, one: &str, other: &str) -> Result<RelationId, SimError> {
        self.change(|model| model.integrate(one, other)).map(RelationId)
    }

    /// Relates an endpoint to a new application of the other role, without code and with one unit, which the test
    /// plays.
    ///
    /// # Errors
    /// There is no such endpoint, it is one of peers, the name is taken, or the endpoint has all the relations that it
    /// takes. Then nothing is deployed.
    pub fn play(&mut self, app: &str, end: &str) -> Result<RelationId, SimError> {
        let charm = {
            let model = self.model();
            let (local, name) = end.split_once(':').ok_or_else(|| SimError::NoRelation(end.to_owned()))?;
            let charm = model.application(local)?.charm();
            let none = || SimError::Integrate {
                ends: [end.to_owned(), app.to_owned()],
                why: format!("{local} has no endpoint {name}"),
            };
            let endpoint = charm.implicit_or(name).ok_or_else(none)?;
            endpoint.counterpart(app, charm.is_subordinate())?
        };
        let count = u32::from(!charm.is_subordinate());
        let id = self.whole(|model| {
            model.deploy(app, Application { played: true, ..Application::new(charm) })?;
            for _ in 0..count {
                model.add_unit(app, NewUnit::default())?;
            }
            model.integrate(end, app)
        })?;
        self.doors.insert(app.to_owned(), vec![Door::Played]);
        Ok(RelationId(id))
    }

    /// Removes a relation: departures and `broken` for all, each in its own time.
    ///
    /// # Errors
    /// There is no such relation, or it is a peer relation.
    pub fn remove_relation(&mut self, relation: impl Into<RelationName>) -> Result<(), SimError> {
        let id = self.find(relation)?;
        self.change(|model| model.remove_relation(id.0, false))
    }

    /// Removes a relation by force: it is gone at once, and nobody is told.
    ///
    /// # Errors
    /// There is no such relation, or it is a peer relation.
    pub fn remove_relation_by_force(&mut self, relation: impl Into<RelationName>) -> Result<(), SimError> {
        let id = self.find(relation)?;
        self.change(|model| model.remove_relation(id.0, true))
    }

    /// Suspends a relation: departures and `broken`, and the relation stays.
    ///
    /// # Errors
    /// There is no such relation, or it is a peer relation.
    pub fn suspend_relation(&mut self, relation: impl Into<RelationName>) -> Result<(), SimError> {
        let id = self.find(relation)?;
        self.change(|model| model.suspend_relation(id.0, true))
    }

    /// Resumes a suspended relation: its units enter anew.
    ///
    /// # Errors
    /// There is no such relation, or it is a peer relation.
    pub fn resume_relation(&mut self, relation: impl Into<RelationName>) -> Result<(), SimError> {
        let id = self.find(relation)?;
        self.change(|model| model.suspend_relation(id.0, false))
    }

    /// Sets an option of an application, or with `None` resets it to its default.
    ///
    /// # Errors
    /// There is no such application or option, or the value is of another type.
    pub fn set_config(&mut self, app: &str, key: &str, value: Option<Value>) -> Result<(), SimError> {
        self.change(|model| model.set_config(app, key, value))
    }

    /// Moves leadership. To move it while a hook runs, see [`Fault::LoseLeadershipAt`].
    ///
    /// # Errors
    /// There is no such unit.
    pub fn set_leader(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.set_leader(unit))
    }

    /// Adds a space with its network, which applications can be bound to.
    pub fn add_space(&mut self, name: &str, cidr: &str) {
        self.change(|model| drop(model.spaces.insert(name.to_owned(), cidr.to_owned())));
    }

    /// Changes a unit's addresses; the unit notices by `config-changed`, whose success rewrites its bags.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn set_network(&mut self, unit: &str, network: Network) -> Result<(), SimError> {
        self.change(|model| model.set_network(unit, None, network))
    }

    /// Changes the addresses of one binding of a unit, such as an endpoint.
    ///
    /// # Errors
    /// There is no such unit, or its charm has no such endpoint or extra binding.
    pub fn set_binding_network(&mut self, unit: &str, binding: &str, network: Network) -> Result<(), SimError> {
        self.change(|model| model.set_network(unit, Some(binding), network))
    }

    /// Adds a further relation to a peer endpoint, as Juju has done after some upgrades (juju/juju issue 19631).
    ///
    /// # Errors
    /// There is no such application, or it has no such peer endpoint.
    pub fn add_peer_relation(&mut self, app: &str, endpoint: &str) -> Result<RelationId, SimError> {
        self.change(|model| model.add_peer_relation(app, endpoint)).map(RelationId)
    }

    /// Writes into the bag of a unit or of an application, as a flush would; an empty value deletes. For units that
    /// the test plays, and for those that mean harm. `pairs` is an array or a map of keys and values.
    ///
    /// # Errors
    /// There is no such relation, the owner has never been in it, or a key is empty.
    pub fn write_bag(
        &mut self,
        relation: impl Into<RelationName>,
        owner: &str,
        pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Result<(), SimError> {
        let id = self.find(relation)?;
        let changes: Settings = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self.change(|model| model.write_bag(id.0, owner, &changes))
    }

    /// Writes one key of a unit's state, without Juju's checks.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn set_state(&mut self, unit: &str, key: &str, value: &str) -> Result<(), SimError> {
        self.change(|model| {
            model.unit_mut(unit)?.state.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
    }

    /// Removes one key of a unit's state.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn delete_state(&mut self, unit: &str, key: &str) -> Result<(), SimError> {
        self.change(|model| {
            model.unit_mut(unit)?.state.remove(key);
            Ok(())
        })
    }

    /// Refreshes an application. Each unit goes over to the new code in its own time, with `upgrade-charm` and
    /// `config-changed`; until then it runs the old one.
    ///
    /// # Errors
    /// There is no such application, or Juju would refuse the charm: it lacks an endpoint or storage that is in use, or
    /// is a subordinate where the other is none.
    pub fn refresh(&mut self, app: &str, revision: Revision) -> Result<(), SimError> {
        let played = revision.is_played();
        self.change(|model| {
            model.refresh(app, revision.charm)?;
            model.application_mut(app).map(|app| app.played = played)
        })?;
        let doors = self.doors.entry(app.to_owned()).or_default();
        let before = doors.iter().rev().find_map(|door| match door {
            Door::Process(door) => Some(door.clone()),
            _ => None,
        });
        doors.push(match (before, revision.door) {
            // The units keep their directories.
            (Some(before), Door::Process(door)) => Door::Process(Rc::new(door.after(&before))),
            (_, door) => door,
        });
        Ok(())
    }

    /// Lets an application have the cloud's credential, or no longer (`juju trust`).
    #[cfg(feature = "cli")]
    pub(crate) fn trust(&mut self, app: &str, cloud: Option<crate::CloudSpec>) -> Result<(), SimError> {
        self.change(|model| {
            model.application_mut(app)?.cloud_spec = cloud;
            model.wake_all();
            Ok(())
        })
    }

    /// Sets the space of an endpoint or extra binding; of an empty name, the default.
    #[cfg(feature = "cli")]
    pub(crate) fn bind(&mut self, app: &str, binding: &str, space: &str) -> Result<(), SimError> {
        self.change(|model| {
            let refuse = |why: String| SimError::Deploy { application: app.to_owned(), why };
            if !binding.is_empty() && !model.application(app)?.charm().has_binding(binding) {
                return Err(refuse(format!("the charm has no endpoint or extra binding {binding:?}")));
            }
            if space != "alpha" && !model.spaces.contains_key(space) {
                return Err(refuse(format!("space {space:?} not found")));
            }
            model.application_mut(app)?.bindings.insert(binding.to_owned(), space.to_owned());
            model.wake_all();
            Ok(())
        })
    }

    /// Sets how much of a storage new units get.
    #[cfg(feature = "cli")]
    pub(crate) fn set_storage_count(&mut self, app: &str, name: &str, count: u32) -> Result<(), SimError> {
        self.change(|model| {
            if model.application(app)?.charm().storage(name).is_none() {
                let (act, storage) = ("ask for", name.to_owned());
                return Err(SimError::Storage {
                    act,
                    storage,
                    why: "the charm has no storage of this name".to_owned(),
                });
            }
            model.application_mut(app)?.storage.insert(name.to_owned(), count);
            Ok(())
        })
    }

    /// Takes the failed hooks of an application's units as done, so that they go over to a new charm.
    #[cfg(feature = "cli")]
    pub(crate) fn take_failed_as_done(&mut self, app: &str) -> Result<(), SimError> {
        let mut failed = self.failed();
        failed.retain(|unit| unit.split('/').next() == Some(app));
        failed.iter().try_for_each(|unit| self.resolve(unit, Retry::NoRetry))
    }

    /// Adds an application of another model, without code and units.
    #[cfg(feature = "cli")]
    pub(crate) fn add_likeness(&mut self, app: &str, charm: crate::Charm) -> Result<(), SimError> {
        self.change(|model| model.add_likeness(app, charm))?;
        self.doors.insert(app.to_owned(), vec![Door::Played]);
        Ok(())
    }

    /// Gives an application another content of a resource. Its units run `upgrade-charm`, as Juju has it.
    ///
    /// # Errors
    /// There is no such application, or its charm has no such resource.
    pub fn attach_resource(&mut self, app: &str, name: &str, content: impl Into<Vec<u8>>) -> Result<(), SimError> {
        self.change(|model| model.attach_resource(app, name, content.into()))
    }

    /// Gives a unit so many more instances of a storage. Their ids.
    ///
    /// # Errors
    /// There is no such unit, or its charm does not allow it.
    pub fn add_storage(&mut self, unit: &str, name: &str, count: u32) -> Result<Vec<String>, SimError> {
        self.change(|model| model.add_storage(unit, name, count))
    }

    /// Attaches storage that no unit has.
    ///
    /// # Errors
    /// There is no such unit or storage, a unit has it, or the unit's charm does not allow it.
    pub fn attach_storage(&mut self, unit: &str, id: &str) -> Result<(), SimError> {
        self.change(|model| model.attach_storage(unit, id))
    }

    /// Detaches storage from its unit.
    ///
    /// # Errors
    /// There is no such storage, no unit has it, or its charm needs as much as it has.
    pub fn detach_storage(&mut self, id: &str) -> Result<(), SimError> {
        self.change(|model| model.detach_storage(id))
    }

    /// Says where storage is, or with `None` that it is not provisioned yet.
    ///
    /// # Errors
    /// There is no such storage.
    pub fn set_storage_location(&mut self, id: &str, location: Option<&str>) -> Result<(), SimError> {
        self.change(|model| model.set_storage_location(id, location))
    }

    /// Lets something go wrong in a unit's next hook or action. Several faults all apply to that one.
    ///
    /// # Errors
    /// There is no such unit, or the fault names a hook command or call of the API that there is none of.
    pub fn inject(&mut self, unit: &str, fault: Fault) -> Result<(), SimError> {
        self.model().unit(unit)?;
        if let Some(why) = fault.flaw() {
            return Err(SimError::Unit { act: "inject a fault into", unit: unit.to_owned(), why });
        }
        self.faults.entry(unit.to_owned()).or_default().push(fault);
        Ok(())
    }

    /// Lets those that remain hear nothing of a removed peer, as Juju 4 does (juju/juju issue 23326): they go on
    /// listing it.
    pub fn lose_departures(&mut self) {
        self.change(|model| model.departures_are_lost = true);
    }

    /// Restarts a unit's agent.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn restart_agent(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.restart(unit))
    }

    /// Reboots the machine of a unit. Its timers are gone.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn reboot(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| {
            model.unit(unit)?;
            model.reboot(unit);
            Ok(())
        })
    }

    /// Takes a unit's agent down: it runs no hooks, notices nothing, and hears no timer. Leadership is a lease of a
    /// minute that the agent renews: a leader that is down for so long, by the model's clock, leads no more.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn pause(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.pause(unit))
    }

    /// Starts the agent that [`pause`](World::pause) took down, with the effects of a restart.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn resume(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.restart(unit))
    }

    /// Resolves a unit whose hook has failed.
    ///
    /// # Errors
    /// There is no such unit, or it is not in error.
    pub fn resolve(&mut self, unit: &str, retry: Retry) -> Result<(), SimError> {
        self.change(|model| model.resolve(unit, retry))
    }

    /// Makes an `update-status` due. Any hook that starts first takes its place; in error nothing becomes due.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn tick(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.set_tick(unit))
    }

    /// How long, on a real clock, the process of a hook or action may run: ten minutes unless set. One that runs
    /// longer is killed; its hook has failed and its log tells why. A charm in this process has no limit.
    pub fn set_time_limit(&mut self, limit: Duration) {
        self.time_limit = limit;
    }

    /// Sets a variable that processes of hooks and actions find in their environment beside those of Juju: to try what a
    /// charm makes of it, or for what it is told by its tests alone.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Lets the model's time pass, by whole seconds: secrets expire and are to be rotated, and after five minutes an
    /// `update-status` is due everywhere; [timers](World::timers) fire, each once. It ends with the year 8999.
    pub fn advance(&mut self, time: Duration) {
        const INTERVAL: u64 = 300;
        self.change(|model| {
            model.advance(time.as_secs());
            if time.as_secs() >= INTERVAL {
                for unit in model.units() {
                    // A unit that is there.
                    let _ = model.set_tick(&unit);
                }
            }
            model.wake_all();
        });
    }

    /// Names the model (`JUJU_MODEL_NAME`), and gives it a uuid.
    pub fn name_model(&mut self, name: &str, uuid: &str) {
        self.change(|model| {
            name.clone_into(&mut model.name);
            uuid.clone_into(&mut model.uuid);
        });
    }

    /// Says which model is at the other side of a relation.
    ///
    /// # Errors
    /// There is no such relation.
    pub fn set_remote_model(&mut self, relation: impl Into<RelationName>, uuid: &str) -> Result<(), SimError> {
        let id = self.find(relation)?;
        self.change(|model: &mut Model| {
            if let Some(relation) = model.relations.get_mut(&id.0) {
                relation.remote_model = Some(uuid.to_owned());
            }
        });
        Ok(())
    }

    /// The faults that wait for a unit's next hook.
    pub(super) fn take_faults(&mut self, unit: &str) -> Vec<Fault> {
        let faults: &mut BTreeMap<String, Vec<Fault>> = &mut self.faults;
        faults.remove(unit).unwrap_or_default()
    }
}
