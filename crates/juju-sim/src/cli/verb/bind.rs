use clap::{Arg, Command};

use super::deploy::bindings;
use super::{Verb, no_settle};
use crate::SimError;
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "bind",
    aliases: &[],
    about: "Change the spaces of an application's endpoints",
    arguments,
    has_model: true,
    idle: &[("force", "what it forces is not checked")],
    run,
};

fn arguments(command: Command) -> Command {
    let words = Arg::new("bindings").required(true).num_args(1..).value_name("[ENDPOINT=]SPACE");
    command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(words.help("The spaces of endpoints; a space alone is for all"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    for (binding, space) in bindings(&call.texts("bindings")) {
        let app = call.text("application");
        session.world.bind(app, &binding, &space).map_err(|error| match error {
            SimError::Deploy { why, .. } => Failure::Error(format!("bind {app}: {why}")),
            error => error.into(),
        })?;
    }
    call.settle(&store, &mut session)
}
