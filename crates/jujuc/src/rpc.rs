//! Go's `net/rpc` with its own codec, as far as `Jujuc.Main` is called by it: a header and a body for each call, and a
//! header and a body for each answer.

use super::gob::{Field, Record};

/// The one method there is.
pub(super) const SERVICE: &[u8] = b"Jujuc";
pub(super) const METHOD: &[u8] = b"Main";

/// The text by which a server asks for the same call with standard input.
pub const STDIN_WANTED: &str = "hook tool requires stdin, none supplied";

/// What a hook command is called with. Texts are bytes, as in Go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `JUJU_CONTEXT_ID`: of the hook that runs.
    pub context_id: Vec<u8>,
    /// The caller's directory, which is absolute.
    pub dir: Vec<u8>,
    /// The command's name.
    pub command: Vec<u8>,
    /// Without the command's name.
    pub args: Vec<Vec<u8>>,
    /// Whether standard input was read, as it may be empty.
    pub stdin_set: bool,
    /// What was read.
    pub stdin: Vec<u8>,
    /// `JUJU_AGENT_TOKEN`; empty where that is not set.
    pub token: Vec<u8>,
}

/// What a hook command answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The exit code.
    pub code: i64,
    /// What is for standard output.
    pub stdout: Vec<u8>,
    /// What is for standard error.
    pub stderr: Vec<u8>,
}

/// What goes before a request.
#[derive(Debug, Default)]
pub(super) struct CallHeader {
    pub(super) method: Vec<u8>,
    pub(super) sequence: u64,
}

/// What goes before a response.
#[derive(Debug, Default)]
pub(super) struct AnswerHeader {
    pub(super) method: Vec<u8>,
    pub(super) sequence: u64,
    pub(super) error: Vec<u8>,
}

/// What stands in the place of a response where there is none.
#[cfg(feature = "server")]
#[derive(Debug, Default)]
pub(super) struct Nothing;

impl Record for Request {
    const NAME: &'static str = "Request";
    const ID: i64 = 66;

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("ContextId", Field::Text(&mut self.context_id)),
            ("Dir", Field::Text(&mut self.dir)),
            ("CommandName", Field::Text(&mut self.command)),
            ("Args", Field::Texts(&mut self.args, 67)),
            ("StdinSet", Field::Bool(&mut self.stdin_set)),
            ("Stdin", Field::Bytes(&mut self.stdin)),
            ("Token", Field::Text(&mut self.token)),
        ]
    }
}

impl Record for Response {
    const NAME: &'static str = "ExecResponse";
    const ID: i64 = 66;

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("Code", Field::Int(&mut self.code)),
            ("Stdout", Field::Bytes(&mut self.stdout)),
            ("Stderr", Field::Bytes(&mut self.stderr)),
        ]
    }
}

impl Record for CallHeader {
    const NAME: &'static str = "Request";
    const ID: i64 = 65;

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![("ServiceMethod", Field::Text(&mut self.method)), ("Seq", Field::Uint(&mut self.sequence))]
    }
}

impl Record for AnswerHeader {
    const NAME: &'static str = "Response";
    const ID: i64 = 65;

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("ServiceMethod", Field::Text(&mut self.method)),
            ("Seq", Field::Uint(&mut self.sequence)),
            ("Error", Field::Text(&mut self.error)),
        ]
    }
}

#[cfg(feature = "server")]
impl Record for Nothing {
    const NAME: &'static str = "";
    const ID: i64 = 67;

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        Vec::new()
    }
}
