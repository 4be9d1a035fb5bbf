use std::fmt;

use super::gob::{Decoder, Encoder, Error, Messages, Next};
use super::rpc::{AnswerHeader, CallHeader, METHOD, Request, Response, SERVICE};

/// A hook command's side of a connection, which may have any number of calls. It reads and writes nothing itself.
///
/// ```
/// use jujuc::{ClientSide, Request};
///
/// let mut side = ClientSide::up_to(1 << 20);
/// let mut stream = Vec::new();
/// // Several may be under way at once. Each is known by its number.
/// assert_eq!(side.call(&mut Request::default(), &mut stream), 0);
/// assert_eq!(side.call(&mut Request::default(), &mut stream), 1);
/// // What the agent sends is pushed, and the answers are taken, in whatever order they come.
/// side.push(&[]);
/// assert_eq!(side.next(), Ok(None));
/// ```
#[derive(Debug)]
pub struct ClientSide {
    messages: Messages,
    decoder: Decoder,
    encoder: Encoder,
    /// The number of the next call.
    sequence: u64,
    /// The header whose body has not come.
    header: Option<AnswerHeader>,
}

/// An answer as it came to the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The number of the call.
    pub sequence: u64,
    /// What the command gave, or why there is nothing.
    pub response: Result<Response, NoResponse>,
}

/// Why a call has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoResponse {
    /// The agent refused the call, in these words. The command did not run.
    Refused(String),
    /// The response is longer than the client takes. What follows it can be read.
    TooLarge,
}

/// What came is no answer, and nothing that follows can be read: why, in Go's words where Go has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(String);

impl ClientSide {
    /// A side that takes messages of so many bytes at most.
    pub fn up_to(limit: usize) -> ClientSide {
        let (messages, decoder) = (Messages::up_to(limit), Decoder::default());
        ClientSide { messages, decoder, encoder: Encoder::default(), sequence: 0, header: None }
    }

    /// Adds what a call sends to `stream`; gives the call's number. The first is 0, and each is one more.
    pub fn call(&mut self, request: &mut Request, stream: &mut Vec<u8>) -> u64 {
        self.call_method([SERVICE, METHOD].join(&b'.'), request, stream)
    }

    /// The same of a method by its name, which in Juju is always `Jujuc.Main`.
    pub fn call_method(&mut self, method: Vec<u8>, request: &mut Request, stream: &mut Vec<u8>) -> u64 {
        let sequence = self.sequence;
        self.sequence += 1;
        self.encoder.write(&mut CallHeader { method, sequence }, stream);
        self.encoder.write(request, stream);
        sequence
    }

    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.messages.push(bytes);
    }

    /// The next answer; none before more comes.
    ///
    /// # Errors
    /// It is no answer, and nothing that follows can be read.
    #[allow(clippy::should_implement_trait, reason = "it may have more later")]
    pub fn next(&mut self) -> Result<Option<Answer>, Broken> {
        loop {
            let message = match self.messages.next().map_err(Broken::of)? {
                Next::More => return Ok(None),
                Next::Message(message) => message,
                Next::TooLarge => {
                    let header = self.header.take().ok_or_else(|| Broken("message too large".to_owned()))?;
                    return Ok(Some(header.answered(Err(NoResponse::TooLarge))));
                }
            };
            let Some(header) = &self.header else {
                self.header = self.decoder.read(message).map_err(Broken::of)?;
                continue;
            };
            let response = match header.error.is_empty() {
                true => self.decoder.read(message).map_err(Broken::of_body)?.map(Ok),
                false => {
                    let text = String::from_utf8_lossy(&header.error).into_owned();
                    let skipped = self.decoder.skip(message).map_err(Broken::of_body)?;
                    skipped.map(|()| Err(NoResponse::Refused(text)))
                }
            };
            if let Some(response) = response {
                return Ok(self.header.take().map(|header| header.answered(response)));
            }
        }
    }
}

impl AnswerHeader {
    fn answered(self, response: Result<Response, NoResponse>) -> Answer {
        Answer { sequence: self.sequence, response }
    }
}

impl Broken {
    #[allow(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(super) fn of(error: Error) -> Broken {
        Broken(error.to_string())
    }

    #[allow(clippy::needless_pass_by_value, reason = "for map_err")]
    fn of_body(error: Error) -> Broken {
        Broken(format!("reading body {error}"))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}
