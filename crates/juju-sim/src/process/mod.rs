//! The door to a real charm: its executables, run as Juju runs them, with real hook commands.

pub(crate) mod belongings;
/// The program of the hook commands as it is called.
#[cfg(test)]
mod called;
mod conversation;
mod executable;
pub(crate) mod ground;
mod group;
mod lines;
pub(crate) mod orphans;
#[cfg(test)]
mod recorded;
pub(crate) mod server;
mod watch;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use jujuc::words;

use crate::SimError;
use crate::command::NAMES;
use crate::model::Place;
use crate::run::ProgramEnd;
use crate::systemd;
use crate::world::shared::Shared;
pub(crate) use ground::Copies;
use ground::{Ground, Source};
use server::Server;
use watch::{Pipe, Watch};

/// What `juju-exec` runs commands by.
const SHELL: &str = "/bin/bash";

/// Runs the code of one revision of a charm. Each unit has its own copy of it.
#[derive(Debug)]
pub(crate) struct ProcessDoor {
    charm: String,
    dir: PathBuf,
    /// Read when it is first needed.
    source: OnceCell<Rc<Source>>,
    ground: Rc<Ground>,
}

impl ProcessDoor {
    /// The door to the charm in `charm_dir`. Its name is for the error.
    pub(crate) fn open(charm: &str, charm_dir: &Path) -> Result<ProcessDoor, SimError> {
        let source = OnceCell::from(Rc::new(Source::open(charm, charm_dir)?));
        let (charm, dir) = (charm.to_owned(), charm_dir.to_owned());
        Ok(ProcessDoor { charm, dir, source, ground: Rc::new(Ground::new()?) })
    }

    /// The door to a charm that was deployed before, of which nothing is read yet.
    #[cfg(feature = "cli")]
    pub(crate) fn to_deployed(charm: &str, charm_dir: &Path, ground: &Rc<Ground>) -> ProcessDoor {
        let (charm, dir) = (charm.to_owned(), charm_dir.to_owned());
        ProcessDoor { charm, dir, source: OnceCell::new(), ground: ground.clone() }
    }

    /// The same as the door to the revision that comes after another one. The units keep their directories, and what
    /// the charm has made in them.
    pub(crate) fn after(&self, before: &ProcessDoor) -> ProcessDoor {
        self.on(before.ground.clone())
    }

    /// The same on other ground.
    fn on(&self, ground: Rc<Ground>) -> ProcessDoor {
        let (charm, dir) = (self.charm.clone(), self.dir.clone());
        ProcessDoor { charm, dir, source: self.source.clone(), ground }
    }

    fn source(&self) -> io::Result<&Rc<Source>> {
        if let Some(source) = self.source.get() {
            return Ok(source);
        }
        let source = Source::open(&self.charm, &self.dir).map_err(io::Error::other)?;
        Ok(self.source.get_or_init(|| Rc::new(source)))
    }

    /// Whether one script is run for all hooks.
    pub(crate) fn has_dispatch(&self) -> bool {
        self.source().is_ok_and(|source| source.has("dispatch"))
    }

    /// The same for a model that goes on on its own, whose units have copies of the directories.
    pub(crate) fn fork(&self, copies: &mut Copies) -> ProcessDoor {
        self.on(copies.of(&self.ground))
    }

    /// A unit's directories, made when they are first asked for.
    pub(crate) fn place(&self, unit: &str) -> io::Result<Place> {
        self.ground.place(unit, self.source()?)
    }

    /// The directory that has those of the units.
    #[cfg(feature = "cli")]
    pub(crate) fn agents_dir(&self) -> io::Result<PathBuf> {
        self.ground.dir().map(Path::to_owned)
    }

    /// Runs the hook or action that `shared` holds, for so long at most.
    pub(crate) fn execute(
        &self,
        shared: &RefCell<Shared>,
        limit: Duration,
        variables: &BTreeMap<String, String>,
    ) -> ProgramEnd {
        let ended = self.try_execute(shared, limit, variables);
        if let Ok(belongings) = self.ground.belongings() {
            belongings.ended();
        }
        // What goes wrong here is not the charm's fault, and there is no other way to tell of it.
        ended.unwrap_or_else(|error| ProgramEnd::Unstarted(format!("juju-sim: cannot run the charm: {error}")))
    }

    fn try_execute(
        &self,
        shared: &RefCell<Shared>,
        limit: Duration,
        variables: &BTreeMap<String, String>,
    ) -> io::Result<ProgramEnd> {
        let (number, place, env, context_id, args, commands) = {
            let shared = shared.borrow();
            let run = shared.run.as_ref().ok_or(io::ErrorKind::NotFound)?;
            // Behind those of systemd are real ones, which are not to be found instead.
            let is_absent = |name: &&str| run.is_absent(name) && !systemd::is_known(name);
            let tools_dir = self.ground.tools(NAMES.iter().copied().filter(is_absent).collect())?;
            let place = Place { tools_dir, ..self.place(&run.running.unit)? };
            let env = shared.model.environment(&run.running, &place);
            let commands = run.running.commands().map(str::to_owned);
            (run.number, place, env, run.running.context_id.clone(), run.running.args.clone(), commands)
        };
        let (program, args) = match commands {
            // Juju gives them to the shell, in the charm's directory.
            Some(commands) => (PathBuf::from(SHELL), vec!["-c".to_owned(), commands]),
            None => match self.program(&place, &env) {
                Ok(Some(program)) => (program, args),
                Ok(None) => return Ok(ProgramEnd::Missing),
                Err(why) => return Ok(ProgramEnd::Unstarted(why)),
            },
        };
        let (_server, questions) = Server::start(&place.socket, &context_id)?;
        // Juju: the absolute path, no arguments in hooks and actions, and nothing of the agent's own environment.
        let mut command = Command::new(&program);
        command.args(args).current_dir(&place.charm_dir).env_clear().envs(env);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(variables);
        let belongings = self.ground.belongings()?;
        let mut child = match belongings.spawn(&mut command) {
            Ok(child) => child,
            Err(error) => return Ok(ProgramEnd::Unstarted(executable::not_started(&program, &words(&error)))),
        };
        let watched = Pipe::of(&mut child).and_then(|pipes| {
            Watch { shared, number, child: &mut child, belongings, questions: &questions, limit, pipes }.run()
        });
        if watched.is_err() {
            belongings.kill(&mut child);
            child.wait()?;
        }
        let status = watched?;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => ProgramEnd::Exit(code),
            (None, signal) => ProgramEnd::Signal(signal.unwrap_or_default()),
        })
    }

    /// What runs; none where the charm has no file for the hook or action.
    fn program(&self, place: &Place, env: &[(&str, String)]) -> Result<Option<PathBuf>, String> {
        const METADATA: &str = "metadata.yaml";
        let present = place.charm_dir.join(METADATA).exists();
        // In tests the charm's metadata need not be a file. In Juju it always is, and a charm may have removed it.
        if !place.charm_dir.is_dir() || (self.source.get().is_some_and(|source| source.has(METADATA)) && !present) {
            return Err(executable::NO_CHARM.to_owned());
        }
        let path = env.iter().find(|(name, _)| *name == "JUJU_DISPATCH_PATH").map_or("", |(_, path)| path);
        executable::find(&place.charm_dir, path)
    }
}
