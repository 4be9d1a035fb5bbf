use std::collections::BTreeMap;

use serde::Serialize;

use super::session::Session;
use super::view::{CLOUD, CONTROLLER, REGION, StatusView, VERSION};
use super::{machines, time};

/// The controller's uuid: it is the same in every store.
pub(super) const CONTROLLER_UUID: &str = "a9b1a3f0-6a75-4a75-8d69-6a756a75736d";

/// A model as `juju show-model` gives it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ModelInfo {
    pub(super) name: String,
    pub(super) short_name: String,
    pub(super) model_uuid: String,
    pub(super) model_type: &'static str,
    pub(super) controller_uuid: &'static str,
    pub(super) controller_name: &'static str,
    pub(super) is_controller: bool,
    pub(super) owner: &'static str,
    pub(super) cloud: &'static str,
    pub(super) region: &'static str,
    pub(super) r#type: &'static str,
    pub(super) life: &'static str,
    pub(super) status: StatusView,
    pub(super) users: BTreeMap<&'static str, User>,
    pub(super) machines: BTreeMap<String, Machine>,
    pub(super) agent_version: &'static str,
    pub(super) credential: Credential,
    #[serde(skip)]
    pub(super) units: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct User {
    display_name: &'static str,
    access: &'static str,
    last_connection: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Machine {
    cores: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Credential {
    name: &'static str,
    owner: &'static str,
    cloud: &'static str,
    validity_check: &'static str,
}

impl ModelInfo {
    pub(super) fn of(session: &Session) -> ModelInfo {
        let model = session.world.model();
        let user = User { display_name: "admin", access: "admin", last_connection: time::since(model.seconds()) };
        let all = machines::all(session).into_iter();
        ModelInfo {
            name: format!("admin/{}", session.name),
            short_name: session.name.clone(),
            model_uuid: model.uuid().to_owned(),
            model_type: "iaas",
            controller_uuid: CONTROLLER_UUID,
            controller_name: CONTROLLER,
            is_controller: false,
            owner: "admin",
            cloud: CLOUD,
            region: REGION,
            r#type: "juju-sim",
            life: "alive",
            status: StatusView::new("available", "", 0),
            users: BTreeMap::from([("admin", user)]),
            machines: all.map(|number| (number.to_string(), Machine { cores: 0 })).collect(),
            agent_version: VERSION,
            credential: Credential { name: "admin", owner: "admin", cloud: CLOUD, validity_check: "valid" },
            units: model.units.len(),
        }
    }
}
