use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::hook::{Hook, RelationHook, RelationKind};
use super::port::PendingPorts;
use super::secret::PendingSecrets;
use super::timer::Fired;
use super::unit::{Configured, Unit};
use crate::command::{GoalState, Reboot, Settings, StatusInfo};

/// A hook or action that runs: what it has read so far, and what it has written and not flushed.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) unit: String,
    pub(crate) app: String,
    pub(crate) machine: u32,
    pub(crate) context_id: String,
    pub(crate) work: Work,
    pub(crate) configured: Configured,
    /// What the program is called with: nothing in hooks and actions.
    pub(crate) args: Vec<String>,
    /// The timer whose command this is.
    pub(crate) fired: Option<Fired>,
    /// The commands of an operator that are run in place of the charm's program.
    pub(crate) exec: Option<String>,
    /// Whether the agent knows the remote application of the hook's relation. Juju: when the relation breaks, only
    /// the agent that saw it appear does.
    pub(super) remote_app_known: bool,
    /// Bags as first read: of units and of applications.
    pub(super) reads: BTreeMap<u32, BTreeMap<String, Arc<Settings>>>,
    /// The relations whose own unit bag was read or written: it is sent again.
    pub(super) touched: BTreeSet<u32>,
    pub(super) unit_writes: BTreeMap<u32, Settings>,
    pub(super) app_writes: BTreeMap<u32, Settings>,
    /// Whether the unit led when this began.
    pub(super) led: bool,
    pub(super) lost_leadership: bool,
    pub(super) config: Option<BTreeMap<String, Option<Value>>>,
    pub(super) status: Option<StatusInfo>,
    pub(super) status_set: bool,
    pub(super) leader_settings: Option<Settings>,
    /// The unit's state as loaded at first use, with this hook's changes.
    pub(super) state: Option<Settings>,
    pub(super) state_changed: bool,
    pub(super) ports: PendingPorts,
    pub(super) secrets: PendingSecrets,
    pub(super) new_storage: Vec<(String, u64)>,
    pub(crate) reboot: Option<Reboot>,
    /// Whether there is a process that a reboot can kill.
    pub(crate) has_process: bool,
    /// What the controller refuses, by the name of its call, and why.
    pub(crate) refusals: BTreeMap<String, String>,
    /// Those of them that were asked for.
    pub(crate) refused: RefCell<BTreeSet<String>>,
    /// What the controller says of the goal state, in place of what the model has.
    pub(crate) goal_state: Option<GoalState>,
    /// What reached the controller at once: the call and what it said.
    pub(crate) immediate: Vec<(&'static str, Value)>,
    /// Where the agent puts the files of resources.
    pub(crate) resources_dir: String,
    /// The files of resources that were asked for: name and content.
    pub(crate) fetched: Vec<(String, Vec<u8>)>,
    /// The log lines of the current hook command: level and text.
    pub(crate) lines: Vec<(String, String)>,
}

/// What runs.
#[derive(Debug)]
pub(crate) enum Work {
    Hook(Hook),
    Action(ActionWork),
    /// `juju exec`, with the relation it was given.
    Exec(Option<RelationHook>),
}

#[derive(Debug)]
pub(crate) struct ActionWork {
    pub(crate) name: String,
    pub(crate) id: u32,
    pub(crate) params: Map<String, Value>,
    pub(crate) results: Map<String, Value>,
    pub(crate) failure: Option<String>,
    pub(crate) log: Vec<String>,
}

impl ActionWork {
    pub(crate) fn new(name: &str, id: u32, params: Map<String, Value>) -> ActionWork {
        ActionWork { name: name.to_owned(), id, params, results: Map::new(), failure: None, log: Vec::new() }
    }
}

impl Running {
    /// What the shell runs in place of the charm's program.
    pub(crate) fn commands(&self) -> Option<&str> {
        self.fired.as_ref().map(|fired| fired.exec.commands.as_str()).or(self.exec.as_deref())
    }
}

impl Work {
    /// The name as Juju and transcripts give it: `install`, or `action ping`.
    /// What its output is logged under.
    pub(crate) fn logger(&self) -> String {
        match self {
            Work::Hook(hook) => hook.to_string(),
            Work::Action(action) => action.name.clone(),
            Work::Exec(_) => "juju-exec".to_owned(),
        }
    }

    pub(crate) fn title(&self) -> String {
        match self {
            Work::Hook(hook) => hook.to_string(),
            Work::Action(action) => format!("action {}", action.name),
            Work::Exec(_) => "juju-exec".to_owned(),
        }
    }

    pub(crate) fn relation(&self) -> Option<&RelationHook> {
        match self {
            Work::Hook(hook) => hook.relation(),
            Work::Action(_) => None,
            Work::Exec(relation) => relation.as_ref(),
        }
    }

    pub(crate) fn hook(&self) -> Option<&Hook> {
        match self {
            Work::Hook(hook) => Some(hook),
            _ => None,
        }
    }
}

impl Running {
    pub(crate) fn new(name: &str, context_id: String, work: Work, unit: &Unit, configured: Configured) -> Running {
        let known = |hook: &RelationHook| unit.agent.memory.known.contains(&hook.relation);
        let remote_app_known = match &work {
            Work::Exec(_) => false,
            work => work.relation().is_some_and(|hook| hook.kind != RelationKind::Broken || known(hook)),
        };
        Running {
            unit: name.to_owned(),
            app: unit.app.clone(),
            machine: unit.machine,
            context_id,
            args: Vec::new(),
            fired: None,
            exec: None,
            work,
            configured,
            remote_app_known,
            reads: BTreeMap::new(),
            touched: BTreeSet::new(),
            unit_writes: BTreeMap::new(),
            app_writes: BTreeMap::new(),
            led: unit.agent.leader,
            lost_leadership: false,
            config: None,
            status: None,
            status_set: false,
            leader_settings: None,
            state: None,
            state_changed: false,
            ports: PendingPorts::default(),
            secrets: PendingSecrets::default(),
            new_storage: Vec::new(),
            reboot: None,
            has_process: true,
            refusals: BTreeMap::new(),
            refused: RefCell::default(),
            goal_state: None,
            immediate: Vec::new(),
            resources_dir: String::new(),
            fetched: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The relation of a hook, where it is this one.
    pub(super) fn hook_of(&self, id: u32) -> Option<&RelationHook> {
        self.work.relation().filter(|hook| hook.relation == id)
    }

    /// Whether this is the last hook of a relation.
    pub(super) fn is_broken(&self, id: u32) -> bool {
        self.hook_of(id).is_some_and(|hook| hook.kind == RelationKind::Broken)
    }

    /// The error that the controller answers a call with, where it refuses it.
    pub(super) fn refusal(&self, call: &str) -> Result<(), String> {
        let Some(text) = self.refusals.get(call) else { return Ok(()) };
        self.refused.borrow_mut().insert(call.to_owned());
        Err(text.clone())
    }
}
