//! The messages between a hook command and the simulator. Private to this crate, so both ends are always the same.
//!
//! A message is a length in four bytes, big end first, and that many bytes. Within it a text is framed likewise.

use std::io::{self, Read, Write};

use crate::command::ToolOutput;

/// The longest message that is taken.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

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
    /// The text of an error, without `ERROR `.
    Error(String),
}

impl Request {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
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
pub(super) fn receive(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE {
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
    io::Error::new(io::ErrorKind::InvalidData, "malformed message")
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "message too large")
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
            let body = receive(&mut bytes.as_slice()).unwrap().unwrap();
            assert_eq!(Request::decode(&body).unwrap(), request);
        }
        let output = ToolOutput { code: -1, stdout: b"x\n".to_vec(), stderr: Vec::new() };
        for response in [Response::Done(output), Response::NeedsStdin, Response::Error("no".into())] {
            assert_eq!(Response::decode(&response.encode()).unwrap(), response);
        }
        assert!(receive(&mut [].as_slice()).unwrap().is_none());
        assert_eq!(receive(&mut [0xff; 8].as_slice()).unwrap_err().to_string(), "message too large");
        assert_eq!(receive(&mut [0, 0, 0, 9, 1].as_slice()).unwrap_err().to_string(), "malformed message");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Request::decode(&bytes);
            let _ = Response::decode(&bytes);
            let _ = receive(&mut bytes.as_slice());
        }
    }
}
