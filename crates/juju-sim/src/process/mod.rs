//! The door to a real charm: its executables, run as Juju runs them, with real hook commands.

pub(crate) mod belongings;
pub(crate) mod client;
mod executable;
mod go;
mod ground;
mod group;
mod lines;
mod server;
pub(crate) mod shim;
pub(crate) mod tools;
mod watch;
pub(crate) mod wire;

use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use crate::SimError;
use crate::command::NAMES;
use crate::model::Place;
use crate::run::ProgramEnd;
use crate::systemd;
use crate::world::shared::Shared;
use ground::{Ground, Source};
use server::Server;
use watch::{Pipe, Watch};

/// What `juju-exec` runs commands by.
const SHELL: &str = "/bin/bash";

/// Runs the code of one revision of a charm. Each unit has its own copy of it.
#[derive(Debug)]
pub(crate) struct ProcessDoor {
    source: Rc<Source>,
    tools: PathBuf,
    ground: Rc<Ground>,
}

impl ProcessDoor {
    /// The door to the charm in `charm_dir`. Its name is for the error.
    pub(crate) fn open(charm: &str, charm_dir: &Path, tools: &Path) -> Result<ProcessDoor, SimError> {
        tools::check(tools)?;
        let tools = tools.canonicalize().map_err(SimError::file("find", tools))?;
        Ok(ProcessDoor { source: Rc::new(Source::open(charm, charm_dir)?), tools, ground: Rc::new(Ground::new()?) })
    }

    /// The same as the door to the revision that comes after another one. The units keep their directories, and what
    /// the charm has made in them.
    pub(crate) fn after(&self, before: &ProcessDoor) -> ProcessDoor {
        ProcessDoor { source: self.source.clone(), tools: self.tools.clone(), ground: before.ground.clone() }
    }

    /// A unit's directories, made when they are first asked for.
    pub(crate) fn place(&self, unit: &str) -> io::Result<Place> {
        self.ground.place(unit, &self.source)
    }

    /// The directory that has those of the units.
    #[cfg(feature = "cli")]
    pub(crate) fn agents_dir(&self) -> &Path {
        self.ground.belongings().path()
    }

    /// Runs the hook or action that `shared` holds, for so long at most.
    pub(crate) fn execute(&self, shared: &RefCell<Shared>, limit: Duration) -> ProgramEnd {
        let ended = self.try_execute(shared, limit);
        self.ground.belongings().ended();
        // What goes wrong here is not the charm's fault, and there is no other way to tell of it.
        ended.unwrap_or_else(|error| ProgramEnd::Unstarted(format!("juju-sim: cannot run the charm: {error}")))
    }

    fn try_execute(&self, shared: &RefCell<Shared>, limit: Duration) -> io::Result<ProgramEnd> {
        let (number, place, env, context_id, args, commands) = {
            let shared = shared.borrow();
            let run = shared.run.as_ref().ok_or(io::ErrorKind::NotFound)?;
            let place = self.place(&run.running.unit)?;
            for name in NAMES.iter().chain(systemd::NAMES) {
                let link = place.tools_dir.join(name);
                // Behind those of systemd are real ones, which are not to be found instead.
                match (run.is_absent(name) && !systemd::is_known(name), link.is_symlink()) {
                    (true, true) => fs::remove_file(link)?,
                    (false, false) => symlink(&self.tools, link)?,
                    _ => {}
                }
            }
            let env = shared.model.environment(&run.running, &place);
            let commands = run.running.fired.as_ref().map(|fired| fired.exec.commands.clone());
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
        let belongings = self.ground.belongings();
        let mut child = match belongings.spawn(&mut command) {
            Ok(child) => child,
            Err(error) => return Ok(ProgramEnd::Unstarted(executable::not_started(&program, &go::words(&error)))),
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
        if !place.charm_dir.is_dir() || (self.source.has(METADATA) && !present) {
            return Err(executable::NO_CHARM.to_owned());
        }
        let path = env.iter().find(|(name, _)| *name == "JUJU_DISPATCH_PATH").map_or("", |(_, path)| path);
        executable::find(&place.charm_dir, path)
    }
}
