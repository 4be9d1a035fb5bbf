use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "attach-storage",
    aliases: &[],
    about: "Give a unit storage that no unit has",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("unit").required(true).value_name("UNIT").help("The unit"))
        .arg(Arg::new("storage").required(true).num_args(1..).value_name("STORAGE").help("Such as data/0"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    for id in call.texts("storage") {
        session.world.attach_storage(call.text("unit"), &id)?;
        call.terminal.say(&format!("attaching {id} to {}", call.text("unit")));
    }
    call.settle(&store, &mut session)
}
