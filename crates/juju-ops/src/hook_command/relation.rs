use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Command, json, json_or_default, nothing};
use crate::error::of_member;
use crate::gather::sort;
use crate::name::{AppName, RelationId, UnitName};
use crate::transport::Call;
use crate::yaml;

/// The relations of an endpoint, sorted by number. `relation-ids`.
pub fn relation_ids(endpoint: &str) -> Command<Vec<RelationId>> {
    let call = Call::new("relation-ids", ["--format=json", "--", endpoint]);
    Command::new(call, endpoint, |stdout| {
        let mut ids: Vec<RelationId> = json_or_default(stdout)?;
        sort(&mut ids);
        Ok(ids)
    })
}

/// The remote units of a relation whose joining this unit was told of and whose departure it was not, sorted by
/// number. For a peer relation: the other units. `relation-list`.
pub fn relation_list(relation: &RelationId) -> Command<Vec<UnitName>> {
    let call = Call::new("relation-list", ["--format=json", "-r", &relation.to_string()]);
    Command::new(call, relation, |stdout| {
        let mut units: Vec<UnitName> = json_or_default(stdout)?;
        sort(&mut units);
        Ok(units)
    })
}

/// The whole bag of a unit. `relation-get`.
pub fn relation_get(relation: &RelationId, unit: &UnitName) -> Command<BTreeMap<String, String>> {
    let call = Call::new("relation-get", ["--format=json", "-r", &relation.to_string(), "-", &unit.to_string()]);
    Command::new(call, of_member(relation, unit), json_or_default)
}

/// The whole bag of an application. `relation-get --app`.
///
/// Of the own application, where this unit does not lead it, use [`relation_get_own_app`]: it reads the refusal
/// rightly.
pub fn relation_get_app(relation: &RelationId, app: &AppName) -> Command<BTreeMap<String, String>> {
    let call = Call::new("relation-get", ["--format=json", "-r", &relation.to_string(), "--app", "-", app.as_str()]);
    Command::new(call, of_member(relation, app), json_or_default)
}

/// The whole bag of the own application, as [`relation_get_app`] reads it, for a unit that may not lead it. In a peer
/// relation every unit may read it. In others only the leader may: a refusal
/// [is for want of leadership](crate::Error::is_not_leader), and does not mean that the relation is gone.
pub fn relation_get_own_app(relation: &RelationId, app: &AppName) -> Command<BTreeMap<String, String>> {
    relation_get_app(relation, app).denied_to_followers("only the leader reads its own application's bag")
}

/// Writes to the own unit's bag. An empty value deletes. `relation-set`, with the values on standard input.
pub fn relation_set(relation: &RelationId, values: &BTreeMap<String, String>) -> Command<()> {
    let call = Call::new("relation-set", ["-r", &relation.to_string(), "--file", "-"]);
    Command::new(call.with_stdin(yaml::mapping(values)), format_args!("{relation} own unit"), nothing)
}

/// Writes to the own application's bag, which only the leader may. An empty value deletes. `relation-set --app`, with
/// the values on standard input.
pub fn relation_set_app(relation: &RelationId, values: &BTreeMap<String, String>) -> Command<()> {
    let call = Call::new("relation-set", ["-r", &relation.to_string(), "--app", "--file", "-"]);
    Command::new(call.with_stdin(yaml::mapping(values)), format_args!("{relation} own application"), nothing)
        .of_leader("only the leader writes its application's bag")
}

/// The application on the other side; in a peer relation, the own one. Also where it has no unit. `relation-list --app`.
pub fn relation_list_app(relation: &RelationId) -> Command<AppName> {
    let call = Call::new("relation-list", ["--format=json", "--app", "-r", &relation.to_string()]);
    Command::new(call, relation, json)
}

/// The UUID of the model on the other side. `relation-model-get`, which came with Juju 3.6.2.
pub fn relation_model_get(relation: &RelationId) -> Command<String> {
    #[derive(Deserialize)]
    struct Model {
        uuid: String,
    }
    let call = Call::new("relation-model-get", ["--format=json", "-r", &relation.to_string()]);
    Command::new(call, relation, |stdout| json(stdout).map(|Model { uuid }| uuid))
}
