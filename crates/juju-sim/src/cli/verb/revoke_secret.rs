use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::secrets;

pub(super) const VERB: Verb = Verb {
    name: "revoke-secret",
    aliases: &[],
    about: "Take back that applications may read a secret",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let apps = Arg::new("applications").required(true).value_name("APPLICATION[,APPLICATION…]");
    command
        .arg(Arg::new("secret").required(true).value_name("SECRET").help("Its URI or name"))
        .arg(apps.help("The applications"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let id = secrets::find_own(&session, call.text("secret"))?;
    for app in call.text("applications").split(',') {
        if !session.world.applications().iter().any(|it| it == app) {
            return Err(format!("application {app:?} not found").into());
        }
        session.world.revoke_secret(&id, app)?;
    }
    call.settle(&store, &mut session)
}
