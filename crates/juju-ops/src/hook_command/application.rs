use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;

use super::relation::object;
use super::{Command, argument, json, nothing};

use crate::model::{Status, StatusKind};
use crate::name::RelationId;
use crate::transport::Call;

/// How grave a message for `juju-log` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named for the level, spelled as Juju spells it")]
pub enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
}

/// What Juju knows of the network behind a binding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct NetworkInfo {
    /// The interfaces in the binding's space, with their addresses.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub bind_addresses: Vec<BindAddress>,
    /// Networks that traffic leaves from, as Juju writes them.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub egress_subnets: Vec<String>,
    /// Addresses, or host names, at which others reach this unit.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub ingress_addresses: Vec<String>,
}

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct BindAddress {
    /// Its name, such as `eth0`.
    #[serde(default)]
    pub interface_name: String,
    /// Its addresses.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub addresses: Vec<BoundAddress>,
}

/// One address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct BoundAddress {
    /// The address as Juju writes it.
    pub value: String,
    /// Its network, such as `10.0.0.0/24`; may be empty.
    #[serde(default)]
    pub cidr: String,
}

impl BoundAddress {
    /// The address as an IP address; none where Juju gives a host name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.value.parse().ok()
    }
}

/// Whether this unit leads its application: if so, for at least 30 seconds more. `is-leader`.
pub fn is_leader() -> Command<bool> {
    Command::new(Call::new("is-leader", ["--format=json"]), "", json)
}

/// The configuration: an object with the options that have a value or a default. `config-get`.
pub fn config_get() -> Command<Value> {
    Command::new(Call::new("config-get", ["--format=json"]), "", object)
}

/// Sets the unit's workload status, at once. A message above 100 KiB is cut, a NUL in it replaced. `status-set`.
pub fn status_set(status: &Status) -> Command<()> {
    let call = Call::new("status-set", [status.kind().as_str(), "--", &argument(status.message())]);
    Command::new(call, status.kind().as_str(), nothing)
}

/// The unit's workload status; none when it is one that only Juju sets (`unknown`, `error`, `terminated`).
/// `status-get`.
pub fn status_get() -> Command<Option<Status>> {
    #[derive(Deserialize)]
    struct Shown {
        status: String,
        #[serde(default)]
        message: String,
    }
    Command::new(Call::new("status-get", ["--format=json", "--include-data"]), "", |stdout| {
        let shown: Shown = json(stdout)?;
        Ok(StatusKind::parse(&shown.status).map(|kind| Status::new(kind, shown.message)))
    })
}

/// What Juju knows of the network behind a binding: an endpoint, or an extra binding. With a relation, the addresses
/// that suit that relation. `network-get`.
pub fn network_get(binding: &str, relation: Option<&RelationId>) -> Command<NetworkInfo> {
    let mut call = Call::new("network-get", ["--format=json"]);
    call.args.extend(relation.into_iter().flat_map(|relation| ["-r".to_owned(), relation.to_string()]));
    call.args.extend(["--".to_owned(), binding.to_owned()]);
    Command::new(call, binding, json)
}

/// Writes to Juju's log, at once. `juju-log`.
pub fn juju_log(level: LogLevel, message: &str) -> Command<()> {
    let call = Call::new("juju-log", ["--log-level", &level.to_string(), "--", &argument(message)]);
    Command::new(call, "", nothing)
}

/// Go prints a list that was never made as `null`.
fn null_is_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        })
    }
}
