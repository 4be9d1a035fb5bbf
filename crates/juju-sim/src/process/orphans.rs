//! Processes that nobody waits for any more, known by what Juju told their hook in its environment. One that has
//! cleared its environment is not found.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How long to wait for processes to die.
const DEATH: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);

/// Kills every process that was told a path in a directory by a variable, and waits for their end, though not for long.
pub(crate) fn kill(variable: &str, dir: &Path) {
    let started = Instant::now();
    loop {
        let found = find(variable, dir);
        if found.is_empty() || started.elapsed() >= DEATH {
            return;
        }
        for process in found {
            // An error says that it has ended, or is not ours to kill.
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
        thread::sleep(PAUSE);
    }
}

/// Ends what the charms of units in a directory have left running, in sessions of their own too.
#[cfg(feature = "cli")]
pub(crate) fn kill_charms_in(dir: &Path) {
    // Charms are told paths without links.
    if let Ok(dir) = dir.canonicalize() {
        kill("JUJU_CHARM_DIR", &dir);
    }
}

fn find(variable: &str, dir: &Path) -> Vec<OwnedFd> {
    let own = std::process::id();
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let others = numbers.filter(|number| u32::try_from(*number).is_ok_and(|number| number != own));
    others.filter_map(|number| told(number, variable, dir).ok().flatten()).collect()
}

/// A process where it was told such a path. What can be read belongs to this user.
fn told(number: i32, variable: &str, dir: &Path) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = Pid::from_raw(number) else { return Ok(None) };
    // First, so that it is this process that is looked at and no later one of the same number.
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let environment = fs::read(format!("/proc/{number}/environ"))?;
    let is_told = environment.split(|byte| *byte == 0).any(|entry| {
        let value = entry.strip_prefix(variable.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(|value| Path::new(OsStr::from_bytes(value)).starts_with(dir))
    });
    Ok(is_told.then_some(process))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_was_told_a_path_in_the_directory_is_killed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let start = |variable: &str, path: &Path| {
            Command::new("sleep").arg("600").env_clear().env("PATH", "/usr/bin:/bin").env(variable, path).spawn()
        };
        let beside = dir.path().with_extension("beside");
        let mut in_it = start("JUJU_CHARM_DIR", &dir.path().join("charm")).unwrap();
        let mut others =
            [start("JUJU_CHARM_DIR", &beside).unwrap(), start("OTHER", &dir.path().join("charm")).unwrap()];
        // The environment of a process is there once it is the program.
        while find("JUJU_CHARM_DIR", dir.path()).len() + find("OTHER", dir.path()).len() < 2 {
            thread::sleep(PAUSE);
        }
        kill("JUJU_CHARM_DIR", dir.path());
        assert_eq!(in_it.wait().unwrap().signal(), Some(9));
        for other in &mut others {
            assert_eq!(other.try_wait().unwrap(), None);
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }
}
