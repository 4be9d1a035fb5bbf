//! Waking the unit for an event that waits, by a transient timer of systemd's.
//!
//! Juju has no hook for "in a minute". On a machine, `systemd-run` makes a timer that runs the charm's `dispatch wake`
//! under `juju-exec`, which waits for its turn among the hooks. The timer is of this unit alone, and gone after a reboot
//! of the machine: so it is looked for in every dispatch as long as an event wants it.

use std::time::{Duration, SystemTime};

use crate::context::Context;
use crate::error::Error;
use crate::hook::Hook;
use crate::hook_command::LogLevel;
use crate::transport::{Call, Ending};

/// The state area with the time, in seconds of Unix time, that a timer was made for.
const AREA: &str = "wake";

impl Context {
    /// Sees to it that a timer is there if, and only if, a pending event wants to be woken for.
    pub(crate) fn arrange_wake(&self) -> Result<(), Error> {
        // In a hook that delivers nothing, it was not read yet.
        self.load_queue()?;
        let now = seconds(self.env().now());
        // Nor is there anything to wake a unit for that has stopped.
        let stops = self.hook().is_some_and(Hook::is_last);
        let wanted = self.with_queue(|queue| queue.first_due(now)).filter(|_| !stops);
        let made: Option<u64> = self.area(AREA)?.and_then(|text| text.parse().ok());
        if wanted.is_none() && made.is_none() {
            return Ok(());
        }
        // One that has fired is gone, or is what runs this.
        if let Some(made) = made.filter(|made| *made > now) {
            if wanted != Some(made) {
                self.runs("systemctl", &["stop", &format!("{}.timer", self.timer(made)?)]);
            } else if self.has_timer(made)? {
                return Ok(());
            }
        }
        let made = match wanted {
            // The one of a hook that failed is there when it runs again at once.
            Some(due) => self.make_timer(due, due - now)? || self.has_timer(due)?,
            None => true,
        };
        let news = self.is_news("wake", if made { None } else { Some("no systemd") })?;
        if news {
            let text = "no timer can be set by systemd-run: what is to be woken for waits for the next hook";
            self.log(LogLevel::Warning, text);
        }
        let due = wanted.filter(|_| made).map(|due| due.to_string()).unwrap_or_default();
        self.put_own(AREA, due)
    }

    /// The name of the timer for a time. Not the same for all: while a timer runs its command, which may be this
    /// dispatch, systemd refuses another one of its name.
    fn timer(&self, due: u64) -> Result<String, Error> {
        Ok(format!("juju-ops-wake-{}-{due}", self.env().unit()?.to_string().replace('/', "-")))
    }

    fn has_timer(&self, due: u64) -> Result<bool, Error> {
        Ok(self.runs("systemctl", &["is-active", "--quiet", &format!("{}.timer", self.timer(due)?)]))
    }

    fn make_timer(&self, due: u64, after: u64) -> Result<bool, Error> {
        let (unit, after) = (format!("--unit={}", self.timer(due)?), format!("--on-active={after}s"));
        // Unless told otherwise, systemd may be a minute late.
        let exact = "--timer-property=AccuracySec=1s";
        let (this, charm) = (self.env().unit()?.to_string(), self.env().charm_dir()?.join("dispatch"));
        let wake = format!("{} wake", quoted(&charm.to_string_lossy()));
        let command = ["--", "juju-exec", &this, &wake];
        Ok(self.runs("systemd-run", &[&["--quiet", "--collect", &unit, &after, exact], &command[..]].concat()))
    }

    /// Notes when the unit is to be woken for an event.
    pub(crate) fn wake_for(&self, generation: u64, after: Duration) {
        let now = seconds(self.env().now());
        let whole = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
        self.with_queue(|queue| queue.wake_at(generation, now, now.saturating_add(whole.max(1))));
    }

    fn runs(&self, command: &'static str, args: &[&str]) -> bool {
        let call = Call::new(command, args.iter().copied());
        self.transport().call(&call).is_ok_and(|output| output.ending == Ending::Exited(0))
    }
}

/// As one word of the shell that `juju-exec` runs.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
