use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::constraints;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "constraints",
    aliases: &["get-constraints"],
    about: "Show the constraints of an application",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let app = Arg::new("application").required(true).value_name("APPLICATION").help("The application");
    constraints::forms(command.arg(app))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let app = call.text("application");
    session.world.model().application(app)?;
    constraints::show(call, &session.app(app).constraints)
}
