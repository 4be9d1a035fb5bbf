use std::fmt;

use super::{Command, argument, nothing};
use crate::transport::Call;

/// How grave a message for `juju-log` is.
///
/// ```
/// assert_eq!(juju_ops::hook_command::LogLevel::Warning.to_string(), "WARNING");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named for the level, spelled as Juju spells it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}

/// Writes to Juju's log, at once. `juju-log`.
pub fn juju_log(level: LogLevel, message: &str) -> Command<()> {
    let call = Call::new("juju-log", ["--log-level", &level.to_string(), "--", &argument(message)]);
    Command::new(call, "", nothing)
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        })
    }
}
