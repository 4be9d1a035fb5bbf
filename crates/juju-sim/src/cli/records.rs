use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::duration;
use super::store::Extent;
use crate::{ActionResult, Fault};

/// What is kept of a model beside it, for the commands alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    pub(super) apps: BTreeMap<String, AppRecord>,
    /// By number. The oldest are forgotten.
    pub(super) operations: BTreeMap<u32, Operation>,
    pub(super) settings: Settings,
}

/// Where an application came from, and what was said of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AppRecord {
    /// Its charms, from the first revision to the newest.
    pub(super) charms: Vec<CharmRecord>,
    pub(super) exposed: bool,
    pub(super) constraints: BTreeMap<String, String>,
    /// The base, such as `ubuntu@24.04`.
    pub(super) base: String,
    /// Whether it is trusted with the cloud's credential.
    pub(super) trusted: bool,
}

/// One revision of a charm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CharmRecord {
    /// Its directory among the model's charms.
    pub(super) id: String,
    /// As in `local:magpie-0`.
    pub(super) revision: u32,
    /// What was deployed.
    pub(super) origin: String,
    /// What the charm's file `version` says.
    pub(super) version: String,
}

/// A `juju run` or `juju exec`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Operation {
    /// Such as `run ping on magpie/0`.
    pub(super) summary: String,
    /// The action, or `juju-exec`.
    pub(super) action: String,
    pub(super) parameters: serde_json::Map<String, Value>,
    pub(super) enqueued: u64,
    /// By number.
    pub(super) tasks: BTreeMap<u32, Task>,
}

/// The part of an operation that one unit has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) unit: String,
    pub(super) result: ActionResult,
    pub(super) started: u64,
    pub(super) completed: u64,
}

/// What is said of the model itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) config: BTreeMap<String, Value>,
    pub(super) constraints: BTreeMap<String, String>,
    /// How many charms were deployed.
    pub(super) charms: u64,
    /// The newest revision of each charm, by name.
    pub(super) revisions: BTreeMap<String, u32>,
    /// Machines that were added without a unit.
    pub(super) machines: Vec<u32>,
    /// The offers, by name.
    pub(super) offers: BTreeMap<String, Offer>,
    /// Applications of other models, by the name that they have here.
    pub(super) saas: BTreeMap<String, Saas>,
}

/// The option that says how long a hook may run.
pub(super) const HOOK_TIME_LIMIT: &str = "hook-time-limit";
/// What it is where nobody sets it.
pub(super) const HOOK_TIME: &str = "10m";

impl Settings {
    /// The proxies for HTTP, HTTPS and FTP, and what needs none.
    pub(super) fn proxies(&self) -> [String; 4] {
        ["juju-http-proxy", "juju-https-proxy", "juju-ftp-proxy", "juju-no-proxy"].map(|key| self.text(key).to_owned())
    }

    /// How long a hook may run.
    pub(super) fn hook_time_limit(&self) -> Duration {
        let set = duration::parse(self.text(HOOK_TIME_LIMIT)).ok();
        set.or_else(|| duration::parse(HOOK_TIME).ok()).unwrap_or(Duration::MAX)
    }

    fn text(&self, key: &str) -> &str {
        self.config.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// An endpoint that other models may relate to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) application: String,
    pub(super) endpoints: Vec<String>,
}

/// An offer of another model that is consumed here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Saas {
    /// Such as `admin/db.postgresql`.
    pub(super) url: String,
    /// The other model, and the offer's name there.
    pub(super) model: String,
    pub(super) offer: String,
    /// Its relations here.
    pub(super) links: BTreeMap<u32, Link>,
}

/// The two parts of a relation between models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Link {
    /// The relation of the offering model.
    pub(super) there: u32,
    /// The application there that is like the one here.
    pub(super) remote: String,
    /// The application that is offered.
    pub(super) offered: String,
    /// The application here.
    pub(super) consumer: String,
}

/// What goes on between two commands beside the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// How many hooks and actions ran.
    pub(super) runs: u64,
    /// The faults that are to happen.
    pub(super) faults: BTreeMap<String, Vec<Fault>>,
    pub(super) log: Extent,
    pub(super) history: Extent,
    #[serde(default)]
    pub(super) marks: Extent,
    /// Storage that is destroyed when no unit has it any more.
    #[serde(default)]
    pub(super) doomed: Vec<String>,
}
