//! The `juju-sim` executable: the hook commands, and with the feature `cli` a command line.

#[cfg(feature = "cli")]
mod archive;
#[cfg(feature = "cli")]
mod arguments;
#[cfg(feature = "cli")]
mod check;
#[cfg(feature = "cli")]
mod demo;
#[cfg(feature = "cli")]
mod init;
#[cfg(feature = "cli")]
mod interrupt;
#[cfg(feature = "cli")]
mod layout;
#[cfg(feature = "cli")]
mod progress;
#[cfg(feature = "cli")]
mod report;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::command::NAMES;
use crate::process::{client, shim, tools, wire};
use crate::systemd;

/// The whole program. Called by the name of a hook command, or of one of systemd's, it is that command.
pub fn main() -> ExitCode {
    let mut argv = std::env::args_os();
    let called = argv.next().unwrap_or_default();
    let name = Path::new(&called).file_name().unwrap_or_default().to_string_lossy().into_owned();
    if NAMES.contains(&name.as_str()) {
        return command(|around| {
            client::run(
                std::iter::once(name).chain(argv.map(|arg| arg.to_string_lossy().into_owned())).collect(),
                around,
            )
        });
    }
    if systemd::is_known(&name) {
        return command(|around| shim::run(&name, &argv.collect::<Vec<_>>(), around));
    }
    if argv.next().is_some_and(|argument| argument == tools::QUESTION) {
        let told = writeln!(std::io::stdout(), "{}", wire::version());
        return if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    command_line()
}

#[cfg(feature = "cli")]
fn command_line() -> ExitCode {
    arguments::run()
}

#[cfg(not(feature = "cli"))]
fn command_line() -> ExitCode {
    // Nothing is left to do where standard error is closed.
    let _ = writeln!(std::io::stderr(), "juju-sim: it was built without its command line, the feature `cli`");
    ExitCode::FAILURE
}

/// Acts as a command that a charm calls.
fn command(run: impl FnOnce(&mut client::Around<'_>) -> i32) -> ExitCode {
    let dir = match std::env::current_dir() {
        Ok(dir) => dir,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "ERROR {error}");
            return ExitCode::from(2);
        }
    };
    let code = run(&mut client::Around {
        env: &|name| std::env::var(name).ok(),
        dir: &dir,
        stdin: &mut std::io::stdin().lock(),
        stdout: &mut std::io::stdout().lock(),
        stderr: &mut std::io::stderr().lock(),
    });
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
