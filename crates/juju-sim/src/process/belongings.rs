use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::group::Group;
use super::orphans;
use crate::SimError;

/// What the simulator has on the machine: a directory, and the processes that were started for it. All of it goes when
/// this is dropped.
#[derive(Debug)]
pub(crate) struct Belongings {
    /// Only this user can enter it. It is removed when this is dropped, after the processes have been killed.
    _dir: TempDir,
    /// Locked as long as this process is alive.
    _lock: File,
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
const PREFIX: &str = "juju-sim-";
const LOCK: &str = "lock";
/// How long to wait for processes to die before their directory is removed.
const DEATH: Duration = Duration::from_millis(100);

impl Belongings {
    pub(crate) fn new() -> Result<Arc<Belongings>, SimError> {
        static SWEPT: Once = Once::new();
        let temp = std::env::temp_dir();
        let temp = if temp.as_os_str().len() > MAX_TEMP_DIR { Path::new("/tmp") } else { &temp };
        SWEPT.call_once(|| sweep(temp));
        let make = |parent: &Path| {
            let private = Permissions::from_mode(0o700);
            tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(parent)
        };
        let dir = make(temp).or_else(|_| make(&std::env::temp_dir()));
        let dir = dir.map_err(SimError::file("create a directory in", std::env::temp_dir()))?;
        // The paths that a charm is told are those that its shell finds itself in.
        let path = dir.path().canonicalize().map_err(SimError::file("find", dir.path()))?;
        let lock_file = hold(&path).map_err(SimError::file("lock", &path))?;
        let belongings = Arc::new(Belongings { _dir: dir, _lock: lock_file, path, groups: Mutex::default() });
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

/// Locks a directory for as long as this process is alive, also where it is killed.
fn hold(dir: &Path) -> io::Result<File> {
    // It has its name when it is locked: without a lock it would be swept away.
    let new = dir.join("lock.new");
    let file = File::create_new(&new)?;
    file.lock()?;
    fs::rename(new, dir.join(LOCK))?;
    Ok(file)
}

/// Ends what a process had left that was killed: its hooks go on beside their repetition otherwise, with a directory
/// that nobody removes.
fn sweep(temp: &Path) {
    let is_left = |path: &Path| {
        let own = rustix::process::geteuid().as_raw();
        let is_own = path.symlink_metadata().is_ok_and(|it| it.is_dir() && it.uid() == own);
        is_own && File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
    };
    for entry in fs::read_dir(temp).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) && is_left(&path) {
            let path = path.canonicalize().unwrap_or(path);
            orphans::kill("JUJU_AGENT_SOCKET_ADDRESS", &path);
            // Where it cannot be removed it is left for the next one.
            let _ = fs::remove_dir_all(&path);
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
            if fs::remove_dir_all(&belongings.path).is_ok() {
                break;
            }
        }
    }
    (all, kept)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
