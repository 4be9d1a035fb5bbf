use std::collections::BTreeMap;

use clap::{Arg, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{Table, give, with_forms};
use crate::cli::offers::{offer_views, parse, url};
use crate::cli::session::Session;
use crate::cli::view::EndpointView;

pub(super) const VERB: Verb =
    Verb { name: "show-offer", aliases: &[], about: "Show an offer", arguments, has_model: false, idle: &[], run };

#[derive(Serialize)]
struct Shown {
    access: &'static str,
    endpoints: BTreeMap<String, EndpointView>,
}

fn arguments(command: Command) -> Command {
    let offer = Arg::new("offer").required(true).value_name("MODEL.OFFER").help("The offer");
    with_forms(command.arg(offer), &["tabular", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let store = call.store()?;
    let (model, name) = parse(call.text("offer"))?;
    let url = url(&model, &name);
    let none = || format!("application offer {url:?} not found");
    if !store.models().contains_key(&model) {
        return Err(none().into());
    }
    let view = offer_views(&Session::open(&store, &model)?).remove(&name).ok_or_else(none)?;
    let shown = BTreeMap::from([(url, Shown { access: "admin", endpoints: view.endpoints })]);
    give(call, &shown, || {
        let mut table = Table::of(&["Store", "URL", "Access", "Endpoint", "Interface", "Role"]);
        for (url, it) in &shown {
            for (endpoint, view) in &it.endpoints {
                table.row(["juju-sim", url, it.access, endpoint, &view.interface, view.role]);
            }
        }
        table.text()
    })
}
