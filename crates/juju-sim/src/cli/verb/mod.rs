//! The verbs of `juju`, one a file, and those that the simulator has beside them.

mod actions;
mod add_machine;
mod add_model;
mod add_secret;
mod add_space;
mod add_storage;
mod add_unit;
mod attach_resource;
mod attach_storage;
mod bind;
mod config;
mod constraints;
mod consume;
mod controllers;
mod debug_log;
mod deploy;
mod destroy_model;
mod detach_storage;
mod exec;
mod explore;
mod expose;
mod fault;
mod find_offers;
mod grant_secret;
mod integrate;
mod machines;
mod model_config;
mod model_constraints;
mod models;
mod offer;
mod offers;
mod operations;
mod page;
mod refresh;
mod remove_application;
mod remove_offer;
mod remove_relation;
mod remove_saas;
mod remove_secret;
mod remove_storage;
mod remove_unit;
mod replay;
mod resolved;
mod resources;
mod resume_relation;
mod revoke_secret;
mod run;
mod scp;
mod secrets;
mod set_constraints;
mod set_model_constraints;
mod show_action;
mod show_application;
mod show_model;
mod show_offer;
mod show_operation;
mod show_secret;
mod show_status_log;
mod show_storage;
mod show_task;
mod show_unit;
mod spaces;
mod ssh;
mod status;
mod step;
mod storage;
mod suspend_relation;
mod switch;
mod tick;
mod transcript;
mod trust;
mod unexpose;
mod update_secret;
mod version;
mod wait_for;
mod whoami;

use std::io::{BufRead as _, Read as _};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

pub(super) use deploy::count;

use super::call::Call;
use super::failure::Failure;
use super::juju::{self, JujuFlag};

/// One verb of the command line.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) about: &'static str,
    /// What it takes beside what all take.
    pub(super) arguments: fn(Command) -> Command,
    /// Whether it is about one model, which `--model` names.
    pub(super) has_model: bool,
    /// Flags of Juju's that are taken and mean nothing here, each with the reason. Those that are in no list are refused.
    pub(super) idle: &'static [(&'static str, &'static str)],
    pub(super) run: fn(&mut Call<'_, '_>) -> Result<(), Failure>,
}

/// All verbs, in the order of their names.
pub(super) const VERBS: &[&Verb] = &[
    &actions::VERB,
    &add_machine::VERB,
    &add_model::VERB,
    &add_secret::VERB,
    &add_space::VERB,
    &add_storage::VERB,
    &add_unit::VERB,
    &attach_resource::VERB,
    &attach_storage::VERB,
    &bind::VERB,
    &config::VERB,
    &constraints::VERB,
    &consume::VERB,
    &controllers::VERB,
    &debug_log::VERB,
    &deploy::VERB,
    &destroy_model::VERB,
    &detach_storage::VERB,
    &exec::VERB,
    &explore::VERB,
    &expose::VERB,
    &fault::VERB,
    &find_offers::VERB,
    &grant_secret::VERB,
    &integrate::VERB,
    &machines::VERB,
    &model_config::VERB,
    &model_constraints::VERB,
    &models::VERB,
    &offer::VERB,
    &offers::VERB,
    &operations::VERB,
    &page::VERB,
    &refresh::VERB,
    &remove_application::VERB,
    &remove_offer::VERB,
    &remove_relation::VERB,
    &remove_saas::VERB,
    &remove_secret::VERB,
    &remove_storage::VERB,
    &remove_unit::VERB,
    &replay::VERB,
    &resolved::VERB,
    &resources::VERB,
    &resume_relation::VERB,
    &revoke_secret::VERB,
    &run::VERB,
    &scp::VERB,
    &secrets::VERB,
    &set_constraints::VERB,
    &set_model_constraints::VERB,
    &show_action::VERB,
    &show_application::VERB,
    &show_model::VERB,
    &show_offer::VERB,
    &show_operation::VERB,
    &show_secret::VERB,
    &show_status_log::VERB,
    &show_storage::VERB,
    &show_task::VERB,
    &show_unit::VERB,
    &spaces::VERB,
    &ssh::VERB,
    &status::VERB,
    &step::VERB,
    &storage::VERB,
    &suspend_relation::VERB,
    &switch::VERB,
    &tick::VERB,
    &transcript::VERB,
    &trust::VERB,
    &unexpose::VERB,
    &update_secret::VERB,
    &version::VERB,
    &wait_for::VERB,
    &whoami::VERB,
];

/// What all verbs of Juju take, and here do nothing with.
pub(super) const EVERYWHERE: [JujuFlag; 6] = [
    JujuFlag { name: "debug", letter: None, has_value: false },
    JujuFlag { name: "quiet", letter: None, has_value: false },
    JujuFlag { name: "show-log", letter: None, has_value: false },
    JujuFlag { name: "verbose", letter: None, has_value: false },
    JujuFlag { name: "logging-config", letter: None, has_value: true },
    JujuFlag { name: "no-browser-login", letter: Some('B'), has_value: false },
];

impl Verb {
    /// The verb with all that help shows of it.
    pub(super) fn shown(&self) -> Command {
        let command = (self.arguments)(Command::new(self.name).about(self.about).visible_aliases(self.aliases));
        if !self.has_model {
            return command;
        }
        let model = Arg::new("model").long("model").short('m').value_name("MODEL");
        command.arg(model.help("The model, in place of the current one"))
    }

    /// The verb as its arguments are read: with the flags of Juju's too that mean nothing here or are refused.
    pub(super) fn command(&self) -> Command {
        let mut command = self.shown();
        for flag in EVERYWHERE.iter().chain(self.of_juju()) {
            if !command.get_arguments().any(|it| is_flag(it, flag)) {
                let taken = |letter: &char| command.get_arguments().any(|it| it.get_short() == Some(*letter));
                let letter = flag.letter.filter(|letter| !taken(letter));
                command = command.arg(hidden(flag, letter));
            }
        }
        let own = command.get_after_help().map(|it| format!("{it}\n\n")).unwrap_or_default();
        let of_juju = self.apart();
        if of_juju.is_empty() { command } else { command.after_help(format!("{own}{of_juju}")) }
    }

    /// What of Juju's flags is not here as it is there.
    fn apart(&self) -> String {
        let (mut idle, mut refused) = (Vec::new(), Vec::new());
        for flag in self.of_juju() {
            let dashes = if flag.name.len() == 1 { "-" } else { "--" };
            match self.does(flag) {
                Does::Something => {}
                Does::Nothing(_) => idle.push(format!("{dashes}{}", flag.name)),
                Does::Refused => refused.push(format!("{dashes}{}", flag.name)),
            }
        }
        idle.sort();
        refused.sort();
        let told = |what: &str, flags: &[String]| match flags {
            [] => None,
            flags => Some(format!("{what}: {}", flags.join(", "))),
        };
        let all = [told("Of no meaning here", &idle), told("In juju, and not here", &refused)];
        all.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// The flags that Juju's verb of this name has.
    pub(super) fn of_juju(&self) -> &'static [JujuFlag] {
        juju::verb(self.name).map_or(&[], |verb| verb.flags)
    }

    /// What becomes of a flag of Juju's.
    pub(super) fn does(&self, flag: &JujuFlag) -> Does {
        let own = (self.arguments)(Command::new(self.name));
        match self.idle.iter().find(|(name, _)| *name == flag.name) {
            Some((_, why)) => Does::Nothing(why),
            None if own.get_arguments().any(|it| is_flag(it, flag)) => Does::Something,
            None => Does::Refused,
        }
    }

    /// Refuses flags that Juju has and this has not.
    pub(super) fn check(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let given = |flag: &&JujuFlag| {
            let is_known = matches.try_contains_id(flag.name).unwrap_or(false);
            is_known && matches.value_source(flag.name) == Some(ValueSource::CommandLine)
        };
        let refused = |flag: &&JujuFlag| matches!(self.does(flag), Does::Refused);
        match self.of_juju().iter().filter(given).find(refused) {
            Some(flag) => {
                let dashes = if flag.name.len() == 1 { "-" } else { "--" };
                Err(Failure::Unsupported(format!("juju {} {dashes}{}", self.name, flag.name)))
            }
            None => Ok(()),
        }
    }
}

/// What becomes of a flag of Juju's here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// What it does in Juju.
    Something,
    /// It is taken and means nothing; why.
    Nothing(&'static str),
    /// It is refused.
    Refused,
}

/// Whether an argument is a flag of Juju's.
fn is_flag(argument: &Arg, flag: &JujuFlag) -> bool {
    let aliases = argument.get_all_aliases().unwrap_or_default();
    let is_letter = flag.name.len() == 1 && argument.get_short() == flag.name.chars().next();
    argument.get_long() == Some(flag.name) || aliases.contains(&flag.name) || is_letter
}

/// A flag of Juju's that help does not show.
fn hidden(flag: &'static JujuFlag, letter: Option<char>) -> Arg {
    let argument = match flag.name.len() {
        1 => Arg::new(flag.name).short(flag.name.chars().next()),
        _ => Arg::new(flag.name).long(flag.name).short(letter),
    };
    let action = if flag.has_value { ArgAction::Append } else { ArgAction::SetTrue };
    argument.action(action).hide(true)
}

/// The flag that leaves hooks to be run by `step`.
pub(super) fn no_settle() -> Arg {
    let argument = Arg::new("no-settle").long("no-settle").action(ArgAction::SetTrue);
    argument.help("Run no hooks: \"juju-sim step\" runs them one by one")
}

/// The flag that asks nothing.
fn no_prompt() -> Arg {
    Arg::new("no-prompt").long("no-prompt").action(ArgAction::SetTrue).help("Do not ask")
}

/// Asks before something is taken away, where somebody is there to answer. Juju wants a model's name, and else a `y`.
fn confirm(call: &mut Call<'_, '_>, warning: &str, answer: &str) -> Result<(), Failure> {
    if call.flag("no-prompt") {
        return Ok(());
    }
    let question = match answer {
        "y" => "Continue [y/N]? ".to_owned(),
        answer => format!("To continue, enter the name of the model to be unregistered ({answer}): "),
    };
    call.terminal.say(warning);
    let _ = write!(call.terminal.err, "\n{question}").and_then(|()| call.terminal.err.flush());
    let mut line = String::new();
    let read = call.terminal.input.take(1000).read_line(&mut line);
    let yes = matches!(line.trim(), "y" | "Y" | "yes") && answer == "y" || line.trim() == answer;
    if read.is_ok() && yes { Ok(()) } else { Err("aborted".into()) }
}
