use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Model;
use super::lifecycle::Finish;
use super::running::{ActionWork, Running, Work};
use crate::Error;
use crate::charm::ActionSpec;
use crate::run::Ending;

/// What an action left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionResult {
    /// The task's number, as in `JUJU_ACTION_UUID`.
    pub id: u32,
    /// `completed` or `failed`.
    pub status: String,
    /// Why it failed; empty if it did not.
    pub message: String,
    /// The results, with `return-code` and, where not empty, `stdout` and `stderr`. Of output that is not UTF-8 these
    /// are the base64, with `stdout-encoding` or `stderr-encoding` beside it.
    pub results: Value,
    /// The progress messages.
    pub log: Vec<String>,
}

impl Model {
    /// Starts an action. Juju: it may run before `start`, while dying, and while the unit is in error.
    pub(crate) fn begin_action(&mut self, name: &str, action: &str, params: Value) -> Result<Running, Error> {
        let refuse = |why: String| Error::Action { unit: name.to_owned(), name: action.to_owned(), why };
        let unit = self.unit(name)?;
        if !unit.is_up() {
            return Err(refuse("the agent is down".to_owned()));
        }
        if !unit.agent.installed {
            return Err(refuse("the unit is not installed".to_owned()));
        }
        let spec = self.charm_of(unit).action(action).ok_or_else(|| refuse("not defined".to_owned()))?;
        let params = check_params(spec, params).map_err(refuse)?;
        self.advance(1);
        let id = self.next_action;
        self.next_action += 1;
        let context_id = format!("{name}-{action}-{}", self.random_id());
        let unit = self.unit(name)?;
        let work = Work::Action(ActionWork {
            name: action.to_owned(),
            id,
            params,
            results: Map::new(),
            failure: None,
            log: Vec::new(),
        });
        Ok(Running::new(name, context_id, work, unit, self.configured(unit)))
    }

    /// Ends an action. Results are kept in every case; other writes only after exit 0 and an accepted flush.
    pub(crate) fn finish_action(
        &mut self,
        running: &Running,
        finish: &Finish,
        ending: Ending,
        output: (&[u8], &[u8]),
    ) -> ActionResult {
        let flushed = match finish {
            Finish::Exited | Finish::CrashedAfterFlush => self.flush(running),
            Finish::FlushRefused(text) => Err(text.clone()),
            _ => Ok(()),
        };
        let crashed = matches!(finish, Finish::CrashedBeforeFlush | Finish::CrashedAfterFlush);
        if let Some(unit) = self.units.get_mut(&running.unit).filter(|_| crashed) {
            unit.agent.restart();
        }
        if let Some(unit) = self.units.get_mut(&running.unit) {
            unit.agent.status_set |= running.status_set;
        }
        self.observe();
        let Work::Action(action) = &running.work else { unreachable!("what `begin_action` makes is an action") };
        let mut results = action.results.clone();
        let code = match ending {
            Ending::Exit(code) => code,
            Ending::Signal(_) => -1,
        };
        results.insert("return-code".to_owned(), code.into());
        let mut stderr = output.1.to_vec();
        if let Err(text) = &flushed {
            stderr.extend_from_slice(text.as_bytes());
        }
        for (key, bytes) in [("stdout", output.0), ("stderr", stderr.as_slice())] {
            if let Ok(text) = str::from_utf8(bytes) {
                if !text.is_empty() {
                    results.insert(key.to_owned(), text.into());
                }
            } else {
                results.insert(key.to_owned(), base64(bytes).into());
                results.insert(format!("{key}-encoding"), "base64".into());
            }
        }
        let message = match finish {
            Finish::Failed(_) | Finish::Terminated => Some(exec_error(ending)),
            Finish::CrashedBeforeFlush | Finish::CrashedAfterFlush => Some("action terminated".to_owned()),
            Finish::Exited | Finish::FlushRefused(_) if flushed.is_err() => {
                Some(action.failure.clone().unwrap_or_else(|| "committing requested changes failed".to_owned()))
            }
            Finish::Exited | Finish::FlushRefused(_) => action.failure.clone(),
        };
        ActionResult {
            id: action.id,
            status: if message.is_some() { "failed" } else { "completed" }.to_owned(),
            message: message.unwrap_or_default(),
            results: Value::Object(results),
            log: action.log.clone(),
        }
    }
}

/// The end of a process as Go words it.
fn exec_error(ending: Ending) -> String {
    let signal = match ending {
        Ending::Exit(code) => return format!("exit status {code}"),
        Ending::Signal(signal) => signal,
    };
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        6 => "aborted",
        9 => "killed",
        11 => "segmentation fault",
        15 => "terminated",
        other => return format!("signal: {other}"),
    };
    format!("signal: {name}")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([&0; 2]).take(3).fold(0, |group, byte| group << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = char::from(DIGITS[group >> (18 - 6 * place) & 63]);
            text.push(if place > chunk.len() { '=' } else { digit });
        }
    }
    text
}

/// Checks parameters against the schema's types, `required` and `additionalProperties`, and fills in defaults.
fn check_params(spec: &ActionSpec, params: Value) -> Result<Map<String, Value>, String> {
    let mut params = match params {
        Value::Object(params) => params,
        Value::Null => Map::new(),
        other => return Err(format!("parameters must be an object, got {other}")),
    };
    if let Some(name) = spec.required.iter().find(|name| !params.contains_key(*name)) {
        return Err(format!("parameter {name:?} is required"));
    }
    for (name, value) in &params {
        match spec.params.get(name) {
            None if spec.additional_properties => {}
            None => return Err(format!("parameter {name:?} is not defined")),
            Some(schema) if !admits(schema, value) => {
                return Err(format!("parameter {name:?}: {value} is not of type {}", schema["type"]));
            }
            Some(_) => {}
        }
    }
    for (name, schema) in &spec.params {
        if let Some(default) = schema.get("default") {
            params.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    Ok(params)
}

fn admits(schema: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => true,
    };
    match schema.get("type") {
        Some(Value::String(kind)) => is(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Charm;

    #[test]
    fn base64_pads() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"\xff\xfe\xfd\0", "//79AA=="),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }

    #[test]
    fn parameters_follow_the_schema() {
        let text = "ping: {params: {host: {type: string}, count: {type: integer, default: 4}}, required: [host],
                    additionalProperties: false}";
        let charm = Charm::parse("name: m", None, Some(text)).unwrap();
        let check = |params| check_params(charm.action("ping").unwrap(), params);
        assert_eq!(Value::Object(check(json!({"host": "a"})).unwrap()), json!({"host": "a", "count": 4}));
        assert_eq!(check(json!({})).unwrap_err(), "parameter \"host\" is required");
        assert_eq!(check(json!({"host": 1})).unwrap_err(), "parameter \"host\": 1 is not of type \"string\"");
        assert_eq!(check(json!({"host": "a", "x": 1})).unwrap_err(), "parameter \"x\" is not defined");
    }
}
