//! A model behind a door: what tests drive.

mod fault;
mod running;
pub(crate) mod shared;
mod tools;
mod verbs;

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

pub use fault::{Fault, Target};
pub use tools::{Invocation, Tools};

use crate::Error;
use crate::cargo::{self, Profile};
use crate::charm::Charm;
use crate::command::Settings;
use crate::model::{LogLine, Model};
use crate::process::ProcessDoor;
use crate::run::{Ending, HookRun};
use shared::Shared;

/// How long a hook's process may run.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// A simulated Juju model with one application, and the door to its charm.
///
/// Nothing happens by itself: verbs change the model, and [`step`](World::step) or [`settle`](World::settle) run the
/// hooks that are due. Everything random follows from the seed.
///
/// ```
/// use juju_sim::{Charm, Ending, World};
///
/// let charm = Charm::parse("name: magpie\npeers: {magpie: {interface: magpie}}", None, None)?;
/// let mut world = World::in_process(charm, 1, |invocation| {
///     invocation.tools.call(&["status-set".into(), "active".into()], None);
///     Ending::Exit(0)
/// });
/// let unit = world.add_unit();
/// world.settle()?;
/// assert_eq!(world.status(&unit).0, "active");
/// # Ok::<(), juju_sim::Error>(())
/// ```
pub struct World {
    shared: Rc<RefCell<Shared>>,
    /// One per charm revision.
    doors: Vec<Door>,
    faults: BTreeMap<String, Vec<Fault>>,
    retries: BTreeMap<String, u32>,
    runs: Vec<HookRun>,
    transcript_from: usize,
    time_limit: Duration,
    /// Told of each hook and action before it runs.
    watcher: Option<Watcher>,
}

type Watcher = Box<dyn FnMut(&str)>;

/// How the charm's code is reached.
#[derive(Clone)]
enum Door {
    InProcess(Rc<dyn Fn(Invocation) -> Ending>),
    Process(Rc<ProcessDoor>),
}

impl World {
    /// A world whose charm is a function of this process.
    pub fn in_process(charm: Charm, seed: u64, program: impl Fn(Invocation) -> Ending + 'static) -> World {
        World::new(charm, seed, Door::InProcess(Rc::new(program)))
    }

    /// A world whose charm is the executable `dispatch` in `charm_dir`, run as a real process with real hook
    /// commands. Their executable is `juju-sim`, which is built by cargo unless this process is it.
    ///
    /// Juju lets a hook run for ever; here it is killed after [ten minutes](World::set_time_limit).
    pub fn process(charm: Charm, seed: u64, charm_dir: &Path) -> Result<World, Error> {
        let current = std::env::current_exe().ok().filter(|path| path.file_stem().is_some_and(|s| s == "juju-sim"));
        let tools = match current {
            Some(path) => path,
            None => cargo::binary("juju-sim", Profile::Dev)?,
        };
        World::process_with_tools(charm, seed, charm_dir, &tools)
    }

    /// As [`process`](World::process), with the path of the `juju-sim` executable.
    pub fn process_with_tools(charm: Charm, seed: u64, charm_dir: &Path, tools: &Path) -> Result<World, Error> {
        Ok(World::new(charm, seed, Door::Process(Rc::new(ProcessDoor::open(charm_dir, tools)?))))
    }

    fn new(charm: Charm, seed: u64, door: Door) -> World {
        let shared = Shared { model: Model::new(charm, seed), run: None };
        World {
            shared: Rc::new(RefCell::new(shared)),
            doors: vec![door],
            faults: BTreeMap::new(),
            retries: BTreeMap::new(),
            runs: Vec::new(),
            transcript_from: 0,
            time_limit: TIME_LIMIT,
            watcher: None,
        }
    }

    /// The units that exist, by number.
    pub fn units(&self) -> Vec<String> {
        self.model().units()
    }

    /// The units that have a hook to run now.
    pub fn ready(&self) -> Vec<String> {
        self.model().ready()
    }

    /// The members of a relation as `relation-list` gives them to a unit: joined and not departed.
    pub fn members(&self, unit: &str, relation: u32) -> Vec<String> {
        self.model().members(unit, relation)
    }

    /// What `juju status` shows of a unit's workload: word and message. `("error", "hook failed: …")` while a hook
    /// has failed; `("gone", "")` when there is no such unit.
    pub fn status(&self, unit: &str) -> (String, String) {
        self.model().status(unit).unwrap_or_else(|| ("gone".to_owned(), String::new()))
    }

    /// What `juju status` shows of a unit's agent.
    pub fn agent_status(&self, unit: &str) -> &'static str {
        self.model().agent_status(unit)
    }

    /// A unit's state as `state-set` kept it; empty when there is no such unit.
    pub fn state(&self, unit: &str) -> Settings {
        self.model().state(unit)
    }

    /// The bag of a unit or of the application as it is published; empty when there is none.
    pub fn bag(&self, relation: u32, owner: &str) -> Settings {
        self.model().bag(relation, owner).cloned().unwrap_or_default()
    }

    /// Every hook and action that ran.
    pub fn runs(&self) -> &[HookRun] {
        &self.runs
    }

    /// Every line that was logged.
    pub fn log(&self) -> Vec<LogLine> {
        self.model().log().to_vec()
    }

    /// What ran since the start or the last [`clear_transcript`](World::clear_transcript), one block for each hook.
    pub fn transcript(&self) -> String {
        self.runs[self.transcript_from..].iter().map(ToString::to_string).collect()
    }

    /// Lets the next [`transcript`](World::transcript) begin here.
    pub fn clear_transcript(&mut self) {
        self.transcript_from = self.runs.len();
    }

    /// The model behind the door.
    pub fn model(&self) -> Ref<'_, Model> {
        Ref::map(self.shared.borrow(), |shared| &shared.model)
    }

    pub(crate) fn watch(&mut self, watcher: impl FnMut(&str) + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    fn door_of(&self, unit: &str) -> Door {
        let revision = self.model().revision(unit);
        self.doors[revision.min(self.doors.len() - 1)].clone()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("units", &self.units()).field("runs", &self.runs.len()).finish_non_exhaustive()
    }
}
