//! Juju's hook commands, one function for each (two where a flag makes another command of it): the function builds the command line, [`Command::run`] runs it and
//! reads the answer.
//!
//! Charms use [`Context`](crate::Context), which reads once, buffers writes and skips what changes nothing. These are
//! for what it does not cover, and take effect at once (as far as Juju lets them).
//!
//! What Juju answers is untrusted: output that is not what the command is documented to print is an error that names
//! the command, never a panic.

mod action;
mod application;
mod relation;
mod state;

pub use action::{action_fail, action_get, action_log, action_set};
pub use application::{
    BindAddress, BoundAddress, LogLevel, NetworkInfo, config_get, is_leader, juju_log, network_get, status_get,
    status_set,
};
pub use relation::{relation_get, relation_get_app, relation_ids, relation_list, relation_set, relation_set_app};
pub use state::{state_delete, state_get, state_set};

use std::fmt;
use std::io;

use serde::de::DeserializeOwned;

use crate::error::{CommandError, Error, bounded, misfit};
use crate::transport::{Call, Ending, Output, Transport};

/// A hook command that is ready to run, whose answer is a `T`.
pub struct Command<T> {
    call: Call,
    /// The command and what it is about, for errors. Never a value.
    subject: String,
    read: fn(&[u8]) -> Result<T, CommandError>,
}

/// The longest error text that is taken over from a hook command.
const TEXT_LIMIT: usize = 4096;

impl<T> Command<T> {
    fn new(call: Call, about: impl fmt::Display, read: fn(&[u8]) -> Result<T, CommandError>) -> Self {
        let about = about.to_string();
        let space = if about.is_empty() { "" } else { " " };
        Self { subject: format!("{}{space}{about}", call.command), call, read }
    }

    /// The command line.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Runs the command.
    ///
    /// # Errors
    /// It cannot be started, is killed, exits with another code than 0, or prints what it should not.
    pub fn run(&self, transport: &dyn Transport) -> Result<T, Error> {
        self.answer(transport.call(&self.call))
    }

    /// Runs commands that do not depend on each other, maybe several at once.
    ///
    /// # Errors
    /// As [`run`](Self::run): the first in their order.
    pub fn run_all(commands: &[Self], transport: &dyn Transport) -> Result<Vec<T>, Error> {
        let calls: Vec<Call> = commands.iter().map(|command| command.call.clone()).collect();
        let outputs = transport.call_all(&calls);
        if outputs.len() != commands.len() {
            return Err(Error::refused(format!("transport: {} answers to {} calls", outputs.len(), commands.len())));
        }
        commands.iter().zip(outputs).map(|(command, output)| command.answer(output)).collect()
    }

    fn answer(&self, output: io::Result<Output>) -> Result<T, Error> {
        output
            .map_err(CommandError::Start)
            .and_then(|output| match output.ending {
                Ending::Exited(0) => (self.read)(&output.stdout),
                Ending::Exited(code) => Err(CommandError::Failed { text: failure(code, &output.stderr) }),
                Ending::Killed(signal) => Err(CommandError::Killed(signal)),
            })
            .map_err(|error| Error::command(&self.subject, error))
    }
}

/// What the command says of its failure: its `ERROR` text, on one line and bounded; without one, the exit code.
fn failure(code: i32, stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(bounded_bytes(stderr));
    let text = text.trim();
    let text = text.strip_prefix("ERROR ").unwrap_or(text);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.is_empty() { format!("exit code {code}") } else { bounded(&line, TEXT_LIMIT).to_owned() }
}

fn bounded_bytes(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(TEXT_LIMIT)]
}

/// Reads an answer that does not matter.
fn nothing(_: &[u8]) -> Result<(), CommandError> {
    Ok(())
}

/// Reads an answer in JSON.
fn json<T: DeserializeOwned>(stdout: &[u8]) -> Result<T, CommandError> {
    serde_json::from_slice(stdout).map_err(|error| CommandError::Output(misfit(&error)))
}

/// Reads an answer in JSON where Juju may print `null` for nothing.
fn json_or_default<T: DeserializeOwned + Default>(stdout: &[u8]) -> Result<T, CommandError> {
    json::<Option<T>>(stdout).map(Option::unwrap_or_default)
}

/// A text as one command-line argument: without NUL, which no argument can have, and not above Linux's limit.
fn argument(text: &str) -> String {
    bounded(&text.replace('\0', "\u{fffd}"), 100 << 10).to_owned()
}

impl<T> fmt::Debug for Command<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_in_one_bounded_line() {
        assert_eq!(failure(1, b"ERROR permission denied\n"), "permission denied");
        assert_eq!(failure(1, b"ERROR yaml: a\n  line 1: b\n"), "yaml: a   line 1: b");
        assert_eq!(failure(127, b""), "exit code 127");
        assert_eq!(failure(1, b"\xff\x00x"), "\u{fffd} x");
        assert!(failure(1, "é".repeat(1 << 20).as_bytes()).len() <= TEXT_LIMIT);
    }
}
