use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;

pub(super) const VERB: Verb = Verb {
    name: "expose",
    aliases: &[],
    about: "Note that an application's ports may be reached from everywhere",
    arguments,
    has_model: true,
    idle: &[],
    run: |call| set(call, true),
};

pub(super) fn arguments(command: Command) -> Command {
    command.arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
}

pub(super) fn set(call: &mut Call<'_, '_>, exposed: bool) -> Result<(), Failure> {
    let app = call.text("application").to_owned();
    let (_store, mut session) = call.open()?;
    session.world.model().application(&app)?;
    session.app_mut(&app).exposed = exposed;
    session.keep()?;
    Ok(session.end()?)
}
