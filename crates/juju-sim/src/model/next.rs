use std::borrow::Cow;

use super::Model;
use super::application::Life;
use super::hook::{Hook, RelationKind, SecretHookKind};
use super::relation::Viewer;
use super::timer::Fired;
use super::unit::{Agent, Configured, Operation, Retry, Unit};
use crate::charm::Role;

/// What an agent does next. Of several hooks it takes a random one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Hooks(Vec<Hook>),
    /// What a timer has it do.
    Fired(Fired),
    /// Steps that run no hook and change only what the agent has recorded.
    AcceptLeadership,
    ResignLeadership,
    /// Juju: a `leader-elected` is skipped when leadership is gone by the time it is to run. A dying unit holds it
    /// until it is dead. So are hooks of the owner of an application's secret, and those that tell of what is gone by
    /// then: a relation, by force, or a secret. For storage Juju's agent fails and starts anew, again and again; here
    /// it is skipped too.
    Skip,
}

/// What a unit runs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    Hook(Hook),
    /// What a timer has the agent do.
    Fired(Fired),
}

impl Next {
    fn none() -> Next {
        Next::Hooks(Vec::new())
    }

    fn one(hook: Hook) -> Next {
        Next::Hooks(vec![hook])
    }
}

impl Model {
    /// Whether a unit has something to run now.
    pub(super) fn is_due(&self, name: &str) -> bool {
        !matches!(self.due(name), Next::Hooks(hooks) if hooks.is_empty())
    }

    /// The hooks a unit could run now, several where Juju chooses at random, or another thing.
    fn due(&self, name: &str) -> Next {
        let Some(unit) = self.units.get(name) else { return Next::none() };
        let mut agent = Cow::Borrowed(&unit.agent);
        loop {
            match self.next(name, unit, &agent) {
                due @ (Next::Hooks(_) | Next::Fired(_)) => return due,
                silent => agent.to_mut().apply(&silent),
            }
        }
    }

    /// Whether hooks are due on a unit that come before any action: those of higher rank, and what is queued, be it
    /// chained to the hook before or killed. A failed hook comes after.
    pub(crate) fn actions_wait(&self, name: &str) -> bool {
        let Some(unit) = self.units.get(name).filter(|unit| unit.is_up()) else { return false };
        match unit.agent.operation {
            Operation::Queued(_) => true,
            Operation::Pending(_) => false,
            Operation::Idle => match self.due(name) {
                Next::Hooks(hooks) => hooks.iter().any(Hook::precedes_actions),
                _ => false,
            },
        }
    }

    /// Takes the steps that run no hook, and chooses a hook or another thing to run.
    pub(crate) fn take_next(&mut self, name: &str) -> Option<Task> {
        loop {
            let unit = self.units.get(name)?;
            match self.next(name, unit, &unit.agent) {
                Next::Hooks(hooks) if hooks.is_empty() => return None,
                Next::Hooks(mut hooks) => {
                    let chosen = self.choose(hooks.len());
                    return Some(Task::Hook(hooks.swap_remove(chosen)));
                }
                Next::Fired(fired) => return Some(Task::Fired(fired)),
                silent => self.units.get_mut(name)?.agent.apply(&silent),
            }
        }
    }

    /// Juju's order of what can be pending; the first that applies.
    fn next(&self, name: &str, unit: &Unit, agent: &Agent) -> Next {
        if !unit.is_up() {
            return Next::none();
        }
        let idle = agent.operation == Operation::Idle;
        let holds = self.leads(name, &unit.app);
        let leads = unit.late.leads.unwrap_or(holds) && !unit.dying;
        if agent.rebooted && agent.started && idle && !unit.dying {
            return Next::one(Hook::Start);
        }
        if agent.installed {
            if idle && !unit.dying {
                let created = self.uncreated(unit, agent);
                if !created.is_empty() {
                    return Next::Hooks(created);
                }
            }
            if leads && !agent.leader && idle {
                return Next::AcceptLeadership;
            }
            if agent.leader && !leads {
                return Next::ResignLeadership;
            }
            if idle && !agent.leader && agent.memory.leader_settings != Some(self.leader_settings_version(&unit.app)) {
                return Next::one(Hook::LeaderSettingsChanged);
            }
            if idle && !unit.dying {
                let secrets = self.secret_hooks(name, unit, agent);
                if !secrets.is_empty() {
                    return Next::Hooks(secrets);
                }
            }
        }
        // Juju: whatever else is going on, also while a hook has failed or is chained to the one before.
        if let Some(fired) = self.next_fired(name, unit.machine) {
            return Next::Fired(fired);
        }
        if idle {
            let storage = self.storage_hooks(name, unit, agent);
            if !storage.is_empty() {
                return Next::Hooks(storage);
            }
        }
        match &agent.operation {
            Operation::Queued(hook) | Operation::Pending(hook) => {
                let failed = matches!(agent.operation, Operation::Pending(_));
                return if failed && unit.resolved != Some(Retry::Retry) {
                    Next::none()
                } else if self.is_over(name, hook) || (*hook == Hook::LeaderElected && !holds) {
                    Next::Skip
                } else {
                    Next::one(hook.clone())
                };
            }
            Operation::Idle => {}
        }
        if unit.dying {
            return self.next_of_dying(name, unit, agent);
        }
        if !agent.installed {
            return if self.awaits_storage(name, agent) { Next::none() } else { Next::one(Hook::Install) };
        }
        // Of an installed charm that is newer than what the agent sees, nothing is undone.
        if agent.modified < unit.late.modified.unwrap_or_else(|| self.modified(&unit.app)) {
            return Next::one(Hook::UpgradeCharm);
        }
        if !agent.configured.as_ref().is_some_and(|seen| self.is_configured(unit, seen)) {
            return Next::one(Hook::ConfigChanged);
        }
        let hooks = self.relation_hooks(name, unit, agent);
        if hooks.is_empty() && agent.memory.tick { Next::one(Hook::UpdateStatus) } else { Next::Hooks(hooks) }
    }

    fn next_of_dying(&self, name: &str, unit: &Unit, agent: &Agent) -> Next {
        let hooks = self.relation_hooks(name, unit, agent);
        if !hooks.is_empty() {
            Next::Hooks(hooks)
        } else if agent.started && !agent.stopped {
            Next::one(Hook::Stop)
        } else if agent.installed && !agent.removed {
            Next::one(Hook::Remove)
        } else {
            Next::none()
        }
    }

    /// Whether what a hook tells of is gone, or no business of the unit any more. What comes back is told anew.
    pub(super) fn is_over(&self, name: &str, hook: &Hook) -> bool {
        match hook {
            Hook::Relation(hook) => !self.relations.contains_key(&hook.relation),
            Hook::Secret(hook) => self.secrets.get(&hook.id).is_none_or(|secret| {
                let app = self.units.get(name).map_or("", |unit| unit.app.as_str());
                hook.kind != SecretHookKind::Changed && !secret.is_managed_by(name, app, self.leads(name, app))
            }),
            Hook::Storage(hook) => !self.has_storage(name, &hook.id),
            _ => false,
        }
    }

    fn uncreated(&self, unit: &Unit, agent: &Agent) -> Vec<Hook> {
        let missing = agent.relations.keys().filter(|id| !agent.memory.created.contains(id));
        let hook = |id: &u32| {
            let relation = self.relations.get(id).filter(|relation| relation.is_alive())?;
            let tells = !self.is_silent(unit, *id);
            tells.then(|| Hook::Relation(relation.hook(*id, RelationKind::Created, &unit.app)))
        };
        missing.filter_map(hook).collect()
    }

    /// Juju: the implicit endpoint `juju-info` is in scope and runs no hooks.
    pub(crate) fn is_silent(&self, unit: &Unit, id: u32) -> bool {
        let side = self.relations.get(&id).and_then(|relation| relation.own(&unit.app));
        side.is_some_and(|side| side.role == Role::Provides && !self.charm_of(unit).has_endpoint(&side.endpoint))
    }

    /// Juju: relations with other applications come before peer relations.
    fn relation_hooks(&self, name: &str, unit: &Unit, agent: &Agent) -> Vec<Hook> {
        let (mut peers, mut others) = (Vec::new(), Vec::new());
        for (id, state) in &agent.relations {
            let Some(relation) = self.relations.get(id) else { continue };
            let silent = self.is_silent(unit, *id);
            if silent {
                continue;
            }
            let viewer = Viewer {
                unit: name,
                app: &unit.app,
                container: unit.container(name),
                dying: unit.dying,
                app_dying: self.applications.get(&unit.app).is_some_and(|app| app.life == Life::Dying),
                knows: agent.memory.known.contains(id),
                held: unit.late.relations.get(id),
            };
            if let Some(hook) = relation.next(*id, &viewer, state) {
                if relation.is_peer() { &mut peers } else { &mut others }.push(Hook::Relation(hook));
            }
        }
        if others.is_empty() { peers } else { others }
    }

    /// Whether what `config-changed` reports on is as it was.
    fn is_configured(&self, unit: &Unit, seen: &Configured) -> bool {
        if let Some(late) = &unit.late.configured {
            return late == seen;
        }
        let app = self.applications.get(&unit.app);
        unit.network == seen.network
            && app.is_some_and(|app| app.config == seen.config && app.cloud_spec.is_some() == seen.trusted)
    }

    pub(super) fn configured(&self, unit: &Unit) -> Configured {
        if let Some(late) = &unit.late.configured {
            return late.clone();
        }
        let app = self.applications.get(&unit.app);
        Configured {
            config: app.map(|app| app.config.clone()).unwrap_or_default(),
            network: unit.network.clone(),
            trusted: app.is_some_and(|app| app.cloud_spec.is_some()),
        }
    }
}

impl Agent {
    fn apply(&mut self, silent: &Next) {
        match silent {
            Next::AcceptLeadership => {
                self.leader = true;
                self.operation = Operation::Queued(Hook::LeaderElected);
            }
            Next::ResignLeadership => {
                self.leader = false;
                self.memory.leader_settings = None;
            }
            Next::Skip => self.operation = Operation::Idle,
            Next::Hooks(_) | Next::Fired(_) => {}
        }
    }
}
