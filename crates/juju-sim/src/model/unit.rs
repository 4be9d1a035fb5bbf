use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hook::Hook;
use super::network::Network;
use super::relation::RelationState;
use crate::command::{Settings, StatusInfo};

/// A unit as the controller knows it, and its agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) number: u32,
    pub(crate) dying: bool,
    /// The agent is down: no hooks.
    pub(crate) paused: bool,
    pub(crate) network: Network,
    /// What `state-set` kept.
    pub(crate) state: Settings,
    pub(crate) status: Status,
    /// What an operator asked for about a failed hook.
    pub(crate) resolved: Option<Retry>,
    pub(crate) agent: Agent,
}

/// A status word and its message, as the model keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) status: String,
    pub(crate) message: String,
}

impl Status {
    pub(crate) fn new(status: &str, message: &str) -> Status {
        Status { status: status.to_owned(), message: message.to_owned() }
    }

    pub(crate) fn info(&self) -> StatusInfo {
        StatusInfo { status: self.status.clone(), message: self.message.clone() }
    }
}

/// What `juju resolve` does with a failed hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// Runs it again.
    Retry,
    /// Takes it as done without running it: nothing is flushed, all else follows as after success.
    NoRetry,
}

/// What a unit's agent keeps across its restarts, and what it does not.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) installed: bool,
    pub(crate) started: bool,
    pub(crate) stopped: bool,
    pub(crate) removed: bool,
    pub(crate) status_set: bool,
    pub(crate) leader: bool,
    /// Index of the charm revision that this unit runs.
    pub(crate) revision: usize,
    /// What the last committed `config-changed` has seen.
    pub(crate) configured: Option<Configured>,
    pub(crate) operation: Operation,
    /// The relations whose scope was entered.
    pub(crate) relations: BTreeMap<u32, RelationState>,
    pub(crate) memory: Memory,
}

/// What `config-changed` reports on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configured {
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) network: Network,
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
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Relations whose `created` has run, or is taken as run.
    pub(crate) created: BTreeSet<u32>,
    /// Relations known to be peer relations, and whose remote application is known.
    pub(crate) known: BTreeSet<u32>,
    /// Whether `leader-settings-changed` has run for the current settings.
    pub(crate) leader_settings: bool,
    /// Whether an `update-status` is due.
    pub(crate) tick: bool,
    /// Bags of members, as first read since their last joined or changed.
    pub(crate) bags: BTreeMap<u32, BTreeMap<String, Settings>>,
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
