use super::{RelationName, World};
use crate::SimError;
use crate::model::Model;

/// What an agent watches, each on its own. While one is held, the agent sees what was at that moment.
///
/// ```
/// # use juju_sim::{Charm, Deployment, ProgramEnd, Revision, World};
/// use juju_sim::Observation;
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Deployment::of(Revision::in_process(charm, |_| ProgramEnd::Exit(0))).units(2))?;
/// # juju.settle()?;
/// juju.hold("hello/1", Observation::Leadership)?;
/// juju.set_leader("hello/1")?;
/// juju.settle()?; // hello/0 hears that it leads no more, and hello/1 nothing yet
/// assert_eq!(juju.runs().last().map(|run| run.title()).as_deref(), Some("hello/0 leader-settings-changed"));
/// juju.release("hello/1")?;
/// juju.settle()?;
/// assert_eq!(juju.runs().last().map(|run| run.title()).as_deref(), Some("hello/1 leader-elected"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observation {
    /// Who leads.
    Leadership,
    /// Options and addresses.
    Config,
    /// The charm's newest revision.
    Upgrade,
    /// Secrets: changes, rotation, expiry.
    Secrets,
    /// Storage that comes or goes.
    Storage,
}

/// Juju tells agents of changes one by one, and without any bound on how late.
///
/// ```
/// # use juju_sim::{Charm, Deployment, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: m, peers: {m: {interface: m}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("m", Deployment::of(Revision::in_process(charm, |_| ProgramEnd::Exit(0))).units(2))?;
/// # juju.settle()?;
/// juju.hold_relation("m/0", "m")?;
/// juju.remove_unit("m/1")?;
/// juju.settle()?;
/// assert_eq!(juju.units(), ["m/0"]);
/// assert_eq!(juju.members("m/0", "m")?, ["m/1"]); // it has not heard
/// juju.release("m/0")?;
/// juju.settle()?;
/// assert!(juju.members("m/0", "m")?.is_empty());
/// # Ok::<(), juju_sim::SimError>(())
/// ```
impl World {
    /// Lets an observation of a unit's agent be late, until [`release`](World::release).
    ///
    /// # Errors
    /// There is no such unit.
    pub fn hold(&mut self, unit: &str, what: Observation) -> Result<(), SimError> {
        self.change(|model| model.hold(unit, what))
    }

    /// Lets what a unit's agent sees of a relation be late: who is there, and the bags' versions.
    ///
    /// # Errors
    /// There is no such unit, or it is not in the relation.
    pub fn hold_relation(&mut self, unit: &str, relation: impl Into<RelationName>) -> Result<(), SimError> {
        let id = self.find(relation)?;
        self.change(|model| model.hold_relation(unit, id.0))
    }

    /// Lets a unit's agent see everything as it is.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn release(&mut self, unit: &str) -> Result<(), SimError> {
        self.change(|model| model.release(unit))
    }

    /// Brings agents that are down up, and shows all of them what they see late.
    pub(crate) fn bring_up(&mut self) -> Result<(), SimError> {
        for unit in self.units() {
            // One may go with another that is brought up before it.
            if self.model().unit(&unit).is_ok_and(|unit| unit.down_since.is_some()) {
                self.resume(&unit)?;
            }
            if self.model().unit(&unit).is_ok() {
                self.release(&unit)?;
            }
        }
        Ok(())
    }
}

impl Model {
    fn hold(&mut self, name: &str, what: Observation) -> Result<(), SimError> {
        let unit = self.unit(name)?;
        let (leads, modified) = (self.leads(name, &unit.app), self.application(&unit.app)?.modified);
        let configured = self.configured_as_is(name)?;
        let late = &mut self.unit_mut(name)?.late;
        match what {
            Observation::Leadership => late.leads = Some(leads),
            Observation::Config => late.configured = Some(configured),
            Observation::Upgrade => late.modified = Some(modified),
            Observation::Secrets => late.secrets = true,
            Observation::Storage => late.storage = true,
        }
        self.wake(name);
        Ok(())
    }

    fn hold_relation(&mut self, name: &str, id: u32) -> Result<(), SimError> {
        let unit = self.unit(name)?;
        let snapshot = self.relation(id)?.snapshot(name, &unit.app, unit.container(name));
        self.unit_mut(name)?.late.relations.insert(id, snapshot);
        self.wake(name);
        Ok(())
    }

    fn release(&mut self, name: &str) -> Result<(), SimError> {
        self.unit_mut(name)?.late = Default::default();
        self.wake(name);
        self.observe();
        Ok(())
    }
}
