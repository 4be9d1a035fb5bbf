//! Applications as the controller knows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::relation::Bag;
use super::unit::Status;
use crate::charm::Charm;
use crate::command::CloudSpec;

/// Whether something is there to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Life {
    Alive,
    Dying,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) life: Life,
    /// The charm's revisions; the last is the application's, units may still run an older one.
    pub(crate) charms: Vec<Charm>,
    /// Counts refreshes and new resources: what differs from it has an `upgrade-charm` to run.
    pub(crate) modified: u64,
    pub(crate) config: BTreeMap<String, Value>,
    pub(crate) leader: Option<String>,
    pub(crate) leader_settings: Bag,
    pub(crate) status: Option<Status>,
    /// When that last changed.
    #[serde(default)]
    pub(crate) since: u64,
    pub(crate) version: String,
    /// The space of an endpoint or extra binding; `""` is the application's default.
    pub(crate) bindings: BTreeMap<String, String>,
    pub(crate) resources: BTreeMap<String, Vec<u8>>,
    /// What `credential-get` tells where the application is trusted.
    pub(crate) cloud_spec: Option<CloudSpec>,
    /// How much storage of each name a new unit gets.
    pub(crate) storage: BTreeMap<String, u32>,
    /// Whether its newest revision has no code: the test plays its new units.
    pub(crate) played: bool,
}

impl Application {
    pub(crate) fn new(charm: Charm) -> Application {
        Application {
            life: Life::Alive,
            played: false,
            charms: vec![charm],
            modified: 0,
            config: BTreeMap::new(),
            leader: None,
            leader_settings: Bag::default(),
            status: None,
            since: 0,
            version: String::new(),
            bindings: BTreeMap::new(),
            resources: BTreeMap::new(),
            cloud_spec: None,
            storage: BTreeMap::new(),
        }
    }

    pub(crate) fn charm(&self) -> &Charm {
        self.charms.last().expect("an application starts with a charm and never loses one")
    }

    pub(crate) fn charm_of(&self, revision: usize) -> &Charm {
        self.charms.get(revision).unwrap_or_else(|| self.charm())
    }
}
