use clap::{Arg, Command};

use super::{Verb, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::secrets;
use crate::model::Owner;

pub(super) const VERB: Verb = Verb {
    name: "add-secret",
    aliases: &[],
    about: "Add a secret of the model's",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    content(command.arg(Arg::new("name").required(true).value_name("NAME").help("Its name"))).arg(no_settle())
}

/// What `add-secret` and `update-secret` take.
pub(super) fn content(command: Command) -> Command {
    let words = Arg::new("content").num_args(0..).value_name("KEY[#base64|#file]=VALUE");
    command
        .arg(words.help("Its content"))
        .arg(Arg::new("file").long("file").value_name("FILE").help("A YAML file of its content"))
        .arg(Arg::new("info").long("info").value_name("TEXT").help("What it is"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let content = secrets::content(call)?.ok_or("missing secret value or filename")?;
    let name = call.text("name");
    secrets::name_is_free(&session, name, None)?;
    let id = session.world.change(|model| model.add_secret(Owner::Model, content, name))?;
    if let Some(info) = call.matches.get_one::<String>("info") {
        session.world.change(|model| model.secret_mut(&id).map(|secret| secret.description.clone_from(info)))?;
    }
    call.settle(&store, &mut session)?;
    call.terminal.print(&format!("secret:{id}\n"));
    Ok(())
}
