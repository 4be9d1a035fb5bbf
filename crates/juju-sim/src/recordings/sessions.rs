use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jujuc::{ClientSide, NoResponse, Request, Response, ServerSide};
use serde::Deserialize;
use serde_json::Value;

use crate::corpus::bytes;
use crate::recordings;

/// A connection between Go's client and Go's server.
#[derive(Debug, Deserialize)]
struct Session {
    description: String,
    steps: Vec<Step>,
}

/// One call and its answer.
#[derive(Debug, Deserialize)]
struct Step {
    name: String,
    service_method: String,
    request: SentRequest,
    client_to_server_hex: String,
    server_to_client_hex: String,
    response: Option<SentResponse>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SentRequest {
    context_id: String,
    dir: String,
    command_name: String,
    args: Option<Vec<String>>,
    stdin_set: bool,
    /// In base64, as below.
    stdin: Option<String>,
    token: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SentResponse {
    code: i64,
    /// A text of Go's JSON, or the text itself where that is long.
    stdout: Option<Value>,
    stderr: Option<Value>,
}

/// The server of the recordings ran in the process of the client, which had sent types of its own.
const TYPES_BEFORE: i64 = 3;

fn decoded(text: Option<&Value>) -> Vec<u8> {
    match text {
        None => Vec::new(),
        Some(Value::String(text)) => STANDARD.decode(text).unwrap(),
        Some(plain) => plain["text"].as_str().unwrap().into(),
    }
}

impl Step {
    fn request(&self) -> Request {
        let text = |text: &String| text.clone().into_bytes();
        let SentRequest { context_id, dir, command_name, args, stdin_set, stdin, token } = &self.request;
        Request {
            context_id: text(context_id),
            dir: text(dir),
            command: text(command_name),
            args: args.iter().flatten().map(text).collect(),
            stdin_set: *stdin_set,
            stdin: stdin.as_ref().map(|stdin| STANDARD.decode(stdin).unwrap()).unwrap_or_default(),
            token: text(token),
        }
    }

    fn answer(&self) -> Result<Response, String> {
        match (&self.response, &self.error) {
            (Some(response), None) => Ok(Response {
                code: response.code,
                stdout: decoded(response.stdout.as_ref()),
                stderr: decoded(response.stderr.as_ref()),
            }),
            (None, Some(error)) => Err(error.clone()),
            other => panic!("{}: {other:?}", self.name),
        }
    }
}

#[test]
fn both_sides_write_what_go_writes_and_read_it() {
    let sessions: Vec<Session> = recordings::lines("_rpc.jsonl");
    let mut steps = 0;
    for session in &sessions {
        let (mut client, mut server) = (ClientSide::up_to(1 << 30), ServerSide::after(TYPES_BEFORE));
        for step in &session.steps {
            let what = format!("{}: {}", session.description, step.name);
            let (sent, said) = (bytes(&step.client_to_server_hex), bytes(&step.server_to_client_hex));
            let mut stream = Vec::new();
            client.call_method(step.service_method.clone().into(), &mut step.request(), &mut stream);
            assert!(stream == sent, "{what}: the call differs");
            server.push(&sent);
            let call = server.next().unwrap().unwrap();
            match &call.request {
                Ok(request) => assert_eq!(*request, step.request(), "{what}"),
                Err(why) => assert_eq!(Some(why), step.error.as_ref(), "{what}"),
            }
            stream.clear();
            server.answer(call.ticket, step.answer(), &mut stream);
            assert!(stream == said, "{what}: the answer differs");
            client.push(&said);
            assert_eq!(client.next().unwrap().unwrap().response, step.answer().map_err(NoResponse::Refused), "{what}");
            assert_eq!(server.waiting(), 0);
            steps += 1;
        }
    }
    assert_eq!((sessions.len(), steps), (2, 12));
}
