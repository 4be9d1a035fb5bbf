use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError};

use jujuc::{Request, Response, ServerSide, Ticket};
use rustix::event::{PollFd, PollFlags, poll};

use super::server::{Answer, Asked, Asking};
use crate::command::quote;

/// How much is read at once, and gathered before it is written.
const CHUNK: usize = 64 * 1024;
/// How many calls of a connection wait for their answers. More of them are left unread.
pub(super) const MAX_PIPELINED: usize = 1024;
/// How many bytes are read ahead of a client that reads no answers.
const MAX_AHEAD: usize = 64 * 1024 * 1024;

/// One connection. Calls may come one after another or many at once; they are carried out and answered in order.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    /// It does not block.
    stream: UnixStream,
    context_id: &'a str,
    asking: &'a Asking,
    side: ServerSide,
    waiting: VecDeque<Waiting>,
    /// What is to be written.
    answers: Vec<u8>,
    /// Whether the other side has said its last.
    ended: bool,
    /// Whether what it says cannot be read any more.
    broken: bool,
    chunk: Vec<u8>,
}

/// A call that has no answer yet.
#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    answer: Coming,
}

#[derive(Debug)]
enum Coming {
    Refused(String),
    Asked(Receiver<Answer>),
}

impl<'a> Conversation<'a> {
    /// With who calls from the hook with this context id.
    pub(super) fn new(stream: UnixStream, context_id: &'a str, asking: &'a Asking) -> io::Result<Conversation<'a>> {
        stream.set_nonblocking(true)?;
        Ok(Conversation {
            stream,
            context_id,
            asking,
            side: ServerSide::new(),
            waiting: VecDeque::new(),
            answers: Vec::new(),
            ended: false,
            broken: false,
            chunk: vec![0; CHUNK],
        })
    }

    /// Goes on until the other side or the hook ends. An error here is the other side's, which has gone.
    pub(super) fn run(mut self) -> io::Result<()> {
        loop {
            self.take_calls()?;
            match self.waiting.pop_front() {
                Some(Waiting { ticket, answer }) => {
                    let answer = self.wait_for(answer)?;
                    self.side.answer(ticket, answer, &mut self.answers);
                    if self.answers.len() >= CHUNK {
                        self.write()?;
                    }
                }
                None => {
                    self.write()?;
                    if self.ended || self.broken {
                        return Ok(());
                    }
                    self.poll(PollFlags::IN)?;
                    self.read()?;
                }
            }
        }
    }

    /// Asks what has come.
    fn take_calls(&mut self) -> io::Result<()> {
        while !self.broken && self.waiting.len() < MAX_PIPELINED {
            let call = match self.side.next() {
                Ok(Some(call)) => call,
                Ok(None) => return Ok(()),
                // As Go does, without a word.
                Err(_) => {
                    self.broken = true;
                    return Ok(());
                }
            };
            let answer = match call.request.and_then(|request| self.check(request)) {
                Ok(asked) => Coming::Asked(self.asking.ask(asked)?),
                Err(text) => Coming::Refused(text),
            };
            self.waiting.push_back(Waiting { ticket: call.ticket, answer });
        }
        Ok(())
    }

    /// What Juju looks at before it looks for the command, in this order.
    fn check(&self, request: Request) -> Result<Asked, String> {
        let refuse = |why: String| Err(format!("bad request: {why}"));
        // On a machine no token is needed, and none fits.
        if !request.token.is_empty() {
            return refuse("token does not match".to_owned());
        }
        if request.command.is_empty() {
            return refuse("command not specified".to_owned());
        }
        let dir = PathBuf::from(OsString::from_vec(request.dir));
        if !dir.is_absolute() {
            return refuse("Dir is not absolute".to_owned());
        }
        if request.context_id != self.context_id.as_bytes() {
            return refuse(format!("wrong context ID; got {}", quote(&text(request.context_id))));
        }
        let argv = std::iter::once(request.command).chain(request.args).map(text).collect();
        Ok(Asked { argv, dir, stdin: request.stdin_set.then_some(request.stdin) })
    }

    /// The answer; what came before it is written before it is waited for.
    fn wait_for(&mut self, answer: Coming) -> io::Result<Result<Response, String>> {
        let answer = match answer {
            Coming::Refused(text) => return Ok(Err(text)),
            Coming::Asked(answer) => answer,
        };
        let answer = match answer.try_recv() {
            Err(TryRecvError::Empty) => {
                self.write()?;
                answer.recv().map_err(|_| TryRecvError::Disconnected)
            }
            received => received,
        };
        match answer {
            Ok(answer) => Ok(answer.map(|output| Response {
                code: output.code.into(),
                stdout: output.stdout,
                stderr: output.stderr,
            })),
            // The hook has ended.
            Err(_) => self.write().and(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    /// Writes all there is. Who sends many calls before it reads the first answer is listened to meanwhile, or both
    /// would wait for each other.
    fn write(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.answers.len() {
            match self.stream.write(&self.answers[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let listens = !(self.ended || self.broken) && self.side.waiting() < MAX_AHEAD;
                    let wanted = if listens { PollFlags::IN | PollFlags::OUT } else { PollFlags::OUT };
                    if self.poll(wanted)?.contains(PollFlags::IN) && listens {
                        self.read()?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.answers.clear();
        self.answers.shrink_to(CHUNK);
        Ok(())
    }

    /// Takes what has come, if anything has.
    fn read(&mut self) -> io::Result<()> {
        match self.stream.read(&mut self.chunk) {
            Ok(0) => self.ended = true,
            Ok(length) => self.side.push(&self.chunk[..length]),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn poll(&self, wanted: PollFlags) -> io::Result<PollFlags> {
        let mut fds = [PollFd::new(&self.stream, wanted)];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(fds[0].revents()),
            Err(error) => Err(error.into()),
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}
