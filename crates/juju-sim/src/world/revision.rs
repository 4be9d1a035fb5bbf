use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::rc::Rc;

use serde_json::Value;

use super::Invocation;
use crate::SimError;
use crate::charm::Charm;
use crate::command::CloudSpec;
#[cfg(feature = "cli")]
use crate::process::ground::Ground;
use crate::process::{Copies, ProcessDoor};
use crate::run::ProgramEnd;

/// A charm with the code behind it: one revision.
///
/// An application is deployed with one, and refreshed with others; each unit runs the code of its own revision.
///
/// ```
/// use juju_sim::{Charm, ProgramEnd, Revision, World};
///
/// let charm = Charm::parse("{name: hello, summary: s, description: d}", None, None)?;
/// let revision = Revision::in_process(charm, |charm| {
///     let status = ["status-set", "active", "Ready"];
///     ProgramEnd::Exit(charm.tools.call(&status, None).code)
/// });
/// let mut juju = World::new(0);
/// juju.deploy("hello", revision)?;
/// juju.settle()?;
/// assert_eq!(juju.status("hello/0"), ("active", "Ready"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Clone)]
pub struct Revision {
    pub(crate) charm: Charm,
    pub(super) door: Door,
}

/// How a charm's code is reached.
#[derive(Clone)]
pub(super) enum Door {
    InProcess(Rc<dyn Fn(Invocation) -> ProgramEnd>),
    Process(Rc<ProcessDoor>),
    /// No code: the test says what its units do.
    Played,
}

impl Door {
    /// The same code for a model that goes on on its own.
    pub(super) fn fork(&self, copies: &mut Copies) -> Door {
        match self {
            Door::Process(door) => Door::Process(Rc::new(door.fork(copies))),
            door => door.clone(),
        }
    }

    /// What runs the hooks, in Juju's words.
    pub(super) fn handler(&self) -> &'static str {
        match self {
            Door::Process(door) if !door.has_dispatch() => "explicit, bespoke hook script",
            _ => "hook dispatching script: dispatch",
        }
    }
}

impl Revision {
    /// A charm whose code is a function of this process.
    pub fn in_process(charm: Charm, program: impl Fn(Invocation) -> ProgramEnd + 'static) -> Revision {
        Revision { charm, door: Door::InProcess(Rc::new(program)) }
    }

    /// A charm directory: its metadata, and its `dispatch` or `hooks/`, run as a real process with real hook commands.
    /// These speak Juju's own protocol over the socket that the environment names, and so may a charm itself.
    ///
    /// Juju lets a hook run for ever; here it is killed after [ten minutes](super::World::set_time_limit).
    ///
    /// # Errors
    /// The directory is no charm, or nothing can be run in the directory for temporary files.
    pub fn executable(charm_dir: impl AsRef<Path>) -> Result<Revision, SimError> {
        let charm = Charm::from_dir(&charm_dir)?;
        Revision::executable_of(charm, charm_dir)
    }

    /// As [`executable`](Self::executable), with metadata from elsewhere.
    ///
    /// # Errors
    /// As there.
    pub fn executable_of(charm: Charm, charm_dir: impl AsRef<Path>) -> Result<Revision, SimError> {
        let door = ProcessDoor::open(charm.name(), charm_dir.as_ref())?;
        Ok(Revision { charm, door: Door::Process(Rc::new(door)) })
    }

    /// A charm that was deployed before: its directory on ground that is kept.
    #[cfg(feature = "cli")]
    pub(crate) fn deployed(charm: Charm, charm_dir: &Path, ground: &Rc<Ground>) -> Revision {
        let door = ProcessDoor::to_deployed(charm.name(), charm_dir, ground);
        Revision { charm, door: Door::Process(Rc::new(door)) }
    }

    /// A charm without code: the test plays its units. They are in their relations at once, say what the test lets
    /// them say, and go when the test takes them away.
    pub fn played(charm: Charm) -> Revision {
        Revision { charm, door: Door::Played }
    }

    /// The directory that has those of the units, where the charm runs by its executables.
    #[cfg(feature = "cli")]
    pub(crate) fn agents_dir(&self) -> Option<std::path::PathBuf> {
        match &self.door {
            Door::Process(door) => door.agents_dir().ok(),
            Door::InProcess(_) | Door::Played => None,
        }
    }

    pub(super) fn is_played(&self) -> bool {
        matches!(self.door, Door::Played)
    }

    /// What Juju reads of the charm.
    pub fn charm(&self) -> &Charm {
        &self.charm
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let door = match self.door {
            Door::InProcess(_) => "in process",
            Door::Process(_) => "executable",
            Door::Played => "played",
        };
        f.debug_struct("Revision").field("charm", &self.charm.name()).field("code", &door).finish()
    }
}

/// How an application is deployed: `juju deploy` with its options. A [`Revision`] alone is one unit without options.
///
/// ```
/// use juju_sim::{Charm, Deployment, ProgramEnd, Revision, World};
///
/// let config = "options: {mtu: {type: int}}";
/// let charm = Charm::parse("{name: hello, summary: s, description: d}", Some(config), None)?;
/// let revision = Revision::in_process(charm, |_| ProgramEnd::Exit(0));
/// let mut juju = World::new(0);
/// let units = juju.deploy("hello", Deployment::of(revision).units(3).config("mtu", 9000))?;
/// assert_eq!(units, ["hello/0", "hello/1", "hello/2"]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Deployment {
    pub(super) revision: Revision,
    pub(super) units: Option<u32>,
    pub(super) config: BTreeMap<String, Value>,
    pub(super) bindings: BTreeMap<String, String>,
    pub(super) storage: BTreeMap<String, u32>,
    pub(super) resources: BTreeMap<String, Vec<u8>>,
    pub(super) cloud_spec: Option<CloudSpec>,
    /// The machines of the first units.
    pub(super) machines: Vec<u32>,
}

impl From<Revision> for Deployment {
    fn from(revision: Revision) -> Deployment {
        Deployment::of(revision)
    }
}

impl Deployment {
    /// One unit of a revision, or none of a subordinate, without options.
    pub fn of(revision: Revision) -> Deployment {
        Deployment {
            revision,
            units: None,
            config: BTreeMap::new(),
            bindings: BTreeMap::new(),
            storage: BTreeMap::new(),
            resources: BTreeMap::new(),
            cloud_spec: None,
            machines: Vec::new(),
        }
    }

    /// How many units (`-n`).
    #[must_use]
    pub fn units(mut self, count: u32) -> Deployment {
        self.units = Some(count);
        self
    }

    /// The value of an option (`--config`).
    #[must_use]
    pub fn config(mut self, key: &str, value: impl Into<Value>) -> Deployment {
        self.config.insert(key.to_owned(), value.into());
        self
    }

    /// The space of an endpoint or extra binding (`--bind`); `""` is the application's default.
    #[must_use]
    pub fn bind(mut self, binding: &str, space: &str) -> Deployment {
        self.bindings.insert(binding.to_owned(), space.to_owned());
        self
    }

    /// How many instances of a storage each unit gets (`--storage`), in place of the least that the charm needs.
    #[must_use]
    pub fn storage(mut self, name: &str, count: u32) -> Deployment {
        self.storage.insert(name.to_owned(), count);
        self
    }

    /// The content of a resource (`--resource`).
    #[must_use]
    pub fn resource(mut self, name: &str, content: impl Into<Vec<u8>>) -> Deployment {
        self.resources.insert(name.to_owned(), content.into());
        self
    }

    /// The machines of the first units; the others get new ones.
    #[cfg(feature = "cli")]
    pub(crate) fn on_machines(mut self, machines: Vec<u32>) -> Deployment {
        self.machines = machines;
        self
    }

    /// Trusts the application (`--trust`) with a cloud's credential.
    #[must_use]
    pub fn trust(mut self, cloud: CloudSpec) -> Deployment {
        self.cloud_spec = Some(cloud);
        self
    }
}
