//! What a hook command may ask of the hook that runs it, and the answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::port_range::PortRange;
use super::secret::{Look, SecretChanges, SecretInfo, SecretOwner, SecretTarget};
use super::secret_content::SecretContent;

/// The key-value pairs of a databag, of a unit's state or of a secret.
///
/// ```
/// # use juju_sim::{Charm, Revision, World};
/// # let web = Charm::parse("{name: web, requires: {db: {interface: pg}}}", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("web", Revision::played(web))?;
/// let db = juju.play("pg", "web:db")?;
/// juju.write_bag(db, "pg", [("version", "16")])?;
/// assert_eq!(juju.bag(db, "pg")?, juju_sim::Settings::from([("version".to_owned(), "16".to_owned())]));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
pub type Settings = BTreeMap<String, String>;

/// What a hook command may ask of the hook that runs it.
///
/// An `Err` carries the text that Juju prints after `ERROR `; the command exits with 1. Where a text is the
/// command's own (argument errors, exit 2) the context is not asked.
pub(crate) trait HookContext {
    /// The number of the relation whose hook runs; none in other hooks and in actions.
    fn hook_relation(&self) -> Option<u32>;
    /// The remote unit of the relation hook that runs.
    fn remote_unit(&self) -> Option<&str>;
    /// The remote application of the relation hook that runs.
    fn remote_app(&self) -> Option<&str>;
    /// The storage instance of the storage hook that runs, such as `data/0`.
    fn hook_storage(&self) -> Option<&str>;
    /// Whether this is an action.
    fn in_action(&self) -> bool;
    /// The model's time, in seconds of Unix.
    fn now(&self) -> u64;

    /// The endpoint of a relation that this unit has in its context, listed or not; none where it has none.
    fn relation_endpoint(&self, id: u32) -> Option<String>;
    /// The numbers of the relations of an endpoint that `relation-ids` lists.
    fn relation_ids(&mut self, endpoint: &str) -> Result<Vec<u32>, String>;
    /// The units whose join was delivered and whose departure was not. Never this unit.
    fn relation_members(&mut self, id: u32) -> Result<Vec<String>, String>;
    /// The application at the other side; for a peer relation, this one.
    fn relation_app(&mut self, id: u32) -> Result<String, String>;
    /// The UUID of the model at the other side.
    fn relation_model(&mut self, id: u32) -> Result<String, String>;
    /// A unit's bag as this hook may see it (own: with its own pending writes; members': maybe stale).
    fn unit_bag(&mut self, id: u32, unit: &str) -> Result<Arc<Settings>, String>;
    /// An application's bag.
    fn app_bag(&mut self, id: u32, app: &str) -> Result<Arc<Settings>, String>;
    /// Buffers writes to the own unit's bag; an empty value deletes.
    fn write_unit_bag(&mut self, id: u32, changes: Settings) -> Result<(), String>;
    /// Buffers writes to the own application's bag; an `Err` when this unit does not lead.
    fn write_app_bag(&mut self, id: u32, changes: Settings) -> Result<(), String>;

    /// Whether this unit leads; once `false` it stays so for the hook.
    fn is_leader(&mut self) -> Result<bool, String>;
    /// The leader's settings. An `Err` is what follows `cannot read leadership settings: `, such as
    /// `cannot read settings: permission denied`.
    fn leader_settings(&mut self) -> Result<Settings, String>;
    /// Merges into the leader's settings, at once; an empty value deletes. An `Err` is what follows
    /// `cannot write leadership settings: `, such as `cannot write settings: not the leader`.
    fn set_leader_settings(&mut self, changes: Settings) -> Result<(), String>;
    /// Every declared option: its value, its default, or `None` where it has neither.
    fn config(&mut self) -> Result<BTreeMap<String, Option<Value>>, String>;

    /// This unit's workload status as the first look in this hook saw it.
    fn unit_status(&mut self) -> Result<StatusInfo, String>;
    /// The application's status and that of its units; an `Err` when this unit does not lead.
    fn app_status(&mut self) -> Result<(StatusInfo, BTreeMap<String, StatusInfo>), String>;
    /// Sets the workload status, at once.
    fn set_unit_status(&mut self, status: &str, message: &str) -> Result<(), String>;
    /// Sets the application's status, at once; an `Err` when this unit does not lead.
    fn set_app_status(&mut self, status: &str, message: &str) -> Result<(), String>;
    /// Sets the version of the workload, at once.
    fn set_workload_version(&mut self, version: &str) -> Result<(), String>;

    /// The unit's state with this hook's own pending changes.
    fn state(&mut self) -> Result<Settings, String>;
    /// Buffers one pair; checks Juju's limits on key and value.
    fn set_state(&mut self, key: &str, value: &str) -> Result<(), String>;
    /// Buffers the removal of one key; a missing key is fine.
    fn delete_state(&mut self, key: &str) -> Result<(), String>;

    /// What `network-get` knows of a binding.
    fn network(&mut self, binding: &str, relation: Option<u32>) -> Result<Network, String>;
    /// The unit's private address; the `Err` where there is none is `private address not found`.
    fn private_address(&mut self) -> Result<String, String>;
    /// The unit's public address; the `Err` where there is none is `public address not found`.
    fn public_address(&mut self) -> Result<String, String>;
    /// Buffers the opening of ports for an endpoint, `""` for all; an `Err` tells of a conflict.
    fn open_port(&mut self, endpoint: &str, range: PortRange) -> Result<(), String>;
    /// Buffers the closing of ports for an endpoint, `""` for all; an `Err` tells of a conflict.
    fn close_port(&mut self, endpoint: &str, range: PortRange) -> Result<(), String>;
    /// The open ports of this unit with this hook's own pending changes, in any order, each with its endpoint or `""`.
    fn opened_ports(&mut self) -> Result<Vec<(String, PortRange)>, String>;

    /// The storage instances of this unit, in the controller's order.
    fn storage_ids(&mut self) -> Result<Vec<String>, String>;
    /// One storage instance; an `Err` where there is none (`storage "data/9" not found`), or none yet (`filesystem for
    /// storage "data/3" not provisioned`).
    fn storage(&self, id: &str) -> Result<StorageInfo, String>;
    /// Buffers a request for more storage.
    fn add_storage(&mut self, name: &str, count: u64) -> Result<(), String>;
    /// The absolute path of a resource's file. An `Err` is what follows `could not download resource: `.
    fn resource(&mut self, name: &str) -> Result<String, String>;

    /// Takes an id for a new secret, at once, and buffers the rest. Gives back the bare id, without a scheme: so are all
    /// ids below. The content is never empty.
    fn add_secret(
        &mut self,
        owner: SecretOwner,
        content: SecretContent,
        changes: SecretChanges,
    ) -> Result<String, String>;
    /// Buffers changes of a secret; without content, of what is known about it alone. There may be no change at all.
    fn set_secret(&mut self, id: &str, content: Option<SecretContent>, changes: SecretChanges) -> Result<(), String>;
    /// The content of a secret, by its id, by its label, or by its id with a label that it gets.
    fn secret_content(&mut self, id: Option<&str>, label: Option<&str>, look: Look) -> Result<SecretContent, String>;
    /// The id of an owned secret, by its id or its label, and what is known about it; the `Err` where there is none is
    /// `secret "<id or label>" not found`.
    fn secret_info(&mut self, id: Option<&str>, label: Option<&str>) -> Result<(String, SecretInfo), String>;
    /// The ids of the owned secrets.
    fn secret_ids(&mut self) -> Result<Vec<String>, String>;
    /// Buffers a grant to the remote application of a relation, or to one unit of it.
    fn grant_secret(&mut self, id: &str, relation: u32, unit: Option<&str>) -> Result<(), String>;
    /// Buffers the end of a grant.
    fn revoke_secret(&mut self, id: &str, from: SecretTarget) -> Result<(), String>;
    /// Buffers the removal of one revision, or of the whole secret.
    fn remove_secret(&mut self, id: &str, revision: Option<u64>) -> Result<(), String>;

    /// The units and relations that the model is to have.
    fn goal_state(&mut self) -> Result<GoalState, String>;
    /// The cloud and its credential. An `Err` is what follows `cannot access cloud credentials: `.
    fn cloud_spec(&mut self) -> Result<CloudSpec, String>;
    /// Asks for a reboot of the machine. An `Err` in an action, `juju-reboot is not supported when running an action.`,
    /// and where nothing can be stopped for it now, `no process to kill`.
    fn reboot(&mut self, when: Reboot) -> Result<(), String>;
    /// One message for the log, with the level in capitals (`INFO`).
    fn log(&mut self, level: &str, message: &str);

    /// The action's parameters, an object; an `Err` outside an action (likewise below).
    fn action_params(&mut self) -> Result<Value, String>;
    /// Keeps a result under a path of key segments.
    fn set_action_result(&mut self, path: &[String], value: &str) -> Result<(), String>;
    /// Marks the action as failed.
    fn fail_action(&mut self, message: &str) -> Result<(), String>;
    /// A progress message, at once.
    fn log_action(&mut self, message: &str) -> Result<(), String>;
}

/// A status word, its message and its data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StatusInfo {
    /// The word, such as `active`.
    pub(crate) status: String,
    /// The message; may be empty.
    pub(crate) message: String,
    /// What Juju itself adds, of a failed hook say; a charm cannot.
    pub(crate) data: Map<String, Value>,
}

/// The addresses of a unit, or of one of its bindings, as `network-get` tells them. Without interfaces there is no
/// network, and `network-get` fails.
///
/// ```
/// use juju_sim::Network;
///
/// let network = Network::of("10.20.0.90", "10.20.0.0/24").with_address("10.20.0.80", "10.20.0.80/32");
/// assert_eq!(network.interfaces[0].addresses.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Network {
    /// The interfaces, in Juju's order.
    pub interfaces: Vec<Interface>,
    /// The networks that traffic leaves from.
    pub egress_subnets: Vec<String>,
    /// The addresses that others reach the unit at.
    pub ingress_addresses: Vec<String>,
}

/// One network interface.
///
/// ```
/// use juju_sim::{Address, Interface, Network};
///
/// let eth1 = Interface {
///     name: "eth1".to_owned(),
///     mac_address: "00:16:3e:00:00:07".to_owned(),
///     addresses: vec![Address::new("fd00::7", "fd00::/64")],
/// };
/// let mut network = Network::of("10.0.0.7", "10.0.0.0/24");
/// network.interfaces.push(eth1);
/// assert_eq!(network.interfaces[0].name, "eth0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The name, such as `eth0`.
    pub name: String,
    /// The hardware address; may be empty.
    pub mac_address: String,
    /// Its addresses, in Juju's order.
    pub addresses: Vec<Address>,
}

/// One address of an interface.
///
/// ```
/// use juju_sim::Address;
///
/// let address = Address { hostname: "db.example".to_owned(), ..Address::new("10.0.0.7", "10.0.0.0/24") };
/// assert_eq!(address.value, "10.0.0.7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    /// The address, such as `10.0.0.5`.
    pub value: String,
    /// Its network, such as `10.0.0.0/24`.
    pub cidr: String,
    /// The name that stands for it, mostly empty.
    pub hostname: String,
}

impl Address {
    /// An address without a name.
    pub fn new(value: impl Into<String>, cidr: impl Into<String>) -> Self {
        Address { value: value.into(), cidr: cidr.into(), hostname: String::new() }
    }
}

/// One storage instance as `storage-get` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorageInfo {
    /// What it is.
    pub(crate) kind: StorageKind,
    /// The directory it is mounted at, or the device.
    pub(crate) location: String,
}

/// What a storage instance is.
///
/// ```
/// use juju_sim::{Charm, StorageKind};
///
/// let charm = Charm::parse("{name: pg, storage: {wal: {type: block}}}", None, None)?;
/// assert_eq!(charm.storage("wal").map(|wal| wal.kind), Some(StorageKind::Block));
/// assert_eq!(StorageKind::Block.to_string(), "block");
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// A mounted filesystem.
    Filesystem,
    /// A block device.
    Block,
}

impl fmt::Display for StorageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StorageKind::Filesystem => "filesystem",
            StorageKind::Block => "block",
        })
    }
}

/// The answer of `goal-state`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GoalState {
    /// The units of this application, this one included.
    pub(crate) units: BTreeMap<String, GoalStatus>,
    /// By endpoint: the remote applications and their units.
    pub(crate) relations: BTreeMap<String, BTreeMap<String, GoalStatus>>,
}

/// The status of a unit or of a relation in `goal-state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoalStatus {
    /// The word, such as `active` or `joined`.
    pub(crate) status: String,
    /// When it became so, in seconds of Unix.
    pub(crate) since: Option<u64>,
}

/// The answer of `credential-get`, which an application gets that is [trusted](crate::Deployment::trust).
///
/// ```
/// use juju_sim::{Charm, CloudCredential, CloudSpec, Deployment, ProgramEnd, Revision, World};
///
/// let credential = CloudCredential { auth_type: "certificate".to_owned(), ..CloudCredential::default() };
/// let cloud = CloudSpec { kind: "lxd".to_owned(), credential: Some(credential), ..CloudSpec::default() };
/// let charm = Charm::parse("name: hello", None, None)?;
/// let hello = Revision::in_process(charm, |charm| {
///     ProgramEnd::Exit(charm.tools.call(&["credential-get"], None).code)
/// });
/// let mut juju = World::new(0);
/// juju.deploy("hello", Deployment::of(hello).trust(cloud))?;
/// juju.settle()?; // without the trust: permission denied
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CloudSpec {
    /// The type of the cloud, such as `lxd`.
    pub kind: String,
    /// The cloud's name.
    pub name: String,
    /// The region, may be empty.
    pub region: String,
    /// Where the cloud's API is, may be empty.
    pub endpoint: String,
    /// Where its identity service is, may be empty.
    pub identity_endpoint: String,
    /// Where its storage service is, may be empty.
    pub storage_endpoint: String,
    /// The credential.
    pub credential: Option<CloudCredential>,
    /// Certificates of authorities, in PEM.
    pub ca_certificates: Vec<String>,
    /// Whether the cloud's own certificate goes unchecked.
    pub skip_tls_verify: bool,
    /// Whether the controller runs in this cloud too.
    pub is_controller_cloud: bool,
}

/// A cloud credential. Its `Debug` shows the names of the attributes alone.
///
/// ```
/// use juju_sim::CloudCredential;
///
/// let credential = CloudCredential {
///     auth_type: "userpass".to_owned(),
///     attributes: [("username".to_owned(), "me".to_owned()), ("password".to_owned(), "hunter2".to_owned())].into(),
///     redacted: Vec::new(),
/// };
/// assert!(!format!("{credential:?}").contains("hunter2"));
/// ```
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CloudCredential {
    /// The way of authentication, such as `certificate`.
    pub auth_type: String,
    /// The attributes of that way.
    pub attributes: BTreeMap<String, String>,
    /// The names of attributes that were left out.
    pub redacted: Vec<String>,
}

impl fmt::Debug for CloudCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudCredential")
            .field("auth_type", &self.auth_type)
            .field("attributes", &self.attributes.keys())
            .field("redacted", &self.redacted)
            .finish()
    }
}

/// When a machine is rebooted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reboot {
    /// After the hook, if it succeeds.
    AfterHook,
    /// At once: the hook is stopped, and runs again afterwards.
    Now,
}
