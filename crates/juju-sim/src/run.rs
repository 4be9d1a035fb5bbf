//! What is kept of each hook and action that ran, and how it is shown.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::command::is_secret_uri;
use crate::content::{Publication, Told};
use crate::model::Status;
use crate::waits::Waits;

/// How much is kept of what hooks did.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// How much of what a command was given or answered is shown on its line.
const SHOWN: usize = 200;
/// What stands in place of a value that is not to be seen.
const HIDDEN: &str = "…";

/// One hook or action that ran.
///
/// It shows as a block of a transcript, in which nothing is random and the values of databags, states, secrets and
/// leader's settings are hidden; so it is serialised.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     charm.tools.call(&["state-set", "token=t0"], None);
/// #     charm.tools.stdout("installing");
/// #     ProgramEnd::Exit(charm.tools.call(&["status-set", "active", "Ready"], None).code)
/// # }))?;
/// let run = juju.step().expect("install is due");
/// assert_eq!((run.unit.as_str(), run.hook.as_str()), ("hello/0", "install"));
/// assert_eq!(run.commands().map(|command| command.name()).collect::<Vec<_>>(), ["state-set", "status-set"]);
/// assert_eq!(run.status, ("active", "Ready"));
/// let block = [
///     "hello/0 install",
///     "  > state-set token=…",
///     "  | DEBUG installing",
///     "  > status-set active Ready",
///     "  = active \"Ready\"",
/// ];
/// assert!(run.to_string().lines().eq(block));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HookRun {
    /// Counts from 1, over all units.
    pub sequence: u64,
    /// The model's time at its end.
    pub seconds: u64,
    /// The unit.
    pub unit: String,
    /// The hook, such as `install`, or `action ping`, or `juju-exec`.
    pub hook: String,
    /// The storage or secret that it is about; of what a [timer](crate::World::timers) runs, what `dispatch` is called
    /// with, or the whole command.
    pub subject: Option<String>,
    /// The relation, such as `magpie:0`, in relation hooks.
    pub relation: Option<String>,
    /// The unit at the other side, in the relation hooks that have one.
    pub remote_unit: Option<String>,
    /// The unit that departs, in `departed`.
    pub departing_unit: Option<String>,
    /// Hook commands and log lines, in order.
    pub trace: Vec<Trace>,
    /// Whether the trace was dropped, to make room for newer ones.
    pub forgotten: bool,
    /// How the program ended.
    pub end: ProgramEnd,
    /// What came of it.
    pub fate: Fate,
    /// The workload's status afterwards, as `juju status` shows it.
    pub status: Status,
    /// Whether the status differs from that before.
    pub status_changed: bool,
    /// What it tells the unit of, in the hooks that tell of a databag, a secret's content or the leader's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// What it has changed that other units are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Publication>,
    /// How it has changed what waits on the unit for an acknowledgement; none where it has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// The [faults](crate::Fault) that have happened in it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// Something a hook did.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::Trace;
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     charm.tools.stderr("no disk");
/// #     ProgramEnd::Exit(charm.tools.call(&["is-leader"], None).code)
/// # }))?;
/// let run = juju.step().expect("install is due");
/// let told = |entry: &Trace| match entry {
///     Trace::Command(command) => format!("{command} gave {:?}", command.stdout),
///     Trace::Log { level, text } => format!("{level} {text}"),
/// };
/// assert_eq!(run.trace.iter().map(told).collect::<Vec<_>>(), ["WARNING no disk", "is-leader gave \"True\\n\""]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trace {
    /// It called a hook command.
    Command(CommandRun),
    /// It wrote to the log, its standard output (`DEBUG`) or its standard error (`WARNING`).
    Log {
        /// The level in capitals.
        level: String,
        /// The text.
        text: String,
    },
}

/// One call of a hook command, and what it answered.
///
/// `Debug`, `Display` and the serialised form hide the values that it wrote or read; the fields have them.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["state-set", "token=t0"], None).code)
/// # }))?;
/// let run = juju.step().expect("install is due");
/// let set = run.commands().next().expect("it has called one");
/// assert_eq!((set.name(), set.argv[1].as_str(), set.code), ("state-set", "token=t0", 0));
/// assert_eq!(set.to_string(), "state-set token=…");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CommandRun {
    /// Its name and arguments.
    pub argv: Vec<String>,
    /// The standard input it asked for.
    pub stdin: Option<String>,
    /// Its exit code.
    pub code: i32,
    /// What it answered on standard output.
    pub stdout: String,
    /// What it said on standard error.
    pub stderr: String,
}

/// How a charm's program ended.
///
/// ```
/// # use juju_sim::{Charm, Revision, World};
/// use juju_sim::{Fate, ProgramEnd};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// juju.deploy("hello", Revision::in_process(charm, |_| ProgramEnd::Signal(11)))?;
/// let run = juju.step().expect("install is due");
/// assert_eq!(run.end, ProgramEnd::Signal(11));
/// assert_eq!(run.fate, Fate::Failed("signal: segmentation fault".to_owned()));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ProgramEnd {
    /// It exited with this code.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// It could not be started; why, as Juju's agent has it.
    Unstarted(String),
    /// The charm has no code for the hook or action.
    Missing,
}

impl ProgramEnd {
    /// The text of Go's error.
    pub(crate) fn as_go(&self) -> String {
        let signal = match self {
            ProgramEnd::Exit(code) => return format!("exit status {code}"),
            ProgramEnd::Unstarted(why) => return why.clone(),
            ProgramEnd::Missing => return "missing".to_owned(),
            ProgramEnd::Signal(signal) => *signal,
        };
        let name = match signal {
            1 => "hangup",
            2 => "interrupt",
            3 => "quit",
            4 => "illegal instruction",
            5 => "trace/breakpoint trap",
            6 => "aborted",
            7 => "bus error",
            8 => "floating point exception",
            9 => "killed",
            11 => "segmentation fault",
            13 => "broken pipe",
            14 => "alarm clock",
            15 => "terminated",
            other => return format!("signal: signal {other}"),
        };
        format!("signal: {name}")
    }
}

impl fmt::Display for ProgramEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramEnd::Exit(code) => write!(f, "exit {code}"),
            ProgramEnd::Signal(signal) => write!(f, "signal {signal}"),
            ProgramEnd::Unstarted(why) => write!(f, "not started: {why}"),
            ProgramEnd::Missing => f.write_str("no code for it"),
        }
    }
}

/// What came of a hook or action.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Fate, Fault};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// juju.inject("hello/0", Fault::KillAt(0))?;
/// assert_eq!(juju.step().expect("install is due").fate, Fate::Rerun);
/// assert_eq!(juju.step().expect("it runs again").fate, Fate::Committed);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Fate {
    /// Its writes are public and it is done.
    Committed,
    /// The unit is in error until the hook succeeds or is resolved; why.
    Failed(String),
    /// It was killed, or rebooted its machine, and runs again.
    Rerun,
    /// The action failed, by its own word or by its end; why.
    ActionFailed(String),
}

impl HookRun {
    /// The hook commands it called, in order.
    pub fn commands(&self) -> impl Iterator<Item = &CommandRun> {
        self.trace.iter().filter_map(|entry| match entry {
            Trace::Command(command) => Some(command),
            Trace::Log { .. } => None,
        })
    }

    /// The lines it logged: level and text.
    pub fn log(&self) -> impl Iterator<Item = (&str, &str)> {
        self.trace.iter().filter_map(|entry| match entry {
            Trace::Log { level, text } => Some((level.as_str(), text.as_str())),
            Trace::Command(_) => None,
        })
    }

    /// The hook with what it is about: `magpie/0 magpie-relation-joined magpie:0 magpie/1`.
    pub fn title(&self) -> String {
        let mut title = format!("{} {}", self.unit, self.hook);
        for part in [&self.relation, &self.remote_unit, &self.subject].into_iter().flatten() {
            title.push(' ');
            title.push_str(part);
        }
        if let Some(departing) = self.departing_unit.as_ref().filter(|unit| Some(*unit) != self.remote_unit.as_ref()) {
            let _ = write!(title, " (departing {departing})");
        }
        title
    }

    /// Shows the values of databags, states, secrets and leader's settings too. Not for a log that others read.
    pub fn with_values(&self) -> impl fmt::Display + '_ {
        Block { run: self, values: true }
    }

    fn bytes(&self) -> usize {
        let entry = |entry: &Trace| match entry {
            Trace::Command(it) => {
                let argv: usize = it.argv.iter().map(|word| word.len() + 24).sum();
                argv + it.stdin.as_ref().map_or(0, String::len) + it.stdout.len() + it.stderr.len()
            }
            Trace::Log { text, .. } => text.len(),
        };
        self.trace.iter().map(|it| entry(it) + 128).sum()
    }
}

/// The block of a transcript: nothing in it is random.
impl fmt::Display for HookRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Block { run: self, values: false }.fmt(f)
    }
}

struct Block<'a> {
    run: &'a HookRun,
    values: bool,
}

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.run;
        writeln!(f, "{}", run.title())?;
        if run.forgotten {
            writeln!(f, "  (what it did is forgotten)")?;
        }
        for entry in &run.trace {
            match entry {
                Trace::Command(command) => writeln!(f, "  > {}", Line { command, values: self.values })?,
                Trace::Log { level, text } => {
                    for line in text.lines() {
                        writeln!(f, "  | {level} {}", printable(line))?;
                    }
                }
            }
        }
        if run.status_changed {
            writeln!(f, "  = {} {:?}", run.status.current, run.status.message)?;
        }
        match &run.fate {
            Fate::Committed => Ok(()),
            Fate::Failed(why) => writeln!(f, "  ! failed: {}", printable(why)),
            Fate::ActionFailed(why) => writeln!(f, "  ! action failed: {}", printable(why)),
            Fate::Rerun => writeln!(f, "  ! killed: {}", run.end),
        }
    }
}

/// A charm's text without what would write elsewhere on a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !"\t\n".contains(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl CommandRun {
    /// The name of the command.
    pub fn name(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// The arguments, with values that are not to be seen hidden.
    fn shown_argv(&self) -> Vec<String> {
        let hides = self.takes_values();
        let shown = |(index, word): (usize, &String)| match word.split_once('=') {
            Some((key, value))
                if hides && !word.starts_with('-') && !value.is_empty() && self.name() != "action-set" =>
            {
                format!("{key}={HIDDEN}")
            }
            None if self.is_stray(index, word) => HIDDEN.to_owned(),
            _ => word.clone(),
        };
        self.argv.iter().enumerate().map(shown).collect()
    }

    /// Whether a word may be a secret's value that stands where a pair or a URI should.
    fn is_stray(&self, index: usize, word: &str) -> bool {
        let is_value = index > 1 && self.argv[index - 1].starts_with('-');
        let is_word = index > 0 && !word.starts_with('-') && !is_value;
        matches!(self.name(), "secret-add" | "secret-set") && is_word && !is_secret_uri(word)
    }

    /// Whether it is given what is not to be seen.
    fn takes_values(&self) -> bool {
        matches!(self.name(), "relation-set" | "state-set" | "leader-set" | "secret-add" | "secret-set" | "action-set")
    }

    /// Whether it is given or answers what is not to be seen; an error of its may quote that.
    pub(crate) fn is_about_values(&self) -> bool {
        self.takes_values() || self.answers_values()
    }

    /// Whether what it answered is not to be seen.
    fn answers_values(&self) -> bool {
        matches!(self.name(), "relation-get" | "state-get" | "leader-get" | "secret-get" | "credential-get")
    }
}

impl fmt::Display for CommandRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line { command: self, values: false }.fmt(f)
    }
}

impl fmt::Debug for CommandRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandRun({self})")
    }
}

/// What is read back is the form with hidden values: it shows and is serialised as what was written does.
impl Serialize for CommandRun {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let hidden = || HIDDEN.to_owned();
        let mut fields = serializer.serialize_struct("CommandRun", 5)?;
        fields.serialize_field("argv", &self.shown_argv())?;
        fields.serialize_field("stdin", &self.stdin.as_ref().map(|stdin| keys(stdin)))?;
        fields.serialize_field("code", &self.code)?;
        let stdout = if self.answers_values() && !self.stdout.is_empty() { hidden() } else { self.stdout.clone() };
        fields.serialize_field("stdout", &stdout)?;
        fields.serialize_field("stderr", &self.stderr)?;
        fields.end()
    }
}

/// A call on one line.
struct Line<'a> {
    command: &'a CommandRun,
    values: bool,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.command;
        let argv = if self.values { command.argv.clone() } else { command.shown_argv() };
        for (index, word) in argv.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { " " }, quoted(word))?;
        }
        if let Some(stdin) = &command.stdin {
            if self.values {
                let shown: String = stdin.trim_end().chars().take(SHOWN).collect();
                let more = if shown.len() < stdin.trim_end().len() { "…" } else { "" };
                write!(f, " < {}{more}", shown.replace('\n', "\\n"))?;
            } else {
                write!(f, " < {}", keys(stdin))?;
            }
        }
        if command.code != 0 {
            write!(f, " => {}", command.code)?;
        }
        Ok(())
    }
}

/// What a file of pairs sets, without the values: `{a, b}`.
fn keys(stdin: &str) -> String {
    let pairs: Option<std::collections::BTreeMap<String, serde::de::IgnoredAny>> = serde_yaml::from_str(stdin).ok();
    match pairs {
        Some(pairs) => {
            let keys: Vec<String> = pairs.keys().take(20).map(|key| quoted(key)).collect();
            let more = if pairs.len() > keys.len() { ", …" } else { "" };
            format!("{{{}{more}}}", keys.join(", "))
        }
        None => HIDDEN.to_owned(),
    }
}

/// A word as a shell would take it, on one line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,…".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if word.contains('\'') || word.contains(char::is_control) {
        format!("{word:?}")
    } else {
        format!("'{word}'")
    }
}

/// The runs of a world. What the oldest did is forgotten where it is too much.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    runs: Vec<HookRun>,
    /// The first run whose trace is kept.
    oldest: usize,
    bytes: usize,
    /// How many ran before these.
    before: u64,
}

impl Kept {
    /// Of a world that goes on after so many runs.
    #[cfg(feature = "cli")]
    pub(crate) fn after(before: u64) -> Kept {
        Kept { before, ..Kept::default() }
    }

    /// The number of the next one.
    pub(crate) fn next(&self) -> u64 {
        self.before + self.runs.len() as u64 + 1
    }

    pub(crate) fn runs(&self) -> &[HookRun] {
        &self.runs
    }

    pub(crate) fn last(&self) -> &HookRun {
        self.runs.last().expect("a run was pushed before")
    }

    pub(crate) fn push(&mut self, run: HookRun) {
        self.bytes += run.bytes();
        self.runs.push(run);
        // The newest stays whole, however large it is.
        while self.bytes > KEPT_BYTES && self.oldest + 1 < self.runs.len() {
            let run = &mut self.runs[self.oldest];
            self.bytes -= run.bytes();
            run.forgotten = !run.trace.is_empty();
            run.trace = Vec::new();
            self.oldest += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(argv: &[&str], stdin: Option<&str>, code: i32) -> CommandRun {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        let (stdout, stderr) = (String::new(), String::new());
        CommandRun { argv, stdin: stdin.map(str::to_owned), code, stdout, stderr }
    }

    #[test]
    fn commands_are_shown_on_one_line() {
        let shown = |argv: &[&str], stdin, code| command(argv, stdin, code).to_string();
        assert_eq!(shown(&["relation-list", "--format=json"], None, 0), "relation-list --format=json");
        assert_eq!(shown(&["status-set", "active", "all is well"], None, 0), "status-set active 'all is well'");
        assert_eq!(shown(&["juju-log", "it's", "a\nb"], None, 2), "juju-log \"it's\" \"a\\nb\" => 2");
    }

    #[test]
    fn values_are_hidden_unless_they_are_asked_for() {
        let run =
            command(&["relation-set", "-r", "db:1", "--file", "-", "pass=hunter2", "gone="], Some("k: hunter2\n"), 0);
        assert_eq!(run.to_string(), "relation-set -r db:1 --file - pass=… gone= < {k}");
        let read = CommandRun { stdout: "hunter2".to_owned(), ..command(&["secret-get", "secret:x"], None, 0) };
        for text in [format!("{run:?}{read:?}"), serde_json::to_string(&[&run, &read]).unwrap()] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        let whole = Line { command: &run, values: true }.to_string();
        assert_eq!(whole, "relation-set -r db:1 --file - pass=hunter2 gone= < k: hunter2");
        let long = command(&["state-set"], Some(&"x".repeat(300)), 0);
        assert_eq!(Line { command: &long, values: true }.to_string().chars().count(), "state-set < ".len() + 201);
    }
}
