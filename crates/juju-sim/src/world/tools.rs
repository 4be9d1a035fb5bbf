use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use super::shared::{Served, Shared, Stream, failure};
use crate::command::{Reply, ToolOutput};

/// What a charm's process gets: its environment, the time, and the hook commands.
///
/// ```
/// use juju_sim::{Charm, Invocation, ProgramEnd, Revision, World};
///
/// fn hello(charm: Invocation) -> ProgramEnd {
///     if charm.var("JUJU_HOOK_NAME") == Some("start") {
///         charm.tools.call(&["status-set", "active"], None);
///     }
///     ProgramEnd::Exit(0)
/// }
///
/// let mut juju = World::new(0);
/// juju.deploy("hello", Revision::in_process(Charm::parse("name: hello", None, None)?, hello))?;
/// juju.settle()?;
/// assert_eq!(juju.status("hello/0"), ("active", ""));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug)]
pub struct Invocation {
    /// The arguments: none in hooks and actions.
    pub args: Vec<String>,
    /// The whole environment; nothing else is inherited.
    pub env: Vec<(&'static str, String)>,
    /// The model's time.
    pub now: SystemTime,
    /// The hook commands.
    pub tools: Tools,
}

impl Invocation {
    /// The value of an environment variable; none where it is not set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str())
    }
}

/// The hook commands of one running hook. After its end they refuse to work.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// let charm = Charm::parse("name: hello", None, None)?;
/// let hello = Revision::in_process(charm, |charm| {
///     let set = charm.tools.call(&["state-set", "--file", "-"], Some(b"colour: blue"));
///     charm.tools.stdout(&format!("state-set gave {}", set.code)); // Juju logs it
///     ProgramEnd::Exit(set.code)
/// });
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", hello)?;
/// let run = juju.step().expect("install is due");
/// assert_eq!(run.log().collect::<Vec<_>>(), [("DEBUG", "state-set gave 0")]);
/// assert_eq!(juju.state("hello/0")["colour"], "blue");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tools {
    pub(super) shared: Rc<RefCell<Shared>>,
    pub(super) run: u64,
    pub(super) cwd: PathBuf,
}

impl Tools {
    /// Runs the hook command `argv[0]`; `stdin` is read only if the command asks for it.
    ///
    /// A command that does not exist gives what a shell gives: code 127. Of other commands than hook commands there are
    /// `systemd-run` and `systemctl`, for the [timers](crate::World::timers) that run `juju-exec`.
    pub fn call(&self, argv: &[impl AsRef<str>], stdin: Option<&[u8]>) -> ToolOutput {
        let argv: Vec<String> = argv.iter().map(|arg| arg.as_ref().to_owned()).collect();
        self.run(&argv, stdin)
    }

    fn run(&self, argv: &[String], stdin: Option<&[u8]>) -> ToolOutput {
        let mut shared = self.shared.borrow_mut();
        let first = shared.serve(self.run, argv, &self.cwd, None);
        let served = match first {
            Served::Reply(Reply::NeedsStdin) => {
                shared.serve(self.run, argv, &self.cwd, Some(stdin.unwrap_or_default()))
            }
            served => served,
        };
        match served {
            Served::Reply(Reply::Done(output)) => output,
            Served::Reply(Reply::Refused(text)) => failure(1, &text),
            Served::Reply(Reply::NeedsStdin) => failure(1, "hook tool requires stdin, none supplied"),
            Served::Absent | Served::Elsewhere => {
                let name = argv.first().map_or("", String::as_str);
                let stderr = format!("{name}: command not found\n").into_bytes();
                ToolOutput { code: 127, stdout: Vec::new(), stderr }
            }
            Served::Killed => ToolOutput { code: 137, ..ToolOutput::default() },
            Served::Ended => failure(1, "connection refused"),
        }
    }

    /// What a process of this charm has last noted on the unit's own disk: a file beside the charm, which no
    /// executable needs these functions for.
    ///
    /// It outlives the hook, whether that is committed or not, and goes with the unit. It is of one revision of the
    /// charm: the next one finds none. Forks and kept models have it.
    ///
    /// ```
    /// # use juju_sim::{Charm, ProgramEnd, Revision, World};
    /// # let charm = Charm::parse("name: hello", None, None)?;
    /// let hello = Revision::in_process(charm, |charm| match charm.tools.note() {
    ///     Some(_) => ProgramEnd::Exit(0),
    ///     None => ProgramEnd::Exit(charm.tools.set_note(Some(b"tried")).map_or(2, |()| 1)),
    /// });
    /// # let mut juju = World::new(0);
    /// # juju.deploy("hello", hello)?;
    /// juju.settle()?; // install fails, and is run again
    /// assert_eq!(juju.runs().iter().filter(|run| run.hook == "install").count(), 2);
    /// # Ok::<(), juju_sim::SimError>(())
    /// ```
    pub fn note(&self) -> Option<Vec<u8>> {
        let shared = self.shared.borrow();
        let unit = shared.model.unit(shared.living_unit(self.run)?).ok()?;
        unit.note().map(<[u8]>::to_owned)
    }

    /// Notes something in place of what was noted, or removes it.
    ///
    /// # Errors
    /// The process was killed, or its hook has ended.
    pub fn set_note(&self, note: Option<&[u8]>) -> io::Result<()> {
        let mut shared = self.shared.borrow_mut();
        let name = shared.living_unit(self.run).map(str::to_owned).ok_or(io::ErrorKind::BrokenPipe)?;
        shared.model.unit_mut(&name).map_err(io::Error::other)?.set_note(note);
        Ok(())
    }

    /// A line that the process prints on its standard output; Juju logs it at `DEBUG`.
    pub fn stdout(&self, line: &str) {
        self.shared.borrow_mut().print(self.run, Stream::Out, line);
    }

    /// A line that the process prints on its standard error; Juju logs it at `WARNING`.
    pub fn stderr(&self, line: &str) {
        self.shared.borrow_mut().print(self.run, Stream::Err, line);
    }
}
