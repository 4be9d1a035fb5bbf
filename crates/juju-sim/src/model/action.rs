use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Model;
use super::hook::RelationHook;
use super::lifecycle::Finish;
use super::running::{ActionWork, Running, Work};
use crate::SimError;
use crate::run::ProgramEnd;

/// What an action left behind.
///
/// ```
/// use juju_sim::{Charm, ProgramEnd, Revision, World};
///
/// let charm = Charm::parse("name: hello", None, Some("greet: {params: {name: {type: string}}}"))?;
/// let revision = Revision::in_process(charm, |charm| {
///     charm.tools.call(&["action-set", "text=hello"], None);
///     ProgramEnd::Exit(0)
/// });
/// let mut juju = World::new(0);
/// juju.deploy("hello", revision)?;
/// juju.settle()?;
/// let done = juju.run_action("hello/0", "greet", serde_json::json!({"name": "you"}))?;
/// assert_eq!((done.status.as_str(), &done.results["text"]), ("completed", &"hello".into()));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionResult {
    /// The task's number, as in `JUJU_ACTION_UUID`.
    pub id: u32,
    /// `completed` or `failed`.
    pub status: String,
    /// Why it failed; empty if it did not.
    pub message: String,
    /// The results, with `return-code` and, where not empty, `stdout` and `stderr`. Of output that is not UTF-8 these
    /// are the base64, with `stdout-encoding` or `stderr-encoding` beside it.
    pub results: Value,
    /// The progress messages.
    pub log: Vec<String>,
}

impl Model {
    /// Starts an action. Juju: it may run before `start`, while dying, and while the unit is in error.
    pub(crate) fn begin_action(&mut self, name: &str, action: &str, params: Value) -> Result<Running, SimError> {
        let refuse = |why: String| SimError::Action { unit: name.to_owned(), name: action.to_owned(), why };
        self.can_work(name).map_err(refuse)?;
        let unit = self.unit(name)?;
        let spec = self.charm_of(unit).action(action).ok_or_else(|| refuse("not defined".to_owned()))?;
        let params = spec.check(params).map_err(refuse)?;
        self.advance(1);
        let id = self.counters.action;
        self.counters.action += 1;
        let context_id = format!("{name}-{action}-{}", self.random_id());
        let unit = self.unit(name)?;
        let work = Work::Action(ActionWork::new(action, id, params));
        Ok(Running::new(name, context_id, work, unit, self.configured(unit)))
    }

    /// Starts a `juju exec`: the tools of a hook, with the relation that was given.
    pub(crate) fn begin_exec(
        &mut self,
        name: &str,
        relation: Option<RelationHook>,
        args: &[&str],
    ) -> Result<Running, SimError> {
        let refuse = |why: String| SimError::Action { unit: name.to_owned(), name: "juju-exec".to_owned(), why };
        self.can_work(name).map_err(refuse)?;
        self.advance(1);
        let context_id = format!("{name}-run-commands-{}", self.random_id());
        let unit = self.unit(name)?;
        let running = Running::new(name, context_id, Work::Exec(relation), unit, self.configured(unit));
        Ok(Running { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..running })
    }

    /// Starts commands of an operator (`juju exec`), by the unit's shell.
    #[cfg(feature = "cli")]
    pub(crate) fn begin_commands(&mut self, name: &str, commands: &str) -> Result<Running, SimError> {
        let running = self.begin_exec(name, None, &[])?;
        Ok(Running { exec: Some(commands.to_owned()), ..running })
    }

    /// The number of an operation, which is counted with its tasks.
    #[cfg(feature = "cli")]
    pub(crate) fn take_operation(&mut self) -> u32 {
        self.counters.action += 1;
        self.counters.action - 1
    }

    fn can_work(&self, name: &str) -> Result<(), String> {
        match self.units.get(name) {
            None => Err("there is no such unit".to_owned()),
            Some(unit) if unit.played => Err("the test plays this unit: it has no code".to_owned()),
            Some(unit) if !unit.is_up() => Err("the agent is down".to_owned()),
            Some(unit) if !unit.agent.installed => Err("the unit is not installed".to_owned()),
            Some(_) => Ok(()),
        }
    }

    /// Ends an action or a `juju exec`. Results are kept in every case; other writes only after exit 0 and an accepted
    /// flush.
    pub(crate) fn finish_action(
        &mut self,
        running: &Running,
        finish: &Finish,
        end: &ProgramEnd,
        output: (&[u8], &[u8]),
    ) -> ActionResult {
        let flushed = match finish {
            Finish::Exited | Finish::CrashedAfterFlush => self.flush_all(running),
            Finish::FlushRefused(text) if !running.flush().is_empty() => Err(text.clone()),
            _ => Ok(()),
        };
        let crashed = matches!(finish, Finish::CrashedBeforeFlush | Finish::CrashedAfterFlush);
        if let Some(unit) = self.units.get_mut(&running.unit) {
            unit.agent.status_set |= running.status_set;
            if crashed {
                unit.agent.restart();
            }
        }
        if crashed {
            self.drop_commands(&running.unit);
        }
        if let Some(fired) = &running.fired {
            self.end_fired(fired);
        }
        self.wake(&running.unit);
        self.observe();
        let empty = ActionWork::new("juju-exec", 0, serde_json::Map::new());
        let action = if let Work::Action(action) = &running.work { action } else { &empty };
        let mut results = action.results.clone();
        let code = match end {
            ProgramEnd::Exit(code) => Some(*code),
            ProgramEnd::Signal(_) => Some(-1),
            ProgramEnd::Unstarted(_) | ProgramEnd::Missing => None,
        };
        if let Some(code) = code {
            results.insert("return-code".to_owned(), code.into());
        }
        let mut stderr = output.1.to_vec();
        if let Err(text) = &flushed {
            stderr.extend_from_slice(text.as_bytes());
        }
        for (key, bytes) in [("stdout", output.0), ("stderr", stderr.as_slice())] {
            if let Ok(text) = str::from_utf8(bytes) {
                if !text.is_empty() {
                    results.insert(key.to_owned(), text.into());
                }
            } else {
                results.insert(key.to_owned(), STANDARD.encode(bytes).into());
                results.insert(format!("{key}-encoding"), "base64".into());
            }
        }
        let message = match finish {
            Finish::Missing => Some(format!("action not implemented on unit {:?}", running.unit)),
            Finish::Failed(why) => Some(why.clone()),
            Finish::Terminated => Some("terminated".to_owned()),
            Finish::CrashedBeforeFlush | Finish::CrashedAfterFlush => Some("action terminated".to_owned()),
            Finish::Exited | Finish::FlushRefused(_) if flushed.is_err() => {
                Some(action.failure.clone().unwrap_or_else(|| "committing requested changes failed".to_owned()))
            }
            Finish::Exited | Finish::FlushRefused(_) => action.failure.clone(),
        };
        ActionResult {
            id: action.id,
            status: if message.is_some() { "failed" } else { "completed" }.to_owned(),
            message: message.unwrap_or_default(),
            results: Value::Object(results),
            log: action.log.clone(),
        }
    }
}
