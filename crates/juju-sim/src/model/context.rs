//! What the running hook sees and may do: the model's side of the hook commands.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Model;
use super::relation::overlay;
use super::running::{ActionWork, Running, Work};
use super::unit::Status;
use crate::command::{HookContext, NetworkInfo, Settings, StatusInfo};

const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 65536;
const MAX_ACTION_LOG: usize = 1000;
/// What the database behind Juju's controller stores.
const MAX_RESULT_DEPTH: usize = 100;
const NOT_LEADER: &str = "this unit is not the leader";

/// The context of one hook command.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) running: &'a mut Running,
}

impl Context<'_> {
    fn leads(&mut self) -> bool {
        if self.model.leader.as_deref() != Some(&self.running.unit) {
            self.running.lost_leadership = true;
        }
        !self.running.lost_leadership
    }

    fn known(&self, id: u32) -> Result<(), String> {
        if self.running.members.contains_key(&id) { Ok(()) } else { Err("relation not found".to_owned()) }
    }

    /// A bag as first read in this hook.
    fn read(&mut self, id: u32, owner: &str, fetch: impl FnOnce(&mut Model) -> Option<Settings>) -> Option<Settings> {
        let key = (id, owner.to_owned());
        if let Some(settings) = self.running.reads.get(&key) {
            return Some(settings.clone());
        }
        let settings = fetch(self.model)?;
        self.running.reads.insert(key, settings.clone());
        Some(settings)
    }

    fn loaded_state(&mut self) -> &mut Settings {
        let (model, unit) = (&*self.model, &self.running.unit);
        self.running.state.get_or_insert_with(|| model.state(unit))
    }

    fn action(&mut self) -> Result<&mut ActionWork, String> {
        match &mut self.running.work {
            Work::Action(action) => Ok(action),
            Work::Hook(_) => Err("not running an action".to_owned()),
        }
    }
}

impl HookContext for Context<'_> {
    fn unit(&self) -> &str {
        &self.running.unit
    }

    fn hook_relation(&self) -> Option<u32> {
        self.running.work.relation().map(|hook| hook.relation)
    }

    fn remote_unit(&self) -> Option<&str> {
        self.running.work.relation()?.remote_unit.as_deref()
    }

    fn remote_app(&self) -> Option<&str> {
        self.running.remote_app_known.then_some(self.model.app.as_str())
    }

    fn in_action(&self) -> bool {
        matches!(self.running.work, Work::Action(_))
    }

    fn relation_endpoint(&self, id: u32) -> Option<String> {
        self.running.members.get(&id)?;
        Some(self.model.relations.get(&id)?.endpoint.clone())
    }

    fn relation_ids(&mut self, endpoint: &str) -> Result<Vec<u32>, String> {
        let of_endpoint = |id: &&u32| self.model.relations.get(id).is_some_and(|r| r.endpoint == endpoint);
        Ok(self.running.members.keys().filter(of_endpoint).copied().collect())
    }

    fn relation_members(&mut self, id: u32) -> Result<Vec<String>, String> {
        self.known(id)?;
        Ok(self.running.members[&id].clone())
    }

    fn relation_app(&mut self, id: u32) -> Result<String, String> {
        self.known(id)?;
        Ok(self.model.app.clone())
    }

    fn unit_bag(&mut self, id: u32, unit: &str) -> Result<Settings, String> {
        self.known(id)?;
        if unit.split_once('/').is_none_or(|(app, _)| app != self.model.app) {
            return Err("permission denied".to_owned());
        }
        let own = self.running.unit.clone();
        let member = self.running.members[&id].iter().any(|member| member == unit);
        let settings = self.read(id, unit, |model| {
            let published = model.relations.get(&id)?.unit_bags.get(unit).map(|bag| bag.settings.clone());
            let reader = model.units.get_mut(&own)?;
            if !member {
                return published;
            }
            // Juju: members' bags are kept from hook to hook until their next joined or changed.
            let bags = reader.agent.memory.bags.entry(id).or_default();
            match bags.get(unit) {
                Some(cached) => Some(cached.clone()),
                None => {
                    let settings = published?;
                    bags.insert(unit.to_owned(), settings.clone());
                    Some(settings)
                }
            }
        });
        let Some(mut settings) = settings else {
            let endpoint = self.relation_endpoint(id).unwrap_or_default();
            return Err(format!(
                "cannot read settings for unit {unit:?} in relation \"{}:{endpoint}\": unit {unit:?}: settings not found",
                self.model.app
            ));
        };
        if unit == self.running.unit
            && let Some(writes) = self.running.unit_writes.get(&id)
        {
            overlay(&mut settings, writes);
        }
        Ok(settings)
    }

    fn app_bag(&mut self, id: u32, app: &str) -> Result<Settings, String> {
        self.known(id)?;
        if app != self.model.app {
            return Err("permission denied".to_owned());
        }
        let bag = self.read(id, app, |model| Some(model.relations.get(&id)?.app_bag.settings.clone()));
        let mut settings = bag.unwrap_or_default();
        if self.leads()
            && let Some(writes) = self.running.app_writes.get(&id)
        {
            overlay(&mut settings, writes);
        }
        Ok(settings)
    }

    fn write_unit_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.known(id)?;
        self.running.unit_writes.entry(id).or_default().extend(changes);
        Ok(())
    }

    fn write_app_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.known(id)?;
        if !self.leads() {
            return Err("cannot write relation settings".to_owned());
        }
        if !changes.is_empty() {
            self.running.app_writes.entry(id).or_default().extend(changes);
        }
        Ok(())
    }

    fn is_leader(&mut self) -> Result<bool, String> {
        Ok(self.leads())
    }

    fn config(&mut self) -> Result<BTreeMap<String, Option<Value>>, String> {
        let (model, unit) = (&*self.model, &self.running.unit);
        let fetch = || {
            let charm = model.units.get(unit).map_or(model.charm(), |unit| model.charm_of(unit));
            let value = |key: &String, default: &Option<Value>| model.config.get(key).or(default.as_ref()).cloned();
            charm.options().iter().map(|(key, option)| (key.clone(), value(key, &option.default))).collect()
        };
        Ok(self.running.config.get_or_insert_with(fetch).clone())
    }

    fn unit_status(&mut self) -> Result<StatusInfo, String> {
        let (model, unit) = (&*self.model, &self.running.unit);
        let fetch = || model.units.get(unit).map_or(Status::new("unknown", ""), |unit| unit.status.clone()).info();
        Ok(self.running.status.get_or_insert_with(fetch).clone())
    }

    fn app_status(&mut self) -> Result<(StatusInfo, BTreeMap<String, StatusInfo>), String> {
        if !self.leads() {
            return Err(NOT_LEADER.to_owned());
        }
        let units = self.model.units.iter().map(|(name, unit)| (name.clone(), unit.status.info())).collect();
        Ok((self.model.derived_app_status().info(), units))
    }

    fn set_unit_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.running.status_set = true;
        if let Some(unit) = self.model.units.get_mut(&self.running.unit) {
            unit.status = Status::new(status, message);
        }
        Ok(())
    }

    fn set_app_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        if !self.leads() {
            return Err(NOT_LEADER.to_owned());
        }
        self.running.status_set = true;
        self.model.app_status = Some(Status::new(status, message));
        Ok(())
    }

    fn state(&mut self) -> Result<Settings, String> {
        Ok(self.loaded_state().clone())
    }

    fn set_state(&mut self, key: &str, value: &str) -> Result<(), String> {
        if key.len() > MAX_KEY {
            return Err(format!("max allowed key length ({MAX_KEY}) exceeded"));
        }
        if value.len() > MAX_VALUE {
            return Err(format!("max allowed value length ({MAX_VALUE}) exceeded"));
        }
        self.loaded_state().insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn delete_state(&mut self, key: &str) -> Result<(), String> {
        self.loaded_state().remove(key);
        Ok(())
    }

    fn network(&mut self, binding: &str, _relation: Option<u32>) -> Result<NetworkInfo, String> {
        let unit = self.model.units.get(&self.running.unit);
        let unit = unit.filter(|unit| binding == "juju-info" || self.model.charm_of(unit).has_endpoint(binding));
        let unit = unit.ok_or_else(|| format!("no network config found for binding {binding:?}"))?;
        Ok(unit.network.info())
    }

    fn log(&mut self, level: &str, message: &str) {
        self.running.lines.push((level.to_owned(), message.to_owned()));
    }

    fn action_params(&mut self) -> Result<Value, String> {
        Ok(Value::Object(self.action()?.params.clone()))
    }

    fn set_action_result(&mut self, path: &[String], value: &str) -> Result<(), String> {
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

    fn fail_action(&mut self, message: &str) -> Result<(), String> {
        self.action()?.failure = Some(message.to_owned());
        Ok(())
    }

    fn log_action(&mut self, message: &str) -> Result<(), String> {
        let action = self.action()?;
        if action.log.len() < MAX_ACTION_LOG {
            action.log.push(message.to_owned());
        }
        Ok(())
    }
}
