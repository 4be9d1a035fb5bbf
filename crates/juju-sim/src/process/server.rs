use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::conversation::Conversation;
use crate::command::ToolOutput;

/// How long to wait when no further connection can be taken, for lack of file descriptors say.
const BREATH: Duration = Duration::from_millis(10);
/// How many connections are served at once. More of them wait until one is done, or the hook.
const MAX_CONNECTIONS: usize = 256;

/// The socket of one running hook. It lives as long as the hook.
#[derive(Debug)]
pub(super) struct Server {
    path: PathBuf,
    connections: Arc<Mutex<Connections>>,
    /// Its other end hangs up when this goes.
    _alive: UnixStream,
}

/// A hook command that is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The command's name first.
    pub(crate) argv: Vec<String>,
    /// The caller's directory.
    pub(crate) dir: PathBuf,
    /// Where it was read.
    pub(crate) stdin: Option<Vec<u8>>,
}

/// What the command gives, or the text of why it was not run.
pub(crate) type Answer = Result<ToolOutput, String>;

/// What is asked, and where the answer goes.
pub(crate) type Question = (Asked, Sender<Answer>);

/// What the connections ask, for the thread that owns the model.
#[derive(Debug)]
pub(crate) struct Questions {
    asked: Receiver<Question>,
    bell: UnixStream,
}

/// The other end of it.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    ask: Sender<Question>,
    bell: Arc<UnixStream>,
}

impl Questions {
    fn new() -> io::Result<(Asking, Questions)> {
        let (ask, asked) = mpsc::channel();
        let (ring, bell) = UnixStream::pair()?;
        ring.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        Ok((Asking { ask, bell: Arc::new(ring) }, Questions { asked, bell }))
    }

    /// What becomes readable when there is a question.
    pub(super) fn bell(&self) -> &UnixStream {
        &self.bell
    }

    /// Takes note that the bell has rung.
    pub(super) fn quiet(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.bell).read(&mut bytes), Ok(1..)) {}
    }

    pub(super) fn next(&self) -> Option<Question> {
        self.asked.try_recv().ok()
    }
}

impl Asking {
    /// Asks; the answer comes later, and not at all where the hook ends before.
    pub(super) fn ask(&self, asked: Asked) -> io::Result<Receiver<Answer>> {
        let (reply, answer) = mpsc::channel();
        self.ask.send((asked, reply)).map_err(|_| io::ErrorKind::ConnectionAborted)?;
        // A bell that is too full to ring is ringing.
        let _ = (&*self.bell).write(&[1]);
        Ok(answer)
    }
}

/// The connections that are open, to be cut off when the hook ends.
#[derive(Debug, Default)]
struct Connections {
    stopped: bool,
    last: u64,
    open: BTreeMap<u64, UnixStream>,
}

impl Connections {
    fn lock(shared: &Mutex<Connections>) -> MutexGuard<'_, Connections> {
        shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a handle to a new connection; none when the hook has ended.
    fn add(&mut self, stream: &UnixStream) -> io::Result<Option<u64>> {
        if self.stopped {
            return Ok(None);
        }
        self.last += 1;
        self.open.insert(self.last, stream.try_clone()?);
        Ok(Some(self.last))
    }

    fn is_full(&self) -> bool {
        self.open.len() >= MAX_CONNECTIONS
    }
}

impl Server {
    /// Listens at `path`, in a directory that only this user can enter, for the hook with this context id.
    pub(super) fn start(path: &Path, context_id: &str) -> io::Result<(Server, Questions)> {
        let socket = UnixListener::bind(path)?;
        socket.set_nonblocking(true)?;
        let (alive, dead) = UnixStream::pair()?;
        let (asking, questions) = Questions::new()?;
        let connections = Arc::new(Mutex::new(Connections::default()));
        let listener =
            Listener { socket, dead, connections: connections.clone(), asking, context_id: context_id.into() };
        thread::Builder::new().spawn(move || listener.run())?;
        Ok((Server { path: path.to_owned(), connections, _alive: alive }, questions))
    }
}

/// What takes connections, in a thread of its own.
#[derive(Debug)]
struct Listener {
    socket: UnixListener,
    dead: UnixStream,
    connections: Arc<Mutex<Connections>>,
    asking: Asking,
    context_id: String,
}

impl Listener {
    /// Takes connections, until the server is dropped. Those that nobody has taken then are cut off with the socket.
    fn run(&self) {
        loop {
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN), PollFd::new(&self.dead, PollFlags::IN)];
            let polled = poll(&mut fds, None);
            if !fds[1].revents().is_empty() {
                return;
            }
            let accepted = polled.map_err(io::Error::from).and_then(|_| self.accept());
            if accepted.is_err() || Connections::lock(&self.connections).is_full() {
                thread::sleep(BREATH);
            }
        }
    }

    /// Takes a connection, and lets a thread serve it.
    fn accept(&self) -> io::Result<()> {
        if Connections::lock(&self.connections).is_full() {
            return Ok(());
        }
        let (stream, _) = self.socket.accept()?;
        let Some(id) = Connections::lock(&self.connections).add(&stream)? else { return Ok(()) };
        let (connections, asking, context_id) =
            (self.connections.clone(), self.asking.clone(), self.context_id.clone());
        let served = thread::Builder::new().spawn(move || {
            // That it broke off is the other side's concern.
            let _ = Conversation::new(stream, &context_id, &asking).and_then(Conversation::run);
            Connections::lock(&connections).open.remove(&id);
        });
        if served.is_err() {
            Connections::lock(&self.connections).open.remove(&id);
        }
        served.map(drop)
    }
}

impl Drop for Server {
    /// Ends all conversations.
    fn drop(&mut self) {
        let mut connections = Connections::lock(&self.connections);
        connections.stopped = true;
        for stream in std::mem::take(&mut connections.open).into_values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // A charm may have removed it, or put another one in its place.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use jujuc::{ClientSide, NoResponse, Request, Response};
    use proptest::prelude::*;
    use proptest::test_runner::{RngSeed, TestCaseError};
    use tempfile::TempDir;

    use super::super::conversation::MAX_PIPELINED;
    use super::*;
    use crate::corpus;

    /// How long a test waits for what must come.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn server() -> (Server, Questions, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let (server, questions) = Server::start(&dir.path().join("agent.socket"), "right").unwrap();
        (server, questions, dir)
    }

    fn connect(server: &Server) -> UnixStream {
        let stream = UnixStream::connect(&server.path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A client that speaks the protocol.
    struct Client {
        stream: UnixStream,
        side: ClientSide,
    }

    impl Client {
        fn connect(server: &Server) -> Client {
            Client { stream: connect(server), side: ClientSide::up_to(1 << 30) }
        }

        fn send(&mut self, context_id: &str) {
            self.send_request(&mut request(context_id));
        }

        /// Sends several calls at once: they are there together.
        fn send_together(&mut self, context_id: &str, count: usize) {
            let mut bytes = Vec::new();
            for _ in 0..count {
                self.side.call(&mut request(context_id), &mut bytes);
            }
            self.stream.write_all(&bytes).unwrap();
        }

        fn send_request(&mut self, request: &mut Request) {
            let mut bytes = Vec::new();
            self.side.call(request, &mut bytes);
            self.stream.write_all(&bytes).unwrap();
        }

        /// The next answer; none where the server has hung up.
        fn next(&mut self) -> Option<Result<Response, NoResponse>> {
            let mut chunk = [0; 4096];
            loop {
                if let Some(answer) = self.side.next().unwrap() {
                    return Some(answer.response);
                }
                match self.stream.read(&mut chunk) {
                    Ok(0) => return None,
                    Ok(length) => self.side.push(&chunk[..length]),
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                    Err(error) => panic!("{error}"),
                }
            }
        }

        fn text(&mut self) -> String {
            match self.next().expect("an answer comes") {
                Err(NoResponse::Refused(text)) => text,
                other => panic!("{other:?}"),
            }
        }
    }

    fn request(context_id: &str) -> Request {
        let (context_id, dir, command) = (context_id.into(), b"/".to_vec(), b"is-leader".to_vec());
        Request { context_id, dir, command, ..Request::default() }
    }

    const SAID: &str = "the answer";

    /// Answers so many questions.
    fn answer(questions: &Questions, count: usize) {
        for _ in 0..count {
            let (asked, reply) = questions.asked.recv_timeout(PATIENCE).unwrap();
            assert_eq!(asked, Asked { argv: vec!["is-leader".to_owned()], dir: "/".into(), stdin: None });
            reply.send(Err(SAID.to_owned())).unwrap();
        }
    }

    #[test]
    fn refuses_a_wrong_context_and_serves_several_connections() {
        let (server, questions, _dir) = server();
        let (mut first, mut second) = (Client::connect(&server), Client::connect(&server));
        first.send("wrong");
        assert_eq!(first.text(), "bad request: wrong context ID; got \"wrong\"");
        second.send("right");
        first.send("right");
        answer(&questions, 2);
        assert_eq!((first.text().as_str(), second.text().as_str()), (SAID, SAID));
        // One that is asked when the hook ends gets no answer.
        first.send("right");
        let asked = questions.asked.recv_timeout(PATIENCE).unwrap();
        drop(server);
        drop(asked);
        assert_eq!((first.next(), second.next()), (None, None));
    }

    #[test]
    fn what_is_wrong_with_a_call_is_told_in_jujus_order() {
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        let mut wrong = Request { token: b"x".to_vec(), ..Request::default() };
        for (text, mend) in [
            ("token does not match", (|it: &mut Request| it.token.clear()) as fn(&mut Request)),
            ("command not specified", |it| it.command = b"is-leader".to_vec()),
            ("Dir is not absolute", |it| it.dir = b".".to_vec()),
            ("Dir is not absolute", |it| it.dir = b"/".to_vec()),
            ("wrong context ID; got \"\"", |it| it.context_id = b"a\xffb\n".to_vec()),
            ("wrong context ID; got \"a\u{fffd}b\\n\"", |it| it.context_id = b"right".to_vec()),
        ] {
            client.send_request(&mut wrong);
            assert_eq!(client.text(), format!("bad request: {text}"));
            mend(&mut wrong);
        }
        assert!(questions.next().is_none());
        client.send_request(&mut wrong);
        answer(&questions, 1);
        assert_eq!(client.text(), SAID);
    }

    #[test]
    fn many_calls_at_once_are_answered_in_order() {
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        let count = MAX_PIPELINED + 100;
        let answers = thread::spawn(move || {
            for number in 0..count {
                let (_, reply) = questions.asked.recv_timeout(PATIENCE).unwrap();
                let output = ToolOutput { stdout: number.to_string().into_bytes(), ..ToolOutput::default() };
                reply.send(Ok(output)).unwrap();
            }
        });
        for _ in 0..count {
            client.send("right");
        }
        client.stream.shutdown(Shutdown::Write).unwrap();
        for number in 0..count {
            assert_eq!(client.next().unwrap().unwrap().stdout, number.to_string().into_bytes());
        }
        assert_eq!(client.next(), None);
        answers.join().unwrap();
    }

    #[test]
    fn who_sends_much_before_reading_is_listened_to() {
        const COUNT: usize = 40;
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        // Both ways more than a socket holds: the client is not done with sending before answers wait to be read.
        let large = vec![b'x'; 1024 * 1024];
        let output = ToolOutput { stdout: large.clone(), ..ToolOutput::default() };
        let answers = thread::spawn(move || {
            for _ in 0..COUNT {
                let (_, reply) = questions.asked.recv_timeout(PATIENCE).unwrap();
                reply.send(Ok(output.clone())).unwrap();
            }
        });
        for _ in 0..COUNT {
            client.send_request(&mut Request { stdin_set: true, stdin: large.clone(), ..request("right") });
        }
        for _ in 0..COUNT {
            assert_eq!(client.next().unwrap().unwrap().stdout.len(), large.len());
        }
        answers.join().unwrap();
    }

    #[test]
    fn what_was_answered_before_the_end_arrives() {
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        client.send_together("right", 3);
        let asked: Vec<Question> = (0..3).map(|_| questions.asked.recv_timeout(PATIENCE).unwrap()).collect();
        let mut asked = asked.into_iter();
        asked.next().unwrap().1.send(Err(SAID.to_owned())).unwrap();
        assert_eq!(client.text(), SAID);
        drop(asked);
        drop(server);
        assert_eq!(client.next(), None);
    }

    #[test]
    fn a_call_that_is_too_large_is_refused_and_the_next_one_served() {
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        let stdin = vec![b'x'; 33 * 1024 * 1024];
        client.send_request(&mut Request { stdin_set: true, stdin, ..request("right") });
        assert_eq!(client.text(), "bad request: message too large");
        client.send("right");
        answer(&questions, 1);
        assert_eq!(client.text(), SAID);
    }

    #[test]
    fn methods_that_are_not_there_are_refused_in_gos_words() {
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        for (method, text) in [
            ("Jujuc.Nope", "rpc: can't find method Jujuc.Nope"),
            ("Nope.Main", "rpc: can't find service Nope.Main"),
            ("A.Jujuc.Main", "rpc: can't find service A.Jujuc.Main"),
            ("Nope", "rpc: service/method request ill-formed: Nope"),
            ("", "rpc: service/method request ill-formed: "),
        ] {
            let mut bytes = Vec::new();
            client.side.call_method(method.into(), &mut request("right"), &mut bytes);
            client.stream.write_all(&bytes).unwrap();
            assert_eq!(client.text(), text);
        }
        assert!(questions.next().is_none());
    }

    #[test]
    fn the_bell_rings_for_a_question() {
        let (server, questions, _dir) = server();
        let mut client = Client::connect(&server);
        questions.quiet();
        assert!(questions.next().is_none());
        client.send("right");
        questions.bell.set_nonblocking(false).unwrap();
        questions.bell.set_read_timeout(Some(PATIENCE)).unwrap();
        (&questions.bell).read_exact(&mut [0]).unwrap();
        assert!(questions.next().is_some());
    }

    #[test]
    fn a_connection_that_is_done_is_let_go() {
        let (server, _questions, _dir) = server();
        for _ in 0..20 {
            drop(connect(&server));
        }
        let idle = || {
            let connections = Connections::lock(&server.connections);
            connections.last == 20 && connections.open.is_empty()
        };
        for _ in 0..2000 {
            if idle() {
                return;
            }
            thread::sleep(BREATH);
        }
        panic!("{:?}", server.connections);
    }

    #[test]
    fn one_that_says_nothing_holds_nobody_up() {
        let (server, questions, _dir) = server();
        let mut silent = connect(&server);
        let mut halting = connect(&server);
        halting.write_all(&[0x2f, 0xff]).unwrap();
        let mut client = Client::connect(&server);
        client.send("right");
        answer(&questions, 1);
        assert_eq!(client.text(), SAID);
        drop(server);
        for stream in [&mut silent, &mut halting] {
            assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
        }
    }

    #[test]
    fn more_connections_than_are_served_wait() {
        let (server, questions, _dir) = server();
        let mut idle: Vec<UnixStream> = (0..MAX_CONNECTIONS).map(|_| connect(&server)).collect();
        let mut client = Client::connect(&server);
        client.send("right");
        assert!(questions.asked.recv_timeout(BREATH * 10).is_err());
        idle.pop();
        answer(&questions, 1);
        assert_eq!(client.text(), SAID);
    }

    #[test]
    fn a_socket_that_the_charm_has_replaced_is_no_matter() {
        let (server, _questions, _dir) = server();
        let mut early = connect(&server);
        std::fs::remove_file(&server.path).unwrap();
        let _other = UnixListener::bind(&server.path).unwrap();
        drop(server);
        assert!(matches!(early.read(&mut [0]), Ok(0) | Err(_)));
    }

    /// Sends what is no call from the hook, and then one that is.
    fn survives(rubbish: &[u8]) -> Result<(), TestCaseError> {
        let (server, questions, _dir) = server();
        let mut stream = connect(&server);
        // It may have been cut off before all of it is sent.
        let _ = stream.write_all(rubbish);
        let _ = stream.shutdown(Shutdown::Write);
        let mut said = Vec::new();
        match stream.read_to_end(&mut said) {
            Ok(_) => {}
            Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
        }
        prop_assert!(questions.next().is_none());
        let mut client = Client::connect(&server);
        client.send("right");
        answer(&questions, 1);
        prop_assert_eq!(client.text(), SAID);
        Ok(())
    }

    #[test]
    fn what_came_from_other_protocols_and_from_enemies_is_refused() {
        for (name, bytes) in corpus::all() {
            survives(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rubbish_is_refused_and_the_next_one_is_served(
            rubbish in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                corpus::spoiled(),
            ],
        ) {
            survives(&rubbish)?;
        }
    }
}
