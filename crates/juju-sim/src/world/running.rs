use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::revision::Door;
use super::shared::Run;
use super::{Fault, Invocation, RelationId, RelationName, Tools, World};
use crate::SimError;
use crate::content::Told;
use crate::model::{ActionResult, Finish, Hook, OPERATION, Place, RelationKind, Retry, Running, Shown, Status, Task};
use crate::run::{Fate, HookRun, ProgramEnd};

/// More hooks than this in one go are taken for a loop, with those added that so many units have to run for each
/// pair of them.
const MAX_HOOKS: usize = 5_000;
const MAX_HOOKS_OF_PAIR: usize = 50;
/// How often one failed hook is retried before it is left in error.
const MAX_RETRIES: u32 = 4;
/// How many hooks may come before an action that waits for them.
const MAX_BEFORE_ACTION: usize = 100;
const FIRST_RETRY_SECONDS: u64 = 5;
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// Running hooks and actions.
///
/// ```
/// # use juju_sim::{Charm, Deployment, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, Some("ping: {}"))?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Deployment::of(Revision::in_process(charm, |_| ProgramEnd::Exit(0))).units(2))?;
/// let run = juju.step_unit("hello/1").expect("its first hook is due");
/// assert_eq!(run.title(), "hello/1 install");
/// while let Some(run) = juju.step() {
///     println!("{run}"); // of a unit that the seed chooses
/// }
/// juju.tick("hello/0")?;
/// juju.settle()?; // all hooks that are due; an error when a unit stays in error
/// assert_eq!(juju.runs().last().map(|run| run.title()).as_deref(), Some("hello/0 update-status"));
/// let done = juju.run_action("hello/0", "ping", serde_json::json!({}))?;
/// assert_eq!(done.status, "completed");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
impl World {
    /// Runs one hook, or the command of one timer, of one of the units that have something to run, chosen by the seed.
    /// `None` when nothing is due.
    pub fn step(&mut self) -> Option<&HookRun> {
        let chosen = self.change(|model| {
            let count = model.ready().len();
            let chosen = model.choose(count);
            model.ready().iter().nth(chosen).cloned()
        });
        self.step_unit(&chosen?)
    }

    /// Runs the hook that is due on a unit, or the command of a timer that has fired. `None` when there is none, or no
    /// such unit.
    pub fn step_unit(&mut self, unit: &str) -> Option<&HookRun> {
        let task = self.change(|model| {
            model.observe();
            model.take_next(unit)
        })?;
        match task {
            Task::Hook(hook) => self.run(unit, hook).ok(),
            Task::Fired(fired) => {
                let before = self.status(unit);
                let running = self.change(|model| model.begin_fired(unit, fired)).ok()?;
                self.execute_action(running, &before);
                Some(self.kept.last())
            }
        }
    }

    /// Runs a hook of a unit, due or not.
    pub(super) fn run(&mut self, unit: &str, hook: Hook) -> Result<&HookRun, SimError> {
        let before = self.status(unit);
        let told = self.model().told(unit, &hook);
        let running = self.change(|model| model.begin(unit, hook))?;
        let (run, end) = self.execute(running);
        let shown = self.model().shown(&run.running);
        let finish = finish(&run, &end);
        let fate = self.change(|model| model.finish(&run.running, finish));
        if let Fate::Failed(why) = &fate {
            let via = self.door_of(unit).handler();
            let text = format!("hook \"{}\" (via {via}) failed: {why}", run.running.work.logger());
            self.change(|model| model.push_log(unit, OPERATION.to_owned(), "ERROR", &text));
        }
        if fate == Fate::Committed {
            self.retries.remove(unit);
        }
        self.keep(run, end, fate, &before, told, Some(&shown));
        Ok(self.kept.last())
    }

    /// Runs hooks until nothing is due. Failed ones are retried a few times, as Juju does, and then left in error.
    ///
    /// # Errors
    /// A unit is left in error, with its last error line or the reason of its failure; or hooks never end. A test that
    /// means a unit to fail uses [`settle_without_retry`](Self::settle_without_retry).
    pub fn settle(&mut self) -> Result<(), SimError> {
        self.begin_retries();
        let from = self.runs().len();
        loop {
            self.run_all(from)?;
            if !self.retry_failed() {
                return self.none_in_error();
            }
        }
    }

    /// Lets every failed hook be retried as often as it may be.
    pub(crate) fn begin_retries(&mut self) {
        self.retries.clear();
    }

    /// Resolves the units whose hook has failed, those that are left. Whether any hook is due then.
    pub(crate) fn retry_failed(&mut self) -> bool {
        let mut retried = false;
        for unit in self.failed() {
            let tries = self.retries.get(&unit).copied().unwrap_or(0);
            if tries < MAX_RETRIES && self.resolve(&unit, Retry::Retry).is_ok() {
                self.change(|model| model.advance(FIRST_RETRY_SECONDS << tries));
                self.retries.insert(unit, tries + 1);
                retried = true;
            }
        }
        // A paused unit is resolved and still runs nothing.
        retried && !self.ready().is_empty()
    }

    /// The units whose hook has failed, by application and number.
    pub(crate) fn failed(&self) -> Vec<String> {
        let model = self.model();
        let mut units = model.units();
        units.retain(|name| model.unit(name).is_ok_and(|unit| unit.agent.failed().is_some()));
        units
    }

    pub(crate) fn none_in_error(&self) -> Result<(), SimError> {
        let Some(unit) = self.failed().into_iter().next() else { return Ok(()) };
        let Status { message, .. } = self.status(&unit);
        let why = self.last_failure(&unit).unwrap_or_else(|| "it logged no error".to_owned());
        Err(SimError::InError { unit, message, why })
    }

    /// The last error that a unit logged in the hook that it ran last, or why that failed.
    pub(crate) fn last_failure(&self, unit: &str) -> Option<String> {
        let last = self.runs().iter().rev().find(|run| run.unit == unit)?;
        let logged = last.log().filter(|(level, _)| *level == "ERROR").last();
        match (logged, &last.fate) {
            (Some((_, text)), _) => Some(text.to_owned()),
            (None, Fate::Failed(why)) => Some(why.clone()),
            _ => None,
        }
    }

    /// Runs hooks until nothing is due; units whose hook failed stay in error.
    ///
    /// # Errors
    /// Hooks never end.
    pub fn settle_without_retry(&mut self) -> Result<(), SimError> {
        self.run_all(self.runs().len())
    }

    /// Runs what is due, unless too much has run since `from`.
    fn run_all(&mut self, from: usize) -> Result<(), SimError> {
        let hooks = self.most_hooks();
        while self.runs().len() < from + hooks {
            if self.step().is_none() {
                return Ok(());
            }
        }
        match self.ready() {
            ready if ready.is_empty() => Ok(()),
            ready => Err(SimError::Endless { hooks, ready }),
        }
    }

    /// More hooks than this in one go are taken for a loop.
    pub(crate) fn most_hooks(&self) -> usize {
        MAX_HOOKS + MAX_HOOKS_OF_PAIR * self.units().len().pow(2)
    }

    /// Takes every hook that is due as done without running it, until nothing is due: the state that a deployment
    /// comes to whose charm writes nothing. A start for tests of one hook, see [`run_hook`](World::run_hook).
    ///
    /// # Errors
    /// Hooks never end.
    pub fn settle_without_running(&mut self) -> Result<(), SimError> {
        let hooks = self.most_hooks();
        for _ in 0..hooks {
            let ready = self.ready();
            let Some(unit) = ready.first() else { return Ok(()) };
            self.change(|model| model.take_as_done(unit))?;
        }
        Err(SimError::Endless { hooks, ready: self.ready() })
    }

    /// Takes the hook that is due on a unit as done, without running it. Whether one was due.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn step_without_running(&mut self, unit: &str) -> Result<bool, SimError> {
        self.model().unit(unit)?;
        let is_due = self.change(|model| model.ready().contains(unit));
        if is_due {
            self.change(|model| model.take_as_done(unit))?;
        }
        Ok(is_due)
    }

    /// Runs an action now. The hooks that Juju runs before any action, such as a `leader-elected` that is due or the
    /// `start` after the first `config-changed`, run first.
    ///
    /// An action that fails is an `Ok` with that status.
    ///
    /// # Errors
    /// Juju would not run it: there is no such unit or action, the parameters break its schema, or the agent is down.
    pub fn run_action(&mut self, unit: &str, name: &str, params: Value) -> Result<ActionResult, SimError> {
        for _ in 0..MAX_BEFORE_ACTION {
            if !self.model().actions_wait(unit) || self.step_unit(unit).is_none() {
                break;
            }
        }
        let before = self.status(unit);
        let running = self.change(|model| model.begin_action(unit, name, params))?;
        Ok(self.execute_action(running, &before))
    }

    /// Runs the charm's program under `juju exec`, with arguments and without a dispatch path: what an operator does
    /// by hand on a unit. With a relation, hook commands have it for their default.
    ///
    /// # Errors
    /// There is no such unit or relation, the unit is not in the relation, or the agent is down.
    pub fn exec(
        &mut self,
        unit: &str,
        relation: Option<RelationName>,
        args: &[&str],
    ) -> Result<ActionResult, SimError> {
        let relation = relation.map(|name| self.find(name)).transpose()?;
        let before = self.status(unit);
        let running = self.change(|model| {
            let app = model.unit(unit)?.app.clone();
            let hook = |id: RelationId| Ok(model.relation(id.0)?.hook(id.0, RelationKind::Changed, &app));
            let relation = relation.map(hook).transpose()?;
            model.begin_exec(unit, relation, args)
        })?;
        Ok(self.execute_action(running, &before))
    }

    /// Runs commands of an operator on a unit, as `juju exec` does.
    #[cfg(feature = "cli")]
    pub(crate) fn run_commands(&mut self, unit: &str, commands: &str) -> Result<ActionResult, SimError> {
        let before = self.status(unit);
        let running = self.change(|model| model.begin_commands(unit, commands))?;
        Ok(self.execute_action(running, &before))
    }

    fn execute_action(&mut self, running: Running, before: &Status) -> ActionResult {
        let (run, end) = self.execute(running);
        let shown = self.model().shown(&run.running);
        let (finish, output) = (finish(&run, &end), (run.stdout.as_slice(), run.stderr.as_slice()));
        let result = self.change(|model| model.finish_action(&run.running, &finish, &end, output));
        let fate = match result.status.as_str() {
            "completed" => Fate::Committed,
            _ => Fate::ActionFailed(result.message.clone()),
        };
        self.keep(run, end, fate, before, None, Some(&shown));
        result
    }

    /// Lets the charm run, and gives what it did and how it ended.
    pub(crate) fn execute(&mut self, mut running: Running) -> (Run, ProgramEnd) {
        let unit = running.unit.clone();
        if let Some(watcher) = &mut self.watcher {
            watcher(&format!("{unit} {}", running.work.title()));
        }
        let number = self.kept.next();
        let faults = self.take_faults(&unit);
        for fault in &faults {
            if let Fault::Refuse { call, text } = fault {
                running.refusals.insert(call.clone(), text.clone());
            }
        }
        let door = self.door_of(&unit);
        let limit = self.time_limit;
        let end = match door {
            Door::InProcess(program) => {
                // Files are needed for resources alone; where there can be none, resource-get says so.
                let has_files = self.model().application(&running.app).is_ok_and(|app| !app.resources.is_empty());
                let root = if has_files { self.root().ok() } else { None };
                let root = root.unwrap_or_else(|| Path::new("/var/lib/juju").to_owned());
                let place = Place::of_unit(&root, &unit);
                running.resources_dir = place.resources_dir.to_string_lossy().into_owned();
                let env = self.model().environment(&running, &place);
                let args = running.args.clone();
                let needs_shell = match &running.fired {
                    Some(fired) => fired.exec.dispatch_args().is_none(),
                    None => running.exec.is_some(),
                };
                let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.model().unix_seconds());
                self.shared.borrow_mut().run = Some(Run::new(number, running, faults, limit));
                let tools = Tools { shared: self.shared.clone(), run: number, cwd: place.charm_dir };
                let invocation = Invocation { args, env, now, tools };
                if needs_shell {
                    ProgramEnd::Unstarted("juju-sim: a charm in this process has no shell for it".to_owned())
                } else {
                    let result = panic::catch_unwind(AssertUnwindSafe(|| program(invocation)));
                    result.unwrap_or_else(|cause| self.panicked(cause))
                }
            }
            Door::Process(door) => {
                let place = door.place(&unit).map(|place| place.resources_dir.to_string_lossy().into_owned());
                running.resources_dir = place.unwrap_or_default();
                let mut run = Run::new(number, running, faults, limit);
                run.has_machine = true;
                self.shared.borrow_mut().run = Some(run);
                door.execute(&self.shared, limit, &self.variables)
            }
            Door::Played => {
                self.shared.borrow_mut().run = Some(Run::new(number, running, faults, limit));
                ProgramEnd::Missing
            }
        };
        self.shared.borrow_mut().move_leadership();
        let run = self.shared.borrow_mut().run.take().expect("a run stays until its program has ended");
        let end = match end {
            // No process was there to be killed or to fail.
            ProgramEnd::Missing | ProgramEnd::Unstarted(_) => end,
            _ if run.is_killed() => ProgramEnd::Signal(SIGKILL),
            _ if run.faults.contains(&Fault::Fail) => ProgramEnd::Exit(1),
            end => end,
        };
        (run, end)
    }

    /// A killed program may do what it likes. Any other panic is the test's, with what ran up to it in the transcript.
    fn panicked(&mut self, cause: Box<dyn Any + Send>) -> ProgramEnd {
        let run = self.shared.borrow_mut().run.take_if(|run| !run.killed);
        let Some(run) = run else { return ProgramEnd::Signal(SIGKILL) };
        let status = self.status(&run.running.unit);
        self.keep(run, ProgramEnd::Signal(SIGABRT), Fate::Failed("its program panics".to_owned()), &status, None, None);
        panic::resume_unwind(cause)
    }

    fn keep(
        &mut self,
        run: Run,
        end: ProgramEnd,
        fate: Fate,
        before: &Status,
        told: Option<Told>,
        shown: Option<&Shown>,
    ) {
        let unit = run.running.unit.clone();
        let hook = run.running.work.relation();
        let status = self.status(&unit);
        let (published, waits) = {
            let model = self.model();
            let published = shown.map(|shown| model.published(&run.running, shown)).unwrap_or_default();
            (published, shown.and_then(|shown| model.waits(&run.running, shown)))
        };
        let record = HookRun {
            sequence: run.number,
            faults: run.struck(&end, &fate),
            told,
            published,
            waits,
            seconds: self.model().seconds(),
            hook: run.running.work.title(),
            subject: match &run.running.fired {
                Some(fired) => Some(fired.exec.title()),
                None => run.running.work.hook().and_then(Hook::subject),
            },
            relation: hook.map(|hook| format!("{}:{}", hook.endpoint, hook.relation)),
            remote_unit: hook.and_then(|hook| hook.remote_unit.clone()),
            departing_unit: hook.and_then(|hook| hook.departing.clone()),
            trace: run.trace,
            forgotten: false,
            end,
            fate,
            status_changed: status != *before,
            status,
            unit,
        };
        self.kept.push(record);
    }
}

/// How the agent takes the end of a process.
pub(crate) fn finish(run: &Run, end: &ProgramEnd) -> Finish {
    if let Some(why) = &run.overdue {
        return Finish::Failed(why.clone());
    }
    match end {
        ProgramEnd::Exit(0) => {}
        ProgramEnd::Missing => return Finish::Missing,
        ProgramEnd::Signal(SIGKILL | SIGTERM) => return Finish::Terminated,
        end => return Finish::Failed(end.as_go()),
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
