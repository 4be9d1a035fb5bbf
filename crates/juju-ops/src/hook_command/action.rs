use std::collections::BTreeMap;

use serde_json::Value;

use super::{Command, argument, nothing, object};
use crate::transport::Call;

/// The parameters of the action that runs: an object. `action-get`.
pub fn action_get() -> Command<Value> {
    Command::new(Call::new("action-get", ["--format=json"]), "", object)
}

/// Gives results of the action. Keys as [`Outcome::with`](crate::Outcome::with) takes them. `action-set`.
pub fn action_set(results: &BTreeMap<String, String>) -> Command<()> {
    let mut call = Call::new("action-set", ["--"]);
    call.args.extend(results.iter().map(|(key, value)| format!("{key}={value}")));
    Command::new(call, "", nothing)
}

/// Fails the action with a reason. `action-fail`.
pub fn action_fail(reason: &str) -> Command<()> {
    Command::new(Call::new("action-fail", ["--", &argument(reason)]), "", nothing)
}

/// Shows a progress message of the action. `action-log`.
pub fn action_log(message: &str) -> Command<()> {
    Command::new(Call::new("action-log", ["--", &argument(message)]), "", nothing)
}
