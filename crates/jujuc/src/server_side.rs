use super::client_side::Broken;
use super::gob::{Decoder, Encoder, Error, Messages, Next};
use super::rpc::{AnswerHeader, CallHeader, METHOD, Nothing, Request, Response, SERVICE};

/// The longest message that is taken, as a charm may send anything.
const MAX_CALL: usize = 32 * 1024 * 1024;

/// The agent's side of a connection. It reads and writes nothing itself.
///
/// ```
/// use jujuc::{ClientSide, Request, Response, ServerSide};
///
/// let (mut client, mut server) = (ClientSide::up_to(1 << 20), ServerSide::new());
/// let (mut there, mut back) = (Vec::new(), Vec::new());
/// client.call(&mut Request { command: b"is-leader".to_vec(), ..Request::default() }, &mut there);
/// server.push(&there);
/// let call = server.next()?.expect("all of it is there");
/// assert_eq!(call.request.unwrap().command, b"is-leader");
/// let answer = Response { stdout: b"True\n".to_vec(), ..Response::default() };
/// server.answer(call.ticket, Ok(answer.clone()), &mut back);
/// client.push(&back);
/// assert_eq!(client.next()?.expect("it was answered").response, Ok(answer));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServerSide {
    messages: Messages,
    decoder: Decoder,
    encoder: Encoder,
    /// The header whose body has not come.
    header: Option<CallHeader>,
}

impl ServerSide {
    /// The side of an agent that nobody has called yet.
    #[expect(clippy::new_without_default, reason = "it has a beginning, and is no value")]
    pub fn new() -> ServerSide {
        let (messages, decoder) = (Messages::up_to(MAX_CALL), Decoder::default());
        ServerSide { messages, decoder, encoder: Encoder::default(), header: None }
    }

    /// As that of a Go process which had sent so many types before to others.
    pub fn after(types: i64) -> ServerSide {
        ServerSide { encoder: Encoder::after(types), ..ServerSide::new() }
    }

    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.messages.push(bytes);
    }

    /// How many bytes of what has come wait for [`next`](Self::next).
    pub fn waiting(&self) -> usize {
        self.messages.waiting()
    }

    /// The next call; none before more comes.
    ///
    /// # Errors
    /// What came is no call, and nothing that follows is looked for.
    #[allow(clippy::should_implement_trait, reason = "it may have more later")]
    pub fn next(&mut self) -> Result<Option<Call>, Broken> {
        loop {
            let message = match self.messages.next().map_err(Broken::of)? {
                Next::More => return Ok(None),
                Next::Message(message) => message,
                Next::TooLarge => {
                    let Some(header) = self.header.take() else {
                        return Err(Broken::of(Error::new("message too large")));
                    };
                    return Ok(Some(header.refused("bad request: message too large".to_owned())));
                }
            };
            let Some(header) = &self.header else {
                self.header = self.decoder.read(message).map_err(Broken::of)?;
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
    pub fn answer(&mut self, ticket: Ticket, answer: Result<Response, String>, stream: &mut Vec<u8>) {
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
pub struct Call {
    /// What its answer is given by.
    pub ticket: Ticket,
    /// What is called, or why that cannot be told: the answer then.
    pub request: Result<Request, String>,
}

/// What an answer is known by.
#[derive(Debug)]
pub struct Ticket {
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
