use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use super::check::{self, CheckArguments};
use super::init::{self, InitArguments};
use super::{demo, interrupt};

/// A simulator of Juju for charms.
#[derive(Debug, Parser)]
#[command(name = "juju-sim", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a charm through the life of an application, and tell what happened.
    Demo(DemoArguments),
    /// Try a charm in the simulator, and tell what goes wrong.
    Check(CheckArguments),
    /// Make a new charm that builds, is tested and packs as it is.
    Init(InitArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct DemoArguments {
    /// A charm archive or an unpacked charm; without it, the workspace's charm is built.
    #[arg(long, value_name = "PATH")]
    pub(super) charm: Option<PathBuf>,
    /// How many units to start with.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) units: u16,
    /// What everything random follows from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// How to tell what happened.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, 80 columns wide.
    Text,
    /// One JSON document.
    Json,
}

/// Does what the arguments say.
pub(super) fn run() -> ExitCode {
    let verb = Arguments::parse().verb;
    let ran = interrupt::clean_up_at_signals().and_then(|()| match verb {
        Verb::Demo(arguments) => demo::run(&arguments),
        Verb::Check(arguments) => Ok(check::run(&arguments)),
        Verb::Init(arguments) => init::run(&arguments),
    });
    ran.unwrap_or_else(|error| {
        // Nothing is left to do where standard error is closed.
        let _ = writeln!(anstream::stderr(), "juju-sim: {error}");
        ExitCode::FAILURE
    })
}
