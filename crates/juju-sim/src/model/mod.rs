//! The model: pure and deterministic. What it does follows from its seed and from the verbs and hooks applied to
//! it; it has no clock and does no input or output.

mod action;
mod agents;
mod application;
pub(crate) mod context;
mod env;
mod flush;
mod goal;
mod hook;
mod lifecycle;
#[cfg(feature = "cli")]
mod likeness;
mod log;
mod network;
mod next;
#[cfg(feature = "cli")]
mod parts;
mod port;
mod publication;
mod relation;
mod running;
mod secret;
mod storage;
mod timer;
mod unit;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use action::ActionResult;
pub(crate) use application::{Application, Life};
pub(crate) use env::Place;
pub(crate) use hook::{Hook, RelationHook, RelationKind, SecretHook, SecretHookKind, StorageHook, StorageHookKind};
pub(crate) use lifecycle::Finish;
pub use log::LogLine;
pub(crate) use log::OPERATION;
pub(crate) use next::Task;
#[cfg(feature = "cli")]
pub(crate) use parts::{Changes, differing, documents_of};
pub(crate) use port::OpenPort;
pub(crate) use publication::Shown;
#[cfg(test)]
pub(crate) use relation::{Bag, RelationState};
pub(crate) use relation::{Relation, Side};
pub(crate) use running::Running;
#[cfg(test)]
pub(crate) use running::{ActionWork, Work};
pub(crate) use secret::{Grant, Owner, Secret, Subject};
pub(crate) use unit::{Operation, Unit};
pub use unit::{Retry, Status};
pub(crate) use verbs::NewUnit;
#[cfg(test)]
pub(crate) use {
    flush::Flush,
    secret::{Consumer, Revisions},
};

use crate::SimError;
use crate::charm::Charm;
use crate::command::Network;
use log::Log;
pub(crate) use storage::Storage;
pub(crate) use timer::Machine;
use timer::Timers;

/// How long leadership lasts that is not renewed.
const LEASE_SECONDS: u64 = 60;

/// Seconds from the Unix epoch to 2026-01-01T00:00:00Z, when a model's time begins.
pub(crate) const EPOCH: u64 = 1_767_225_600;

/// Seconds from the Unix epoch to the year 9000.
const LAST: u64 = 221_845_392_000;

/// One Juju model: applications, units and their agents, relations, secrets, storage; on machines.
///
/// It can be serialized and read back at any moment between hooks, and goes on as if nothing had happened. It holds
/// the values of databags, states and secrets.
///
/// ```
/// use juju_sim::{Charm, Model, ProgramEnd, Revision, World};
///
/// let hello = || Ok::<_, juju_sim::SimError>(Revision::in_process(
///     Charm::parse("name: hello", None, None)?, |_| ProgramEnd::Exit(0)));
/// let mut juju = World::new(7);
/// juju.deploy("hello", hello()?)?;
/// juju.step();
/// let kept = serde_json::to_string(&*juju.model())?;
///
/// let model: Model = serde_json::from_str(&kept)?;
/// assert_eq!((model.seed(), model.units()), (7, vec!["hello/0".to_owned()]));
/// let mut again = World::restore(model, [("hello".to_owned(), vec![hello()?])])?;
/// assert_eq!(again.step().map(|run| run.title()).as_deref(), Some("hello/0 leader-elected"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    seed: u64,
    rng: ChaCha8Rng,
    seconds: u64,
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) applications: BTreeMap<String, Application>,
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) relations: BTreeMap<u32, Relation>,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) storage: BTreeMap<String, Storage>,
    /// The network of each space.
    pub(crate) spaces: BTreeMap<String, String>,
    /// What systemd has on each machine.
    #[serde(default)]
    timers: BTreeMap<u32, Timers>,
    pub(crate) counters: Counters,
    /// The ids of the next secrets, before random ones.
    pub(crate) given_secret_ids: Vec<String>,
    /// What hooks are told of proxies: for HTTP, HTTPS and FTP, and the hosts without one.
    #[serde(default)]
    pub(crate) proxies: [String; 4],
    /// Juju 4 (issue 23326): those that remain are not told of a removed peer.
    pub(crate) departures_are_lost: bool,
    log: Log,
    /// The units that may have something to do that they had not before.
    #[serde(skip, default = "Awake::all")]
    awake: Awake,
    /// The units that have a hook to run, as far as it is known.
    #[serde(skip)]
    ready: BTreeSet<String>,
}

/// What is counted over the whole life of a model.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// By application, also of those that are gone: a unit's number is never used again.
    pub(crate) units: BTreeMap<String, u32>,
    pub(crate) machine: u32,
    pub(crate) relation: u32,
    pub(crate) action: u32,
    pub(crate) storage: u32,
}

/// Whose readiness has to be looked at.
#[derive(Debug, Clone)]
enum Awake {
    All,
    Some(BTreeSet<String>),
}

impl Awake {
    fn all() -> Awake {
        Awake::All
    }
}

impl Model {
    /// A model with nothing in it.
    pub(crate) fn new(seed: u64) -> Model {
        Model {
            seed,
            rng: ChaCha8Rng::seed_from_u64(seed),
            seconds: 0,
            name: "default".to_owned(),
            uuid: "5e1f0c4e-6d61-4770-a969-000000000000".to_owned(),
            applications: BTreeMap::new(),
            units: BTreeMap::new(),
            relations: BTreeMap::new(),
            secrets: BTreeMap::new(),
            storage: BTreeMap::new(),
            spaces: BTreeMap::new(),
            timers: BTreeMap::new(),
            counters: Counters { action: 1, ..Counters::default() },
            given_secret_ids: Vec::new(),
            proxies: Default::default(),
            departures_are_lost: false,
            log: Log::default(),
            awake: Awake::Some(BTreeSet::new()),
            ready: BTreeSet::new(),
        }
    }

    /// The seed that the model started from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The model's name, as in `JUJU_MODEL_NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model's uuid.
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The model's time, in seconds since 2026-01-01T00:00:00Z. It rises by one with each hook and action.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    pub(crate) fn unix_seconds(&self) -> u64 {
        EPOCH + self.seconds
    }

    /// The names of the applications, sorted.
    pub fn applications(&self) -> impl Iterator<Item = &str> {
        self.applications.keys().map(String::as_str)
    }

    /// The unit that leads an application, if any.
    pub fn leader(&self, app: &str) -> Option<&str> {
        self.applications.get(app)?.leader.as_deref()
    }

    /// The names of all units, by application and number.
    pub fn units(&self) -> Vec<String> {
        let mut units: Vec<_> = self.units.iter().map(|(name, unit)| (&unit.app, unit.number, name)).collect();
        units.sort();
        units.into_iter().map(|(_, _, name)| name.clone()).collect()
    }

    /// The names of an application's units, by number.
    pub fn units_of(&self, app: &str) -> Vec<String> {
        // All names of an application's units stand together, between `app/` and `app0`.
        let within = self.units.range(format!("{app}/")..format!("{app}0"));
        let mut units: Vec<_> = within.map(|(name, unit)| (unit.number, name)).collect();
        units.sort();
        units.into_iter().map(|(_, name)| name.clone()).collect()
    }

    pub(crate) fn leads(&self, unit: &str, app: &str) -> bool {
        self.leader(app) == Some(unit)
    }

    fn leader_settings_version(&self, app: &str) -> u64 {
        self.applications.get(app).map_or(0, |app| app.leader_settings.version)
    }

    fn modified(&self, app: &str) -> u64 {
        self.applications.get(app).map_or(0, |app| app.modified)
    }

    /// Time goes on, until it stops in the year 9000: later dates are none to those who write them.
    pub(crate) fn advance(&mut self, seconds: u64) {
        self.seconds = self.seconds.saturating_add(seconds).min(LAST - EPOCH);
        let now = self.seconds;
        let lapsed = |unit: &Unit| unit.down_since.is_some_and(|since| now.saturating_sub(since) >= LEASE_SECONDS);
        let leaders = self.applications.values().filter_map(|app| app.leader.as_ref());
        let over: Vec<String> = leaders.filter(|name| self.units.get(*name).is_some_and(lapsed)).cloned().collect();
        for leader in over {
            self.depose(&leader);
        }
        self.fire_timers();
    }

    /// One of `count` things, by the seed.
    pub(crate) fn choose(&mut self, count: usize) -> usize {
        if count < 2 { 0 } else { self.rng.random_range(0..count) }
    }

    /// Lets everything random from here on follow from another seed.
    #[cfg(feature = "cli")]
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        self.rng = ChaCha8Rng::seed_from_u64(seed);
    }

    pub(crate) fn random_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.rng.random::<u64>(), self.rng.random::<u64>())
    }

    /// The charm that a unit runs.
    pub(crate) fn charm_of(&self, unit: &Unit) -> &Charm {
        let app = self.applications.get(&unit.app).expect("a unit's application is there as long as the unit");
        app.charm_of(unit.agent.revision)
    }

    pub(crate) fn application(&self, name: &str) -> Result<&Application, SimError> {
        self.applications.get(name).ok_or_else(|| SimError::NoApplication(name.to_owned()))
    }

    pub(crate) fn application_mut(&mut self, name: &str) -> Result<&mut Application, SimError> {
        self.applications.get_mut(name).ok_or_else(|| SimError::NoApplication(name.to_owned()))
    }

    pub(crate) fn unit(&self, name: &str) -> Result<&Unit, SimError> {
        self.units.get(name).ok_or_else(|| SimError::NoUnit(name.to_owned()))
    }

    pub(crate) fn unit_mut(&mut self, name: &str) -> Result<&mut Unit, SimError> {
        self.units.get_mut(name).ok_or_else(|| SimError::NoUnit(name.to_owned()))
    }

    pub(crate) fn relation(&self, id: u32) -> Result<&Relation, SimError> {
        self.relations.get(&id).ok_or_else(|| SimError::NoRelation(id.to_string()))
    }

    /// The network of a unit's binding: its own, that of its space, or the unit's.
    pub(crate) fn network_of(&self, name: &str, binding: &str) -> Network {
        let Some(unit) = self.units.get(name) else { return Network::none() };
        if let Some(network) = unit.networks.get(binding) {
            return network.clone();
        }
        let bindings = self.applications.get(&unit.app).map(|app| &app.bindings);
        let space = bindings.and_then(|it| it.get(binding).or_else(|| it.get("")));
        let in_space = space.and_then(|space| self.spaces.get(space));
        let network = in_space.and_then(|cidr| Network::in_space(cidr, unit.machine));
        network.unwrap_or_else(|| unit.network.clone())
    }
}
