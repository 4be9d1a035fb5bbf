use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::SimError;

const PAUSE: Duration = Duration::from_millis(20);
/// After so long somebody who waits is told for what.
const SILENCE: Duration = Duration::from_secs(2);

/// The right to change what is in a directory. It ends with this, or with the process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for it so long at most. `waits` is called once with who has it, when that takes a while.
    ///
    /// # Errors
    /// It is in use for longer: by whom.
    pub(super) fn take(path: &Path, patience: Duration, waits: &mut dyn FnMut(&str)) -> Result<Lock, SimError> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = file.map_err(SimError::file("open", path))?;
        let (started, mut told) = (Instant::now(), false);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(SimError::file("lock", path)(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if started.elapsed() >= patience {
                let why = format!("{} has been using it for more than {} s", holder(path), patience.as_secs_f64());
                return Err(SimError::Store { path: path.parent().unwrap_or(path).to_owned(), why });
            }
            if !told && started.elapsed() >= SILENCE {
                told = true;
                waits(&holder(path));
            }
            thread::sleep(PAUSE);
        }
        // For the one who waits; not being able to say it is no reason not to work.
        let _ = note(&mut file);
        Ok(Lock { _file: file })
    }
}

fn note(file: &mut File) -> io::Result<()> {
    let verb = std::env::args_os().nth(1).unwrap_or_default();
    let verb = verb.to_string_lossy();
    file.set_len(0)?;
    write!(file, "juju-sim {verb} (process {})", std::process::id())
}

fn holder(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
    if text.is_empty() { "another juju-sim".to_owned() } else { text }
}
