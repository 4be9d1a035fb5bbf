use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::constraints;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "set-constraints",
    aliases: &[],
    about: "Keep constraints for an application; there are no machines to choose by them",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let app = Arg::new("application").required(true).value_name("APPLICATION").help("The application");
    constraints::words(command.arg(app))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (_store, mut session) = call.open()?;
    let app = call.text("application");
    session.world.model().application(app)?;
    session.app_mut(app).constraints = constraints::parse(call.texts("constraints").iter().map(String::as_str))?;
    session.keep()?;
    Ok(session.end()?)
}
