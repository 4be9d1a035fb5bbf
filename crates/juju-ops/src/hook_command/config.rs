use serde_json::Value;

use super::{Command, object};
use crate::transport::Call;

/// The configuration: an object with the options that have a value or a default. `config-get`.
pub fn config_get() -> Command<Value> {
    Command::new(Call::new("config-get", ["--format=json"]), "", object)
}
