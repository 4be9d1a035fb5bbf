use std::path::{Path, PathBuf};

use super::Model;
use super::running::{Running, Work};

/// Where a unit's files are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) charm_dir: PathBuf,
    pub(crate) tools_dir: PathBuf,
    pub(crate) socket: PathBuf,
}

impl Place {
    /// The paths that Juju uses on a machine.
    pub(crate) fn of_unit(unit: &str) -> Place {
        let tag = format!("unit-{}", unit.replace('/', "-"));
        let agent = Path::new("/var/lib/juju/agents").join(&tag);
        Place {
            charm_dir: agent.join("charm"),
            socket: agent.join("agent.socket"),
            tools_dir: Path::new("/var/lib/juju/tools").join(tag),
        }
    }
}

const AGENT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";
const MODEL_UUID: &str = "5e1f0c4e-6d61-4770-a969-000000000000";

impl Model {
    /// The whole environment of a hook or action: nothing is inherited.
    pub(crate) fn environment(&self, running: &Running, place: &Place) -> Vec<(String, String)> {
        let mut env: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: &str| env.push((name.to_owned(), value.to_owned()));
        let charm_dir = place.charm_dir.to_string_lossy();
        let machine = running.unit.rsplit('/').next().unwrap_or_default();
        set("CHARM_DIR", &charm_dir);
        set("JUJU_CHARM_DIR", &charm_dir);
        set("JUJU_CONTEXT_ID", &running.context_id);
        set("JUJU_AGENT_SOCKET_ADDRESS", &place.socket.to_string_lossy());
        set("JUJU_AGENT_SOCKET_NETWORK", "unix");
        set("JUJU_UNIT_NAME", &running.unit);
        set("JUJU_MODEL_NAME", "default");
        set("JUJU_MODEL_UUID", MODEL_UUID);
        set("JUJU_API_ADDRESSES", "10.0.255.1:17070");
        set("JUJU_VERSION", "3.6.14");
        set("JUJU_MACHINE_ID", machine);
        for empty in ["JUJU_PRINCIPAL_UNIT", "JUJU_AVAILABILITY_ZONE", "CLOUD_API_VERSION"] {
            set(empty, "");
        }
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"] {
            set(&format!("JUJU_CHARM_{proxy}"), "");
        }
        set("JUJU_SLA", "unsupported");
        set("JUJU_METER_STATUS", "AMBER");
        set("JUJU_METER_INFO", "not set");
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
        }
        if let Some(hook) = running.work.relation() {
            set("JUJU_RELATION", &hook.endpoint);
            set("JUJU_RELATION_ID", &format!("{}:{}", hook.endpoint, hook.relation));
            set("JUJU_REMOTE_UNIT", hook.remote_unit.as_deref().unwrap_or_default());
            set("JUJU_REMOTE_APP", if running.remote_app_known { &self.app } else { "" });
            if let Some(departing) = &hook.departing {
                set("JUJU_DEPARTING_UNIT", departing);
            }
        }
        env
    }
}
