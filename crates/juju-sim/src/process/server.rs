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

use super::wire::{self, Request, Response};

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

/// A request, and where the response goes.
pub(super) type Question = (Request, Sender<Response>);

/// What the connections ask, for the thread that owns the model.
#[derive(Debug)]
pub(super) struct Questions {
    asked: Receiver<Question>,
    bell: UnixStream,
}

/// The other end of it.
#[derive(Debug, Clone)]
struct Asking {
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
    fn ask(&self, request: Request) -> io::Result<Response> {
        let ended = || io::Error::from(io::ErrorKind::ConnectionAborted);
        let (reply, answer) = mpsc::channel();
        self.ask.send((request, reply)).map_err(|_| ended())?;
        // A bell that is too full to ring is ringing.
        let _ = (&*self.bell).write(&[1]);
        answer.recv().map_err(|_| ended())
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
        let (mut stream, _) = self.socket.accept()?;
        let Some(id) = Connections::lock(&self.connections).add(&stream)? else { return Ok(()) };
        let (connections, asking, context_id) =
            (self.connections.clone(), self.asking.clone(), self.context_id.clone());
        let served = thread::Builder::new().spawn(move || {
            // An error here is the other side's: it has gone, or does not speak the protocol.
            let _ = serve(&mut stream, &context_id, &asking);
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

/// Serves one connection, request by request.
fn serve(stream: &mut UnixStream, context_id: &str, asking: &Asking) -> io::Result<()> {
    loop {
        let request = match wire::receive(stream, wire::MAX_REQUEST) {
            Ok(None) => return Ok(()),
            Ok(Some(body)) => Request::decode(&body),
            Err(error) => Err(error),
        };
        let response = match request {
            Err(error) => {
                let refused = Response::Error(format!("bad request: {error}"));
                wire::send(stream, &refused.encode())?;
                return Err(error);
            }
            Ok(request) if request.context_id != context_id => {
                Response::Error(format!("bad request: wrong context ID; got {:?}", request.context_id))
            }
            Ok(request) => asking.ask(request)?,
        };
        wire::send(stream, &response.encode())?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use tempfile::TempDir;

    use super::*;

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
        stream
    }

    fn request(context_id: &str) -> Vec<u8> {
        let argv = vec!["is-leader".to_owned()];
        Request { context_id: context_id.to_owned(), dir: "/".to_owned(), argv, stdin: None }.encode()
    }

    fn response(stream: &mut UnixStream) -> Response {
        Response::decode(&wire::receive(stream, wire::MAX_RESPONSE).unwrap().unwrap()).unwrap()
    }

    /// Answers so many questions.
    fn answer(questions: &Questions, count: usize) {
        for _ in 0..count {
            let (request, reply) = questions.asked.recv_timeout(PATIENCE).unwrap();
            assert_eq!(request.argv, ["is-leader"]);
            reply.send(Response::NeedsStdin).unwrap();
        }
    }

    #[test]
    fn refuses_a_wrong_context_and_serves_several_connections() {
        let (server, questions, _dir) = server();
        let (mut first, mut second) = (connect(&server), connect(&server));
        wire::send(&mut first, &request("wrong")).unwrap();
        assert_eq!(response(&mut first), Response::Error("bad request: wrong context ID; got \"wrong\"".to_owned()));
        wire::send(&mut second, &request("right")).unwrap();
        wire::send(&mut first, &request("right")).unwrap();
        answer(&questions, 2);
        assert_eq!((response(&mut first), response(&mut second)), (Response::NeedsStdin, Response::NeedsStdin));
        // One that is asked when the hook ends gets no answer.
        wire::send(&mut first, &request("right")).unwrap();
        let asked = questions.asked.recv_timeout(PATIENCE).unwrap();
        drop(server);
        drop(asked);
        for mut stream in [first, second] {
            assert!(matches!(wire::receive(&mut stream, wire::MAX_RESPONSE), Ok(None) | Err(_)));
        }
    }

    #[test]
    fn the_bell_rings_for_a_question() {
        let (server, questions, _dir) = server();
        let mut stream = connect(&server);
        questions.quiet();
        assert!(questions.next().is_none());
        wire::send(&mut stream, &request("right")).unwrap();
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
        halting.write_all(&[0, 0]).unwrap();
        let mut stream = connect(&server);
        wire::send(&mut stream, &request("right")).unwrap();
        answer(&questions, 1);
        assert_eq!(response(&mut stream), Response::NeedsStdin);
        drop(server);
        for stream in [&mut silent, &mut halting] {
            assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
        }
    }

    #[test]
    fn more_connections_than_are_served_wait() {
        let (server, questions, _dir) = server();
        let mut idle: Vec<UnixStream> = (0..MAX_CONNECTIONS).map(|_| connect(&server)).collect();
        let mut stream = connect(&server);
        wire::send(&mut stream, &request("right")).unwrap();
        assert!(questions.asked.recv_timeout(BREATH * 10).is_err());
        idle.pop();
        answer(&questions, 1);
        assert_eq!(response(&mut stream), Response::NeedsStdin);
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

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rubbish_is_refused_and_the_next_one_is_served(
            rubbish in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                // A length that is right, and a body that is not.
                proptest::collection::vec(any::<u8>(), 0..80).prop_map(|body| {
                    let mut message = Vec::new();
                    wire::send(&mut message, &body).unwrap();
                    message
                }),
            ],
        ) {
            let (server, questions, _dir) = server();
            let mut stream = connect(&server);
            // It may have been refused and cut off before all of it is sent.
            let _ = stream.write_all(&rubbish);
            let _ = stream.shutdown(Shutdown::Write);
            let mut said = Vec::new();
            match stream.read_to_end(&mut said) {
                Ok(_) => {}
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
            }
            prop_assert!(questions.next().is_none());
            let mut stream = connect(&server);
            wire::send(&mut stream, &request("right")).unwrap();
            answer(&questions, 1);
            prop_assert_eq!(response(&mut stream), Response::NeedsStdin);
        }
    }
}
