//! The `juju-sim` command: the `juju` command line on models that live in a directory, and verbs of its own.

mod actions;
mod archive;
mod arguments;
mod bundle;
mod call;
mod charms;
mod check;
mod completions;
mod constraints;
mod demo;
mod duration;
mod failure;
mod form;
mod init;
mod interrupt;
mod juju;
mod layout;
mod machines;
mod mirror;
mod model_view;
mod offers;
mod options;
mod progress;
mod query;
mod records;
mod relations;
mod report;
mod secrets;
mod session;
mod store;
mod summary;
mod terminal;
#[cfg(test)]
mod tests;
mod time;
mod verb;
mod view;

use std::process::ExitCode;

/// What hooks find in their environment: the units' addresses are of no network.
const NO_NETWORK: (&str, &str) = ("JUJU_SIM_NETWORK", "none");

/// The whole program.
pub fn main() -> ExitCode {
    arguments::run()
}
