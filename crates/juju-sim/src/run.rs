//! What is kept of each hook and action that ran, and how it is shown.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// One hook or action that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HookRun {
    /// Counts from 1, over all units.
    pub sequence: u64,
    /// The unit.
    pub unit: String,
    /// The hook, such as `install`, or `action ping`.
    pub hook: String,
    /// The relation, such as `magpie:0`, in relation hooks.
    pub relation: Option<String>,
    /// The unit at the other side, in the relation hooks that have one.
    pub remote_unit: Option<String>,
    /// The unit that departs, in `departed`.
    pub departing_unit: Option<String>,
    /// Hook commands and log lines, in order.
    pub trace: Vec<Trace>,
    /// How the process ended.
    pub ending: Ending,
    /// What came of it.
    pub outcome: Outcome,
    /// The workload's status and message afterwards, as `juju status` shows them.
    pub status: (String, String),
    /// Whether the status differs from that before.
    pub status_changed: bool,
}

/// Something a hook did.
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

/// One call of a hook command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandRun {
    /// Its name and arguments.
    pub argv: Vec<String>,
    /// The standard input it asked for.
    pub stdin: Option<String>,
    /// Its exit code.
    pub code: i32,
}

/// How the process of a hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// It exited with this code.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exit(code) => write!(f, "exit {code}"),
            Ending::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What came of a hook or action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Its writes are public and it is done.
    Committed,
    /// The unit is in error until the hook succeeds or is resolved; why.
    Failed(String),
    /// It was killed, and runs again at once.
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
        for part in [&self.relation, &self.remote_unit].into_iter().flatten() {
            title.push(' ');
            title.push_str(part);
        }
        if let Some(departing) = self.departing_unit.as_ref().filter(|unit| Some(*unit) != self.remote_unit.as_ref()) {
            let _ = write!(title, " (departing {departing})");
        }
        title
    }
}

/// The block of a transcript: nothing in it is random.
impl fmt::Display for HookRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title())?;
        for entry in &self.trace {
            match entry {
                Trace::Command(command) => writeln!(f, "  > {command}")?,
                Trace::Log { level, text } => {
                    for line in text.lines() {
                        writeln!(f, "  | {level} {line}")?;
                    }
                }
            }
        }
        if self.status_changed {
            writeln!(f, "  = {} {:?}", self.status.0, self.status.1)?;
        }
        match &self.outcome {
            Outcome::Committed => Ok(()),
            Outcome::Failed(why) => writeln!(f, "  ! failed: {why}"),
            Outcome::ActionFailed(why) => writeln!(f, "  ! action failed: {why}"),
            Outcome::Rerun => writeln!(f, "  ! killed: {}", self.ending),
        }
    }
}

impl fmt::Display for CommandRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const STDIN_SHOWN: usize = 200;
        for (index, word) in self.argv.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { " " }, quoted(word))?;
        }
        if let Some(stdin) = &self.stdin {
            let shown: String = stdin.trim_end().chars().take(STDIN_SHOWN).collect();
            let more = if shown.len() < stdin.trim_end().len() { "…" } else { "" };
            write!(f, " < {}{more}", shown.replace('\n', "\\n"))?;
        }
        if self.code != 0 {
            write!(f, " => {}", self.code)?;
        }
        Ok(())
    }
}

/// A word as a shell would take it, on one line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if word.contains('\'') || word.contains(char::is_control) {
        format!("{word:?}")
    } else {
        format!("'{word}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_on_one_line() {
        let command = |argv: &[&str], stdin: Option<&str>, code| {
            let argv = argv.iter().map(|word| (*word).to_owned()).collect();
            CommandRun { argv, stdin: stdin.map(str::to_owned), code }.to_string()
        };
        assert_eq!(command(&["relation-list", "--format=json"], None, 0), "relation-list --format=json");
        assert_eq!(command(&["status-set", "active", "all is well"], None, 0), "status-set active 'all is well'");
        assert_eq!(command(&["juju-log", "it's", "a\nb"], None, 2), "juju-log \"it's\" \"a\\nb\" => 2");
        assert_eq!(command(&["state-set"], Some("{}\n"), 0), "state-set < {}");
        let long = command(&["state-set"], Some(&"x".repeat(300)), 0);
        assert_eq!(long.chars().count(), "state-set < ".len() + 201);
    }
}
