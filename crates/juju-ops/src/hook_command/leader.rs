use std::collections::BTreeMap;

use super::{Command, json, json_or_default, nothing};
use crate::error::Error;
use crate::transport::Call;

/// Whether this unit leads its application: if so, for at least 30 seconds more. `is-leader`.
pub fn is_leader() -> Command<bool> {
    Command::new(Call::new("is-leader", ["--format=json"]), "", json)
}

/// The settings that the leader left with [`leader_set`], which every unit may read. `leader-get`, which ended with
/// Juju 4.0: use the application's databag of a peer relation.
pub fn leader_get() -> Command<BTreeMap<String, String>> {
    Command::new(Call::new("leader-get", ["--format=json"]), "", json_or_default)
}

/// Leaves settings for the other units, at once, which only the leader may. `leader-set`, which ended with Juju 4.0: use
/// the application's databag of a peer relation.
///
/// Values are arguments: everybody on the machine can read them while it runs, and Juju takes spaces off their ends. An
/// empty one deletes.
///
/// # Errors
/// A key is empty or has a `=`: Juju cannot tell it from its value, and would quote both.
pub fn leader_set(values: &BTreeMap<String, String>) -> Result<Command<()>, Error> {
    if values.keys().any(|key| key.trim().is_empty() || key.contains('=')) {
        return Err(Error::refused("leader-set: a key is empty or has a `=`"));
    }
    let mut call = Call::new("leader-set", ["--"]);
    call.args.extend(values.iter().map(|(key, value)| format!("{key}={value}")));
    Ok(Command::new(call, "", nothing).of_leader("only the leader writes its settings"))
}
