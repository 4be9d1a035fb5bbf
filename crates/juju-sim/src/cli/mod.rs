//! The `juju-sim` executable: with the feature `cli` a command line.

#[cfg(feature = "cli")]
mod actions;
#[cfg(feature = "cli")]
mod archive;
#[cfg(feature = "cli")]
mod arguments;
#[cfg(feature = "cli")]
mod call;
#[cfg(feature = "cli")]
mod charms;
#[cfg(feature = "cli")]
mod completions;
#[cfg(feature = "cli")]
mod constraints;
#[cfg(feature = "cli")]
mod demo;
#[cfg(feature = "cli")]
mod failure;
#[cfg(feature = "cli")]
mod form;
#[cfg(feature = "cli")]
mod interrupt;
#[cfg(feature = "cli")]
mod juju;
#[cfg(feature = "cli")]
mod layout;
#[cfg(feature = "cli")]
mod machines;
#[cfg(feature = "cli")]
mod model_view;
#[cfg(feature = "cli")]
mod offers;
#[cfg(feature = "cli")]
mod options;
#[cfg(feature = "cli")]
mod query;
#[cfg(feature = "cli")]
mod records;
#[cfg(feature = "cli")]
mod relations;
#[cfg(feature = "cli")]
mod report;
#[cfg(feature = "cli")]
mod secrets;
#[cfg(feature = "cli")]
mod session;
#[cfg(feature = "cli")]
mod store;
#[cfg(feature = "cli")]
mod terminal;
#[cfg(feature = "cli")]
mod time;
#[cfg(feature = "cli")]
mod verb;
#[cfg(feature = "cli")]
mod view;
#[cfg(feature = "cli")]
mod wait;

#[cfg(all(test, feature = "cli"))]
mod tests;

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
