use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};
use serde_json::{Value, json};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "actions",
    aliases: &["list-actions"],
    about: "List the actions of an application",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let schema = Arg::new("schema").long("schema").action(ArgAction::SetTrue).help("Show the whole schemas");
    let command = command.arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"));
    with_forms(command.arg(schema), &["default", "tabular", "yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let app = call.text("application");
    let model = session.world.model();
    let charm = model.application(app)?.charm();
    let actions = charm.action_names().filter_map(|name| charm.action(name));
    let view: BTreeMap<&str, Value> = actions
        .map(|action| match call.flag("schema") {
            true => (action.name.as_str(), action.schema().clone()),
            false => (action.name.as_str(), json!(action.description)),
        })
        .collect();
    give(call, &view, || {
        if view.is_empty() {
            return format!("No actions defined for {app}.\n");
        }
        let mut table = Table::of(&["Action", "Description"]);
        for (name, value) in &view {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            table.row([*name, text.lines().next().unwrap_or_default()]);
        }
        table.text()
    })
}
