use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "detach-storage",
    aliases: &[],
    about: "Take storage from its unit and keep it",
    arguments,
    has_model: true,
    idle: &[("force", "nothing keeps storage from being detached")],
    run,
};

fn arguments(command: Command) -> Command {
    let ids = Arg::new("storage").required(true).num_args(1..).value_name("STORAGE").help("Such as data/0");
    command.arg(ids).arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    for id in call.texts("storage") {
        session.world.detach_storage(&id)?;
        call.terminal.say(&format!("detaching {id}"));
    }
    call.settle(&store, &mut session)
}
