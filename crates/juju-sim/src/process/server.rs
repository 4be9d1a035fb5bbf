use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Event;
use super::wire::{self, Request, Response};

/// How long to wait when no further connection can be taken, for lack of file descriptors say.
const BREATH: Duration = Duration::from_millis(10);

/// The socket of one running hook. It lives as long as the hook.
#[derive(Debug)]
pub(super) struct Server {
    path: PathBuf,
    connections: Arc<Mutex<Connections>>,
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
}

impl Server {
    /// Listens at `path`, in a directory that only this user can enter, and hands requests on as events.
    pub(super) fn start(path: &Path, context_id: &str, events: SyncSender<Event>) -> io::Result<Server> {
        let listener = UnixListener::bind(path)?;
        let connections = Arc::new(Mutex::new(Connections::default()));
        let (shared, context_id) = (connections.clone(), context_id.to_owned());
        thread::spawn(move || {
            loop {
                let added = listener.accept().and_then(|(stream, _)| {
                    let id = Connections::lock(&shared).add(&stream)?;
                    Ok(id.map(|id| (id, stream)))
                });
                match added {
                    Ok(None) => return,
                    Ok(Some((id, mut stream))) => {
                        let (shared, events, context_id) = (shared.clone(), events.clone(), context_id.clone());
                        thread::spawn(move || {
                            // An error here is the other side's: it has gone, or does not speak the protocol.
                            let _ = serve(&mut stream, &context_id, &events);
                            Connections::lock(&shared).open.remove(&id);
                        });
                    }
                    Err(_) => thread::sleep(BREATH),
                }
            }
        });
        Ok(Server { path: path.to_owned(), connections })
    }
}

impl Drop for Server {
    /// Ends all conversations. Nothing is waited for: a charm may have put another socket in the place of this one,
    /// and then nothing wakes the thread that accepts.
    fn drop(&mut self) {
        let mut connections = Connections::lock(&self.connections);
        connections.stopped = true;
        for stream in std::mem::take(&mut connections.open).into_values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(connections);
        // Wakes the thread that accepts.
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves one connection, request by request.
fn serve(stream: &mut UnixStream, context_id: &str, events: &SyncSender<Event>) -> io::Result<()> {
    loop {
        let body = match wire::receive(stream) {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(()),
            Err(error) => {
                wire::send(stream, &Response::Error(format!("bad request: {error}")).encode())?;
                return Err(error);
            }
        };
        let request = Request::decode(&body)?;
        if request.context_id != context_id {
            let text = format!("bad request: wrong context ID; got {:?}", request.context_id);
            wire::send(stream, &Response::Error(text).encode())?;
            continue;
        }
        let (reply, answer) = mpsc::channel();
        let ended = || io::Error::from(io::ErrorKind::ConnectionAborted);
        events.send(Event::Request(request, reply)).map_err(|_| ended())?;
        let response: Response = answer.recv().map_err(|_| ended())?;
        wire::send(stream, &response.encode())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_wrong_context_and_serves_several_connections() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.socket");
        let (events, received) = mpsc::sync_channel(1);
        let server = Server::start(&path, "right", events).unwrap();
        let request = |context_id: &str| Request {
            context_id: context_id.to_owned(),
            dir: "/".to_owned(),
            argv: vec!["is-leader".to_owned()],
            stdin: None,
        };
        let ask = |stream: &mut UnixStream, context_id| {
            wire::send(stream, &request(context_id).encode()).unwrap();
            Response::decode(&wire::receive(stream).unwrap().unwrap()).unwrap()
        };
        let mut first = UnixStream::connect(&path).unwrap();
        let mut second = UnixStream::connect(&path).unwrap();
        let wrong = ask(&mut first, "wrong");
        assert_eq!(wrong, Response::Error("bad request: wrong context ID; got \"wrong\"".to_owned()));
        let answering = thread::spawn(move || {
            for event in received {
                if let Event::Request(request, reply) = event {
                    assert_eq!(request.argv, ["is-leader"]);
                    reply.send(Response::NeedsStdin).unwrap();
                }
            }
        });
        assert_eq!(ask(&mut second, "right"), Response::NeedsStdin);
        assert_eq!(ask(&mut first, "right"), Response::NeedsStdin);
        wire::send(&mut first, &[]).unwrap();
        drop(server);
        assert!(!path.exists());
        assert!(matches!(wire::receive(&mut second), Ok(None) | Err(_)));
        answering.join().unwrap();
    }
    #[test]
    fn a_connection_that_is_done_is_let_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.socket");
        let server = Server::start(&path, "id", mpsc::sync_channel(1).0).unwrap();
        for _ in 0..20 {
            drop(UnixStream::connect(&path).unwrap());
        }
        let idle = || {
            let connections = Connections::lock(&server.connections);
            connections.last == 20 && connections.open.is_empty()
        };
        for _ in 0..500 {
            if idle() {
                return;
            }
            thread::sleep(BREATH);
        }
        panic!("{:?}", server.connections);
    }

    #[test]
    fn an_end_that_cannot_wake_the_listener_does_not_hang() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.socket");
        let server = Server::start(&path, "id", mpsc::sync_channel(1).0).unwrap();
        std::fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            drop(server);
            done.send(()).unwrap();
        });
        ended.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
