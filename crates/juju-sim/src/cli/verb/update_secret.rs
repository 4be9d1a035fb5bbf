use clap::{Arg, ArgAction, Command};

use super::{Verb, add_secret, no_settle};
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::secrets;

pub(super) const VERB: Verb = Verb {
    name: "update-secret",
    aliases: &[],
    about: "Give a secret of the model's a new revision, or another name",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let prune = Arg::new("auto-prune").long("auto-prune").value_name("true|false").num_args(0..=1);
    let prune = prune.require_equals(true).default_missing_value("true").value_parser(["true", "false"]);
    let command = command.arg(Arg::new("secret").required(true).value_name("SECRET").help("Its URI or name"));
    add_secret::content(command)
        .arg(Arg::new("name").long("name").value_name("NAME").help("Its new name"))
        .arg(prune.action(ArgAction::Set).help("Let revisions go that nobody reads"))
        .arg(no_settle())
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (store, mut session) = call.open()?;
    let id = secrets::find_own(&session, call.text("secret"))?;
    let content = secrets::content(call)?;
    let text = |name: &str| call.matches.get_one::<String>(name);
    let (name, info, prune) = (text("name"), text("info"), text("auto-prune"));
    if content.is_none() && name.is_none() && info.is_none() && prune.is_none() {
        return Err("missing secret value, name, description or --auto-prune".into());
    }
    if let Some(name) = name {
        secrets::name_is_free(&session, name, Some(&id))?;
    }
    session.world.change(|model| {
        if let Some(content) = content {
            model.revise_secret(&id, content)?;
        }
        let secret = model.secret_mut(&id)?;
        if let Some(name) = name {
            secret.label.clone_from(name);
        }
        if let Some(info) = info {
            secret.description.clone_from(info);
        }
        if let Some(prune) = prune {
            secret.prunes = prune == "true";
        }
        Ok::<(), crate::SimError>(())
    })?;
    call.settle(&store, &mut session)
}
