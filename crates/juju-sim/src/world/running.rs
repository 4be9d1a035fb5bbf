use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::shared::Run;
use super::{Door, Fault, Invocation, Tools, World};
use crate::Error;
use crate::model::{ActionResult, Fate, Finish, Place, Retry, Running};
use crate::run::{Ending, HookRun, Outcome};

/// Seconds from the Unix epoch to 2026-01-01T00:00:00Z, when a model's time begins.
const EPOCH: u64 = 1_767_225_600;
/// More hooks than this in one go are taken for a loop, with those added that so many units have to run for each
/// pair of them.
const MAX_HOOKS: usize = 5_000;
const MAX_HOOKS_OF_PAIR: usize = 50;
/// How often one failed hook is retried before it is left in error.
const MAX_RETRIES: u32 = 4;
/// How many hooks may come before an action that waits for them.
const MAX_BEFORE_ACTION: usize = 100;
const FIRST_RETRY_SECONDS: u64 = 5;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// Running hooks and actions.
impl World {
    /// Runs one hook of one of the units that have one to run, chosen by the seed. `None` when nothing is due.
    pub fn step(&mut self) -> Option<&HookRun> {
        let ready = self.ready();
        let chosen = self.change(|model| model.choose(ready.len()));
        self.step_unit(ready.get(chosen)?)
    }

    /// Runs the hook that is due on a unit. `None` when there is none, or no such unit.
    pub fn step_unit(&mut self, unit: &str) -> Option<&HookRun> {
        let before = self.status(unit);
        let hook = self.change(|model| model.take_next(unit))?;
        let running = self.change(|model| model.begin(unit, hook)).ok()?;
        let (run, ending) = self.execute(running);
        let finish = finish(&run, ending);
        let fate = self.change(|model| model.finish(&run.running, finish));
        let outcome = match fate {
            Fate::Committed => Outcome::Committed,
            Fate::Failed(why) => Outcome::Failed(why),
            Fate::Rerun => Outcome::Rerun,
        };
        if outcome == Outcome::Committed {
            self.retries.remove(unit);
        }
        self.keep(run, ending, outcome, &before);
        self.runs.last()
    }

    /// Runs hooks until nothing is due. Failed ones are retried a few times, as Juju does, and then left in error.
    ///
    /// # Errors
    /// A unit is left in error, with its last error line for the reason; or hooks never end. A test that means a unit
    /// to fail uses [`settle_without_retry`](Self::settle_without_retry).
    pub fn settle(&mut self) -> Result<(), Error> {
        self.retries.clear();
        let from = self.runs.len();
        loop {
            self.run_all(from)?;
            let mut retried = false;
            for unit in self.units() {
                let tries = self.retries.get(&unit).copied().unwrap_or(0);
                if tries < MAX_RETRIES && self.resolve(&unit, Retry::Retry).is_ok() {
                    self.change(|model| model.advance(FIRST_RETRY_SECONDS << tries));
                    self.retries.insert(unit, tries + 1);
                    retried = true;
                }
            }
            // A paused unit is resolved and still runs nothing.
            if !retried || self.ready().is_empty() {
                return self.none_in_error();
            }
        }
    }

    fn none_in_error(&self) -> Result<(), Error> {
        let in_error = |unit: &String| self.status(unit).0 == "error";
        let Some(unit) = self.units().into_iter().find(in_error) else { return Ok(()) };
        let (_, message) = self.status(&unit);
        let last = self.runs.iter().rev().find(|run| run.unit == unit);
        let why = last.and_then(|run| run.log().filter(|(level, _)| *level == "ERROR").last());
        let why = why.map_or_else(|| "it logged no error".to_owned(), |(_, text)| text.to_owned());
        Err(Error::InError { unit, message, why })
    }

    /// Runs hooks until nothing is due; units whose hook failed stay in error.
    ///
    /// # Errors
    /// Hooks never end.
    pub fn settle_without_retry(&mut self) -> Result<(), Error> {
        self.run_all(self.runs.len())
    }

    /// Runs what is due, unless too much has run since `from`.
    fn run_all(&mut self, from: usize) -> Result<(), Error> {
        let hooks = MAX_HOOKS + MAX_HOOKS_OF_PAIR * self.units().len().pow(2);
        while self.runs.len() < from + hooks {
            if self.step().is_none() {
                return Ok(());
            }
        }
        match self.ready() {
            ready if ready.is_empty() => Ok(()),
            ready => Err(Error::Endless { hooks, ready }),
        }
    }

    /// Runs an action now. The hooks that Juju runs before any action, such as a `leader-elected` that is due or the
    /// `start` after the first `config-changed`, run first.
    ///
    /// An action that fails is an `Ok` with that status; an `Err` is one that Juju would not run.
    pub fn run_action(&mut self, unit: &str, name: &str, params: Value) -> Result<ActionResult, Error> {
        for _ in 0..MAX_BEFORE_ACTION {
            if !self.model().actions_wait(unit) || self.step_unit(unit).is_none() {
                break;
            }
        }
        let before = self.status(unit);
        let running = self.change(|model| model.begin_action(unit, name, params))?;
        let (run, ending) = self.execute(running);
        let (finish, output) = (finish(&run, ending), (run.stdout.as_slice(), run.stderr.as_slice()));
        let result = self.change(|model| model.finish_action(&run.running, &finish, ending, output));
        let outcome = match result.status.as_str() {
            "completed" => Outcome::Committed,
            _ => Outcome::ActionFailed(result.message.clone()),
        };
        self.keep(run, ending, outcome, &before);
        Ok(result)
    }

    /// Lets the charm run, and gives what it did and how it ended.
    fn execute(&mut self, running: Running) -> (Run, Ending) {
        let unit = running.unit.clone();
        if let Some(watcher) = &mut self.watcher {
            watcher(&format!("{unit} {}", running.work.title()));
        }
        let number = self.runs.len() as u64 + 1;
        let faults = self.faults.remove(&unit).unwrap_or_default();
        let door = self.door_of(&unit);
        let run = Run::new(number, running, faults);
        let limit = self.time_limit;
        let ending = match door {
            Door::InProcess(program) => {
                let place = Place::of_unit(&unit);
                let env = self.model().environment(&run.running, &place);
                let now = SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH + self.model().seconds());
                self.shared.borrow_mut().run = Some(run);
                let tools = Tools { shared: self.shared.clone(), run: number, cwd: place.charm_dir };
                let invocation = Invocation { env, now, tools };
                let result = panic::catch_unwind(AssertUnwindSafe(|| program(invocation)));
                result.unwrap_or_else(|cause| self.panicked(cause))
            }
            Door::Process(door) => {
                self.shared.borrow_mut().run = Some(run);
                door.execute(&self.shared, limit)
            }
        };
        self.shared.borrow_mut().move_leadership();
        let run = self.shared.borrow_mut().run.take().expect("a run stays until its program has ended");
        let ending = match ending {
            _ if run.is_killed() => Ending::Signal(SIGKILL),
            _ if run.faults.contains(&Fault::Fail) => Ending::Exit(1),
            ending => ending,
        };
        (run, ending)
    }

    /// A killed program may do what it likes. Any other panic is the test's.
    fn panicked(&self, cause: Box<dyn Any + Send>) -> Ending {
        if self.shared.borrow().run.as_ref().is_some_and(|run| run.killed) {
            return Ending::Signal(SIGKILL);
        }
        self.shared.borrow_mut().run = None;
        panic::resume_unwind(cause)
    }

    fn keep(&mut self, run: Run, ending: Ending, outcome: Outcome, before: &(String, String)) {
        let unit = run.running.unit.clone();
        let hook = run.running.work.relation();
        let status = self.status(&unit);
        let record = HookRun {
            sequence: run.number,
            hook: run.running.work.title(),
            relation: hook.map(|hook| format!("{}:{}", hook.endpoint, hook.relation)),
            remote_unit: hook.and_then(|hook| hook.remote_unit.clone()),
            departing_unit: hook.and_then(|hook| hook.departing.clone()),
            trace: run.trace,
            ending,
            outcome,
            status_changed: status != *before,
            status,
            unit,
        };
        self.runs.push(record);
    }
}

/// How the agent takes the end of a process.
fn finish(run: &Run, ending: Ending) -> Finish {
    if let Some(why) = &run.overdue {
        return Finish::Failed(why.clone());
    }
    match ending {
        Ending::Exit(0) => {}
        Ending::Signal(SIGKILL | SIGTERM) => return Finish::Terminated,
        ending => return Finish::Failed(ending.to_string()),
    }
    for fault in &run.faults {
        match fault {
            Fault::CrashBeforeFlush => return Finish::CrashedBeforeFlush,
            Fault::CrashAfterFlush => return Finish::CrashedAfterFlush,
            Fault::RejectFlush => return Finish::FlushRefused("flush refused by the controller".to_owned()),
            _ => {}
        }
    }
    Finish::Exited
}
