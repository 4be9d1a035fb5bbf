//! The commands of systemd as charms find them: what is about timers of `juju-exec` is the agent's, and all else is the
//! real command's.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::complain;

const NAMES: [&str; 2] = ["systemctl", "systemd-run"];
/// The commands that run something in a unit's context.
const RUNNERS: [&str; 2] = ["juju-exec", "juju-run"];

/// Whether a command may be another one's than the agent's.
pub(crate) fn has(name: &OsStr) -> bool {
    NAMES.iter().any(|known| name == *known)
}

/// Becomes the machine's own command of this name, for which the agent has no answer; or gives the exit code.
pub(crate) fn run(name: &OsStr, args: &[OsString], why: &str) -> i32 {
    let shown = name.to_string_lossy();
    // After its hook a process has nobody to ask. But of what runs `juju-exec` no real timer is made, also then.
    let names_runner = |arg: &OsString| RUNNERS.iter().any(|runner| arg.to_string_lossy().contains(runner));
    let starts = name == "systemd-run" && args.iter().any(names_runner);
    if starts && why != format!("bad request: unknown command: {shown}") {
        return complain(why);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(real) = find(name, &path, std::env::current_exe().ok().as_deref()) else {
        let what = "juju-sim has it for timers that run juju-exec, and there is no other";
        let _ = writeln!(io::stderr(), "{shown}: command not found: {what}");
        return 127;
    };
    let error = Command::new(&real).args(args).exec();
    let _ = writeln!(io::stderr(), "{}: {error}", real.display());
    126
}

/// The first command of a name on a path that is not this program.
fn find(name: &OsStr, path: &OsStr, own: Option<&Path>) -> Option<PathBuf> {
    let own = own.and_then(|own| own.canonicalize().ok());
    let there = std::env::split_paths(path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name));
    there.filter(|path| is_executable(path)).find(|path| path.canonicalize().ok() != own)
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
