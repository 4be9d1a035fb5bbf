use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use crate::note;

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

/// The transport of a real charm: executables that Juju put on `PATH`, started without a shell.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Processes;

/// The most that a hook command may print. A databag has to fit a 16 MiB document in Juju's database, and in Juju's
/// JSON one byte can take six (`\u003c`); the rest is for what is around them.
pub(crate) const OUTPUT_LIMIT: usize = 100 << 20;
/// How much of a command's output is read whatever else runs; of the commands that print more, one at a time.
const SMALL: usize = 1 << 20;
/// How many hook commands are started side by side. Juju answers one at a time; starting them is the slow part.
const AT_ONCE: usize = 8;

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

impl Transport for Processes {
    fn call(&self, call: &Call) -> io::Result<Output> {
        run(call, &mut Turn::default())
    }

    fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
        let (next, large) = (AtomicUsize::new(0), Mutex::new(()));
        thread::scope(|scope| {
            // Without room: who has sent knows that it was received.
            let (sender, receiver) = mpsc::sync_channel(0);
            for _ in 0..AT_ONCE.min(calls.len()) {
                let (sender, next, large) = (sender.clone(), &next, &large);
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(call) = calls.get(index) else { return };
                        let mut turn = Turn { lock: Some(large), held: None };
                        let output = run(call, &mut turn);
                        let mut sent = sender.send(Some((index, output)));
                        if turn.held.is_some() {
                            // Received, so the answer before it was dealt with, and its memory is free again.
                            sent = sent.and_then(|()| sender.send(None));
                        }
                        if sent.is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (index, output) in receiver.into_iter().flatten() {
                answer(index, output);
            }
        });
    }

    fn debug(&self, line: &str) {
        // A closed standard output is no reason to fail a hook.
        drop(writeln!(io::stdout(), "{line}"));
    }

    fn complain(&self, line: &str) {
        drop(writeln!(io::stderr(), "{line}"));
    }

    fn note(&self, charm_dir: &Path) -> io::Result<Option<Vec<u8>>> {
        note::read(charm_dir)
    }

    fn set_note(&self, charm_dir: &Path, note: Option<&[u8]>) -> io::Result<()> {
        match note {
            Some(note) => note::write(charm_dir, note),
            None => note::remove(charm_dir),
        }
    }
}

/// The right to hold a large output, which one command has at a time.
#[derive(Default)]
struct Turn<'a> {
    /// None: nothing else runs.
    lock: Option<&'a Mutex<()>>,
    held: Option<MutexGuard<'a, ()>>,
}

impl Turn<'_> {
    fn take(&mut self) {
        self.held = self.lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn run(call: &Call, turn: &mut Turn<'_>) -> io::Result<Output> {
    let mut child = Command::new(&*call.command)
        .args(&call.args)
        .stdin(if call.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdin = child.stdin.take().zip(call.stdin.as_deref());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = thread::scope(|scope| {
        // A command that fails early does not read its input; its own error tells more than the broken pipe.
        let writer = stdin.map(|(mut pipe, input)| scope.spawn(move || drop(pipe.write_all(input))));
        let stderr = scope.spawn(|| read_bounded(stderr, SMALL, &mut Turn::default()));
        let stdout = read_bounded(stdout, OUTPUT_LIMIT, turn);
        if stdout.is_err() {
            // Nobody reads on: without this a command that prints for ever would never end.
            drop(child.kill());
        }
        drop(writer);
        (stdout, stderr.join().unwrap_or_else(|_| Err(io::Error::other("reading standard error failed"))))
    });
    let status = child.wait()?;
    let ending = match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Killed(signal.unwrap_or(0)),
    };
    Ok(Output { ending, stdout: stdout?, stderr: stderr? })
}

fn read_bounded(pipe: Option<impl Read>, limit: usize, turn: &mut Turn<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let first = SMALL.min(limit);
        let mut read = |most: usize| pipe.by_ref().take(most as u64).read_to_end(&mut bytes);
        if read(first)? == first {
            turn.take();
            read(limit + 1 - first)?;
        }
    }
    if bytes.len() > limit {
        let text = format!("printed more than {} MiB", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
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

    fn run(command: &'static str, args: &[&str], stdin: Option<&[u8]>) -> io::Result<Output> {
        Processes.call(&Call { stdin: stdin.map(<[u8]>::to_vec), ..Call::new(command, args.iter().copied()) })
    }

    fn run_each(calls: &[Call]) -> Vec<io::Result<Output>> {
        let mut answers: Vec<(usize, io::Result<Output>)> = Vec::new();
        Processes.call_each(calls, &mut |index, output| answers.push((index, output)));
        answers.sort_by_key(|(index, _)| *index);
        assert!(answers.iter().map(|(index, _)| *index).eq(0..calls.len()));
        answers.into_iter().map(|(_, output)| output).collect()
    }

    #[test]
    fn bytes_go_in_and_come_out() {
        let input = vec![7_u8; 1 << 20];
        let output = run("cat", &["-"], Some(&input)).unwrap();
        assert_eq!((output.ending, output.stdout.len()), (Ending::Exited(0), input.len()));
    }

    #[test]
    fn a_command_that_does_not_read_its_input_ends_well() {
        assert_eq!(run("true", &[], Some(&vec![0; 1 << 20])).unwrap().ending, Ending::Exited(0));
    }

    #[test]
    fn an_absent_command_is_an_error() {
        assert_eq!(run("no-such-hook-command", &[], None).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_signal_is_told_from_an_exit_code() {
        let output = run("sh", &["-c", "kill -KILL $$"], None).unwrap();
        assert_eq!(output.ending, Ending::Killed(9));
        assert_eq!(run("sh", &["-c", "exit 3"], None).unwrap().ending, Ending::Exited(3));
    }

    #[test]
    fn output_without_end_is_cut_off() {
        let error = run("cat", &["/dev/zero"], None).unwrap_err();
        assert_eq!(error.to_string(), "printed more than 100 MiB");
    }

    #[test]
    fn each_call_has_its_answer() {
        let calls: Vec<Call> = (0..20).map(|n| Call::new("echo", [n.to_string()])).collect();
        let answers: Vec<Vec<u8>> = run_each(&calls).into_iter().map(|output| output.unwrap().stdout).collect();
        let expected: Vec<Vec<u8>> = (0..20).map(|n| format!("{n}\n").into_bytes()).collect();
        assert_eq!(answers, expected);
        assert!(run_each(&[]).is_empty());
        assert!(run_each(&[Call::new("no-such-hook-command", ["x"]), Call::new("true", ["x"])])[0].is_err());
    }

    #[test]
    fn large_answers_are_held_one_at_a_time() {
        // Each holds its turn until it was dealt with: the next one has not been read by then.
        let calls = vec![Call::new("head", ["-c", "3000000", "/dev/zero"]); 12];
        let mut total = 0;
        Processes.call_each(&calls, &mut |_, output| total += output.unwrap().stdout.len());
        assert_eq!(total, 12 * 3_000_000);
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn who_panics_over_an_answer_leaves_nothing_behind() {
        Processes.call_each(&vec![Call::new("echo", ["x"]); 20], &mut |_, _| panic!("on purpose"));
    }

    #[test]
    fn a_call_is_shown_without_its_input() {
        let call = Call { stdin: Some(b"password".to_vec()), ..Call::new("state-set", ["--file", "-"]) };
        assert_eq!(format!("{call:?}"), "state-set --file - < 8 bytes");
    }
}
