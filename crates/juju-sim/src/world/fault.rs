use std::fmt;

use serde::{Deserialize, Serialize};

use crate::command::{self, ToolOutput};
use crate::systemd;

/// Something that goes wrong in a unit's next hook or action.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Fate, Fault};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["state-set", "seen=1"], None).code)
/// # }))?;
/// juju.inject("hello/0", Fault::RejectFlush)?;
/// let run = juju.step().expect("install is due");
/// assert_eq!(run.fate, Fate::Failed("flush refused by the controller".to_owned()));
/// assert!(juju.state("hello/0").is_empty());
/// juju.settle()?; // the hook is run again, and nothing goes wrong
/// assert_eq!(juju.state("hello/0")["seen"], "1");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// It runs to its end, and counts as having exited with 1.
    Fail,
    /// It is killed (SIGKILL) once this many hook commands have taken effect; 0 is before any. What it does
    /// after that has no effect. A hook that calls fewer commands is not killed.
    KillAt(usize),
    /// The agent dies after the charm exited with 0 and before the flush: nothing is published, the agent restarts,
    /// the hook has failed.
    CrashBeforeFlush,
    /// The agent dies after the flush and before it recorded the hook as done: all is published, the agent restarts,
    /// the hook has failed and runs again.
    CrashAfterFlush,
    /// The controller refuses what the hook sends at its end. A hook that sends nothing cannot be refused.
    RejectFlush,
    /// Leadership goes to another unit once this many hook commands have taken effect. Where there is no other, it is
    /// lost until the hook has ended.
    LoseLeadershipAt(usize),
    /// A hook command gives this output instead of running: it fails, prints rubbish, or was killed (code 137).
    Answer {
        /// Which one.
        to: Target,
        /// What it gives.
        output: ToolOutput,
    },
    /// A hook command never answers: the hook runs into its time limit there and is killed.
    Hang(Target),
    /// The controller refuses what a hook command asks of it; the command prints the text in its own way, and goes
    /// on or fails as Juju's does. The call is named as in Juju's API: `Uniter.ConfigSettings`, `Uniter.NetworkInfo`,
    /// `Uniter.ReadRemoteSettings`, `Uniter.ReadLocalApplicationSettings`, `Uniter.SetUnitStatus`,
    /// `Uniter.ApplicationStatus`, `Uniter.GoalStates`, `Uniter.Read` (the leader's settings).
    Refuse {
        /// The call.
        call: String,
        /// Why it is refused.
        text: String,
    },
    /// The command of this name is not on `PATH`. `systemd-run` and `systemctl` can be absent too: a machine without
    /// systemd.
    Absent(String),
}

/// The calls of Juju's API that can be refused.
const CALLS: [&str; 8] = [
    "Uniter.ApplicationStatus",
    "Uniter.ConfigSettings",
    "Uniter.GoalStates",
    "Uniter.NetworkInfo",
    "Uniter.Read",
    "Uniter.ReadLocalApplicationSettings",
    "Uniter.ReadRemoteSettings",
    "Uniter.SetUnitStatus",
];

impl Fault {
    /// What is wrong with it, so that it would never happen.
    pub(super) fn flaw(&self) -> Option<&'static str> {
        let command = match self {
            Fault::Answer { to: Target::Command(name) | Target::NthOf(name, _), .. }
            | Fault::Hang(Target::Command(name) | Target::NthOf(name, _)) => name,
            Fault::Absent(name) => name,
            Fault::Refuse { call, .. } if !CALLS.contains(&call.as_str()) => {
                return Some("no call of this name can be refused");
            }
            _ => return None,
        };
        (!command::is_known(command) && !systemd::is_known(command)).then_some("there is no hook command of this name")
    }
}

/// What happens, in words: `it is killed after 2 hook commands`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Fail => f.write_str("it counts as having exited with 1"),
            Fault::KillAt(0) => f.write_str("it is killed before any hook command"),
            Fault::KillAt(count) => write!(f, "it is killed after hook command {count}"),
            Fault::CrashBeforeFlush => f.write_str("the agent dies before the flush"),
            Fault::CrashAfterFlush => f.write_str("the agent dies after the flush"),
            Fault::RejectFlush => f.write_str("the controller refuses the flush"),
            Fault::LoseLeadershipAt(count) => write!(f, "leadership goes after hook command {count}"),
            Fault::Answer { to, output } => write!(f, "{to} gives an output of the test's, with code {}", output.code),
            Fault::Hang(to) => write!(f, "{to} never answers"),
            Fault::Refuse { call, text } => write!(f, "the controller refuses {call}: {text}"),
            Fault::Absent(name) => write!(f, "{name} is not on PATH"),
        }
    }
}

/// Which call of a hook command is meant.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Fault, Target, ToolOutput};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["status-set", "active"], None).code)
/// # }))?;
/// let output = ToolOutput { code: 1, stderr: b"ERROR connection is shut down".to_vec(), ..ToolOutput::default() };
/// juju.inject("hello/0", Fault::Answer { to: Target::Command("status-set".to_owned()), output })?;
/// let run = juju.step().expect("install is due");
/// assert_eq!(run.commands().map(|command| command.code).collect::<Vec<_>>(), [1]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// The call of this number; the first is 0.
    Nth(usize),
    /// Every call of this command.
    Command(String),
    /// The call of this number among those of this command; the first is 0.
    NthOf(String, usize),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Nth(nth) => write!(f, "hook command {}", nth + 1),
            Target::Command(name) => f.write_str(name),
            Target::NthOf(name, nth) => write!(f, "call {} of {name}", nth + 1),
        }
    }
}

impl Target {
    /// Whether a call is meant that comes after `earlier` ones.
    pub(super) fn is<'a>(&self, command: &str, mut earlier: impl Iterator<Item = &'a str>) -> bool {
        match self {
            Target::Nth(nth) => *nth == earlier.count(),
            Target::Command(name) => name == command,
            Target::NthOf(name, nth) => name == command && *nth == earlier.by_ref().filter(|it| it == name).count(),
        }
    }
}
