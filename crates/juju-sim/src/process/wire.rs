//! The messages between a hook command and the simulator. Private to this crate; a request says which version of it
//! speaks, because the executable may be older or newer than the library.
//!
//! A message is a length in four bytes, big end first, and that many bytes. Within it a text is framed likewise.

use std::io::{self, Read, Write};

use crate::command::{NAMES, ToolOutput};
use crate::systemd;

/// The longest request that is taken, as a charm may send anything.
pub(super) const MAX_REQUEST: usize = 32 * 1024 * 1024;
/// The longest response that is taken. Bags may be large, and in JSON a byte may become six.
pub(super) const MAX_RESPONSE: usize = 1024 * 1024 * 1024;

/// What both ends have to agree on: this file, and the names that the executable answers to.
pub(crate) fn version() -> String {
    const HASH: u64 = {
        let mut hash = fnv(0xcbf2_9ce4_8422_2325, include_bytes!("wire.rs"));
        hash = fnv_all(hash, NAMES);
        fnv_all(hash, systemd::NAMES)
    };
    format!("{} {HASH:016x}", env!("CARGO_PKG_VERSION"))
}

const fn fnv_all(mut hash: u64, names: &[&str]) -> u64 {
    let mut index = 0;
    while index < names.len() {
        hash = fnv(hash, names[index].as_bytes());
        index += 1;
    }
    hash
}

const fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) context_id: String,
    pub(super) dir: String,
    pub(super) argv: Vec<String>,
    pub(super) stdin: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Response {
    Done(ToolOutput),
    NeedsStdin,
    /// The command of this name that the machine has is to run, if any.
    Elsewhere,
    /// The text of an error, without `ERROR `.
    Error(String),
}

impl Request {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put(&mut body, version().as_bytes());
        put(&mut body, self.context_id.as_bytes());
        put(&mut body, self.dir.as_bytes());
        match &self.stdin {
            None => body.push(0),
            Some(stdin) => {
                body.push(1);
                put(&mut body, stdin);
            }
        }
        for word in &self.argv {
            put(&mut body, word.as_bytes());
        }
        body
    }

    pub(super) fn decode(mut body: &[u8]) -> io::Result<Request> {
        let theirs = take_text(&mut body)?;
        if theirs != version() {
            return Err(invalid(&format!("this hook command is of juju-sim {theirs}, not of {}", version())));
        }
        let (context_id, dir) = (take_text(&mut body)?, take_text(&mut body)?);
        let stdin = match take_byte(&mut body)? {
            0 => None,
            _ => Some(take(&mut body)?.to_vec()),
        };
        let mut argv = Vec::new();
        while !body.is_empty() {
            argv.push(take_text(&mut body)?);
        }
        Ok(Request { context_id, dir, argv, stdin })
    }
}

impl Response {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Response::Done(output) => {
                let mut body = vec![0];
                put(&mut body, &output.code.to_be_bytes());
                put(&mut body, &output.stdout);
                put(&mut body, &output.stderr);
                body
            }
            Response::NeedsStdin => vec![1],
            Response::Elsewhere => vec![3],
            Response::Error(text) => {
                let mut body = vec![2];
                put(&mut body, text.as_bytes());
                body
            }
        }
    }

    pub(super) fn decode(mut body: &[u8]) -> io::Result<Response> {
        match take_byte(&mut body)? {
            0 => {
                let code = take(&mut body)?.try_into().map(i32::from_be_bytes).map_err(|_| malformed())?;
                let (stdout, stderr) = (take(&mut body)?.to_vec(), take(&mut body)?.to_vec());
                Ok(Response::Done(ToolOutput { code, stdout, stderr }))
            }
            1 => Ok(Response::NeedsStdin),
            3 => Ok(Response::Elsewhere),
            _ => Ok(Response::Error(take_text(&mut body)?)),
        }
    }
}

pub(super) fn send(to: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| too_large())?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(body)?;
    to.flush()
}

/// The next message; none when the other side is done.
pub(super) fn receive(from: &mut impl Read, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > max {
        return Err(too_large());
    }
    let mut body = Vec::new();
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(malformed());
    }
    Ok(Some(body))
}

fn put(body: &mut Vec<u8>, bytes: &[u8]) {
    // Longer ones do not fit into a message, which `receive` refuses.
    body.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    body.extend_from_slice(bytes);
}

fn take<'a>(body: &mut &'a [u8]) -> io::Result<&'a [u8]> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(malformed)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (bytes, rest) = rest.split_at_checked(length).ok_or_else(malformed)?;
    *body = rest;
    Ok(bytes)
}

fn take_text(body: &mut &[u8]) -> io::Result<String> {
    Ok(String::from_utf8_lossy(take(body)?).into_owned())
}

fn take_byte(body: &mut &[u8]) -> io::Result<u8> {
    let (byte, rest) = body.split_first().ok_or_else(malformed)?;
    *body = rest;
    Ok(*byte)
}

fn malformed() -> io::Error {
    invalid("malformed message")
}

fn too_large() -> io::Error {
    invalid("message too large")
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn messages_come_back() {
        let argv = vec!["state-set".to_owned(), "--file".to_owned(), "-".to_owned()];
        for stdin in [None, Some(b"{}".to_vec()), Some(Vec::new())] {
            let request = Request { context_id: "id".into(), dir: "/d".into(), argv: argv.clone(), stdin };
            let mut bytes = Vec::new();
            send(&mut bytes, &request.encode()).unwrap();
            let body = receive(&mut bytes.as_slice(), MAX_REQUEST).unwrap().unwrap();
            assert_eq!(Request::decode(&body).unwrap(), request);
        }
        let output = ToolOutput { code: -1, stdout: b"x\n".to_vec(), stderr: Vec::new() };
        for response in
            [Response::Done(output), Response::NeedsStdin, Response::Elsewhere, Response::Error("no".into())]
        {
            assert_eq!(Response::decode(&response.encode()).unwrap(), response);
        }
        let receive = |mut bytes: &[u8]| receive(&mut bytes, MAX_RESPONSE).map_err(|error| error.to_string());
        assert_eq!(receive(&[]), Ok(None));
        assert_eq!(receive(&[0xff; 8]), Err("message too large".to_owned()));
        assert_eq!(receive(&[0, 0, 0, 9, 1]), Err("malformed message".to_owned()));
    }

    #[test]
    fn another_version_is_told() {
        let request = Request { context_id: "id".into(), dir: "/".into(), argv: Vec::new(), stdin: None };
        let mut body = Vec::new();
        put(&mut body, b"9.9");
        body.extend_from_slice(&request.encode()[4 + version().len()..]);
        let text = format!("this hook command is of juju-sim 9.9, not of {}", version());
        assert_eq!(Request::decode(&body).unwrap_err().to_string(), text);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Request::decode(&bytes);
            let _ = Response::decode(&bytes);
            let _ = receive(&mut bytes.as_slice(), MAX_REQUEST);
            let mut request = Request { context_id: String::new(), dir: String::new(), argv: Vec::new(), stdin: None }.encode();
            request.extend_from_slice(&bytes);
            let _ = Request::decode(&request);
        }
    }
}
