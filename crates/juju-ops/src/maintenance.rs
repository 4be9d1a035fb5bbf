//! What the charm's executable does under `juju exec` or in a shell: looking after what is pending.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::context::Context;
use crate::error::{Error, bounded};
use crate::observed::Observed;
use crate::pending::Pending;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subcommand {
    Help,
    Version,
    Observed(Format),
    Pending(Format),
    Drop(Dropped),
    Wake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dropped {
    All,
    /// Topic, name and subject.
    One(String, String, String),
}

pub(crate) const USAGE: &str = "\
The `dispatch` of a Juju charm: Juju runs it for each hook and action, and says
which by JUJU_DISPATCH_PATH. Under `juju exec --unit UNIT` it looks after what
is pending on the unit:

  dispatch pending [--format json]    the durable events that wait
  dispatch drop TOPIC NAME SUBJECT    drops one of them for good
  dispatch drop --all                 drops all of them for good
  dispatch wake                       delivers them now

In any shell:

  dispatch observed [--format json]   what the charm observes and declares
  dispatch version                    its version and the framework's
  dispatch --help                     this text";

impl Subcommand {
    /// Reads the arguments. `None`: there are none.
    pub(crate) fn read(args: &[String]) -> Result<Option<Self>, String> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let Some((&name, rest)) = args.split_first() else { return Ok(None) };
        let excess = |rest: &[&str]| match rest {
            [] => Ok(()),
            [first, ..] => Err(format!("{name} does not take {:?}", bounded(first, 64))),
        };
        Ok(Some(match name {
            "-h" | "--help" | "help" => Self::Help,
            "version" | "--version" => excess(rest).map(|()| Self::Version)?,
            "observed" => Self::Observed(Format::read(name, rest)?),
            "pending" => Self::Pending(Format::read(name, rest)?),
            "wake" => excess(rest).map(|()| Self::Wake)?,
            "drop" => match *rest {
                ["--all"] => Self::Drop(Dropped::All),
                [topic, name, subject] => Self::Drop(Dropped::One(topic.into(), name.into(), subject.into())),
                _ => return Err("drop takes --all, or topic, name and subject as `pending` shows them".to_owned()),
            },
            _ => return Err(format!("{:?} is no subcommand", bounded(name, 64))),
        }))
    }

    /// Whether it can do without Juju.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self, Self::Help | Self::Version | Self::Observed(_))
    }
}

impl Format {
    fn read(name: &str, rest: &[&str]) -> Result<Self, String> {
        match *rest {
            [] | ["--format", "text"] | ["--format=text"] => Ok(Self::Text),
            ["--format", "json"] | ["--format=json"] => Ok(Self::Json),
            _ => Err(format!("{name} takes --format text or --format json")),
        }
    }
}

/// The versions, as lines.
pub(crate) fn version(cx: &Context) -> String {
    let charm = cx.env().charm_dir().ok().and_then(|dir| std::fs::read_to_string(dir.join("version")).ok());
    let charm = charm.map(|text| format!("charm {}\n", bounded(text.trim(), 200))).unwrap_or_default();
    format!("{charm}juju-ops {}", env!("CARGO_PKG_VERSION"))
}

pub(crate) fn show_observed(observed: &Observed, format: Format) -> Result<String, Error> {
    match format {
        Format::Text => Ok(observed.to_string().trim_end().to_owned()),
        Format::Json => serde_json::to_string_pretty(observed).map_err(|error| Error::parse("what is observed", error)),
    }
}

pub(crate) fn show_pending(pending: &[Pending], now: SystemTime, format: Format) -> String {
    match format {
        Format::Json => {
            let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |it| it.as_secs());
            let show = |event: &Pending| {
                json!({
                    "topic": event.topic,
                    "name": event.name,
                    "subject": event.subject,
                    "since": seconds(event.since),
                    "attempts": event.attempts,
                    "last-error": event.last_error,
                    "due": event.due.map(seconds),
                    "deliverable": event.deliverable,
                })
            };
            serde_json::Value::from(pending.iter().map(show).collect::<Vec<_>>()).to_string()
        }
        Format::Text if pending.is_empty() => "nothing is pending".to_owned(),
        Format::Text => pending.iter().map(|event| line(event, now)).collect::<Vec<_>>().join("\n"),
    }
}

fn line(event: &Pending, now: SystemTime) -> String {
    let since = |time| now.duration_since(time).map_or_else(|_| "0s".to_owned(), about);
    let mut line = match event.topic.as_str() {
        "" => "unreadable".to_owned(),
        topic => format!("{topic} {} {}", event.name, event.subject),
    };
    // Writing to a String does not fail.
    let _ = write!(line, "  (for {}", since(event.since));
    if let Some(until) = event.due.and_then(|due| due.duration_since(now).ok()) {
        let _ = write!(line, ", woken for in {}", about(until));
    }
    if !event.deliverable {
        line.push_str(", not of this version of the charm");
    }
    line.push(')');
    if event.attempts > 0 {
        let error = event.last_error.as_deref().unwrap_or_default();
        let _ = write!(line, "\n    failed {} times, last with: {}", event.attempts, bounded(error, 300));
    }
    line
}

/// A duration in its two largest units.
fn about(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m{s}s"),
        (0, h, m, _) => format!("{h}h{m}m"),
        (d, h, _, _) => format!("{d}d{h}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Subcommand>, String> {
        Subcommand::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("pending"), Ok(Some(Subcommand::Pending(Format::Text))));
        assert_eq!(read("observed --format=json"), Ok(Some(Subcommand::Observed(Format::Json))));
        assert_eq!(read("drop --all"), Ok(Some(Subcommand::Drop(Dropped::All))));
        let one = Dropped::One("t".into(), "n".into(), "s".into());
        assert_eq!(read("drop t n s"), Ok(Some(Subcommand::Drop(one))));
        for bad in ["dance", "drop", "drop t n", "pending --format yaml", "version 2", "wake up"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_shown_in_two_units() {
        let shown = [0, 59, 61, 3 * 3600 + 120, 90_000].map(|s| about(Duration::from_secs(s)));
        assert_eq!(shown, ["0s", "59s", "1m1s", "3h2m", "1d1h"]);
    }
}
