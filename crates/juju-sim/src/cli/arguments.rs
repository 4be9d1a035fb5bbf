use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::call::{Around, Call};
use super::failure::Failure;
use super::store::{self, Disk};
use super::terminal::{Terminal, is_coloured};
use super::verb::VERBS;
use super::{demo, interrupt, juju};
use crate::SimError;

/// How long a command waits for another one that changes the same models.
const PATIENCE: Duration = Duration::from_secs(60);

/// The verbs that do not work on the models of a store.
#[derive(Debug, Subcommand)]
enum Own {
    /// Run a charm through the life of an application, and tell what happened.
    Demo(DemoArguments),
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
    /// Tell of each hook: what the charm logged in it, and the hook commands it called.
    #[arg(long)]
    pub(super) verbose: bool,
    /// Write what happened as a page for a browser too.
    #[arg(long, value_name = "FILE")]
    pub(super) page: Option<PathBuf>,
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

#[derive(Debug, Parser)]
#[command(name = "juju-sim", version, about = "A simulator of Juju for charms")]
struct Program {
    #[command(subcommand)]
    own: Own,
}

/// The whole command line.
pub(super) fn command() -> Command {
    use clap::CommandFactory as _;
    let command = Program::command().subcommand_required(true).arg_required_else_help(true);
    VERBS.iter().fold(command, |command, verb| command.subcommand(verb.command()))
}

/// Does what the arguments of this process say.
pub(super) fn run() -> ExitCode {
    let around = match around() {
        Ok(around) => around,
        Err(error) => return end(&error.into()),
    };
    if let Err(error) = interrupt::clean_up_at_signals() {
        return end(&error.into());
    }
    let (mut out, mut err) = (anstream::stdout(), io::stderr());
    let mut terminal = Terminal {
        input: &mut io::stdin().lock(),
        out: &mut out,
        err: &mut err,
        colour: is_coloured(),
        watched: io::stderr().is_terminal(),
    };
    ExitCode::from(call(std::env::args_os(), &mut terminal, &around))
}

fn end(failure: &Failure) -> ExitCode {
    // Nothing is left to do where standard error is closed.
    let _ = writeln!(io::stderr(), "{failure}");
    ExitCode::from(failure.code())
}

fn around() -> Result<Around, SimError> {
    let variable = |name: &str| std::env::var(name).ok();
    Ok(Around {
        store: store::directory(variable)?,
        dir: std::env::current_dir().map_err(SimError::file("find", "."))?,
        disk: Disk::default(),
        patience: PATIENCE,
        model: variable("JUJU_MODEL").filter(|name| !name.is_empty()),
        seed: variable("JUJU_SIM_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(1),
    })
}

/// Does what some arguments say, the first of which is the program. The exit code.
pub(super) fn call(arguments: impl IntoIterator<Item = OsString>, terminal: &mut Terminal<'_>, around: &Around) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let done = match command().try_get_matches_from(&arguments) {
        Ok(matches) => act(&matches, terminal, around),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                terminal.print(&error.render().ansi().to_string());
                Ok(())
            }
            ErrorKind::InvalidSubcommand => Err(unknown(&arguments)),
            _ => Err(Failure::Usage(usage(&error))),
        },
    };
    let Err(failure) = done else { return 0 };
    if !matches!(failure, Failure::Code(_)) {
        terminal.say(&failure.to_string());
    }
    failure.code()
}

/// A verb that is none here.
fn unknown(arguments: &[OsString]) -> Failure {
    let verb = arguments.iter().skip(1).map(|it| it.to_string_lossy()).find(|it| !it.starts_with('-'));
    let verb = verb.unwrap_or_default();
    if juju::verb(&verb).is_some() {
        return Failure::Unsupported(format!("juju {verb}"));
    }
    Failure::Usage(format!("{verb:?} is not a juju-sim command. See \"juju-sim --help\"."))
}

/// What is wrong with the arguments, without the word `error` and the help after it.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

fn act(matches: &ArgMatches, terminal: &mut Terminal<'_>, around: &Around) -> Result<(), Failure> {
    let Some((name, inner)) = matches.subcommand() else { return Ok(()) };
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        let own = Own::from_arg_matches(matches).map_err(|error| Failure::Usage(usage(&error)))?;
        return match own {
            Own::Demo(arguments) => demo::run(&arguments),
        };
    };
    verb.check(inner)?;
    (verb.run)(&mut Call { matches: inner, terminal, around })
}
