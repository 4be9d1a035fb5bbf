//! Go's `net/rpc` with its own codec, as far as `Jujuc.Main` is called by it: a header and a body for each call, and a
//! header and a body for each answer.

use super::gob::{Field, Record};

/// The one method there is.
pub(super) const SERVICE: &[u8] = b"Jujuc";
pub(super) const METHOD: &[u8] = b"Main";

/// The text by which a server asks for the same call with standard input.
pub(crate) const STDIN_WANTED: &str = "hook tool requires stdin, none supplied";

/// What a hook command is called with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) context_id: Vec<u8>,
    /// The caller's directory.
    pub(crate) dir: Vec<u8>,
    pub(crate) command: Vec<u8>,
    /// Without the command's name.
    pub(crate) args: Vec<Vec<u8>>,
    /// Whether standard input was read, as it may be empty.
    pub(crate) stdin_set: bool,
    pub(crate) stdin: Vec<u8>,
    pub(crate) token: Vec<u8>,
}

/// What a hook command answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) code: i64,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
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

impl Record for Nothing {
    const NAME: &'static str = "";
    const ID: i64 = 67;

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        Vec::new()
    }
}
