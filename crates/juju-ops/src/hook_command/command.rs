use std::borrow::Cow;
use std::fmt;
use std::io;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::private_files::PrivateFiles;
use super::secret_content::SecretContent;
use crate::error::{CommandError, Denied, Error, Meaning, Misfit, bounded, denied, fit_json, meaning};
use crate::transport::{Call, Ending, OUTPUT_LIMIT, Output, Transport};

/// A hook command that is ready to run, whose answer is a `T`.
///
/// It can be run any number of times, on any [`Transport`]: a handler's is [`cx.transport()`](crate::Context::transport).
///
/// ```
/// let command = juju_ops::hook_command::relation_list(&"db:3".parse()?);
/// assert_eq!(format!("{command:?}"), "relation-list --format=json -r db:3");
/// # Ok::<(), juju_ops::NameError>(())
/// ```
pub struct Command<T> {
    call: Call,
    /// The command and what it is about, for errors. Never a value.
    subject: String,
    denied: Denied,
    /// What only the leader may, where this command is of that kind.
    leads: Option<&'static str>,
    /// What is given in files, as more arguments.
    content: Option<SecretContent>,
    read: fn(&[u8]) -> Result<T, CommandError>,
}

/// The most that an error says of what a command is about.
const SUBJECT_LIMIT: usize = 300;
/// The longest error text that is taken over from a hook command.
const TEXT_LIMIT: usize = 4096;

impl<T> Command<T> {
    pub(super) fn new(call: Call, about: impl fmt::Display, read: fn(&[u8]) -> Result<T, CommandError>) -> Self {
        let about = one_line(&about.to_string(), SUBJECT_LIMIT);
        let space = if about.is_empty() { "" } else { " " };
        let subject = format!("{}{space}{about}", call.command);
        Self { subject, denied: denied(&call.command), call, leads: None, content: None, read }
    }

    /// The same of a command for which leadership is wanted: `why` tells a refusal apart from others.
    pub(super) fn of_leader(mut self, why: &'static str) -> Self {
        self.leads = Some(why);
        self
    }

    /// The same, where `permission denied` is for want of leadership too.
    pub(super) fn denied_to_followers(mut self, why: &'static str) -> Self {
        self.denied = Denied::Leader;
        self.of_leader(why)
    }

    /// The same with values that go into files, and whose paths are the last arguments.
    pub(super) fn with_content(mut self, content: &SecretContent) -> Self {
        self.content = Some(content.clone()).filter(|content| !content.is_empty());
        self
    }

    /// The command line. The content of a secret is not in it: that goes into files, when the command is run.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Runs the command.
    ///
    /// # Errors
    /// Juju has no such command, it cannot be started, is killed, exits with another code than 0, or prints what it
    /// should not.
    pub fn run(&self, transport: &dyn Transport) -> Result<T, Error> {
        let (call, _files) = self.ready()?;
        self.answer(transport.call(&call))
    }

    /// Runs commands that do not depend on each other, maybe several at once.
    ///
    /// # Errors
    /// As [`run`](Self::run): the first in their order.
    pub fn run_all(commands: &[Self], transport: &dyn Transport) -> Result<Vec<T>, Error> {
        let mut answers: Vec<Option<Result<T, Error>>> = commands.iter().map(|_| None).collect();
        Self::run_each(commands, transport, |index, answer| answers[index] = Some(answer));
        answers.into_iter().flatten().collect()
    }

    /// Runs commands that do not depend on each other, maybe several at once, and hands over what each gave, with its
    /// index in `commands`, as soon as it is there: in any order, once each.
    ///
    /// Each answer is read, and its text let go, before another large one is read: what all of them take together is
    /// what the caller keeps. Use it where much is read that others have written, and count what you keep.
    ///
    /// ```
    /// use juju_ops::hook_command::{Command, relation_get};
    /// # use juju_ops::{Call, Ending, Output, Transport, UnitName};
    /// # struct Bags;
    /// # impl Transport for Bags {
    /// #     fn call(&self, _: &Call) -> std::io::Result<Output> {
    /// #         Ok(Output { ending: Ending::Exited(0), stdout: b"{\"port\":\"80\"}".to_vec(), stderr: Vec::new() })
    /// #     }
    /// #     fn debug(&self, _: &str) {}
    /// #     fn complain(&self, _: &str) {}
    /// # }
    /// # let (transport, relation) = (Bags, "db:3".parse()?);
    /// let units: Vec<UnitName> = vec!["pg/0".parse()?, "pg/1".parse()?];
    /// let commands: Vec<_> = units.iter().map(|unit| relation_get(&relation, unit)).collect();
    /// let mut ports = vec![None; units.len()];
    /// Command::run_each(&commands, &transport, |index, bag| {
    ///     ports[index] = bag.ok().and_then(|mut bag| bag.remove("port"));
    /// });
    /// assert_eq!(ports, [Some("80".to_owned()), Some("80".to_owned())]);
    /// # Ok::<(), juju_ops::NameError>(())
    /// ```
    pub fn run_each(commands: &[Self], transport: &dyn Transport, mut each: impl FnMut(usize, Result<T, Error>)) {
        let (mut ready, mut calls, mut files) = (Vec::new(), Vec::new(), Vec::new());
        for (index, command) in commands.iter().enumerate() {
            match command.ready() {
                Ok((call, file)) => {
                    ready.push((index, command));
                    calls.push(call.into_owned());
                    files.extend(file);
                }
                Err(error) => each(index, Err(error)),
            }
        }
        let mut open = vec![true; ready.len()];
        transport.call_each(&calls, &mut |at, output| {
            if let (Some((index, command)), Some(true)) = (ready.get(at), open.get_mut(at).map(std::mem::take)) {
                each(*index, command.answer(output));
            }
        });
        for ((index, command), _) in ready.iter().zip(open).filter(|(_, open)| *open) {
            each(*index, command.answer(Err(io::Error::other("the transport gives no answer"))));
        }
    }

    /// The command line as it is run, and the files that it names, which go when the second part does.
    fn ready(&self) -> Result<(Cow<'_, Call>, Option<PrivateFiles>), Error> {
        let Some(content) = &self.content else { return Ok((Cow::Borrowed(&self.call), None)) };
        let (files, args) =
            content.put_in_files().map_err(|error| Error::command(&self.subject, CommandError::Files(error)))?;
        let mut call = self.call.clone();
        call.args.extend(args);
        Ok((Cow::Owned(call), Some(files)))
    }

    fn answer(&self, output: io::Result<Output>) -> Result<T, Error> {
        self.read(output).map_err(|error| Error::command(&self.subject, error))
    }

    fn read(&self, output: io::Result<Output>) -> Result<T, CommandError> {
        let output = match output {
            Ok(output) => output,
            // An executable that is not there, and in the simulator's process the shell's code for that, are the same.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(self.missing()),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Err(CommandError::TooLarge(OUTPUT_LIMIT));
            }
            Err(error) => return Err(CommandError::Start(error)),
        };
        match output.ending {
            Ending::Exited(0) if output.stdout.len() > OUTPUT_LIMIT => Err(CommandError::TooLarge(OUTPUT_LIMIT)),
            Ending::Exited(0) => (self.read)(&output.stdout),
            Ending::Exited(127) => Err(self.missing()),
            Ending::Exited(code) => Err(self.failed(code, &output.stderr)),
            Ending::Killed(signal) => Err(CommandError::Killed(signal)),
        }
    }

    fn missing(&self) -> CommandError {
        CommandError::Missing { known: history(&self.call.command) }
    }

    fn failed(&self, code: i32, stderr: &[u8]) -> CommandError {
        let text = failure(code, stderr);
        match meaning(&text, self.denied) {
            Meaning::NoCommand => self.missing(),
            meaning => {
                let because = self.leads.filter(|_| meaning == Meaning::NotLeader);
                CommandError::Failed { text, meaning, because }
            }
        }
    }
}

impl Command<Vec<u8>> {
    /// The same with something to read on standard input.
    #[must_use]
    pub fn with_stdin(mut self, stdin: impl Into<Vec<u8>>) -> Self {
        self.call = self.call.with_stdin(stdin);
        self
    }

    /// The same, its answer read as text without the line end. It is an error where it is not UTF-8.
    pub fn text(self) -> Command<String> {
        self.read_by(|stdout| {
            let text = std::str::from_utf8(stdout).map_err(|_| CommandError::Output(Misfit::not_text()))?;
            Ok(text.strip_suffix('\n').unwrap_or(text).to_owned())
        })
    }

    /// The same, its answer read as JSON, for commands that are given `--format=json`.
    pub fn json<T: DeserializeOwned>(self) -> Command<T> {
        self.read_by(json)
    }

    fn read_by<T>(self, read: fn(&[u8]) -> Result<T, CommandError>) -> Command<T> {
        let Self { call, subject, denied, leads, content, .. } = self;
        Command { call, subject, denied, leads, content, read }
    }
}

/// A hook command that this module does not have, of this Juju or a later one, or with arguments that it does not
/// give. A failure is an error that names the command, and so is a command that is not there; its arguments are not in
/// errors, but they are in the process list of the machine: put nothing private there.
///
/// ```
/// use juju_ops::{BoxError, Context, hook, hook_command};
/// # use juju_ops::{Observer, Observers, Status, testing};
/// # use juju_sim::{Charm, World};
/// # struct Web;
/// # impl Observer for Web {
/// #     fn observe(&self, events: &mut Observers<Self>) { events.on(&hook::start(), start); }
/// # }
///
/// fn start(_: &Web, _: &hook::Start, cx: &Context) -> Result<(), BoxError> {
///     hook_command::other("open-port", ["80/tcp"]).run(cx.transport())?;
///     let ports: Vec<String> = hook_command::other("opened-ports", ["--format=json"]).json().run(cx.transport())?;
///     assert_eq!(ports, ["80/tcp"]);
///     let error = hook_command::other("espresso-make", ["--double"]).run(cx.transport()).unwrap_err();
///     assert!(error.is_missing_command());
///     Ok(())
/// }
/// # fn main() -> Result<(), BoxError> {
/// # let mut juju = testing::in_process(Web, Charm::parse("name: web", None, None)?)?;
/// # juju.add_unit("web")?;
/// # Ok(juju.settle()?)
/// # }
/// ```
pub fn other(
    name: impl Into<Cow<'static, str>>,
    args: impl IntoIterator<Item = impl Into<String>>,
) -> Command<Vec<u8>> {
    Command::new(Call::new(name, args), "", |stdout| Ok(stdout.to_vec()))
}

/// What is known of a hook command that some supported Juju, or one before it, does not have.
fn history(command: &str) -> Option<&'static str> {
    match command {
        "relation-model-get" => Some("it came with Juju 3.6.2"),
        // Some came with 3.0.0 and 3.0.2; with 3.0.3 all of them work (`has_secrets` of Python `ops`).
        _ if command.starts_with("secret-") => Some("it came with Juju 3.0.3"),
        "add-metric" => Some("it ended with Juju 3.6.11"),
        "leader-get" | "leader-set" | "payload-register" | "payload-status-set" | "payload-unregister"
        | "k8s-spec-get" | "k8s-spec-set" | "k8s-raw-get" | "k8s-raw-set" | "pod-spec-get" | "pod-spec-set" => {
            Some("it ended with Juju 4.0")
        }
        _ => None,
    }
}

/// What the command says of its failure: its `ERROR` text, on one line and bounded; without one, the exit code.
fn failure(code: i32, stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(bounded_bytes(stderr));
    let text = text.trim();
    let text = text.strip_prefix("ERROR ").unwrap_or(text);
    if text.is_empty() { format!("exit code {code}") } else { one_line(text, TEXT_LIMIT) }
}

fn one_line(text: &str, most: usize) -> String {
    let line: String = bounded(text, most).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    bounded(&line, most).to_owned()
}

fn bounded_bytes(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(TEXT_LIMIT)]
}

/// Reads an answer that does not matter.
pub(super) fn nothing(_: &[u8]) -> Result<(), CommandError> {
    Ok(())
}

/// Reads an answer in JSON.
pub(super) fn json<T: DeserializeOwned>(stdout: &[u8]) -> Result<T, CommandError> {
    fit_json(stdout).map_err(CommandError::Output)
}

/// Reads an answer in JSON where Juju may print `null` for nothing.
pub(super) fn json_or_default<T: DeserializeOwned + Default>(stdout: &[u8]) -> Result<T, CommandError> {
    json::<Option<T>>(stdout).map(Option::unwrap_or_default)
}

/// Reads any JSON object.
pub(super) fn object(stdout: &[u8]) -> Result<Value, CommandError> {
    json_or_default::<Map<String, Value>>(stdout).map(Value::Object)
}

/// A text as one command-line argument: without NUL, which no argument can have, and not above Linux's limit.
pub(super) fn argument(text: &str) -> String {
    bounded(&text.replace('\0', "\u{fffd}"), 100 << 10).to_owned()
}

impl<T> fmt::Debug for Command<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)?;
        self.content.iter().flat_map(SecretContent::keys).try_for_each(|key| write!(f, " {key}#file=…"))
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
