use clap::{Arg, Command, value_parser};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::secrets;

pub(super) const VERB: Verb = Verb {
    name: "remove-secret",
    aliases: &[],
    about: "Remove a secret of the model's, or one of its revisions",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let revision = Arg::new("revision").long("revision").value_name("NUMBER").value_parser(value_parser!(u64));
    command
        .arg(Arg::new("secret").required(true).value_name("SECRET").help("Its URI or name"))
        .arg(revision.help("This revision alone"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let id = secrets::find_own(&session, call.text("secret"))?;
    let revision = call.matches.get_one::<u64>("revision").copied();
    session.world.change(|model| {
        let Some(revision) = revision else { return Ok(model.remove_secret(&id)?) };
        let secret = model.secret_mut(&id)?;
        if secret.revisions.remove(&revision).is_none() {
            return Err(Failure::Error(format!("secret revision {id}/{revision} not found")));
        }
        if secret.revisions.is_empty() {
            model.remove_secret(&id)?;
        }
        Ok(())
    })?;
    call.settle(&store, &mut session)
}
