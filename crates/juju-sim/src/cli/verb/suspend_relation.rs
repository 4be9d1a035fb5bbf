use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::relations;

pub(super) const VERB: Verb = Verb {
    name: "suspend-relation",
    aliases: &[],
    about: "Take a relation with another model away until it is resumed",
    arguments,
    has_model: true,
    idle: &[("message", "it is shown nowhere")],
    run,
};

fn arguments(command: Command) -> Command {
    let numbers = Arg::new("relations").required(true).num_args(1..).value_name("NUMBER");
    command.arg(numbers.help("The relations, by number")).arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    for number in call.texts("relations") {
        let relation = relations::find(&session, &[number])?;
        session.world.suspend_relation(relation)?;
    }
    call.settle(&store, &mut session)
}
