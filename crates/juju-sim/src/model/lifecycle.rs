//! How a hook begins and ends, and what its end brings about.

use super::hook::{Hook, RelationKind};
use super::running::{Running, Work};
use super::unit::{Operation, Retry, Status};
use super::{Model, entry_bag};
use crate::Error;

/// How the process of a hook came to its end, as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Exit 0; the flush is still to come.
    Exited,
    /// Exit 0, and the controller refuses the flush with this text.
    FlushRefused(String),
    /// Any other exit, or a signal that is neither TERM nor KILL; the reason.
    Failed(String),
    /// SIGTERM or SIGKILL.
    Terminated,
    /// The agent died after exit 0, before the flush.
    CrashedBeforeFlush,
    /// The agent died after the flush, before it recorded the hook as done.
    CrashedAfterFlush,
}

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Committed,
    Failed(String),
    Rerun,
}

impl Model {
    /// Starts a hook: nothing of it is visible until it ends.
    pub(crate) fn begin(&mut self, name: &str, hook: Hook) -> Result<Running, Error> {
        self.advance(1);
        let context_id = format!("{name}-{hook}-{}", self.random_id());
        let newest = self.charms.len() - 1;
        let unit = self.unit_mut(name)?;
        unit.resolved = None;
        unit.agent.memory.tick = false;
        let before = std::mem::replace(&mut unit.agent.operation, Operation::Pending(hook.clone()));
        match &hook {
            Hook::Install => {
                unit.status = Status::new("maintenance", "installing charm software");
                // One that is repeated keeps the charm it began with.
                if before == Operation::Idle {
                    unit.agent.revision = newest;
                }
            }
            Hook::Stop => unit.status = Status::new("maintenance", "stopping charm software"),
            Hook::Remove => unit.status = Status::new("maintenance", "cleaning up prior to charm deletion"),
            Hook::UpgradeCharm => unit.agent.revision = newest,
            Hook::Relation(hook) => {
                if let (RelationKind::Joined | RelationKind::Changed, Some(remote)) = (hook.kind, &hook.remote_unit) {
                    unit.agent.memory.bags.entry(hook.relation).or_default().remove(remote);
                }
            }
            _ => {}
        }
        let unit = self.unit(name)?;
        Ok(Running::new(name, context_id, Work::Hook(hook), unit, self.configured(unit)))
    }

    /// Ends a hook.
    pub(crate) fn finish(&mut self, running: &Running, finish: Finish) -> Fate {
        let Work::Hook(hook) = &running.work else { return Fate::Committed };
        let fate = match finish {
            Finish::Exited => match self.flush(running) {
                Ok(()) => {
                    self.commit(running, hook);
                    Fate::Committed
                }
                Err(text) => Fate::Failed(text),
            },
            Finish::FlushRefused(text) | Finish::Failed(text) => Fate::Failed(text),
            Finish::Terminated => {
                if let Some(unit) = self.units.get_mut(&running.unit) {
                    unit.agent.operation = Operation::Queued(hook.clone());
                }
                Fate::Rerun
            }
            Finish::CrashedBeforeFlush => self.crash(running, "agent died before the flush"),
            Finish::CrashedAfterFlush => match self.flush(running) {
                Ok(()) => self.crash(running, "agent died after the flush"),
                Err(text) => Fate::Failed(text),
            },
        };
        self.observe();
        fate
    }

    /// Juju: a hook that was pending when the agent died counts as failed.
    fn crash(&mut self, running: &Running, why: &str) -> Fate {
        if let Some(unit) = self.units.get_mut(&running.unit) {
            unit.agent.restart();
        }
        Fate::Failed(why.to_owned())
    }

    fn commit(&mut self, running: &Running, hook: &Hook) {
        let Some(unit) = self.units.get_mut(&running.unit) else { return };
        unit.agent.status_set |= running.status_set;
        let agent = &mut unit.agent;
        agent.operation = Operation::Idle;
        match hook {
            Hook::Install => agent.installed = true,
            Hook::LeaderSettingsChanged => agent.memory.leader_settings = true,
            Hook::ConfigChanged => {
                agent.configured = Some(running.configured.clone());
                if !agent.started {
                    agent.operation = Operation::Queued(Hook::Start);
                }
            }
            Hook::Start => {
                agent.started = true;
                if !agent.status_set {
                    unit.status = Status::new("unknown", "");
                }
            }
            Hook::UpgradeCharm => agent.operation = Operation::Queued(Hook::ConfigChanged),
            Hook::Stop => {
                agent.stopped = true;
                unit.status = Status::new("terminated", "");
            }
            Hook::Remove => {
                agent.removed = true;
                unit.status = Status::new("terminated", "");
            }
            Hook::LeaderElected | Hook::UpdateStatus => {}
            Hook::Relation(hook) => {
                match hook.kind {
                    RelationKind::Created => {
                        agent.memory.created.insert(hook.relation);
                    }
                    RelationKind::Broken => {
                        agent.relations.remove(&hook.relation);
                    }
                    _ => {}
                }
                if let Some(state) = agent.relations.get_mut(&hook.relation) {
                    state.commit(hook);
                }
                if let (RelationKind::Departed, Some(remote)) = (hook.kind, &hook.remote_unit) {
                    agent.memory.bags.entry(hook.relation).or_default().remove(remote);
                }
            }
        }
    }

    /// Lets every running agent do what it does of itself, without a hook: commit what was resolved without retry,
    /// enter the scopes of new relations, and go when all is done.
    pub(super) fn observe(&mut self) {
        for name in self.units() {
            self.commit_resolved(&name);
            self.enter_scopes(&name);
            self.bury(&name);
        }
        if self.leader.is_none() {
            self.leader = self.heir("");
        }
    }

    fn commit_resolved(&mut self, name: &str) {
        let Some(unit) = self.units.get_mut(name).filter(|unit| unit.is_up()) else { return };
        if unit.resolved != Some(Retry::NoRetry) {
            return;
        }
        unit.resolved = None;
        if let Operation::Pending(hook) = unit.agent.operation.clone() {
            let unit = &self.units[name];
            let configured = self.configured(unit);
            let running = Running::new(name, String::new(), Work::Hook(hook.clone()), unit, configured);
            self.commit(&running, &hook);
        }
    }

    /// Juju: all scopes are entered before the first `relation-created`, so others can see the unit before it has
    /// run any. Entry replaces the whole bag.
    fn enter_scopes(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let agent = &unit.agent;
        if !unit.is_up() || unit.dying || !agent.installed || agent.operation != Operation::Idle {
            return;
        }
        let charm = self.charm_of(unit);
        let new: Vec<u32> = self
            .relations
            .iter()
            .filter(|(id, relation)| !agent.relations.contains_key(id) && charm.has_endpoint(&relation.endpoint))
            .map(|(id, _)| *id)
            .collect();
        let bag = entry_bag(&unit.network);
        for id in new {
            if let (Some(unit), Some(relation)) = (self.units.get_mut(name), self.relations.get_mut(&id)) {
                unit.agent.relations.insert(id, Default::default());
                unit.agent.memory.known.insert(id);
                relation.unit_bags.insert(name.to_owned(), bag.clone());
                relation.in_scope.insert(name.to_owned());
            }
        }
    }

    /// Removes a dead unit. Juju: leadership is free only now, and goes to whoever claims it first.
    fn bury(&mut self, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        let agent = &unit.agent;
        let never_ran = !agent.installed && agent.failed().is_none();
        if !unit.dying || !(agent.removed || never_ran) {
            return;
        }
        self.units.remove(name);
        if self.leader.as_deref() == Some(name) {
            self.leader = None;
        }
    }
}
