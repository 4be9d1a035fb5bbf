use std::collections::BTreeMap;

use clap::{Arg, Command};

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::secrets::SecretView;

pub(super) const VERB: Verb = Verb {
    name: "secrets",
    aliases: &["list-secrets"],
    about: "List the secrets",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let owner = Arg::new("owner").long("owner").value_name("OWNER").help("Those of a unit, an application or a model");
    with_forms(command.arg(owner), &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let model = session.world.model();
    let owner = call.matches.get_one::<String>("owner");
    let owner =
        owner.map(|owner| ["application-", "unit-"].iter().find_map(|tag| owner.strip_prefix(tag)).unwrap_or(owner));
    let is = |view: &SecretView| {
        owner.is_none_or(|owner| {
            view.owner == owner
                || view.owner == owner.replacen('-', "/", 1)
                || owner.starts_with("model") && view.owner == "<model>"
        })
    };
    let all = model.secrets.iter().map(|(id, secret)| (id.clone(), SecretView::of(secret)));
    let views: BTreeMap<String, SecretView> = all.filter(|(_, view)| is(view)).collect();
    give(call, &views, || {
        let mut table =
            Table::of(&["ID", "Name", "Owner", "Rotation", "Revision", "Last updated"]).right(&["Revision"]);
        for (id, view) in &views {
            let (name, rotation) = (view.name.as_deref().unwrap_or("-"), view.rotation.as_deref().unwrap_or("never"));
            table.row([id, name, &view.owner, rotation, &view.revision.to_string(), &view.updated]);
        }
        table.text()
    })
}
