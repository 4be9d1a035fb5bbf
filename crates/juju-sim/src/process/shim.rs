//! The commands of systemd as charms find them: what is about timers of `juju-exec` goes to the simulator, and all else
//! to the real command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::{self, Around};
use super::tools::is_executable;
use crate::systemd;

/// Acts as the command of this name, and gives the exit code; or becomes the real one.
pub(crate) fn run(name: &str, args: &[OsString], around: &mut Around<'_>) -> i32 {
    let words = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    let argv: Vec<String> = std::iter::once(name.to_owned()).chain(words).collect();
    // Of juju-exec no real timer is made, also where nobody answers.
    let starts = matches!(systemd::read(&argv), Some(systemd::Request::Start(_) | systemd::Request::Fails(_)));
    match client::ask(argv, around) {
        Ok(Some(output)) => return client::give(&output, around),
        Err(text) if starts => return client::complain(&text, around),
        // After its hook a process has nobody to ask.
        Ok(None) | Err(_) => {}
    }
    let path = (around.env)("PATH").unwrap_or_default();
    let Some(real) = find(name, &path, std::env::current_exe().ok().as_deref()) else {
        let what = "juju-sim has it for timers that run juju-exec, and there is no other";
        let _ = writeln!(around.stderr, "{name}: command not found: {what}");
        return 127;
    };
    let error = Command::new(&real).args(args).exec();
    let _ = writeln!(around.stderr, "{}: {error}", real.display());
    126
}

/// The first command of a name on a path that is not this program.
fn find(name: &str, path: &str, own: Option<&Path>) -> Option<PathBuf> {
    let own = own.and_then(|own| own.canonicalize().ok());
    let there = std::env::split_paths(path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name));
    there.filter(|path| is_executable(path)).find(|path| path.canonicalize().ok() != own)
}
