use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many lines of a model's log are kept; the oldest go first.
const KEPT: usize = 200_000;

/// What the agent logs the ends of hooks under.
pub(crate) const OPERATION: &str = "juju.worker.uniter.operation";

/// One line of the model's log.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["juju-log", "it greets"], None).code)
/// # }))?;
/// juju.settle()?;
/// let line = &juju.log()[0];
/// assert_eq!((line.unit.as_str(), line.level.as_str(), line.text.as_str()), ("hello/0", "INFO", "it greets"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The model's time, in seconds since its start.
    pub seconds: u64,
    /// The unit that wrote it.
    pub unit: String,
    /// What logged it, as `juju debug-log` shows it: `unit.hello/0.juju-log` for that hook command,
    /// `unit.hello/0.install` for what a hook has printed, `juju.worker.uniter.operation` for the agent itself.
    #[serde(default)]
    pub module: String,
    /// The level in capitals, such as `INFO`.
    pub level: String,
    /// The text.
    pub text: String,
}

/// The newest lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Log {
    lines: VecDeque<LogLine>,
}

impl super::Model {
    /// What was logged, oldest first: the newest 200,000 lines.
    pub fn log(&self) -> impl Iterator<Item = &LogLine> {
        self.log.lines.iter()
    }

    /// Takes the lines away.
    #[cfg(feature = "cli")]
    pub(crate) fn take_log(&mut self) -> VecDeque<LogLine> {
        std::mem::take(&mut self.log.lines)
    }

    pub(crate) fn push_log(&mut self, unit: &str, module: String, level: &str, text: &str) {
        if self.log.lines.len() >= KEPT {
            self.log.lines.pop_front();
        }
        let (level, text) = (level.to_owned(), text.to_owned());
        self.log.lines.push_back(LogLine { seconds: self.seconds, unit: unit.to_owned(), module, level, text });
    }
}
