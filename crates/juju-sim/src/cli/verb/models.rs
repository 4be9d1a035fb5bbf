use clap::Command;
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::model_view::ModelInfo;
use crate::cli::session::Session;
use crate::cli::view::CONTROLLER;

pub(super) const VERB: Verb = Verb {
    name: "models",
    aliases: &["list-models"],
    about: "List the models",
    arguments,
    has_model: false,
    idle: &[
        ("all", "there is one user"),
        ("exact-time", "times are exact"),
        ("uuid", "JSON and YAML have it"),
        ("user", "there is one"),
        ("controller", "there is one"),
    ],
    run,
};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Models {
    models: Vec<ModelInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_model: Option<String>,
}

fn arguments(command: Command) -> Command {
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let store = call.store()?;
    // One that cannot be read is no reason not to show the others.
    let (mut all, mut ended) = (Vec::new(), Ok(()));
    for name in store.models().keys() {
        match Session::open(&store, name) {
            Ok(session) => all.push(ModelInfo::of(&session)),
            Err(error) => {
                call.terminal.say(&format!("ERROR {error}"));
                ended = Err(Failure::Code(1));
            }
        }
    }
    let models = Models { models: all, current_model: store.current().map(str::to_owned) };
    give(call, &models, || {
        let heads = ["Model", "Cloud/Region", "Type", "Status", "Machines", "Units", "Access", "Last connection"];
        let mut table = Table::of(&heads).right(&["Machines", "Units"]);
        for model in &models.models {
            let current = models.current_model.as_ref() == Some(&model.short_name);
            let name = format!("{}{}", model.short_name, if current { "*" } else { "" });
            let place = format!("{}/{}", model.cloud, model.region);
            let (machines, units) = (model.machines.len().to_string(), model.units.to_string());
            table.row([&name, &place, "juju-sim", "available", &machines, &units, "admin", "just now"]);
        }
        format!("Controller: {CONTROLLER}\n\n{}", table.text())
    })?;
    ended
}
