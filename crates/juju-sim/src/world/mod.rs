//! A model behind doors: what tests drive.

mod dispatch;
mod fault;
mod late;
mod look;
mod relation;
mod revision;
pub(crate) mod running;
mod secret;
pub(crate) mod shared;
mod tools;
mod verbs;

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tempfile::TempDir;

pub use dispatch::On;
pub use fault::{Fault, Target};
pub use late::Observation;
pub use look::{OpenPorts, SecretView, StorageView};
pub use relation::{RelationId, RelationName};
pub use revision::{Deployment, Revision};
pub use tools::{Invocation, Tools};

use crate::SimError;
use crate::model::Model;
use crate::page::{PageInput, UnitAtEnd, page};
use crate::process::Copies;
use crate::run::{HookRun, Kept};
use revision::Door;
use shared::Shared;

/// How charms on `juju-ops` call hook commands: `auto`, `exec` or `socket`. A test run that has it in its own environment
/// has all charms go that way.
const TRANSPORT: &str = "JUJU_OPS_TRANSPORT";
/// How long a hook's process may run.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// A simulated Juju model, and the doors to the code of its charms.
///
/// Nothing happens by itself: verbs change the model, and [`step`](World::step) or [`settle`](World::settle) run the
/// hooks that are due. Everything random follows from the seed.
///
/// ```
/// use juju_sim::{Charm, ProgramEnd, Revision, World};
///
/// let charm = Charm::parse("name: magpie\npeers: {magpie: {interface: magpie}}", None, None)?;
/// let mut juju = World::new(1);
/// juju.deploy("magpie", Revision::in_process(charm, |charm| {
///     charm.tools.call(&["status-set", "active"], None);
///     ProgramEnd::Exit(0)
/// }))?;
/// juju.settle()?;
/// assert_eq!(juju.status("magpie/0").current, "active");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
pub struct World {
    shared: Rc<RefCell<Shared>>,
    /// One per charm revision of each application.
    doors: BTreeMap<String, Vec<Door>>,
    faults: BTreeMap<String, Vec<Fault>>,
    retries: BTreeMap<String, u32>,
    kept: Kept,
    transcript_from: usize,
    time_limit: Duration,
    /// What the processes of hooks find in their environment beside Juju's variables.
    variables: BTreeMap<String, String>,
    /// Where files of units are whose code is in this process; made when one is needed.
    files: Rc<RefCell<Option<TempDir>>>,
    /// Told of each hook and action before it runs.
    watcher: Option<Watcher>,
}

type Watcher = Box<dyn FnMut(&str)>;

impl World {
    /// A model with nothing in it.
    pub fn new(seed: u64) -> World {
        World::of_model(Model::new(seed), BTreeMap::new())
    }

    /// A world of one application without units, named for its charm.
    ///
    /// # Errors
    /// The charm's name is none for an application.
    pub fn of_one(revision: Revision, seed: u64) -> Result<World, SimError> {
        let mut world = World::new(seed);
        let name = revision.charm.name().to_owned();
        world.deploy(&name, Deployment::of(revision).units(0))?;
        Ok(world)
    }

    /// A world that goes on from a model kept from another run. The revisions of each application are the code behind
    /// those that the model has, in their order.
    ///
    /// # Errors
    /// An application of the model lacks its revisions, or has more of them in the model.
    pub fn restore(
        model: Model,
        revisions: impl IntoIterator<Item = (String, Vec<Revision>)>,
    ) -> Result<World, SimError> {
        let doors = revisions.into_iter().map(|(app, all)| (app, all.into_iter().map(|it| it.door).collect()));
        let doors: BTreeMap<String, Vec<Door>> = doors.collect();
        for (name, application) in &model.applications {
            if doors.get(name).is_none_or(|doors| doors.len() != application.charms.len()) {
                let (given, wanted) = (doors.get(name).map_or(0, Vec::len), application.charms.len());
                let why = format!("the model is restored with {given} of its {wanted} revisions");
                return Err(SimError::Deploy { application: name.clone(), why });
            }
        }
        Ok(World::of_model(model, doors))
    }

    /// Goes on with the faults that were to happen, and with the numbers of runs.
    #[cfg(feature = "cli")]
    pub(crate) fn go_on(&mut self, faults: BTreeMap<String, Vec<Fault>>, runs: u64) {
        self.faults = faults;
        self.kept = Kept::after(runs);
    }

    /// Lets everything random from here on follow from another seed.
    #[cfg(feature = "cli")]
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.change(|model| model.reseed(seed));
    }

    /// How many hooks and actions have ever run.
    #[cfg(feature = "cli")]
    pub(crate) fn ran(&self) -> u64 {
        self.kept.next() - 1
    }

    /// Forgets the oldest revisions of an application that no unit runs any more. How many these were.
    #[cfg(feature = "cli")]
    pub(crate) fn forget_revisions(&mut self, app: &str) -> usize {
        let gone = self.change(|model| model.forget_revisions(app));
        if let Some(doors) = self.doors.get_mut(app) {
            doors.drain(..gone.min(doors.len()));
        }
        gone
    }

    /// Lets nothing that was injected go wrong in a unit's next hook.
    #[cfg(feature = "cli")]
    pub(crate) fn forget_faults(&mut self, unit: &str) {
        self.faults.remove(unit);
    }

    /// The faults that are to happen.
    #[cfg(feature = "cli")]
    pub(crate) fn faults(&self) -> &BTreeMap<String, Vec<Fault>> {
        &self.faults
    }

    /// Leaves processes with what Juju gives them.
    #[cfg(test)]
    pub(crate) fn forget_variables(&mut self) {
        self.variables.clear();
    }

    fn of_model(model: Model, doors: BTreeMap<String, Vec<Door>>) -> World {
        World {
            shared: Rc::new(RefCell::new(Shared { model, run: None })),
            doors,
            faults: BTreeMap::new(),
            retries: BTreeMap::new(),
            kept: Kept::default(),
            transcript_from: 0,
            time_limit: TIME_LIMIT,
            variables: std::env::var(TRANSPORT).ok().map(|via| (TRANSPORT.to_owned(), via)).into_iter().collect(),
            files: Rc::default(),
            watcher: None,
        }
    }

    /// A second world that goes on from here on its own, with the same code: to try several things from one state.
    /// Faults that were injected and have not happened are not in it. Units that are run by executables have their
    /// directories copied, with what the charm has made there.
    #[must_use]
    pub fn fork(&self) -> World {
        let mut copies = Copies::default();
        let mut fork = |doors: &Vec<Door>| doors.iter().map(|door| door.fork(&mut copies)).collect();
        let doors = self.doors.iter().map(|(app, doors)| (app.clone(), fork(doors))).collect();
        World { variables: self.variables.clone(), ..World::of_model(self.model().clone(), doors) }
    }

    /// Every hook and action that ran.
    ///
    /// What the oldest of them did is forgotten when some 64 MiB of it are kept; that they ran is not.
    pub fn runs(&self) -> &[HookRun] {
        self.kept.runs()
    }

    /// What ran since the start or the last [`clear_transcript`](World::clear_transcript), one block for each hook.
    /// Values of databags, states, secrets and leader's settings are hidden.
    pub fn transcript(&self) -> String {
        self.runs()[self.transcript_from..].iter().map(ToString::to_string).collect()
    }

    /// As [`transcript`](World::transcript), with the values. Not for a log that others read.
    pub fn transcript_with_values(&self) -> String {
        self.runs()[self.transcript_from..].iter().map(|run| run.with_values().to_string()).collect()
    }

    /// What ran, as one HTML file to look at in a browser; see [`page`](crate::page()). Values of databags, states,
    /// secrets and leader's settings are not on it.
    pub fn page(&self, title: &str) -> String {
        page(&self.page_input(title))
    }

    /// What [`page`](World::page) shows, to be kept, or to be told of what happened between the hooks.
    pub fn page_input(&self, title: &str) -> PageInput {
        let mut input = PageInput::new(title, self.runs());
        let leads = |unit: &str| unit.rsplit_once('/').and_then(|(app, _)| self.leader(app)).as_deref() == Some(unit);
        let at_end = |unit: String| UnitAtEnd { leader: leads(&unit), status: self.status(&unit), unit };
        input.units = self.units().into_iter().map(at_end).collect();
        input
    }

    /// Lets the next [`transcript`](World::transcript) begin here.
    pub fn clear_transcript(&mut self) {
        self.transcript_from = self.runs().len();
    }

    /// The model behind the doors. It holds the values of databags, states and secrets.
    pub fn model(&self) -> Ref<'_, Model> {
        Ref::map(self.shared.borrow(), |shared| &shared.model)
    }

    #[cfg(feature = "cli")]
    pub(crate) fn watch(&mut self, watcher: impl FnMut(&str) + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    pub(crate) fn change<T>(&self, verb: impl FnOnce(&mut Model) -> T) -> T {
        verb(&mut self.shared.borrow_mut().model)
    }

    /// The directory that holds a unit's charm, run by its executables.
    #[cfg(test)]
    pub(crate) fn agent_dir(&self, unit: &str) -> String {
        let Door::Process(door) = self.door_of(unit) else { return String::new() };
        let charm_dir = door.place(unit).unwrap().charm_dir;
        charm_dir.parent().unwrap().to_string_lossy().into_owned()
    }

    fn door_of(&self, unit: &str) -> Door {
        let model = self.model();
        let Ok(unit) = model.unit(unit) else { return Door::Played };
        if unit.played {
            return Door::Played;
        }
        let doors = self.doors.get(&unit.app).map(Vec::as_slice).unwrap_or_default();
        doors.get(unit.agent.revision).or(doors.last()).cloned().unwrap_or(Door::Played)
    }

    /// The directory for files of units whose code is in this process.
    fn root(&self) -> Result<PathBuf, SimError> {
        let mut files = self.files.borrow_mut();
        if files.is_none() {
            let dir = tempfile::Builder::new().prefix("juju-sim-").tempdir();
            *files = Some(dir.map_err(SimError::file("create a directory in", std::env::temp_dir()))?);
        }
        Ok(files.as_ref().map(|dir| dir.path().to_owned()).unwrap_or_default())
    }
}

impl AsMut<World> for World {
    fn as_mut(&mut self) -> &mut World {
        self
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.model().units();
        f.debug_struct("World").field("units", &units).field("runs", &self.runs().len()).finish_non_exhaustive()
    }
}
