use std::collections::BTreeMap;

use clap::{Arg, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::offers::{offer_views, url};
use crate::cli::view::EndpointView;

pub(super) const VERB: Verb = Verb {
    name: "offers",
    aliases: &["list-offers"],
    about: "List the offers of a model",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct OfferInfo {
    application: String,
    charm: String,
    offer_url: String,
    endpoints: BTreeMap<String, EndpointView>,
    #[serde(skip)]
    connected: String,
}

fn arguments(command: Command) -> Command {
    let command = command
        .arg(Arg::new("name").value_name("OFFER").help("One of them"))
        .arg(Arg::new("application").long("application").value_name("APPLICATION").help("Those of an application"))
        .arg(Arg::new("interface").long("interface").value_name("INTERFACE").help("Those of an interface"));
    with_forms(command, &["tabular", "summary", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let text = |name: &str| call.matches.get_one::<String>(name);
    let (name, app, interface) = (text("name"), text("application"), text("interface"));
    let mut offers = BTreeMap::new();
    for (offer, view) in offer_views(&session) {
        let fits = name.is_none_or(|name| *name == offer)
            && app.is_none_or(|app| *app == view.application)
            && interface.is_none_or(|interface| view.endpoints.values().any(|it| it.interface == *interface));
        if fits {
            let connected = format!("{}/{}", view.active_connected_count, view.total_connected_count);
            let (application, charm, endpoints) = (view.application, view.charm, view.endpoints);
            let offer_url = url(&session.name, &offer);
            offers.insert(offer, OfferInfo { application, charm, offer_url, endpoints, connected });
        }
    }
    give(call, &offers, || {
        let mut table =
            Table::of(&["Offer", "Application", "Charm", "Connected", "URL", "Endpoint", "Interface", "Role"]);
        for (name, it) in &offers {
            for (endpoint, view) in &it.endpoints {
                table.row([
                    name,
                    &it.application,
                    &it.charm,
                    &it.connected,
                    &it.offer_url,
                    endpoint,
                    &view.interface,
                    view.role,
                ]);
            }
        }
        table.text()
    })
}
