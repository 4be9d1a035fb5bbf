use clap::Command;
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};

pub(super) const VERB: Verb = Verb {
    name: "spaces",
    aliases: &["list-spaces"],
    about: "List the spaces",
    arguments,
    has_model: true,
    idle: &[("short", "it is short")],
    run,
};

#[derive(Serialize)]
struct Spaces {
    spaces: Vec<Space>,
}

#[derive(Serialize)]
struct Space {
    name: String,
    subnets: Vec<String>,
}

fn arguments(command: Command) -> Command {
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let model = session.world.model();
    let own = model.spaces.iter().map(|(name, network)| Space { name: name.clone(), subnets: vec![network.clone()] });
    let alpha = Space { name: "alpha".to_owned(), subnets: Vec::new() };
    let spaces = Spaces { spaces: std::iter::once(alpha).chain(own).collect() };
    give(call, &spaces, || {
        let mut table = Table::of(&["Name", "Subnets"]);
        for space in &spaces.spaces {
            table.row([space.name.as_str(), &space.subnets.join(", ")]);
        }
        table.text()
    })
}
