//! The transient timers of machines that run `juju-exec`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Model;
use super::running::{Running, Work};
use crate::SimError;
use crate::systemd::{JujuExec, Manager, Start};

/// What systemd has on one machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Timers {
    /// By name, without a suffix.
    loaded: BTreeMap<String, Timer>,
    /// The names of all that have ever been there.
    known: BTreeSet<String>,
}

/// A timer with the service that it starts. Its name is in use until both are over.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Timer {
    /// In the model's seconds.
    due: u64,
    exec: JujuExec,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// For its time.
    Waiting,
    /// It has fired: its service waits for the unit's agent, or runs there.
    Fired,
    /// It has fired and was stopped then; its service goes on.
    FiredAndStopped,
}

/// Which timer's command is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fired {
    machine: u32,
    name: String,
    pub(crate) exec: JujuExec,
}

/// One machine, as its systemd has it.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) number: u32,
}

impl Machine<'_> {
    fn timer(&self, name: &str) -> Option<&Timer> {
        self.model.timers.get(&self.number)?.loaded.get(name)
    }
}

impl Manager for Machine<'_> {
    fn start(&mut self, start: Start) -> Result<String, String> {
        let name = start.name.unwrap_or_else(|| format!("run-r{}", self.model.random_id()));
        match self.timer(&name).map(|timer| timer.state) {
            None => {}
            Some(State::Waiting | State::Fired) => return Err(format!("{name}.timer")),
            Some(State::FiredAndStopped) => return Err(format!("{name}.service")),
        }
        let due = self.model.seconds.saturating_add(start.after);
        let timers = self.model.timers.entry(self.number).or_default();
        timers.loaded.insert(name.clone(), Timer { due, exec: start.exec, state: State::Waiting });
        timers.known.insert(name.clone());
        self.model.fire_timers();
        Ok(name)
    }

    fn is_active(&self, timer: &str) -> bool {
        self.timer(timer).is_some_and(|timer| timer.state != State::FiredAndStopped)
    }

    fn stop(&mut self, timer: &str) -> bool {
        let Some(timers) = self.model.timers.get_mut(&self.number) else { return false };
        match timers.loaded.get_mut(timer).map(|timer| &mut timer.state) {
            Some(state @ State::Fired) => {
                *state = State::FiredAndStopped;
                true
            }
            Some(State::Waiting) => timers.loaded.remove(timer).is_some(),
            Some(State::FiredAndStopped) | None => false,
        }
    }

    fn knows(&self, timer: &str) -> bool {
        self.model.timers.get(&self.number).is_some_and(|timers| timers.known.contains(timer))
    }
}

impl Model {
    /// The timers of a unit that wait for their time, by it: name and seconds that are left.
    pub(crate) fn waiting_timers(&self, unit: &str) -> Vec<(String, u64)> {
        let machine = self.units.get(unit).and_then(|unit| self.timers.get(&unit.machine));
        let of_unit = machine.into_iter().flat_map(|timers| &timers.loaded);
        let waiting = of_unit.filter(|(_, timer)| timer.exec.unit == unit && timer.state == State::Waiting);
        let mut waiting: Vec<_> = waiting.map(|(name, timer)| (timer.due, name)).collect();
        waiting.sort();
        waiting.into_iter().map(|(due, name)| (name.clone(), due.saturating_sub(self.seconds))).collect()
    }

    /// Lets the timers fire that are due. `juju-exec` asks the unit's agent: where that is down, or the unit is not
    /// there, it fails, and nobody tries again.
    pub(super) fn fire_timers(&mut self) {
        let (now, mut woken) = (self.seconds, Vec::new());
        for (machine, timers) in &mut self.timers {
            timers.loaded.retain(|_, timer| {
                if timer.state != State::Waiting || timer.due > now {
                    return true;
                }
                timer.state = State::Fired;
                let unit = self.units.get(&timer.exec.unit);
                let hears = unit.is_some_and(|unit| unit.machine == *machine && unit.is_up());
                if hears {
                    woken.push(timer.exec.unit.clone());
                }
                hears
            });
        }
        for unit in woken {
            self.wake(&unit);
        }
    }

    /// The timer whose command is a unit's next.
    pub(super) fn next_fired(&self, unit: &str, machine: u32) -> Option<Fired> {
        let timers = self.timers.get(&machine)?;
        let fired = timers.loaded.iter().filter(|(_, it)| it.state != State::Waiting && it.exec.unit == unit);
        let (name, timer) = fired.min_by_key(|(_, timer)| timer.due)?;
        Some(Fired { machine, name: name.clone(), exec: timer.exec.clone() })
    }

    /// Starts what a timer has an agent do.
    pub(crate) fn begin_fired(&mut self, name: &str, fired: Fired) -> Result<Running, SimError> {
        self.advance(1);
        let context_id = format!("{name}-run-commands-{}", self.random_id());
        let unit = self.unit(name)?;
        let running = Running::new(name, context_id, Work::Exec(None), unit, self.configured(unit));
        Ok(Running { args: fired.exec.dispatch_args().unwrap_or_default(), fired: Some(fired), ..running })
    }

    /// Takes a service away that has ended, as `--collect` does where it has failed.
    pub(super) fn end_fired(&mut self, fired: &Fired) {
        if let Some(timers) = self.timers.get_mut(&fired.machine) {
            timers.loaded.remove(&fired.name);
        }
    }

    /// Drops the commands that wait for an agent which goes: it knows nothing of them when it is back.
    pub(super) fn drop_commands(&mut self, unit: &str) {
        for timers in self.timers.values_mut() {
            timers.loaded.retain(|_, timer| timer.state == State::Waiting || timer.exec.unit != unit);
        }
    }

    /// Drops the timers of a machine that reboots.
    pub(super) fn drop_timers(&mut self, machine: u32) {
        if let Some(timers) = self.timers.get_mut(&machine) {
            timers.loaded.clear();
        }
    }

    /// Drops the timers of a machine that has no unit any more, and what waits for a unit that is gone.
    pub(super) fn drop_timers_of_gone(&mut self, unit: &str, machine: u32) {
        self.drop_commands(unit);
        if !self.units.values().any(|other| other.machine == machine) {
            self.timers.remove(&machine);
        }
    }
}
