use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;

use super::client_side::{Answer, ClientSide, NoResponse};
use super::dial::{connect, current_dir};
use super::go::words;
use super::rpc::{Request, Response, STDIN_WANTED};

/// The exit code that a shell shows for a process that wrote what nobody reads.
const SIGPIPE: i32 = 128 + 13;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// The longest message that is taken. Bags may be large, and in JSON a byte may become six.
const MAX_ANSWER: usize = 1024 * 1024 * 1024;

/// Calls a hook command. Standard input is read only if the agent asks for it.
///
/// # Errors
/// Why there is no answer, in the words of Juju's client.
pub(crate) fn ask(name: &OsStr, args: &[OsString]) -> Result<Response, String> {
    let context_id = variable("JUJU_CONTEXT_ID")?;
    let dir = current_dir().map_err(|error| format!("getwd: {}", words(&error)))?;
    // Empty where it is not set.
    let token = env::var_os("JUJU_AGENT_TOKEN").unwrap_or_default();
    let address = variable("JUJU_AGENT_SOCKET_ADDRESS")?;
    let network = variable("JUJU_AGENT_SOCKET_NETWORK")?;
    let mut agent = Agent::dial(&network, &address)?;
    let mut request = Request {
        context_id: context_id.into_vec(),
        dir: dir.into_os_string().into_vec(),
        command: name.as_bytes().to_vec(),
        args: args.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
        stdin_set: false,
        stdin: Vec::new(),
        token: token.into_vec(),
    };
    match agent.call(&mut request) {
        Err(text) if text == STDIN_WANTED => {
            let read = io::stdin().lock().read_to_end(&mut request.stdin);
            read.map_err(|error| format!("read /dev/stdin: {}", words(&error)))?;
            request.stdin_set = true;
            agent.call(&mut request)
        }
        answer => answer,
    }
}

/// Prints an answer, and gives its exit code. Juju's client writes in this order.
pub(crate) fn give(response: &Response) -> i32 {
    let is_unread = |written: io::Result<()>| written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if is_unread(io::stdout().lock().write_all(&response.stdout).and_then(|()| io::stdout().flush()))
        || is_unread(io::stderr().lock().write_all(&response.stderr))
    {
        return SIGPIPE;
    }
    // The system takes what it has room for.
    i32::try_from(response.code & 0xff).unwrap_or(1)
}

/// Says why there is no answer, and gives the exit code for it.
pub(crate) fn complain(why: &str) -> i32 {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "ERROR {why}");
    1
}

/// A variable; an empty one counts as not set.
fn variable(name: &str) -> Result<OsString, String> {
    env::var_os(name).filter(|value| !value.is_empty()).ok_or_else(|| format!("{name} not set"))
}

/// The connection to the agent.
struct Agent {
    address: String,
    stream: UnixStream,
    side: ClientSide,
}

impl Agent {
    fn dial(network: &OsStr, address: &OsStr) -> Result<Agent, String> {
        let shown = address.to_string_lossy().into_owned();
        if network != "unix" {
            let network = network.to_string_lossy();
            return Err(format!("dial {network}: unknown network {network}"));
        }
        let stream = connect(address).map_err(|error| {
            // The standard library refuses by itself what is too long for an address.
            let why = if error.raw_os_error().is_some() { words(&error) } else { "invalid argument".to_owned() };
            format!("dial unix {shown}: connect: {why}")
        })?;
        Ok(Agent { address: shown, stream, side: ClientSide::up_to(MAX_ANSWER) })
    }

    /// Calls, and waits for the answer.
    fn call(&mut self, request: &mut Request) -> Result<Response, String> {
        let mut bytes = Vec::new();
        let number = self.side.call(request, &mut bytes);
        self.stream.write_all(&bytes).map_err(|error| self.failed("write", &error))?;
        drop(bytes);
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.side.next().map_err(|broken| broken.to_string())? {
                Some(Answer { sequence, response }) if sequence == number => {
                    return response.map_err(|why| match why {
                        NoResponse::Refused(text) => text,
                        NoResponse::TooLarge => "message too large".to_owned(),
                    });
                }
                Some(_) => continue,
                None => {}
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err("unexpected EOF".to_owned()),
                Ok(length) => self.side.push(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("read", &error)),
            }
        }
    }

    fn failed(&self, act: &str, error: &io::Error) -> String {
        format!("{act} unix @->{}: {act}: {}", self.address, words(error))
    }
}
