use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};

use super::{Call, Ending, OUTPUT_LIMIT, Output, Transport};
use crate::note;

/// Hook commands as executables, which Juju has put on `PATH`, started without a shell: the way that is documented.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Processes;

/// How much of a command's output is read whatever else runs; of the commands that print more, one at a time.
const SMALL: usize = 1 << 20;
/// How many hook commands are started side by side. Juju answers one at a time; starting them is the slow part.
const AT_ONCE: usize = 8;
/// How much is read at once.
const CHUNK: usize = 64 << 10;

impl Transport for Processes {
    fn call(&self, call: &Call) -> io::Result<Output> {
        super::call_alone(self, call)
    }

    fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
        let (mut next, mut running) = (0, Vec::with_capacity(AT_ONCE.min(calls.len())));
        // Which of them holds a large output, until it was dealt with.
        let mut large = None;
        loop {
            while let Some(call) = calls.get(next).filter(|_| running.len() < AT_ONCE) {
                match Running::start(next, call) {
                    Ok(started) => running.push(started),
                    Err(error) => answer(next, Err(error)),
                }
                next += 1;
            }
            if running.is_empty() {
                return;
            }
            if let Err(error) = advance(&mut running, &mut large) {
                for it in running.drain(..) {
                    answer(it.index, Err(io::Error::new(error.kind(), error.to_string())));
                }
                continue;
            }
            while let Some(at) = running.iter().position(Running::is_done) {
                let ended = running.remove(at);
                let index = ended.index;
                answer(index, ended.end());
                if large == Some(index) {
                    large = None;
                }
            }
        }
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

/// A hook command that runs. It is killed and waited for where this is dropped before its end.
struct Running<'a> {
    index: usize,
    child: Child,
    stdin: Option<(ChildStdin, &'a [u8])>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: Vec<u8>,
    err: Vec<u8>,
    flaw: Option<io::Error>,
}

#[derive(Clone, Copy)]
enum Pipe {
    In,
    Out,
    Err,
}

impl<'a> Running<'a> {
    fn start(index: usize, call: &'a Call) -> io::Result<Self> {
        let mut child = Command::new(&*call.command)
            .args(&call.args)
            .stdin(if call.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().zip(call.stdin.as_deref());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut it = Self { index, child, stdin, stdout, stderr, out: Vec::new(), err: Vec::new(), flaw: None };
        if let Some((pipe, _)) = &it.stdin
            && let Err(error) = ioctl_fionbio(pipe, true)
        {
            it.fail(error.into());
        }
        Ok(it)
    }

    fn is_done(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none()
    }

    /// Nobody reads on: without a kill, a command that prints for ever would never end.
    fn fail(&mut self, error: io::Error) {
        drop(self.child.kill());
        (self.stdin, self.stdout, self.stderr) = (None, None, None);
        self.flaw.get_or_insert(error);
    }

    /// Does what can be done with a pipe.
    fn advance(&mut self, pipe: Pipe) {
        let read = match pipe {
            Pipe::In => return self.write(),
            Pipe::Out => read(&mut self.stdout, &mut self.out, OUTPUT_LIMIT),
            Pipe::Err => read(&mut self.stderr, &mut self.err, SMALL),
        };
        if let Err(error) = read {
            self.fail(error);
        }
    }

    fn write(&mut self) {
        let Some((pipe, left)) = &mut self.stdin else { return };
        match pipe.write(left) {
            Ok(length) => {
                *left = left.get(length..).unwrap_or_default();
                if left.is_empty() {
                    self.stdin = None;
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // A command that fails early does not read its input; its own error tells more than the broken pipe.
            Err(_) => self.stdin = None,
        }
    }

    fn end(mut self) -> io::Result<Output> {
        // It may wait for the end of what it reads.
        self.stdin = None;
        let status = self.child.wait()?;
        if let Some(flaw) = self.flaw.take() {
            return Err(flaw);
        }
        let ending = match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, signal) => Ending::Killed(signal.unwrap_or(0)),
        };
        Ok(Output { ending, stdout: std::mem::take(&mut self.out), stderr: std::mem::take(&mut self.err) })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Of one that was waited for nothing is left to be killed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until something can be read or written, and does it.
fn advance(running: &mut [Running<'_>], large: &mut Option<usize>) -> io::Result<()> {
    if large.is_none() {
        *large = running.iter().find(|it| it.stdout.is_some() && it.out.len() >= SMALL).map(|it| it.index);
    }
    let may_read = |it: &Running<'_>| it.out.len() < SMALL || *large == Some(it.index);
    let (mut fds, mut of) = (Vec::new(), Vec::new());
    for (at, it) in running.iter().enumerate() {
        let mut watch = |fd, pipe: Pipe| {
            fds.push(fd);
            of.push((at, pipe));
        };
        if let Some((pipe, _)) = &it.stdin {
            watch(PollFd::new(pipe, PollFlags::OUT), Pipe::In);
        }
        if let Some(pipe) = it.stdout.as_ref().filter(|_| may_read(it)) {
            watch(PollFd::new(pipe, PollFlags::IN), Pipe::Out);
        }
        if let Some(pipe) = &it.stderr {
            watch(PollFd::new(pipe, PollFlags::IN), Pipe::Err);
        }
    }
    match poll(&mut fds, None) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    drop(fds);
    for ((at, pipe), _) in of.into_iter().zip(ready).filter(|(_, is_ready)| *is_ready) {
        if let Some(it) = running.get_mut(at) {
            it.advance(pipe);
        }
    }
    Ok(())
}

/// Reads what is there; at its end the pipe goes.
fn read(pipe: &mut Option<impl Read>, bytes: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    let Some(open) = pipe else { return Ok(()) };
    let before = bytes.len();
    bytes.resize(before + CHUNK, 0);
    let length = match open.read(bytes.get_mut(before..).unwrap_or_default()) {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            bytes.truncate(before);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    bytes.truncate(before + length);
    if length == 0 {
        *pipe = None;
    }
    if bytes.len() > limit {
        let text = format!("printed more than {} MiB", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(())
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
}
