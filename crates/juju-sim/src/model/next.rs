use std::borrow::Cow;

use super::Model;
use super::hook::{Hook, RelationKind};
use super::unit::{Agent, Configured, Operation, Retry, Unit};

/// What an agent does next. Of several hooks it takes a random one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Hooks(Vec<Hook>),
    /// Steps that run no hook and change only what the agent has recorded.
    AcceptLeadership,
    ResignLeadership,
    /// Juju: a `leader-elected` is skipped when leadership is gone by the time it is to run. A dying unit holds it
    /// until it is dead.
    SkipElected,
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
    /// The units that have a hook to run now, by name.
    pub(crate) fn ready(&self) -> Vec<String> {
        self.units().into_iter().filter(|name| !self.due(name).is_empty()).collect()
    }

    /// The hooks a unit could run now; several where Juju chooses at random.
    pub(crate) fn due(&self, name: &str) -> Vec<Hook> {
        let Some(unit) = self.units.get(name) else { return Vec::new() };
        let mut agent = Cow::Borrowed(&unit.agent);
        loop {
            match self.next(name, unit, &agent) {
                Next::Hooks(hooks) => return hooks,
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
            Operation::Idle => self.due(name).iter().any(Hook::precedes_actions),
        }
    }

    /// Takes the steps that run no hook, and chooses a hook.
    pub(crate) fn take_next(&mut self, name: &str) -> Option<Hook> {
        loop {
            let unit = self.units.get(name)?;
            match self.next(name, unit, &unit.agent) {
                Next::Hooks(mut hooks) if hooks.is_empty() => return hooks.pop(),
                Next::Hooks(mut hooks) => {
                    let chosen = self.choose(hooks.len());
                    return Some(hooks.swap_remove(chosen));
                }
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
        let leads = self.leader.as_deref() == Some(name) && !unit.dying;
        if agent.installed {
            if idle && !unit.dying {
                let created = self.uncreated(agent);
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
            if idle && !agent.leader && !agent.memory.leader_settings {
                return Next::one(Hook::LeaderSettingsChanged);
            }
        }
        match &agent.operation {
            Operation::Queued(hook) | Operation::Pending(hook) => {
                let failed = matches!(agent.operation, Operation::Pending(_));
                return if failed && unit.resolved != Some(Retry::Retry) {
                    Next::none()
                } else if *hook == Hook::LeaderElected && self.leader.as_deref() != Some(name) {
                    Next::SkipElected
                } else {
                    Next::one(hook.clone())
                };
            }
            Operation::Idle => {}
        }
        if unit.dying {
            return self.next_of_dying(name, agent);
        }
        if !agent.installed {
            Next::one(Hook::Install)
        } else if agent.revision + 1 < self.charms.len() {
            Next::one(Hook::UpgradeCharm)
        } else if agent.configured.as_ref() != Some(&self.configured(unit)) {
            Next::one(Hook::ConfigChanged)
        } else {
            let hooks = self.relation_hooks(name, false, agent);
            if hooks.is_empty() && agent.memory.tick { Next::one(Hook::UpdateStatus) } else { Next::Hooks(hooks) }
        }
    }

    fn next_of_dying(&self, name: &str, agent: &Agent) -> Next {
        let hooks = self.relation_hooks(name, true, agent);
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

    fn uncreated(&self, agent: &Agent) -> Vec<Hook> {
        let missing = agent.relations.keys().filter(|id| !agent.memory.created.contains(id));
        missing.map(|id| Hook::Relation(self.relations[id].hook(*id, RelationKind::Created))).collect()
    }

    fn relation_hooks(&self, name: &str, dying: bool, agent: &Agent) -> Vec<Hook> {
        agent.relations.keys().filter_map(|id| self.relations[id].next(*id, name, dying, agent)).collect()
    }

    pub(super) fn configured(&self, unit: &Unit) -> Configured {
        Configured { config: self.config.clone(), network: unit.network.clone() }
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
                self.memory.leader_settings = false;
            }
            Next::SkipElected => self.operation = Operation::Idle,
            Next::Hooks(_) => {}
        }
    }
}
