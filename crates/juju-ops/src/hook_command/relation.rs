use std::collections::BTreeMap;

use serde_json::Value;

use super::{Command, json, json_or_default, nothing};
use crate::error::{CommandError, of_member};
use crate::name::{AppName, RelationId, UnitName};
use crate::transport::Call;
use crate::yaml;

/// The relations of an endpoint, sorted by number. `relation-ids`.
pub fn relation_ids(endpoint: &str) -> Command<Vec<RelationId>> {
    let call = Call::new("relation-ids", ["--format=json", "--", endpoint]);
    Command::new(call, endpoint, |stdout| {
        let mut ids: Vec<RelationId> = json(stdout)?;
        ids.sort();
        Ok(ids)
    })
}

/// The remote units of a relation whose joining this unit was told of and whose departure it was not, sorted by
/// number. For a peer relation: the other units. `relation-list`.
pub fn relation_list(relation: &RelationId) -> Command<Vec<UnitName>> {
    let call = Call::new("relation-list", ["--format=json", "-r", &relation.to_string()]);
    Command::new(call, relation, |stdout| {
        let mut units: Vec<UnitName> = json(stdout)?;
        units.sort();
        Ok(units)
    })
}

/// The whole bag of a unit. `relation-get`.
pub fn relation_get(relation: &RelationId, unit: &UnitName) -> Command<BTreeMap<String, String>> {
    let call = Call::new("relation-get", ["--format=json", "-r", &relation.to_string(), "-", &unit.to_string()]);
    Command::new(call, of_member(relation, unit), json_or_default)
}

/// The whole bag of an application. `relation-get --app`.
pub fn relation_get_app(relation: &RelationId, app: &AppName) -> Command<BTreeMap<String, String>> {
    let call = Call::new("relation-get", ["--format=json", "-r", &relation.to_string(), "--app", "-", app.as_str()]);
    Command::new(call, of_member(relation, app), json_or_default)
}

/// Writes to the own unit's bag. An empty value deletes. `relation-set`, with the values on standard input.
pub fn relation_set(relation: &RelationId, values: &BTreeMap<String, String>) -> Command<()> {
    let call = Call::new("relation-set", ["-r", &relation.to_string(), "--file", "-"]);
    Command::new(call.with_stdin(yaml::mapping(values)), relation, nothing)
}

/// Writes to the own application's bag, which only the leader may. An empty value deletes. `relation-set --app`, with
/// the values on standard input.
pub fn relation_set_app(relation: &RelationId, values: &BTreeMap<String, String>) -> Command<()> {
    let call = Call::new("relation-set", ["-r", &relation.to_string(), "--app", "--file", "-"]);
    Command::new(call.with_stdin(yaml::mapping(values)), relation, nothing)
}

/// Reads any JSON object.
pub(super) fn object(stdout: &[u8]) -> Result<Value, CommandError> {
    json::<serde_json::Map<String, Value>>(stdout).map(Value::Object)
}
