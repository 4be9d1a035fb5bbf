use clap::{Arg, ArgAction, Command, value_parser};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "add-machine",
    aliases: &[],
    about: "Add machines without a unit, for --to",
    arguments,
    has_model: true,
    idle: &[
        ("constraints", "there are no machines to choose"),
        ("base", "bases are not checked"),
        ("series", "bases are not checked"),
        ("disks", "there are none"),
    ],
    run,
};

fn arguments(command: Command) -> Command {
    let count = Arg::new("count")
        .short('n')
        .value_name("NUMBER")
        .default_value("1")
        .value_parser(value_parser!(u32).range(1..=1000));
    let placement = Arg::new("placement").value_name("PLACEMENT").action(ArgAction::Set).hide(true);
    command.arg(count.help("How many")).arg(placement)
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    if let Some(placement) = call.matches.get_one::<String>("placement") {
        return Err(Failure::Unsupported(format!("placement {placement:?}")));
    }
    let (_store, mut session) = call.open_or_make()?;
    for _ in 0..call.matches.get_one::<u32>("count").copied().unwrap_or(1) {
        let machine = session.world.change(crate::Model::take_machine);
        session.records.settings.machines.push(machine);
        call.terminal.say(&format!("created machine {machine}"));
    }
    session.keep()?;
    Ok(session.end()?)
}
