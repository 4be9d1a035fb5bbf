use clap::Command;
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};
use crate::cli::view::CONTROLLER;

pub(super) const VERB: Verb = Verb {
    name: "whoami",
    aliases: &[],
    about: "Tell the controller, the model and the user",
    arguments,
    has_model: false,
    idle: &[],
    run,
};

#[derive(Serialize)]
struct Whoami {
    controller: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    user: &'static str,
}

fn arguments(command: Command) -> Command {
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let model = call.store()?.current().map(str::to_owned);
    let view = Whoami { controller: CONTROLLER, model, user: "admin" };
    give(call, &view, || {
        let model = view.model.as_deref().unwrap_or("<no-current-model>");
        format!("Controller:  {CONTROLLER}\nModel:       {model}\nUser:        admin\n")
    })
}
