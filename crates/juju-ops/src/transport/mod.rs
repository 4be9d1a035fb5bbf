//! How hook commands are run: what that is, and the two ways there are.

mod agent;
mod connection;
mod processes;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;

pub use agent::{AgentTransport, Via};
pub use processes::Processes;

/// One run of a hook command: its name, its arguments, what it reads on standard input.
///
/// What a [`Transport`] is given. To run a command and have its answer checked and read, use
/// [`hook_command`](crate::hook_command), which has [`other`](crate::hook_command::other) for those that it does not
/// know.
///
/// ```
/// let call = juju_ops::Call::new("state-set", ["--file", "-"]).with_stdin("password: hunter2");
/// assert_eq!(format!("{call:?}"), "state-set --file - < 17 bytes");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The name of the hook command, such as `relation-get`.
    pub command: Cow<'static, str>,
    /// The arguments, without the name.
    pub args: Vec<String>,
    /// What the command reads; `None`: nothing is offered.
    pub stdin: Option<Vec<u8>>,
}

/// What one run of a hook command gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How the process ended.
    pub ending: Ending,
    /// What it wrote on standard output.
    pub stdout: Vec<u8>,
    /// What it wrote on standard error.
    pub stderr: Vec<u8>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// How hook commands are run: arguments and standard input in, bytes and exit code out.
///
/// The right way is to run exactly the command given, once, and to report what it gave, good or bad. A transport
/// does not retry and does not interpret: exit codes and texts are read in one place, by this crate. An `Err` means
/// that the command could not be run at all.
///
/// ```
/// use juju_ops::{Call, Ending, Output, Transport, hook_command};
///
/// /// A Juju in which every unit leads.
/// struct Leading;
///
/// impl Transport for Leading {
///     fn call(&self, _: &Call) -> std::io::Result<Output> {
///         Ok(Output { ending: Ending::Exited(0), stdout: b"true\n".to_vec(), stderr: Vec::new() })
///     }
///     fn debug(&self, _: &str) {}
///     fn complain(&self, _: &str) {}
/// }
///
/// assert!(hook_command::is_leader().run(&Leading)?);
/// # Ok::<(), juju_ops::Error>(())
/// ```
pub trait Transport {
    /// Runs one hook command to its end.
    ///
    /// # Errors
    /// The command could not be started, or its output could not be read or is beyond all measure.
    fn call(&self, call: &Call) -> io::Result<Output>;

    /// Runs commands that do not depend on each other, maybe several at once, and hands over each one's answer, with
    /// its index in `calls`, as soon as it is there: in any order, once each, on the thread of the caller.
    ///
    /// The right way holds few answers at a time, however many calls there are: an answer can take 96 MiB.
    fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
        for (index, call) in calls.iter().enumerate() {
            answer(index, self.call(call));
        }
    }

    /// Writes one line that Juju logs at DEBUG: standard output.
    fn debug(&self, line: &str);

    /// Writes one line that Juju logs at WARNING: standard error. For what cannot be said through `juju-log`.
    fn complain(&self, line: &str);

    /// What an earlier dispatch has noted on the unit's own disk, beside the charm; none where nothing was.
    ///
    /// The framework notes which statuses the charm has set, to know without a hook command that nothing changed. The
    /// right way gives a note only to the program that wrote it, as it was installed, until the machine is started
    /// anew: it is taken for true, within bounds. Without such a place, as here, Juju is asked.
    ///
    /// # Errors
    /// What is there cannot be read. It counts as none.
    fn note(&self, charm_dir: &Path) -> io::Result<Option<Vec<u8>>> {
        let _ = charm_dir;
        Ok(None)
    }

    /// Notes something in place of what was noted, whole or not at all; `None` removes it. It takes effect at once,
    /// whatever becomes of the hook.
    ///
    /// # Errors
    /// It cannot be written, or cannot be removed; [`Unsupported`](io::ErrorKind::Unsupported), as here: there is no
    /// place for it.
    fn set_note(&self, charm_dir: &Path, note: Option<&[u8]>) -> io::Result<()> {
        let _ = (charm_dir, note);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The most that a hook command may print. A databag has to fit a 16 MiB document in Juju's database, and in Juju's
/// JSON one byte can take six (`\u003c`); the rest is for what is around them.
pub(crate) const OUTPUT_LIMIT: usize = 100 << 20;

impl Call {
    /// A run of a hook command.
    ///
    /// ```
    /// # use juju_ops::Call;
    /// let ports = ["80/tcp".to_owned(), "--endpoints=web".to_owned()];
    /// assert_eq!(format!("{:?}", Call::new("open-port", ports)), "open-port 80/tcp --endpoints=web");
    /// ```
    pub fn new(command: impl Into<Cow<'static, str>>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { command: command.into(), args: args.into_iter().map(Into::into).collect(), stdin: None }
    }

    /// The same with something to read.
    #[must_use]
    pub fn with_stdin(self, stdin: impl Into<Vec<u8>>) -> Self {
        Self { stdin: Some(stdin.into()), ..self }
    }
}

/// One call, for transports that are made for several.
fn call_alone(transport: &impl Transport, call: &Call) -> io::Result<Output> {
    let mut answered = None;
    transport.call_each(std::slice::from_ref(call), &mut |_, output| answered = Some(output));
    answered.unwrap_or_else(|| Err(io::Error::other("no answer")))
}

/// Shows the command and its arguments, and of the input only its size: values may be private.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.command, self.args.join(" "))?;
        match &self.stdin {
            Some(stdin) => write!(f, " < {} bytes", stdin.len()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_without_its_input() {
        let call = Call { stdin: Some(b"password".to_vec()), ..Call::new("state-set", ["--file", "-"]) };
        assert_eq!(format!("{call:?}"), "state-set --file - < 8 bytes");
    }
}
