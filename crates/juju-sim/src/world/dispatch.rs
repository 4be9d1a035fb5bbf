use serde_json::Value;

use super::World;
use super::relation::{Named, RelationName};
use crate::SimError;
use crate::command::{PortRange, Settings};
use crate::model::{
    Hook, Life, Model, Operation, RelationHook, RelationKind, SecretHook, SecretHookKind, StorageHook, StorageHookKind,
    Unit,
};
use crate::run::HookRun;

/// A hook for [`World::run_hook`].
///
/// ```
/// # use juju_sim::{Charm, On, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// juju.settle_without_running()?;
/// let db = juju.play("pg", "web:db")?;
/// let run = juju.run_hook("web/0", On::relation_created(db))?;
/// assert_eq!(run.hook, "db-relation-created");
/// // What Juju could not run now is refused, with the reason.
/// let refused = juju.run_hook("web/0", On::relation_changed(db, "pg/0")).unwrap_err();
/// assert_eq!(refused.to_string(), "run db-relation-changed on web/0: pg/0 has not joined");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On(Which);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    Plain(Hook),
    Relation { kind: RelationKind, relation: RelationName, remote: Option<String> },
    Storage(StorageHookKind, String),
    Secret(SecretHookKind, String),
}

impl On {
    /// `install`.
    pub fn install() -> On {
        On(Which::Plain(Hook::Install))
    }

    /// `leader-elected`.
    pub fn leader_elected() -> On {
        On(Which::Plain(Hook::LeaderElected))
    }

    /// `leader-settings-changed`.
    pub fn leader_settings_changed() -> On {
        On(Which::Plain(Hook::LeaderSettingsChanged))
    }

    /// `config-changed`.
    pub fn config_changed() -> On {
        On(Which::Plain(Hook::ConfigChanged))
    }

    /// `start`.
    pub fn start() -> On {
        On(Which::Plain(Hook::Start))
    }

    /// `upgrade-charm`.
    pub fn upgrade_charm() -> On {
        On(Which::Plain(Hook::UpgradeCharm))
    }

    /// `update-status`.
    pub fn update_status() -> On {
        On(Which::Plain(Hook::UpdateStatus))
    }

    /// `stop`.
    pub fn stop() -> On {
        On(Which::Plain(Hook::Stop))
    }

    /// `remove`.
    pub fn remove() -> On {
        On(Which::Plain(Hook::Remove))
    }

    fn relation(kind: RelationKind, relation: impl Into<RelationName>, remote: Option<&str>) -> On {
        On(Which::Relation { kind, relation: relation.into(), remote: remote.map(str::to_owned) })
    }

    /// `relation-created` of a relation.
    pub fn relation_created(relation: impl Into<RelationName>) -> On {
        On::relation(RelationKind::Created, relation, None)
    }

    /// `relation-joined` for a unit.
    pub fn relation_joined(relation: impl Into<RelationName>, unit: &str) -> On {
        On::relation(RelationKind::Joined, relation, Some(unit))
    }

    /// `relation-changed` for a unit.
    pub fn relation_changed(relation: impl Into<RelationName>, unit: &str) -> On {
        On::relation(RelationKind::Changed, relation, Some(unit))
    }

    /// `relation-changed` for the application at the other side.
    pub fn relation_app_changed(relation: impl Into<RelationName>) -> On {
        On::relation(RelationKind::Changed, relation, None)
    }

    /// `relation-departed` for a unit.
    pub fn relation_departed(relation: impl Into<RelationName>, unit: &str) -> On {
        On::relation(RelationKind::Departed, relation, Some(unit))
    }

    /// `relation-broken` of a relation.
    pub fn relation_broken(relation: impl Into<RelationName>) -> On {
        On::relation(RelationKind::Broken, relation, None)
    }

    /// `storage-attached` of an instance such as `data/0`.
    pub fn storage_attached(id: &str) -> On {
        On(Which::Storage(StorageHookKind::Attached, id.to_owned()))
    }

    /// `storage-detaching` of an instance such as `data/0`.
    pub fn storage_detaching(id: &str) -> On {
        On(Which::Storage(StorageHookKind::Detaching, id.to_owned()))
    }

    /// `secret-changed` for a secret that the unit reads.
    pub fn secret_changed(uri: &str) -> On {
        On(Which::Secret(SecretHookKind::Changed, uri.to_owned()))
    }

    /// `secret-rotate` for a secret that the unit owns.
    pub fn secret_rotate(uri: &str) -> On {
        On(Which::Secret(SecretHookKind::Rotate, uri.to_owned()))
    }

    /// `secret-expired` for a secret that the unit owns.
    pub fn secret_expired(uri: &str) -> On {
        On(Which::Secret(SecretHookKind::Expired, uri.to_owned()))
    }

    /// `secret-remove` for a secret that the unit owns, some revision of which nobody reads any more.
    pub fn secret_remove(uri: &str) -> On {
        On(Which::Secret(SecretHookKind::Remove, uri.to_owned()))
    }
}

/// One chosen dispatch on a chosen state.
///
/// ```
/// # use juju_sim::{Charm, On, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("{name: m, peers: {m: {interface: m}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("m", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["leader-get", "colour"], None).code)
/// # }))?;
/// juju.settle_without_running()?; // m/0 is at rest, and none of its code has run
/// juju.set_leader_settings("m", &[("colour", "blue")])?;
/// juju.set_open_port("m/0", "", "80/tcp".parse().expect("it is a port"))?;
/// let run = juju.run_hook("m/0", On::config_changed())?;
/// assert_eq!(run.commands().map(|it| it.stdout.as_str()).collect::<Vec<_>>(), ["blue\n"]);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
impl World {
    /// Runs one hook on a unit, whether or not it is due: from any state, built by verbs and
    /// [`settle_without_running`](World::settle_without_running) or come to by running.
    ///
    /// A hook that fails is an `Ok` with that [`fate`](HookRun::fate).
    ///
    /// # Errors
    /// Juju could not run this hook on this unit in this state; why.
    pub fn run_hook(&mut self, unit: &str, on: On) -> Result<&HookRun, SimError> {
        self.change(Model::observe);
        let hook = self.resolve_hook(unit, on)?;
        let refused = self.model().refuses(unit, &hook);
        if let Some(why) = refused {
            return Err(SimError::Hook { unit: unit.to_owned(), hook: hook.to_string(), why });
        }
        self.run(unit, hook)
    }

    fn resolve_hook(&self, unit: &str, on: On) -> Result<Hook, SimError> {
        let model = self.model();
        let app = model.unit(unit)?.app.clone();
        match on.0 {
            Which::Plain(hook) => Ok(hook),
            Which::Relation { kind, relation, remote } => {
                let id = match relation.0 {
                    Named::Endpoint(endpoint) if !endpoint.contains(':') => {
                        self.relation(&format!("{app}:{endpoint}"))?
                    }
                    named => self.find(RelationName(named))?,
                };
                let relation = model.relation(id.0)?;
                if relation.own(&app).is_none() {
                    let why = format!("{app} is not in relation {:?}", relation.key());
                    return Err(SimError::Hook { unit: unit.to_owned(), hook: format!("relation-{kind}"), why });
                }
                let version = match &remote {
                    Some(unit) => relation.remote(&app).and_then(|side| side.unit_bags.get(unit)).map(|it| it.version),
                    None => relation.remote(&app).map(|side| side.app_bag.version),
                };
                let departing = (kind == RelationKind::Departed).then(|| model.departing(unit, remote.as_deref()));
                let hook = relation.hook(id.0, kind, &app);
                let version = version.unwrap_or_default();
                Ok(Hook::Relation(RelationHook { remote_unit: remote, version, departing, ..hook }))
            }
            Which::Storage(kind, id) => {
                let name = id.split('/').next().unwrap_or_default().to_owned();
                Ok(Hook::Storage(StorageHook { kind, name, id }))
            }
            Which::Secret(kind, uri) => {
                let id = super::secret::id(&uri).to_owned();
                let secret = model.secrets.get(&id).ok_or_else(|| SimError::NoSecret(uri.clone()))?;
                let (label, revision) = match kind {
                    SecretHookKind::Changed => {
                        (secret.consumers.get(unit).map(|it| it.label.clone()).unwrap_or_default(), secret.latest)
                    }
                    SecretHookKind::Remove => (secret.label.clone(), secret.obsolete().next().unwrap_or(secret.latest)),
                    SecretHookKind::Rotate | SecretHookKind::Expired => (secret.label.clone(), secret.latest),
                };
                Ok(Hook::Secret(SecretHook { kind, id, label, revision }))
            }
        }
    }

    /// Runs an action as the only thing that is to happen: hooks that Juju would run first are an error.
    ///
    /// # Errors
    /// As [`run_action`](World::run_action), or hooks come first.
    pub fn run_action_only(&mut self, unit: &str, name: &str, params: Value) -> Result<crate::ActionResult, SimError> {
        self.change(Model::observe);
        if self.model().actions_wait(unit) {
            let why = "hooks come before it".to_owned();
            return Err(SimError::Action { unit: unit.to_owned(), name: name.to_owned(), why });
        }
        self.run_action(unit, name, params)
    }

    /// Opens a port of a unit without its charm: for a state to start from.
    ///
    /// # Errors
    /// There is no such unit, its charm has no such endpoint, or the range is none that `open-port` takes.
    pub fn set_open_port(&mut self, unit: &str, endpoint: &str, range: PortRange) -> Result<(), SimError> {
        let refuse = |why| Err(SimError::Unit { act: "open a port of", unit: unit.to_owned(), why });
        if range.to_string().parse::<PortRange>().as_ref() != Ok(&range) {
            return refuse("it is no range of ports");
        }
        self.change(|model| {
            if !endpoint.is_empty() && !model.charm_of(model.unit(unit)?).has_endpoint(endpoint) {
                return refuse("its charm has no such endpoint");
            }
            let endpoint = endpoint.to_owned();
            model.unit_mut(unit)?.ports.insert(crate::model::OpenPort { range, endpoint });
            Ok(())
        })
    }

    /// Sets what an application's leader has set, without its charm: for a state to start from.
    ///
    /// # Errors
    /// There is no such application.
    pub fn set_leader_settings(&mut self, app: &str, pairs: &[(&str, &str)]) -> Result<(), SimError> {
        let changes: Settings = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.change(|model| {
            model.application_mut(app)?.leader_settings.write(&changes);
            model.wake_all();
            Ok(())
        })
    }
}

impl Model {
    /// Juju: the unit itself where it or its application is going, else the remote unit.
    fn departing(&self, unit: &str, remote: Option<&str>) -> String {
        let going = self
            .units
            .get(unit)
            .is_some_and(|it| it.dying || self.applications.get(&it.app).is_some_and(|app| app.life == Life::Dying));
        if going { unit.to_owned() } else { remote.unwrap_or_default().to_owned() }
    }

    /// Why Juju could not run a hook on a unit now.
    fn refuses(&self, name: &str, hook: &Hook) -> Option<String> {
        let unit = self.units.get(name)?;
        let no = |why: &str| Some(why.to_owned());
        if unit.played {
            return no("the test plays this unit: it has no code");
        }
        if unit.down_since.is_some() {
            return no("its agent is down");
        }
        match &unit.agent.operation {
            Operation::Idle => {}
            Operation::Queued(other) | Operation::Pending(other) if other == hook => {}
            Operation::Queued(other) => return Some(format!("{other} comes first")),
            Operation::Pending(other) => return Some(format!("{other} has failed and comes first")),
        }
        let agent = &unit.agent;
        if !agent.installed && !matches!(hook, Hook::Install | Hook::Storage(_)) {
            return no("the unit is not installed");
        }
        let lives = || unit.dying.then(|| "the unit is being removed".to_owned());
        let leads = self.leads(name, &unit.app);
        match hook {
            Hook::Install if agent.installed => no("the unit is installed"),
            Hook::Install => lives(),
            Hook::LeaderElected if !leads => no("the unit does not lead"),
            Hook::LeaderSettingsChanged if leads && agent.leader => no("the unit leads"),
            Hook::UpdateStatus if !agent.started => no("the unit is not started"),
            Hook::LeaderElected
            | Hook::LeaderSettingsChanged
            | Hook::ConfigChanged
            | Hook::Start
            | Hook::UpgradeCharm
            | Hook::UpdateStatus => lives(),
            Hook::Stop | Hook::Remove if !unit.dying => no("the unit is not being removed"),
            Hook::Stop | Hook::Remove => None,
            Hook::Relation(hook) => self.refuses_relation(name, unit, hook),
            Hook::Storage(hook) => {
                let storage = self.storage.get(&hook.id).filter(|it| it.unit.as_deref() == Some(name));
                let Some(storage) = storage else { return Some(format!("it has no storage {}", hook.id)) };
                let leaves = storage.detaching || unit.dying;
                match (hook.kind, agent.attached.contains(&hook.id)) {
                    (StorageHookKind::Attached, true) => no("the storage is attached"),
                    (StorageHookKind::Attached, false) if leaves => no("the storage is being detached"),
                    (StorageHookKind::Attached, false) if storage.location.is_none() => no("it is not provisioned"),
                    (StorageHookKind::Detaching, false) => no("the storage is not attached"),
                    (StorageHookKind::Detaching, true) if !leaves => no("the storage is not being detached"),
                    _ => None,
                }
            }
            Hook::Secret(hook) => {
                let secret = self.secrets.get(&hook.id)?;
                let reads = secret.consumers.get(name).is_some_and(|consumer| consumer.tracked > 0);
                match hook.kind {
                    SecretHookKind::Changed if !reads => no("the unit does not read the secret"),
                    SecretHookKind::Changed if secret.latest < 2 => no("the secret has its first revision"),
                    SecretHookKind::Changed => lives(),
                    _ if !secret.is_managed_by(name, &unit.app, leads) => no("the unit does not own the secret"),
                    SecretHookKind::Remove if secret.obsolete().next().is_none() => {
                        no("every revision is read, or the newest")
                    }
                    SecretHookKind::Rotate if secret.next_rotate.is_none() => no("the secret is not to be rotated"),
                    SecretHookKind::Expired if secret.expire.is_none() => no("the secret does not expire"),
                    _ => lives(),
                }
            }
        }
    }

    fn refuses_relation(&self, name: &str, unit: &Unit, hook: &RelationHook) -> Option<String> {
        let Some(state) = unit.agent.relations.get(&hook.relation) else {
            return Some("the unit is not in the relation".to_owned());
        };
        let relation = self.relations.get(&hook.relation)?;
        if self.is_silent(unit, hook.relation) {
            return Some("the implicit endpoint runs no hooks".to_owned());
        }
        let remote = hook.remote_unit.as_deref().unwrap_or_default();
        let side = relation.remote(&unit.app)?;
        let visible = side.in_scope.contains_key(remote);
        let member = state.members.contains_key(remote);
        let ends = unit.dying || !relation.is_alive();
        if let Some(owed) = &state.changed_pending {
            let is_owed = hook.kind == RelationKind::Changed && remote == owed;
            return (!is_owed).then(|| format!("relation-changed for {owed} comes first"));
        }
        match hook.kind {
            RelationKind::Created => ends.then(|| "the relation is ending".to_owned()),
            RelationKind::Joined if remote == name => Some("a unit does not join itself".to_owned()),
            RelationKind::Joined if member => Some(format!("{remote} has joined already")),
            RelationKind::Joined if !visible => Some(format!("{remote} is not in the relation")),
            RelationKind::Joined if ends => Some("the relation is ending".to_owned()),
            RelationKind::Changed if hook.remote_unit.is_some() && !member => Some(format!("{remote} has not joined")),
            RelationKind::Changed if ends => Some("the relation is ending".to_owned()),
            RelationKind::Departed if !member => Some(format!("{remote} has not joined")),
            RelationKind::Departed if visible && !ends => Some(format!("{remote} is still there")),
            RelationKind::Broken if !state.members.is_empty() => {
                Some("cannot run relation-broken while units still present".to_owned())
            }
            RelationKind::Broken if !ends => Some("the relation is not ending".to_owned()),
            RelationKind::Broken if relation.is_peer() && unit.agent.memory.known.contains(&hook.relation) => {
                Some("a peer relation does not break, unless the agent has restarted".to_owned())
            }
            _ => None,
        }
    }
}
