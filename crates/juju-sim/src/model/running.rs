use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::hook::{Hook, RelationHook, RelationKind};
use super::unit::{Configured, Unit};
use crate::command::{Settings, StatusInfo};

/// A hook or action that runs: what it has read so far, and what it has written and not flushed.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) unit: String,
    pub(crate) context_id: String,
    pub(crate) work: Work,
    pub(crate) configured: Configured,
    /// The members that this hook lists, per relation in its context.
    pub(super) members: BTreeMap<u32, Vec<String>>,
    /// Whether the agent knows the remote application of the hook's relation. Juju: when the relation breaks, only
    /// the agent that saw it appear does.
    pub(super) remote_app_known: bool,
    /// Bags as first read: of units and of the application.
    pub(super) reads: BTreeMap<(u32, String), Settings>,
    pub(super) unit_writes: BTreeMap<u32, Settings>,
    pub(super) app_writes: BTreeMap<u32, Settings>,
    pub(super) lost_leadership: bool,
    pub(super) config: Option<BTreeMap<String, Option<Value>>>,
    pub(super) status: Option<StatusInfo>,
    pub(super) status_set: bool,
    /// The unit's state as loaded at first use, with this hook's changes.
    pub(super) state: Option<Settings>,
    /// The log lines of the current hook command: level and text.
    pub(crate) lines: Vec<(String, String)>,
}

/// What runs.
#[derive(Debug)]
pub(crate) enum Work {
    Hook(Hook),
    Action(ActionWork),
}

#[derive(Debug)]
pub(crate) struct ActionWork {
    pub(crate) name: String,
    pub(crate) id: u32,
    pub(super) params: Map<String, Value>,
    pub(super) results: Map<String, Value>,
    pub(super) failure: Option<String>,
    pub(super) log: Vec<String>,
}

impl Work {
    /// The name as Juju and transcripts give it: `install`, or `action ping`.
    pub(crate) fn title(&self) -> String {
        match self {
            Work::Hook(hook) => hook.to_string(),
            Work::Action(action) => format!("action {}", action.name),
        }
    }

    pub(crate) fn relation(&self) -> Option<&RelationHook> {
        match self {
            Work::Hook(hook) => hook.relation(),
            Work::Action(_) => None,
        }
    }
}

impl Running {
    pub(super) fn new(name: &str, context_id: String, work: Work, unit: &Unit, configured: Configured) -> Running {
        let hook = work.relation();
        let listed = |id: &u32| hook.filter(|hook| hook.relation == *id);
        let relations = &unit.agent.relations;
        let members = relations.iter().map(|(id, state)| (*id, state.listed(listed(id)))).collect();
        let known = |hook: &RelationHook| unit.agent.memory.known.contains(&hook.relation);
        let remote_app_known = hook.is_some_and(|hook| hook.kind != RelationKind::Broken || known(hook));
        Running {
            unit: name.to_owned(),
            context_id,
            configured,
            members,
            remote_app_known,
            work,
            reads: BTreeMap::new(),
            unit_writes: BTreeMap::new(),
            app_writes: BTreeMap::new(),
            lost_leadership: false,
            config: None,
            status: None,
            status_set: false,
            state: None,
            lines: Vec::new(),
        }
    }
}
