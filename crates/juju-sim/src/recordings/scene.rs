//! The model of a record's world.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::record::{self, Record};
use crate::charm::Charm;
use crate::command::{
    Address, CloudCredential, CloudSpec, GoalState, GoalStatus, Interface, Network, PortRange, Protocol, RotatePolicy,
    SecretContent, StorageKind,
};
use crate::model::{
    ActionWork, Application, Bag, Consumer, Grant, Hook, Life, Model, NewUnit, OpenPort, Operation, Owner, Relation,
    RelationHook, RelationKind, RelationState, Running, Secret, Side, Status, Storage, StorageHook, StorageHookKind,
    Subject, Work,
};

/// A model in which the record's hook or action is running.
pub(super) fn scene(record: &Record) -> (Model, Running) {
    let model = model(&record.world);
    let running = running(&model, &record.world);
    (model, running)
}

/// The model of a record's world, with the unit at rest.
pub(super) fn model(world: &record::World) -> Model {
    let app = application_of(&world.unit).to_owned();
    let mut model = Model::new(0);
    if let Some(name) = &world.model_name {
        model.name.clone_from(name);
    }
    if let Some(uuid) = &world.model_uuid {
        model.uuid.clone_from(uuid);
    }
    model.given_secret_ids.clone_from(&world.next_secret_ids);
    let mut application = Application::new(charm(world, &app));
    application.config = world.config.iter().filter(|(_, value)| !value.is_null()).map(own).collect();
    application.leader = Some(if world.leader { world.unit.clone() } else { format!("{app}/leads") });
    application.leader_settings.settings = world.leader_settings.clone().into();
    application.status = world.app_status.as_ref().map(status);
    application.cloud_spec = world.cloud_spec.as_ref().map(cloud_spec);
    application.resources = world.resources.iter().map(|it| resource(world, it)).collect();
    model.applications.insert(app.clone(), application);
    add_unit(&mut model, &world.unit, world);
    for (name, status_of) in &world.unit_statuses {
        if *name != world.unit {
            add_played(&mut model, name);
        }
        if let Ok(unit) = model.unit_mut(name) {
            unit.status = status(status_of);
        }
    }
    for relation in &world.relations {
        add_relation(&mut model, world, &app, relation);
    }
    for port in &world.ports {
        if port.unit != world.unit {
            add_played(&mut model, &port.unit);
        }
        let protocol = match port.protocol.as_str() {
            "icmp" => Protocol::Icmp,
            "udp" => Protocol::Udp,
            _ => Protocol::Tcp,
        };
        let range = PortRange { protocol, from: port.from, to: port.to };
        let machine = model.units[&world.unit].machine;
        if let Ok(unit) = model.unit_mut(&port.unit) {
            unit.machine = machine;
            unit.ports.insert(OpenPort { range, endpoint: port.endpoint.clone() });
        }
    }
    for (index, storage) in world.storage.iter().enumerate() {
        let kind = if storage.kind == "block" { StorageKind::Block } else { StorageKind::Filesystem };
        let instance = Storage {
            name: storage.id.split('/').next().unwrap_or_default().to_owned(),
            number: u32::try_from(index).unwrap_or_default(),
            kind,
            location: storage.provisioned.then(|| storage.location.clone()),
            unit: Some(world.unit.clone()),
            detaching: false,
        };
        model.storage.insert(storage.id.clone(), instance);
    }
    for secret in &world.secrets {
        model.secrets.insert(secret.id.clone(), stored_secret(secret, &world.unit));
    }
    model
}

pub(super) fn running(model: &Model, world: &record::World) -> Running {
    let app = application_of(&world.unit);
    let work = match (&world.action, &world.exec, &world.hook) {
        (Some(action), ..) => Work::Action(ActionWork::new(
            &action.name,
            action.id.parse().unwrap_or_default(),
            action.params.clone().unwrap_or_default(),
        )),
        (None, Some(exec), _) => {
            let relation = exec.relation_id.and_then(|id| Some((id, model.relations.get(&id)?)));
            Work::Exec(relation.map(|(id, relation)| RelationHook {
                remote_unit: exec.remote_unit.clone(),
                ..relation.hook(id, RelationKind::Changed, app)
            }))
        }
        (None, None, Some(hook)) => Work::Hook(self::hook(model, app, hook)),
        (None, None, None) => Work::Hook(Hook::UpdateStatus),
    };
    let unit = &model.units[&world.unit];
    let mut running =
        Running::new(&world.unit, "context".to_owned(), work, unit, unit.agent.configured.clone().unwrap());
    running.has_process = false;
    running.goal_state = Some(goal_state(world.goal_state.as_ref()));
    for (call, error) in &world.errors {
        running.refusals.insert(call.clone(), error.message.clone());
    }
    running
}

pub(super) fn hook(model: &Model, app: &str, hook: &record::Hook) -> Hook {
    let relation = |kind| {
        let id = hook.relation_id.unwrap_or_default();
        let relation = &model.relations[&id];
        Hook::Relation(RelationHook {
            remote_unit: hook.remote_unit.clone(),
            departing: hook.departing_unit.clone(),
            ..relation.hook(id, kind, app)
        })
    };
    match hook.kind.as_str() {
        "config-changed" => Hook::ConfigChanged,
        "update-status" => Hook::UpdateStatus,
        "install" => Hook::Install,
        "start" => Hook::Start,
        "relation-created" => relation(RelationKind::Created),
        "relation-joined" => relation(RelationKind::Joined),
        "relation-changed" => relation(RelationKind::Changed),
        "relation-departed" => relation(RelationKind::Departed),
        "relation-broken" => relation(RelationKind::Broken),
        "storage-attached" => {
            let id = hook.storage_id.clone().unwrap_or_default();
            let name = id.split('/').next().unwrap_or_default().to_owned();
            Hook::Storage(StorageHook { kind: StorageHookKind::Attached, name, id })
        }
        other => panic!("the replay knows no hook {other:?}"),
    }
}

fn application_of(unit: &str) -> &str {
    unit.split('/').next().unwrap_or_default()
}

fn own<T: Clone>((key, value): (&String, &T)) -> (String, T) {
    (key.clone(), value.clone())
}

fn status(status: &record::Status) -> Status {
    Status { data: status.data.clone(), ..Status::new(&status.status, &status.message) }
}

/// A charm that declares what the world has.
fn charm(world: &record::World, app: &str) -> Charm {
    let mut metadata = json!({"name": app, "summary": "s", "description": "d"});
    for relation in &world.relations {
        let section = match relation.role.as_str() {
            "peer" => "peers",
            "provider" => "provides",
            _ => "requires",
        };
        metadata[section][&relation.endpoint] = json!({"interface": relation.interface});
    }
    for storage in &world.storage {
        let name = storage.id.split('/').next().unwrap_or_default();
        metadata["storage"][name] = json!({"type": storage.kind, "multiple": {"range": "0-"}});
    }
    for name in world.resources.keys().filter(|name| !name.contains('%')) {
        let kind = world.resource_types.get(name).map_or("file", String::as_str);
        metadata["resources"][name] = json!({"type": kind, "filename": format!("{name}.bin"), "description": "d"});
    }
    let options: Map<String, Value> = world.config.iter().map(|(key, value)| (key.clone(), option(value))).collect();
    let config = json!({"options": options}).to_string();
    Charm::parse(&metadata.to_string(), Some(&config), Some("act: {description: d}")).unwrap()
}

fn option(value: &Value) -> Value {
    let kind = match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "int",
        Value::Number(_) => "float",
        Value::String(text) if text.starts_with("secret:") => "secret",
        _ => "string",
    };
    json!({"type": kind, "description": "d"})
}

fn resource(world: &record::World, (name, content): (&String, &String)) -> (String, Vec<u8>) {
    let image = world.resource_types.get(name).is_some_and(|kind| kind == "oci-image");
    let text = if image {
        // The controller's JSON; the agent writes YAML.
        let image: Value = serde_json::from_str(content).unwrap_or_default();
        let part = |key: &str| image[key].as_str().unwrap_or_default().to_owned();
        format!("registrypath: {}\nusername: {}\npassword: {}\n", part("ImageName"), part("Username"), part("Password"))
    } else {
        content.clone()
    };
    (name.clone(), text.into_bytes())
}

fn add_unit(model: &mut Model, name: &str, world: &record::World) {
    let app = application_of(name).to_owned();
    add_played(model, name);
    let configured = model.configured_as_is(name).unwrap();
    let config = model.applications[&app].leader.as_deref() == Some(name);
    let unit = model.unit_mut(name).unwrap();
    unit.played = false;
    unit.state = world.state.clone();
    unit.private_address = world.private_address.clone();
    unit.public_address = world.public_address.clone();
    unit.network = Network::none();
    for (binding, network) in &world.networks {
        let network = self::network(network);
        if binding.is_empty() {
            unit.network = network;
        } else {
            unit.networks.insert(binding.clone(), network);
        }
    }
    if let Some(known) = &world.status {
        unit.status = status(known);
    }
    let agent = &mut unit.agent;
    agent.installed = true;
    agent.started = true;
    agent.leader = config;
    agent.configured = Some(configured);
    agent.operation = Operation::Idle;
    agent.memory.leader_settings = Some(0);
}

/// Adds a unit that has no code.
fn add_played(model: &mut Model, name: &str) {
    if model.units.contains_key(name) {
        return;
    }
    let app = application_of(name);
    if !model.applications.contains_key(app) {
        let charm = Charm::parse(&format!("name: {app}"), None, None).unwrap();
        model.applications.insert(app.to_owned(), Application::new(charm));
    }
    let leader = model.applications[app].leader.clone();
    let made = model.add_unit(app, NewUnit { played: true, ..NewUnit::default() }).unwrap();
    // The record says which number it has.
    let mut unit = model.units.remove(&made).unwrap();
    unit.number = name.split('/').nth(1).and_then(|number| number.parse().ok()).unwrap_or_default();
    model.units.insert(name.to_owned(), unit);
    if let Some(application) = model.applications.get_mut(app) {
        application.leader = leader.or(Some(name.to_owned()));
    }
}

fn add_relation(model: &mut Model, world: &record::World, app: &str, record: &record::Relation) {
    let peer = record.role == "peer";
    let role = |name: &str| match name {
        "peer" => crate::charm::Role::Peer,
        "provider" => crate::charm::Role::Provides,
        _ => crate::charm::Role::Requires,
    };
    let mut own = Side::new(app, &record.endpoint, role(&record.role));
    let other_role = if record.role == "provider" { "requirer" } else { "provider" };
    let ends = record.key.split(' ').filter_map(|end| end.split_once(':'));
    let other_endpoint = ends.filter(|(name, _)| *name == record.remote_app).map(|(_, endpoint)| endpoint).next_back();
    let mut other = Side::new(&record.remote_app, other_endpoint.unwrap_or_default(), role(other_role));
    for (owner, settings) in &record.bags {
        let bag = Bag { settings: settings.clone().into(), version: 1 };
        let of = application_of(owner);
        let side = if of == app { &mut own } else { &mut other };
        if owner == of {
            side.app_bag = bag;
        } else {
            side.unit_bags.insert(owner.clone(), bag);
        }
    }
    own.entered.insert(world.unit.clone());
    own.in_scope.insert(world.unit.clone(), world.unit.clone());
    let mut state = RelationState { app_version: 1, ..RelationState::default() };
    for member in &record.members {
        let side = if application_of(member) == app { &mut own } else { &mut other };
        side.in_scope.insert(member.clone(), member.clone());
        state.members.insert(member.clone(), 1);
    }
    let dead = record.life.as_deref() == Some("dead");
    let alive = record.life.as_deref().is_none_or(|life| life == "alive");
    let sides = match (peer, record.role.as_str()) {
        (true, _) => vec![own],
        (false, "provider") => vec![other, own],
        (false, _) => vec![own, other],
    };
    let relation = Relation {
        sides,
        interface: record.interface.clone(),
        scope: crate::charm::Scope::Global,
        life: if alive { Life::Alive } else { Life::Dying },
        suspended: record.suspended,
        remote_model: record.remote_model_uuid.clone(),
    };
    // A dead relation is gone.
    if dead {
        return;
    }
    model.relations.insert(record.id, relation);
    if let Ok(unit) = model.unit_mut(&world.unit) {
        unit.agent.relations.insert(record.id, state);
        unit.agent.memory.known.insert(record.id);
        unit.agent.memory.created.insert(record.id);
    }
}

fn network(value: &Value) -> Network {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let texts = |key: &str| list(key).iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    let address =
        |it: &Value| Address { hostname: text(it, "hostname"), value: text(it, "value"), cidr: text(it, "cidr") };
    let interface = |it: &Value| Interface {
        name: text(it, "interface-name"),
        mac_address: text(it, "mac-address"),
        addresses: it["addresses"].as_array().into_iter().flatten().map(address).collect(),
    };
    Network {
        interfaces: list("bind-addresses").iter().map(interface).collect(),
        egress_subnets: texts("egress-subnets"),
        ingress_addresses: texts("ingress-addresses"),
    }
}

fn cloud_spec(value: &Value) -> CloudSpec {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let credential = value.get("credential").map(|it| CloudCredential {
        auth_type: it["auth-type"].as_str().unwrap_or_default().to_owned(),
        attributes: serde_json::from_value(it["attrs"].clone()).unwrap_or_default(),
        redacted: serde_json::from_value(it["redacted"].clone()).unwrap_or_default(),
    });
    CloudSpec {
        kind: text("type"),
        name: text("name"),
        region: text("region"),
        endpoint: text("endpoint"),
        identity_endpoint: text("identity-endpoint"),
        storage_endpoint: text("storage-endpoint"),
        credential,
        ca_certificates: serde_json::from_value(value["cacertificates"].clone()).unwrap_or_default(),
        skip_tls_verify: value["skip-tls-verify"].as_bool().unwrap_or_default(),
        is_controller_cloud: value["is-controller-cloud"].as_bool().unwrap_or_default(),
    }
}

fn goal_state(record: Option<&record::GoalState>) -> GoalState {
    let of = |map: &BTreeMap<String, record::Status>| {
        let status = |(name, it): (&String, &record::Status)| {
            let since = it.since.as_ref().map(|text| text.parse::<jiff::Timestamp>().unwrap());
            let since = since.and_then(|at| u64::try_from(at.as_second()).ok());
            (name.clone(), GoalStatus { status: it.status.clone(), since })
        };
        map.iter().map(status).collect()
    };
    let Some(record) = record else { return GoalState::default() };
    let relations = record.relations.iter().map(|(endpoint, map)| (endpoint.clone(), of(map)));
    GoalState { units: of(&record.units), relations: relations.collect() }
}

fn stored_secret(secret: &record::Secret, unit: &str) -> Secret {
    let owner = match secret.owner.split_once(':') {
        Some(("unit", name)) => Owner::Unit(name.to_owned()),
        Some((_, name)) => Owner::Application(name.to_owned()),
        None => Owner::Model,
    };
    let seconds = |text: &Option<String>| {
        text.as_ref().map(|text| {
            let at: jiff::Timestamp = text.parse().unwrap();
            u64::try_from(at.as_second()).unwrap_or_default()
        })
    };
    let revisions: BTreeMap<u64, SecretContent> = (secret.revision + 1 - secret.contents.len() as u64..)
        .zip(&secret.contents)
        .map(|(revision, content)| (revision, SecretContent(content.clone())))
        .collect();
    let mut grants: Vec<Grant> = secret.access.iter().map(grant).collect();
    if secret.can_view {
        grants.push(Grant {
            subject: Subject::Unit(unit.to_owned()),
            relation: None,
            scope: "of the record".to_owned(),
        });
    }
    let mut stored = Secret::new(owner, SecretContent::default(), Default::default(), 0);
    // Access that is only there so that the unit may read is not shown.
    if matches!(&stored.owner, Owner::Application(app) if app == application_of(unit))
        || matches!(stored.owner, Owner::Unit(_))
    {
        grants.retain(|grant| grant.scope != "of the record");
    }
    stored.label.clone_from(&secret.label);
    stored.description.clone_from(&secret.description);
    stored.rotate = secret.rotate.as_ref().map(|text| text.parse::<RotatePolicy>().unwrap());
    stored.next_rotate = seconds(&secret.next_rotate);
    stored.expire = seconds(&secret.expire);
    stored.latest = secret.revision;
    stored.revisions = revisions;
    stored.grants = grants;
    if secret.tracked > 0 || !secret.consumer_label.is_empty() {
        let consumer = Consumer { tracked: secret.tracked, label: secret.consumer_label.clone() };
        stored.consumers.insert(unit.to_owned(), consumer);
    }
    stored
}

fn grant(access: &record::Access) -> Grant {
    let subject = match access.target.split_once('-') {
        Some(("unit", rest)) => {
            let (app, number) = rest.rsplit_once('-').unwrap_or((rest, "0"));
            Subject::Unit(format!("{app}/{number}"))
        }
        _ => Subject::Application(access.target.trim_start_matches("application-").to_owned()),
    };
    Grant { subject, relation: None, scope: access.scope.clone() }
}
