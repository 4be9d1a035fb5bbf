use std::path::{Path, PathBuf};

use super::Model;
use super::hook::{Hook, SecretHookKind};
use super::running::{Running, Work};
use crate::command::StorageKind;

/// Where a unit's files are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The agent's base directory, in which all but the tools are.
    pub(crate) agent_dir: PathBuf,
    pub(crate) charm_dir: PathBuf,
    pub(crate) resources_dir: PathBuf,
    pub(crate) deployer_dir: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) tools_dir: PathBuf,
}

impl Place {
    /// The paths that Juju uses on a machine, below some root.
    pub(crate) fn of_unit(root: &Path, unit: &str) -> Place {
        let tag = Place::tag(unit);
        let tools_dir = root.join("tools").join(&tag);
        Place::of_agent(root.join("agents").join(tag), tools_dir)
    }

    /// The paths in an agent's base directory.
    pub(crate) fn of_agent(agent_dir: PathBuf, tools_dir: PathBuf) -> Place {
        Place {
            charm_dir: agent_dir.join("charm"),
            resources_dir: agent_dir.join("resources"),
            deployer_dir: agent_dir.join("state/deployer"),
            socket: agent_dir.join("agent.socket"),
            agent_dir,
            tools_dir,
        }
    }

    /// The unit's name as Juju has it in paths: `unit-magpie-0`.
    pub(crate) fn tag(unit: &str) -> String {
        format!("unit-{}", unit.replace('/', "-"))
    }
}

const AGENT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";
/// The version that the model follows.
const VERSION: &str = "3.6.28";

impl Model {
    /// The whole environment of a hook or action: nothing is inherited.
    pub(crate) fn environment(&self, running: &Running, place: &Place) -> Vec<(&'static str, String)> {
        let mut env: Vec<(&'static str, String)> = Vec::with_capacity(40);
        let mut set = |name: &'static str, value: &str| env.push((name, value.to_owned()));
        let charm_dir = place.charm_dir.to_string_lossy();
        let unit = self.units.get(&running.unit);
        let machine = unit.map(|unit| unit.machine.to_string()).unwrap_or_default();
        let principal = unit.and_then(|unit| unit.principal.clone()).unwrap_or_default();
        set("CHARM_DIR", &charm_dir);
        set("JUJU_CHARM_DIR", &charm_dir);
        set("JUJU_CONTEXT_ID", &running.context_id);
        set("JUJU_AGENT_SOCKET_ADDRESS", &place.socket.to_string_lossy());
        set("JUJU_AGENT_SOCKET_NETWORK", "unix");
        set("JUJU_UNIT_NAME", &running.unit);
        set("JUJU_MODEL_NAME", &self.name);
        set("JUJU_MODEL_UUID", &self.uuid);
        set("JUJU_API_ADDRESSES", "10.0.255.1:17070");
        set("JUJU_VERSION", VERSION);
        set("JUJU_MACHINE_ID", &machine);
        set("JUJU_PRINCIPAL_UNIT", &principal);
        set("JUJU_AVAILABILITY_ZONE", "");
        set("CLOUD_API_VERSION", "");
        let names = ["JUJU_CHARM_HTTP_PROXY", "JUJU_CHARM_HTTPS_PROXY", "JUJU_CHARM_FTP_PROXY", "JUJU_CHARM_NO_PROXY"];
        for (name, proxy) in names.into_iter().zip(&self.proxies) {
            set(name, proxy);
        }
        set("JUJU_SLA", "unsupported");
        set("PATH", &format!("{}:{AGENT_PATH}", place.tools_dir.display()));
        set("APT_LISTCHANGES_FRONTEND", "none");
        set("DEBIAN_FRONTEND", "noninteractive");
        set("LANG", "C.UTF-8");
        set("TERM", "tmux-256color");
        match &running.work {
            Work::Hook(hook) => {
                set("JUJU_HOOK_NAME", &hook.to_string());
                set("JUJU_DISPATCH_PATH", &format!("hooks/{hook}"));
            }
            Work::Action(action) => {
                set("JUJU_HOOK_NAME", "");
                set("JUJU_DISPATCH_PATH", &format!("actions/{}", action.name));
                set("JUJU_ACTION_NAME", &action.name);
                set("JUJU_ACTION_UUID", &action.id.to_string());
                set("JUJU_ACTION_TAG", &format!("action-{}", action.id));
            }
            Work::Exec(_) => set("JUJU_HOOK_NAME", ""),
        }
        if let Some(hook) = running.work.relation() {
            set("JUJU_RELATION", &hook.endpoint);
            set("JUJU_RELATION_ID", &format!("{}:{}", hook.endpoint, hook.relation));
            set("JUJU_REMOTE_UNIT", hook.remote_unit.as_deref().unwrap_or_default());
            set("JUJU_REMOTE_APP", if running.remote_app_known { &hook.remote_app } else { "" });
            if let Some(departing) = &hook.departing {
                set("JUJU_DEPARTING_UNIT", departing);
            }
        }
        match running.work.hook() {
            Some(Hook::Storage(hook)) => {
                let storage = self.storage.get(&hook.id);
                if let Some((storage, location)) = storage.and_then(|it| Some((it, it.location.as_deref()?))) {
                    let kind = match storage.kind {
                        StorageKind::Filesystem => "filesystem",
                        StorageKind::Block => "block",
                    };
                    set("JUJU_STORAGE_ID", &hook.id);
                    set("JUJU_STORAGE_LOCATION", location);
                    set("JUJU_STORAGE_KIND", kind);
                }
            }
            Some(Hook::Secret(hook)) => {
                set("JUJU_SECRET_ID", &format!("secret:{}", hook.id));
                set("JUJU_SECRET_LABEL", &hook.label);
                if matches!(hook.kind, SecretHookKind::Remove | SecretHookKind::Expired) {
                    set("JUJU_SECRET_REVISION", &hook.revision.to_string());
                }
            }
            _ => {}
        }
        env
    }
}
