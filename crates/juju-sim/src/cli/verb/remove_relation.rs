use clap::{Arg, ArgAction, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::relations;

pub(super) const VERB: Verb = Verb {
    name: "remove-relation",
    aliases: &[],
    about: "Remove the relation between two applications",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let ends = Arg::new("relation").required(true).num_args(1..=2).value_name("APPLICATION[:ENDPOINT]");
    let force = Arg::new("force").long("force").action(ArgAction::SetTrue);
    command
        .arg(ends.help("Its two ends, or its number"))
        .arg(force.help("Take it away at once, without its hooks"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let relation = relations::find(&session, &call.texts("relation"))?;
    match call.flag("force") {
        true => session.world.remove_relation_by_force(relation)?,
        false => session.world.remove_relation(relation)?,
    }
    call.settle(&store, &mut session)
}
