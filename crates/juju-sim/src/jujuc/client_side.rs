use super::gob::{Decoder, Encoder, Messages, Next};
use super::rpc::{AnswerHeader, CallHeader, METHOD, Request, Response, SERVICE};

/// The longest message that is taken. Bags may be large, and in JSON a byte may become six.
const MAX_ANSWER: usize = 1024 * 1024 * 1024;

/// The client's side of a connection. It reads and writes nothing itself.
#[derive(Debug)]
pub(crate) struct ClientSide {
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
pub(crate) struct Answer {
    /// The number of the call.
    pub(crate) sequence: u64,
    /// Or the text of why there is none.
    pub(crate) response: Result<Response, String>,
}

impl ClientSide {
    pub(crate) fn new() -> ClientSide {
        let (messages, decoder) = (Messages::up_to(MAX_ANSWER), Decoder::default());
        ClientSide { messages, decoder, encoder: Encoder::default(), sequence: 0, header: None }
    }

    /// Adds a call; its number.
    pub(crate) fn call(&mut self, request: &mut Request, stream: &mut Vec<u8>) -> u64 {
        self.call_method([SERVICE, METHOD].join(&b'.'), request, stream)
    }

    pub(crate) fn call_method(&mut self, method: Vec<u8>, request: &mut Request, stream: &mut Vec<u8>) -> u64 {
        let sequence = self.sequence;
        self.sequence += 1;
        self.encoder.write(&mut CallHeader { method, sequence }, stream);
        self.encoder.write(request, stream);
        sequence
    }

    /// Takes what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.messages.push(bytes);
    }

    /// The next answer; none before more comes.
    ///
    /// # Errors
    /// It is no answer, and nothing that follows can be read.
    pub(crate) fn next(&mut self) -> Result<Option<Answer>, String> {
        loop {
            let message = match self.messages.next().map_err(|error| error.to_string())? {
                Next::More => return Ok(None),
                Next::Message(message) => message,
                Next::TooLarge => return Err("message too large".to_owned()),
            };
            let Some(header) = &self.header else {
                self.header = self.decoder.read(message).map_err(|error| error.to_string())?;
                continue;
            };
            let response = match header.error.is_empty() {
                true => self.decoder.read(message).map_err(|error| format!("reading body {error}"))?.map(Ok),
                false => {
                    let text = String::from_utf8_lossy(&header.error).into_owned();
                    self.decoder.skip(message).map_err(|error| format!("reading body {error}"))?.map(|()| Err(text))
                }
            };
            if let Some(response) = response {
                return Ok(self.header.take().map(|header| Answer { sequence: header.sequence, response }));
            }
        }
    }
}
