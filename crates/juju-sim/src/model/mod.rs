//! The model: pure and deterministic. What it does follows from its seed and from the verbs and hooks applied to
//! it; it has no clock and does no input or output.

mod action;
pub(crate) mod context;
mod env;
mod flush;
mod hook;
mod lifecycle;
mod network;
mod next;
mod relation;
mod running;
mod unit;

use std::collections::BTreeMap;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use action::ActionResult;
pub(crate) use env::Place;
pub(crate) use lifecycle::{Fate, Finish};
pub(crate) use running::Running;
pub use unit::Retry;

use crate::Error;
use crate::charm::Charm;
use crate::command::Settings;
use network::Network;
use relation::{Bag, Relation};
use unit::{Agent, Operation, Status, Unit};

/// One Juju model with one application, on machines.
///
/// It can be serialized and read back at any moment between hooks, and goes on as if nothing had happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    seed: u64,
    rng: ChaCha8Rng,
    seconds: u64,
    app: String,
    /// The charm's revisions; the last is the application's, units may still run an older one.
    charms: Vec<Charm>,
    config: BTreeMap<String, Value>,
    leader: Option<String>,
    app_status: Option<Status>,
    next_unit: u32,
    next_relation: u32,
    next_action: u32,
    units: BTreeMap<String, Unit>,
    relations: BTreeMap<u32, Relation>,
    log: Vec<LogLine>,
}

/// One line of the model's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The model's time, in seconds since its start.
    pub seconds: u64,
    /// The unit that wrote it.
    pub unit: String,
    /// The level in capitals, such as `INFO`.
    pub level: String,
    /// The text.
    pub text: String,
}

impl Model {
    /// A model with the charm's application, its peer relations, and no unit.
    pub(crate) fn new(charm: Charm, seed: u64) -> Model {
        let mut model = Model {
            seed,
            rng: ChaCha8Rng::seed_from_u64(seed),
            seconds: 0,
            app: charm.name().to_owned(),
            charms: Vec::new(),
            config: BTreeMap::new(),
            leader: None,
            app_status: None,
            next_unit: 0,
            next_relation: 0,
            next_action: 1,
            units: BTreeMap::new(),
            relations: BTreeMap::new(),
            log: Vec::new(),
        };
        model.upgrade(charm);
        model
    }

    /// The seed that the model started from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The name of the application.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The model's time, in seconds since 2026-01-01T00:00:00Z. It rises by one with each hook and action.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// The unit that leads, if any.
    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    /// The names of the units that exist, by number.
    pub fn units(&self) -> Vec<String> {
        let mut units: Vec<_> = self.units.iter().map(|(name, unit)| (unit.number, name.clone())).collect();
        units.sort();
        units.into_iter().map(|(_, name)| name).collect()
    }

    /// The relations: number and endpoint.
    pub fn relations(&self) -> impl Iterator<Item = (u32, &str)> {
        self.relations.iter().map(|(id, relation)| (*id, relation.endpoint.as_str()))
    }

    /// What was logged so far.
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.seconds = self.seconds.saturating_add(seconds);
    }

    /// One of `count` things, by the seed.
    pub(crate) fn choose(&mut self, count: usize) -> usize {
        if count < 2 { 0 } else { self.rng.random_range(0..count) }
    }

    pub(crate) fn random_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.rng.random::<u64>(), self.rng.random::<u64>())
    }

    pub(crate) fn add_unit(&mut self) -> String {
        let number = self.next_unit;
        self.next_unit += 1;
        let name = format!("{}/{number}", self.app);
        let unit = Unit {
            number,
            dying: false,
            paused: false,
            network: Network::default_of(number),
            state: Settings::new(),
            status: Status::new("waiting", "waiting for machine"),
            resolved: None,
            agent: Agent { revision: self.charms.len() - 1, ..Agent::default() },
        };
        self.units.insert(name.clone(), unit);
        self.leader.get_or_insert_with(|| name.clone());
        name
    }

    /// Juju: the controller lets the unit depart from every relation at once; the unit learns in its own time.
    pub(crate) fn remove_unit(&mut self, name: &str) -> Result<(), Error> {
        self.unit_mut(name)?.dying = true;
        for relation in self.relations.values_mut() {
            relation.in_scope.remove(name);
        }
        self.observe();
        Ok(())
    }

    pub(crate) fn set_config(&mut self, key: &str, value: Option<Value>) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::Config { key: key.to_owned(), why });
        let Some(option) = self.charm().options().get(key) else {
            return refuse("no such option".to_owned());
        };
        match value {
            Some(value) if !option.kind.admits(&value) => refuse(format!("expected {:?}, got {value}", option.kind)),
            Some(value) => {
                self.config.insert(key.to_owned(), value);
                Ok(())
            }
            None => {
                self.config.remove(key);
                Ok(())
            }
        }
    }

    pub(crate) fn set_leader(&mut self, name: &str) -> Result<(), Error> {
        self.unit(name)?;
        self.leader = Some(name.to_owned());
        Ok(())
    }

    /// Lets another unit lead in place of this one.
    pub(crate) fn depose(&mut self, name: &str) {
        if self.leader.as_deref() == Some(name) {
            self.leader = self.heir(name);
        }
    }

    /// A random unit, other than this one, that could lead.
    fn heir(&mut self, name: &str) -> Option<String> {
        let mut heirs = self.units();
        heirs.retain(|heir| heir != name && self.units[heir].may_lead());
        let chosen = self.choose(heirs.len());
        (!heirs.is_empty()).then(|| heirs.swap_remove(chosen))
    }

    pub(crate) fn set_network(&mut self, name: &str, network: Network) -> Result<(), Error> {
        self.unit_mut(name)?.network = network;
        Ok(())
    }

    pub(crate) fn add_peer_relation(&mut self, endpoint: &str) -> Result<u32, Error> {
        if !self.charm().peers().any(|peer| peer == endpoint) {
            return Err(Error::NoPeerEndpoint(endpoint.to_owned()));
        }
        let id = self.new_relation(endpoint);
        self.observe();
        Ok(id)
    }

    pub(crate) fn upgrade(&mut self, charm: Charm) {
        for endpoint in charm.peers() {
            if !self.relations.values().any(|relation| relation.endpoint == endpoint) {
                self.new_relation(endpoint);
            }
        }
        self.charms.push(charm);
        self.observe();
    }

    pub(crate) fn write_bag(&mut self, id: u32, owner: &str, changes: &Settings) -> Result<(), Error> {
        let app = self.app.clone();
        let relation = self.relations.get_mut(&id).ok_or(Error::NoRelation(id))?;
        let bag = if owner == app {
            &mut relation.app_bag
        } else {
            relation.unit_bags.get_mut(owner).ok_or_else(|| Error::NoUnit(owner.to_owned()))?
        };
        bag.write(changes);
        Ok(())
    }

    pub(crate) fn bag(&self, id: u32, owner: &str) -> Option<&Settings> {
        let relation = self.relations.get(&id)?;
        let bag = if owner == self.app { Some(&relation.app_bag) } else { relation.unit_bags.get(owner) };
        bag.map(|bag| &bag.settings)
    }

    pub(crate) fn set_state(&mut self, name: &str, key: &str, value: &str) -> Result<(), Error> {
        self.unit_mut(name)?.state.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    pub(crate) fn delete_state(&mut self, name: &str, key: &str) -> Result<(), Error> {
        self.unit_mut(name)?.state.remove(key);
        Ok(())
    }

    pub(crate) fn state(&self, name: &str) -> Settings {
        self.units.get(name).map(|unit| unit.state.clone()).unwrap_or_default()
    }

    pub(crate) fn members(&self, name: &str, id: u32) -> Vec<String> {
        let state = self.units.get(name).and_then(|unit| unit.agent.relations.get(&id));
        state.map(|state| state.listed(None)).unwrap_or_default()
    }

    pub(crate) fn set_tick(&mut self, name: &str) -> Result<(), Error> {
        let unit = self.unit_mut(name)?;
        // Juju: no update-status in error; the timer belongs to the running agent.
        unit.agent.memory.tick = !unit.paused && unit.agent.failed().is_none();
        Ok(())
    }

    pub(crate) fn pause(&mut self, name: &str) -> Result<(), Error> {
        self.unit_mut(name)?.paused = true;
        Ok(())
    }

    /// Starts the agent anew, whether it was down or not.
    pub(crate) fn restart(&mut self, name: &str) -> Result<(), Error> {
        let unit = self.unit_mut(name)?;
        unit.paused = false;
        unit.agent.restart();
        self.observe();
        Ok(())
    }

    pub(crate) fn resolve(&mut self, name: &str, retry: Retry) -> Result<(), Error> {
        let unit = self.unit_mut(name)?;
        if unit.agent.failed().is_none() {
            return Err(Error::Unit { act: "resolve", unit: name.to_owned(), why: "it is not in error" });
        }
        unit.resolved = Some(retry);
        self.observe();
        Ok(())
    }

    /// What `juju status` shows of the workload: the charm's word, or the agent's when a hook has failed.
    pub(crate) fn status(&self, name: &str) -> Option<(String, String)> {
        let unit = self.units.get(name)?;
        Some(match unit.agent.failed() {
            Some(hook) => ("error".to_owned(), format!("hook failed: \"{hook}\"")),
            None => (unit.status.status.clone(), unit.status.message.clone()),
        })
    }

    /// What `juju status` shows of the agent.
    pub(crate) fn agent_status(&self, name: &str) -> &'static str {
        match self.units.get(name) {
            None => "gone",
            Some(unit) if unit.paused => "lost",
            Some(unit) if !unit.agent.installed && unit.agent.operation == Operation::Idle => "allocating",
            Some(_) => "idle",
        }
    }

    pub(crate) fn revision(&self, name: &str) -> usize {
        self.units.get(name).map_or(0, |unit| unit.agent.revision)
    }

    pub(crate) fn push_log(&mut self, unit: &str, level: &str, text: &str) -> LogLine {
        let (level, text) = (level.to_owned(), text.to_owned());
        let line = LogLine { seconds: self.seconds, unit: unit.to_owned(), level, text };
        self.log.push(line.clone());
        line
    }

    fn new_relation(&mut self, endpoint: &str) -> u32 {
        let id = self.next_relation;
        self.next_relation += 1;
        self.relations.insert(id, Relation::new(endpoint));
        id
    }

    fn charm(&self) -> &Charm {
        self.charms.last().expect("a model starts with a charm and never loses one")
    }

    fn charm_of(&self, unit: &Unit) -> &Charm {
        self.charms.get(unit.agent.revision).unwrap_or_else(|| self.charm())
    }

    fn unit(&self, name: &str) -> Result<&Unit, Error> {
        self.units.get(name).ok_or_else(|| Error::NoUnit(name.to_owned()))
    }

    fn unit_mut(&mut self, name: &str) -> Result<&mut Unit, Error> {
        self.units.get_mut(name).ok_or_else(|| Error::NoUnit(name.to_owned()))
    }
}

impl Unit {
    fn is_up(&self) -> bool {
        !self.paused
    }

    fn may_lead(&self) -> bool {
        self.is_up() && !self.dying
    }
}

/// A bag as it is at scope entry: Juju's keys and nothing else.
fn entry_bag(network: &Network) -> Bag {
    let mut bag = Bag::default();
    bag.write(&network.bag_keys());
    bag
}
