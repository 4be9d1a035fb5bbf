use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;

/// One run of a hook command: its name, its arguments, what it reads on standard input.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The name of the hook command, such as `relation-get`.
    pub command: &'static str,
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
pub trait Transport {
    /// Runs one hook command to its end.
    ///
    /// # Errors
    /// The command could not be started, or its output could not be read or is beyond all measure.
    fn call(&self, call: &Call) -> io::Result<Output>;

    /// Runs commands that do not depend on each other; one answer for each, in their order. May run several at once.
    fn call_all(&self, calls: &[Call]) -> Vec<io::Result<Output>> {
        calls.iter().map(|call| self.call(call)).collect()
    }

    /// Writes one line that Juju logs at DEBUG: standard output.
    fn debug(&self, line: &str);

    /// Writes one line that Juju logs at WARNING: standard error. For what cannot be said through `juju-log`.
    fn complain(&self, line: &str);
}

/// The transport of a real charm: executables that Juju put on `PATH`, started without a shell.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Processes;

/// The most that a hook command may print. A databag has to fit a 16 MiB document in Juju's database.
const OUTPUT_LIMIT: u64 = 32 << 20;
/// How many hook commands are started side by side. Juju answers one at a time; starting them is the slow part.
const AT_ONCE: usize = 8;

impl Call {
    /// A run of a hook command, for those that [`hook_command`](crate::hook_command) does not have.
    pub fn new<const N: usize>(command: &'static str, args: [&str; N]) -> Self {
        Self { command, args: args.map(str::to_owned).into(), stdin: None }
    }

    /// The same with something to read.
    #[must_use]
    pub fn with_stdin(self, stdin: impl Into<Vec<u8>>) -> Self {
        Self { stdin: Some(stdin.into()), ..self }
    }
}

impl Transport for Processes {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let mut child = Command::new(call.command)
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
            let stderr = scope.spawn(|| read_bounded(stderr));
            let stdout = read_bounded(stdout);
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

    fn call_all(&self, calls: &[Call]) -> Vec<io::Result<Output>> {
        calls
            .chunks(AT_ONCE)
            .flat_map(|chunk| {
                thread::scope(|scope| {
                    let running: Vec<_> = chunk.iter().map(|call| scope.spawn(|| self.call(call))).collect();
                    let join = |thread: thread::ScopedJoinHandle<'_, io::Result<Output>>| {
                        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that ran it failed")))
                    };
                    running.into_iter().map(join).collect::<Vec<_>>()
                })
            })
            .collect()
    }

    fn debug(&self, line: &str) {
        // A closed standard output is no reason to fail a hook.
        drop(writeln!(io::stdout(), "{line}"));
    }

    fn complain(&self, line: &str) {
        drop(writeln!(io::stderr(), "{line}"));
    }
}

fn read_bounded(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > OUTPUT_LIMIT {
        return Err(io::Error::other(format!("printed more than {} MiB", OUTPUT_LIMIT >> 20)));
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
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Processes.call(&Call { command, args, stdin: stdin.map(<[u8]>::to_vec) })
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
        assert_eq!(error.to_string(), "printed more than 32 MiB");
    }

    #[test]
    fn answers_keep_the_order_of_the_calls() {
        let calls: Vec<Call> = (0..20).map(|n| Call::new("echo", [&n.to_string()])).collect();
        let answers: Vec<Vec<u8>> = Processes.call_all(&calls).into_iter().map(|o| o.unwrap().stdout).collect();
        let expected: Vec<Vec<u8>> = (0..20).map(|n| format!("{n}\n").into_bytes()).collect();
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_call_is_shown_without_its_input() {
        let call = Call { stdin: Some(b"password".to_vec()), ..Call::new("state-set", ["--file", "-"]) };
        assert_eq!(format!("{call:?}"), "state-set --file - < 8 bytes");
    }
}
