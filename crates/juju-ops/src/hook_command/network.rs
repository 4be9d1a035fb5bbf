use std::net::IpAddr;

use serde::Deserialize;

use super::{Command, json, null_is_empty};
use crate::name::RelationId;
use crate::transport::Call;

/// What Juju knows of the network behind a binding.
///
/// ```
/// use juju_ops::hook_command::NetworkInfo;
///
/// fn first(network: &NetworkInfo) -> Option<&str> {
///     network.ingress_addresses.first().map(String::as_str)
/// }
/// # assert_eq!(first(&serde_json::from_str(r#"{"ingress-addresses": ["10.0.0.7"]}"#).unwrap()), Some("10.0.0.7"));
/// ```
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
    /// Its hardware address, where Juju knows it.
    #[serde(default)]
    pub mac_address: String,
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
    /// The host name that the address was found by; mostly empty.
    #[serde(default)]
    pub hostname: String,
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

/// What Juju knows of the network behind a binding: an endpoint, or an extra binding. With a relation, the addresses
/// that suit that relation. `network-get`.
///
/// Where there is no such binding, or nothing is configured for it yet, the error
/// [is "not found"](crate::Error::is_not_found): wait for `config-changed`.
pub fn network_get(binding: &str, relation: Option<&RelationId>) -> Command<NetworkInfo> {
    let mut call = Call::new("network-get", ["--format=json"]);
    call.args.extend(relation.into_iter().flat_map(|relation| ["-r".to_owned(), relation.to_string()]));
    call.args.extend(["--".to_owned(), binding.to_owned()]);
    Command::new(call, binding, json)
}
