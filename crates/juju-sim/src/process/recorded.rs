//! Recordings of Juju's client and of its server, replayed over a socket in one hook: our client calls our server.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use jujuc::{Answer, ClientSide, NoResponse, Request, Response};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::ground::install;
use super::server::{Questions, Server};
use super::watch::answer;
use crate::recordings;
use crate::world::shared::{Run, Shared};

/// One call of a hook command by its executable, or of the server by its method.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Record {
    Client {
        id: String,
        env: BTreeMap<String, String>,
        argv: Vec<String>,
        stdin: Option<String>,
        code: i32,
        stdout: String,
        stderr: String,
    },
    Wire {
        id: String,
        method: String,
        request: Sent,
        response: Option<Said>,
        rpc_error: Option<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    context_id: String,
    dir: String,
    command_name: String,
    args: Option<Vec<String>>,
    stdin_set: bool,
    stdin: String,
    token: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    code: i64,
    stdout: String,
    stderr: String,
}

/// A hook that runs, and its server.
struct Hook {
    dir: TempDir,
    context_id: String,
    shared: RefCell<Shared>,
    questions: Questions,
    _server: Server,
}

const NUMBER: u64 = 1;

impl Hook {
    fn start() -> Hook {
        let dir = tempfile::tempdir().unwrap();
        install(&dir.path().join("jujuc")).unwrap();
        let world = json!({"unit": "magpie/0", "leader": true, "hook": {"kind": "install"}});
        let (model, running) = recordings::running(world);
        let context_id = running.context_id.clone();
        let run = Some(Run::new(NUMBER, running, Vec::new(), Duration::from_secs(60)));
        let (server, questions) = Server::start(&dir.path().join("agent.socket"), &context_id).unwrap();
        Hook { dir, context_id, shared: RefCell::new(Shared { model, run }), questions, _server: server }
    }

    fn socket(&self) -> String {
        self.dir.path().join("agent.socket").display().to_string()
    }

    /// What stands for a name in the recordings.
    fn placed(&self, text: &str) -> String {
        text.replace("$CONTEXT_ID", &self.context_id).replace("$SOCKET", &self.socket())
    }

    /// Answers the hook's questions while something happens.
    fn while_answering<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let worker = scope.spawn(work);
            while !worker.is_finished() {
                while let Some((asked, reply)) = self.questions.next() {
                    reply.send(answer(&self.shared, NUMBER, &asked).unwrap()).unwrap();
                }
                thread::sleep(Duration::from_millis(1));
            }
            worker.join().unwrap()
        })
    }

    /// Exit code, standard output and standard error of a hook command.
    fn run(
        &self,
        argv: &[String],
        env: &BTreeMap<String, String>,
        stdin: Option<&str>,
    ) -> (Option<i32>, String, String) {
        let program = self.dir.path().join(&argv[0]);
        if !program.is_symlink() {
            symlink("jujuc", &program).unwrap();
        }
        let mut command = Command::new(program);
        command.args(&argv[1..]).current_dir("/").env_clear();
        command.envs(env.iter().map(|(name, value)| (name, self.placed(value))));
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = self.while_answering(move || {
            let mut child = command.spawn().unwrap();
            if let Some(stdin) = stdin {
                child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
            }
            child.wait_with_output().unwrap()
        });
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn call(&self, method: &str, request: &Sent) -> Answer {
        let text = |text: &str| self.placed(text).into_bytes();
        let mut request = Request {
            context_id: text(&request.context_id),
            dir: text(&request.dir),
            command: text(&request.command_name),
            args: request.args.iter().flatten().map(|arg| text(arg)).collect(),
            stdin_set: request.stdin_set,
            stdin: text(&request.stdin),
            token: text(&request.token),
        };
        let socket = self.socket();
        self.while_answering(move || {
            let mut stream = UnixStream::connect(socket).unwrap();
            let (mut side, mut bytes, mut chunk) = (ClientSide::up_to(1 << 30), Vec::new(), [0; 4096]);
            side.call_method(method.into(), &mut request, &mut bytes);
            stream.write_all(&bytes).unwrap();
            loop {
                if let Some(answer) = side.next().unwrap() {
                    return answer;
                }
                let length = stream.read(&mut chunk).unwrap();
                assert_ne!(length, 0, "the server has hung up");
                side.push(&chunk[..length]);
            }
        })
    }
}

#[test]
fn client_and_server_answer_as_recorded() {
    let hook = Hook::start();
    let records: Vec<Record> = recordings::lines("_client-and-wire.jsonl");
    let (mut of_client, mut of_wire) = (0, 0);
    for record in &records {
        match record {
            Record::Client { id, env, argv, stdin, code, stdout, stderr } => {
                let found = hook.run(argv, env, stdin.as_deref());
                assert_eq!(found, (Some(*code), stdout.clone(), stderr.clone()), "{id}");
                of_client += 1;
            }
            Record::Wire { id, method, request, response, rpc_error } => {
                let found = hook.call(method, request).response;
                let response = response.as_ref().map(|said| Response {
                    code: said.code,
                    stdout: said.stdout.clone().into_bytes(),
                    stderr: said.stderr.clone().into_bytes(),
                });
                assert_eq!(found, response.ok_or_else(|| NoResponse::Refused(rpc_error.clone().unwrap())), "{id}");
                of_wire += 1;
            }
        }
    }
    assert_eq!((of_client, of_wire), (12, 12));
}
