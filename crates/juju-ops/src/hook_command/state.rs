use std::collections::BTreeMap;

use super::{Command, json_or_default, nothing};
use crate::transport::Call;
use crate::yaml;

/// All of the unit's state. `state-get`.
pub fn state_get() -> Command<BTreeMap<String, String>> {
    Command::new(Call::new("state-get", ["--format=json"]), "", json_or_default)
}

/// Adds to the unit's state. A key has at most 256 bytes, a value 64 KiB. `state-set`, with the values on standard
/// input.
pub fn state_set(values: &BTreeMap<String, String>) -> Command<()> {
    let call = Call::new("state-set", ["--file", "-"]);
    Command::new(call.with_stdin(yaml::mapping(values)), "", nothing)
}

/// Removes one key from the unit's state; a missing key is fine. `state-delete`.
pub fn state_delete(key: &str) -> Command<()> {
    Command::new(Call::new("state-delete", ["--", key]), key, nothing)
}
