//! What one run of a hook or action shows of a charm.

use std::path::Path;

use super::finding::{Finding, OUTPUT_LINES, Severity, Sight};
use crate::{CommandRun, Fate, HookRun, ProgramEnd, Trace};

/// How much of a line is kept.
const MAX_LINE: usize = 500;

/// What is around a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// What the operator has done.
    pub(super) stage: &'a str,
    /// The directory that has those of the units. What is told does not have it: it is another one each time.
    pub(super) agents: Option<&'a Path>,
    /// Whether hooks are killed on purpose.
    pub(super) kills: bool,
}

impl Scene<'_> {
    /// A line to be told.
    fn line(&self, text: &str) -> String {
        let line = match self.agents {
            Some(agents) => text.replace(&format!("{}/", agents.display()), ""),
            None => text.to_owned(),
        };
        line.chars().take(MAX_LINE).collect()
    }
}

/// Whether it was killed for running too long.
pub(super) fn is_overdue(run: &HookRun) -> bool {
    run.log().any(|(_, text)| text.starts_with("juju-sim: killed: it ran for more than"))
}

/// Whether it was killed by what the charm did: neither on purpose nor by a reboot that it asked for.
pub(super) fn is_killed(run: &HookRun, scene: Scene<'_>) -> bool {
    let reboots = run.commands().any(|command| command.name() == "juju-reboot");
    run.fate == Fate::Rerun && !scene.kills && !reboots
}

/// The run, with the end of what it called and printed.
pub(super) fn sight(run: &HookRun, scene: Scene<'_>) -> Sight {
    let mut output = Vec::new();
    for entry in &run.trace {
        match entry {
            // What it logs is there too; what is traced is for those who look for it.
            Trace::Command(command) if command.name() == "juju-log" && command.code == 0 => {}
            Trace::Log { level, .. } if level == "TRACE" => {}
            Trace::Command(command) => {
                output.push(format!("> {command}"));
                if command.code != 0 {
                    output.extend(command.stderr.lines().map(|line| format!("  {line}")));
                }
            }
            Trace::Log { level, text } => {
                for line in text.lines() {
                    // What a hook command has said goes on to the log, where the hook does not catch it.
                    if output.last().and_then(|last| last.strip_prefix("  ")) == Some(line) {
                        output.pop();
                    }
                    output.push(format!("{level} {line}"));
                }
            }
        }
    }
    let from = output.len().saturating_sub(OUTPUT_LINES);
    let output = output.drain(from..).map(|line| scene.line(&line)).collect();
    Sight { run: run.title(), stage: scene.stage.to_owned(), output }
}

/// What is to be told of a run.
pub(super) fn findings(run: &HookRun, scene: Scene<'_>) -> Vec<Finding> {
    let find = |severity, what: String| Finding::of_hook(severity, scene.line(&what), &run.hook, sight(run, scene));
    let mut found = Vec::new();
    match (&run.fate, &run.end) {
        (Fate::Failed(why), _) => return vec![find(Severity::Problem, failure(run, why))],
        // By its own word: what the action says is for its operator.
        (Fate::ActionFailed(why), ProgramEnd::Exit(0)) => {
            return vec![find(Severity::Note, format!("says that it failed: {why}"))];
        }
        (Fate::ActionFailed(_), ProgramEnd::Missing) => {
            return vec![find(Severity::Problem, "the charm has no code for it".to_owned())];
        }
        (Fate::ActionFailed(why), _) => return vec![find(Severity::Problem, failure(run, why))],
        (Fate::Rerun | Fate::Committed, _) => {}
    }
    if run.fate == Fate::Rerun {
        if is_killed(run, scene) {
            found.push(find(Severity::Problem, format!("was killed, and Juju runs it again: {}", run.end)));
        }
        return found;
    }
    for command in run.commands().filter(|command| command.code != 0) {
        let said = said(command);
        // What it says goes on to the log, unless the charm has taken it: then it has seen that the command failed.
        let (severity, what) = match run.log().any(|(_, text)| text == said) {
            true => (Severity::Warning, format!("goes on after a hook command that failed: {command}")),
            false => (Severity::Note, format!("deals with a hook command that failed: {command}")),
        };
        found.push(Finding { severity, ..find_line(run, scene, &what, &said) });
    }
    for (level, text) in run.log() {
        if text.starts_with("juju-sim: further output of") {
            found.push(find_line(run, scene, "prints so much that not all of it was kept", ""));
        } else if matches!(level, "ERROR" | "CRITICAL") {
            found.push(find_line(run, scene, "logs an error and does not fail", text));
        } else if let Some(command) = missing_command(text).filter(|_| level == "WARNING") {
            found.push(find_line(run, scene, &format!("calls a command that is not there: {command}"), text));
        }
    }
    found
}

/// A warning about one line of what a hook printed.
fn find_line(run: &HookRun, scene: Scene<'_>, what: &str, line: &str) -> Finding {
    let output = line.lines().take(OUTPUT_LINES).map(|line| scene.line(line)).collect();
    let sight = Sight { run: run.title(), stage: scene.stage.to_owned(), output };
    Finding::of_hook(Severity::Warning, scene.line(what), &run.hook, sight)
}

/// How a run failed, in words.
fn failure(run: &HookRun, why: &str) -> String {
    let has = |part: &str| run.log().any(|(_, text)| text.contains(part));
    match &run.end {
        _ if is_overdue(run) => match why.strip_prefix("killed: it ran") {
            Some(rest) => format!("ran out of time: it was killed after it ran{rest}"),
            None => "ran out of time and was killed".to_owned(),
        },
        ProgramEnd::Unstarted(why) => format!("could not be started: {why}"),
        _ if has("panicked at") => format!("panicked: {why}"),
        _ if has("Traceback (most recent call last)") => format!("raised an exception: {why}"),
        _ => format!("failed: {why}"),
    }
}

/// What a hook command said, on a line.
fn said(command: &CommandRun) -> String {
    command.stderr.lines().next().unwrap_or_default().to_owned()
}

/// The command that a shell says it does not know.
fn missing_command(text: &str) -> Option<&str> {
    let text = text.strip_suffix(": command not found").or_else(|| text.strip_suffix(": not found"))?;
    Some(text.rsplit(": ").next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_name_the_command_that_is_missing() {
        for (text, command) in [
            ("/c/hooks/install: 3: no-such-set: not found", Some("no-such-set")),
            ("./install: line 3: no-such-set: command not found", Some("no-such-set")),
            ("ERROR relation not found", None),
        ] {
            assert_eq!(missing_command(text), command, "{text}");
        }
    }
}
