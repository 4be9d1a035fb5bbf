//! The `juju-sim` executable: with the feature `cli` a command line.

#[cfg(feature = "cli")]
mod archive;
#[cfg(feature = "cli")]
mod arguments;
#[cfg(feature = "cli")]
mod demo;
#[cfg(feature = "cli")]
mod interrupt;
#[cfg(feature = "cli")]
mod layout;
#[cfg(feature = "cli")]
mod report;

use std::process::ExitCode;

/// The whole program.
pub fn main() -> ExitCode {
    command_line()
}

#[cfg(feature = "cli")]
fn command_line() -> ExitCode {
    arguments::run()
}

#[cfg(not(feature = "cli"))]
fn command_line() -> ExitCode {
    use std::io::Write as _;

    // Nothing is left to do where standard error is closed.
    let _ = writeln!(std::io::stderr(), "juju-sim: it was built without its command line, the feature `cli`");
    ExitCode::FAILURE
}
