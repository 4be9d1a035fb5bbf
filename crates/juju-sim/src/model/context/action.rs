use serde_json::{Map, Value, json};

use super::Context;
use crate::model::running::{ActionWork, Work};

/// Juju: what is logged past this is dropped without a word.
const MAX_ACTION_LOG: usize = 1000;
/// What the database behind Juju's controller stores.
const MAX_RESULT_DEPTH: usize = 100;

impl Context<'_> {
    pub(super) fn action(&mut self) -> Result<&mut ActionWork, String> {
        match &mut self.running.work {
            Work::Action(action) => Ok(action),
            Work::Hook(_) | Work::Exec(_) => Err("not running an action".to_owned()),
        }
    }

    pub(super) fn keep_result(&mut self, path: &[String], value: &str) -> Result<(), String> {
        let mut map = &mut self.action()?.results;
        if path.len() > MAX_RESULT_DEPTH {
            return Err(format!("action results are nested more than {MAX_RESULT_DEPTH} deep"));
        }
        let Some((last, parents)) = path.split_last() else { return Ok(()) };
        for key in parents {
            let entry = map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            if !entry.is_object() {
                *entry = Value::Object(Map::new());
            }
            let Value::Object(inner) = entry else { return Ok(()) };
            map = inner;
        }
        map.insert(last.clone(), Value::String(value.to_owned()));
        Ok(())
    }

    pub(super) fn keep_progress(&mut self, message: &str) -> Result<(), String> {
        let action = self.action()?;
        if action.log.len() < MAX_ACTION_LOG {
            action.log.push(message.to_owned());
        }
        self.at_once("log-action-message", json!(message));
        Ok(())
    }
}
