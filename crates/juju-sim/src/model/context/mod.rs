//! What the running hook sees and may do: the model's side of the hook commands.

mod action;
mod relation;
mod secret;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Model;
use super::hook::Hook;
use super::port::OpenPort;
use super::running::{Running, Work};
use super::unit::Status;
use crate::charm::ResourceKind;
use crate::command::{
    CloudSpec, GoalState, HookContext, Look, Network, PortRange, Reboot, SecretChanges, SecretContent, SecretInfo,
    SecretOwner, SecretTarget, Settings, StatusInfo, StorageInfo,
};

const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 65536;
const NOT_LEADER: &str = "this unit is not the leader";

/// The context of one hook command.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) running: &'a mut Running,
}

impl Context<'_> {
    /// Juju: once a unit does not lead, it does not for the rest of the hook.
    fn leads(&mut self) -> bool {
        if !self.model.leads(&self.running.unit, &self.running.app) {
            self.running.lost_leadership = true;
        }
        !self.running.lost_leadership
    }

    fn leads_or_err(&mut self) -> Result<(), String> {
        if self.leads() { Ok(()) } else { Err(NOT_LEADER.to_owned()) }
    }

    fn at_once(&mut self, call: &'static str, args: Value) {
        self.running.immediate.push((call, args));
    }

    fn loaded_state(&mut self) -> &mut Settings {
        let (model, unit) = (&*self.model, &self.running.unit);
        self.running.state.get_or_insert_with(|| model.units.get(unit).map(|it| it.state.clone()).unwrap_or_default())
    }

    /// What is open on the unit's machine.
    fn machine_ports(&self) -> Vec<(&str, &OpenPort)> {
        let machine = self.model.units.get(&self.running.unit).map(|unit| unit.machine);
        let units = self.model.units.iter().filter(|(_, unit)| Some(unit.machine) == machine);
        units.flat_map(|(name, unit)| unit.ports.iter().map(|port| (name.as_str(), port))).collect()
    }
}

impl HookContext for Context<'_> {
    fn now(&self) -> u64 {
        self.model.unix_seconds()
    }

    fn hook_relation(&self) -> Option<u32> {
        self.running.work.relation().map(|hook| hook.relation)
    }

    fn remote_unit(&self) -> Option<&str> {
        self.running.work.relation()?.remote_unit.as_deref()
    }

    fn remote_app(&self) -> Option<&str> {
        let hook = self.running.work.relation().filter(|_| self.running.remote_app_known)?;
        Some(hook.remote_app.as_str())
    }

    fn hook_storage(&self) -> Option<&str> {
        match self.running.work.hook() {
            Some(Hook::Storage(hook)) => Some(&hook.id),
            _ => None,
        }
    }

    fn in_action(&self) -> bool {
        matches!(self.running.work, Work::Action(_))
    }

    fn relation_endpoint(&self, id: u32) -> Option<String> {
        self.endpoint(id).map(str::to_owned)
    }

    fn relation_ids(&mut self, endpoint: &str) -> Result<Vec<u32>, String> {
        Ok(self.listed_relations(endpoint))
    }

    fn relation_members(&mut self, id: u32) -> Result<Vec<String>, String> {
        self.members(id)
    }

    fn relation_app(&mut self, id: u32) -> Result<String, String> {
        let relation = self.model.relations.get(&id).ok_or("relation not found")?;
        Ok(relation.remote(&self.running.app).map(|side| side.app.clone()).unwrap_or_default())
    }

    fn relation_model(&mut self, id: u32) -> Result<String, String> {
        let relation = self.model.relations.get(&id).ok_or("relation not found")?;
        Ok(relation.remote_model.clone().unwrap_or_else(|| self.model.uuid.clone()))
    }

    fn unit_bag(&mut self, id: u32, unit: &str) -> Result<Arc<Settings>, String> {
        self.read_unit_bag(id, unit)
    }

    fn app_bag(&mut self, id: u32, app: &str) -> Result<Arc<Settings>, String> {
        self.read_app_bag(id, app)
    }

    fn write_unit_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.buffer_unit_bag(id, changes)
    }

    fn write_app_bag(&mut self, id: u32, changes: Settings) -> Result<(), String> {
        self.buffer_app_bag(id, changes)
    }

    fn is_leader(&mut self) -> Result<bool, String> {
        Ok(self.leads())
    }

    fn leader_settings(&mut self) -> Result<Settings, String> {
        let failed = |text| format!("cannot read settings: failed to call leadership api: {text}");
        self.running.refusal("Uniter.Read").map_err(failed)?;
        let app = self.model.applications.get(&self.running.app);
        let fetch = || app.map(|app| Settings::clone(&app.leader_settings.settings)).unwrap_or_default();
        Ok(self.running.leader_settings.get_or_insert_with(fetch).clone())
    }

    fn set_leader_settings(&mut self, changes: Settings) -> Result<(), String> {
        if !self.leads() {
            return Err("cannot write settings: not the leader".to_owned());
        }
        self.at_once("merge-leader-settings", json!(changes));
        self.running.leader_settings = None;
        let app = self.running.app.clone();
        if let Some(application) = self.model.applications.get_mut(&app)
            && application.leader_settings.write(&changes)
        {
            self.model.wake_app(&app);
        }
        Ok(())
    }

    fn config(&mut self) -> Result<BTreeMap<String, Option<Value>>, String> {
        self.running.refusal("Uniter.ConfigSettings")?;
        let (model, unit) = (&*self.model, &self.running.unit);
        let fetch = || {
            let Some(unit) = model.units.get(unit) else { return BTreeMap::new() };
            let given = model.applications.get(&unit.app).map(|app| &app.config);
            let given = |key: &String| given.and_then(|config| config.get(key));
            let value = |key: &String, default: &Option<Value>| given(key).or(default.as_ref()).cloned();
            let options = model.charm_of(unit).options();
            options.iter().map(|(key, option)| (key.clone(), value(key, &option.default))).collect()
        };
        Ok(self.running.config.get_or_insert_with(fetch).clone())
    }

    fn unit_status(&mut self) -> Result<StatusInfo, String> {
        let (model, unit) = (&*self.model, &self.running.unit);
        let fetch = || model.units.get(unit).map_or(Status::new("unknown", ""), |unit| unit.status.clone()).info();
        Ok(self.running.status.get_or_insert_with(fetch).clone())
    }

    fn app_status(&mut self) -> Result<(StatusInfo, BTreeMap<String, StatusInfo>), String> {
        self.leads_or_err()?;
        self.running.refusal("Uniter.ApplicationStatus")?;
        let names = self.model.units_of(&self.running.app);
        let units = names.into_iter().map(|name| (name.clone(), self.model.units[&name].status.info())).collect();
        Ok((self.model.derived_app_status(&self.running.app).info(), units))
    }

    fn set_unit_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.running.refusal("Uniter.SetUnitStatus")?;
        self.running.status_set = true;
        self.at_once("set-unit-status", json!({"status": status, "message": message}));
        let now = self.model.seconds();
        if let Some(unit) = self.model.units.get_mut(&self.running.unit) {
            unit.set_status(status, message, now);
        }
        Ok(())
    }

    fn set_app_status(&mut self, status: &str, message: &str) -> Result<(), String> {
        self.leads_or_err()?;
        self.running.status_set = true;
        self.at_once("set-application-status", json!({"status": status, "message": message}));
        let now = self.model.seconds();
        if let Some(app) = self.model.applications.get_mut(&self.running.app) {
            let status = Some(Status::new(status, message));
            if app.status != status {
                app.since = now;
            }
            app.status = status;
        }
        Ok(())
    }

    fn set_workload_version(&mut self, version: &str) -> Result<(), String> {
        self.at_once("set-workload-version", json!(version));
        if let Some(app) = self.model.applications.get_mut(&self.running.app) {
            version.clone_into(&mut app.version);
        }
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
        let old = self.loaded_state().insert(key.to_owned(), value.to_owned());
        self.running.state_changed |= old.as_deref() != Some(value);
        Ok(())
    }

    fn delete_state(&mut self, key: &str) -> Result<(), String> {
        let old = self.loaded_state().remove(key);
        self.running.state_changed |= old.is_some();
        Ok(())
    }

    fn network(&mut self, binding: &str, _relation: Option<u32>) -> Result<Network, String> {
        let none = || format!("no network config found for binding {binding:?}");
        self.running.refusal("Uniter.NetworkInfo")?;
        let unit = self.model.units.get(&self.running.unit).ok_or_else(none)?;
        let charm = self.model.charm_of(unit);
        let bound = charm.implicit_or(binding).is_some()
            || charm.extra_bindings().any(|extra| extra == binding)
            || unit.networks.contains_key(binding);
        if !bound {
            return Err(none());
        }
        Ok(self.model.network_of(&self.running.unit, binding))
    }

    fn private_address(&mut self) -> Result<String, String> {
        let unit = self.model.units.get(&self.running.unit);
        let address = self.model.network_of(&self.running.unit, "").private_address();
        let known = || unit.and_then(|unit| unit.private_address.clone());
        address.or_else(known).ok_or_else(|| "private address not found".to_owned())
    }

    fn public_address(&mut self) -> Result<String, String> {
        let unit = self.model.units.get(&self.running.unit);
        unit.and_then(|unit| unit.public_address.clone()).ok_or_else(|| "public address not found".to_owned())
    }

    fn open_port(&mut self, endpoint: &str, range: PortRange) -> Result<(), String> {
        let port = OpenPort { range, endpoint: endpoint.to_owned() };
        let mut ports = std::mem::take(&mut self.running.ports);
        let done = ports.open(&self.running.unit, port, &self.machine_ports());
        self.running.ports = ports;
        done
    }

    fn close_port(&mut self, endpoint: &str, range: PortRange) -> Result<(), String> {
        let port = OpenPort { range, endpoint: endpoint.to_owned() };
        let mut ports = std::mem::take(&mut self.running.ports);
        let done = ports.close(&self.running.unit, port, &self.machine_ports());
        self.running.ports = ports;
        done
    }

    fn opened_ports(&mut self) -> Result<Vec<(String, PortRange)>, String> {
        let open = self.model.units.get(&self.running.unit).map(|unit| unit.ports.clone()).unwrap_or_default();
        let pending = &self.running.ports;
        let open = open.into_iter().filter(|port| !pending.close.contains(port)).chain(pending.open.iter().cloned());
        Ok(open.map(|port| (port.endpoint, port.range)).collect())
    }

    fn storage_ids(&mut self) -> Result<Vec<String>, String> {
        let owned = self.model.storage.iter().filter(|(_, it)| it.unit.as_ref() == Some(&self.running.unit));
        let mut ids: Vec<_> = owned.map(|(id, storage)| (storage.number, id.clone())).collect();
        ids.sort();
        Ok(ids.into_iter().map(|(_, id)| id).collect())
    }

    fn storage(&self, id: &str) -> Result<StorageInfo, String> {
        let storage = self.model.storage.get(id).filter(|it| it.unit.as_ref() == Some(&self.running.unit));
        let storage = storage.ok_or_else(|| format!("storage {id:?} not found"))?;
        let missing = || format!("{} for storage {id:?} not provisioned", storage.kind);
        let location = storage.location.clone().ok_or_else(missing)?;
        Ok(StorageInfo { kind: storage.kind, location })
    }

    fn add_storage(&mut self, name: &str, count: u64) -> Result<(), String> {
        self.running.new_storage.push((name.to_owned(), count));
        Ok(())
    }

    fn resource(&mut self, name: &str) -> Result<String, String> {
        if let Some(escape) = bad_escape(name) {
            return Err(format!(
                "failed to build API request: parse \"/resources/{name}\": invalid URL escape {escape:?}"
            ));
        }
        let unit = self.model.units.get(&self.running.unit).ok_or("unit not found")?;
        let spec = self.model.charm_of(unit).resource(name);
        let content = self.model.applications.get(&unit.app).and_then(|app| app.resources.get(name));
        let (Some(spec), Some(content)) = (spec, content) else {
            let tag = super::Subject::Unit(self.running.unit.clone()).tag();
            let url = format!("http://controller/units/{tag}/resources/{name}");
            return Err(format!("HTTP request failed: Get {url}: resource {name:?} not found"));
        };
        let file = match spec.kind {
            ResourceKind::OciImage => "content.yaml".to_owned(),
            ResourceKind::File => spec.filename.clone(),
        };
        self.running.fetched.push((file.clone(), content.clone()));
        Ok(format!("{}/{file}", self.running.resources_dir))
    }

    fn add_secret(
        &mut self,
        owner: SecretOwner,
        content: SecretContent,
        changes: SecretChanges,
    ) -> Result<String, String> {
        self.create_secret(owner, content, changes)
    }

    fn set_secret(&mut self, id: &str, content: Option<SecretContent>, changes: SecretChanges) -> Result<(), String> {
        self.update_secret(id, content, changes)
    }

    fn secret_content(&mut self, id: Option<&str>, label: Option<&str>, look: Look) -> Result<SecretContent, String> {
        self.read_secret(id, label, look)
    }

    fn secret_info(&mut self, id: Option<&str>, label: Option<&str>) -> Result<(String, SecretInfo), String> {
        self.describe_secret(id, label)
    }

    fn secret_ids(&mut self) -> Result<Vec<String>, String> {
        Ok(self.managed_secrets().into_iter().map(|(id, _)| id).collect())
    }

    fn grant_secret(&mut self, id: &str, relation: u32, unit: Option<&str>) -> Result<(), String> {
        self.buffer_grant(id, relation, unit)
    }

    fn revoke_secret(&mut self, id: &str, from: SecretTarget) -> Result<(), String> {
        self.buffer_revoke(id, from)
    }

    fn remove_secret(&mut self, id: &str, revision: Option<u64>) -> Result<(), String> {
        self.buffer_remove(id, revision)
    }

    fn goal_state(&mut self) -> Result<GoalState, String> {
        self.running.refusal("Uniter.GoalStates")?;
        Ok(self.running.goal_state.clone().unwrap_or_else(|| self.model.goal_state(&self.running.app)))
    }

    fn cloud_spec(&mut self) -> Result<CloudSpec, String> {
        let spec = self.model.applications.get(&self.running.app).and_then(|app| app.cloud_spec.clone());
        spec.ok_or_else(|| "permission denied".to_owned())
    }

    fn reboot(&mut self, when: Reboot) -> Result<(), String> {
        if self.in_action() {
            return Err("juju-reboot is not supported when running an action.".to_owned());
        }
        self.running.reboot = Some(when);
        if when == Reboot::Now && !self.running.has_process {
            return Err("no process to kill".to_owned());
        }
        Ok(())
    }

    fn log(&mut self, level: &str, message: &str) {
        self.running.lines.push((level.to_owned(), message.to_owned()));
    }

    fn action_params(&mut self) -> Result<Value, String> {
        Ok(Value::Object(self.action()?.params.clone()))
    }

    fn set_action_result(&mut self, path: &[String], value: &str) -> Result<(), String> {
        self.keep_result(path, value)
    }

    fn fail_action(&mut self, message: &str) -> Result<(), String> {
        self.action()?.failure = Some(message.to_owned());
        Ok(())
    }

    fn log_action(&mut self, message: &str) -> Result<(), String> {
        self.keep_progress(message)
    }
}

/// The first escape in a part of a URL that is none, as Go finds it.
fn bad_escape(name: &str) -> Option<&str> {
    let is_escape =
        |at: usize| name.as_bytes().get(at + 1..at + 3).is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
    let at = name.match_indices('%').map(|(at, _)| at).find(|at| !is_escape(*at))?;
    let end = (at + 1..=name.len()).filter(|end| name.is_char_boundary(*end)).take(3).take_while(|end| *end <= at + 3);
    name.get(at..end.last().unwrap_or(name.len()))
}
