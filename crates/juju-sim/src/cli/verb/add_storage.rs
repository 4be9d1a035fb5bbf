use clap::{Arg, Command};

use super::deploy::count;
use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "add-storage",
    aliases: &[],
    about: "Give a unit more storage",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("unit").required(true).value_name("UNIT").help("The unit"))
        .arg(Arg::new("storage").required(true).num_args(1..).value_name("NAME[=COUNT]").help("Which, and how much"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    for text in call.texts("storage") {
        let (name, directive) = text.split_once('=').unwrap_or((&text, "1"));
        for id in session.world.add_storage(call.text("unit"), name, count(directive)?)? {
            call.terminal.say(&format!("added storage {id} to {}", call.text("unit")));
        }
    }
    call.settle(&store, &mut session)
}
