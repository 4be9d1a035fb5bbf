use clap::{Arg, ArgAction, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::machines;

pub(super) const VERB: Verb = Verb {
    name: "trust",
    aliases: &[],
    about: "Let an application have the cloud's credential",
    arguments,
    has_model: true,
    idle: &[("scope", "it is for Kubernetes")],
    run,
};

fn arguments(command: Command) -> Command {
    let remove = Arg::new("remove").long("remove").action(ArgAction::SetTrue);
    command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(remove.help("Take it back"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let app = call.text("application").to_owned();
    let (store, mut session) = call.open()?;
    session.world.trust(&app, (!call.flag("remove")).then(machines::cloud))?;
    call.settle(&store, &mut session)
}
