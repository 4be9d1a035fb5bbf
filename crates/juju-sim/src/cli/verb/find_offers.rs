use std::collections::BTreeMap;

use clap::{Arg, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::{Call, model_name};
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::offers::{offer_views, url};
use crate::cli::session::Session;
use crate::cli::view::EndpointView;

pub(super) const VERB: Verb = Verb {
    name: "find-offers",
    aliases: &[],
    about: "List the offers of all models",
    arguments,
    has_model: false,
    idle: &[],
    run,
};

#[derive(Serialize)]
struct Found {
    access: &'static str,
    endpoints: BTreeMap<String, EndpointView>,
}

fn arguments(command: Command) -> Command {
    let command = command
        .arg(Arg::new("model").value_name("MODEL").help("Those of one model"))
        .arg(Arg::new("interface").long("interface").value_name("INTERFACE").help("Those of an interface"))
        .arg(Arg::new("offer").long("offer").value_name("OFFER").help("Those of a name"));
    with_forms(command, &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let store = call.store()?;
    let text = |name: &str| call.matches.get_one::<String>(name);
    let (interface, offer) = (text("interface"), text("offer"));
    let model = text("model").map(|name| model_name(name)).transpose()?;
    let mut found = BTreeMap::new();
    for name in store.models().keys().filter(|name| model.as_ref().is_none_or(|model| model == *name)) {
        for (it, view) in offer_views(&Session::open(&store, name)?) {
            let fits = offer.is_none_or(|offer| *offer == it)
                && interface.is_none_or(|interface| view.endpoints.values().any(|it| it.interface == *interface));
            if fits {
                found.insert(url(name, &it), Found { access: "admin", endpoints: view.endpoints });
            }
        }
    }
    if found.is_empty() {
        return Err("no matching application offers found".into());
    }
    give(call, &found, || {
        let mut table = Table::of(&["Store", "URL", "Access", "Interfaces"]);
        for (url, it) in &found {
            let interfaces: Vec<String> =
                it.endpoints.iter().map(|(name, it)| format!("{}:{name}", it.interface)).collect();
            table.row(["juju-sim", url, it.access, &interfaces.join(", ")]);
        }
        table.text()
    })
}
