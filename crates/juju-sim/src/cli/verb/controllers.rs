use std::collections::BTreeMap;

use clap::Command;
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::model_view::CONTROLLER_UUID;
use crate::cli::view::{CLOUD, CONTROLLER, REGION, VERSION};

pub(super) const VERB: Verb = Verb {
    name: "controllers",
    aliases: &["list-controllers"],
    about: "List the controllers: there is one",
    arguments,
    has_model: false,
    idle: &[("refresh", "nothing is far away")],
    run,
};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Controllers {
    controllers: BTreeMap<&'static str, Controller>,
    current_controller: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Controller {
    #[serde(skip_serializing_if = "Option::is_none")]
    current_model: Option<String>,
    user: &'static str,
    access: &'static str,
    uuid: &'static str,
    api_endpoints: Vec<String>,
    ca_cert: &'static str,
    cloud: &'static str,
    region: &'static str,
    agent_version: &'static str,
    model_count: usize,
}

fn arguments(command: Command) -> Command {
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let store = call.store()?;
    let controller = Controller {
        current_model: store.current().map(|name| format!("admin/{name}")),
        user: "admin",
        access: "superuser",
        uuid: CONTROLLER_UUID,
        api_endpoints: Vec::new(),
        ca_cert: "",
        cloud: CLOUD,
        region: REGION,
        agent_version: VERSION,
        model_count: store.models().len(),
    };
    let view = Controllers { controllers: BTreeMap::from([(CONTROLLER, controller)]), current_controller: CONTROLLER };
    give(call, &view, || {
        let mut table = Table::of(&["Controller", "Model", "User", "Access", "Cloud/Region", "Models", "Version"])
            .right(&["Models"]);
        for (name, it) in &view.controllers {
            let model = store.current().unwrap_or("-");
            let (place, name) = (format!("{CLOUD}/{REGION}"), format!("{name}*"));
            table.row([&name, model, it.user, it.access, &place, &it.model_count.to_string(), VERSION]);
        }
        table.text()
    })
}
