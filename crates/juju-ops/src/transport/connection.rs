//! One connection to the unit's agent, over which any number of hook commands are called without a process for each.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use jujuc::{Answer, ClientSide, NoResponse, Request, Response, words};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::{Call, OUTPUT_LIMIT};

/// How many calls are under way at once, and how many bytes of them. Juju carries out one at a time; what counts is that
/// it never waits for the next. The bytes fit a socket, so that neither side waits for the other to read.
const WINDOW: usize = 128;
const WINDOW_BYTES: usize = 64 << 10;
/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// A connection, as long as nothing on it is a surprise.
pub(super) struct Connection {
    stream: UnixStream,
    side: ClientSide,
    identity: Identity,
    /// The current directory.
    dir: Vec<u8>,
    chunk: Vec<u8>,
}

/// Where the agent is, and what it knows a caller by.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) address: String,
    pub(super) context_id: String,
    /// Empty where there is none.
    pub(super) token: String,
}

/// The connection is of no use any more.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) why: String,
    /// The calls that have no answer, by their index, and whether all of each was sent: the agent may have done it.
    pub(super) unanswered: Vec<(usize, bool)>,
}

/// A call that is under way.
struct Waiting {
    sequence: u64,
    index: usize,
    /// How many bytes it takes.
    size: usize,
    /// Where it ends in what was ever written.
    end: u64,
}

impl Connection {
    /// Connects, at once or not at all.
    pub(super) fn open(identity: Identity) -> Result<Self, String> {
        let stream = dial(&identity.address).map_err(|error| format!("connect: {}", words(&error)))?;
        let dir = jujuc::current_dir().map_err(|_| "the current directory is not known".to_owned())?;
        let dir = dir.into_os_string().into_encoded_bytes();
        Ok(Self { stream, side: ClientSide::up_to(OUTPUT_LIMIT), identity, dir, chunk: Vec::new() })
    }

    /// Makes calls that do not depend on each other, and hands over each answer, with its index, as it comes: in any
    /// order, once each. Nothing is waited for longer than `patience` at a time.
    pub(super) fn exchange(
        &mut self,
        calls: &[&Call],
        patience: Duration,
        mut answer: impl FnMut(usize, Result<Response, NoResponse>),
    ) -> Result<(), Lost> {
        let mut waiting: Vec<Waiting> = Vec::new();
        let (mut next, mut bytes, mut written) = (0, 0, 0_u64);
        let mut out = Vec::new();
        // How far what was lost had got.
        let lost = |why: String, waiting: Vec<Waiting>, next: usize, written: u64| {
            let under_way = waiting.into_iter().map(|it| (it.index, it.end <= written));
            let unanswered = under_way.chain((next..calls.len()).map(|index| (index, false))).collect();
            Lost { why, unanswered }
        };
        while next < calls.len() || !waiting.is_empty() {
            // Refilled when it is half empty, so that not each answer is followed by a small write.
            if waiting.len() <= WINDOW / 2 {
                let mut end = written;
                while let Some(call) = calls.get(next)
                    && (waiting.is_empty() || (waiting.len() < WINDOW && bytes < WINDOW_BYTES))
                {
                    let before = out.len();
                    let sequence = self.side.call(&mut self.identity.request(&self.dir, call), &mut out);
                    let size = out.len() - before;
                    end += size as u64;
                    waiting.push(Waiting { sequence, index: next, size, end });
                    (next, bytes) = (next + 1, bytes + size);
                }
                let sent = self.write(&out, patience, &mut written);
                out.clear();
                if let Err(why) = sent {
                    return Err(lost(why, waiting, next, written));
                }
            }
            let answered = match self.read(patience) {
                Ok(answered) => answered,
                Err(why) => return Err(lost(why, waiting, next, written)),
            };
            // Mostly the first.
            let Some(at) = waiting.iter().position(|call| call.sequence == answered.sequence) else {
                return Err(lost("an answer to no call".to_owned(), waiting, next, written));
            };
            let call = waiting.remove(at);
            bytes -= call.size;
            answer(call.index, answered.response);
        }
        Ok(())
    }

    /// Writes; counts what the system has taken, which the agent may have read.
    fn write(&mut self, mut bytes: &[u8], patience: Duration, written: &mut u64) -> Result<(), String> {
        let until = Instant::now() + patience;
        while !bytes.is_empty() {
            let left = remaining(until)?;
            self.stream.set_write_timeout(Some(left)).map_err(|error| format!("write: {}", words(&error)))?;
            match self.stream.write(bytes) {
                Ok(0) => return Err("write: nothing is taken".to_owned()),
                Ok(length) => {
                    *written += length as u64;
                    bytes = bytes.get(length..).unwrap_or_default();
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(format!("write: {}", words(&error))),
            }
        }
        Ok(())
    }

    /// Reads until an answer is there.
    fn read(&mut self, patience: Duration) -> Result<Answer, String> {
        let until = Instant::now() + patience;
        if self.chunk.is_empty() {
            self.chunk = vec![0; CHUNK];
        }
        loop {
            if let Some(answer) = self.side.next().map_err(|broken| format!("no answer of Juju's: {broken}"))? {
                return Ok(answer);
            }
            let left = remaining(until)?;
            self.stream.set_read_timeout(Some(left)).map_err(|error| format!("read: {}", words(&error)))?;
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Err("closed by the agent".to_owned()),
                Ok(length) => self.side.push(self.chunk.get(..length).unwrap_or_default()),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(format!("read: {}", words(&error))),
            }
        }
    }
}

impl Identity {
    fn request(&self, dir: &[u8], call: &Call) -> Request {
        Request {
            context_id: self.context_id.clone().into_bytes(),
            dir: dir.to_owned(),
            command: call.command.as_bytes().to_vec(),
            args: call.args.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
            // Sent before it is asked for: that saves asking.
            stdin_set: call.stdin.is_some(),
            stdin: call.stdin.clone().unwrap_or_default(),
            token: self.token.clone().into_bytes(),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// An agent that has no room for a connection is not waited for, as it would be without `NONBLOCK`.
fn dial(address: &str) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let address = match address.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        None => SocketAddrUnix::new(address)?,
    };
    connect(&socket, &address)?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn remaining(until: Instant) -> Result<Duration, String> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err("no answer in time".to_owned()) } else { Ok(left) }
}

/// The time that is left is looked at anew.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
