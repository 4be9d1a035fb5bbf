use clap::{Arg, Command, value_parser};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{form, give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "step",
    aliases: &[],
    about: "Run the next hook, of the unit that the seed chooses or of one that is named, and show what it did",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let count = Arg::new("count").short('n').value_name("NUMBER").default_value("1");
    let command = command
        .arg(Arg::new("unit").value_name("UNIT").help("The unit"))
        .arg(count.value_parser(value_parser!(u32)).help("So many hooks"));
    with_forms(command, &["text", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (_store, mut session) = call.open()?;
    let unit = call.matches.get_one::<String>("unit");
    if let Some(unit) = unit.filter(|unit| !session.world.units().contains(unit)) {
        return Err(format!("unit {unit:?} not found").into());
    }
    let mut ran = Vec::new();
    for _ in 0..call.matches.get_one::<u32>("count").copied().unwrap_or(1) {
        let run = match unit {
            Some(unit) => session.world.step_unit(unit),
            None => session.world.step(),
        };
        let Some(run) = run.cloned() else { break };
        ran.push(run);
        session.keep()?;
    }
    session.end()?;
    call.terminal.unsay();
    if ran.is_empty() && form(call.matches) == "text" {
        call.terminal.say("Nothing is due.");
        return Ok(());
    }
    // YAML has no enums of its own.
    let value = serde_json::to_value(&ran).map_err(|error| error.to_string())?;
    give(call, &value, || ran.iter().map(ToString::to_string).collect())
}
