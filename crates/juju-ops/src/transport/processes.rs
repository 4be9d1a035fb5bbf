use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

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
