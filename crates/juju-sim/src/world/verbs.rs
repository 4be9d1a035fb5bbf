use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::{Door, Fault, Invocation, World};
use crate::Error;
use crate::charm::Charm;
use crate::command::{NetworkInfo, Settings};
use crate::model::{Model, Retry};
use crate::run::Ending;

/// What operators, the cloud and other units do.
impl World {
    /// Adds a unit; the first one leads. Its name; numbers are never used again.
    pub fn add_unit(&mut self) -> String {
        self.change(Model::add_unit)
    }

    /// Removes a unit: it is dying at once, has departed for the others at once, and goes when its last hook ran.
    pub fn remove_unit(&mut self, unit: &str) -> Result<(), Error> {
        self.change(|model| model.remove_unit(unit))
    }

    /// Sets an option, or with `None` resets it to its default.
    pub fn set_config(&mut self, key: &str, value: Option<Value>) -> Result<(), Error> {
        self.change(|model| model.set_config(key, value))
    }

    /// Moves leadership. To move it while a hook runs, see [`Fault::LoseLeadershipAt`].
    pub fn set_leader(&mut self, unit: &str) -> Result<(), Error> {
        self.change(|model| model.set_leader(unit))
    }

    /// Changes a unit's addresses; the unit notices by `config-changed`, whose success rewrites its bags.
    pub fn set_addresses(&mut self, unit: &str, network: NetworkInfo) -> Result<(), Error> {
        self.change(|model| model.set_network(unit, network.into()))
    }

    /// Adds a further relation to a peer endpoint, as Juju has done after some upgrades (juju/juju issue 19631).
    pub fn add_peer_relation(&mut self, endpoint: &str) -> Result<u32, Error> {
        self.change(|model| model.add_peer_relation(endpoint))
    }

    /// Writes one key into the bag of a unit or of the application, as a flush would; an empty value deletes.
    /// For peers that run other code, or mean harm.
    pub fn write_bag(&mut self, relation: u32, owner: &str, key: &str, value: &str) -> Result<(), Error> {
        let changes = Settings::from([(key.to_owned(), value.to_owned())]);
        self.change(|model| model.write_bag(relation, owner, &changes))
    }

    /// Writes one key of a unit's state, without Juju's checks.
    pub fn set_state(&mut self, unit: &str, key: &str, value: &str) -> Result<(), Error> {
        self.change(|model| model.set_state(unit, key, value))
    }

    /// Removes one key of a unit's state.
    pub fn delete_state(&mut self, unit: &str, key: &str) -> Result<(), Error> {
        self.change(|model| model.delete_state(unit, key))
    }

    /// Upgrades the application. Each unit goes over to the new code in its own time, with `upgrade-charm` and
    /// `config-changed`; until then it runs the old one.
    pub fn upgrade(&mut self, charm: Charm, program: impl Fn(Invocation) -> Ending + 'static) {
        self.change(|model| model.upgrade(charm));
        self.doors.push(Door::InProcess(Rc::new(program)));
    }

    /// Lets something go wrong in a unit's next hook or action. Several faults all apply to that one.
    pub fn inject(&mut self, unit: &str, fault: Fault) -> Result<(), Error> {
        if self.model().status(unit).is_none() {
            return Err(Error::NoUnit(unit.to_owned()));
        }
        self.faults.entry(unit.to_owned()).or_default().push(fault);
        Ok(())
    }

    /// Restarts a unit's agent.
    pub fn restart_agent(&mut self, unit: &str) -> Result<(), Error> {
        self.change(|model| model.restart(unit))
    }

    /// Takes a unit's agent down: it runs no hooks and notices nothing.
    pub fn pause(&mut self, unit: &str) -> Result<(), Error> {
        self.change(|model| model.pause(unit))
    }

    /// Starts the agent that [`pause`](World::pause) took down, with the effects of a restart.
    pub fn resume(&mut self, unit: &str) -> Result<(), Error> {
        self.change(|model| model.restart(unit))
    }

    /// Resolves a unit whose hook has failed.
    pub fn resolve(&mut self, unit: &str, retry: Retry) -> Result<(), Error> {
        self.change(|model| model.resolve(unit, retry))
    }

    /// Makes an `update-status` due. Any hook that starts first takes its place; in error nothing becomes due.
    pub fn tick(&mut self, unit: &str) -> Result<(), Error> {
        self.change(|model| model.set_tick(unit))
    }

    /// How long, on a real clock, the process of a hook or action may run: ten minutes unless set. One that runs
    /// longer is killed; its hook has failed and its log tells why. A charm in this process has no limit.
    pub fn set_time_limit(&mut self, limit: Duration) {
        self.time_limit = limit;
    }

    /// Lets the model's time pass, by whole seconds.
    pub fn advance(&mut self, time: Duration) {
        self.change(|model| model.advance(time.as_secs()));
    }

    pub(super) fn change<T>(&self, verb: impl FnOnce(&mut Model) -> T) -> T {
        verb(&mut self.shared.borrow_mut().model)
    }
}
