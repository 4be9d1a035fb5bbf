//! The `juju-sim` command line.

mod archive;
mod demo;
mod layout;
mod report;

use std::error::Error as _;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::command::NAMES;
use crate::process::client;

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
}

#[derive(Debug, clap::Args)]
struct DemoArguments {
    /// A charm archive or an unpacked charm; without it, the workspace's charm is built.
    #[arg(long, value_name = "PATH")]
    charm: Option<PathBuf>,
    /// How many units to start with.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    units: u16,
    /// What everything random follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How to tell what happened.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, 80 columns wide.
    Text,
    /// One JSON document.
    Json,
}

/// The whole program. Called by the name of a hook command it is that hook command.
pub fn main() -> ExitCode {
    let mut argv = std::env::args_os();
    let called = argv.next().unwrap_or_default();
    let name = Path::new(&called).file_name().unwrap_or_default().to_string_lossy().into_owned();
    if NAMES.contains(&name.as_str()) {
        return hook_command(name, argv);
    }
    let Verb::Demo(arguments) = Arguments::parse().verb;
    match demo::run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            let mut text = format!("juju-sim: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                text.push_str(&format!(": {error}"));
                cause = error.source();
            }
            // Nothing is left to do where standard error is closed.
            let _ = writeln!(anstream::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn hook_command(name: String, args: impl Iterator<Item = OsString>) -> ExitCode {
    let argv = std::iter::once(name).chain(args.map(|arg| arg.to_string_lossy().into_owned())).collect();
    let dir = match std::env::current_dir() {
        Ok(dir) => dir,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "ERROR {error}");
            return ExitCode::from(2);
        }
    };
    let code = client::run(
        argv,
        &mut client::Around {
            env: &|name| std::env::var(name).ok(),
            dir: &dir,
            stdin: &mut std::io::stdin().lock(),
            stdout: &mut std::io::stdout().lock(),
            stderr: &mut std::io::stderr().lock(),
        },
    );
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
