//! A model as `juju status` gives it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::session::Session;
use super::{machines, time};
use crate::charm::Role;
use crate::model::{Application, Life, Unit};
use crate::{Model, Scope, Status};

/// The controller's name.
pub(super) const CONTROLLER: &str = "juju-sim";
pub(super) const CLOUD: &str = "juju-sim";
pub(super) const REGION: &str = "default";
/// The version of Juju that the model follows.
pub(super) const VERSION: &str = "3.6.28";
/// The space that everything is in which is bound to none.
const ALPHA: &str = "alpha";

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) model: ModelView,
    pub(super) machines: BTreeMap<String, MachineView>,
    pub(super) applications: BTreeMap<String, AppView>,
    #[serde(rename = "application-endpoints", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) saas: BTreeMap<String, SaasView>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) offers: BTreeMap<String, OfferView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) storage: Option<StorageSection>,
    pub(super) controller: ControllerView,
    #[serde(skip)]
    pub(super) relations: Vec<RelationRow>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ModelView {
    pub(super) name: String,
    pub(super) r#type: &'static str,
    pub(super) controller: &'static str,
    pub(super) cloud: &'static str,
    pub(super) region: &'static str,
    pub(super) version: &'static str,
    pub(super) model_status: StatusView,
    pub(super) sla: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ControllerView {
    pub(super) timestamp: String,
}

/// A status, of whatever.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StatusView {
    pub(super) current: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) message: String,
    pub(super) since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
}

impl StatusView {
    pub(super) fn new(current: &str, message: &str, since: u64) -> StatusView {
        let (current, message) = (current.to_owned(), message.to_owned());
        StatusView { current, message, since: time::since(since), version: None }
    }

    fn of(status: &Status, since: u64) -> StatusView {
        StatusView::new(&status.current, &status.message, since)
    }

    fn with_version(self) -> StatusView {
        StatusView { version: Some(VERSION), ..self }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct BaseView {
    pub(super) name: String,
    pub(super) channel: String,
}

impl BaseView {
    /// Of `ubuntu@24.04`, which is also what there is without one.
    pub(super) fn of(base: &str) -> BaseView {
        let (name, channel) = base.split_once('@').unwrap_or(("ubuntu", "24.04"));
        BaseView { name: name.to_owned(), channel: channel.trim_end_matches("/stable").to_owned() }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct MachineView {
    pub(super) juju_status: StatusView,
    pub(super) hostname: String,
    pub(super) dns_name: String,
    pub(super) ip_addresses: Vec<String>,
    pub(super) instance_id: String,
    pub(super) machine_status: StatusView,
    pub(super) modification_status: StatusView,
    pub(super) base: BaseView,
    pub(super) network_interfaces: BTreeMap<String, InterfaceView>,
    pub(super) hardware: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct InterfaceView {
    ip_addresses: Vec<String>,
    mac_address: String,
    is_up: bool,
    space: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AppView {
    pub(super) charm: String,
    pub(super) base: BaseView,
    pub(super) charm_origin: &'static str,
    pub(super) charm_name: String,
    pub(super) charm_rev: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) charm_version: String,
    pub(super) exposed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) life: Option<&'static str>,
    pub(super) application_status: StatusView,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) relations: BTreeMap<String, Vec<RelatedView>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subordinate_to: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) units: BTreeMap<String, UnitView>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) version: String,
    pub(super) endpoint_bindings: BTreeMap<String, String>,
    /// How many units there are, those of a subordinate too.
    #[serde(skip)]
    pub(super) scale: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RelatedView {
    related_application: String,
    interface: String,
    scope: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UnitView {
    pub(super) workload_status: StatusView,
    pub(super) juju_status: StatusView,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) leader: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upgrading_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machine: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) open_ports: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) public_address: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) subordinates: BTreeMap<String, UnitView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SaasView {
    pub(super) url: String,
    pub(super) endpoints: BTreeMap<String, EndpointView>,
    pub(super) application_status: StatusView,
    pub(super) relations: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct OfferView {
    pub(super) application: String,
    pub(super) charm: String,
    pub(super) total_connected_count: usize,
    pub(super) active_connected_count: usize,
    pub(super) endpoints: BTreeMap<String, EndpointView>,
}

#[derive(Debug, Serialize)]
pub(super) struct EndpointView {
    pub(super) interface: String,
    pub(super) role: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct StorageSection {
    pub(super) storage: BTreeMap<String, StorageView>,
}

#[derive(Debug, Serialize)]
pub(super) struct StorageView {
    pub(super) kind: String,
    pub(super) life: &'static str,
    pub(super) status: StatusView,
    pub(super) persistent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attachments: Option<AttachmentsView>,
}

#[derive(Debug, Serialize)]
pub(super) struct AttachmentsView {
    pub(super) units: BTreeMap<String, AttachmentView>,
}

#[derive(Debug, Serialize)]
pub(super) struct AttachmentView {
    pub(super) life: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) location: String,
    pub(super) machine: String,
}

/// A line of the table of relations.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RelationRow {
    pub(super) provider: String,
    pub(super) requirer: String,
    pub(super) interface: String,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

/// What a role is called.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Provides => "provider",
        Role::Requires => "requirer",
        Role::Peer => "peer",
    }
}

pub(super) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "global",
        Scope::Container => "container",
    }
}

pub(super) fn life(dying: bool) -> &'static str {
    if dying { "dying" } else { "alive" }
}

/// The name of a charm's revision, as Juju has it for one that is local.
pub(super) fn charm_url(session: &Session, app: &str) -> String {
    let name = session.world.model().application(app).map(|it| it.charm().name().to_owned()).unwrap_or_default();
    let revision = session.app(app).charms.last().map_or(0, |charm| charm.revision);
    format!("local:{name}-{revision}")
}

/// Of the address that others reach a unit by.
pub(super) fn public_address(unit: &Unit) -> String {
    unit.public_address.clone().unwrap_or_default()
}

impl View {
    pub(super) fn of(session: &Session) -> View {
        let model = session.world.model();
        let now = model.seconds();
        // Those of other models have sections of their own.
        let apps = model.applications.iter().filter(|(_, app)| !app.played);
        let machines = machines::all(session);
        View {
            model: ModelView {
                name: model.name().to_owned(),
                r#type: "iaas",
                controller: CONTROLLER,
                cloud: CLOUD,
                region: REGION,
                version: VERSION,
                model_status: StatusView::new("available", "", 0),
                sla: "unsupported",
            },
            machines: machines.into_iter().map(|it| (it.to_string(), machine(session, &model, it))).collect(),
            applications: apps.map(|(name, app)| (name.clone(), application(session, &model, name, app))).collect(),
            saas: super::offers::saas_views(session),
            offers: super::offers::offer_views(session),
            storage: Some(StorageSection { storage: storage(session) }),
            controller: ControllerView { timestamp: time::clock(now) },
            relations: relations(&model),
        }
    }
}

fn machine(session: &Session, model: &Model, number: u32) -> MachineView {
    let mut units = model.units.iter().filter(|(_, unit)| unit.machine == number);
    let network = crate::command::Network::of_machine(number);
    let (address, base) = match units.next() {
        Some((_, unit)) => (public_address(unit), session.app(&unit.app).base),
        None => (network.ingress_addresses.first().cloned().unwrap_or_default(), String::new()),
    };
    let down = model.units.values().any(|unit| unit.machine == number && unit.down_since.is_some());
    let mac = format!("52:54:00:{:02x}:{:02x}:{:02x}", (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff);
    let interface = InterfaceView { ip_addresses: vec![address.clone()], mac_address: mac, is_up: true, space: ALPHA };
    let id = format!("juju-{}-{number}", &model.uuid()[model.uuid().len().saturating_sub(6)..]);
    MachineView {
        juju_status: StatusView::new(if down { "down" } else { "started" }, "", 0).with_version(),
        hostname: id.clone(),
        dns_name: address.clone(),
        ip_addresses: vec![address],
        instance_id: id,
        machine_status: StatusView::new("running", "Running", 0),
        modification_status: StatusView::new("applied", "", 0),
        base: BaseView::of(&base),
        network_interfaces: BTreeMap::from([("eth0".to_owned(), interface)]),
        hardware: "arch=amd64",
    }
}

fn application(session: &Session, model: &Model, name: &str, app: &Application) -> AppView {
    let record = session.app(name);
    let newest = record.charms.last();
    let units = model.units_of(name);
    let own = |unit: &&String| model.units.get(*unit).is_some_and(|unit| unit.principal.is_none());
    let since = match app.status {
        Some(_) => app.since,
        None => units.iter().filter_map(|unit| model.units.get(unit)).map(|unit| unit.since).max().unwrap_or_default(),
    };
    let mut related: BTreeMap<String, Vec<RelatedView>> = BTreeMap::new();
    let mut principals = Vec::new();
    for relation in model.relations.values() {
        let (Some(own), Some(remote)) = (relation.own(name), relation.remote(name)) else { continue };
        let (interface, scope) = (relation.interface.clone(), scope(relation.scope));
        let view = RelatedView { related_application: remote.app.clone(), interface, scope };
        related.entry(own.endpoint.clone()).or_default().push(view);
        if app.charm().is_subordinate() && relation.scope == Scope::Container && !relation.is_peer() {
            principals.push(remote.app.clone());
        }
    }
    principals.sort();
    principals.dedup();
    AppView {
        charm: charm_url(session, name),
        base: BaseView::of(&record.base),
        charm_origin: "local",
        charm_name: app.charm().name().to_owned(),
        charm_rev: newest.map_or(0, |charm| charm.revision),
        charm_version: newest.map(|charm| charm.version.clone()).unwrap_or_default(),
        exposed: record.exposed,
        life: (app.life == Life::Dying).then_some("dying"),
        application_status: StatusView::of(&model.derived_app_status(name), since),
        relations: related,
        subordinate_to: principals,
        units: units.iter().filter(own).map(|it| (it.clone(), unit(session, model, it))).collect(),
        version: app.version.clone(),
        endpoint_bindings: bindings(app),
        scale: units.len(),
    }
}

/// The spaces of all that can be bound, and the default under an empty name.
pub(super) fn bindings(app: &Application) -> BTreeMap<String, String> {
    let default = app.bindings.get("").map_or(ALPHA, String::as_str);
    let charm = app.charm();
    let names = charm.endpoints().map(|endpoint| endpoint.name.as_str()).chain(charm.extra_bindings());
    let space = |name: &str| app.bindings.get(name).map_or(default, String::as_str).to_owned();
    names.chain([""]).map(|name| (name.to_owned(), space(name))).collect()
}

fn unit(session: &Session, model: &Model, name: &str) -> UnitView {
    let Some(unit) = model.units.get(name) else {
        let gone = StatusView::new("unknown", "", 0);
        return UnitView {
            workload_status: gone.clone(),
            juju_status: gone,
            leader: false,
            upgrading_from: None,
            machine: None,
            open_ports: Vec::new(),
            public_address: String::new(),
            subordinates: BTreeMap::new(),
        };
    };
    let status = model.status(name).unwrap_or_else(|| unit.status.clone());
    let under = model.units.iter().filter(|(_, other)| other.principal.as_deref() == Some(name));
    let record = session.app(&unit.app);
    let old = record.charms.get(unit.agent.revision).filter(|_| unit.agent.revision + 1 < record.charms.len());
    let charm = model.charm_of(unit).name();
    UnitView {
        workload_status: StatusView::of(&status, unit.since),
        juju_status: StatusView::new(model.agent_status(name), "", unit.since).with_version(),
        leader: model.leader(&unit.app) == Some(name),
        upgrading_from: old.map(|old| format!("local:{charm}-{}", old.revision)),
        machine: unit.principal.is_none().then(|| unit.machine.to_string()),
        open_ports: ports(unit),
        public_address: public_address(unit),
        subordinates: under.map(|(name, _)| (name.clone(), self::unit(session, model, name))).collect(),
    }
}

/// The open ports of a unit, each once.
pub(super) fn ports(unit: &Unit) -> Vec<String> {
    let mut ports: Vec<_> = unit.ports.iter().map(|port| port.range.to_string()).collect();
    ports.sort();
    ports.dedup();
    ports
}

/// The storage that there is, by id.
pub(super) fn storage(session: &Session) -> BTreeMap<String, StorageView> {
    let model = session.world.model();
    let view = |(id, it): (&String, &crate::model::Storage)| {
        let unit = it.unit.as_ref().and_then(|name| Some((name, model.units.get(name)?)));
        let attached = unit.is_some_and(|(_, unit)| unit.agent.attached.contains(id));
        let current = if attached {
            "attached"
        } else if it.unit.is_some() {
            "attaching"
        } else {
            "detached"
        };
        let attachment = |(name, unit): (&String, &Unit)| {
            let location = it.location.clone().unwrap_or_default();
            let machine = unit.machine.to_string();
            (name.clone(), AttachmentView { life: life(it.detaching), location, machine })
        };
        let attachments = unit.map(|unit| AttachmentsView { units: [attachment(unit)].into() });
        let kind = it.kind.to_string();
        let status = StatusView::new(current, "", 0);
        (id.clone(), StorageView { kind, life: life(it.detaching), status, persistent: false, attachments })
    };
    model.storage.iter().map(view).collect()
}

fn relations(model: &Model) -> Vec<RelationRow> {
    let row = |relation: &crate::model::Relation| {
        let end = |side: &crate::model::Side| format!("{}:{}", side.app, side.endpoint);
        let (requirer, provider) = match relation.sides.as_slice() {
            [requirer, provider] => (end(requirer), end(provider)),
            sides => sides.first().map(|side| (end(side), end(side))).unwrap_or_default(),
        };
        let kind = match (relation.is_peer(), relation.scope) {
            (true, _) => "peer",
            (false, Scope::Container) => "subordinate",
            (false, Scope::Global) => "regular",
        };
        let message = match (relation.life, relation.suspended) {
            (Life::Dying, _) => "dying",
            (_, true) => "suspended",
            _ => "",
        };
        RelationRow { provider, requirer, interface: relation.interface.clone(), kind, message: message.to_owned() }
    };
    // The offering model does not show who consumes.
    let is_remote = |side: &crate::model::Side| side.app.starts_with("remote-") && is_played(model, &side.app);
    let shown = model.relations.values().filter(|relation| !relation.sides.iter().any(is_remote));
    let mut rows: Vec<RelationRow> = shown.map(row).collect();
    rows.sort();
    rows
}

/// Whether an application is one of another model.
fn is_played(model: &Model, app: &str) -> bool {
    model.applications.get(app).is_some_and(|app| app.played)
}

/// A JSON value as it is shown in a table.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
