use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give_text, yaml};

pub(super) const VERB: Verb = Verb {
    name: "show-action",
    aliases: &[],
    about: "Show what an action is and what it takes",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(Arg::new("action").required(true).value_name("ACTION").help("The action"))
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let (app, name) = (call.text("application"), call.text("action"));
    let model = session.world.model();
    let charm = model.application(app)?.charm();
    let action = charm.action(name).ok_or_else(|| format!("unknown action {name:?}"))?;
    let parameters = action.schema().get("properties").cloned().unwrap_or_default();
    let text = format!("{}\n\nArguments\n{}", action.description.trim_end(), yaml(&parameters)?);
    give_text(call, &text)
}
