use std::collections::BTreeMap;

use clap::{Arg, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::constraints;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};
use crate::cli::session::Session;
use crate::cli::view::{BaseView, bindings, life};
use crate::model::Life;

pub(super) const VERB: Verb = Verb {
    name: "show-application",
    aliases: &[],
    about: "Show what is known of applications",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct AppInfo {
    charm: String,
    base: String,
    channel: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    constraints: BTreeMap<String, serde_json::Value>,
    principal: bool,
    exposed: bool,
    remote: bool,
    life: &'static str,
    endpoint_bindings: BTreeMap<String, String>,
}

fn arguments(command: Command) -> Command {
    let apps = Arg::new("applications").required(true).num_args(1..).value_name("APPLICATION");
    with_forms(command.arg(apps.help("The applications")), &["yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let view = |name: &String| Ok((name.clone(), info(&session, name)?));
    let views: Result<BTreeMap<String, AppInfo>, Failure> = call.texts("applications").iter().map(view).collect();
    give(call, &views?, String::new)
}

fn info(session: &Session, name: &str) -> Result<AppInfo, Failure> {
    let model = session.world.model();
    let app = model.application(name)?;
    let record = session.app(name);
    let base = BaseView::of(&record.base);
    Ok(AppInfo {
        charm: app.charm().name().to_owned(),
        base: format!("{}@{}", base.name, base.channel),
        channel: "",
        constraints: constraints::view(&record.constraints),
        principal: !app.charm().is_subordinate(),
        exposed: record.exposed,
        remote: session.records.settings.saas.contains_key(name),
        life: life(app.life == Life::Dying),
        endpoint_bindings: bindings(app),
    })
}
