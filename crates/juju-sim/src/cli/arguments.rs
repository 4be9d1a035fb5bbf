use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Command, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::call::{Around, Call};
use super::check::{self, CheckArguments};
use super::failure::Failure;
use super::init::{self, InitArguments};
use super::store::{self, Disk};
use super::terminal::{Terminal, is_coloured};
use super::verb::{VERBS, Verb};
use super::{completions, demo, interrupt, juju};
use crate::SimError;

/// How long a command waits for another one that changes the same models.
const PATIENCE: Duration = Duration::from_secs(60);

/// How wide help is.
const WIDTH: usize = 80;

/// The verbs that do not work on the models of a store.
#[derive(Debug, Subcommand)]
enum Own {
    /// Run a charm through the life of an application, and tell what happened.
    Demo(DemoArguments),
    /// Try a charm in the simulator, and tell what goes wrong.
    Check(CheckArguments),
    /// Make a new charm that builds, is tested and packs as it is.
    Init(InitArguments),
    /// Print what makes a shell complete verbs and flags.
    Completions {
        /// The shell.
        shell: Shell,
    },
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
    let command = with_verbs(Verb::command);
    let overview = overview(&command);
    command.override_help(overview)
}

/// The command line with all that help shows of it.
pub(super) fn shown() -> Command {
    with_verbs(Verb::shown)
}

fn with_verbs(verb: impl Fn(&Verb) -> Command) -> Command {
    VERBS.iter().fold(own_command(), |command, it| command.subcommand(verb(it)))
}

/// As much of it as some arguments need: where they name a verb, this one. All of it takes longer to make than most
/// verbs to run.
fn command_for(arguments: &[OsString]) -> Command {
    let named = arguments.get(1).and_then(|it| it.to_str());
    let is_named = |verb: &&&Verb| named.is_some_and(|name| verb.name == name || verb.aliases.contains(&name));
    match VERBS.iter().find(is_named) {
        Some(verb) => own_command().subcommand(verb.command()),
        None => command(),
    }
}

fn own_command() -> Command {
    use clap::CommandFactory as _;
    Program::command().subcommand_required(true).arg_required_else_help(true).term_width(WIDTH)
}

/// What there is, those first that Juju has not.
fn overview(command: &Command) -> String {
    let (of_juju, own): (Vec<&Command>, Vec<&Command>) =
        command.get_subcommands().partition(|verb| juju::verb(verb.get_name()).is_some());
    let mut text = "A simulator of Juju for charms: the juju command on models in a directory.\n\n\
                    Usage: juju-sim COMMAND [ARGUMENTS]\n"
        .to_owned();
    let longest = command.get_subcommands().map(|verb| verb.get_name().len()).max().unwrap_or_default();
    for (heading, mut verbs) in [("Of the simulator", own), ("As in juju", of_juju)] {
        verbs.sort_by_key(|verb| verb.get_name());
        text.push_str(&format!("\n{heading}:\n"));
        for verb in verbs {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&entry(verb.get_name(), longest + 4, &about));
        }
    }
    text.push_str(
        "\nModels are kept in $JUJU_DATA/juju-sim, or else in ~/.local/share/juju-sim.\n\
         \"juju-sim COMMAND --help\" tells what a command takes; --version, which\n\
         juju-sim this is.\n",
    );
    text
}

/// A name and, from a column on, what it means, in lines that are not too long.
fn entry(name: &str, column: usize, about: &str) -> String {
    let mut text = String::new();
    let mut line = format!("{:<column$}", format!("  {name}"));
    for word in about.split_whitespace() {
        if line.chars().count() + word.chars().count() + 1 > WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(column);
        }
        line.push_str(word);
        line.push(' ');
    }
    format!("{text}{}\n", line.trim_end())
}

/// Does what the arguments of this process say.
pub(super) fn run() -> ExitCode {
    let around = match around() {
        Ok(around) => around,
        Err(failure) => return end(&failure),
    };
    if let Err(error) = interrupt::clean_up_at_signals() {
        return end(&error.into());
    }
    let (mut out, mut err) = (io::stdout(), io::stderr());
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

fn around() -> Result<Around, Failure> {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let seed = variable("JUJU_SIM_SEED").filter(|seed| !seed.is_empty());
    let number =
        |seed: String| seed.parse().map_err(|_| Failure::Usage(format!("JUJU_SIM_SEED: {seed:?} is no number")));
    Ok(Around {
        store: store::directory(|name| std::env::var_os(name))?,
        dir: std::env::current_dir().map_err(SimError::file("find", "."))?,
        disk: Disk::default(),
        patience: PATIENCE,
        model: variable("JUJU_MODEL").filter(|name| !name.is_empty()),
        line: String::new(),
        seed: seed.map(number).transpose()?.unwrap_or(1),
    })
}

/// Does what some arguments say, the first of which is the program. The exit code.
pub(super) fn call(arguments: impl IntoIterator<Item = OsString>, terminal: &mut Terminal<'_>, around: &Around) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = command_for(&arguments);
    let arguments = plain_switches(&command, arguments);
    let done = match command.try_get_matches_from(&arguments) {
        Ok(matches) => act(&matches, terminal, around),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                let text = error.render();
                let text = if terminal.colour { text.ansi().to_string() } else { text.to_string() };
                terminal.print(&text);
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

/// The arguments with switches as clap takes them: in Juju, as in all programs in Go, one may have a value, such as
/// `--force=false`.
fn plain_switches(command: &Command, arguments: Vec<OsString>) -> Vec<OsString> {
    let verb = arguments.get(1).and_then(|it| it.to_str()).and_then(|name| command.find_subcommand(name));
    let Some(verb) = verb else { return arguments };
    let is_switch = |name: &str| {
        let mut named = verb.get_arguments().filter(|arg| arg.get_long() == Some(name));
        named.any(|arg| matches!(arg.get_action(), ArgAction::SetTrue))
    };
    let mut ended = false;
    let plain = |argument: OsString| {
        ended |= argument == "--";
        let text = argument.to_str().filter(|_| !ended).and_then(|it| it.strip_prefix("--")?.split_once('='));
        let Some((name, value)) = text.filter(|(name, _)| is_switch(name)) else { return Some(argument) };
        match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(OsString::from(format!("--{name}"))),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => None,
            _ => Some(argument),
        }
    };
    arguments.into_iter().filter_map(plain).collect()
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
            Own::Check(arguments) => check::run(&arguments),
            Own::Init(arguments) => init::run(&arguments),
            Own::Completions { shell } => {
                completions::print(shell, terminal);
                Ok(())
            }
        };
    };
    verb.check(inner)?;
    let around = &Around { line: line(verb, inner), ..around.clone() };
    let mut call = Call { matches: inner, terminal, around, has_made: false };
    (verb.run)(&mut call).inspect_err(|_| {
        // What it was refused for is told; a model more is no harm.
        let _ = call.take_back();
    })
}

/// What a command is about, without the values of options and secrets, and without commands of units.
fn line(verb: &Verb, matches: &ArgMatches) -> String {
    let mut line = verb.name.to_owned();
    let own = (verb.arguments)(Command::new(verb.name));
    for argument in own.get_positionals().filter(|it| it.get_id() != "commands") {
        let values = matches.get_many::<String>(argument.get_id().as_str()).into_iter().flatten();
        for value in values {
            let shown = match value.split_once('=') {
                Some((key, _)) => format!("{key}=…"),
                None => value.clone(),
            };
            line.push(' ');
            line.extend(shown.chars().take(100));
        }
    }
    line
}
