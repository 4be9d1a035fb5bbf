use std::fmt;

use serde::{Deserialize, Serialize};

use super::Charm;
use super::node::{Flaw, Ignored, Node, Plain, Yaml, get};
use crate::SimError;

/// What an endpoint may be, for an error about one that is not.
const FORM: &str = "an interface name or a map with interface, limit, optional, scope";
const KEYS: [&str; 4] = ["interface", "limit", "optional", "scope"];

/// One side of a relation, as a charm declares it.
///
/// ```
/// use juju_sim::{Charm, Role, Scope};
///
/// let charm = Charm::parse("{name: m, requires: {db: {interface: mysql, limit: 1}}}", None, None)?;
/// let db = charm.endpoint("db").expect("it is declared");
/// assert_eq!((db.role, db.interface.as_str(), db.limit), (Role::Requires, "mysql", Some(1)));
/// assert_eq!(db.scope, Scope::Global);
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Endpoint {
    /// The name, such as `magpie`.
    pub name: String,
    /// Which section declares it.
    pub role: Role,
    /// The interface it speaks.
    pub interface: String,
    /// Between which units a relation of it goes.
    pub scope: Scope,
    /// How many relations it takes at most.
    pub limit: Option<u32>,
    /// What the charm says of its need; Juju does nothing with it.
    pub optional: bool,
}

/// The section of `metadata.yaml` that declares an endpoint.
///
/// ```
/// let charm = juju_sim::Charm::parse("{name: m, peers: {mesh: peer-to-peer}}", None, None)?;
/// assert_eq!(charm.endpoint("mesh").map(|endpoint| endpoint.role), Some(juju_sim::Role::Peer));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Between the units of one application.
    Peer,
    /// Offers the interface.
    Provides,
    /// Needs the interface.
    Requires,
}

/// Between which units a relation goes.
///
/// ```
/// let metadata = "{name: m, subordinate: true, requires: {host: {interface: juju-info, scope: container}}}";
/// let charm = juju_sim::Charm::parse(metadata, None, None)?;
/// assert_eq!(charm.endpoint("host").map(|endpoint| endpoint.scope), Some(juju_sim::Scope::Container));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Between all units of both applications.
    #[default]
    Global,
    /// Between a subordinate and its principal unit, on one machine.
    Container,
}

impl Role {
    pub(super) const ALL: [Role; 3] = [Role::Peer, Role::Provides, Role::Requires];

    pub(super) fn section(self) -> &'static str {
        match self {
            Role::Peer => "peers",
            Role::Provides => "provides",
            Role::Requires => "requires",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Peer => "peer",
            Role::Provides => "provides",
            Role::Requires => "requires",
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Global => "global",
            Scope::Container => "container",
        })
    }
}

impl Endpoint {
    /// What Juju adds to every charm: the endpoint at which subordinates of any kind attach.
    pub(super) fn juju_info() -> Endpoint {
        Endpoint::global("juju-info", Role::Provides, "juju-info")
    }

    pub(super) fn read(role: Role, name: &str, node: &Node, ignored: &mut Ignored) -> Result<Endpoint, Flaw> {
        let section = role.section();
        let path = format!("endpoint {name} of {section}");
        if let Yaml::Scalar(interface, Plain::Text) = &node.value {
            return Ok(Endpoint::global(name, role, interface));
        }
        let entries = node.text_map(&path, FORM)?;
        ignored.others(&format!("{section}.{name}"), entries, &KEYS);
        let Some(interface) = get(entries, "interface") else {
            return Err(node.flaw(format!("{path}: interface is missing")));
        };
        let mut endpoint = Endpoint::global(name, role, interface.text(&format!("{path}: interface"))?);
        if let Some(limit) = get(entries, "limit").filter(|limit| !limit.is_null()) {
            let limit = limit.integer(&format!("{path}: limit"))?;
            // Zero and less is no limit to Juju; so many relations that they do not fit are none either.
            endpoint.limit = u32::try_from(limit).ok().filter(|limit| *limit > 0);
        }
        if let Some(optional) = get(entries, "optional") {
            endpoint.optional = optional.boolean(&format!("{path}: optional"))?;
        }
        if let Some(scope) = get(entries, "scope") {
            endpoint.scope = match &scope.value {
                Yaml::Scalar(text, Plain::Text) if text == "global" => Scope::Global,
                Yaml::Scalar(text, Plain::Text) if text == "container" => Scope::Container,
                _ => return Err(scope.flaw(format!("{path}: scope: expected global or container"))),
            };
        }
        Ok(endpoint)
    }

    /// A charm of this name that has nothing but the other side of a relation with this endpoint. Within a container
    /// one side is a subordinate: this one, or else the other.
    pub(crate) fn counterpart(&self, name: &str, subordinate: bool) -> Result<Charm, SimError> {
        let section = match self.role {
            Role::Requires => Role::Provides.section(),
            Role::Provides => Role::Requires.section(),
            Role::Peer => {
                let why = format!("endpoint {} is a peer endpoint, which has no other side", self.name);
                return Err(SimError::Charm(why));
            }
        };
        if self.interface == "juju-info" && self.role == Role::Requires {
            // Every application provides it.
            return Charm::parse(&serde_json::json!({"name": name}).to_string(), None, None);
        }
        let reserved = self.name == "juju-info";
        let endpoint = if reserved { "host" } else { self.name.as_str() };
        let other = self.scope == Scope::Container && !subordinate;
        let metadata = serde_json::json!({
            "name": name,
            "subordinate": other,
            section: {endpoint: {"interface": self.interface, "scope": self.scope.to_string()}},
        });
        Charm::parse(&metadata.to_string(), None, None)
    }

    fn global(name: &str, role: Role, interface: &str) -> Endpoint {
        Endpoint {
            name: name.to_owned(),
            role,
            interface: interface.to_owned(),
            scope: Scope::Global,
            limit: None,
            optional: false,
        }
    }
}
