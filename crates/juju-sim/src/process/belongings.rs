use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::group::Group;
use crate::SimError;

/// What the simulator has on the machine: a directory, and the processes that were started for it. All of it goes when
/// this is dropped.
#[derive(Debug)]
pub(crate) struct Belongings {
    /// Only this user can enter it. It is removed when this is dropped, after the processes have been killed.
    _dir: TempDir,
    path: PathBuf,
    groups: Mutex<Groups>,
}

#[derive(Debug, Default)]
struct Groups {
    /// That of the hook that runs.
    running: Option<Group>,
    /// Those of hooks that ended and left processes behind.
    left: Vec<Group>,
}

/// All belongings of this process, for the case that a signal ends it.
static ALL: Mutex<Vec<Weak<Belongings>>> = Mutex::new(Vec::new());

/// The address of a Unix socket has room for 107 bytes. A temporary directory with a longer name than this is not used,
/// so that there is enough left for the socket of a unit with a long name.
const MAX_TEMP_DIR: usize = 40;
/// How long to wait for processes to die before their directory is removed.
const DEATH: Duration = Duration::from_millis(100);

impl Belongings {
    pub(crate) fn new() -> Result<Arc<Belongings>, SimError> {
        let temp = std::env::temp_dir();
        let temp = if temp.as_os_str().len() > MAX_TEMP_DIR { Path::new("/tmp") } else { &temp };
        let make = |parent: &Path| {
            let private = Permissions::from_mode(0o700);
            tempfile::Builder::new().prefix("juju-sim-").permissions(private).tempdir_in(parent)
        };
        let dir = make(temp).or_else(|_| make(&std::env::temp_dir()));
        let dir = dir.map_err(SimError::file("create a directory in", std::env::temp_dir()))?;
        // The paths that a charm is told are those that its shell finds itself in.
        let path = dir.path().canonicalize().map_err(SimError::file("find", dir.path()))?;
        let belongings = Arc::new(Belongings { _dir: dir, path, groups: Mutex::default() });
        let mut all = lock(&ALL);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&belongings));
        Ok(belongings)
    }

    /// The absolute path of the directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Starts a hook's process, at the head of a process group of its own.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        const TRIES: u32 = 100;
        // No group is there that is not known, also in the moment in which a signal ends this process.
        let mut groups = lock(&self.groups);
        let mut tries = 0;
        let child = loop {
            match command.process_group(0).spawn() {
                // Another thread's child, between its fork and its exec, may still hold the fresh copy open for writing.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < TRIES => {
                    tries += 1;
                    thread::sleep(Duration::from_millis(5));
                }
                result => break result?,
            }
        };
        groups.running = Some(Group::of(&child));
        Ok(child)
    }

    /// Kills the hook that runs, and its group.
    pub(super) fn kill(&self, child: &mut Child) {
        if let Some(group) = &lock(&self.groups).running {
            group.kill();
        }
        // Also where it has gone over to another group. An error says that it has ended.
        let _ = child.kill();
    }

    /// Says that the hook that ran has ended and was waited for.
    pub(super) fn ended(&self) {
        let mut groups = lock(&self.groups);
        let ended = groups.running.take();
        groups.left.extend(ended);
        groups.left.retain(Group::remains);
    }
}

impl Groups {
    fn kill(&self) {
        if let Some(group) = &self.running {
            group.kill();
        }
        self.left.iter().for_each(Group::kill_remains);
    }
}

impl Drop for Belongings {
    fn drop(&mut self) {
        let groups = self.groups.get_mut().unwrap_or_else(PoisonError::into_inner);
        groups.kill();
        // One that dies may be creating a file right now.
        let (mut waited, pause) = (Duration::ZERO, Duration::from_millis(1));
        while waited < DEATH && groups.left.iter().any(Group::remains) {
            thread::sleep(pause);
            waited += pause;
        }
    }
}

/// Kills and removes all that this process has on the machine. What is returned keeps other threads from making more of
/// it: the process is to end before it is dropped.
#[cfg(feature = "cli")]
pub(crate) fn remove_all() -> impl Sized {
    let all = lock(&ALL);
    let kept: Vec<Arc<Belongings>> = all.iter().filter_map(Weak::upgrade).collect();
    for belongings in &kept {
        let groups = lock(&belongings.groups);
        groups.kill();
        // The guard is leaked: the thread that runs hooks waits at it for the end.
        std::mem::forget(groups);
        // That thread may be writing a file at this moment.
        for _ in 0..3 {
            if std::fs::remove_dir_all(&belongings.path).is_ok() {
                break;
            }
        }
    }
    (all, kept)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
