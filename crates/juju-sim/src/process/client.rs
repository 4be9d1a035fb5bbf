use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;

use super::go::words;
use super::wire::{self, Request, Response};
use crate::command::ToolOutput;

/// What a hook command's process has around it.
pub(crate) struct Around<'a> {
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) dir: &'a Path,
    pub(crate) stdin: &'a mut dyn Read,
    pub(crate) stdout: &'a mut dyn Write,
    pub(crate) stderr: &'a mut dyn Write,
}

/// Acts as the hook command `argv[0]`: asks the simulator, and gives the exit code. Standard input is read only when
/// the simulator asks for it.
pub(crate) fn run(argv: Vec<String>, around: &mut Around<'_>) -> i32 {
    match ask(argv, around) {
        Ok(Some(output)) => give(&output, around),
        Ok(None) => complain("bad response", around),
        Err(text) => complain(&text, around),
    }
}

/// Prints what a command answers, and gives its exit code.
pub(super) fn give(output: &ToolOutput, around: &mut Around<'_>) -> i32 {
    // Juju's client writes in this order; a reader that is gone is no concern of the command.
    let _ = around.stdout.write_all(&output.stdout).and_then(|()| around.stdout.flush());
    let _ = around.stderr.write_all(&output.stderr).and_then(|()| around.stderr.flush());
    output.code
}

pub(super) fn complain(text: &str, around: &mut Around<'_>) -> i32 {
    let _ = writeln!(around.stderr, "ERROR {text}");
    1
}

/// What the simulator answers; none where the command is not its own.
pub(super) fn ask(argv: Vec<String>, around: &mut Around<'_>) -> Result<Option<ToolOutput>, String> {
    let text = |error: io::Error| words(&error);
    let context_id = variable(around, "JUJU_CONTEXT_ID")?;
    let dir = around.dir.to_string_lossy().into_owned();
    let address = variable(around, "JUJU_AGENT_SOCKET_ADDRESS")?;
    let network = variable(around, "JUJU_AGENT_SOCKET_NETWORK")?;
    if network != "unix" {
        return Err(format!("unknown network {network}"));
    }
    let mut stream = connect(&address).map_err(|error| format!("dial unix {address}: connect: {}", words(&error)))?;
    let mut request = Request { context_id, dir, argv, stdin: None };
    loop {
        // A request that is refused for its length is answered before all of it is sent.
        let sent = wire::send(&mut stream, &request.encode());
        let body = match (wire::receive(&mut stream, wire::MAX_RESPONSE), sent) {
            (Ok(Some(body)), _) => body,
            (_, Err(error)) | (Err(error), _) => return Err(words(&error)),
            (Ok(None), Ok(())) => return Err("connection is shut down".to_owned()),
        };
        match Response::decode(&body).map_err(text)? {
            Response::Done(output) => return Ok(Some(output)),
            Response::Elsewhere => return Ok(None),
            Response::NeedsStdin if request.stdin.is_none() => {
                let mut stdin = Vec::new();
                around.stdin.read_to_end(&mut stdin).map_err(text)?;
                request.stdin = Some(stdin);
            }
            Response::NeedsStdin => return Err("hook tool requires stdin, none supplied".to_owned()),
            Response::Error(text) => return Err(text),
        }
    }
}

/// Go: an address that begins with `@` is a name in the abstract namespace, not a file.
fn connect(address: &str) -> io::Result<UnixStream> {
    match address.strip_prefix('@') {
        Some(name) => UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?),
        None => UnixStream::connect(address),
    }
}

/// A variable; an empty one counts as not set.
fn variable(around: &Around<'_>, name: &str) -> Result<String, String> {
    (around.env)(name).filter(|value| !value.is_empty()).ok_or_else(|| format!("{name} not set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stderr(env: &dyn Fn(&str) -> Option<String>) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut stdin = io::empty();
        let dir = Path::new("/");
        let mut around = Around { env, dir, stdin: &mut stdin, stdout: &mut out, stderr: &mut err };
        assert_eq!(run(vec!["is-leader".to_owned()], &mut around), 1);
        assert!(out.is_empty());
        String::from_utf8(err).unwrap()
    }

    #[test]
    fn errors_as_jujus_client_words_them() {
        assert_eq!(stderr(&|_| None), "ERROR JUJU_CONTEXT_ID not set\n");
        assert_eq!(stderr(&|_| Some(String::new())), "ERROR JUJU_CONTEXT_ID not set\n");
        let without = |missing: &'static str| move |name: &str| (name != missing).then(|| "/nowhere".to_owned());
        assert_eq!(stderr(&without("JUJU_AGENT_SOCKET_ADDRESS")), "ERROR JUJU_AGENT_SOCKET_ADDRESS not set\n");
        assert_eq!(stderr(&without("JUJU_AGENT_SOCKET_NETWORK")), "ERROR JUJU_AGENT_SOCKET_NETWORK not set\n");
        for (address, why) in [("/nowhere/s", "no such file or directory"), ("@nobody-here", "connection refused")] {
            let unix = |name: &str| Some(if name.ends_with("NETWORK") { "unix" } else { address }.to_owned());
            assert_eq!(stderr(&unix), format!("ERROR dial unix {address}: connect: {why}\n"));
        }
    }
}
