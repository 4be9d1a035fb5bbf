use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::relations;
use crate::{RelationId, SimError, World};

pub(super) const VERB: Verb = Verb {
    name: "suspend-relation",
    aliases: &[],
    about: "Take a relation with another model away until it is resumed",
    arguments,
    has_model: true,
    idle: &[("message", "it is shown nowhere")],
    run: |call| with_each(call, World::suspend_relation),
};

/// What `resume-relation` takes too.
pub(super) fn arguments(command: Command) -> Command {
    let numbers = Arg::new("relations").required(true).num_args(1..).value_name("NUMBER");
    command.arg(numbers.help("The relations, by number")).arg(no_settle())
}

/// Changes each of some relations.
pub(super) fn with_each(
    call: &mut Call<'_, '_>,
    change: impl Fn(&mut World, RelationId) -> Result<(), SimError>,
) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    for number in call.texts("relations") {
        let relation = relations::find(&session, &[number])?;
        change(&mut session.world, relation)?;
    }
    call.settle(&store, &mut session)
}
