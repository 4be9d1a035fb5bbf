use clap::{Arg, ArgAction, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "resources",
    aliases: &["list-resources"],
    about: "List the resources of an application",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

#[derive(Serialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Resource {
    name: String,
    r#type: String,
    path: String,
    description: String,
    size: usize,
    origin: &'static str,
    used: bool,
}

fn arguments(command: Command) -> Command {
    let of = Arg::new("of").required(true).value_name("APPLICATION|UNIT").help("The application, or one of its units");
    let details = Arg::new("details").long("details").action(ArgAction::SetTrue).help("Show sizes and files too");
    with_forms(command.arg(of).arg(details), &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let of = call.text("of");
    let model = session.world.model();
    let app = of.split('/').next().unwrap_or_default();
    let application = model.application(app)?;
    if of.contains('/') {
        model.unit(of)?;
    }
    let resource = |spec: &crate::ResourceSpec| {
        let content = application.resources.get(&spec.name);
        Resource {
            name: spec.name.clone(),
            r#type: spec.kind.to_string(),
            path: spec.filename.clone(),
            description: spec.description.clone(),
            size: content.map_or(0, Vec::len),
            origin: "upload",
            used: content.is_some(),
        }
    };
    let resources = Resources { resources: application.charm().resources().map(resource).collect() };
    if resources.resources.is_empty() {
        call.terminal.say("No resources to display.");
        return Ok(());
    }
    give(call, &resources, || {
        let mut table = match call.matches.get_flag("details") {
            true => Table::of(&["Resource", "Supplied by", "Type", "Path", "Size"]).right(&["Size"]),
            false => Table::of(&["Resource", "Supplied by"]),
        };
        for it in &resources.resources {
            let supplied = if it.used { "admin" } else { "-" };
            match call.matches.get_flag("details") {
                true => table.row([&it.name, supplied, &it.r#type, &it.path, &it.size.to_string()]),
                false => table.row([&it.name, supplied]),
            }
        }
        table.text()
    })
}
