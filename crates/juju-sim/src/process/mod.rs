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
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Error;
use crate::command::{NAMES, Reply};
use crate::model::Place;
use crate::run::Ending;
use crate::world::shared::{MAX_LINE, Served, Shared, Stream};
use server::Server;
use wire::{Request, Response};

/// Juju: how long the agent waits for output that is left in the pipes after the exit.
const LEFTOVER: Duration = Duration::from_millis(100);
/// How many events may wait; a charm that prints faster than that has to wait itself.
const QUEUE: usize = 64;

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

    /// Runs the hook that `shared` holds, for so long at most. Juju: a charm that cannot be started is a hook that
    /// failed.
    pub(crate) fn execute(&self, shared: &RefCell<Shared>, limit: Duration) -> Ending {
        let number = shared.borrow().run.as_ref().map_or(0, |run| run.number);
        self.try_execute(shared, number, limit).unwrap_or_else(|error| {
            shared.borrow_mut().print(number, Stream::Err, &format!("cannot run the charm: {error}"));
            Ending::Exit(126)
        })
    }

    fn try_execute(&self, shared: &RefCell<Shared>, number: u64, limit: Duration) -> io::Result<Ending> {
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
        let (events, received) = mpsc::sync_channel(QUEUE);
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
        let status = Watch { shared, number, child: &mut child, events: &received, open, limit }.run();
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
        // The tools come last: a copy that broke off is made anew.
        if !place.tools_dir.exists() {
            copy_dir(&self.charm_dir, &place.charm_dir)?;
            fs::create_dir(&place.tools_dir)?;
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

/// What is around a hook's process while it runs.
struct Watch<'a> {
    shared: &'a RefCell<Shared>,
    number: u64,
    child: &'a mut Child,
    events: &'a Receiver<Event>,
    /// How many of its pipes are open.
    open: u32,
    limit: Duration,
}

impl Watch<'_> {
    /// Answers requests and logs output until the process has ended.
    fn run(mut self) -> io::Result<ExitStatus> {
        let started = Instant::now();
        let mut killed = false;
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.log_leftover();
                return Ok(status);
            }
            if !killed && started.elapsed() >= self.limit {
                self.shared.borrow_mut().end_overdue(self.number, self.limit);
                self.child.kill()?;
                killed = true;
            }
            // With both pipes closed the end is near.
            let pause = Duration::from_millis(if self.open == 0 { 1 } else { 20 });
            match self.events.recv_timeout(pause) {
                Ok(Event::Request(request, reply)) if !killed => match self.answer(&request) {
                    // The command may have been killed meanwhile.
                    Some(response) => drop(reply.send(response)),
                    None => {
                        self.child.kill()?;
                        killed = true;
                    }
                },
                Ok(event) => self.log(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(pause),
            }
        }
    }

    /// The response to a request; none when the process is to die.
    fn answer(&self, request: &Request) -> Option<Response> {
        let (cwd, stdin) = (Path::new(&request.dir), request.stdin.as_deref());
        match self.shared.borrow_mut().serve(self.number, &request.argv, cwd, stdin) {
            Served::Reply(Reply::Done(output)) => Some(Response::Done(output)),
            Served::Reply(Reply::NeedsStdin) => Some(Response::NeedsStdin),
            Served::Reply(Reply::Refused(text)) => Some(Response::Error(text)),
            Served::Absent => Some(Response::Error("bad request: unknown command".to_owned())),
            Served::Killed | Served::Ended => None,
        }
    }

    fn log(&mut self, event: Event) {
        match event {
            // From a process that has outlived the hook; dropping the request ends its connection.
            Event::Request(..) => {}
            Event::Output(stream, bytes) => self.shared.borrow_mut().output(self.number, stream, &bytes),
            Event::Closed => self.open = self.open.saturating_sub(1),
        }
    }

    /// Logs what is left in the pipes, for a moment: a background process may keep them open.
    fn log_leftover(&mut self) {
        let until = Instant::now() + LEFTOVER;
        while self.open > 0 {
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => self.log(event),
                Err(_) => return,
            }
            if Instant::now() >= until {
                return;
            }
        }
    }
}

fn read_lines(pipe: impl Read + Send + 'static, stream: Stream, events: SyncSender<Event>) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            match pipe.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line) {
                Ok(1..) if events.send(Event::Output(stream, line)).is_ok() => {}
                _ => break,
            }
        }
        // Nobody may be waiting any more.
        let _ = events.send(Event::Closed);
    });
}

/// Copies a directory; files keep their permissions, symbolic links stay what they are, and sockets, pipes and devices
/// are left out.
fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            copy_dir(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
