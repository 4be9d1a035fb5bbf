use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::hook::Hook;
use super::port::OpenPort;
use super::relation::{RelationState, Snapshot};
use crate::command::{Network, Settings, StatusInfo};

/// A unit as the controller knows it, and its agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) app: String,
    pub(crate) number: u32,
    pub(crate) machine: u32,
    /// The unit in whose container a subordinate's unit is.
    pub(crate) principal: Option<String>,
    /// No code runs for it: the test says what it does.
    pub(crate) played: bool,
    pub(crate) dying: bool,
    /// Since when the agent is down: no hooks.
    pub(crate) down_since: Option<u64>,
    /// The addresses of the binding that has none of its own.
    pub(crate) network: Network,
    /// Those of a binding, in place of what its space gives.
    pub(crate) networks: BTreeMap<String, Network>,
    /// What `unit-get` gives where no network says it.
    pub(crate) private_address: Option<String>,
    pub(crate) public_address: Option<String>,
    /// What `state-set` kept.
    pub(crate) state: Settings,
    pub(crate) ports: BTreeSet<OpenPort>,
    pub(crate) status: Status,
    /// When its status last changed.
    pub(crate) since: u64,
    /// What an operator asked for about a failed hook.
    pub(crate) resolved: Option<Retry>,
    /// What its agent does not notice for now.
    pub(crate) late: Late,
    pub(crate) agent: Agent,
    /// What the charm's program has noted on the unit's own disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Note>,
}

/// A note on a unit's disk, of one revision of the charm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) revision: usize,
    pub(crate) bytes: Vec<u8>,
}

/// What an agent sees in place of what is, where an observation is late.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Late {
    pub(crate) relations: BTreeMap<u32, Snapshot>,
    pub(crate) leads: Option<bool>,
    pub(crate) configured: Option<Configured>,
    pub(crate) modified: Option<u64>,
    pub(crate) secrets: bool,
    pub(crate) storage: bool,
}

/// What `juju status` shows of a workload, an application or a unit in error.
///
/// ```
/// use juju_sim::Status;
///
/// let status = Status::new("active", "Ready");
/// assert_eq!(status, ("active", "Ready"));
/// assert_eq!(status.to_string(), "active: Ready");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The word, such as `active` or `error`.
    pub current: String,
    /// The message; may be empty.
    pub message: String,
    /// What Juju adds, such as the `hook` that failed. A charm cannot.
    pub data: Map<String, Value>,
}

impl Status {
    /// A status of a word and a message.
    pub fn new(current: &str, message: &str) -> Status {
        Status { current: current.to_owned(), message: message.to_owned(), data: Map::new() }
    }

    pub(crate) fn info(&self) -> StatusInfo {
        StatusInfo { status: self.current.clone(), message: self.message.clone(), data: self.data.clone() }
    }
}

impl PartialEq<(&str, &str)> for Status {
    fn eq(&self, (current, message): &(&str, &str)) -> bool {
        self.current == *current && self.message == *message
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.current)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// What `juju resolve` does with a failed hook.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Fault, Retry};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// juju.inject("hello/0", Fault::Fail)?;
/// juju.settle_without_retry()?;
/// assert_eq!(juju.status("hello/0"), ("error", "hook failed: \"install\""));
/// juju.resolve("hello/0", Retry::NoRetry)?;
/// assert_eq!(juju.step().map(|run| run.title()).as_deref(), Some("hello/0 leader-elected"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// Runs it again.
    Retry,
    /// Takes it as done without running it: nothing is flushed, all else follows as after success.
    NoRetry,
}

/// What a unit's agent keeps across its restarts, and what it does not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) installed: bool,
    pub(crate) started: bool,
    pub(crate) stopped: bool,
    pub(crate) removed: bool,
    pub(crate) status_set: bool,
    pub(crate) leader: bool,
    /// Index of the charm revision that this unit runs.
    pub(crate) revision: usize,
    /// What the application's [`modified`](super::application::Application::modified) was then.
    pub(crate) modified: u64,
    /// What the last committed `config-changed` has seen.
    pub(crate) configured: Option<Configured>,
    pub(crate) operation: Operation,
    /// The relations whose scope was entered.
    pub(crate) relations: BTreeMap<u32, RelationState>,
    /// The storage whose `attached` is done.
    pub(crate) attached: BTreeSet<String>,
    /// The newest revision of consumed secrets that was reported.
    pub(crate) secrets: BTreeMap<String, u64>,
    /// The revisions of owned secrets whose removal was offered.
    pub(crate) obsolete: BTreeSet<(String, u64)>,
    /// The machine was rebooted, and `start` is due.
    pub(crate) rebooted: bool,
    pub(crate) memory: Memory,
}

/// What `config-changed` reports on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configured {
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) network: Network,
    pub(crate) trusted: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operation {
    #[default]
    Idle,
    /// Due next: chained to the hook before, or killed and to be run again.
    Queued(Hook),
    /// Failed, or cut off together with the agent. The unit is in error.
    Pending(Hook),
}

/// What an agent forgets at a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Relations whose `created` has run, or is taken as run.
    pub(crate) created: BTreeSet<u32>,
    /// Relations known to be peer relations, and whose remote application is known.
    pub(crate) known: BTreeSet<u32>,
    /// The version of the leader's settings that was reported; none before `leader-settings-changed` has run.
    pub(crate) leader_settings: Option<u64>,
    /// Whether an `update-status` is due.
    pub(crate) tick: bool,
    /// Bags of members, as first read since their last joined or changed.
    pub(crate) bags: BTreeMap<u32, BTreeMap<String, Arc<Settings>>>,
}

impl Unit {
    pub(crate) fn is_up(&self) -> bool {
        self.down_since.is_none() && !self.played
    }

    /// What this revision of the charm has noted.
    pub(crate) fn note(&self) -> Option<&[u8]> {
        let own = self.note.as_ref().filter(|note| note.revision == self.agent.revision);
        own.map(|note| note.bytes.as_slice())
    }

    pub(crate) fn set_note(&mut self, bytes: Option<&[u8]>) {
        let revision = self.agent.revision;
        self.note = bytes.map(|bytes| Note { revision, bytes: bytes.to_owned() });
    }

    pub(crate) fn may_lead(&self) -> bool {
        self.down_since.is_none() && !self.dying
    }

    /// The unit whose container it is in: its principal, or itself.
    pub(crate) fn container<'a>(&'a self, name: &'a str) -> &'a str {
        self.principal.as_deref().unwrap_or(name)
    }

    pub(crate) fn set_status(&mut self, current: &str, message: &str, now: u64) {
        let status = Status::new(current, message);
        if status != self.status {
            self.since = now;
        }
        self.status = status;
    }
}

impl Agent {
    /// Juju: a restart takes every relation in scope as created, so an unrun `created` is lost; "is peer", the
    /// remote application, the version of the leader settings, the update-status tick and cached bags are forgotten.
    pub(crate) fn restart(&mut self) {
        self.memory = Memory { created: self.relations.keys().copied().collect(), ..Memory::default() };
    }

    pub(crate) fn failed(&self) -> Option<&Hook> {
        match &self.operation {
            Operation::Pending(hook) => Some(hook),
            _ => None,
        }
    }
}
