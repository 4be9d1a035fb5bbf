//! The door to a real charm: its executable, run as Juju runs it, with real hook commands.

pub(crate) mod client;
mod server;
mod wire;

use std::cell::RefCell;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Error;
use crate::command::{NAMES, Reply};
use crate::model::Place;
use crate::run::Ending;
use crate::world::shared::{Served, Shared, Stream};
use server::Server;
use wire::{Request, Response};

/// Juju: a longer line becomes several log messages.
const MAX_LINE: u64 = 4096;
/// Juju: how long the agent waits for output that is left in the pipes after the exit.
const LEFTOVER: Duration = Duration::from_millis(100);

/// Runs a charm directory's `dispatch`. Each unit has its own copy of the directory.
#[derive(Debug)]
pub(crate) struct ProcessDoor {
    charm_dir: PathBuf,
    tools: PathBuf,
    /// Only this user can enter it.
    base: TempDir,
}

/// What the threads around a hook's process tell the one that owns the model.
#[derive(Debug)]
enum Event {
    Request(Request, Sender<Response>),
    Output(Stream, Vec<u8>),
    Closed,
}

impl ProcessDoor {
    pub(crate) fn open(charm_dir: &Path, tools: &Path) -> Result<ProcessDoor, Error> {
        let dispatch = charm_dir.join("dispatch");
        let metadata = fs::metadata(&dispatch).map_err(Error::file("find", &dispatch))?;
        if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
            return Err(Error::Charm(format!("{} is not an executable file", dispatch.display())));
        }
        let absolute = |path: &Path| path.canonicalize().map_err(Error::file("find", path));
        let base = tempfile::Builder::new()
            .prefix("juju-sim-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()
            .map_err(Error::file("create a directory in", std::env::temp_dir()))?;
        Ok(ProcessDoor { charm_dir: absolute(charm_dir)?, tools: absolute(tools)?, base })
    }

    /// Runs the hook that `shared` holds. Juju: a charm that cannot be started is a hook that failed.
    pub(crate) fn execute(&self, shared: &Rc<RefCell<Shared>>) -> Ending {
        let number = shared.borrow().run.as_ref().map_or(0, |run| run.number);
        self.try_execute(shared, number).unwrap_or_else(|error| {
            shared.borrow_mut().print(number, Stream::Err, &format!("cannot run the charm: {error}"));
            Ending::Exit(126)
        })
    }

    fn try_execute(&self, shared: &RefCell<Shared>, number: u64) -> io::Result<Ending> {
        let (place, env, context_id) = {
            let shared = shared.borrow();
            let run = shared.run.as_ref().ok_or(io::ErrorKind::NotFound)?;
            let place = self.place(&run.running.unit)?;
            for name in NAMES {
                let link = place.tools_dir.join(name);
                match (run.is_absent(name), link.is_symlink()) {
                    (true, true) => fs::remove_file(link)?,
                    (false, false) => symlink(&self.tools, link)?,
                    _ => {}
                }
            }
            let env = shared.model.environment(&run.running, &place);
            (place, env, run.running.context_id.clone())
        };
        let (events, received) = mpsc::channel();
        let server = Server::start(&place.socket, &context_id, events.clone())?;
        let mut child = spawn(&place.charm_dir, env)?;
        let mut open = 0;
        if let Some(stdout) = child.stdout.take() {
            open += 1;
            read_lines(stdout, Stream::Out, events.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            open += 1;
            read_lines(stderr, Stream::Err, events);
        }
        let status = watch(shared, number, &mut child, &received, open);
        drop(server);
        let status = status?;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exit(code),
            (None, signal) => Ending::Signal(signal.unwrap_or_default()),
        })
    }

    /// A unit's directories, made at its first hook.
    fn place(&self, unit: &str) -> io::Result<Place> {
        let dir = self.base.path().join(format!("unit-{}", unit.replace('/', "-")));
        let place =
            Place { charm_dir: dir.join("charm"), tools_dir: dir.join("tools"), socket: dir.join("agent.socket") };
        if !dir.exists() {
            fs::create_dir_all(&place.tools_dir)?;
            copy_dir(&self.charm_dir, &place.charm_dir)?;
        }
        Ok(place)
    }
}

fn spawn(charm_dir: &Path, env: Vec<(String, String)>) -> io::Result<Child> {
    let mut command = Command::new(charm_dir.join("dispatch"));
    command.current_dir(charm_dir).env_clear().envs(env);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tries = 0;
    loop {
        match command.spawn() {
            // Another thread's child, between its fork and its exec, may still hold the fresh copy open for writing.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 100 => {
                tries += 1;
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// Answers requests and logs output until the process has ended.
fn watch(
    shared: &RefCell<Shared>,
    number: u64,
    child: &mut Child,
    events: &Receiver<Event>,
    mut open: u32,
) -> io::Result<ExitStatus> {
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        if ended.is_none() {
            ended = child.try_wait()?.map(|status| (status, Instant::now() + LEFTOVER));
        }
        // With both pipes closed the end is near.
        let mut pause = Duration::from_millis(if open == 0 { 1 } else { 20 });
        if let Some((status, until)) = ended {
            pause = until.saturating_duration_since(Instant::now());
            if open == 0 || pause.is_zero() {
                return Ok(status);
            }
        }
        match events.recv_timeout(pause) {
            Ok(Event::Request(request, reply)) if ended.is_none() => {
                let served = {
                    let (cwd, stdin) = (Path::new(&request.dir), request.stdin.as_deref());
                    shared.borrow_mut().serve(number, &request.argv, cwd, stdin)
                };
                let response = match served {
                    Served::Reply(Reply::Done(output)) => Response::Done(output),
                    Served::Reply(Reply::NeedsStdin) => Response::NeedsStdin,
                    Served::Reply(Reply::Refused(text)) => Response::Error(text),
                    Served::Absent => Response::Error("bad request: unknown command".to_owned()),
                    Served::Killed | Served::Ended => {
                        child.kill()?;
                        continue;
                    }
                };
                // The command may have been killed meanwhile.
                let _ = reply.send(response);
            }
            // From a process that has outlived the hook; dropping the reply ends its connection.
            Ok(Event::Request(..)) => {}
            Ok(Event::Output(stream, bytes)) => shared.borrow_mut().output(number, stream, &bytes),
            Ok(Event::Closed) => open = open.saturating_sub(1),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::sleep(pause),
        }
    }
}

fn read_lines(pipe: impl Read + Send + 'static, stream: Stream, events: Sender<Event>) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            match pipe.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                Ok(1..) if events.send(Event::Output(stream, line)).is_ok() => {}
                _ => break,
            }
        }
        // Nobody may be waiting any more.
        let _ = events.send(Event::Closed);
    });
}

/// Copies a directory with its permissions; symbolic links stay what they are.
fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            copy_dir(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
