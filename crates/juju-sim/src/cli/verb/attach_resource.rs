use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::SimError;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::options;

pub(super) const VERB: Verb = Verb {
    name: "attach-resource",
    aliases: &[],
    about: "Give an application the file of a resource",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(Arg::new("resource").required(true).value_name("NAME=FILE").help("The resource and its file"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (name, file) = options::pair(call.text("resource"))?;
    let path = call.path(&file);
    let content = options::read_resource(&path)?;
    let (store, mut session) = call.open()?;
    let app = call.text("application");
    session.world.attach_resource(app, &name, content).map_err(|error| match error {
        SimError::Refresh { why, .. } => Failure::Error(format!("attach resource to {app}: {why}")),
        error => error.into(),
    })?;
    call.settle(&store, &mut session)
}
