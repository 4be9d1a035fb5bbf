//! How a hook begins and ends, and what its end brings about.

use super::Model;
use super::hook::{Hook, RelationKind, StorageHookKind};
use super::next::Task;
use super::running::{Running, Work};
use super::unit::Operation;
use crate::SimError;
use crate::command::Reboot;
use crate::run::Fate;

/// How the process of a hook came to its end, as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Exit 0; the flush is still to come.
    Exited,
    /// The charm has no code for it. Juju: that is success, and nothing is flushed.
    Missing,
    /// Exit 0, and the controller refuses the flush, where there is one, with this text.
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

impl Model {
    /// Starts a hook: nothing of it is visible until it ends.
    pub(crate) fn begin(&mut self, name: &str, hook: Hook) -> Result<Running, SimError> {
        self.advance(1);
        let context_id = format!("{name}-{hook}-{}", self.random_id());
        let now = self.seconds;
        let app = self.application(&self.unit(name)?.app)?;
        let (newest, modified) = (app.charms.len() - 1, app.modified);
        let unit = self.unit_mut(name)?;
        unit.resolved = None;
        unit.agent.memory.tick = false;
        let before = std::mem::replace(&mut unit.agent.operation, Operation::Pending(hook.clone()));
        // One that is repeated keeps the charm it began with.
        if matches!(hook, Hook::Install | Hook::UpgradeCharm) && before == Operation::Idle {
            unit.agent.revision = newest;
            unit.agent.modified = modified;
        }
        match &hook {
            Hook::Install => unit.set_status("maintenance", "installing charm software", now),
            Hook::Stop => unit.set_status("maintenance", "stopping charm software", now),
            Hook::Remove => unit.set_status("maintenance", "cleaning up prior to charm deletion", now),
            Hook::Relation(hook) => {
                if let (RelationKind::Joined | RelationKind::Changed, Some(remote)) = (hook.kind, &hook.remote_unit) {
                    unit.agent.memory.bags.entry(hook.relation).or_default().remove(remote);
                }
            }
            _ => {}
        }
        self.wake(name);
        let unit = self.unit(name)?;
        Ok(Running::new(name, context_id, Work::Hook(hook), unit, self.configured(unit)))
    }

    /// Ends a hook.
    pub(crate) fn finish(&mut self, running: &Running, finish: Finish) -> Fate {
        let Work::Hook(hook) = &running.work else { return Fate::Committed };
        let fate = match finish {
            _ if running.reboot == Some(Reboot::Now) => self.reboot_now(&running.unit, hook),
            Finish::Missing => {
                self.commit(running, hook);
                Fate::Committed
            }
            Finish::Exited => match self.flush_all(running) {
                Ok(()) => {
                    self.commit(running, hook);
                    if running.reboot.is_some() {
                        self.reboot(&running.unit);
                    }
                    Fate::Committed
                }
                Err(text) => Fate::Failed(text),
            },
            Finish::FlushRefused(_) if running.flush().is_empty() => {
                self.commit(running, hook);
                Fate::Committed
            }
            Finish::FlushRefused(text) | Finish::Failed(text) => Fate::Failed(text),
            Finish::Terminated => {
                if let Some(unit) = self.units.get_mut(&running.unit) {
                    unit.agent.operation = Operation::Queued(hook.clone());
                }
                Fate::Rerun
            }
            Finish::CrashedBeforeFlush => self.crash(running, "agent died before the flush"),
            Finish::CrashedAfterFlush => match self.flush_all(running) {
                Ok(()) => self.crash(running, "agent died after the flush"),
                Err(text) => Fate::Failed(text),
            },
        };
        self.wake(&running.unit);
        self.observe();
        fate
    }

    /// Takes the hook or command that is due as done, without running it.
    pub(crate) fn take_as_done(&mut self, name: &str) -> Result<(), SimError> {
        self.observe();
        match self.take_next(name) {
            Some(Task::Hook(hook)) => {
                let running = self.begin(name, hook.clone())?;
                self.commit(&running, &hook);
                self.wake(name);
            }
            Some(Task::Fired(fired)) => {
                self.end_fired(&fired);
                self.wake(name);
            }
            None => {}
        }
        self.observe();
        Ok(())
    }

    /// Sends what there is to send.
    pub(super) fn flush_all(&mut self, running: &Running) -> Result<(), String> {
        let flush = running.flush();
        if flush.is_empty() { Ok(()) } else { self.flush(running, &flush) }
    }

    /// Juju: a hook that was pending when the agent died counts as failed.
    fn crash(&mut self, running: &Running, why: &str) -> Fate {
        if let Some(unit) = self.units.get_mut(&running.unit) {
            unit.agent.restart();
        }
        self.drop_commands(&running.unit);
        Fate::Failed(why.to_owned())
    }

    /// Juju: the hook is killed and its writes are dropped; it runs again after the reboot.
    fn reboot_now(&mut self, name: &str, hook: &Hook) -> Fate {
        if let Some(unit) = self.units.get_mut(name) {
            unit.agent.operation = Operation::Queued(hook.clone());
        }
        self.reboot(name);
        Fate::Rerun
    }

    /// Reboots a unit's machine: its agents start anew, started units get a `start`, transient timers are gone.
    pub(crate) fn reboot(&mut self, name: &str) {
        let Some(machine) = self.units.get(name).map(|unit| unit.machine) else { return };
        let mut woken = Vec::new();
        for (other, unit) in self.units.iter_mut().filter(|(_, unit)| unit.machine == machine && !unit.played) {
            unit.agent.restart();
            unit.agent.rebooted = true;
            woken.push(other.clone());
        }
        self.drop_timers(machine);
        for name in woken {
            self.wake(&name);
        }
    }

    pub(super) fn commit(&mut self, running: &Running, hook: &Hook) {
        let now = self.seconds;
        let name = running.unit.as_str();
        let mut left = None;
        let over = self.is_over(name, hook);
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.agent.status_set |= running.status_set;
        let leader_settings = self.applications.get(&unit.app).map_or(0, |app| app.leader_settings.version);
        let agent = &mut unit.agent;
        agent.operation = Operation::Idle;
        match hook {
            Hook::Install => agent.installed = true,
            Hook::LeaderSettingsChanged => agent.memory.leader_settings = Some(leader_settings),
            Hook::ConfigChanged => {
                agent.configured = Some(running.configured.clone());
                if !agent.started {
                    agent.operation = Operation::Queued(Hook::Start);
                }
            }
            Hook::Start => {
                agent.started = true;
                agent.rebooted = false;
                if !agent.status_set {
                    unit.set_status("unknown", "", now);
                }
            }
            Hook::UpgradeCharm => agent.operation = Operation::Queued(Hook::ConfigChanged),
            Hook::Stop => {
                agent.stopped = true;
                unit.set_status("terminated", "", now);
            }
            Hook::Remove => {
                agent.removed = true;
                unit.set_status("terminated", "", now);
            }
            Hook::LeaderElected | Hook::UpdateStatus => {}
            Hook::Relation(hook) => {
                match hook.kind {
                    RelationKind::Created => {
                        agent.memory.created.insert(hook.relation);
                    }
                    RelationKind::Broken => left = Some(hook.relation),
                    _ => {}
                }
                if let Some(state) = agent.relations.get_mut(&hook.relation) {
                    state.commit(hook);
                }
                if let (RelationKind::Departed, Some(remote)) = (hook.kind, &hook.remote_unit) {
                    agent.memory.bags.entry(hook.relation).or_default().remove(remote);
                }
            }
            Hook::Storage(hook) => match hook.kind {
                // It may have been detached while the hook was in error.
                StorageHookKind::Attached if over => {}
                StorageHookKind::Attached => {
                    agent.attached.insert(hook.id.clone());
                }
                StorageHookKind::Detaching => {
                    agent.attached.remove(&hook.id);
                    self.storage_detached(&hook.id);
                }
            },
            Hook::Secret(hook) => self.secret_hook_done(name, hook),
        }
        if let Some(id) = left {
            self.leave(name, id);
        }
    }
}
