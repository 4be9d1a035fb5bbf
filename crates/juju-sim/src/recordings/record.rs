//! One recording.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) source: Source,
    pub(super) world: World,
    #[serde(default)]
    pub(super) files: BTreeMap<String, String>,
    pub(super) calls: Vec<Call>,
    #[serde(default)]
    pub(super) finish: Option<Finish>,
    pub(super) results: Vec<Expected>,
    #[serde(default)]
    pub(super) logs: Vec<Option<Vec<LogRecord>>>,
    #[serde(default)]
    pub(super) effects: Effects,
    #[serde(default)]
    pub(super) unstable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Source {
    Juju,
    /// The stand-in for the controller made up part of the answer: exit code and prefix are compared.
    ContextFake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Finish {
    Fail,
    None,
}

#[derive(Debug, Deserialize)]
pub(super) struct Call {
    pub(super) argv: Vec<String>,
    pub(super) stdin: Option<String>,
    pub(super) read_file: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Expected {
    #[serde(default)]
    pub(super) code: Option<i32>,
    #[serde(default)]
    pub(super) stdout: Value,
    pub(super) stdout_base64: Option<String>,
    #[serde(default)]
    pub(super) stderr: Value,
    #[serde(default)]
    pub(super) asked_stdin: bool,
    pub(super) rpc_error: Option<String>,
    pub(super) file: Option<Value>,
    /// Only of help, of which the text is our own.
    pub(super) stdout_len: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct LogRecord {
    pub(super) level: String,
    pub(super) module: String,
    pub(super) message: Value,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Effects {
    #[serde(default)]
    pub(super) immediate: Vec<Immediate>,
    #[serde(default)]
    pub(super) flushed: Value,
    #[serde(default)]
    pub(super) at_end: Vec<Immediate>,
    pub(super) end: Option<String>,
    pub(super) action_finished: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Immediate {
    pub(super) call: String,
    pub(super) args: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct World {
    pub(super) unit: String,
    pub(super) leader: bool,
    pub(super) model_type: Option<String>,
    pub(super) model_name: Option<String>,
    pub(super) model_uuid: Option<String>,
    pub(super) relations: Vec<Relation>,
    pub(super) hook: Option<Hook>,
    pub(super) action: Option<Action>,
    pub(super) exec: Option<Hook>,
    pub(super) restricted: Option<String>,
    pub(super) config: BTreeMap<String, Value>,
    pub(super) state: BTreeMap<String, String>,
    pub(super) leader_settings: BTreeMap<String, String>,
    pub(super) status: Option<Status>,
    pub(super) app_status: Option<Status>,
    pub(super) unit_statuses: BTreeMap<String, Status>,
    pub(super) storage: Vec<Storage>,
    pub(super) networks: BTreeMap<String, Value>,
    pub(super) private_address: Option<String>,
    pub(super) public_address: Option<String>,
    pub(super) ports: Vec<Port>,
    pub(super) resources: BTreeMap<String, String>,
    pub(super) resource_types: BTreeMap<String, String>,
    pub(super) secrets: Vec<Secret>,
    pub(super) next_secret_ids: Vec<String>,
    pub(super) goal_state: Option<GoalState>,
    pub(super) cloud_spec: Option<Value>,
    pub(super) errors: BTreeMap<String, ApiError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Relation {
    pub(super) id: u32,
    pub(super) endpoint: String,
    pub(super) role: String,
    pub(super) interface: String,
    pub(super) key: String,
    pub(super) remote_app: String,
    pub(super) remote_model_uuid: Option<String>,
    #[serde(default)]
    pub(super) life: Option<String>,
    #[serde(default)]
    pub(super) suspended: bool,
    #[serde(default)]
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) bags: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hook {
    #[serde(default)]
    pub(super) kind: String,
    pub(super) relation_id: Option<u32>,
    pub(super) remote_unit: Option<String>,
    pub(super) departing_unit: Option<String>,
    pub(super) storage_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Action {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) params: Option<serde_json::Map<String, Value>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) status: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) data: serde_json::Map<String, Value>,
    pub(super) since: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Storage {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) location: String,
    #[serde(default = "yes")]
    pub(super) provisioned: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
pub(super) struct Port {
    pub(super) unit: String,
    pub(super) endpoint: String,
    pub(super) protocol: String,
    pub(super) from: i32,
    pub(super) to: i32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Secret {
    pub(super) id: String,
    pub(super) owner: String,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) rotate: Option<String>,
    pub(super) next_rotate: Option<String>,
    pub(super) expire: Option<String>,
    pub(super) revision: u64,
    pub(super) contents: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) tracked: u64,
    #[serde(default)]
    pub(super) consumer_label: String,
    #[serde(default)]
    pub(super) can_view: bool,
    #[serde(default)]
    pub(super) access: Vec<Access>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Access {
    pub(super) target: String,
    pub(super) scope: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct GoalState {
    #[serde(default)]
    pub(super) units: BTreeMap<String, Status>,
    #[serde(default)]
    pub(super) relations: BTreeMap<String, BTreeMap<String, Status>>,
}

/// All records of calls in a directory, in the order of their files: those whose name begins with `_` are of another
/// kind. An `Err` names the file and line.
pub(super) fn all(directory: &Path) -> Result<Vec<Record>, String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let path = entry.map_err(|error| format!("{}: {error}", directory.display()))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".jsonl") && !name.starts_with('_') {
            paths.push(path);
        }
    }
    paths.sort();
    let mut records = Vec::new();
    for path in paths {
        records.extend(lines::<Record>(&path)?);
    }
    Ok(records)
}

/// The records of a file. An `Err` names the file and line.
pub(super) fn lines<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Vec<T>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |line: &str| {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        serde_json::from_value(decoded(value)).map_err(|error| error.to_string())
    };
    numbered
        .map(|(index, line)| read(line).map_err(|error| format!("{}:{}: {error}", path.display(), index + 1)))
        .collect()
}

/// Writes out the short forms of long texts; hashes stay.
fn decoded(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            if let (1, Some(Value::Array(parts))) = (map.len(), map.get("$repeat"))
                && let [Value::String(text), Value::Number(count)] = parts.as_slice()
            {
                let count = count.as_u64().unwrap_or_default().min(16 * 1024 * 1024);
                return Value::String(text.repeat(usize::try_from(count).unwrap_or_default()));
            }
            if let (1, Some(Value::Array(parts))) = (map.len(), map.get("$concat")) {
                let texts = parts.iter().cloned().map(decoded);
                return Value::String(texts.filter_map(|part| part.as_str().map(str::to_owned)).collect());
            }
            Value::Object(map.into_iter().map(|(key, value)| (key, decoded(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(decoded).collect()),
        other => other,
    }
}
