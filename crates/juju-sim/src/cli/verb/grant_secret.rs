use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::secrets;
use crate::{SimError, World};

pub(super) const VERB: Verb = Verb {
    name: "grant-secret",
    aliases: &[],
    about: "Let applications read a secret of the model's",
    arguments,
    has_model: true,
    idle: &[],
    run: |call| with_each(call, World::grant_secret),
};

/// What `revoke-secret` takes too.
pub(super) fn arguments(command: Command) -> Command {
    let apps = Arg::new("applications").required(true).value_name("APPLICATION[,APPLICATION…]");
    command
        .arg(Arg::new("secret").required(true).value_name("SECRET").help("Its URI or name"))
        .arg(apps.help("The applications"))
        .arg(no_settle())
}

/// Changes what each of some applications may do with a secret.
pub(super) fn with_each(
    call: &mut Call<'_, '_>,
    change: impl Fn(&mut World, &str, &str) -> Result<(), SimError>,
) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let id = secrets::find_own(&session, call.text("secret"))?;
    for app in call.text("applications").split(',') {
        session.world.model().application(app)?;
        change(&mut session.world, &id, app)?;
    }
    call.settle(&store, &mut session)
}
