use std::cell::RefCell;
use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use jujuc::{NoResponse, Response, STDIN_WANTED};

use super::connection::{Connection, Identity, Lost};
use super::{Call, Ending, Output, Processes, Transport};
use crate::env::{Dispatch, Env};
use crate::error::Error;

/// How hook commands reach the unit's agent.
///
/// It is for [`main_via`](crate::main_via), and for who looks into what goes wrong: the variable `JUJU_OPS_TRANSPORT`
/// of the charm's environment, which is set in `juju debug-hooks`, is stronger.
///
/// ```
/// # use juju_ops::Via;
/// assert_eq!("socket".parse(), Ok(Via::Socket));
/// assert_eq!("tcp".parse::<Via>().unwrap_err(), "is neither auto, exec nor socket");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Via {
    /// Over the agent's socket where that answers as expected, else as executables.
    #[default]
    Auto,
    /// As executables, of which each is a process.
    Exec,
    /// Over the agent's socket or not at all: for tests.
    Socket,
}

/// The transport of a real charm: hook commands are called over the socket of the unit's agent, without a process for
/// each, or run as executables.
///
/// Juju's hook commands are small programs that ask the agent over a socket and print what it answers. A process each
/// takes them 6 to 7 ms; the same question on a connection that is kept, 0.15 ms, and many questions can be under way at
/// once. What they speak is internal to Juju and has no promise of staying. So:
///
/// - The socket is used once it has answered a call that changes nothing, in a form that is understood. Otherwise hook
///   commands are executables, for the rest of the dispatch. One line at DEBUG says which it is, and why.
/// - Where the agent surprises later, calls that read are made again as executables, and so are those that were not sent
///   as a whole. A call that changes something, and of which it is not known whether the agent has done it, is an error:
///   it is never made twice.
/// - The first answer is waited for ten seconds, later ones five minutes. An executable is waited for without end.
///
/// Executables always: `juju-reboot`, which ends the process; `resource-get`, which may download for long; programs that
/// are none of Juju's; and where the agent is not reached by a Unix socket.
#[derive(Debug)]
pub struct AgentTransport {
    via: Via,
    /// Or why there is none.
    agent: Result<Identity, &'static str>,
    patience: Patience,
    /// Whether what is printed is an answer to somebody, and not for the log.
    is_quiet: bool,
    state: RefCell<State>,
}

#[derive(Debug)]
enum State {
    Untried,
    Connected(Box<Connection>),
    /// Why nothing goes over the socket.
    Closed(String),
}

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    first: Duration,
    later: Duration,
}

/// Hook commands that change nothing.
const READS: &[&str] = &[
    "action-get",
    "config-get",
    "credential-get",
    "goal-state",
    "is-leader",
    "leader-get",
    "network-get",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-model-get",
    "secret-get",
    "secret-ids",
    "secret-info-get",
    "state-get",
    "status-get",
    "storage-get",
    "storage-list",
    "unit-get",
];
/// Hook commands that change something.
const WRITES: &[&str] = &[
    "action-fail",
    "action-log",
    "action-set",
    "application-version-set",
    "close-port",
    "juju-log",
    "leader-set",
    "open-port",
    "payload-register",
    "payload-status-set",
    "payload-unregister",
    "relation-set",
    "secret-add",
    "secret-grant",
    "secret-remove",
    "secret-revoke",
    "secret-set",
    "state-delete",
    "state-set",
    "status-set",
    "storage-add",
];
/// What is asked before a call that changes something. The agent answers it from what it has at hand.
const PROBE: (&str, [&str; 2]) = ("relation-ids", ["--format=json", "juju-ops"]);

impl AgentTransport {
    /// The transport of a dispatch.
    pub fn new(env: &Env, via: Via) -> Self {
        let state = match via {
            Via::Exec => State::Closed(String::new()),
            Via::Auto | Via::Socket => State::Untried,
        };
        Self {
            via,
            agent: Identity::of(env),
            patience: Patience { first: Duration::from_secs(10), later: Duration::from_secs(300) },
            is_quiet: matches!(env.dispatch(), Dispatch::Action(_) | Dispatch::Nothing),
            state: RefCell::new(state),
        }
    }

    #[cfg(test)]
    fn with_patience(self, first: Duration, later: Duration) -> Self {
        Self { patience: Patience { first, later }, ..self }
    }

    /// Says once which way hook commands go.
    fn say(&self, line: fmt::Arguments<'_>) {
        if !self.is_quiet {
            self.debug(&format!("juju-ops: {line}"));
        }
    }

    /// Takes the socket out of use.
    fn close(&self, why: String) {
        match self.via {
            Via::Socket => self.say(format_args!("the agent's socket is of no use: {why}")),
            _ => self.say(format_args!("hook commands are run as executables: the agent's socket: {why}")),
        }
        self.state.replace(State::Closed(why));
    }

    /// Takes the connection, where there is one or one can be had that is of use. It is put back by who takes it.
    fn take(&self, calls: &[&Call]) -> Option<(Box<Connection>, bool)> {
        match self.state.replace(State::Closed("is in use".to_owned())) {
            State::Connected(connection) => return Some((connection, true)),
            State::Closed(why) => {
                self.state.replace(State::Closed(why));
                return None;
            }
            State::Untried => {}
        }
        let opened = self.agent.clone().map_err(str::to_owned).and_then(Connection::open);
        let mut connection = match opened {
            Ok(connection) => Box::new(connection),
            Err(why) => {
                self.close(why);
                return None;
            }
        };
        if calls.iter().all(|call| is_read(call)) {
            return Some((connection, false));
        }
        let probe = Call::new(PROBE.0, PROBE.1);
        let mut refused = None;
        let asked = connection.exchange(&[&probe], self.patience.first, |_, answer| refused = refusal(&answer));
        match (asked.map_err(|lost| lost.why), refused) {
            (Ok(()), None) => {
                self.connected();
                Some((connection, true))
            }
            (Err(why), _) | (_, Some(why)) => {
                self.close(why);
                None
            }
        }
    }

    fn connected(&self) {
        self.say(format_args!("hook commands go over the agent's socket"));
    }

    /// Makes calls over the socket as far as it goes, and the others as executables.
    fn call_over_socket(&self, calls: &[(usize, &Call)], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
        let spoken: Vec<&Call> = calls.iter().map(|(_, call)| *call).collect();
        let Some((mut connection, is_proven)) = self.take(&spoken) else {
            return self.call_elsewhere(calls.iter().copied(), answer);
        };
        let patience = if is_proven { self.patience.later } else { self.patience.first };
        let (mut again, mut refused, mut is_proven) = (Vec::new(), None, is_proven);
        let exchanged = connection.exchange(&spoken, patience, |at, response| {
            let Some((index, call)) = calls.get(at).copied() else { return };
            // What answers otherwise from the beginning may be no agent, or one that wants to be asked otherwise.
            if !is_proven && let Some(why) = refusal(&response) {
                refused.get_or_insert(why);
                return again.push((index, call));
            }
            if !is_proven {
                is_proven = true;
                self.connected();
            }
            match response {
                Err(NoResponse::Refused(text)) if text == STDIN_WANTED && call.stdin.is_none() => {
                    again.push((index, call));
                }
                response => answer(index, output(call, response)),
            }
        });
        let lost = exchanged.err();
        let (unsent, unknown): (Vec<_>, Vec<_>) = lost
            .iter()
            .flat_map(|lost| &lost.unanswered)
            .filter_map(|(at, is_sent)| calls.get(*at).map(|(index, call)| (*index, *call, *is_sent)))
            .partition(|(_, call, is_sent)| is_read(call) || !is_sent);
        match (lost, refused) {
            (Some(Lost { why, .. }), _) | (None, Some(why)) => self.close(why),
            (None, None) => {
                self.state.replace(State::Connected(connection));
            }
        }
        for (index, call, _) in unknown {
            answer(index, Err(self.unknown(call)));
        }
        // As executables; those that want standard input, for want of it, too: they have none to read.
        self.call_elsewhere(unsent.into_iter().map(|(index, call, _)| (index, call)).chain(again), answer);
    }

    /// Runs executables, where they are allowed.
    fn call_elsewhere<'a>(
        &self,
        calls: impl IntoIterator<Item = (usize, &'a Call)>,
        answer: &mut dyn FnMut(usize, io::Result<Output>),
    ) {
        let calls: Vec<(usize, &Call)> = calls.into_iter().collect();
        if self.via == Via::Socket {
            let state = self.state.borrow();
            let why = if let State::Closed(why) = &*state { why.as_str() } else { "no standard input" };
            for (index, _) in calls {
                answer(index, Err(io::Error::other(format!("the agent's socket is of no use: {why}"))));
            }
            return;
        }
        let owned: Vec<Call> = calls.iter().map(|(_, call)| (*call).clone()).collect();
        Processes::default().call_each(&owned, &mut |at, output| {
            if let Some((index, _)) = calls.get(at) {
                answer(*index, output);
            }
        });
    }

    fn unknown(&self, call: &Call) -> io::Error {
        let why = match &*self.state.borrow() {
            State::Closed(why) => why.clone(),
            State::Untried | State::Connected(_) => String::new(),
        };
        io::Error::other(format!("{} was sent, and whether it was done is not known: {why}", call.command))
    }
}

impl Transport for AgentTransport {
    fn call(&self, call: &Call) -> io::Result<Output> {
        super::call_alone(self, call)
    }

    fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
        let is_exec =
            self.via == Via::Exec || matches!(&*self.state.borrow(), State::Closed(_)) && self.via == Via::Auto;
        if is_exec {
            return Processes::default().call_each(calls, answer);
        }
        let (spoken, others): (Vec<_>, Vec<_>) = calls.iter().enumerate().partition(|(_, call)| is_spoken(call));
        if !spoken.is_empty() {
            self.call_over_socket(&spoken, answer);
        }
        for (index, call) in others {
            answer(index, Processes::default().call(call));
        }
    }

    fn debug(&self, line: &str) {
        Processes::default().debug(line);
    }

    fn complain(&self, line: &str) {
        Processes::default().complain(line);
    }

    fn note(&self, charm_dir: &Path) -> io::Result<Option<Vec<u8>>> {
        Processes::default().note(charm_dir)
    }

    fn set_note(&self, charm_dir: &Path, note: Option<&[u8]>) -> io::Result<()> {
        Processes::default().set_note(charm_dir, note)
    }
}

impl Via {
    /// As the environment says, else as the code does.
    pub(crate) fn of(env: &Env, otherwise: Via) -> Result<Self, Error> {
        Ok(env.variable("JUJU_OPS_TRANSPORT")?.unwrap_or(otherwise))
    }
}

impl FromStr for Via {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "exec" => Ok(Self::Exec),
            "socket" => Ok(Self::Socket),
            _ => Err("is neither auto, exec nor socket"),
        }
    }
}

impl Identity {
    fn of(env: &Env) -> Result<Self, &'static str> {
        let get = |name| env.raw(name);
        match get("JUJU_AGENT_SOCKET_NETWORK") {
            Some("unix") => {}
            Some(_) => return Err("is none of the kind unix"),
            None => return Err("JUJU_AGENT_SOCKET_NETWORK is not set"),
        }
        Ok(Self {
            address: get("JUJU_AGENT_SOCKET_ADDRESS").ok_or("JUJU_AGENT_SOCKET_ADDRESS is not set")?.to_owned(),
            context_id: get("JUJU_CONTEXT_ID").ok_or("JUJU_CONTEXT_ID is not set")?.to_owned(),
            token: get("JUJU_AGENT_TOKEN").unwrap_or_default().to_owned(),
        })
    }
}

/// Not what the agent knows the caller by.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a hook command gave, as its executable would give it.
fn output(call: &Call, response: Result<Response, NoResponse>) -> io::Result<Output> {
    match response {
        Ok(Response { code, stdout, stderr }) => {
            let code = i32::try_from(code & 0xff).unwrap_or(1);
            Ok(Output { ending: Ending::Exited(code), stdout, stderr })
        }
        Err(NoResponse::TooLarge) => Err(io::ErrorKind::FileTooLarge.into()),
        Err(NoResponse::Refused(text)) if text == format!("bad request: unknown command: {}", call.command) => {
            Err(io::ErrorKind::NotFound.into())
        }
        Err(NoResponse::Refused(text)) => {
            Ok(Output { ending: Ending::Exited(1), stdout: Vec::new(), stderr: format!("ERROR {text}\n").into_bytes() })
        }
    }
}

/// Why a call was not so much as looked at by what should be the agent.
fn refusal(response: &Result<Response, NoResponse>) -> Option<String> {
    match response {
        Ok(_) | Err(NoResponse::TooLarge) => None,
        Err(NoResponse::Refused(text)) => Some(text.chars().take(200).collect()),
    }
}

/// Whether a command goes over the socket.
fn is_spoken(call: &Call) -> bool {
    let command = &*call.command;
    (READS.contains(&command) || WRITES.contains(&command)) && call.args.iter().all(|arg| !arg.contains('\0'))
}

/// Whether a call changes nothing, so that it may be made twice.
fn is_read(call: &Call) -> bool {
    READS.contains(&&*call.command)
        && (call.command != "secret-get"
            || call.args.iter().all(|arg| !arg.contains("refresh") && !arg.contains("label")))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::Shutdown;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::PathBuf;
    use std::thread::{self, JoinHandle};
    use std::time::Instant;

    use jujuc::ServerSide;

    use super::super::OUTPUT_LIMIT;
    use super::*;

    /// An agent that is made up, and the calls that it has read.
    struct Agent {
        dir: tempfile::TempDir,
        thread: Option<JoinHandle<Vec<String>>>,
    }

    impl Agent {
        /// One that deals with its first connection like this.
        fn new(deal: impl FnOnce(&mut Line) + Send + 'static) -> Agent {
            let dir = tempfile::tempdir().unwrap();
            let listener = UnixListener::bind(dir.path().join("s")).unwrap();
            let thread = thread::spawn(move || {
                let mut line =
                    Line { stream: listener.accept().unwrap().0, side: ServerSide::new(), asked: Vec::new() };
                deal(&mut line);
                let _ = line.stream.shutdown(Shutdown::Both);
                line.asked
            });
            Agent { dir, thread: Some(thread) }
        }

        fn socket(&self) -> PathBuf {
            self.dir.path().join("s")
        }

        fn transport(&self) -> AgentTransport {
            transport(&self.socket().to_string_lossy())
        }

        /// What was called, once the connection is at its end.
        fn asked(&mut self) -> Vec<String> {
            self.thread.take().unwrap().join().unwrap()
        }
    }

    /// A connection from the agent's end.
    struct Line {
        stream: UnixStream,
        side: ServerSide,
        asked: Vec<String>,
    }

    impl Line {
        /// Reads so many calls; fewer where no more come.
        fn read(&mut self, count: usize) -> Vec<jujuc::Call> {
            let (mut calls, mut chunk) = (Vec::new(), [0; 4096]);
            while calls.len() < count {
                match self.side.next().unwrap() {
                    Some(call) => {
                        let request = call.request.clone().unwrap();
                        let words = [vec![request.command], request.args].concat();
                        let words: Vec<_> =
                            words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
                        self.asked.push(words.join(" "));
                        calls.push(call);
                    }
                    None => match self.stream.read(&mut chunk) {
                        Ok(0) | Err(_) => break,
                        Ok(length) => self.side.push(&chunk[..length]),
                    },
                }
            }
            calls
        }

        fn bytes(&mut self, call: jujuc::Call) -> Vec<u8> {
            let words = call.request.as_ref().map(|request| request.args.concat()).unwrap_or_default();
            let mut bytes = Vec::new();
            self.side.answer(call.ticket, Ok(Response { stdout: words, ..Response::default() }), &mut bytes);
            bytes
        }

        /// Answers so many calls with their arguments.
        fn echo(&mut self, count: usize) {
            for _ in 0..count {
                for call in self.read(1) {
                    let bytes = self.bytes(call);
                    self.stream.write_all(&bytes).unwrap();
                }
            }
        }

        fn refuse(&mut self, text: &str) {
            for call in self.read(1) {
                let mut bytes = Vec::new();
                self.side.answer(call.ticket, Err(text.to_owned()), &mut bytes);
                self.stream.write_all(&bytes).unwrap();
            }
        }
    }

    fn env(address: &str) -> Vec<(&'static str, &str)> {
        vec![
            ("JUJU_DISPATCH_PATH", "actions/x"),
            ("JUJU_CONTEXT_ID", "a/0-x-1"),
            ("JUJU_AGENT_TOKEN", "hunter2"),
            ("JUJU_AGENT_SOCKET_NETWORK", "unix"),
            ("JUJU_AGENT_SOCKET_ADDRESS", address),
        ]
    }

    fn transport(address: &str) -> AgentTransport {
        let env = Env::from_vars(env(address)).unwrap();
        AgentTransport::new(&env, Via::Auto).with_patience(Duration::from_millis(300), Duration::from_millis(300))
    }

    fn call(transport: &AgentTransport, command: &'static str, arg: &str) -> Result<String, String> {
        let output = transport.call(&Call::new(command, [arg])).map_err(|error| error.to_string())?;
        Ok(String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    /// There are no executables in these tests: who comes to them finds none.
    const EXECUTABLE: &str = "No such file or directory (os error 2)";

    fn closed(transport: &AgentTransport) -> String {
        match &*transport.state.borrow() {
            State::Closed(why) => why.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn calls_go_over_one_connection_and_answers_may_come_in_any_order() {
        let mut agent = Agent::new(|line| {
            let calls = line.read(300);
            assert!(calls.len() < 300, "they are not all sent at once");
        });
        let transport = agent.transport();
        let calls: Vec<Call> = (0..300).map(|n| Call::new("relation-get", [n.to_string()])).collect();
        let mut seen = 0;
        transport.call_each(&calls, &mut |_, output| {
            assert_eq!(output.unwrap_err().to_string(), EXECUTABLE);
            seen += 1;
        });
        assert_eq!((seen, closed(&transport).as_str()), (300, "no answer in time"));
        assert_eq!(agent.asked().len(), WINDOW);

        let mut agent = Agent::new(|line| {
            let mut calls = line.read(20);
            calls.reverse();
            for call in calls {
                let bytes = line.bytes(call);
                // In pieces, as a socket may bring them.
                bytes.chunks(7).for_each(|piece| line.stream.write_all(piece).unwrap());
            }
            line.echo(280);
        });
        let transport = agent.transport();
        let mut answers = vec![None; 20];
        transport.call_each(&calls[..20], &mut |index, output| answers[index] = Some(output.unwrap().stdout));
        assert!(answers.iter().enumerate().all(|(n, answer)| answer.as_deref() == Some(n.to_string().as_bytes())));
        let mut answers = vec![None; 280];
        transport.call_each(&calls[20..], &mut |index, output| answers[index] = Some(output.unwrap().stdout));
        assert!(answers.iter().enumerate().all(|(n, it)| it.as_deref() == Some((n + 20).to_string().as_bytes())));
        assert_eq!(agent.asked().len(), 300);
    }

    /// As many calls as are under way at once.
    const WINDOW: usize = 128;

    #[test]
    fn without_a_socket_hook_commands_are_executables() {
        let dir = tempfile::tempdir().unwrap();
        let stale = dir.path().join("stale");
        drop(UnixListener::bind(&stale).unwrap());
        let long = format!("/{}", "x".repeat(200));
        for (address, why) in [
            ("/nowhere/agent.socket", "connect: no such file or directory"),
            (stale.to_str().unwrap(), "connect: connection refused"),
            ("@nobody/listens", "connect: connection refused"),
            (&long, "connect: file name too long"),
        ] {
            let transport = transport(address);
            for command in ["config-get", "status-set"] {
                assert_eq!(call(&transport, command, "x"), Err(EXECUTABLE.to_owned()), "{address}");
            }
            assert_eq!(closed(&transport), why);
        }
        for (name, value, why) in [
            ("JUJU_AGENT_SOCKET_NETWORK", "tcp", "is none of the kind unix"),
            ("JUJU_AGENT_SOCKET_NETWORK", "", "JUJU_AGENT_SOCKET_NETWORK is not set"),
            ("JUJU_AGENT_SOCKET_ADDRESS", "", "JUJU_AGENT_SOCKET_ADDRESS is not set"),
            ("JUJU_CONTEXT_ID", "", "JUJU_CONTEXT_ID is not set"),
        ] {
            let mut vars = env("/s");
            vars.push((name, value));
            vars.retain(|(other, old)| *other != name || *old == value);
            let transport = AgentTransport::new(&Env::from_vars(vars).unwrap(), Via::Auto);
            assert_eq!(call(&transport, "config-get", "x"), Err(EXECUTABLE.to_owned()));
            assert_eq!(closed(&transport), why);
        }
    }

    #[test]
    fn an_agent_without_room_or_without_an_answer_is_not_waited_for_long() {
        use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, listen, socket};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("full");
        let (address, stream) = (SocketAddrUnix::new(&path).unwrap(), SocketType::STREAM);
        let listener = socket(AddressFamily::UNIX, stream, None).unwrap();
        bind(&listener, &address).unwrap();
        listen(&listener, 0).unwrap();
        let first = socket(AddressFamily::UNIX, stream, None).unwrap();
        connect(&first, &address).unwrap();
        let started = Instant::now();
        let full = transport(path.to_str().unwrap());
        assert_eq!(call(&full, "config-get", "x"), Err(EXECUTABLE.to_owned()));
        assert_eq!(closed(&full), "connect: resource temporarily unavailable");

        // It listens, and nobody is there to accept.
        let deaf = dir.path().join("deaf");
        let _listener = UnixListener::bind(&deaf).unwrap();
        for command in ["config-get", "state-set"] {
            let transport = transport(deaf.to_str().unwrap());
            assert_eq!(call(&transport, command, "x"), Err(EXECUTABLE.to_owned()));
            assert_eq!(closed(&transport), "no answer in time");
        }
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_call_that_changes_something_is_sent_once_the_agent_has_answered_another() {
        let mut agent = Agent::new(|line| line.echo(9));
        let transport = agent.transport();
        assert_eq!(call(&transport, "status-set", "active"), Ok("active".to_owned()));
        assert_eq!(call(&transport, "state-set", "a=b"), Ok("a=b".to_owned()));
        drop(transport);
        assert_eq!(agent.asked(), ["relation-ids --format=json juju-ops", "status-set active", "state-set a=b"]);

        let mut agent = Agent::new(|line| line.echo(9));
        let transport = agent.transport();
        assert_eq!(call(&transport, "config-get", "x"), Ok("x".to_owned()));
        assert_eq!(call(&transport, "status-set", "active"), Ok("active".to_owned()));
        drop(transport);
        assert_eq!(agent.asked(), ["config-get x", "status-set active"]);

        // What is not as expected is no agent to be told anything.
        for text in ["bad request: token does not match", "rpc: can't find service Jujuc.Main"] {
            for command in ["config-get", "status-set"] {
                let mut agent = Agent::new(move |line| line.refuse(text));
                let transport = agent.transport();
                assert_eq!(call(&transport, command, "x"), Err(EXECUTABLE.to_owned()));
                assert_eq!(closed(&transport), text);
                let asked = agent.asked();
                assert!(asked.len() == 1 && !asked[0].contains("status-set"), "{asked:?}");
            }
        }
    }

    #[test]
    fn what_juju_refuses_later_is_what_the_executable_says() {
        let mut agent = Agent::new(|line| {
            line.echo(1);
            line.refuse("bad request: wrong context ID; got \"x\"");
            line.refuse("bad request: unknown command: secret-ids");
            line.echo(1);
        });
        let transport = agent.transport();
        assert_eq!(call(&transport, "config-get", "x"), Ok("x".to_owned()));
        let refused = "ERROR bad request: wrong context ID; got \"x\"\n".to_owned();
        assert_eq!(call(&transport, "config-get", "x"), Ok(refused));
        assert_eq!(transport.call(&Call::new("secret-ids", ["x"])).unwrap_err().kind(), io::ErrorKind::NotFound);
        // Others' programs are not the agent's to run.
        assert_eq!(call(&transport, "echo", "x"), Ok("x\n".to_owned()));
        assert_eq!(call(&transport, "juju-reboot", "--now"), Err(EXECUTABLE.to_owned()));
        assert_eq!(call(&transport, "config-get", "y"), Ok("y".to_owned()));
        assert_eq!(agent.asked().len(), 4);
    }

    #[test]
    fn rubbish_before_anything_was_changed_leads_to_executables() {
        let far = [0xf8, 255, 255, 255, 255, 255, 255, 255, 255];
        let undeclared = [4, 0xff, 0x90, 1, 0];
        for (rubbish, why) in [
            (
                &b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"[..],
                "no answer of Juju's: gob: ",
            ),
            (&far[..], "no answer of Juju's: gob: invalid message length"),
            (&undeclared[..], "no answer of Juju's: gob: unknown type id or corrupted data"),
            (&[0xfc, 127, 255, 255, 255][..], "no answer of Juju's: gob: invalid message length"),
            (&[0; 100][..], "no answer of Juju's: gob: "),
            (&[][..], "closed by the agent"),
        ] {
            for command in ["config-get", "status-set"] {
                let sent = rubbish.to_vec();
                let mut agent = Agent::new(move |line| {
                    line.read(1);
                    line.stream.write_all(&sent).unwrap();
                });
                let transport = agent.transport();
                assert_eq!(call(&transport, command, "x"), Err(EXECUTABLE.to_owned()), "{rubbish:?}");
                assert!(closed(&transport).starts_with(why), "{rubbish:?}: {}", closed(&transport));
                assert_eq!(agent.asked().len(), 1);
            }
        }
    }

    #[test]
    fn an_answer_to_another_call_is_a_surprise() {
        // The answer to the first call comes twice.
        let mut agent = Agent::new(|line| {
            let call = line.read(1).remove(0);
            let bytes = line.bytes(call);
            line.stream.write_all(&bytes).unwrap();
            let call = line.read(1).remove(0);
            let bytes = line.bytes(call);
            // Without the types, which were defined before, and with the number of the first.
            let at = bytes.len() - bytes.iter().rev().position(|byte| *byte == b'M').unwrap();
            let mut first = bytes.clone();
            let end = first[at..].iter().position(|byte| *byte == 0).unwrap() + at;
            assert_eq!(first[end - 2..=end], [1, 1, 0], "Seq is there");
            first.drain(end - 2..end);
            first[0] -= 2;
            line.stream.write_all(&first).unwrap();
        });
        let transport = agent.transport();
        assert_eq!(call(&transport, "config-get", "x"), Ok("x".to_owned()));
        let error = call(&transport, "status-set", "active").unwrap_err();
        assert_eq!(error, "status-set was sent, and whether it was done is not known: an answer to no call");
        assert_eq!(agent.asked().len(), 2);
    }

    #[test]
    fn a_change_of_unknown_outcome_is_an_error_and_what_reads_is_asked_again() {
        let mut agent = Agent::new(|line| {
            line.echo(1);
            line.read(3);
        });
        let transport = agent.transport();
        assert_eq!(call(&transport, "config-get", "x"), Ok("x".to_owned()));
        let calls = ["relation-get", "status-set", "relation-set"].map(|command| Call::new(command, ["-"]));
        let mut errors = vec![String::new(); 3];
        transport.call_each(&calls, &mut |index, output| errors[index] = output.unwrap_err().to_string());
        assert_eq!(errors[0], EXECUTABLE);
        for (command, error) in ["status-set", "relation-set"].iter().zip(&errors[1..]) {
            let unknown = format!("{command} was sent, and whether it was done is not known: closed by the agent");
            assert_eq!(*error, unknown);
        }
        // And from now on all is by executables.
        assert_eq!(call(&transport, "status-set", "active"), Err(EXECUTABLE.to_owned()));
        assert_eq!(agent.asked().len(), 4);
    }

    #[test]
    fn an_answer_that_is_too_long_is_one_error_and_the_next_call_goes_on() {
        let mut agent = Agent::new(|line| {
            line.echo(1);
            let call = line.read(1).remove(0);
            let mut bytes = Vec::new();
            let stdout = vec![b'x'; OUTPUT_LIMIT + 1];
            line.side.answer(call.ticket, Ok(Response { stdout, ..Response::default() }), &mut bytes);
            line.stream.write_all(&bytes).unwrap();
            line.echo(1);
        });
        let transport = agent.transport().with_patience(Duration::from_secs(60), Duration::from_secs(60));
        assert_eq!(call(&transport, "config-get", "x"), Ok("x".to_owned()));
        let error = transport.call(&Call::new("relation-get", ["x"])).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(call(&transport, "config-get", "y"), Ok("y".to_owned()));
        assert_eq!(agent.asked().len(), 3);
    }

    #[test]
    fn an_answer_in_drops_does_not_last_for_ever() {
        let mut agent = Agent::new(|line| {
            let call = line.read(1).remove(0);
            for byte in line.bytes(call) {
                thread::sleep(Duration::from_millis(20));
                if line.stream.write_all(&[byte]).is_err() {
                    return;
                }
            }
        });
        let transport = agent.transport();
        assert_eq!(call(&transport, "config-get", "x"), Err(EXECUTABLE.to_owned()));
        assert_eq!(closed(&transport), "no answer in time");
        drop(transport);
        agent.asked();
    }

    #[test]
    fn the_way_can_be_chosen_and_what_is_private_is_not_shown() {
        let mut agent = Agent::new(|line| {
            line.echo(1);
            line.read(1);
        });
        let address = agent.socket().to_string_lossy().into_owned();
        let with = |via: &str| {
            let vars = env(&address).into_iter().chain([("JUJU_OPS_TRANSPORT", via)]).collect::<Vec<_>>();
            let env = Env::from_vars(vars).unwrap();
            Via::of(&env, Via::Auto).map(|via| AgentTransport::new(&env, via))
        };
        assert_eq!(call(&with("exec").unwrap(), "config-get", "x"), Err(EXECUTABLE.to_owned()));
        let socket = with("socket").unwrap();
        assert_eq!(call(&socket, "config-get", "x"), Ok("x".to_owned()));
        assert_eq!(
            call(&socket, "config-get", "x"),
            Err("the agent's socket is of no use: closed by the agent".into())
        );
        assert!(!format!("{socket:?}").contains("hunter2"));
        let error = crate::error::chain(&with("carrier-pigeon").unwrap_err()).to_string();
        assert_eq!(error, "environment variable JUJU_OPS_TRANSPORT: is neither auto, exec nor socket");
        agent.asked();
    }

    #[test]
    fn two_dispatches_at_once_have_a_connection_each() {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("s")).unwrap();
        let agent = thread::spawn(move || {
            let lines: Vec<JoinHandle<Vec<String>>> = (0..2)
                .map(|_| {
                    let stream = listener.accept().unwrap().0;
                    thread::spawn(move || {
                        let mut line = Line { stream, side: ServerSide::new(), asked: Vec::new() };
                        line.echo(3);
                        line.asked
                    })
                })
                .collect();
            lines.into_iter().map(|line| line.join().unwrap().join(", ")).collect::<Vec<_>>()
        });
        let address = dir.path().join("s").to_string_lossy().into_owned();
        let (one, other) = (transport(&address), transport(&address));
        for round in 0..3 {
            assert_eq!(call(&one, "config-get", &format!("a{round}")), Ok(format!("a{round}")));
            assert_eq!(call(&other, "config-get", &format!("b{round}")), Ok(format!("b{round}")));
        }
        let asked = agent.join().unwrap();
        assert_eq!(
            asked,
            ["config-get a0, config-get a1, config-get a2", "config-get b0, config-get b1, config-get b2"]
        );
    }
}
