use std::process::Child;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process, test_kill_process_group};

/// The process group of a hook: its process, which leads it, and all that came of that without making a group or a
/// session of its own.
#[derive(Debug)]
pub(super) struct Group(Pid);

impl Group {
    /// The group of a process that was started at the head of one.
    pub(super) fn of(leader: &Child) -> Group {
        Group(Pid::from_child(leader))
    }

    /// Kills every process of the group. The leader has not been waited for, so that the number is the group's.
    pub(super) fn kill(&self) {
        // An error says that none is left, or that none of them may be killed; there is nothing more to do.
        let _ = kill_process_group(self.0, Signal::KILL);
    }

    /// Whether anything of the group is left now that its leader has ended and was waited for.
    ///
    /// As long as a process is in the group its number is not given to another process. One that has it is a stranger.
    pub(super) fn remains(&self) -> bool {
        test_kill_process(self.0) == Err(Errno::SRCH) && test_kill_process_group(self.0).is_ok()
    }

    /// Kills what is left of the group after its leader was waited for.
    pub(super) fn kill_remains(&self) {
        if self.remains() {
            self.kill();
        }
    }
}
