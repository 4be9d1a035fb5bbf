use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::Event;
use super::wire::{self, Request, Response};

/// The socket of one running hook. It lives as long as the hook.
#[derive(Debug)]
pub(super) struct Server {
    path: PathBuf,
    open: Arc<Open>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Open {
    stopped: AtomicBool,
    connections: Mutex<Vec<UnixStream>>,
}

impl Server {
    /// Listens at `path`, in a directory that only this user can enter, and hands requests on as events.
    pub(super) fn start(path: &Path, context_id: &str, events: Sender<Event>) -> io::Result<Server> {
        let listener = UnixListener::bind(path)?;
        let open = Arc::new(Open::default());
        let (shared, context_id) = (open.clone(), context_id.to_owned());
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                if let Ok(copy) = stream.try_clone() {
                    shared.connections.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
                }
                let (events, context_id) = (events.clone(), context_id.clone());
                // An error here is the other side's: it has gone, or does not speak the protocol.
                thread::spawn(move || drop(serve(&mut stream, &context_id, &events)));
            }
        });
        Ok(Server { path: path.to_owned(), open, accepting: Some(accepting) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.open.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let woken = UnixStream::connect(&self.path).is_ok();
        if let (true, Some(accepting)) = (woken, self.accepting.take()) {
            let _ = accepting.join();
        }
        for stream in self.open.connections.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves one connection, request by request.
fn serve(stream: &mut UnixStream, context_id: &str, events: &Sender<Event>) -> io::Result<()> {
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
        let gone = |_| io::Error::from(io::ErrorKind::ConnectionAborted);
        events.send(Event::Request(request, reply)).map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        let response: Response = answer.recv().map_err(gone)?;
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
        let (events, received) = mpsc::channel();
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
}
