use std::cell::RefCell;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use jujuc::STDIN_WANTED;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::belongings::Belongings;
use super::lines::{Lines, Next};
use super::server::{Answer, Asked, Questions};
use crate::command::{Reply, ToolOutput};
use crate::systemd;
use crate::world::shared::{Served, Shared, Stream};

/// Juju: how long the agent waits for output that is left in the pipes after the exit.
const LEFTOVER: Duration = Duration::from_millis(100);
/// How long to wait for something to happen before looking whether the process has ended or is overdue. Where the kernel
/// does not tell of its end (Linux before 5.3), less when both its pipes are closed, because then the end is near.
const PAUSE: Duration = Duration::from_millis(10);
const SHORT_PAUSE: Duration = Duration::from_millis(1);
/// How many hook commands are answered before looking after anything else.
const ANSWERS_AT_ONCE: usize = 64;
/// How many bytes are taken at once from a process that prints without end, before looking after anything else: more
/// than a pipe holds.
const BYTES_AT_ONCE: usize = 128 * 1024;

/// What is around a hook's process while it runs.
pub(super) struct Watch<'a> {
    pub(super) shared: &'a RefCell<Shared>,
    pub(super) number: u64,
    pub(super) child: &'a mut Child,
    pub(super) belongings: &'a Belongings,
    pub(super) questions: &'a Questions,
    pub(super) limit: Duration,
    pub(super) pipes: Vec<Pipe>,
}

/// An end of a pipe that the process prints to.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: Stream,
    end: Box<dyn End>,
    lines: Lines,
}

trait End: Read + AsFd + std::fmt::Debug {}
impl<T: Read + AsFd + std::fmt::Debug> End for T {}

impl Pipe {
    /// The pipes of a process, standard output first: where both have something, the order is not known.
    pub(super) fn of(child: &mut Child) -> io::Result<Vec<Pipe>> {
        fn pipe(stream: Stream, end: Option<impl End + 'static>) -> io::Result<Option<Pipe>> {
            let Some(end) = end else { return Ok(None) };
            rustix::io::ioctl_fionbio(&end, true)?;
            Ok(Some(Pipe { stream, end: Box::new(end), lines: Lines::new() }))
        }
        let pipes = [pipe(Stream::Out, child.stdout.take())?, pipe(Stream::Err, child.stderr.take())?];
        Ok(pipes.into_iter().flatten().collect())
    }

    /// Gives what has come after the last newline, where it counts: of commands under `juju exec` the agent takes all
    /// that they print, of the charm's own programs whole lines.
    fn give_rest(&mut self, shared: &RefCell<Shared>, number: u64) {
        let mut shared = shared.borrow_mut();
        let is_exec = shared.run.as_ref().is_some_and(|run| run.running.commands().is_some());
        let rest = self.lines.rest();
        if is_exec && !rest.is_empty() {
            shared.output(number, self.stream, &rest);
        }
    }
}

impl Watch<'_> {
    /// Answers requests and logs output until the process has ended.
    pub(super) fn run(mut self) -> io::Result<ExitStatus> {
        let started = Instant::now();
        let end = pidfd_open(Pid::from_child(self.child), PidfdFlags::empty()).ok();
        let (mut killed, mut answered) = (false, 0);
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.log_leftover();
                return Ok(status);
            }
            if !killed && started.elapsed() >= self.limit {
                self.log();
                self.shared.borrow_mut().end_overdue(self.number, self.limit);
                killed = true;
                self.kill();
            }
            let pause = match (answered < ANSWERS_AT_ONCE, self.pipes.is_empty() && end.is_none()) {
                (true, false) => PAUSE,
                (true, true) => SHORT_PAUSE,
                (false, _) => Duration::ZERO,
            };
            self.wait(end.as_ref(), pause)?;
            self.log();
            self.questions.quiet();
            answered = 0;
            // What was asked together is answered together: to wake who asks takes as long as the answer.
            let mut answers = Vec::new();
            // Of a process that is killed nothing is answered; its connections end.
            while !killed && answered < ANSWERS_AT_ONCE {
                let Some((asked, reply)) = self.questions.next() else { break };
                answered += 1;
                // What the charm printed before it called the hook command comes before it.
                self.log();
                match answer(self.shared, self.number, &asked) {
                    Some(answer) => answers.push((reply, answer)),
                    None => {
                        killed = true;
                        self.kill();
                    }
                }
            }
            for (reply, answer) in answers {
                // The command may have been killed meanwhile.
                drop(reply.send(answer));
            }
        }
    }

    fn kill(&mut self) {
        self.belongings.kill(self.child);
    }

    /// Waits until there is output or a question, until the process has ended, or for so long.
    fn wait(&self, end: Option<&OwnedFd>, time: Duration) -> io::Result<()> {
        let bell = self.questions.bell().as_fd();
        let ends = self.pipes.iter().map(|pipe| pipe.end.as_fd());
        let mut fds: Vec<PollFd<'_>> = ends.chain([bell]).chain(end.map(OwnedFd::as_fd)).map(readable).collect();
        match poll(&mut fds, Timespec::try_from(time).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Logs what is in the pipes now.
    fn log(&mut self) {
        let (shared, number) = (self.shared, self.number);
        self.pipes.retain_mut(|pipe| {
            let mut taken = 0;
            while taken < BYTES_AT_ONCE {
                match pipe.lines.next(&mut pipe.end) {
                    Next::Line(line) => {
                        taken += line.len();
                        shared.borrow_mut().output(number, pipe.stream, &line);
                    }
                    Next::Wait => break,
                    Next::End => {
                        pipe.give_rest(shared, number);
                        return false;
                    }
                }
            }
            true
        });
    }

    /// Logs what is left in the pipes, for a moment: a background process may keep them open.
    fn log_leftover(&mut self) {
        let until = Instant::now() + LEFTOVER;
        loop {
            self.log();
            let left = until.saturating_duration_since(Instant::now());
            if self.pipes.is_empty() || left.is_zero() {
                break;
            }
            let mut fds: Vec<PollFd<'_>> = self.pipes.iter().map(|pipe| readable(pipe.end.as_fd())).collect();
            if poll(&mut fds, Timespec::try_from(left).ok().as_ref()).is_err() {
                break;
            }
        }
        for pipe in &mut self.pipes {
            pipe.give_rest(self.shared, self.number);
        }
    }
}

/// The answer to a question of the hook of this number; none when the process is to die.
pub(super) fn answer(shared: &RefCell<Shared>, number: u64, asked: &Asked) -> Option<Answer> {
    // Of one that asks there is a name.
    let name = asked.argv.first().map_or("", String::as_str);
    let unknown = || Some(Err(format!("bad request: unknown command: {name}")));
    match shared.borrow_mut().serve(number, &asked.argv, &asked.dir, asked.stdin.as_deref()) {
        Served::Reply(Reply::Done(output)) => Some(Ok(output)),
        Served::Reply(Reply::NeedsStdin) => Some(Err(STDIN_WANTED.to_owned())),
        Served::Reply(Reply::Refused(text)) => Some(Err(text)),
        // The machine may have a real one, which is not to be run instead.
        Served::Absent if systemd::is_known(name) => {
            let stderr = format!("{name}: command not found\n").into_bytes();
            Some(Ok(ToolOutput { code: 127, stderr, ..ToolOutput::default() }))
        }
        // By this a command of systemd's knows that the machine's own is to run.
        Served::Absent | Served::Elsewhere => unknown(),
        Served::Killed | Served::Ended => None,
    }
}

fn readable(end: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(end, PollFlags::IN)
}
