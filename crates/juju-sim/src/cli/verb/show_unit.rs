use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};
use crate::cli::session::Session;
use crate::cli::view::{charm_url, life, ports, public_address};
use crate::command::Settings;

pub(super) const VERB: Verb = Verb {
    name: "show-unit",
    aliases: &[],
    about: "Show what is known of units, with the databags of their relations",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct UnitInfo {
    #[serde(skip_serializing_if = "String::is_empty")]
    workload_version: String,
    machine: String,
    opened_ports: Vec<String>,
    public_address: String,
    charm: String,
    leader: bool,
    life: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relation_info: Vec<RelationInfo>,
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RelationInfo {
    relation_id: u32,
    endpoint: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cross_model: bool,
    related_endpoint: String,
    application_data: Settings,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_unit: Option<Bag>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    related_units: BTreeMap<String, Bag>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Bag {
    in_scope: bool,
    data: Settings,
}

fn arguments(command: Command) -> Command {
    let command = command
        .arg(Arg::new("units").required(true).num_args(1..).value_name("UNIT").help("The units"))
        .arg(Arg::new("app").long("app").action(ArgAction::SetTrue).help("Show the applications' databags alone"))
        .arg(
            Arg::new("endpoint")
                .long("endpoint")
                .value_name("ENDPOINT")
                .help("Show the relations of this endpoint alone"),
        )
        .arg(
            Arg::new("related-unit")
                .long("related-unit")
                .value_name("UNIT")
                .help("Show the databag of this unit alone"),
        );
    with_forms(command, &["yaml", "json"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let session = call.look()?;
    let view = |name: &String| Ok((name.clone(), info(call, &session, name)?));
    let views: Result<BTreeMap<String, UnitInfo>, Failure> = call.texts("units").iter().map(view).collect();
    give(call, &views?, String::new)
}

fn info(call: &Call<'_, '_>, session: &Session, name: &str) -> Result<UnitInfo, Failure> {
    let model = session.world.model();
    let unit = model.unit(name)?;
    let app = model.application(&unit.app)?;
    let (endpoint, related) =
        (call.matches.get_one::<String>("endpoint"), call.matches.get_one::<String>("related-unit"));
    let mut relations = Vec::new();
    for (id, relation) in &model.relations {
        let (Some(own), Some(remote)) = (relation.own(&unit.app), relation.remote(&unit.app)) else { continue };
        if endpoint.is_some_and(|endpoint| *endpoint != own.endpoint) {
            continue;
        }
        let bag = |side: &crate::model::Side, unit: &str| Bag {
            in_scope: side.in_scope.contains_key(unit),
            data: side.unit_bags.get(unit).map(|bag| Settings::clone(&bag.settings)).unwrap_or_default(),
        };
        let others = remote.in_scope.keys().filter(|other| *other != name && related.is_none_or(|it| it == *other));
        let whole = !call.flag("app");
        relations.push(RelationInfo {
            relation_id: *id,
            endpoint: own.endpoint.clone(),
            cross_model: relation.remote_model.is_some(),
            related_endpoint: remote.endpoint.clone(),
            application_data: Settings::clone(&remote.app_bag.settings),
            local_unit: (whole && relation.is_peer()).then(|| bag(own, name)),
            related_units: if whole {
                others.map(|other| (other.clone(), bag(remote, other))).collect()
            } else {
                BTreeMap::new()
            },
        });
    }
    Ok(UnitInfo {
        workload_version: app.version.clone(),
        machine: unit.machine.to_string(),
        opened_ports: ports(unit),
        public_address: public_address(unit),
        charm: charm_url(session, &unit.app),
        leader: model.leader(&unit.app) == Some(name),
        life: life(unit.dying),
        relation_info: relations,
        address: unit.network.ingress_addresses.first().cloned().unwrap_or_default(),
    })
}
