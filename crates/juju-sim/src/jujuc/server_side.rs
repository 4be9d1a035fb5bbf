use super::gob::{Decoder, Encoder, Error, Messages, Next};
use super::rpc::{AnswerHeader, CallHeader, METHOD, Nothing, Request, Response, SERVICE};

/// The longest message that is taken, as a charm may send anything.
const MAX_CALL: usize = 32 * 1024 * 1024;

/// The server's side of a connection. It reads and writes nothing itself.
#[derive(Debug)]
pub(crate) struct ServerSide {
    messages: Messages,
    decoder: Decoder,
    encoder: Encoder,
    /// The header whose body has not come.
    header: Option<CallHeader>,
}

impl ServerSide {
    pub(crate) fn new() -> ServerSide {
        let (messages, decoder) = (Messages::up_to(MAX_CALL), Decoder::default());
        ServerSide { messages, decoder, encoder: Encoder::default(), header: None }
    }

    /// As that of a Go process which had sent so many types before to others.
    #[cfg(test)]
    pub(crate) fn after(types: i64) -> ServerSide {
        ServerSide { encoder: Encoder::after(types), ..ServerSide::new() }
    }

    /// Takes what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.messages.push(bytes);
    }

    /// How many bytes of what has come wait for [`next`](Self::next).
    pub(crate) fn waiting(&self) -> usize {
        self.messages.waiting()
    }

    /// The next call; none before more comes.
    ///
    /// # Errors
    /// What came is no call, and nothing that follows is looked for.
    pub(crate) fn next(&mut self) -> Result<Option<Call>, Error> {
        loop {
            let message = match self.messages.next()? {
                Next::More => return Ok(None),
                Next::Message(message) => message,
                Next::TooLarge => {
                    let Some(header) = self.header.take() else {
                        return Err(Error::new("message too large"));
                    };
                    return Ok(Some(header.refused("bad request: message too large".to_owned())));
                }
            };
            let Some(header) = &self.header else {
                self.header = self.decoder.read(message)?;
                continue;
            };
            let request = match wrong_method(&header.method) {
                None => self.decoder.read(message).map(|request| request.map(Ok)),
                Some(why) => self.decoder.skip(message).map(|skipped| skipped.map(|()| Err(why))),
            };
            let request = match request {
                Ok(None) => continue,
                Ok(Some(request)) => request,
                Err(error) => Err(error.to_string()),
            };
            return Ok(self.header.take().map(|header| Call { ticket: header.ticket(), request }));
        }
    }

    /// Adds the answer to a call, or the text of why there is none.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Result<Response, String>, stream: &mut Vec<u8>) {
        let error = answer.as_ref().err().map(|text| text.clone().into_bytes()).unwrap_or_default();
        let mut header = AnswerHeader { method: ticket.method, sequence: ticket.sequence, error };
        self.encoder.write(&mut header, stream);
        match answer {
            Ok(mut response) => self.encoder.write(&mut response, stream),
            Err(_) => self.encoder.write(&mut Nothing, stream),
        }
    }
}

/// A call as it came to the server.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) ticket: Ticket,
    /// Or why it is refused.
    pub(crate) request: Result<Request, String>,
}

/// What an answer is known by.
#[derive(Debug)]
pub(crate) struct Ticket {
    method: Vec<u8>,
    sequence: u64,
}

impl CallHeader {
    fn ticket(self) -> Ticket {
        Ticket { method: self.method, sequence: self.sequence }
    }

    fn refused(self, why: String) -> Call {
        Call { ticket: self.ticket(), request: Err(why) }
    }
}

/// Go's words for a method that is not there.
fn wrong_method(name: &[u8]) -> Option<String> {
    let shown = String::from_utf8_lossy(name);
    let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else {
        return Some(format!("rpc: service/method request ill-formed: {shown}"));
    };
    match (&name[..dot], &name[dot + 1..]) {
        (SERVICE, METHOD) => None,
        (SERVICE, _) => Some(format!("rpc: can't find method {shown}")),
        _ => Some(format!("rpc: can't find service {shown}")),
    }
}
