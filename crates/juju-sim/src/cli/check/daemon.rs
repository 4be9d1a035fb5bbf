//! Processes that a charm's hooks have left behind, wherever they have gone.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// How often to look for more of them while they are killed: one may be starting another.
const ROUNDS: usize = 10;

/// A process of a charm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Daemon {
    /// Its number, and when it started, since numbers are used again.
    pub(super) id: (i32, u64),
    /// What it is called with.
    pub(super) command: String,
}

/// The processes that have something of a directory: in their environment, as all that hooks start have, or as where
/// they are or what they run.
pub(super) fn of(dir: &Path) -> Vec<Daemon> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let mut found: Vec<Daemon> =
        numbers.filter(|number| *number != own).filter_map(|number| Daemon::read(number, dir)).collect();
    found.sort();
    found
}

/// Kills them.
pub(super) fn kill(dir: &Path) {
    for _ in 0..ROUNDS {
        let left = of(dir);
        if left.is_empty() {
            return;
        }
        for pid in left.iter().filter_map(|daemon| Pid::from_raw(daemon.id.0)) {
            // One that has ended meanwhile is no loss.
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

impl Daemon {
    /// Reads of a process; none where it is not of the directory, is another user's, or has ended.
    fn read(number: i32, dir: &Path) -> Option<Daemon> {
        let proc = Path::new("/proc").join(number.to_string());
        let wanted = dir.as_os_str().as_bytes();
        let environment = fs::read(proc.join("environ")).ok()?;
        let link = |name: &str| fs::read_link(proc.join(name)).is_ok_and(|path| path.starts_with(dir));
        let named = environment.windows(wanted.len().max(1)).any(|part| part == wanted);
        if !named && !link("cwd") && !link("exe") {
            return None;
        }
        let stat = fs::read_to_string(proc.join("stat")).ok()?;
        // The fields after the name, which may have anything in it: the state first, the time of the start twentieth.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if matches!(fields.first(), Some(&("Z" | "X"))) {
            return None;
        }
        let arguments = fs::read(proc.join("cmdline")).ok()?;
        let words = arguments.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word));
        let command = words.collect::<Vec<_>>().join(" ").replace(&format!("{}/", dir.display()), "");
        Some(Daemon { id: (number, fields.get(19)?.parse().ok()?), command: command.trim_end().to_owned() })
    }
}
