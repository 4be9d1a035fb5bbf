use super::{Command, nothing};
use crate::transport::Call;

/// Has the machine restart when the hook is over, if it succeeds. Not in actions. Machines only. `juju-reboot`.
pub fn juju_reboot() -> Command<()> {
    let args: [&str; 0] = [];
    Command::new(Call::new("juju-reboot", args), "", nothing)
}

/// Has the machine restart at once: Juju kills this process, drops what the hook wrote, and runs the hook again after
/// the restart. Not in actions. Machines only. `juju-reboot --now`.
///
/// It may never return. Where it does, do nothing more, and return.
pub fn juju_reboot_now() -> Command<()> {
    Command::new(Call::new("juju-reboot", ["--now"]), "--now", nothing)
}
