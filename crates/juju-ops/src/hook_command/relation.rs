use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{Command, json, json_or_default, nothing};
use crate::error::{CommandError, of_member};
use crate::name::{RelationId, UnitName};
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

/// The whole bag of a unit, or with `app` of an application. `relation-get`.
pub fn relation_get(relation: &RelationId, member: &impl fmt::Display, app: bool) -> Command<BTreeMap<String, String>> {
    let member = member.to_string();
    let mut call = Call::new("relation-get", ["--format=json", "-r", &relation.to_string()]);
    call.args.extend(app.then(|| "--app".to_owned()));
    call.args.extend(["-".to_owned(), member.clone()]);
    Command::new(call, of_member(relation, &member), json_or_default)
}

/// Writes to the own unit's bag, or with `app` to the own application's. An empty value deletes. `relation-set`, with
/// the values on standard input.
pub fn relation_set(relation: &RelationId, app: bool, values: &BTreeMap<String, String>) -> Command<()> {
    let mut call = Call::new("relation-set", ["-r", &relation.to_string()]);
    call.args.extend(app.then(|| "--app".to_owned()));
    call.args.extend(["--file".to_owned(), "-".to_owned()]);
    call.stdin = Some(yaml::mapping(values));
    Command::new(call, relation, nothing)
}

/// Reads any JSON object.
pub(super) fn object(stdout: &[u8]) -> Result<Value, CommandError> {
    json::<serde_json::Map<String, Value>>(stdout).map(Value::Object)
}
