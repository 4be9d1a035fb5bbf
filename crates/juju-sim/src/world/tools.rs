use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use super::shared::{Served, Shared, Stream, failure};
use crate::command::{Reply, ToolOutput};

/// What a charm's process gets: its environment, the time, and the hook commands.
#[derive(Debug)]
pub struct Invocation {
    /// The arguments: none in hooks and actions.
    pub args: Vec<String>,
    /// The whole environment; nothing else is inherited.
    pub env: Vec<(String, String)>,
    /// The model's time.
    pub now: SystemTime,
    /// The hook commands.
    pub tools: Tools,
}

/// The hook commands of one running hook. After its end they refuse to work.
#[derive(Debug, Clone)]
pub struct Tools {
    pub(super) shared: Rc<RefCell<Shared>>,
    pub(super) run: u64,
    pub(super) cwd: PathBuf,
}

impl Tools {
    /// Runs the hook command `argv[0]`; `stdin` is read only if the command asks for it.
    ///
    /// A command that does not exist gives what a shell gives: code 127.
    pub fn call(&self, argv: &[String], stdin: Option<&[u8]>) -> ToolOutput {
        let mut shared = self.shared.borrow_mut();
        let first = shared.serve(self.run, argv, &self.cwd, None);
        let served = match first {
            Served::Reply(Reply::NeedsStdin) => {
                shared.serve(self.run, argv, &self.cwd, Some(stdin.unwrap_or_default()))
            }
            served => served,
        };
        match served {
            Served::Reply(Reply::Done(output)) => output,
            Served::Reply(Reply::Refused(text)) => failure(1, &text),
            Served::Reply(Reply::NeedsStdin) => failure(1, "hook tool requires stdin, none supplied"),
            Served::Absent => {
                let name = argv.first().map_or("", String::as_str);
                let stderr = format!("{name}: command not found\n").into_bytes();
                ToolOutput { code: 127, stdout: Vec::new(), stderr }
            }
            Served::Killed => ToolOutput { code: 137, ..ToolOutput::default() },
            Served::Ended => failure(1, "connection refused"),
        }
    }

    /// A line that the process prints on its standard output; Juju logs it at `DEBUG`.
    pub fn stdout(&self, line: &str) {
        self.shared.borrow_mut().print(self.run, Stream::Out, line);
    }

    /// A line that the process prints on its standard error; Juju logs it at `WARNING`.
    pub fn stderr(&self, line: &str) {
        self.shared.borrow_mut().print(self.run, Stream::Err, line);
    }
}
