//! A life of an application in which every hook and action of its charm has a turn.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::daemon::{self, Daemon};
use super::finding::{Finding, Findings, Severity, Sight};
use super::look::{self, Scene};
use super::sample;
use super::timing::Timings;
use crate::cli::NO_NETWORK;
use crate::cli::progress::Progress;
use crate::model::Retry;
use crate::{Charm, Deployment, Fate, Fault, Revision, Role, Scope, SimError, StorageKind, World};

/// More hooks than this without an end, and the charm is taken to go on for ever.
const MOST_HOOKS: usize = 1_000;
/// After so many hooks that ran out of time, or were killed by what they did, the rest is left out.
const MOST_STUCK: usize = 3;
/// How many hooks of a unit are killed and run again.
const MOST_KILLED: usize = 40;
/// How long processes that a hook has left may take to end.
const GRACE: Duration = Duration::from_millis(500);
const UNITS: u32 = 3;
/// The application that the charm's is related to.
const OTHER: &str = "other";
const PRINCIPAL: &str = "principal";

/// What a life showed.
#[derive(Debug, Default)]
pub(super) struct Lived {
    pub(super) findings: Findings,
    pub(super) timings: Timings,
    /// How many hooks and actions have run.
    pub(super) runs: usize,
    /// How many hook commands they have called.
    pub(super) commands: usize,
}

/// Lets an application of the charm live, from its deployment to its removal.
///
/// # Errors
/// The simulator cannot run the charm, which says nothing of the charm.
pub(super) fn live(revision: Revision, seed: u64, limit: Duration, progress: Progress) -> Result<Lived, SimError> {
    let charm = revision.charm().clone();
    let mut world = World::new(seed);
    world.set_time_limit(limit);
    world.set_variable(NO_NETWORK.0, NO_NETWORK.1);
    world.watch(move |title| progress.running(title));
    let mut life = Life {
        app: charm.name().to_owned(),
        agents: revision.agents_dir(),
        world,
        charm,
        progress,
        lived: Lived::default(),
        stage: String::new(),
        stuck: 0,
        looked: 0,
        daemons: BTreeMap::new(),
        kills: false,
        over: false,
    };
    life.deploy(&revision)?;
    life.configure();
    life.relate();
    let added = life.store();
    life.act();
    life.detach(added);
    life.operate(revision);
    life.kill_hooks();
    life.remove();
    life.progress.clear();
    life.tell_daemons();
    Ok(life.lived)
}

struct Life {
    app: String,
    /// Where the units are on this machine.
    agents: Option<PathBuf>,
    world: World,
    charm: Charm,
    progress: Progress,
    lived: Lived,
    /// What the operator has done.
    stage: String,
    /// How many hooks ran out of time or were killed.
    stuck: usize,
    /// How many runs of the world have been looked at.
    looked: usize,
    /// The processes that were seen after a hook, and that hook.
    daemons: BTreeMap<Daemon, (String, Sight)>,
    /// Whether hooks are killed on purpose.
    kills: bool,
    /// Whether the rest is left out.
    over: bool,
}

impl Life {
    /// Three units, on principals where the charm is a subordinate.
    fn deploy(&mut self, revision: &Revision) -> Result<(), SimError> {
        let (app, units) = (self.app.clone(), if self.charm.is_subordinate() { 0 } else { UNITS });
        self.world.deploy(&app, Deployment::of(revision.clone()).units(units))?;
        self.stage("deploy three units", |_| Ok(()));
        if let Some(host) = self.host() {
            self.stage(&format!("relate {host} to three principal units"), |world| {
                world.play(PRINCIPAL, &host)?;
                (1..UNITS).try_for_each(|_| world.add_unit(PRINCIPAL).map(drop))
            });
        }
        let silent = self.units().iter().all(|unit| self.world.status(unit).current == "unknown");
        if silent && !self.over && !self.units().is_empty() {
            let what = "no unit has set a status: juju status shows them as unknown";
            self.lived.findings.push(Finding::of_files(Severity::Warning, what));
        }
        Ok(())
    }

    /// The endpoint at which a subordinate lives beside its principal, as `application:endpoint`.
    fn host(&self) -> Option<String> {
        let is_host = |it: &&crate::Endpoint| it.role == Role::Requires && it.scope == Scope::Container;
        let host = self.charm.endpoints().find(is_host).filter(|_| self.charm.is_subordinate())?;
        Some(format!("{}:{}", self.app, host.name))
    }

    /// Each option gets another value and is reset.
    fn configure(&mut self) {
        let (app, options) = (self.app.clone(), self.charm.options().clone());
        for (name, option) in options {
            match sample::other(&option) {
                Some(value) => self.stage(&format!("set the option {name} to {value}"), |world| {
                    world.set_config(&app, &name, Some(value))
                }),
                None => self.stage(&format!("set the option {name} to a secret, which changes"), |world| {
                    let secret = world.add_secret("", &[("check", "check")])?;
                    world.grant_secret(&secret, &app)?;
                    world.set_config(&app, &name, Some(secret.as_str().into()))?;
                    world.settle_without_retry()?;
                    world.update_secret(&secret, &[("check", "checked")])
                }),
            }
            self.stage(&format!("reset the option {name}"), |world| world.set_config(&app, &name, None));
        }
    }

    /// Each endpoint gets a relation whose other side says nothing, loses a unit, and goes. In the end all have one.
    fn relate(&mut self) {
        let names: Vec<String> =
            self.charm.endpoints().filter(|it| it.role != Role::Peer).map(|it| it.name.clone()).collect();
        let host = self.host();
        let others = names.iter().map(|name| format!("{}:{name}", self.app));
        let others: Vec<String> = others.filter(|end| Some(end) != host.as_ref()).collect();
        let other = if self.app == OTHER { "another" } else { OTHER };
        for end in &others {
            self.stage(&format!("relate {end} to an application that says nothing"), |world| {
                world.play(other, end).map(drop)
            });
            // The units of a subordinate come and go with those of the charm.
            if self.world.model().application(other).is_ok_and(|app| !app.charm().is_subordinate()) {
                self.stage(&format!("add a unit at the other side of {end}"), |world| world.add_unit(other).map(drop));
                self.stage(&format!("remove a unit at the other side of {end}"), |world| {
                    match world.units_of(other).first() {
                        Some(unit) => world.remove_unit(unit),
                        None => Ok(()),
                    }
                });
            }
            self.stage(&format!("remove the relation of {end}"), |world| world.remove_application(other));
        }
        for (number, end) in others.iter().enumerate() {
            let other = format!("{other}{}", "x".repeat(number + 1));
            self.stage(&format!("relate {end}, to stay"), |world| world.play(&other, end).map(drop));
        }
    }

    /// Storage that may be added is. That which must be there came with the unit. The unit and its new storage.
    fn store(&mut self) -> Vec<(String, String)> {
        let Some(unit) = self.leader() else { return Vec::new() };
        let more = self.charm.storages().filter(|it| it.max != Some(it.min));
        let more: Vec<String> = more.map(|it| it.name.clone()).collect();
        let mut added = Vec::new();
        for name in more {
            self.stage(&format!("add storage {name} to {unit}"), |world| {
                let ids = world.add_storage(&unit, &name, 1)?;
                added.extend(ids.into_iter().map(|id| (unit.clone(), id)));
                Ok(())
            });
        }
        added
    }

    fn detach(&mut self, storage: Vec<(String, String)>) {
        for (unit, id) in storage {
            self.stage(&format!("detach storage {id} from {unit}"), |world| world.detach_storage(&id));
        }
    }

    /// Each action runs with its defaults.
    fn act(&mut self) {
        let Some(unit) = self.leader() else { return };
        let actions: Vec<_> = self.charm.action_names().filter_map(|name| self.charm.action(name)).cloned().collect();
        for action in actions {
            let title = format!("run the action {} on {unit}", action.name);
            match sample::params(&action) {
                Ok(params) => {
                    let started = Instant::now();
                    self.begin(&title);
                    if self.over {
                        return;
                    }
                    let ran = self.world.run_action(&unit, &action.name, params);
                    self.look(started.elapsed());
                    self.settle();
                    self.refused(ran.map(drop));
                }
                Err(why) => {
                    let what =
                        format!("action {} was not run: no value was found that its schema allows: {why}", action.name);
                    self.lived.findings.push(Finding::of_files(Severity::Note, what));
                }
            }
        }
    }

    /// What happens to an application that goes on.
    fn operate(&mut self, revision: Revision) {
        let app = self.app.clone();
        if let Some(other) = self.units().into_iter().find(|unit| self.leader().as_ref() != Some(unit)) {
            self.stage(&format!("let {other} lead"), |world| world.set_leader(&other));
            self.stage(&format!("restart the agent of {other}"), |world| world.restart_agent(&other));
            self.stage(&format!("reboot the machine of {other}"), |world| world.reboot(&other));
        }
        self.stage("let five minutes pass", |world| {
            world.advance(Duration::from_secs(300));
            Ok(())
        });
        self.stage("refresh to the same charm", |world| world.refresh(&app, revision));
        let is_own = |owner: &str| owner == app || owner.strip_prefix(&app).is_some_and(|rest| rest.starts_with('/'));
        let secrets = self.world.secrets();
        let owned = secrets.iter().any(|uri| self.world.secret(uri).is_ok_and(|secret| is_own(&secret.owner)));
        if owned {
            self.stage("let a year pass, for its secrets", |world| {
                world.advance(Duration::from_secs(366 * 24 * 3600));
                Ok(())
            });
        }
        if self.units().iter().any(|unit| !self.world.timers(unit).is_empty()) {
            self.stage("let a day pass, for its timers", |world| {
                world.advance(Duration::from_secs(24 * 3600));
                Ok(())
            });
        }
    }

    /// A new unit, each of whose hooks is killed after its first hook command and runs again.
    fn kill_hooks(&mut self) {
        if self.over {
            return;
        }
        let before = self.units();
        let app = if self.charm.is_subordinate() { PRINCIPAL } else { self.app.as_str() };
        let added = self.world.add_unit(app).map(drop);
        self.begin("add a unit whose hooks are killed once");
        self.refused(added);
        self.place_storage();
        let Some(unit) = self.units().into_iter().find(|unit| !before.contains(unit)) else { return self.settle() };
        for _ in 0..MOST_KILLED {
            self.kills = true;
            let killed = !self.over && self.world.inject(&unit, Fault::KillAt(1)).is_ok() && self.step_unit(&unit);
            self.kills = false;
            if !killed {
                break;
            }
            if self.world.runs().last().is_some_and(|run| run.fate == Fate::Rerun) {
                "run again what was killed".clone_into(&mut self.stage);
                self.step_unit(&unit);
                "add a unit whose hooks are killed once".clone_into(&mut self.stage);
            }
            self.resolve();
        }
        // The fault that waits for a hook is for none.
        self.world.forget_faults(&unit);
        self.settle();
    }

    fn remove(&mut self) {
        let app = self.app.clone();
        if let Some(leader) = self.leader().filter(|_| !self.charm.is_subordinate()) {
            self.stage(&format!("remove {leader}, which leads"), |world| world.remove_unit(&leader));
        }
        self.stage("remove the application", |world| world.remove_application(&app));
        let left = self.units();
        if let (Some(unit), false) = (left.first(), self.over) {
            let what = format!("{unit} is still there after all of its hooks have run");
            self.lived.findings.push(Finding::of_files(Severity::Problem, what));
        }
    }

    /// Filesystems are where they can be: each in a directory beside those of the units.
    fn place_storage(&mut self) {
        let Some(agents) = &self.agents else { return };
        let all: Vec<_> = self.units().iter().flat_map(|unit| self.world.storage(unit)).collect();
        for storage in all {
            let dir = agents.join("storage").join(&storage.id);
            let is_there = storage.location.as_ref().is_none_or(|location| Path::new(location) == dir);
            if storage.kind == StorageKind::Filesystem && !is_there && fs::create_dir_all(&dir).is_ok() {
                // It is there, as it was just listed.
                let _ = self.world.set_storage_location(&storage.id, dir.to_str());
            }
        }
    }

    fn units(&self) -> Vec<String> {
        self.world.units_of(&self.app)
    }

    fn leader(&self) -> Option<String> {
        self.world.leader(&self.app).or_else(|| self.units().into_iter().next())
    }

    fn begin(&mut self, title: &str) {
        title.clone_into(&mut self.stage);
        if !self.over {
            self.progress.say(title);
        }
    }

    /// Changes the model and runs all hooks that follow.
    fn stage(&mut self, title: &str, verb: impl FnOnce(&mut World) -> Result<(), SimError>) {
        self.begin(title);
        if self.over {
            return;
        }
        let done = verb(&mut self.world);
        self.place_storage();
        self.look(Duration::ZERO);
        self.refused(done);
        self.settle();
    }

    /// What Juju would refuse is not tried.
    fn refused(&mut self, done: Result<(), SimError>) {
        if let Err(error) = done {
            let what = format!("not tried: {}: {error}", self.stage);
            self.lived.findings.push(Finding::of_files(Severity::Note, what));
        }
    }

    /// Runs hooks until none is due. One that fails is told of, and resolved without being run again.
    fn settle(&mut self) {
        for _ in 0..MOST_HOOKS {
            if self.over {
                return;
            }
            let started = Instant::now();
            let ran = self.world.step().is_some();
            self.look(started.elapsed());
            if !ran && !self.resolve() {
                return;
            }
        }
        let what = format!("hooks never end: {MOST_HOOKS} have run after: {}", self.stage);
        self.lived.findings.push(Finding::of_files(Severity::Problem, what));
        self.over = true;
    }

    fn step_unit(&mut self, unit: &str) -> bool {
        let started = Instant::now();
        let ran = self.world.step_unit(unit).is_some();
        self.look(started.elapsed());
        ran
    }

    /// Passes over the hooks that have failed. Whether there were any.
    fn resolve(&mut self) -> bool {
        let failed = self.world.failed();
        failed.iter().filter(|unit| self.world.resolve(unit, Retry::NoRetry).is_ok()).count() > 0
    }

    /// Looks at what has run since the last look; the newest took so long.
    fn look(&mut self, time: Duration) {
        let runs = &self.world.runs()[self.looked..];
        let scene = Scene { stage: &self.stage, agents: self.agents.as_deref(), kills: self.kills };
        self.looked += runs.len();
        for run in runs {
            self.lived.runs += 1;
            self.lived.commands += run.commands().count();
            self.lived.timings.push(&run.hook, time);
            self.stuck += usize::from(look::is_overdue(run) || look::is_killed(run, scene));
            for finding in look::findings(run, scene) {
                self.lived.findings.push(finding);
            }
        }
        if let (Some(run), Some(agents)) = (runs.last(), &self.agents) {
            for daemon in daemon::of(agents) {
                let sight = || (run.hook.clone(), look::sight(run, scene));
                self.daemons.entry(daemon).or_insert_with(sight);
            }
        }
        if self.stuck >= MOST_STUCK && !self.over {
            let what = format!("{MOST_STUCK} hooks ran out of time or were killed: the rest was left out");
            self.lived.findings.push(Finding::of_files(Severity::Note, what));
            self.over = true;
        }
    }

    /// Tells of the processes that outlive the application, and ends them.
    fn tell_daemons(&mut self) {
        let Some(agents) = &self.agents else { return };
        let until = Instant::now() + GRACE;
        let mut left = daemon::of(agents);
        while !left.is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
            left = daemon::of(agents);
        }
        for daemon in left {
            let Some((hook, sight)) = self.daemons.remove(&daemon) else { continue };
            let what = match self.over {
                true => format!("leaves a process running: {}", daemon.command),
                false => format!("leaves a process running, also when the unit is removed: {}", daemon.command),
            };
            let sight = Sight { output: Vec::new(), ..sight };
            self.lived.findings.push(Finding::of_hook(Severity::Warning, what, &hook, sight));
        }
        daemon::kill(agents);
    }
}
