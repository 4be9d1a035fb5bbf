use std::io::IsTerminal as _;
use std::process::{Command as Process, Stdio};

use clap::{Arg, ArgAction, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

pub(super) const VERB: Verb = Verb {
    name: "ssh",
    aliases: &[],
    about: "Run a command, or a shell, where a unit's files are: on this machine, without hook commands",
    arguments,
    has_model: true,
    idle: &[
        ("pty", "it is the terminal that you have"),
        ("proxy", "nothing is far away"),
        ("no-host-key-checks", "nothing is far away"),
        ("remote", "nothing is far away"),
    ],
    run,
};

fn arguments(command: Command) -> Command {
    let words = Arg::new("words").required(true).num_args(1..).trailing_var_arg(true).allow_hyphen_values(true);
    command
        .arg(words.action(ArgAction::Append).value_name("UNIT [COMMAND]").help("The unit or machine, and the command"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let words = call.texts("words");
    let Some((target, rest)) = words.split_first() else { return Ok(()) };
    let unit = unit(&session, target)?;
    let dir = session.charm_dir(&unit);
    let home = dir.parent().filter(|home| home.is_dir()).ok_or_else(|| format!("{unit} has no files yet"))?;
    let command = without_options(rest, "BbcDEeFIiJLlmOoPpQRSWw");
    let mut process = Process::new("/bin/bash");
    process.current_dir(home).env("HOME", home);
    if command.is_empty() {
        if !std::io::stdin().is_terminal() {
            process.arg("-s");
        }
        let status = process.status().map_err(|error| format!("start a shell: {error}"))?;
        return ended(status.code());
    }
    // OpenSSH quotes nothing: the shell at the other end parts the words anew.
    let line = command.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    process.arg("-c").arg(line).stdin(Stdio::inherit());
    let output = process.output().map_err(|error| format!("run the command: {error}"))?;
    // A reader that is gone has seen enough.
    let _ = call.terminal.out.write_all(&output.stdout);
    let _ = call.terminal.err.write_all(&output.stderr);
    ended(output.status.code())
}

/// Some words without the options of OpenSSH that stand before the rest, which are of no meaning here. Those whose letters
/// are named take a value.
pub(super) fn without_options<'a>(words: &'a [String], with_value: &str) -> Vec<&'a String> {
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next_if(|word| word.starts_with('-') && word.len() > 1) {
        if word == "--" {
            break;
        }
        // In a word of several letters the first that takes a value has the rest of the word for it.
        let takes = |letter: char| with_value.contains(letter);
        if word[1..].find(takes).is_some_and(|at| word[1 + at..].chars().count() == 1) {
            rest.next();
        }
    }
    rest.collect()
}

fn ended(code: Option<i32>) -> Result<(), Failure> {
    match code {
        Some(0) => Ok(()),
        code => Err(Failure::Code(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))),
    }
}

/// The unit of a target: `web/0`, `web/leader`, `ubuntu@web/0`, or a machine's first.
pub(super) fn unit(session: &Session, target: &str) -> Result<String, Failure> {
    let target = target.split_once('@').map_or(target, |(_, host)| host);
    if let Ok(machine) = target.parse::<u32>() {
        let model = session.world.model();
        let on_it = |name: &String| model.units.get(name).is_some_and(|unit| unit.machine == machine);
        return model.units().into_iter().find(on_it).ok_or_else(|| format!("machine {machine} not found").into());
    }
    super::run::named_units(session, &[target.to_owned()]).map(|units| units.concat())
}
